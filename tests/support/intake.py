"""An intake of replays in memory, put together as `bootstrap` does it, with a parser that does as it is told."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from tests.support.composed import composed
from tests.support.fakes.jobs import FakeBootClock, FakeReplayArchive
from tests.support.fakes.ladder import FakeBackups, FakeClock, FakeStorage, FakeTransaction, stored
from tests.support.replays.synthetic_replay import SyntheticGame, replay_of
from toprung.adapters.jobs.workers import LIMITS as WORKER_LIMITS
from toprung.adapters.jobs.workers import JobWorkers, WorkerLimits
from toprung.adapters.replays.child.parser import parse_replay
from toprung.application.ports.clock import Clock
from toprung.application.ports.replays import Parsed, ParseOutcome, ReplayArchive, ReplayParser
from toprung.application.ports.storage import Storage, Transaction
from toprung.application.replays.replay_service import IntakeLimits
from toprung.domain.game.catalog import Catalog, Race
from toprung.domain.jobs.job import Job, JobId, JobKind
from toprung.domain.matches.match import FinalMatch, MatchResult, Participant
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.replays.replay import ReplayReading
from toprung.domain.replays.replay_upload import READ, ReplayUpload, UploadId, UploadVerdict

REPLAY_BYTES_MAX = 10_000


ANSWER: Final = parse_replay(replay_of(SyntheticGame()))
"""What the parser says of a replay."""

TEST_CATALOG: Final = Catalog(code="test", name="Test", races=(Race(code="zerg", name="Zerg", short="Z"),))


def replay(number: int = 1, size: int = 64) -> bytes:
    """Bytes that begin as a replay does, different for each number."""
    return (b"MPQ\x1b" + f"replay {number} ".encode()).ljust(size, b"\0")


def hash_of(data: bytes) -> str:
    """The name under which bytes are kept."""
    return sha256(data).hexdigest()


def parsed(data: bytes) -> Parsed:
    """What a parser says of such bytes: the game is the same where the text in them is."""
    return Parsed(payload=json.dumps({**ANSWER, "fingerprint": hash_of(data.rstrip(b"\0"))}).encode())


@dataclass
class ScriptedParser:
    """Implements `ReplayParser`. Each file comes to what `outcomes` says of its hash, one after the other; else it is
    read. `before` is awaited first, so that a test can hold a job there."""

    outcomes: dict[str, list[ParseOutcome]] = field(default_factory=dict)
    parsed: list[str] = field(default_factory=list)
    before: Callable[[bytes], Awaitable[None]] | None = None

    def tell(self, data: bytes, *outcomes: ParseOutcome) -> None:
        """Says what becomes of a file; the last one goes on for ever."""
        self.outcomes[hash_of(data)] = list(outcomes)

    async def parse(self, data: bytes) -> ParseOutcome:
        self.parsed.append(hash_of(data))
        if self.before is not None:
            await self.before(data)
        told = self.outcomes.get(hash_of(data), [])
        if not told:
            return parsed(data)
        return told.pop(0) if len(told) > 1 else told[0]


@dataclass
class WatchedJudge:
    """A `Judge` that says that a replay was read and no more, or what it is told to; fails if it is to."""

    failures: int = 0
    verdict: UploadVerdict = READ

    def judge(self, tx: Transaction, upload: ReplayUpload, reading: ReplayReading) -> UploadVerdict:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("this judge fails")
        return self.verdict


class MemoryIntake:
    """The intake on a storage, by default one in memory with nobody in it."""

    def __init__(
        self,
        *,
        workers: int = 2,
        storage: Storage | None = None,
        clock: Clock | None = None,
        archive: ReplayArchive | None = None,
        boot_clock: FakeBootClock | None = None,
        instance_id: str = "this process",
        catalog: Catalog = TEST_CATALOG,
        judges_by_claims: bool = False,
        parser: ReplayParser | None = None,
        worker_limits: WorkerLimits = WORKER_LIMITS,
        **rules: Any,
    ) -> None:
        self.clock = FakeClock()
        self.boot_clock = boot_clock or FakeBootClock()
        self.storage = storage if isinstance(storage, FakeStorage) else FakeStorage()
        self.archive = FakeReplayArchive()
        self.backups = FakeBackups()
        self.parser = ScriptedParser()
        self.judge = WatchedJudge()
        self.announced = 0
        rules = {
            "judge": None if judges_by_claims else self.judge.judge,
            "intake": IntakeLimits(replay_bytes_max=REPLAY_BYTES_MAX),
            **rules,
        }
        self.ladder = composed(
            catalog,
            storage or self.storage,
            clock or self.clock,
            ports={
                "archive": archive or self.archive,
                "backups": self.backups,
                "boot_clock": self.boot_clock,
                "parser": parser or self.parser,
                "instance_id": instance_id,
            },
            **rules,
        )
        self.unit_of_work, self.mods, self.endings = self.ladder.unit_of_work, self.ladder.mods, self.ladder.endings
        self.queue, self.jobs, self.history = self.ladder.queue, self.ladder.jobs, self.ladder.replays
        self.replays = self.ladder.uploads
        self.handler, self.service = self.ladder.handlers[JobKind.REPLAY], self.ladder.intake
        self.workers = JobWorkers(
            queue=self.queue,
            history=self.jobs,
            handlers=self.ladder.handlers,
            workers=workers,
            limits=worker_limits,
        )
        self.ladder.job_bell.answered_by(self.announce)

    def people(self) -> "MemoryIntake":
        """Puts two players there, and a match of theirs."""
        stored(self.storage, Player(id=PlayerId(1), name="Maru"), Player(id=PlayerId(2), name="Serral"))
        ann, bob = (Participant(player_id=PlayerId(number), race="zerg") for number in (1, 2))
        match = FinalMatch(
            source_key="a match",
            sides=((ann,), (bob,)),
            result=MatchResult.SIDE_1_WON,
            ended_at_us=self.clock.now_us(),
        )
        FakeTransaction(self.storage.database).matches.add([match], recorded_at_us=self.clock.now_us())
        return self

    def announce(self) -> None:
        """What tells the workers of a new job."""
        self.announced += 1
        self.workers.wake()

    @property
    def all_jobs(self) -> list[Job]:
        """Every job, the first one first."""
        return [self.storage.database.jobs[job_id] for job_id in sorted(self.storage.database.jobs)]

    def job(self, job_id: int = 1) -> Job:
        """One job, as it is stored."""
        return self.storage.database.jobs[JobId(job_id)]

    def upload(self, upload_id: int = 1) -> ReplayUpload:
        """One upload, as it is stored."""
        return self.storage.database.replay_uploads[UploadId(upload_id)]

    async def work_off(self, *, attempts_max: int = 1_000) -> list[Job]:
        """Claims and ends jobs one by one until none is due; gives them in the order in which they were begun."""
        begun: list[Job] = []
        while len(begun) < attempts_max:
            claimed = await self.queue.claim(1, workers=1)
            if not claimed:
                return begun
            begun += claimed
            await self.queue.end(claimed[0], await self.handler.handle(claimed[0]))
        raise AssertionError("the jobs do not end")

    async def work_off_with_retries(self) -> list[Job]:
        """`work_off`, moving the clock to each job that has to wait."""
        begun = await self.work_off()
        while (seconds := await self.queue.seconds_until_due()) is not None:
            self.boot_clock.advance(seconds)
            begun += await self.work_off()
        return begun


async def until(condition: Callable[[], bool], *, turns: int = 10_000) -> None:
    """Lets the event loop turn until something is so."""
    for _ in range(turns):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("that never came to be so")


def states(jobs: Sequence[Job]) -> list[str]:
    """The states of jobs."""
    return [job.state.value for job in jobs]
