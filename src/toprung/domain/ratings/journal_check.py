"""What must hold of the rating journal whatever was played: a sentence for each thing that does not."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from toprung.domain.matches.match import MatchId, MatchResult
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.engines.rating_engine import RatingEngine
from toprung.domain.ratings.linked.player_belief import PlayerBelief
from toprung.domain.ratings.rating import Entry, EntryId, EntryState, RatingChange, RatingChangeKind
from toprung.domain.ratings.rating_log import Verdict

_COUNTS = ("games_won", "games_lost", "games_drawn")


def revision_faults(history: Iterable[RatingChange]) -> Iterator[str]:
    """Each position has the revisions 1, 2, 3 and so on, all of one entry, match, season and kind."""
    by_position = sorted(history, key=lambda row: row.position or 0)  # stable: in the order of writing within each
    for position, group in groupby(by_position, key=lambda row: row.position):
        rows = list(group)
        revisions = [row.revision for row in rows]
        if revisions != list(range(1, len(rows) + 1)):
            told = ", ".join(map(str, revisions))
            yield f"journal position {position}: it has the revisions {told}, which do not count up from 1"
        if len({(row.entry_id, row.match_id, row.season_id, row.kind) for row in rows}) > 1:
            yield f"journal position {position}: its revisions are not of one entry and cause"


def pair_faults(log: Iterable[RatingChange], verdicts: Mapping[MatchId, Verdict], *, zero_sum: bool) -> list[str]:
    """A match has two rows next to each other; what one side wins the other loses, and Elo's points as well."""
    faults: list[str] = []
    by_match: dict[MatchId, list[RatingChange]] = {}
    for row in log:
        if row.match_id is not None:
            by_match.setdefault(row.match_id, []).append(row)
    for match_id, rows in by_match.items():
        pairs = [(row.before, row.after) for row in rows if row.before is not None]
        if len(pairs) != 2:
            continue  # `unpaired` says so
        first, second = (_counted(before, after) for before, after in pairs)
        expected = _expected(verdicts[match_id].result) if match_id in verdicts else None
        if expected is not None and (first != expected or second != (expected[1], expected[0], expected[2])):
            faults.append(f"match {match_id}: its rows do not count the game as it counts")
        gains = [after.mmr - before.mmr for before, after in pairs]
        if zero_sum and sum(gains) != 0:
            faults.append(f"match {match_id}: the changes {gains[0]:+d} and {gains[1]:+d} do not add up to zero")
    return faults


def unpaired(log: Iterable[RatingChange]) -> list[str]:
    """The matches that have not two rows with a state before; such a log cannot be played."""
    rows_by_match: dict[MatchId, list[bool]] = {}
    for row in log:
        if row.match_id is not None:
            rows_by_match.setdefault(row.match_id, []).append(row.before is not None)
    return [
        f"match {match_id}: {sum(rows)} journal rows where there must be two"
        for match_id, rows in rows_by_match.items()
        if len(rows) != 2 or not all(rows)
    ]


def chain_faults(log: Iterable[RatingChange], entries: Mapping[EntryId, Entry], engine: RatingEngine) -> Iterator[str]:
    """What an entry was before a row is what its row before left; the first begins with nothing, or as a newcomer.

    What is known of its player is what the last row of any of the player's entries left.
    """
    after: dict[EntryId, EntryState] = {}
    known: dict[PlayerId, PlayerBelief | None] = {}
    for row in log:
        entry = entries[row.entry_id]
        believed, expected = known.get(entry.player_id), after.get(row.entry_id)
        if expected is not None:
            expected = engine.refreshed(expected, entry.race, believed)
        elif row.kind is RatingChangeKind.MATCH:
            expected = engine.newcomer(entry.race, believed)
        if row.before != expected:
            yield f"journal position {row.position}: entry {row.entry_id} was not left as this row found it"
        after[row.entry_id] = row.after
        known[entry.player_id] = row.after.belief


def count_faults(entries: Collection[Entry], log: Sequence[RatingChange]) -> Iterator[str]:
    """Over the ladder, as many games were won, lost and drawn as the journal's rows add up to."""
    for name in _COUNTS:
        stored = sum(getattr(entry.state, name) for entry in entries)
        added = sum(getattr(row.after, name) - (getattr(row.before, name) if row.before else 0) for row in log)
        if stored != added:
            yield f"{name} over the ladder: {stored} are stored, but the journal adds up to {added}"


def sequence_faults(seqs: Sequence[int], last_seq: int) -> Iterator[str]:
    """The changes that are kept follow one another without a gap, up to the last one that was counted."""
    for one, following in pairwise(seqs):
        if following != one + 1:
            yield f"change {one + 1}: it is missing from the sequence, which goes on with {following}"
    newest = seqs[-1] if seqs else 0
    if newest < last_seq:
        yield f"change {last_seq}: the sequence's last change is missing"
    if newest > last_seq:
        yield f"change {newest}: it is stored, but only {last_seq} were counted"


def _counted(before: EntryState, after: EntryState) -> tuple[int, ...]:
    return tuple(getattr(after, name) - getattr(before, name) for name in _COUNTS)


def _expected(result: MatchResult | None) -> tuple[int, int, int]:
    """What a match adds to the first side's won, lost and drawn games."""
    if result is None:
        return 0, 0, 0
    return {
        MatchResult.SIDE_1_WON: (1, 0, 0),
        MatchResult.SIDE_2_WON: (0, 1, 0),
        MatchResult.DRAW: (0, 0, 1),
    }[result]
