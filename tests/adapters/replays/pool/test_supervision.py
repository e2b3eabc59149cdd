"""Children that are lost, too old or too big between jobs; those that cannot start; and the end of it all."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.adapters.replays.pool.pools import NEVER_SECONDS, answered_by, command, do, limits, running_pool
from toprung.adapters.replays.pool.crash_loop import FAILURES_MAX
from toprung.adapters.replays.pool.pool import CHILD_COMMAND, WAITING_MAX, ReplayPool
from toprung.application.ports.replays import Parsed, ParseOutcome, Returned, TimedOut, TooBig, Unavailable
from toprung.application.replays.pool_health import NO_POOL, PoolHealth
from toprung.domain.replays.replay import REPLAY_BYTES_MAX

ROOT = Path(__file__).parents[4]


def idle_pids(health: PoolHealth) -> list[int]:
    return [child.pid for child in health.children if child.state == "idle"]


async def all_idle(pool: ReplayPool) -> list[int]:
    """The idle children, once as many answer as there can be."""
    while len(idle_pids(pool.health())) < pool.health().workers + 1:
        await answered_by(pool)  # a job is what there is to wait for
    return idle_pids(pool.health())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_children_that_die_idle_harm_no_job_and_are_replaced(number: signal.Signals) -> None:
    async with running_pool() as pool:
        before = await all_idle(pool)
        for pid in before:
            os.kill(pid, number)
        # Not even noticed yet: the jobs find out, and are given to others.
        answered = await asyncio.gather(*(answered_by(pool) for _ in range(6)))
        assert not set(answered) & set(before)
        await all_idle(pool)
    assert sum(pool.health().retired.values()) == 6
    assert pool.health().outcomes.keys() == {"Parsed"}


async def test_a_job_that_meets_a_stopped_child_is_given_to_another() -> None:
    async with running_pool(limited=limits(job_seconds_max=0.5)) as pool:
        before = await all_idle(pool)
        os.kill(before[0], signal.SIGSTOP)
        os.kill(before[1], signal.SIGSTOP)
        assert set(await asyncio.gather(*(answered_by(pool) for _ in range(4)))).isdisjoint(before[:2])
        assert pool.health().retired["silent"] == 2


async def test_a_child_that_is_stopped_while_idle_is_found_and_replaced() -> None:
    async with running_pool(limited=limits(ping_every_seconds=0.02)) as pool:
        stopped = (await all_idle(pool))[0]
        os.kill(stopped, signal.SIGSTOP)
        process = psutil.Process(stopped)
        await asyncio.to_thread(process.wait, 30)
        await all_idle(pool)
    assert pool.health().retired["silent"] == 1


async def test_a_pool_closes_while_a_child_that_is_stopped_is_asked_whether_it_is_there() -> None:
    patient = limits(ping_every_seconds=0.02, ping_seconds_max=NEVER_SECONDS)
    async with running_pool(workers=1, limited=patient) as pool:
        stopped = (await all_idle(pool))[0]
        os.kill(stopped, signal.SIGSTOP)
        async with asyncio.timeout(NEVER_SECONDS):
            for _ in iter(lambda: {child.pid: child.state for child in pool.health().children}[stopped], "busy"):
                await asyncio.sleep(0)
            await pool.close(grace_seconds=0)


async def test_children_go_after_so_many_jobs() -> None:
    async with running_pool(workers=1, limited=limits(jobs_max=3)) as pool:
        pids = [await answered_by(pool) for _ in range(12)]
        assert max(pids.count(pid) for pid in pids) <= 3
    assert pool.health().retired["jobs"] == sum(pids.count(pid) == 3 for pid in set(pids))
    assert len(set(pids)) >= 4


async def test_children_go_when_they_have_grown() -> None:
    async with running_pool(workers=1, limited=limits(rss_bytes_max=64 * 1024 * 1024)) as pool:
        assert isinstance(await do(pool, "grow"), Parsed)
        await answered_by(pool)
    assert pool.health().retired["memory"] == 1


async def test_children_go_when_they_are_old_and_never_all_at_once() -> None:
    moved = 0.0
    loop = asyncio.get_running_loop()
    async with running_pool(limited=limits(age_seconds_max=3_600), clock=lambda: loop.time() + moved) as pool:
        old = await all_idle(pool)
        moved = 3_601.0
        answered = [await answered_by(pool) for _ in range(20)]
        assert answered[0] in old  # it is given back first, and only then found to be old
        assert max(answered.count(pid) for pid in old) == 1
    assert pool.health().retired["age"] == len(set(answered) & set(old))


async def test_a_child_that_is_too_big_from_birth_does_its_job_before_it_goes() -> None:
    async with running_pool(workers=1, limited=limits(rss_bytes_max=1)) as pool:
        assert len({await answered_by(pool) for _ in range(4)}) == 4
    assert pool.health().retired["memory"] == 4


async def test_what_cannot_start_is_not_tried_for_ever_and_jobs_are_told() -> None:
    async with running_pool("unbootable") as pool:
        waiting = [asyncio.create_task(pool.parse(b"hello")) for _ in range(5)]
        outcomes = await asyncio.gather(*waiting)
        assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
        health = pool.health()
        assert health.status == "degraded"
        assert health.circuit_seconds is not None
        assert 0 < health.circuit_seconds <= 5
        assert FAILURES_MAX < health.failed_boots <= FAILURES_MAX + 3
        assert health.boots == 0
        later = await pool.parse(b"hello")  # at once: nobody can come
        assert isinstance(later, Unavailable)
        assert 0 < later.retry_after_seconds <= 5


async def test_a_command_that_is_not_there_is_a_failing_start_as_well() -> None:
    pool = ReplayPool(
        workers=1, clock=asyncio.get_running_loop().time, command=("/there/is/no/such/program",), limits=limits()
    )
    pool.start()
    assert isinstance(await pool.parse(b"hello"), Unavailable)
    assert pool.health().status == "degraded"
    await pool.close()


async def test_children_come_back_once_the_circuit_lets_one_through() -> None:
    """With a clock that is moved: five seconds pass at once."""
    moved = 0.0
    loop = asyncio.get_running_loop()
    orders = list(command("unbootable"))
    pool = ReplayPool(workers=1, clock=lambda: loop.time() + moved, command=orders, limits=limits())
    pool.start()
    assert isinstance(await pool.parse(b"hello"), Unavailable)
    while pool.health().children:  # noqa: ASYNC110 - those that are on their way already fail first
        await asyncio.sleep(0)
    orders[-1] = "sandboxed"
    moved = 5.0
    await answered_by(pool)  # a job that comes then is what finds out
    assert pool.health().status == "ok"
    await pool.close()


async def test_a_child_that_does_not_get_ready_is_killed_in_time() -> None:
    async with running_pool("mute", workers=1, limited=limits(boot_seconds_max=0.05)) as pool:
        assert isinstance(await pool.parse(b"hello"), Unavailable)
        assert pool.health().failed_boots > FAILURES_MAX


async def test_before_the_start_and_without_workers_nobody_reads() -> None:
    clock = asyncio.get_running_loop().time
    assert isinstance(await ReplayPool(workers=2, clock=clock).parse(b"hello"), Unavailable)
    off = ReplayPool(workers=0, clock=clock)
    off.start()
    assert isinstance(await off.parse(b"hello"), Unavailable)
    assert off.health() == NO_POOL
    await off.close()


async def test_a_file_that_is_too_long_is_not_even_sent() -> None:
    async with running_pool(workers=1) as pool:
        assert isinstance(await pool.parse(bytes(REPLAY_BYTES_MAX + 1)), TooBig)
        outcome = await pool.parse(b"x" * REPLAY_BYTES_MAX)
        assert isinstance(outcome, Parsed)
        assert f'"bytes":{REPLAY_BYTES_MAX}'.encode() in outcome.payload


async def test_only_so_many_wait() -> None:
    async with running_pool(workers=1) as pool:
        jobs = [asyncio.create_task(pool.parse(b"hello")) for _ in range(WAITING_MAX + 10)]
        outcomes = await asyncio.gather(*jobs)
        assert sum(isinstance(outcome, Unavailable) for outcome in outcomes) == 10
        assert sum(isinstance(outcome, Parsed) for outcome in outcomes) == WAITING_MAX


async def test_a_caller_that_gives_up_leaves_nothing_broken() -> None:
    async with running_pool(workers=1) as pool:
        await answered_by(pool)
        given_up = [asyncio.create_task(do(pool, "spin")) for _ in range(3)]
        for _ in range(5):
            await asyncio.sleep(0)
        assert pool.health().jobs_running == 1
        assert pool.health().jobs_waiting == 2
        for task in reversed(given_up):
            task.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
        assert all(task.cancelled() for task in given_up)
        await answered_by(pool)
        assert pool.health().jobs_running == pool.health().jobs_waiting == 0
    assert pool.health().retired["given up"] == 1


async def test_closing_lets_running_jobs_finish_and_returns_the_waiting_ones() -> None:
    async with running_pool(workers=1, limited=limits(job_seconds_max=0.4)) as pool:
        await answered_by(pool)
        running = asyncio.create_task(do(pool, "spin"))
        waiting = [asyncio.create_task(pool.parse(b"hello")) for _ in range(3)]
        for _ in range(5):
            await asyncio.sleep(0)
        await pool.close()
        assert await running == TimedOut(seconds_max=0.4)
        assert [await task for task in waiting] == [Returned()] * 3
        assert await pool.parse(b"hello") == Returned()


async def test_closing_without_grace_returns_the_running_jobs_too() -> None:
    async with running_pool() as pool:
        await answered_by(pool)
        running = [asyncio.create_task(do(pool, murder)) for murder in ("spin", "ignore sigterm")]
        for _ in range(5):
            await asyncio.sleep(0)
        await pool.close(grace_seconds=0)
        assert [await task for task in running] == [Returned()] * 2


async def test_closing_while_children_boot_leaves_none() -> None:
    async with running_pool("mute") as pool:
        job = asyncio.create_task(pool.parse(b"hello"))
        await asyncio.sleep(0)
        await pool.close()
        outcome: ParseOutcome = await job
        assert outcome == Returned()


async def test_starting_does_not_wait_for_anything() -> None:
    pool = ReplayPool(workers=8, clock=asyncio.get_running_loop().time, command=command("mute"), limits=limits())
    pool.start()
    assert pool.health() == PoolHealth(status="starting", workers=8)
    await pool.close()


async def test_it_says_that_it_is_up_once_and_only_when_there_is_a_child_for_a_job() -> None:
    pool = ReplayPool(workers=2, clock=asyncio.get_running_loop().time, command=command("sandboxed"), limits=limits())
    calls, is_up = [0], asyncio.Event()

    def up() -> None:
        calls[0] += 1
        assert pool.health().status == "ok"
        is_up.set()

    pool.start(up=up)
    assert not is_up.is_set()
    await asyncio.wait_for(is_up.wait(), 60)
    await answered_by(pool)
    await do(pool, "exit 1")
    await answered_by(pool)
    await pool.close()
    assert calls == [1]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel kills the orphans")
def test_no_child_outlives_a_parent_that_is_killed() -> None:
    script = (
        "import asyncio, sys, json\n"
        "from toprung.adapters.replays.pool.pool import ReplayPool\n"
        "async def main():\n"
        f"    pool = ReplayPool(workers=2, clock=asyncio.get_running_loop().time, command={command('sandboxed')!r})\n"
        "    pool.start()\n"
        "    jobs = [asyncio.create_task(pool.parse(b'hello')) for _ in range(50)]\n"
        "    await asyncio.gather(*jobs)\n"
        "    busy = asyncio.create_task(pool.parse(json.dumps({'do': 'ignore sigterm'}).encode()))\n"
        "    while pool.health().jobs_running < 1 or len(pool.health().children) < 3:\n"
        "        await asyncio.sleep(0)\n"
        "    sys.stdout.write(' '.join(str(child.pid) for child in pool.health().children) + '\\n')\n"
        "    sys.stdout.flush()\n"
        "    await busy\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT, text=True) as parent:
        assert parent.stdout is not None
        orphans = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        parent.kill()
    assert len(orphans) == 3
    _, alive = psutil.wait_procs(orphans, timeout=10)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


def test_the_child_is_started_by_the_name_of_its_module_and_isolated() -> None:
    assert (sys.executable, "-I", "-B", "-m", "toprung.adapters.replays.child.child") == CHILD_COMMAND
