"""What is special about PostgreSQL: races that are run again, connections that break, and locks on rows."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import asyncpg
import pytest
from sqlalchemy.util import await_only

from tests.support.databases import Database, PostgresServer
from toprung.adapters.storage.limits import StorageLimits
from toprung.adapters.storage.postgres.postgres import PostgresStorage
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.ratings import NewEntry
from toprung.application.ports.storage import Committed, Storage, Transaction
from toprung.bootstrap.wiring import new_nonce
from toprung.domain.errors import StorageUnavailable
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.rating import Entry, EntryState

pytest_plugins = ("tests.support.databases",)


@pytest.fixture
async def database(postgres_server: PostgresServer) -> AsyncIterator[Database]:
    async with postgres_server.new_database() as found:
        yield found


async def added(storage: Storage, *names: str) -> list[Player]:
    new = [NewPlayer(name=name, name_key=name) for name in names]
    return (await storage.write(lambda tx: tx.players.add(new))).value


async def test_a_race_for_the_same_new_row_is_run_again_and_makes_one_row(database: Database) -> None:
    async with database.writing() as storage:
        (player,) = await added(storage, "a")
        key = (player.id, "zerg")
        both_have_looked = asyncio.Barrier(2)
        runs: list[bool] = []

        def entry_of(tx: Transaction) -> Entry:
            known = tx.entries.by_keys([key])
            runs.append(bool(known))
            if len(runs) <= 2:
                await_only(both_have_looked.wait())
            return (
                known[key]
                if known
                else tx.entries.add([NewEntry(player_id=player.id, race="zerg", state=EntryState(mmr=1))])[0]
            )

        one, other = await asyncio.gather(storage.write(entry_of), storage.write(entry_of))
    assert one.value == other.value
    assert runs == [False, False, True]
    assert await database.run("select count(*) from entry") == [(1,)]


async def test_a_deadlock_is_run_again(database: Database) -> None:
    name = database.url.partition("?")[0].rpartition("/")[2]
    await database.run(f"alter database {name} set deadlock_timeout = 10")
    async with database.writing() as storage:
        first, second = await added(storage, "a", "b")
        both_have_one = asyncio.Barrier(2)
        runs: list[PlayerId] = []

        async def lock(one: PlayerId, other: PlayerId) -> Committed[None]:
            def work(tx: Transaction) -> None:
                tx.players.get(one)
                runs.append(one)
                if len(runs) <= 2:
                    await_only(both_have_one.wait())
                tx.players.get(other)
                tx.notes.put(f"locked by {one}", "yes")

            return await storage.write(work)

        await asyncio.gather(lock(first.id, second.id), lock(second.id, first.id))
        assert len(runs) == 3
        notes = [f"locked by {player.id}" for player in (first, second)]
        assert await storage.read(lambda tx: [tx.notes.get(name) for name in notes]) == ["yes", "yes"]


async def test_connections_that_break_are_a_clear_error_once_and_then_made_anew(database: Database) -> None:
    async with database.writing() as storage:
        await asyncio.gather(*(added(storage, f"p{number}") for number in range(8)))
        await database.run("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'toprung'")
        with pytest.raises(StorageUnavailable):
            await added(storage, "q")
        assert len(await added(storage, "q")) == 1
        assert await storage.read(lambda tx: len(tx.players.columns().ids)) == 9


async def test_a_row_that_somebody_else_holds_is_a_clear_error(database: Database) -> None:
    async with database.writing(limits=StorageLimits(lock_timeout_ms=50)) as storage:
        (player,) = await added(storage, "a")
        holding, let_go = asyncio.Event(), asyncio.Event()

        def hold(tx: Transaction) -> None:
            tx.players.get(player.id)
            holding.set()
            await_only(let_go.wait())

        holder = asyncio.ensure_future(storage.write(hold))
        await holding.wait()
        with pytest.raises(StorageUnavailable, match="Another writer holds what this wants to change"):
            await storage.write(lambda tx: tx.players.get(player.id))
        assert await storage.read(lambda tx: tx.players.get(player.id)) == player
        let_go.set()
        await holder
        assert (await storage.write(lambda tx: tx.players.get(player.id))).value == player


async def test_a_server_that_is_not_there_is_a_clear_error() -> None:
    url = "postgresql://postgres@/ladder?host=/nowhere"
    for opening in (PostgresStorage.open_for_reading, partial(PostgresStorage.open_for_writing, new_nonce=new_nonce)):
        with pytest.raises(StorageUnavailable, match="The database cannot be reached"):
            await opening(url)


async def test_no_copy_is_made_of_a_database_that_has_its_own_ways(database: Database) -> None:
    async with database.writing() as storage:
        assert isinstance(storage, PostgresStorage)
        assert await storage.make("import") is None


async def test_writers_that_wait_for_a_lock_leave_connections_to_readers(database: Database) -> None:
    async with database.writing() as storage:
        (player,) = await added(storage, "a")
        locking = await asyncpg.connect(database.url)
        async with locking.transaction():
            await locking.execute("lock table entry in exclusive mode")
            new = [
                NewEntry(player_id=player.id, race=f"race {number}", state=EntryState(mmr=1)) for number in range(30)
            ]
            writes = [
                asyncio.create_task(storage.write(lambda tx, one=one: tx.entries.add([one])))  # type: ignore[misc]
                for one in new
            ]
            await asyncio.sleep(0)
            for _ in range(3):
                assert await storage.read(lambda tx: tx.changes.last_seq()) == 0
            assert not any(write.done() for write in writes)
        await asyncio.gather(*writes)
        await locking.close()
    assert await database.run("select count(*) from entry") == [(30,)]
