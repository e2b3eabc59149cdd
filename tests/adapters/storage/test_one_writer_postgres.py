"""PostgreSQL's one writer: a lock that is lost, networks that swallow and break, servers that hang, and poolers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import Final

import asyncpg
import pytest

from chaos.tcp_proxy import Moment, TcpProxy, proxied
from tests.support.databases import Database, PostgresServer, connection_of
from tests.support.transaction_pooler import TransactionPooler
from toprung.adapters.storage.hold.writer_hold import ANSWER_SECONDS_MAX, LATE_ANSWER_SECONDS_MAX
from toprung.adapters.storage.limits import LIMITS, StorageLimits
from toprung.adapters.storage.postgres.postgres import PostgresStorage
from toprung.adapters.storage.postgres.postgres_engine import unpooled_engine
from toprung.adapters.storage.postgres.postgres_fence import LostCommit, Session, became_of
from toprung.adapters.storage.postgres.postgres_lock import WRITER_LOCK
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.storage import Transaction
from toprung.bootstrap.wiring import new_nonce
from toprung.domain.errors import OutcomeUnknown, StorageUnavailable, WriterLost, WriterPresent
from toprung.domain.events import PlayerRegistered
from toprung.domain.players.player import Player, PlayerId

pytest_plugins = ("tests.support.databases",)

NEVER_SECONDS: Final = 3_600.0

END_OF_LOCK: Final = (
    f"select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = {WRITER_LOCK & 0xFFFFFFFF}"
)


@pytest.fixture
async def database(postgres_server: PostgresServer) -> AsyncIterator[Database]:
    async with postgres_server.new_database() as found:
        yield found


@pytest.fixture
async def network(database: Database) -> AsyncIterator[TcpProxy]:
    async with proxied(database.url) as proxy:
        yield proxy


async def opened(address: str, limits: StorageLimits = LIMITS) -> PostgresStorage:
    return await PostgresStorage.open_for_writing(address, new_nonce=new_nonce, limits=limits)


def adding(name: str) -> Callable[[Transaction], str]:
    def work(tx: Transaction) -> str:
        (player,) = tx.players.add([NewPlayer(name=name, name_key=name)])
        tx.changes.record(PlayerRegistered(player=player))
        return name

    return work


async def names(database: Database) -> list[str]:
    return [name for (name,) in await database.run("select name from player order by id")]


async def epoch(database: Database) -> int:
    ((found,),) = await database.run("select epoch from writer")
    return int(found)


async def until(condition: Callable[[], bool], *, seconds_max: float = 30) -> None:
    """Returns when it holds: what is waited for happens in another process, or on a network."""
    async with asyncio.timeout(seconds_max):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0)


class Renewed:
    """Counts how often a storage said that others may have written."""

    def __init__(self, storage: PostgresStorage) -> None:
        self.times = 0
        self._storage = storage
        storage.on_renewed(self._count)

    async def _count(self) -> None:
        self.times += 1
        with pytest.raises(StorageUnavailable):  # nothing is written before everything was read again
            await self._storage.write(adding("too early"))


async def test_a_lock_that_is_lost_is_taken_anew_under_a_new_epoch(database: Database) -> None:
    storage = await opened(database.url)
    try:
        renewed, first = Renewed(storage), await epoch(database)
        await storage.write(adding("a"))
        await database.run(END_OF_LOCK)
        await until(lambda: renewed.times == 1 and storage.is_in_touch)
        assert (await storage.write(adding("b"))).value == "b"
        assert await epoch(database) == first + 1
        with pytest.raises(WriterPresent):
            await opened(database.url)
    finally:
        await storage.close()
    assert await names(database) == ["a", "b"]


async def test_where_another_process_has_begun_to_write_nothing_is_committed_and_it_is_over(
    database: Database,
) -> None:
    # It has not heard of anything yet.
    former = await opened(database.url, StorageLimits(ask_every_seconds=NEVER_SECONDS))
    await former.write(adding("before"))
    await database.run(END_OF_LOCK)
    async with database.writing() as present:
        outcomes = await asyncio.gather(*(former.write(adding(f"n{n}")) for n in range(20)), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} <= {StorageUnavailable, WriterLost}
        assert [str(outcome) for outcome in outcomes if "nothing of this was kept" not in str(outcome)] == []
        assert former.hold is not None
        assert "Another process has begun to write" in str(await former.hold.lost)
        with pytest.raises(WriterLost):
            await former.write(adding("late"))
        with pytest.raises(WriterLost):
            await former.get_in_touch()
        await present.write(adding("after"))
        await former.close()
        assert await names(database) == ["before", "after"]


async def test_a_former_writer_that_stands_at_its_commit_does_not_keep_the_next_one_waiting(database: Database) -> None:
    former = await asyncpg.connect(database.url)
    transaction = former.transaction()
    await transaction.start()
    await former.execute("insert into player (name, name_key) values ('late', 'late')")
    await former.fetch("select 1 from writer for share")
    async with database.writing() as present:
        await present.write(adding("present"))
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await transaction.commit()
    assert await names(database) == ["present"]


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_commit_whose_answer_is_lost_is_looked_up(
    database: Database, network: TcpProxy, moment: Moment
) -> None:
    storage = await opened(network.address)
    try:
        await storage.write(adding("first"))
        network.break_at_commit(moment)
        if moment == "after":
            committed = await storage.write(adding("second"))
            assert (committed.value, [change.seq for change in committed.changes]) == ("second", [2])
        else:
            with pytest.raises(StorageUnavailable, match="nothing of this was kept"):
                await storage.write(adding("second"))
        assert network.broken.is_set()
        await storage.write(adding("third"))
        expected = ["first", "second", "third"] if moment == "after" else ["first", "third"]
        assert await names(database) == expected
    finally:
        await storage.close()


async def test_after_a_crash_a_number_says_nothing_and_what_was_written_does(database: Database) -> None:
    """A server that crashed hands out again the numbers of transactions that had not reached its log."""
    async with database.writing() as storage:
        kept = (await storage.write(adding("kept"))).changes
        xid = str((await database.run("select xmin::text from player where name = 'kept'"))[0][0])
        lock = (
            "select a.pid, a.backend_start from pg_locks l join pg_stat_activity a using (pid) "
            "where l.locktype = 'advisory' and l.granted and a.datname = current_database()"
        )
        alive = Session(*(await database.run(lock))[0])
        gone = replace(alive, backend_start=alive.backend_start - timedelta(seconds=1))
        other = (replace(kept[0], event=PlayerRegistered(player=Player(id=PlayerId(1), name="lost"))),)
        later = (replace(kept[0], seq=kept[0].seq + 1),)
        engine = unpooled_engine(database.url, StorageLimits())
        try:
            for before, changes, expected in (
                (alive, kept, True),
                (alive, (), True),
                (gone, kept, True),
                (gone, other, False),
                (gone, later, False),
                (gone, (), None),
            ):
                commit = LostCommit(xid=xid, pid=1, changes=changes, before=before)
                assert await became_of(engine, commit, seconds_max=5) is expected, (before == alive, changes)
        finally:
            await engine.dispose()


async def test_a_commit_that_cannot_be_looked_up_is_unknown_and_never_called_refused(
    database: Database, network: TcpProxy
) -> None:
    storage = await opened(network.address, StorageLimits(look_up_seconds_max=0.3))
    try:
        network.break_at_commit("after")
        writing = asyncio.ensure_future(storage.write(adding("a")))
        await network.broken.wait()
        network.swallow()
        with pytest.raises(OutcomeUnknown, match="not known whether it was kept") as raised:
            await writing
        assert "nothing" not in str(raised.value)
        assert await names(database) == ["a"]
        network.pass_on()
        await until(lambda: storage.is_in_touch)
        await storage.write(adding("b"))
    finally:
        network.pass_on()
        await storage.close()


async def test_a_half_open_lock_connection_is_noticed_and_replaced(database: Database, network: TcpProxy) -> None:
    storage = await opened(network.address)
    try:
        renewed, first = Renewed(storage), await epoch(database)
        network.make_half_open()
        await until(lambda: not storage.is_in_touch)
        await until(lambda: renewed.times == 1 and storage.is_in_touch)
        await storage.write(adding("a"))
        assert await epoch(database) == first + 1
    finally:
        await storage.close()


async def test_while_the_database_is_silent_everything_is_refused_in_bounded_time_and_then_goes_on(
    database: Database, network: TcpProxy
) -> None:
    storage = await opened(network.address, StorageLimits(silence_seconds_max=1.0))
    try:
        await storage.write(adding("a"))
        network.swallow()
        began = monotonic()
        waiting = [asyncio.ensure_future(storage.write(adding(f"n{n}"))) for n in range(6)]
        reading = asyncio.ensure_future(storage.read(lambda tx: tx.changes.last_seq()))
        await until(lambda: not storage.is_in_touch)
        for outcome in await asyncio.gather(*waiting, reading, return_exceptions=True):
            assert isinstance(outcome, StorageUnavailable), outcome
            assert "does not answer" in str(outcome)
        with pytest.raises(StorageUnavailable):
            await storage.write(adding("late"))
        with pytest.raises(StorageUnavailable):
            await storage.get_in_touch()
        assert monotonic() - began < 20  # far from a timeout of a test, and from for ever
        network.pass_on()
        await until(lambda: storage.is_in_touch)
        await storage.write(adding("b"))
        assert await names(database) == ["a", "b"]
    finally:
        network.pass_on()
        await storage.close()


@pytest.mark.parametrize("sessions", [1, 3])
async def test_a_pooler_in_transaction_mode_is_refused_in_one_line(database: Database, sessions: int) -> None:
    async with TransactionPooler.before(database.url, sessions=sessions) as pooler:
        with pytest.raises(StorageUnavailable, match="stands a pooler that gives each transaction another session"):
            await opened(pooler.address)
        # It was seen before the lock was taken, which a pooler's session would keep.
        async with database.writing():
            pass


async def test_limits_are_set_on_every_connection(database: Database) -> None:
    wanted = {
        "statement_timeout": "10min",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "1min",
        "tcp_user_timeout": "0",  # a Unix socket has none
    }
    shown = [f"current_setting('{name}')" for name in wanted]
    async with database.writing() as storage:
        committed = await storage.write(
            lambda tx: connection_of(tx).exec_driver_sql(f"select {', '.join(shown)}").one()
        )
    assert tuple(committed.value) == tuple(wanted.values())


Asked = Callable[[], Awaitable[None]]


async def test_work_that_computes_for_long_does_not_cost_the_lock(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recomputation keeps the event loop from its turn, and so from hearing the database's answers."""
    storage = await opened(database.url)
    try:
        first = await epoch(database)

        def work(tx: Transaction) -> str:
            tx.journal.exclude_other_ratings()
            until = monotonic() + 2 * (ANSWER_SECONDS_MAX + LATE_ANSWER_SECONDS_MAX)
            while monotonic() < until:
                pass
            return adding("a")(tx)

        assert (await storage.write(work)).value == "a"
        await storage.get_in_touch()
        assert await epoch(database) == first
    finally:
        await storage.close()
