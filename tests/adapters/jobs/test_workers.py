"""The loop that works at jobs: when it claims, what it does about trouble, and how it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.intake import MemoryIntake, hash_of, replay, until
from toprung.adapters.jobs.workers import WorkerLimits
from toprung.application.ports.replays import Died, TimedOut, Unavailable
from toprung.domain.jobs.job import LEASE_SECONDS, JobState
from toprung.domain.players.player import PlayerId
from toprung.domain.replays.replay_upload import UploadState

ANN, BOB = PlayerId(1), PlayerId(2)


@asynccontextmanager
async def working(intake: MemoryIntake) -> AsyncIterator[None]:
    """While this lasts the workers work."""
    running = asyncio.create_task(intake.workers.run())
    try:
        yield
    finally:
        intake.workers.stop()
        await running


class Held:
    """Holds the files that it is told of in the parser, until it lets them go."""

    def __init__(self, intake: MemoryIntake, *files: bytes) -> None:
        self._gates = {hash_of(data): asyncio.Event() for data in files}
        self.at_work: list[str] = []
        intake.parser.before = self._wait

    async def _wait(self, data: bytes) -> None:
        if hash_of(data) in self._gates:
            self.at_work.append(hash_of(data))
            await self._gates[hash_of(data)].wait()

    def let_go(self, data: bytes) -> None:
        self._gates[hash_of(data)].set()


def is_done(intake: MemoryIntake, *job_ids: int) -> bool:
    return all(intake.job(job_id).state is JobState.DONE for job_id in job_ids or (1,))


async def test_a_new_job_begins_at_once() -> None:
    intake = MemoryIntake().people()
    async with working(intake):
        await until(lambda: intake.storage.reads >= 2)  # nothing to do: the loop waits
        await intake.replays.submit(ANN, None, replay())
        await until(lambda: is_done(intake))
    assert intake.upload().state is UploadState.READ


async def test_as_many_jobs_as_workers_and_the_next_when_one_is_free() -> None:
    intake = MemoryIntake(workers=2).people()
    held = Held(intake, replay(1), replay(2), replay(3))
    for number in (1, 2, 3):
        await intake.replays.submit(ANN, None, replay(number))
    async with working(intake):
        await until(lambda: len(held.at_work) == 2)
        assert intake.job(3).state is JobState.READY
        held.let_go(replay(2))
        await until(lambda: len(held.at_work) == 3)
        assert intake.workers.running == 2
        held.let_go(replay(1))
        held.let_go(replay(3))
        await until(lambda: is_done(intake, 1, 2, 3))


async def test_a_flood_of_one_player_lets_another_through() -> None:
    intake = MemoryIntake(workers=1).people()
    for number in range(50):
        await intake.replays.submit(ANN, None, replay(number))
    await intake.replays.submit(BOB, None, replay(99))
    async with working(intake):
        await until(lambda: is_done(intake, 51))
        assert intake.parser.parsed.index(hash_of(replay(99))) <= 2
        await until(lambda: is_done(intake, *range(1, 52)))


async def test_poison_holds_half_of_the_workers_at_most() -> None:
    intake = MemoryIntake(workers=4).people()
    poison = [replay(number) for number in range(6)]
    for data in poison:
        intake.parser.tell(data, TimedOut(seconds_max=2.5))
        await intake.replays.submit(ANN, None, data)
    async with working(intake):
        await until(lambda: all(job.errors == 1 for job in intake.all_jobs))
        held = Held(intake, *poison)
        intake.boot_clock.advance(1)
        intake.workers.wake()
        await until(lambda: len(held.at_work) == 2)
        await intake.replays.submit(BOB, None, replay(50))
        await until(lambda: is_done(intake, 7) and intake.workers.running == 2)
        assert len(held.at_work) == 2
        intake.parser.before = None
        for data in poison:
            held.let_go(data)
        while intake.job(1).state is not JobState.DEAD or any(job.state is JobState.READY for job in intake.all_jobs):
            intake.boot_clock.advance(1)
            intake.workers.wake()
            await asyncio.sleep(0)


async def test_the_jobs_of_a_process_that_is_gone_are_taken_up_at_the_start() -> None:
    gone = MemoryIntake(instance_id="gone").people()
    await gone.replays.submit(ANN, None, replay())
    await gone.queue.claim(1, workers=1)
    intake = MemoryIntake(storage=gone.storage, archive=gone.archive, boot_clock=gone.boot_clock)
    async with working(intake):
        await until(lambda: is_done(gone))
    assert (gone.job().interruptions, gone.job().attempt, gone.job().deaths) == (1, 2, 0)


async def test_leases_are_extended_while_a_job_goes_on() -> None:
    intake = MemoryIntake(workers=2, worker_limits=WorkerLimits(beat_seconds=0.0)).people()  # at every turn
    held = Held(intake, replay())
    await intake.replays.submit(ANN, None, replay())
    async with working(intake):
        await until(lambda: bool(held.at_work))
        for _ in range(5):
            before = intake.job().until
            assert before is not None
            intake.boot_clock.advance(LEASE_SECONDS - 1)
            intake.workers.wake()
            await until(lambda: intake.job().until != before)  # noqa: B023 - awaited before it changes
        held.let_go(replay())
        await until(lambda: is_done(intake))
    assert (intake.job().attempt, intake.job().interruptions) == (1, 0)


async def test_a_database_that_refuses_does_not_end_the_loop() -> None:
    intake = MemoryIntake(worker_limits=WorkerLimits(breath_seconds=0.0)).people()
    await intake.replays.submit(ANN, None, replay())
    intake.storage.fail_writes(3)
    async with working(intake):
        await until(lambda: is_done(intake))


async def test_an_end_that_cannot_be_kept_comes_again_when_the_lease_runs_out() -> None:
    intake = MemoryIntake(worker_limits=WorkerLimits(beat_seconds=0.0, breath_seconds=0.0)).people()
    held = Held(intake, replay())
    await intake.replays.submit(ANN, None, replay())
    async with working(intake):
        await until(lambda: bool(held.at_work))
        await until(lambda: intake.job().state is JobState.LEASED)
        gate = intake.storage.hold_commits()
        held.let_go(replay())
        await gate.reached()
        intake.storage.fail_writes(4)
        gate.open()
        intake.boot_clock.advance(LEASE_SECONDS + 1)
        await until(lambda: is_done(intake))
    assert intake.upload().state is UploadState.READ


async def test_while_nobody_can_read_no_job_is_begun_again_and_again() -> None:
    intake = MemoryIntake(workers=1).people()
    intake.parser.tell(replay(), Unavailable(retry_after_seconds=3_600))
    for number in range(1, 20):
        await intake.replays.submit(ANN, None, replay(number))
    async with working(intake):
        await until(lambda: bool(intake.parser.parsed) and intake.workers.running == 0)
        for _ in range(50):
            intake.workers.wake()
            await asyncio.sleep(0)
        assert len(intake.parser.parsed) == 1
    assert [job.state for job in intake.all_jobs] == [JobState.READY] * 19


async def test_a_handler_that_stumbles_is_a_failed_attempt() -> None:
    intake = MemoryIntake().people()

    async def stumble(data: bytes) -> None:
        raise ZeroDivisionError

    intake.parser.before = stumble
    await intake.replays.submit(ANN, None, replay())
    async with working(intake):
        await until(lambda: intake.job().errors == 1)
    assert "ZeroDivisionError" in (intake.job().last_error or "")


async def test_a_judge_that_stumbles_is_a_failed_attempt() -> None:
    intake = MemoryIntake().people()
    intake.judge.failures = 1
    await intake.replays.submit(ANN, None, replay())
    async with working(intake):
        await until(lambda: intake.job().errors == 1)
    assert intake.upload().state is UploadState.RECEIVED


async def test_a_stop_lets_what_is_worked_at_finish() -> None:
    intake = MemoryIntake().people()
    held = Held(intake, replay(1))
    await intake.replays.submit(ANN, None, replay(1))
    running = asyncio.create_task(intake.workers.run())
    await until(lambda: bool(held.at_work))
    intake.workers.stop()
    await intake.replays.submit(ANN, None, replay(2))
    held.let_go(replay(1))
    await running
    assert [job.state for job in intake.all_jobs] == [JobState.DONE, JobState.READY]


async def test_a_stop_gives_back_uncharged_what_does_not_finish() -> None:
    intake = MemoryIntake(worker_limits=WorkerLimits(stop_seconds_max=0.0)).people()
    held = Held(intake, replay())
    await intake.replays.submit(ANN, None, replay())
    async with working(intake):
        await until(lambda: bool(held.at_work))
    job = intake.job()
    assert (job.state, job.is_retry, job.interruptions, job.until) == (JobState.READY, False, 0, None)


async def test_the_numbers_are_at_hand() -> None:
    intake = MemoryIntake().people()
    intake.parser.tell(replay(), Died(exit_code=1, signal=None))
    await intake.replays.submit(ANN, None, replay())
    await intake.work_off_with_retries()
    async with working(intake):
        await until(lambda: intake.workers.stats.dead == 1)
    assert intake.workers.stats == await intake.jobs.stats()
