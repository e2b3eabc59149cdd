"""Jobs per second through the queue: enqueued, claimed, and ended with an effect, each in a durable transaction."""

import asyncio
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.measuring import FULL, Plan, Results, rounded
from benchmarks.postgres_server import postgres_server
from toprung.adapters.boot_clock import SystemBootClock
from toprung.adapters.clock import SystemClock
from toprung.adapters.jobs.workers import JobWorkers
from toprung.adapters.storage.postgres.postgres import PostgresStorage
from toprung.adapters.storage.sqlite.sqlite import SqliteStorage
from toprung.application.jobs.job_endings import JobEndings
from toprung.application.jobs.job_queue import Handled, JobHandler, JobHistory, JobQueue
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.storage import Storage, Transaction
from toprung.application.writing.event_bus import EventBus
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.bootstrap.wiring import new_nonce
from toprung.domain.jobs.job import Finished, Job, JobKind, NewJob
from toprung.domain.players.player import PlayerId
from toprung.domain.replays.replay_upload import ReplayFile

JOBS: Final = 500
AT_A_TIME: Final = 50
PLAYERS: Final = 20
WORKERS: Final = (1, 2, 8)


class Keeping(JobHandler):
    """A handler that does nothing but keep a row."""

    async def handle(self, job: Job) -> Handled:
        """See `JobHandler`."""
        file = ReplayFile(sha256=job.payload, size_bytes=1, first_uploaded_at_us=0)
        return Handled(Finished(), lambda tx: tx.replays.add_file(file))

    def bury(self, tx: Transaction, job: Job) -> None:
        """See `JobHandler`."""

    def revive(self, tx: Transaction, job: Job) -> None:
        """See `JobHandler`."""


class CountedQueue(JobQueue):
    """The queue, and when so many jobs are done."""

    left = 0
    is_done: asyncio.Event

    async def end(self, job: Job, handled: Handled) -> Job | None:
        """See `JobQueue`."""
        after = await super().end(job, handled)
        self.left -= 1
        if not self.left:
            self.is_done.set()
        return after


async def _measure(storage: Storage, jobs: int, workers: int) -> Results:
    unit_of_work, clock, handler = UnitOfWork(storage, EventBus()), SystemClock(), Keeping()
    queue = CountedQueue(
        unit_of_work=unit_of_work,
        clock=clock,
        boot_clock=SystemBootClock(),
        instance_id="benchmark",
        chance=lambda: 0.5,
        handlers={JobKind.REPLAY: handler},
        endings=JobEndings(),
    )
    history = JobHistory(unit_of_work=unit_of_work, clock=clock)
    loop = JobWorkers(queue=queue, history=history, handlers={JobKind.REPLAY: handler}, workers=workers)
    players = await unit_of_work.run(
        lambda tx: tx.players.add([NewPlayer(name=f"{workers} {n}", name_key=f"{workers} {n}") for n in range(PLAYERS)])
    )
    numbers = iter(range(jobs))

    async def enqueue() -> None:
        for number in numbers:
            key = f"{workers:032x}{number:032x}"
            player_id: PlayerId = players[number % PLAYERS].id
            new = NewJob(
                kind=JobKind.REPLAY, payload=key, dedup_key=key, player_id=player_id, enqueued_at_us=clock.now_us()
            )
            await unit_of_work.run(lambda tx, new=new: tx.jobs.enqueue(new))  # type: ignore[misc]

    queue.left, queue.is_done = jobs, asyncio.Event()
    started = perf_counter()
    await asyncio.gather(*(enqueue() for _ in range(AT_A_TIME)))
    enqueued = perf_counter()
    running = asyncio.create_task(loop.run())
    await queue.is_done.wait()
    ended = perf_counter()
    loop.stop()
    await running
    return {
        "enqueued_per_second": rounded(jobs / (enqueued - started)),
        "ended_per_second": rounded(jobs / (ended - enqueued)),
    }


async def _measure_storage(storage: Storage, plan: Plan) -> Results:
    jobs = plan.times(JOBS)
    return {str(workers): await _measure(storage, jobs, workers) for workers in WORKERS}


def measure(plan: Plan) -> Results:
    """Jobs per second by database and number of workers."""
    return asyncio.run(_measure_all(plan))


async def _measure_all(plan: Plan) -> Results:
    results: Results = {"jobs": plan.times(JOBS)}
    with tempfile.TemporaryDirectory(prefix="toprung-jobs-") as folder:
        storage: Storage = await SqliteStorage.open_for_writing(Path(folder) / "jobs.db", new_nonce=new_nonce)
        results["sqlite"] = await _measure_storage(storage, plan)
        await storage.close()
    if plan.with_postgres:
        with postgres_server() as address:
            storage = await PostgresStorage.open_for_writing(address("postgres"), new_nonce=new_nonce)
            results["postgresql"] = await _measure_storage(storage, plan)
            await storage.close()
    return results


if __name__ == "__main__":
    import json

    print(json.dumps(measure(FULL), indent=1))
