"""Entries, the rating journal and seasons in memory: see `application/ports/ratings.py`."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from tests.domain.leaderboard.strategies import entry_columns
from tests.support.fakes.database import FakeDatabase
from toprung.application.ports.ratings import EntryKey, NewEntry, StoredEntry, StoredRatingSystem
from toprung.domain.leaderboard.board_table import EntryColumns
from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.glicko2 import SkillEstimate
from toprung.domain.ratings.linked.player_belief import PlayerBelief
from toprung.domain.ratings.rating import Entry, EntryId, RatingChange
from toprung.domain.ratings.rating_system import RatingSystem
from toprung.domain.ratings.season import LadderSeason, SeasonId


class FakeEntryRepository:
    """Implements `EntryRepository`."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database

    def by_ids(self, ids: Collection[EntryId]) -> dict[EntryId, Entry]:
        return {entry_id: self._database.entries[entry_id] for entry_id in ids if entry_id in self._database.entries}

    def by_keys(self, keys: Collection[EntryKey]) -> dict[EntryKey, Entry]:
        found = {(entry.player_id, entry.race): entry for entry in self._database.entries.values()}
        return {key: found[key] for key in keys if key in found}

    def of_players(self, ids: Collection[PlayerId]) -> list[Entry]:
        return [entry for entry in self._database.entries.values() if entry.player_id in ids]

    def add(self, entries: Sequence[NewEntry]) -> list[Entry]:
        first = max(self._database.entries, default=0) + 1
        added = [
            Entry(
                id=EntryId(entry_id),
                player_id=new.player_id,
                race=new.race,
                state=new.state,
            )
            for entry_id, new in enumerate(entries, first)
        ]
        if self.by_keys([(entry.player_id, entry.race) for entry in added]):
            raise AssertionError("a player has one entry with each race")
        self.save(added)
        return added

    def save(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.player_id not in self._database.players:
                raise AssertionError("an entry belongs to a player who exists")
            self._database.entries[entry.id] = entry

    def columns(self) -> EntryColumns:
        return entry_columns(list(self._database.entries.values()))

    def count(self) -> int:
        return len(self._database.entries)

    def stored(self) -> Iterator[StoredEntry]:
        for entry in self._database.entries.values():
            yield StoredEntry(entry=entry, player=self._database.players[entry.player_id])


class FakeJournalRepository:
    """Implements `JournalRepository`."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database

    def exclude_other_ratings(self) -> None:
        """One transaction runs at a time."""

    def append(self, changes: Sequence[RatingChange]) -> None:
        rows = self._database.journal
        for change in changes:
            rows.append(replace(change, position=len(rows) + 1) if change.position is None else change)

    def current(self, from_position: int = 0) -> list[RatingChange]:
        latest: dict[int, RatingChange] = {}
        for row in self._database.journal:
            latest[row.position or 0] = row
        return [latest[position] for position in sorted(latest) if position >= from_position]

    def of_match(self, match_id: MatchId) -> list[RatingChange]:
        return [row for row in self.current() if row.match_id == match_id]

    def history(self) -> list[RatingChange]:
        return list(self._database.journal)

    def entries_as_of(self, at_us: int, *, is_corrected: bool) -> EntryColumns:
        rows = self._database.journal
        written = {row.position for row in rows if row.revision == 1 and row.at_us <= at_us}
        known = [row for row in rows if (row.position in written if is_corrected else row.at_us <= at_us)]
        latest = {row.entry_id: row for row in sorted(known, key=lambda row: (row.position or 0, row.revision))}
        entries = self._database.entries
        believed = {
            entries[row.entry_id].player_id: row.after.belief
            for row in sorted(latest.values(), key=lambda row: (row.position or 0, row.revision))
        }
        then = [replace(entries[entry_id], state=latest[entry_id].after) for entry_id in sorted(latest)]
        return entry_columns([_as_known(entry, believed[entry.player_id]) for entry in then])


def _as_known(entry: Entry, known: PlayerBelief | None) -> Entry:
    """The entry with what was known of its player, whatever was played last."""
    if known is None:
        return entry
    skill = SkillEstimate(float(entry.mmr), known.deviation(entry.race), 0.06)
    return replace(entry, state=replace(entry.state, skill=skill, known_at_us=known.belief.last_played_us))


class FakeSeasonRepository:
    """Implements `SeasonRepository`."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database

    def all(self) -> list[LadderSeason]:
        return list(self._database.seasons.values())

    def add(self, code: str, name: str, *, started_at_us: int, reset_deviation: float | None) -> LadderSeason:
        season = LadderSeason(
            id=SeasonId(len(self._database.seasons) + 1),
            code=code,
            name=name,
            started_at_us=started_at_us,
            ended_at_us=None,
            reset_deviation=reset_deviation,
        )
        self._database.seasons[season.id] = season
        return season

    def end(self, season_id: SeasonId, ended_at_us: int) -> None:
        self._database.seasons[season_id] = replace(self._database.seasons[season_id], ended_at_us=ended_at_us)


class FakeRatingSystemRepository:
    """Implements `RatingSystemRepository`."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database

    def version(self) -> int:
        return len(self._database.systems)

    def all(self) -> list[StoredRatingSystem]:
        return list(self._database.systems)

    def add(self, system: RatingSystem, at_us: int) -> StoredRatingSystem:
        stored = StoredRatingSystem(version=self.version() + 1, system=system, at_us=at_us)
        self._database.systems.append(stored)
        return stored
