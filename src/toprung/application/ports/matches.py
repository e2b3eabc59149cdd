"""What the application needs of the database for matches: themselves, challenges, penalties, and who is to be told."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from toprung.domain.matches.challenge import Challenge, ChallengeId, NewChallenge
from toprung.domain.matches.conduct import Penalty
from toprung.domain.matches.match import FinalMatch, Match, MatchId, NewMatch
from toprung.domain.matches.notice import Notice, NoticeId, NoticeKind
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.rating_log import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotice:
    """A notice that has no id yet. One to a player out of reach is settled when it is made."""

    player_id: PlayerId
    match_id: MatchId
    kind: NoticeKind
    created_at_us: int
    was_reached: bool | None = None


class MatchRepository(Protocol):
    """The matches, open and over."""

    def known_source_keys(self, keys: Collection[str]) -> set[str]:
        """Which of these source keys are recorded already."""
        ...

    def add(self, matches: Sequence[FinalMatch], *, recorded_at_us: int) -> list[MatchId]:
        """Adds completed matches and gives their ids, in order."""
        ...

    def open(self, new: NewMatch) -> Match:
        """Adds a match that is to be played; its players, who must have no other, are busy with it."""
        ...

    def save(self, match: Match) -> None:
        """Stores a match as given. Its players are free once it is not open any more."""
        ...

    def get(self, match_id: MatchId) -> Match | None:
        """The match with this id, locked against other writers until the transaction ends."""
        ...

    def by_source_key(self, key: str) -> Match | None:
        """The match that this key names."""
        ...

    def open_of(self, player_ids: Collection[PlayerId]) -> dict[PlayerId, MatchId]:
        """The open match of each of these players who has one."""
        ...

    def completed(self) -> Iterator[Match]:
        """All whose result counts, in the order in which they were recorded."""
        ...

    def completed_ids(self) -> list[MatchId]:
        """The ids of those, even of one that is not whole."""
        ...

    def completed_moments(self, player_ids: Collection[PlayerId], since_us: int) -> list[int]:
        """When the matches ended that these players have played to their end since."""
        ...

    def verdicts(self, match_ids: Collection[MatchId]) -> dict[MatchId, Verdict]:
        """How these matches count."""
        ...

    def due(self, now_us: int, limit: int) -> list[MatchId]:
        """At most so many of the matches whose deadline has passed, the longest passed first."""
        ...

    def with_deadlines(self) -> list[Match]:
        """All that are open, locked against other writers until the transaction ends, in the order of their ids."""
        ...

    def next_deadline_us(self) -> int | None:
        """The first deadline of all."""
        ...

    def count(self) -> int:
        """How many there are."""
        ...


class PenaltyRepository(Protocol):
    """The penalties."""

    def add(self, penalty: Penalty) -> None:
        """Adds a penalty; the same player gets one a match at most."""
        ...

    def of_players(self, player_ids: Collection[PlayerId], since_us: int) -> list[Penalty]:
        """The penalties of these players from then on, in the order of their moments."""
        ...

    def pardon(self, player_ids: Collection[PlayerId], now_us: int) -> int:
        """Pardons all that these players have, and gives how many that were."""
        ...

    def move(self, by_us: int, *, until_after_us: int) -> None:
        """Moves all that end after then, as a clock that was set by so much has moved."""
        ...


class NoticeRepository(Protocol):
    """What players are to be told about their matches."""

    def add(self, notices: Sequence[NewNotice]) -> list[NoticeId]:
        """Adds notices and gives their ids, in order."""
        ...

    def get(self, notice_id: NoticeId) -> Notice | None:
        """The notice with this id, locked against other writers until the transaction ends."""
        ...

    def pending(self, limit: int) -> list[Notice]:
        """At most so many that nobody settled yet, the oldest first."""
        ...

    def settle(self, notice_id: NoticeId, *, was_reached: bool) -> None:
        """Says that the player was told, or is out of reach."""
        ...

    def settle_all_of(self, player_id: PlayerId) -> None:
        """Says that the player is out of reach for all that is still to be told."""
        ...


class ChallengeRepository(Protocol):
    """The challenges."""

    def add(self, new: NewChallenge) -> Challenge:
        """Adds an open challenge; there is no other open one from the same player to the same."""
        ...

    def get(self, challenge_id: ChallengeId) -> Challenge | None:
        """The challenge with this id, locked against other writers until the transaction ends."""
        ...

    def of_match(self, match_id: MatchId) -> Challenge | None:
        """The challenge that this match came of."""
        ...

    def open_of(self, player_id: PlayerId) -> list[Challenge]:
        """Those kept as open that this player made or is to answer, in the order in which they were made."""
        ...

    def open(self) -> list[Challenge]:
        """All that are kept as open, in the order in which they were made."""
        ...

    def save(self, challenge: Challenge) -> None:
        """Stores how a challenge stands, and until when."""
        ...
