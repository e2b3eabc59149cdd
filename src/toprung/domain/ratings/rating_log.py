"""The rating log, played again: what every entry comes to when a result in the past is another one.

The log is the journal's rows in the order of their positions. A correction never adds a difference to what is there:
every later game that it touches, through any chain of opponents, is rated anew by the arithmetic that rated it first.
So the result is the one that a recomputation from the beginning gives, to the last bit.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from toprung.domain.matches.match import MatchId, MatchResult
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.engines.rating_engine import RatingEngine
from toprung.domain.ratings.linked.player_belief import PlayerBelief
from toprung.domain.ratings.rating import Entry, EntryId, EntryState, RatingChange, RatingChangeKind
from toprung.domain.ratings.season import SeasonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """What a match does to one of its entries."""

    before: Entry
    after: Entry
    expected_score: float | None = None
    deviation_before: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a match is judged: its result, or None where it is void, and when it ended."""

    result: MatchResult | None
    ended_at_us: int


def rate(engine: RatingEngine, first: Entry, second: Entry, verdict: Verdict) -> tuple[Rating, Rating]:
    """What a match does to its two entries. A void match does nothing."""
    if verdict.result is None:
        return Rating(before=first, after=first), Rating(before=second, after=second)
    score = verdict.result.score_of_side_1
    rated_1, rated_2 = engine.rate(first, second, score_1=score, ended_at_us=verdict.ended_at_us)
    return (
        Rating(
            before=first,
            after=first.after_game(rated_1.after, score=score, ended_at_us=verdict.ended_at_us),
            expected_score=rated_1.expected_score,
            deviation_before=rated_1.deviation_before,
        ),
        Rating(
            before=second,
            after=second.after_game(rated_2.after, score=1 - score, ended_at_us=verdict.ended_at_us),
            expected_score=rated_2.expected_score,
            deviation_before=rated_2.deviation_before,
        ),
    )


def set_by_hand(before: EntryState | None, given: EntryState) -> EntryState:
    """An entry whose rating was set: the rating is the given one, counts and times stay what they were."""
    return given if before is None else replace(before, mmr=given.mmr, skill=given.skill)


class RatingLog:
    """Plays the log again: `entries` says what each entry is, apart from its state; `verdicts` how matches stand.

    `resets` says to what each season that reset deviations made them grow. `known` is what was believed, where the log
    has come to, of each player whom it has named so far.
    """

    def __init__(
        self,
        engine: RatingEngine,
        entries: Mapping[EntryId, Entry],
        verdicts: Mapping[MatchId, Verdict],
        resets: Mapping[SeasonId, float],
    ) -> None:
        self._engine = engine
        self._entries = entries
        self._verdicts = verdicts
        self._resets = resets
        self.known: dict[PlayerId, PlayerBelief | None] = {}

    def replay(self, log: Iterable[RatingChange], *, from_nothing: bool) -> Iterator[tuple[RatingChange, RatingChange]]:
        """Each row of the log, in the order of positions, beside what it is when played again.

        The log may begin anywhere: an entry enters with the state before its first row there, and its player with what
        that state says of the player. From nothing, every state comes out of the rows before it; else rows that
        nothing changed are passed on without being rated again, which gives the same.
        """
        states: dict[EntryId, EntryState] = {}
        self.known = {}
        for _, group in groupby(log, key=lambda row: (row.match_id, row.match_id is None and row.position)):
            rows = list(group)
            befores = [self._before(row, states, from_nothing) for row in rows]
            if rows[0].kind is RatingChangeKind.MATCH:
                again = self._match_again(rows, befores, from_nothing)
            else:
                again = [self._restated(row, befores[0], from_nothing) for row in rows]
            for row, new in zip(rows, again, strict=True):
                states[row.entry_id] = new.after
                self.known[self._entries[row.entry_id].player_id] = new.after.belief
                yield row, new

    def _before(self, row: RatingChange, states: Mapping[EntryId, EntryState], from_nothing: bool) -> EntryState | None:
        """The entry as this row finds it, with what rows of the player's other entries have said since its own."""
        entry = self._entries[row.entry_id]
        known = self.known.get(entry.player_id)
        state = states.get(row.entry_id)
        if state is None and not from_nothing:
            state = row.before
            if entry.player_id not in self.known:
                return state
        if state is not None:
            return self._engine.refreshed(state, entry.race, known)
        return self._engine.newcomer(entry.race, known) if row.kind is RatingChangeKind.MATCH else None

    def _restated(self, row: RatingChange, before: EntryState | None, from_nothing: bool) -> RatingChange:
        """A row that is no match's: what an import says, it says whatever was before; the others build on that."""
        entry, after = self._entries[row.entry_id], row.after
        if not from_nothing and entry.player_id not in self.known:
            return row
        known = self.known.get(entry.player_id)
        if row.kind is RatingChangeKind.SET:
            after = self._engine.given(set_by_hand(before, row.after), entry.race, before=before, known=known)
        elif row.kind is RatingChangeKind.IMPORT:
            after = self._engine.given(row.after, entry.race, before=before, known=known)
        elif before is not None and row.season_id is not None:
            after = self._engine.reset(before, entry.race, self._resets[row.season_id])
        return row if before == row.before and after == row.after else replace(row, before=before, after=after)

    def _match_again(
        self, rows: list[RatingChange], found: list[EntryState | None], from_nothing: bool
    ) -> list[RatingChange]:
        first, second = rows
        befores = [before for before in found if before is not None]
        verdict = self._verdicts[first.match_id] if first.match_id is not None else None
        if verdict is None:
            raise ValueError("a row of a match names it")
        was_void = first.expected_score is None
        is_same = [before == row.before for before, row in zip(befores, rows, strict=True)]
        if not from_nothing and all(is_same) and was_void == (verdict.result is None) and _is_of(first, verdict):
            return rows
        sides = [replace(self._entries[row.entry_id], state=before) for row, before in zip(rows, befores, strict=True)]
        return [
            replace(
                row,
                before=rated.before.state,
                after=rated.after.state,
                expected_score=rated.expected_score,
                deviation_before=rated.deviation_before,
            )
            for row, rated in zip((first, second), rate(self._engine, sides[0], sides[1], verdict), strict=True)
        ]


def _is_of(first: RatingChange, verdict: Verdict) -> bool:
    """Whether the first side's row counts the game as this verdict says."""
    if verdict.result is None or first.before is None:
        return verdict.result is None
    won, lost = first.after.games_won - first.before.games_won, first.after.games_lost - first.before.games_lost
    return (won, lost) == {
        MatchResult.SIDE_1_WON: (1, 0),
        MatchResult.SIDE_2_WON: (0, 1),
        MatchResult.DRAW: (0, 0),
    }[verdict.result]
