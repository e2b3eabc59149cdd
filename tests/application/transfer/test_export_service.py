"""Exports: everything that an import can take, and the same rows whatever the form."""

from collections.abc import Callable
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings

from tests.flows.life.strategies import NOW_US, catalog, countries, ladders, name_keys
from tests.support.databases import Database, opened_ladder
from tests.support.fakes.ladder import FakeBackups, FakeClock, departures
from toprung.application.matches.match_rating import MatchRater
from toprung.application.matches.match_service import MatchService
from toprung.application.organising.transfer_operations import ImportEntries
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.ratings import NewEntry, StoredEntry
from toprung.application.ports.storage import Storage, Transaction
from toprung.application.transfer.entry_file import COLUMNS, OPTIONAL_COLUMNS, EntryFileReader
from toprung.application.transfer.export_service import EXPORT_SCHEMA, ExportService
from toprung.application.transfer.game_file import GameFileReader
from toprung.application.transfer.import_service import ImportService
from toprung.application.writing.audit import Attribution
from toprung.application.writing.engines import Engines
from toprung.application.writing.event_bus import EventBus
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.moment import to_iso
from toprung.domain.ratings.rating_system import rating_system

pytest_plugins = ("tests.support.databases",)


def imports_into(storage: Storage) -> ImportService:
    unit_of_work, clock, engines = UnitOfWork(storage, EventBus()), FakeClock(NOW_US), Engines(rating_system("glicko2"))
    return ImportService(
        unit_of_work=unit_of_work,
        match_service=MatchService(
            unit_of_work=unit_of_work, catalog=catalog(), clock=clock, rater=MatchRater(engines)
        ),
        backups=FakeBackups(),
        clock=clock,
        engines=engines,
        entry_files=EntryFileReader(catalog=catalog(), countries=countries(), name_keys=name_keys()),
        game_files=GameFileReader(catalog=catalog(), name_keys=name_keys()),
        departures=departures(name_keys(), catalog()),
    )


def exports_of(storage: Storage) -> ExportService:
    return ExportService(unit_of_work=UnitOfWork(storage, EventBus()))


def adding(entries: list[StoredEntry]) -> Callable[[Transaction], None]:
    """A unit of work that adds these entries with their players."""

    def work(tx: Transaction) -> None:
        players = {one.player.id: one.player for one in entries}
        added = tx.players.add(
            [
                NewPlayer(
                    name=player.name,
                    name_key=name_keys().key(player.name),
                    country=player.country,
                    discord_id=player.discord_id,
                )
                for player in players.values()
            ]
        )
        ids = {old: new.id for old, new in zip(players, added, strict=True)}
        tx.entries.add(
            [
                NewEntry(
                    player_id=ids[one.player.id],
                    race=one.entry.race,
                    state=one.entry.state,
                )
                for one in entries
            ]
        )

    return work


BY = Attribution(actor="toprung")


@given(entries=ladders())
@settings(max_examples=20)
async def test_what_is_exported_and_imported_elsewhere_is_exported_the_same(entries: list[StoredEntry]) -> None:
    with TemporaryDirectory(prefix="toprung-") as folder:
        async with (
            Database("sqlite", f"sqlite:///{folder}/one.db").writing() as one,
            Database("sqlite", f"sqlite:///{folder}/other.db").writing() as other,
        ):
            await one.write(adding(entries))
            text = await exports_of(one).entries_csv()
            summary = await imports_into(other).import_entries(text, lambda done, total: None, BY)
            assert summary.ratings.new == len(entries)
            assert await exports_of(other).entries_csv() == text
            frames = [await exports_of(storage).entries_frame() for storage in (one, other)]
            assert frames[0].equals(frames[1], null_equal=True)
            again = await imports_into(other).import_entries(text, lambda done, total: None, BY)
            assert (again.players.new, again.ratings.new) == (0, 0)
            assert await exports_of(other).entries_csv() == text


BY = Attribution(actor="toprung")


@given(entries=ladders())
@settings(max_examples=20)
async def test_csv_json_and_parquet_hold_the_same_rows(entries: list[StoredEntry]) -> None:
    with TemporaryDirectory(prefix="toprung-") as folder:
        async with Database("sqlite", f"sqlite:///{folder}/one.db").writing() as storage:
            await storage.write(adding(entries))
            exports = exports_of(storage)
            frame = await exports.entries_frame()
            assert frame.schema == EXPORT_SCHEMA
            frame.write_parquet(f"{folder}/entries.parquet")
            assert pl.read_parquet(f"{folder}/entries.parquet").equals(frame, null_equal=True)
            rows = [
                (
                    one.player.discord_id,
                    one.player.name,
                    one.player.country,
                    one.entry.race,
                    one.entry.mmr,
                    one.entry.state.games_played,
                    one.entry.state.games_won,
                    one.entry.state.games_lost,
                    one.entry.state.games_drawn,
                    one.entry.state.last_played_us,
                    one.player.id,
                    *(one.entry.state.skill or (None, None, None)),
                )
                for one in entries
            ]
            assert frame.with_columns(pl.col("last_played").dt.timestamp("us")).rows() == rows
            reader = EntryFileReader(catalog=catalog(), countries=countries(), name_keys=name_keys())
            read = reader.read(await exports.entries_csv(), now_us=NOW_US)
            assert [(row.discord_id, row.name, row.country, row.race, row.mmr) for row in read] == [
                row[:5] for row in rows
            ]


async def test_a_ladder_moves_between_the_databases(database: Database, sqlite_database: Database) -> None:
    names = ("=1+1", "+Ann", "-Bob", "@Cid", "'Dan", '"Eve"', "별,빛", "Z\N{COMBINING DIAERESIS}oe")
    async with opened_ladder(database) as opened:
        for number, name in enumerate(names):
            await opened.ladder.players.register(name, country="KR" if number % 2 else None)
        rows = [
            f",{name},,bw_zerg,{number},1,1,0,0,2026-09-20T10:00:00.00000{number}Z"
            for number, name in enumerate(("''Dan", '"""Eve"""', '"별,빛"', "'=1+1"))
        ]
        await opened.ladder.administration.perform(
            ImportEntries(text="\n".join((",".join(COLUMNS), *rows)), by=Attribution(actor="toprung"))
        )
        text = await opened.ladder.exports.entries_csv()
        page = await opened.ladder.leaderboard.get_leaderboard_data()
    elsewhere = Database("sqlite", f"sqlite:///{sqlite_database.path.with_name('elsewhere.db')}")
    async with opened_ladder(elsewhere) as opened:
        await opened.ladder.administration.perform(ImportEntries(text=text, by=Attribution(actor="toprung")))
        assert await opened.ladder.exports.entries_csv() == text
        there = await opened.ladder.leaderboard.get_leaderboard_data()
    shown = [(row.global_rank, row.player_name, row.mmr, row.last_played_us) for row in page.players]
    assert [(row.global_rank, row.player_name, row.mmr, row.last_played_us) for row in there.players] == shown
    assert {row.player_name for row in page.players} == {"'Dan", '"Eve"', "별,빛", "=1+1"}


async def test_an_export_includes_who_is_not_ranked_and_who_is_banned(database: Database) -> None:
    async with opened_ladder(database) as opened:
        # What a file gives without a deviation is taken to be off by 110 points.
        rows = [",Ann,,bw_zerg,1,0,0,0,0,", ",Bob,,bw_zerg,2,1,1,0,0,1970-01-01T00:00:00Z"]
        await opened.ladder.administration.perform(
            ImportEntries(text="\n".join((",".join(COLUMNS), *rows)), by=Attribution(actor="toprung"))
        )
        await opened.ladder.players.ban((await opened.ladder.players.by_name("Ann")).id)
        text = await opened.ladder.exports.entries_csv()
        header = ",".join((*COLUMNS, *OPTIONAL_COLUMNS))
        assert text.splitlines() == [header, *(f"{row},{n},{n}.0,110.0,0.06" for n, row in enumerate(rows, 1))]


@pytest.mark.parametrize(("moment_us", "text"), [(0, "1970-01-01T00:00:00Z"), (1, "1970-01-01T00:00:00.000001Z")])
def test_a_time_is_written_to_the_microsecond_where_it_has_any(moment_us: int, text: str) -> None:
    assert to_iso(moment_us) == text
