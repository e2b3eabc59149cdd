"""What every backend promises of jobs, replay files and uploads."""

import asyncio
from dataclasses import replace

import pytest

from tests.contracts.jobs.job_rows import LATER, NOW, claimed, claiming, enqueueing, failed, new_job, write
from toprung.application.ports.storage import Storage, Transaction
from toprung.domain.jobs.job import (
    BootMoment,
    Failed,
    Finished,
    Interrupted,
    Job,
    JobId,
    JobKind,
    JobState,
    JobStats,
    Released,
    WorkerDied,
    ended,
)
from toprung.domain.players.player import PlayerId
from toprung.interfaces.job_shapes import job_shape

pytest_plugins = ("tests.support.databases",)


async def test_a_job_comes_back_as_it_was_stored(storage: Storage, players: list[PlayerId]) -> None:
    (job,) = await write(storage, enqueueing(players[0], "a"))
    assert job == Job(
        id=job.id,
        kind=JobKind.REPLAY,
        payload="a",
        dedup_key="a",
        player_id=players[0],
        state=JobState.READY,
        turn=0,
        enqueued_at_us=1,
    )
    assert await storage.read(lambda tx: tx.jobs.get(job.id)) == job
    assert await storage.read(lambda tx: tx.jobs.get(JobId(job.id + 1))) is None
    taken = await claimed(storage)
    expected = replace(job, state=JobState.LEASED, attempt=1, until=LATER, instance_id="one")
    assert taken == expected == await storage.read(lambda tx: tx.jobs.get(job.id))


async def test_enqueueing_is_a_part_of_the_callers_transaction(storage: Storage, players: list[PlayerId]) -> None:
    def work(tx: Transaction) -> None:
        tx.jobs.enqueue(new_job(players[0], "a"))
        raise LookupError("the caller fails")

    with pytest.raises(LookupError):
        await storage.write(work)
    assert await storage.read(lambda tx: tx.lookups.jobs(9)) == []


async def test_one_job_for_a_key_until_it_is_done(storage: Storage, players: list[PlayerId]) -> None:
    (first,) = await write(storage, enqueueing(players[0], "a"))
    assert await write(storage, enqueueing(players[1], "a")) == [first]
    taken = await claimed(storage)
    assert await write(storage, enqueueing(players[1], "a")) == [taken]
    dead = replace(taken, state=JobState.DEAD, until=None, instance_id=None, finished_at_us=9)
    assert await write(storage, lambda tx: tx.jobs.settle(dead))
    assert await write(storage, enqueueing(players[1], "a")) == [dead]
    await write(storage, lambda tx: tx.jobs.revive(dead))
    done = ended(await claimed(storage), Finished(), now=NOW, now_us=9, chance=0)
    assert await write(storage, lambda tx: tx.jobs.settle(done))
    (second,) = await write(storage, enqueueing(players[1], "a"))
    assert second.id != first.id


async def test_many_who_enqueue_the_same_at_the_same_instant_get_one_job(
    storage: Storage, players: list[PlayerId]
) -> None:
    made = await asyncio.gather(*(write(storage, enqueueing(players[n % 3], "a")) for n in range(12)))
    assert len({job.id for (job,) in made}) == 1
    assert len(await storage.read(lambda tx: tx.lookups.jobs(99))) == 1


async def test_many_who_claim_at_the_same_instant_get_different_jobs(storage: Storage, players: list[PlayerId]) -> None:
    await write(storage, enqueueing(players[0], *map(str, range(20))))
    taken = await asyncio.gather(*(write(storage, claiming(instance_id=f"worker {n}")) for n in range(30)))
    got = [job.id for job in taken if job is not None]
    assert len(got) == len(set(got))
    # Who comes while another has the first job in hand may pass by; nobody may get a job twice, and none is forgotten.
    while (job := await write(storage, claiming())) is not None:
        got.append(job.id)
    assert len(got) == len(set(got)) == 20


async def test_players_take_turns(storage: Storage, players: list[PlayerId]) -> None:
    ann, bob, cem = players
    await write(storage, enqueueing(ann, *(f"a{n}" for n in range(6))))
    await write(storage, enqueueing(bob, "b0", "b1"))
    order = [(await claimed(storage)).payload for _ in range(4)]
    await write(storage, enqueueing(cem, "c0", "c1"))
    order += [(await claimed(storage)).payload for _ in range(6)]
    assert order == ["a0", "b0", "a1", "b1", "a2", "c0", "a3", "c1", "a4", "a5"]


async def test_work_that_belongs_to_no_player_takes_turns_as_one_player_does_and_is_listed(
    storage: Storage, players: list[PlayerId]
) -> None:
    ann, _, _ = players
    await write(storage, enqueueing(None, "own 1", "own 2", "own 3"))
    await write(storage, enqueueing(ann, "ann 1"))
    claimed = [await write(storage, claiming()) for _ in range(4)]
    assert [job.payload for job in claimed if job is not None] == ["own 1", "ann 1", "own 2", "own 3"]
    listed = await storage.read(lambda tx: tx.lookups.jobs(9))
    assert [(job.payload, job.player_id) for job in listed] == [
        ("ann 1", ann),
        *((f"own {number}", None) for number in (3, 2, 1)),
    ]
    assert [job_shape(job)["player_id"] for job in listed] == [str(ann), None, None, None]
    assert (await write(storage, enqueueing(None, "own 1")))[0].id == claimed[0].id  # type: ignore[union-attr]
    ended_one = ended(claimed[0], Failed("no"), now=NOW, now_us=5, chance=0.5)  # type: ignore[arg-type]
    assert await write(storage, lambda tx: tx.jobs.settle(ended_one))
    waiting = await storage.read(lambda tx: tx.jobs.get(ended_one.id))
    assert waiting is not None
    assert waiting.player_id is None
    dead = replace(waiting, state=JobState.DEAD, finished_at_us=6, until=None)
    await write(storage, lambda tx: tx.jobs.revive(dead))
    assert (await storage.read(lambda tx: tx.lookups.job_stats(yesterday_us=0))).leased == 3


async def test_a_job_that_waits_is_claimed_when_it_is_due_and_stands_in_line_anew(
    storage: Storage, players: list[PlayerId]
) -> None:
    ann, bob, _ = players
    await write(storage, enqueueing(ann, "poison"))
    waiting = await failed(storage, await claimed(storage))
    await write(storage, enqueueing(bob, "b0", "b1"))
    assert waiting.until == NOW.after_seconds(0.2)
    assert await storage.read(lambda tx: tx.jobs.next_due(NOW)) == waiting.until
    assert await storage.read(lambda tx: tx.jobs.next_due(LATER)) is None
    just_before = replace(waiting.until, us=waiting.until.us - 1)
    assert (await claimed(storage, now=just_before)).payload == "b0"
    order = [(await claimed(storage, now=waiting.until)).payload for _ in range(2)]
    assert sorted(order) == ["b1", "poison"]
    assert await write(storage, claiming(now=LATER)) is None


async def test_waiting_and_leases_end_with_the_machines_start(storage: Storage, players: list[PlayerId]) -> None:
    await write(storage, enqueueing(players[0], "a", "b"))
    await failed(storage, await claimed(storage))
    await claimed(storage)
    after_boot = BootMoment(boot_id="next boot", us=5)
    assert await storage.read(lambda tx: tx.jobs.next_due(after_boot)) is None
    (lost,) = await storage.read(lambda tx: tx.jobs.lost(instance_id="one", now=after_boot))
    assert lost.payload == "b"
    assert (await claimed(storage, now=after_boot)).payload == "a"


async def test_retries_leave_room_for_others(storage: Storage, players: list[PlayerId]) -> None:
    ann, bob, _ = players
    await write(storage, enqueueing(ann, "p0", "p1", "p2"))
    for _ in range(3):
        await failed(storage, await claimed(storage))
    await write(storage, enqueueing(bob, "b0"))
    got = [await write(storage, claiming(now=LATER, until=LATER.after_seconds(9), retries_max=2)) for _ in range(4)]
    assert sorted(job.payload for job in got if job is not None) == ["b0", "p0", "p1"]
    other = await write(storage, claiming(instance_id="two", now=LATER, retries_max=2))
    assert other is not None  # another instance has a half of its own


async def test_an_old_attempt_changes_nothing(storage: Storage, players: list[PlayerId]) -> None:
    await write(storage, enqueueing(players[0], "a"))
    old = await claimed(storage)
    assert await write(storage, lambda tx: tx.jobs.settle(ended(old, Released(), now=NOW, now_us=5, chance=0)))
    zombie = ended(old, Finished(), now=NOW, now_us=5, chance=0)
    ready = await storage.read(lambda tx: tx.jobs.get(old.id))
    assert not await write(storage, lambda tx: tx.jobs.settle(zombie))  # nobody has it
    assert await storage.read(lambda tx: tx.jobs.get(old.id)) == ready
    new = await claimed(storage, instance_id="two")
    assert not await write(storage, lambda tx: tx.jobs.settle(zombie))  # another one has it
    assert await write(storage, lambda tx: tx.jobs.extend([old], LATER.after_seconds(5))) == set()
    assert await storage.read(lambda tx: tx.jobs.get(old.id)) == new


async def test_one_of_two_ends_counts(storage: Storage, players: list[PlayerId]) -> None:
    await write(storage, enqueueing(players[0], "a"))
    job = await claimed(storage)
    done = ended(job, Finished(), now=NOW, now_us=5, chance=0)
    outcomes = await asyncio.gather(*(write(storage, lambda tx: tx.jobs.settle(done)) for _ in range(5)))
    assert sorted(outcomes) == [False, False, False, False, True]


async def test_leases_are_extended(storage: Storage, players: list[PlayerId]) -> None:
    await write(storage, enqueueing(players[0], "a", "b"))
    jobs = [await claimed(storage), await claimed(storage)]
    later = LATER.after_seconds(10)
    assert await write(storage, lambda tx: tx.jobs.extend(jobs[:1], later)) == {jobs[0].id}
    assert await storage.read(lambda tx: tx.jobs.lost(instance_id="one", now=LATER)) == [jobs[1]]
    assert await storage.read(lambda tx: tx.jobs.lost(instance_id="one", now=NOW)) == []
    elsewhere = await storage.read(lambda tx: tx.jobs.lost(instance_id="two", now=NOW))
    assert [job.id for job in elsewhere] == [job.id for job in jobs]


@pytest.mark.parametrize(
    ("ending", "state"),
    [
        (Finished(), JobState.DONE),
        (Failed("no"), JobState.READY),
        (WorkerDied("signal 11"), JobState.READY),
        (Interrupted("gone"), JobState.READY),
        (Released(), JobState.READY),
    ],
)
async def test_every_end_is_stored(
    storage: Storage,
    players: list[PlayerId],
    ending: Finished | Failed | WorkerDied | Interrupted | Released,
    state: JobState,
) -> None:
    await write(storage, enqueueing(players[0], "a"))
    after = ended(await claimed(storage), ending, now=NOW, now_us=7, chance=0.5)
    assert await write(storage, lambda tx: tx.jobs.settle(after))
    assert after.state is state
    turn = after.turn + after.has_to_wait
    assert await storage.read(lambda tx: tx.jobs.get(after.id)) == replace(after, turn=turn)


async def test_numbers_lists_and_pruning(storage: Storage, players: list[PlayerId]) -> None:
    assert await storage.read(lambda tx: tx.lookups.job_stats(yesterday_us=0)) == JobStats()
    for number in range(6):
        await write(storage, lambda tx, n=number: tx.jobs.enqueue(new_job(players[0], str(n), at_us=n)))  # type: ignore[misc]
    for number in range(3):
        job = await claimed(storage)
        done = ended(job, Finished(), now=NOW, now_us=100 + number, chance=0)
        await write(storage, lambda tx, job=done: tx.jobs.settle(job))  # type: ignore[misc]
    job = await claimed(storage)
    dead = replace(job, state=JobState.DEAD, until=None, instance_id=None, finished_at_us=200, last_error="it died")
    await write(storage, lambda tx: tx.jobs.settle(dead))
    await claimed(storage)
    stats = JobStats(ready=1, leased=1, done=3, dead=1, dead_since_yesterday=1, oldest_ready_at_us=5)
    assert await storage.read(lambda tx: tx.lookups.job_stats(yesterday_us=200)) == stats
    assert (await storage.read(lambda tx: tx.lookups.job_stats(yesterday_us=201))).dead_since_yesterday == 0
    assert await storage.read(lambda tx: tx.jobs.count_pending()) == 2
    assert [job.payload for job in await storage.read(lambda tx: tx.lookups.jobs(4))] == ["5", "4", "3", "2"]
    assert await storage.read(lambda tx: tx.lookups.jobs(9, state=JobState.DEAD)) == [dead]
    assert await write(storage, lambda tx: tx.jobs.prune(finished_before_us=102, limit=1)) == 1
    assert await write(storage, lambda tx: tx.jobs.prune(finished_before_us=102, limit=9)) == 1
    assert await write(storage, lambda tx: tx.jobs.prune(finished_before_us=102, limit=9)) == 0
    assert [job.payload for job in await storage.read(lambda tx: tx.lookups.jobs(9))] == ["5", "4", "3", "2"]
