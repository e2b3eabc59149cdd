"""The read side: what lists, histories and statistics ask of the database, each question one statement.

Lists begin with the newest row, and go on below a key: `below` is the id of the last row that is known already.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from toprung.application.ports.records import AuditRow
from toprung.domain.jobs.job import Job, JobState, JobStats
from toprung.domain.matches.head_to_head import HeadToHead
from toprung.domain.matches.match import Match, MatchId, MatchState
from toprung.domain.matches.watch.games import WatchedGame
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.rating import EntryId, RatingChange
from toprung.domain.replays.replay_upload import ReplayFile, ReplayUpload


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAuditRow:
    """A row of the audit, and the id by which a list goes on after it."""

    id: int
    row: AuditRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecasts:
    """How many rated matches there were, and of the last of them, in order, what was expected and came.

    That is the position of the first side's row, and its (expected score, score).
    """

    games: int
    last: list[tuple[int, tuple[float, float]]]


class VerifiedReplay(NamedTuple):
    """A verified upload of a match: what was found of it, and what its file says, as they are kept."""

    match_id: MatchId
    verdict: str
    reading: str | None


class Lookups(Protocol):
    """Questions that are answered by one statement each, whatever there is."""

    def matches(
        self,
        limit: int,
        *,
        below: int | None = None,
        player_id: PlayerId | None = None,
        states: Collection[MatchState] = (),
    ) -> list[Match]:
        """The matches that were recorded last, of one player or of all, in these states or any; the newest first."""
        ...

    def head_to_head(self, player_id: PlayerId, opponent_id: PlayerId) -> HeadToHead:
        """The first player's games against the second one."""
        ...

    def watched_games(self, limit: int, *, since_us: int, until_us: int) -> list[WatchedGame]:
        """The games that count and ended from then until before then, the last ones, in the order of their ends.

        Their ratings are those that were shown before them; no length is known.
        """
        ...

    def verified_replays(self, limit: int, *, since_us: int, until_us: int) -> list[VerifiedReplay]:
        """The verified uploads of those games, the last ones, in the order in which they came."""
        ...

    def changes_of(self, match_ids: Collection[MatchId]) -> dict[MatchId, list[RatingChange]]:
        """The rows of the journal that count of these matches, each one's first side before its second."""
        ...

    def forecasts(self, *, before: int, limit: int) -> Forecasts:
        """What was expected of rated matches before this position of the journal, and how they ended."""
        ...

    def uploads_of(self, match_ids: Collection[MatchId], *, each: int) -> dict[MatchId, list[ReplayUpload]]:
        """The uploads for these matches, at most so many of each, the newest first."""
        ...

    def uploads(
        self,
        limit: int,
        *,
        below: int | None = None,
        player_id: PlayerId | None = None,
        match_id: MatchId | None = None,
    ) -> list[tuple[ReplayUpload, ReplayFile]]:
        """The uploads with their files, of one player or of all, for one match or for any, the newest first."""
        ...

    def mmr_histories(self, entry_ids: Collection[EntryId], *, each: int) -> dict[EntryId, list[tuple[int, int]]]:
        """When the MMR of each of these entries became what, as it counts now: the last steps, the oldest first."""
        ...

    def jobs(self, limit: int, *, below: int | None = None, state: JobState | None = None) -> list[Job]:
        """The jobs, in this state or in any, the newest first."""
        ...

    def job_stats(self, *, yesterday_us: int) -> JobStats:
        """How many jobs there are in each state, and what became dead since then."""
        ...

    def audit(self, limit: int, *, below: int | None = None) -> list[StoredAuditRow]:
        """What organisers did last, the newest first."""
        ...
