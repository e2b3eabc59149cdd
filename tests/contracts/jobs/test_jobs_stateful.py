"""The queue as a state machine: whatever comes, fails and dies, in any order, its invariants hold."""

import asyncio
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.support.fakes.jobs import FakeBootClock
from tests.support.fakes.ladder import FakeClock, FakeStorage
from toprung.adapters.storage.sqlite.sqlite import SqliteStorage
from toprung.application.jobs.job_endings import JobEndings
from toprung.application.jobs.job_queue import Effect, Handled, JobHandler, JobQueue
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.records import AuditRow
from toprung.application.ports.storage import Storage, Transaction
from toprung.application.writing.event_bus import EventBus
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.bootstrap.wiring import new_nonce
from toprung.domain.jobs.job import (
    DEATHS_MAX,
    Failed,
    Finished,
    Job,
    JobEnding,
    JobId,
    JobKind,
    JobState,
    NewJob,
    Released,
    WorkerDied,
    retries_at_once_max,
)
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.players.player import PlayerId

PLAYERS = 3
WORKERS = 4


class Burier(JobHandler):
    """A handler as far as the queue itself calls it, and writes down what is buried."""

    async def handle(self, job: Job) -> Handled:
        raise NotImplementedError

    def bury(self, tx: Transaction, job: Job) -> None:
        written("buried", job)(tx)

    def revive(self, tx: Transaction, job: Job) -> None:
        written("revived", job)(tx)


def written(action: str, job: Job) -> Effect:
    """An effect that can be counted afterwards."""
    row = AuditRow(at_us=0, actor="", action=action, subject=str(job.id), reason="", details=str(job.attempt))
    return lambda tx: tx.audit.append(row)


class QueueMachine(RuleBasedStateMachine):
    """Some processes, one after the other, at the jobs of some players."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.storage = self.opened()
        self.clock = FakeClock()
        self.boot_clock = FakeBootClock()
        self.instances = 0
        self.held: list[Job] = []  # what the present process has in hand
        self.zombies: list[Job] = []  # what nobody should listen to any more
        self.enqueued: set[JobId] = set()
        self.seen: dict[JobId, Job] = {}
        self.deaths_told: Counter[JobId] = Counter()
        self.revived: Counter[JobId] = Counter()
        self.pruned = 0
        self.start()

    def opened(self) -> Storage:
        return FakeStorage()

    def run(self, coroutine: Any) -> Any:
        return self.loop.run_until_complete(coroutine)

    def start(self) -> None:
        """A new process takes over."""
        self.instances += 1
        self.unit_of_work = UnitOfWork(self.storage, EventBus())
        self.queue = JobQueue(
            unit_of_work=self.unit_of_work,
            clock=self.clock,
            boot_clock=self.boot_clock,
            instance_id=f"process {self.instances}",
            chance=lambda: 0.5,
            handlers={JobKind.REPLAY: Burier()},
            endings=JobEndings(),
        )

    def jobs(self) -> list[Job]:
        return list(self.run(self.storage.read(lambda tx: tx.lookups.jobs(1_000))))

    def audited(self, action: str) -> Counter[JobId]:
        raise NotImplementedError

    @initialize()
    def register(self) -> None:
        new = [NewPlayer(name=str(number), name_key=str(number)) for number in range(PLAYERS)]
        self.players = [player.id for player in self.run(self.storage.write(lambda tx: tx.players.add(new))).value]

    @rule(player=st.integers(0, PLAYERS - 1), key=st.integers(0, 12), is_kept=st.booleans())
    def enqueue(self, player: int, key: int, is_kept: bool) -> None:
        new = NewJob(
            kind=JobKind.REPLAY,
            payload=str(key),
            dedup_key=str(key),
            player_id=PlayerId(self.players[player]),
            enqueued_at_us=self.clock.now_us(),
        )
        open_keys = {job.dedup_key: job.id for job in self.jobs() if job.state is not JobState.DONE}

        def work(tx: Transaction) -> Job:
            job = tx.jobs.enqueue(new)
            if not is_kept:
                raise LookupError("the caller's own work failed")
            return job

        try:
            job = self.run(self.unit_of_work.run(work))
        except LookupError:
            return
        assert (job.id == open_keys[str(key)]) if str(key) in open_keys else (job.id not in self.enqueued)
        self.enqueued.add(job.id)

    @precondition(lambda self: len(self.held) < WORKERS)
    @rule(wanted=st.integers(1, WORKERS))
    def claim(self, wanted: int) -> None:
        before = {job.id: job for job in self.jobs()}
        free = min(wanted, WORKERS - len(self.held))
        now = self.boot_clock.now()
        for job in self.run(self.queue.claim(free, workers=WORKERS)):
            old = before[job.id]
            assert old.state is JobState.READY
            assert old.until is None or old.until.is_over(now)
            assert job.attempt == old.attempt + 1
            self.held.append(job)

    def ending(self, job: Job, ending: JobEnding) -> None:
        self.held.remove(job)
        effect = written("done", job) if isinstance(ending, Finished) else None
        after = self.run(self.queue.end(job, Handled(ending, effect)))
        self.zombies.append(job)
        if after is not None and isinstance(ending, WorkerDied):
            self.deaths_told[job.id] += 1

    @precondition(lambda self: self.held)
    @rule(
        data=st.data(),
        ending=st.sampled_from([Finished(), Finished(), Failed("no"), WorkerDied("signal 9"), Released()]),
    )
    def end(self, data: st.DataObject, ending: JobEnding) -> None:
        self.ending(data.draw(st.sampled_from(self.held)), ending)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def fail_in_the_effect(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(self.held))

        def effect(tx: Transaction) -> None:
            written("done", job)(tx)
            raise LookupError("the effect fails when it is half done")

        try:
            after = self.run(self.queue.end(job, Handled(Finished(), effect)))
        except LookupError:
            return  # nothing of it was kept: the job is still held
        assert after is None  # the lease was lost, so the effect did not run

    @precondition(lambda self: self.zombies)
    @rule(data=st.data())
    def a_zombie_speaks(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(self.zombies))
        before = self.jobs()
        assert self.run(self.queue.end(job, Handled(Finished(), written("done", job)))) is None
        assert self.run(self.queue.extend([job])) == set()
        assert self.jobs() == before

    @rule(seconds=st.sampled_from([0.1, 1.0, 11.0]))
    def time_passes(self, seconds: float) -> None:
        self.boot_clock.advance(seconds)
        self.clock.advance(us=round(seconds * MICROSECONDS_PER_SECOND))

    @precondition(lambda self: self.held)
    @rule()
    def beat(self) -> None:
        held = self.run(self.queue.extend(self.held))
        self.zombies += [job for job in self.held if job.id not in held]
        self.held = [job for job in self.held if job.id in held]

    @rule()
    def rescue(self) -> None:
        now = self.boot_clock.now()
        rescued = {job.id for job in self.run(self.queue.rescue())}
        lost = [job for job in self.held if job.id in rescued]
        assert all(job.until is not None for job in lost)
        self.zombies += lost
        self.held = [job for job in self.held if job not in lost]
        for job in self.jobs():
            if job.state is JobState.LEASED:
                assert job.instance_id == f"process {self.instances}"
                assert job.until is not None
                assert not job.until.is_over(now)

    @rule(is_reboot=st.booleans())
    def the_process_is_killed(self, is_reboot: bool) -> None:
        self.zombies += self.held
        self.held = []
        if is_reboot:
            self.boot_clock.reboot()
        self.start()
        self.rescue()
        assert all(job.state is not JobState.LEASED for job in self.jobs())

    @precondition(lambda self: any(job.state is JobState.DEAD for job in self.jobs()))
    @rule(data=st.data())
    def revive(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from([job for job in self.jobs() if job.state is JobState.DEAD]))
        again = self.run(self.queue.retry(job.id))
        assert again.state is JobState.READY
        self.revived[job.id] += 1

    @rule()
    def prune(self) -> None:
        self.clock.advance(days=8)
        done = {job.id for job in self.jobs() if job.state is JobState.DONE}
        assert self.run(self.queue.prune()) == len(done)
        self.enqueued -= done
        self.pruned += len(done)
        for job_id in done:
            del self.seen[job_id]

    @invariant()
    def all_holds(self) -> None:
        jobs = {job.id: job for job in self.jobs()}
        assert set(jobs) == self.enqueued  # J5: none is lost, none is made up
        open_keys = Counter(job.dedup_key for job in jobs.values() if job.state is not JobState.DONE)
        assert all(number == 1 for number in open_keys.values())
        for job in jobs.values():
            old = self.seen.get(job.id, job)  # J2: what is counted only grows
            assert job.attempt >= old.attempt
            assert (job.errors, job.deaths, job.interruptions) >= (0, 0, 0)
            assert job.errors >= old.errors
            assert job.deaths >= old.deaths
            assert old.state is not JobState.DONE or job == old  # done is done
            if job.state is JobState.LEASED:  # J1
                assert job.instance_id is not None
                assert job.until is not None
            assert job.deaths == self.deaths_told[job.id]
            assert job.deaths <= DEATHS_MAX + self.revived[job.id]  # J7
        self.seen = jobs
        retries = [job for job in jobs.values() if job.state is JobState.LEASED and job.is_retry]
        mine = [job for job in retries if job.instance_id == f"process {self.instances}"]
        assert len(mine) <= retries_at_once_max(WORKERS)

    def teardown(self) -> None:
        """J3, J4 and J6: with no more faults every job ends, and what is done was done once."""
        for _ in range(200):
            for job in list(self.held):
                self.ending(job, Finished())
            self.boot_clock.advance(61)
            self.rescue()
            self.held += self.run(self.queue.claim(WORKERS, workers=WORKERS))
            if not self.held:
                break
        jobs = self.jobs()
        assert all(job.state in {JobState.DONE, JobState.DEAD} for job in jobs)
        self.check_effects(jobs)
        self.run(self.storage.close())
        self.loop.close()

    def check_effects(self, jobs: list[Job]) -> None:
        assert isinstance(self.storage, FakeStorage)
        audit = self.storage.database.audit
        effects = Counter(row.subject for row in audit if row.action == "done")
        assert all(number == 1 for number in effects.values())
        assert {str(job.id) for job in jobs if job.state is JobState.DONE} <= set(effects)
        assert len(effects) == self.pruned + sum(job.state is JobState.DONE for job in jobs)
        buried = Counter(row.subject for row in audit if row.action == "buried")
        for job in jobs:
            assert buried[str(job.id)] == self.revived[job.id] + (job.state is JobState.DEAD)


class SqliteQueueMachine(QueueMachine):
    """The same on a database, where fewer steps are affordable."""

    def opened(self) -> Storage:
        self.folder = tempfile.TemporaryDirectory()
        return self.run(SqliteStorage.open_for_writing(Path(self.folder.name) / "jobs.db", new_nonce=new_nonce))  # type: ignore[no-any-return]

    def check_effects(self, jobs: list[Job]) -> None:
        pass  # the audit can only be written through the port; the fake's is read

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


TestQueue = QueueMachine.TestCase
TestQueue.settings = settings(max_examples=60, stateful_step_count=40)
TestSqliteQueue = SqliteQueueMachine.TestCase
TestSqliteQueue.settings = settings(max_examples=4, stateful_step_count=25)
