"""Ratings: an entry of the ladder, and how one game changes two of them."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple, NewType

from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.glicko2 import SkillEstimate
from toprung.domain.ratings.linked.player_belief import PlayerBelief
from toprung.domain.ratings.season import SeasonId

EntryId = NewType("EntryId", int)

MMR_MIN: Final = -1_000_000
MMR_MAX: Final = 1_000_000

_DECADES_MAX: Final = 300.0  # beyond, a power of ten is no float any more; the expectation is 0 or 1 long before


class Standing(NamedTuple):
    """What a rating system holds of an entry: the whole number that is shown, and the belief behind it, if any.

    `belief` is that of the player with all races, where the system has one.
    """

    mmr: int
    skill: SkillEstimate | None = None
    belief: PlayerBelief | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryState:
    """What games do to an entry: its standing, its counts, and when it was last played. `mmr` is what is shown.

    Where the system believes something of a player with all races at once, that is `belief`, the same one in all of
    the player's entries; `skill` says how sure this entry is by it, and `known_at_us` when that was last learnt of, by
    a game with any race. Else it was learnt of by the entry's last game, and both are None.
    """

    mmr: int
    skill: SkillEstimate | None = None
    games_won: int = 0
    games_lost: int = 0
    games_drawn: int = 0
    last_played_us: int | None = None
    known_at_us: int | None = None
    belief: PlayerBelief | None = None

    @property
    def games_played(self) -> int:
        """How many games that were."""
        return self.games_won + self.games_lost + self.games_drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One player's rating with one race: one row of the leaderboard, and what games did to it so far."""

    id: EntryId
    player_id: PlayerId
    race: str
    state: EntryState

    @property
    def mmr(self) -> int:
        """The whole number that is shown."""
        return self.state.mmr

    def after_game(self, standing: Standing, *, score: float, ended_at_us: int) -> "Entry":
        """This entry after one more game, `score` being 1 for a win, 0.5 for a draw and 0 for a loss.

        An older game than the last one leaves `last_played_us` where it is.
        """
        before = self.state
        after = EntryState(
            mmr=standing.mmr,
            skill=standing.skill,
            games_won=before.games_won + (score == 1),
            games_lost=before.games_lost + (score == 0),
            games_drawn=before.games_drawn + (score == 0.5),
            last_played_us=max(ended_at_us, before.last_played_us or 0),
            known_at_us=None if standing.belief is None else standing.belief.belief.last_played_us,
            belief=standing.belief,
        )
        return replace(self, state=after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Elo:
    """Elo's rating of one game (A. Elo, The Rating of Chessplayers, 1978, section 1.6), with the ladder's constants.

    `scale` is the difference at which the stronger side is expected to score ten times what the weaker one does.
    """

    k_factor: int = 40
    scale: int = 500
    start_mmr: int = 1500

    def expected_score(self, mmr: int, opponent_mmr: int) -> float:
        """The share of a point, 0 to 1, that `mmr` is expected to take from `opponent_mmr`."""
        decades = min(max((opponent_mmr - mmr) / self.scale, -_DECADES_MAX), _DECADES_MAX)
        return float(1 / (1 + 10**decades))

    def mmr_change(self, mmr: int, opponent_mmr: int, score: float) -> int:
        """What the first side gains; the other side loses as much, so that changes always add up to zero.

        The change is rounded once, away from zero at a half, and therefore is the same seen from either side.
        """
        change = self.k_factor * (score - self.expected_score(mmr, opponent_mmr))
        return int(change + 0.5) if change >= 0 else -int(0.5 - change)


class RatingChangeKind(StrEnum):
    """Why a rating is what it is now."""

    MATCH = "match"
    IMPORT = "import"
    SET = "set"
    SEASON = "season"


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingChange:
    """One row of the rating journal, which is only ever added to.

    A correction adds a row with the next `revision` that takes the place of an earlier one: `position`, which orders
    the log, is the first one's. It is None until the storage allots it. `before` is None for an entry that is new.
    """

    entry_id: EntryId
    kind: RatingChangeKind
    before: EntryState | None
    after: EntryState
    at_us: int
    match_id: MatchId | None = None
    expected_score: float | None = None
    deviation_before: float | None = None
    season_id: SeasonId | None = None
    position: int | None = None
    revision: int = 1

    @property
    def mmr_before(self) -> int | None:
        """What was shown before; None for an entry that is new."""
        return None if self.before is None else self.before.mmr

    @property
    def mmr_after(self) -> int:
        """What is shown after."""
        return self.after.mmr
