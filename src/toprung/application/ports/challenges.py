"""What the application needs of the database for challenges."""

from typing import Protocol

from toprung.domain.matches.challenge import Challenge, ChallengeId, NewChallenge
from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import PlayerId


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
