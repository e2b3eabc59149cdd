"""Bringing in what was kept elsewhere: a ladder's entries, or a list of games."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

from toprung.application.matches.match_service import BATCH_MATCHES_MAX, MatchService
from toprung.application.players.departures import Departures
from toprung.application.ports.clock import Clock
from toprung.application.ports.progress import Progress
from toprung.application.ports.storage import Backups, Transaction
from toprung.application.transfer.entry_file import EntryFileReader
from toprung.application.transfer.entry_import import batches, entry_changes, write_entry_changes
from toprung.application.transfer.game_file import GameFileReader
from toprung.application.transfer.game_import import game_changes, match_of, register_newcomers
from toprung.application.writing.audit import Attribution, Counts, audit
from toprung.application.writing.engines import Engines
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.players.player import PlayerId

FILE_NAME_MAX_CODE_POINTS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSummary:
    """What an import did to the file's players, their ratings and, where it has games, to those.

    `backup` is where a copy of the database from before lies, if one was made.
    """

    rows: int
    players: Counts
    ratings: Counts
    matches: Counts = field(default_factory=Counts)
    backup: str | None = None


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    text: str


class ImportService:
    """Imports files. A file is read and judged as a whole before anything of it is written."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        match_service: MatchService,
        backups: Backups,
        clock: Clock,
        engines: Engines,
        entry_files: EntryFileReader,
        game_files: GameFileReader,
        departures: Departures,
    ) -> None:
        self._departures = departures
        self._unit_of_work = unit_of_work
        self._match_service = match_service
        self._backups = backups
        self._clock = clock
        self._engines = engines
        self._entry_files = entry_files
        self._game_files = game_files

    async def import_entries(self, text: str, progress: Progress, by: Attribution, file: str = "") -> ImportSummary:
        """Imports a CSV of entries, all rows or none; an entry that exists takes the file's numbers.

        A row that says what is so already changes nothing, and a file of such rows makes no backup.
        Raises `ImportRefused` with every bad line, and `StorageUnavailable`.
        """
        now_us = self._clock.now_us()
        rows = await asyncio.to_thread(self._entry_files.read, text, now_us=now_us)
        foreseen = await self._unit_of_work.read(lambda tx: entry_changes(tx, rows, self._engines.current(tx).start()))
        backup = await self._backup(foreseen.player_counts, foreseen.rating_counts)

        def work(tx: Transaction) -> ImportSummary:
            engine = self._engines.current(tx)
            changes = entry_changes(tx, rows, engine.start())
            write_entry_changes(tx, changes, engine, now_us=now_us, progress=progress)
            self._departures.admit(tx, {row.discord_id for row in rows if row.discord_id is not None}, now_us)
            summary = ImportSummary(
                rows=len(rows), players=changes.player_counts, ratings=changes.rating_counts, backup=backup
            )
            _audit(tx, by, "import_entries", _File(file, text), summary, now_us)
            return summary

        return await self._unit_of_work.run(work)

    async def import_games(
        self, text: str, source: str, progress: Progress, by: Attribution, file: str = ""
    ) -> ImportSummary:
        """Plays a CSV of games in the order of their ends; a game of this source that is recorded is passed over.

        Players who are not known by name are registered. The file is taken whole or refused whole by its content; a
        failure of the database on the way leaves what was played until then, and importing again goes on from there.
        The audit says before the first game what the file will do. Raises `ImportRefused` with every bad line, and
        `StorageUnavailable`.
        """
        now_us = self._clock.now_us()
        games = await asyncio.to_thread(self._game_files.read, text, now_us=now_us)
        games.sort(key=lambda game: game.ended_at_us)
        foreseen = await self._unit_of_work.read(lambda tx: game_changes(tx, games, source))
        backup = await self._backup(foreseen.players, foreseen.matches)

        def begin(tx: Transaction) -> tuple[ImportSummary, Mapping[str, PlayerId]]:
            changes = game_changes(tx, games, source)
            players = register_newcomers(tx, changes)
            summary = ImportSummary(
                rows=len(games),
                players=changes.players,
                ratings=changes.ratings,
                matches=changes.matches,
                backup=backup,
            )
            counted = asdict(changes.matches)
            _audit(tx, by, "import_games", _File(file, text), summary, now_us, source=source, games=counted)
            return summary, players

        summary, players = await self._unit_of_work.run(begin)
        done = 0
        for batch in batches(games, BATCH_MATCHES_MAX):
            await self._match_service.record_batch([match_of(game, source, players) for game in batch])
            done += len(batch)
            progress(done, len(games))
        return summary

    async def _backup(self, *counts: Counts) -> str | None:
        """A copy of the database where something is about to change."""
        return await self._backups.make("import") if any(one.touched for one in counts) else None


def _audit(
    tx: Transaction,
    by: Attribution,
    action: str,
    file: _File,
    summary: ImportSummary,
    now_us: int,
    **details: object,
) -> None:
    """Keeps what a file did, with the name it came under and the SHA-256 of its bytes."""
    audit(
        tx,
        by,
        action,
        "ladder",
        now_us=now_us,
        file=_printable(file.name),
        sha256=hashlib.sha256(file.text.encode()).hexdigest(),
        rows=summary.rows,
        players=asdict(summary.players),
        ratings=asdict(summary.ratings),
        **details,
    )


def _printable(name: str) -> str:
    """A file's name without what could hide or fake something."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name)[
        :FILE_NAME_MAX_CODE_POINTS
    ]
