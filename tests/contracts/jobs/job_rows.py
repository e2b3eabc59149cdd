"""Jobs as tests of the queue enqueue, claim and end them."""

from collections.abc import Callable
from typing import TypeVar

from toprung.application.ports.storage import Storage, Transaction
from toprung.domain.jobs.job import (
    BootMoment,
    Failed,
    Job,
    JobKind,
    NewJob,
    ended,
)
from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import PlayerId
from toprung.domain.replays.replay_upload import ReplayUpload

T = TypeVar("T")
NOW = BootMoment(boot_id="boot", us=1_000_000)
LATER = NOW.after_seconds(10)


async def write(storage: Storage, work: Callable[[Transaction], T]) -> T:
    return (await storage.write(work)).value


def uploads_of(
    tx: Transaction, limit: int, *, player_id: PlayerId | None = None, match_id: MatchId | None = None
) -> list[ReplayUpload]:
    found = tx.lookups.uploads(limit, player_id=player_id, match_id=match_id)
    assert all(file == tx.replays.file(upload.sha256) for upload, file in found)
    return [upload for upload, _ in found]


def new_job(player_id: PlayerId | None, key: str, at_us: int = 1) -> NewJob:
    return NewJob(kind=JobKind.REPLAY, payload=key, dedup_key=key, player_id=player_id, enqueued_at_us=at_us)


def enqueueing(player_id: PlayerId | None, *keys: str) -> Callable[[Transaction], list[Job]]:
    return lambda tx: [tx.jobs.enqueue(new_job(player_id, key)) for key in keys]


def claiming(
    *, instance_id: str = "one", now: BootMoment = NOW, until: BootMoment = LATER, retries_max: int = 100
) -> Callable[[Transaction], Job | None]:
    return lambda tx: tx.jobs.claim(instance_id=instance_id, now=now, until=until, retries_max=retries_max)


async def claimed(storage: Storage, **given: object) -> Job:
    job = await write(storage, claiming(**given))  # type: ignore[arg-type]
    assert job is not None
    return job


async def failed(storage: Storage, job: Job, *, at: BootMoment = NOW) -> Job:
    after = ended(job, Failed("no"), now=at, now_us=5, chance=0.5)
    assert await write(storage, lambda tx: tx.jobs.settle(after))
    stored = await storage.read(lambda tx: tx.jobs.get(job.id))
    assert stored is not None
    return stored
