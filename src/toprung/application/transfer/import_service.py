"""Bringing in what was kept elsewhere: a ladder's entries, or a list of games."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, TypeVar

from toprung.application.matches.match_service import BATCH_MATCHES_MAX, MatchService
from toprung.application.players.departures import Departures
from toprung.application.ports.clock import Clock
from toprung.application.ports.storage import Backups, NewEntry, NewPlayer, Transaction
from toprung.application.progress import Progress
from toprung.application.transfer.entry_file import EntryFileReader, EntryRow
from toprung.application.transfer.game_file import GameFileReader, GameRow
from toprung.application.transfer.table_file import ImportRefused, Problem
from toprung.application.unit_of_work import UnitOfWork
from toprung.domain.events import EntriesImported, PlayerRegistered
from toprung.domain.match import FinalMatch, MatchResult, Participant
from toprung.domain.player import Player
from toprung.domain.rating import Entry, RatingChange, RatingChangeKind

T = TypeVar("T")

ROWS_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSummary:
    """What an import did. `backup` is where a copy of the database from before lies, if one was made."""

    rows: int
    players_added: int
    entries_added: int
    matches_added: int
    backup: str | None


class ImportService:
    """Imports files. A file is read and judged as a whole before anything of it is written."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        match_service: MatchService,
        backups: Backups,
        clock: Clock,
        entry_files: EntryFileReader,
        game_files: GameFileReader,
        departures: Departures,
    ) -> None:
        self._departures = departures
        self._unit_of_work = unit_of_work
        self._match_service = match_service
        self._backups = backups
        self._clock = clock
        self._entry_files = entry_files
        self._game_files = game_files

    async def import_entries(self, text: str, progress: Progress) -> ImportSummary:
        """Imports a CSV of entries, all rows or none; an entry that exists takes the file's numbers.

        Raises `ImportRefused` with every bad line, and `StorageUnavailable`.
        """
        now_us = self._clock.now_us()
        rows = await asyncio.to_thread(self._entry_files.read, text, now_us=now_us)
        backup = await self._backups.make("import")

        def work(tx: Transaction) -> tuple[int, int]:
            written = _write_rows(tx, rows, now_us, progress)
            self._departures.admit(tx, {row.discord_id for row in rows if row.discord_id is not None}, now_us)
            return written

        players, entries = await self._unit_of_work.run(work)
        return ImportSummary(
            rows=len(rows), players_added=players, entries_added=entries, matches_added=0, backup=backup
        )

    async def import_games(self, text: str, source: str, progress: Progress) -> ImportSummary:
        """Plays a CSV of games in the order of their ends; a game of this source that is recorded is passed over.

        Players who are not known by name are registered. The file is taken whole or refused whole by its content; a
        failure of the database on the way leaves what was played until then, and importing again goes on from there.
        Raises `ImportRefused` with every bad line, and `StorageUnavailable`.
        """
        games = await asyncio.to_thread(self._game_files.read, text, now_us=self._clock.now_us())
        games.sort(key=lambda game: game.ended_at_us)
        backup = await self._backups.make("import")
        names = {player.name_key: player for game in games for player in game.players}
        players, added = await self._unit_of_work.run(lambda tx: _known_or_new(tx, list(names.values())))
        recorded = done = 0
        for batch in _batches(games, BATCH_MATCHES_MAX):
            results = await self._match_service.record_batch([_match(game, source, players) for game in batch])
            recorded += sum(result is not None for result in results)
            done += len(batch)
            progress(done, len(games))
        return ImportSummary(
            rows=len(games), players_added=added, entries_added=0, matches_added=recorded, backup=backup
        )


def _write_rows(tx: Transaction, rows: Sequence[EntryRow], now_us: int, progress: Progress) -> tuple[int, int]:
    """Writes the rows and gives how many players and entries are new."""
    players, players_added = _players_of(tx, rows)
    entries_added = done = 0
    for batch in _batches(rows, ROWS_AT_ONCE):
        known = tx.entries.by_keys([(players[row.name_key].id, row.race) for row in batch])
        new = [row for row in batch if (players[row.name_key].id, row.race) not in known]
        made = tx.entries.add([_new_entry(row, players[row.name_key]) for row in new])
        changed = [
            (entry, _entry_of(row, entry))
            for row in batch
            if (entry := known.get((players[row.name_key].id, row.race))) is not None
        ]
        tx.entries.save([after for before, after in changed if after != before])
        tx.append_to_journal([_imported(None, entry, now_us) for entry in made])
        tx.append_to_journal([_imported(before, after, now_us) for before, after in changed])
        entries_added += len(made)
        done += len(batch)
        progress(done, len(rows))
    tx.record(EntriesImported(entries=len(rows)))
    return players_added, entries_added


def _imported(before: Entry | None, after: Entry, now_us: int) -> RatingChange:
    return RatingChange(
        entry_id=after.id,
        kind=RatingChangeKind.IMPORT,
        before=None if before is None else before.state,
        after=after.state,
        at_us=now_us,
    )


def _players_of(tx: Transaction, rows: Sequence[EntryRow]) -> tuple[dict[str, Player], int]:
    """The players of these rows by name key, added or brought up to date, and how many are new.

    All are looked up before any is written, so that every contradiction is found and no batch judges another's work.
    """
    first_rows: dict[str, EntryRow] = {}
    for row in rows:
        first_rows.setdefault(row.name_key, row)
    known: dict[str, Player] = {}
    problems: list[Problem] = []
    for batch in _batches(first_rows.values(), ROWS_AT_ONCE):
        _find_players(tx, batch, known, problems)
    if problems:
        raise ImportRefused(problems)
    players = {key: _brought_up_to_date(tx, player, first_rows[key]) for key, player in known.items()}
    added = 0
    for batch in _batches([row for key, row in first_rows.items() if key not in known], ROWS_AT_ONCE):
        made = tx.players.add([_new_player(row) for row in batch])
        players.update({row.name_key: player for row, player in zip(batch, made, strict=True)})
        added += len(made)
    return players, added


def _find_players(tx: Transaction, rows: Sequence[EntryRow], known: dict[str, Player], problems: list[Problem]) -> None:
    """Adds to `known` whom these rows mean, by Discord id and else by name, and to `problems` where the two differ."""
    by_name = tx.players.by_name_keys([row.name_key for row in rows])
    by_discord = tx.players.by_discord_ids([row.discord_id for row in rows if row.discord_id is not None])
    for row in rows:
        named = by_name.get(row.name_key)
        player = named if row.discord_id is None else by_discord.get(row.discord_id)
        if named is not None and player is None and named.discord_id is None:
            player = named
        if named is not None and (player is None or player.id != named.id):
            reason = f"{row.name} is taken by another player (or counts as the same name as {named.name})"
            problems.append(Problem(line=row.line, column="player_name", reason=reason))
        elif player is not None:
            known[row.name_key] = player


def _new_player(row: EntryRow) -> NewPlayer:
    return NewPlayer(name=row.name, name_key=row.name_key, country=row.country, discord_id=row.discord_id)


def _brought_up_to_date(tx: Transaction, player: Player, row: EntryRow) -> Player:
    discord_id = player.discord_id if row.discord_id is None else row.discord_id
    changed = replace(player, name=row.name, country=row.country, discord_id=discord_id)
    if changed != player:
        tx.players.save(changed, row.name_key)
    return changed


def _new_entry(row: EntryRow, player: Player) -> NewEntry:
    return NewEntry(
        player_id=player.id,
        race=row.race,
        mmr=row.mmr,
        games_played=row.games_played,
        games_won=row.games_won,
        games_lost=row.games_lost,
        games_drawn=row.games_drawn,
        last_played_us=row.last_played_us,
    )


def _entry_of(row: EntryRow, entry: Entry) -> Entry:
    return replace(
        entry,
        mmr=row.mmr,
        games_played=row.games_played,
        games_won=row.games_won,
        games_lost=row.games_lost,
        games_drawn=row.games_drawn,
        last_played_us=row.last_played_us,
        skill=None,  # a file says nothing of how sure its numbers are
    )


def _known_or_new(tx: Transaction, wanted: Collection[NewPlayer]) -> tuple[dict[str, Player], int]:
    """The players by name key; those that are not known are added. Also how many those are."""
    players: dict[str, Player] = {}
    added = 0
    for batch in _batches(wanted, ROWS_AT_ONCE):
        players.update(tx.players.by_name_keys([player.name_key for player in batch]))
        missing = [player for player in batch if player.name_key not in players]
        made = tx.players.add(missing)
        players.update({new.name_key: player for new, player in zip(missing, made, strict=True)})
        tx.record(*(PlayerRegistered(player=player) for player in made))
        added += len(made)
    return players, added


def _match(game: GameRow, source: str, players: dict[str, Player]) -> FinalMatch:
    first, second = (
        Participant(player_id=players[player.name_key].id, race=race)
        for player, race in zip(game.players, game.races, strict=True)
    )
    score_1, score_2 = game.scores
    result = MatchResult.DRAW
    if score_1 != score_2:
        result = MatchResult.SIDE_1_WON if score_1 > score_2 else MatchResult.SIDE_2_WON
    return FinalMatch(
        source_key=f"{source}:{game.game_id}",
        sides=((first,), (second,)),
        result=result,
        ended_at_us=game.ended_at_us,
    )


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
