"""The stored rating log, played again: which rows and entries come out otherwise."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from toprung.application.ports.progress import Progress
from toprung.application.ports.storage import Transaction
from toprung.domain.errors import Conflict
from toprung.domain.matches.match import MatchId
from toprung.domain.ratings.engines.rating_engine import RatingEngine
from toprung.domain.ratings.rating import Entry, EntryId, RatingChange
from toprung.domain.ratings.rating_log import RatingLog, Verdict

PROGRESS_EVERY: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What comes out otherwise: rows, and entries as they are beside what they come to."""

    rows: tuple[RatingChange, ...]
    entries: tuple[tuple[Entry, Entry], ...]


def replay(
    tx: Transaction,
    engine: RatingEngine,
    log: Sequence[RatingChange],
    verdicts: dict[MatchId, Verdict],
    *,
    from_nothing: bool,
    progress: Progress | None = None,
) -> Replayed:
    """Plays a tail of the journal again under these verdicts. Raises `Conflict` for one that cannot be played."""
    rows_by_match = Counter(row.match_id for row in log if row.match_id is not None)
    broken = next((match_id for match_id, count in rows_by_match.items() if count != 2), None)
    if broken is not None:
        raise unplayable(broken)
    entries = players_entries(tx, {row.entry_id for row in log})
    resets = {season.id: season.reset_deviation for season in tx.seasons.all() if season.reset_deviation is not None}
    rows: list[RatingChange] = []
    last: dict[EntryId, RatingChange] = {}
    again = RatingLog(engine, entries, verdicts, resets)
    for done, (old, new) in enumerate(again.replay(log, from_nothing=from_nothing), 1):
        last[new.entry_id] = new
        if new is not old and new != old:
            rows.append(new)
        if progress is not None and done % PROGRESS_EVERY == 0:
            progress(done, len(log))
    changed = []
    for entry in entries.values():
        row = last.get(entry.id)
        state = entry.state if row is None else row.after
        after = replace(entry, state=engine.refreshed(state, entry.race, again.known.get(entry.player_id)))
        if after != entry:
            changed.append((entry, after))
    return Replayed(rows=tuple(rows), entries=tuple(changed))


def players_entries(tx: Transaction, ids: Collection[EntryId]) -> dict[EntryId, Entry]:
    """These entries, and all others of their players, which know what these do."""
    named = tx.entries.by_ids(ids)
    return {entry.id: entry for entry in tx.entries.of_players({entry.player_id for entry in named.values()})}


def replay_everything(
    tx: Transaction, engine: RatingEngine, log: Sequence[RatingChange], progress: Progress | None = None
) -> Replayed:
    """Plays the whole log again, from nothing."""
    verdicts = tx.matches.verdicts({row.match_id for row in log if row.match_id is not None})
    return replay(tx, engine, log, verdicts, from_nothing=True, progress=progress)


def unplayable(match_id: MatchId) -> Conflict:
    """What is raised where a match has not the two rows that a match has."""
    return Conflict(
        "The rating log cannot be played: match {number} has not two rows.", "log_broken", number=str(match_id)
    )
