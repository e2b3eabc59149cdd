"""A full disk: refused with a reason, nothing half-written, readers undisturbed, and on again when there is room."""

import asyncio
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.databases import Database, connection_of, opened_ladder
from toprung.application.ladder import Ladder
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.storage import Transaction
from toprung.domain.errors import StorageUnavailable
from toprung.domain.matches.match import FinalMatch, MatchResult, Participant

pytest_plugins = ("tests.support.databases",)


def room_for(pages: int, tx: Transaction) -> None:
    """Lets the database grow by so many pages from here."""
    used = connection_of(tx).exec_driver_sql("PRAGMA page_count").scalar() or 0
    connection_of(tx).exec_driver_sql(f"PRAGMA max_page_count = {used + pages}")


def large(number: int) -> NewPlayer:
    """Somebody who fills pages."""
    return NewPlayer(name="x" * 20_000, name_key=f"{number}" + "x" * 20_000)


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file may grow beyond this meanwhile: a write past it fails as on a broken disk, at whatever moment that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def matches_until_refused(ladder: Ladder, match: Callable[[int], FinalMatch]) -> int:
    """Records matches from number 1 on until the disk is full, and gives the number of the one that was refused."""
    for number in range(1, 100):
        try:
            await ladder.recorder.record(match(number))
        except StorageUnavailable as error:
            assert str(error) == "The disk is full; nothing of this was kept. Make room and try again."  # noqa: PT017
            return number
    raise AssertionError("the disk never filled up")


async def test_a_full_disk_refuses_writes_and_leaves_board_and_readers_alone(sqlite_database: Database) -> None:
    async with opened_ladder(sqlite_database) as opened:
        ladder, storage = opened.ladder, opened.storage
        ann, bob = [await ladder.players.register(name) for name in ("Ann", "Bob")]

        def match(number: int) -> FinalMatch:
            sides = tuple((Participant(player_id=one.id, race="sc2_zerg"),) for one in (ann, bob))
            return FinalMatch(
                source_key=f"game {number} {'x' * 3_000}",
                sides=(sides[0], sides[1]),
                result=MatchResult.SIDE_1_WON,
                ended_at_us=ladder.clock.now_us(),
            )

        await ladder.recorder.record(match(0))
        await storage.write(lambda tx: room_for(4, tx))
        played = await matches_until_refused(ladder, match)
        page = await ladder.leaderboard.get_leaderboard_data()
        assert [row.games_played for row in page.players] == [played, played]
        assert await storage.read(lambda tx: (tx.matches.count(), len(tx.journal.current()))) == (played, 2 * played)
        outcomes = await asyncio.gather(
            *(ladder.recorder.record(match(number)) for number in range(200, 210)), return_exceptions=True
        )
        assert any(isinstance(outcome, StorageUnavailable) for outcome in outcomes)
        assert {str(one) for one in outcomes if isinstance(one, BaseException)} == {
            "The disk is full; nothing of this was kept. Make room and try again."
        }
        kept = played + sum(not isinstance(outcome, BaseException) for outcome in outcomes)
        assert await storage.read(lambda tx: (tx.matches.count(), len(tx.journal.current()))) == (kept, 2 * kept)
        await storage.write(lambda tx: room_for(1_000, tx))
        assert await ladder.recorder.record(match(played)) is not None
        page = await ladder.leaderboard.get_leaderboard_data()
        assert [row.games_played for row in page.players] == [kept + 1, kept + 1]
        assert ladder.store.seq == await storage.read(lambda tx: tx.changes.last_seq())


async def test_a_disk_that_fails_at_the_commit_keeps_nothing_and_goes_on_afterwards(sqlite_database: Database) -> None:
    async with sqlite_database.writing() as storage:
        await storage.write(lambda tx: tx.players.add([large(0)]))
        wal = sqlite_database.path.with_name(f"{sqlite_database.path.name}-wal")
        size = await asyncio.to_thread(lambda: wal.stat().st_size)
        with files_up_to(size + 10_000):
            outcomes = await asyncio.gather(
                *(storage.write(lambda tx, n=n: tx.players.add([large(n)])) for n in range(1, 6)),  # type: ignore[misc]
                return_exceptions=True,
            )
            assert [type(outcome) for outcome in outcomes] == [StorageUnavailable] * 5
            assert await storage.read(lambda tx: len(tx.players.columns().ids)) == 1
        await storage.write(lambda tx: tx.players.add([large(1)]))
    assert await sqlite_database.run("pragma integrity_check") == [("ok",)]
    assert await sqlite_database.run("select count(*) from player") == [(2,)]


async def test_a_disk_that_is_full_when_the_database_is_closed_loses_nothing(sqlite_database: Database) -> None:
    storage = await sqlite_database.open_for_writing()
    await storage.write(lambda tx: tx.players.add([large(number) for number in range(10)]))
    size = await asyncio.to_thread(sqlite_database.path.stat)
    with files_up_to(size.st_size + 10_000):
        await storage.close()
    async with sqlite_database.writing() as opened:
        assert await opened.read(lambda tx: len(tx.players.columns().ids)) == 10


async def test_no_room_for_the_first_tables_is_a_clear_error(tmp_path: Path) -> None:
    database = Database("sqlite", f"sqlite:///{tmp_path / 'ladder.db'}")
    with files_up_to(20_000), pytest.raises(StorageUnavailable):
        await database.open_for_writing()
    async with database.writing() as storage:
        assert await storage.read(lambda tx: tx.changes.last_seq()) == 0
