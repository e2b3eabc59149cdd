"""What every backend promises of jobs, replay files and uploads."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from toprung.application.ports.players import NewPlayer
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
    NewJob,
    Released,
    WorkerDied,
    ended,
)
from toprung.domain.matches.match import FinalMatch, MatchId, MatchResult, Participant
from toprung.domain.players.player import PlayerId
from toprung.domain.replays.mod_version import ModVersion
from toprung.domain.replays.replay_upload import NewUpload, ReplayFile, ReplayUpload, UploadId, UploadState
from toprung.interfaces.job_shapes import job_shape

pytest_plugins = ("tests.support.databases",)

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


@pytest.fixture
async def players(storage: Storage) -> list[PlayerId]:
    new = [NewPlayer(name=name, name_key=name) for name in ("Ann", "Bob", "Cem")]
    return [player.id for player in await write(storage, lambda tx: tx.players.add(new))]


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


HASH = "ab" * 32
FILE = ReplayFile(sha256=HASH, size_bytes=100, first_uploaded_at_us=5)


def new_upload(player_id: PlayerId, at_us: int = 5, sha256: str = HASH) -> NewUpload:
    return NewUpload(
        sha256=sha256, player_id=player_id, match_id=None, file_name="'; drop table job; --", uploaded_at_us=at_us
    )


async def test_files_and_uploads_come_back_as_they_were_stored(storage: Storage, players: list[PlayerId]) -> None:
    ann, bob, _ = players
    assert await storage.read(lambda tx: tx.replays.file(HASH)) is None
    await write(storage, lambda tx: tx.replays.add_file(FILE))
    first = await write(storage, lambda tx: tx.replays.add_upload(new_upload(ann)))
    second = await write(storage, lambda tx: tx.replays.add_upload(new_upload(bob, 9)))
    assert first == ReplayUpload(
        id=first.id,
        sha256=HASH,
        player_id=ann,
        match_id=None,
        file_name="'; drop table job; --",
        uploaded_at_us=5,
    )
    judged = replace(second, state=UploadState.REJECTED, verdict='{"code": "x", "sentence": "왜"}')
    changed = replace(FILE, fingerprint="f" * 64, reading='{"a": "별"}', is_quarantined=True)
    await write(storage, lambda tx: tx.replays.save_upload(judged))
    await write(storage, lambda tx: tx.replays.save_file(changed))
    assert await storage.read(lambda tx: tx.replays.file(HASH)) == changed
    assert await storage.read(lambda tx: tx.replays.upload(second.id)) == judged
    assert await storage.read(lambda tx: tx.replays.upload(UploadId(99))) is None
    assert await storage.read(lambda tx: tx.replays.uploads_of_file(HASH)) == [first, judged]
    assert await storage.read(lambda tx: tx.replays.uploads_of_file(HASH, UploadState.RECEIVED)) == [first]
    assert await storage.read(lambda tx: uploads_of(tx, 1)) == [judged]
    assert await storage.read(lambda tx: uploads_of(tx, 9, player_id=ann)) == [first]


async def test_the_same_upload_is_found_and_bytes_are_counted(storage: Storage, players: list[PlayerId]) -> None:
    ann, bob, _ = players
    other = replace(FILE, sha256="cd" * 32, size_bytes=11)

    def work(tx: Transaction) -> list[ReplayUpload]:
        tx.replays.add_file(FILE)
        tx.replays.add_file(other)
        return [tx.replays.add_upload(new_upload(ann, 5)), tx.replays.add_upload(new_upload(ann, 9, other.sha256))]

    first, _ = await write(storage, work)
    assert await storage.read(lambda tx: tx.replays.same_upload(HASH, ann, None)) == first
    assert await storage.read(lambda tx: tx.replays.same_upload(HASH, bob, None)) is None
    for since_us, used in ((0, 111), (5, 111), (6, 11), (10, 0)):
        assert await storage.read(lambda tx, us=since_us: tx.replays.bytes_uploaded(ann, since_us=us)) == used  # type: ignore[misc]
    assert await storage.read(lambda tx: tx.replays.bytes_uploaded(bob, since_us=0)) == 0


async def test_files_of_the_same_game_are_found(storage: Storage) -> None:
    files = [
        replace(FILE, sha256=f"{number:064x}", fingerprint="e" * 64, first_uploaded_at_us=9 - number)
        for number in range(3)
    ]
    for file in (*files, replace(FILE, fingerprint="d" * 64)):
        await write(storage, lambda tx, file=file: tx.replays.add_file(file))  # type: ignore[misc]
    assert await storage.read(lambda tx: tx.replays.files_of_game("e" * 64)) == files[::-1]
    assert await storage.read(lambda tx: tx.replays.files_of_game("0" * 64)) == []


async def test_the_uploads_of_a_match_and_what_was_read_are_found(storage: Storage, players: list[PlayerId]) -> None:
    ann, bob, _ = players
    sides = tuple((Participant(player_id=one, race="zerg"),) for one in (ann, bob))
    final = FinalMatch(source_key="m", sides=(sides[0], sides[1]), result=MatchResult.DRAW, ended_at_us=1)

    def work(tx: Transaction) -> tuple[MatchId, list[ReplayUpload]]:
        (match_id,) = tx.matches.add([final], recorded_at_us=1)
        tx.replays.add_file(replace(FILE, reading="read"))
        tx.replays.add_file(replace(FILE, sha256="cd" * 32))
        new = [
            replace(new_upload(ann), match_id=match_id),
            replace(new_upload(bob), match_id=match_id),
            replace(new_upload(bob, sha256="cd" * 32), match_id=match_id),
            new_upload(ann),
        ]
        return match_id, [tx.replays.add_upload(one) for one in new]

    match_id, (first, second, third, last) = await write(storage, work)
    verified = replace(second, state=UploadState.VERIFIED, verdict="{}")
    await write(storage, lambda tx: tx.replays.save_upload(verified))

    def look(tx: Transaction) -> tuple[object, ...]:
        replays = tx.replays
        return (
            replays.uploads_of_match(match_id, UploadState.RECEIVED),
            replays.uploads_of_match(match_id, UploadState.VERIFIED),
            uploads_of(tx, 9, match_id=match_id),
            uploads_of(tx, 9, player_id=bob, match_id=match_id),
            replays.latest_read(2),
            replays.latest_read(9),
        )

    found = await storage.read(look)
    assert found == (
        [first, third],
        [verified],
        [third, verified, first],
        [third, verified],
        [(last.id, FILE.sha256), (second.id, FILE.sha256)],
        [(last.id, FILE.sha256), (second.id, FILE.sha256), (first.id, FILE.sha256)],
    )


async def test_versions_of_the_mod_come_back_in_the_order_of_their_approval(
    storage: Storage, players: list[PlayerId]
) -> None:
    await write(storage, lambda tx: tx.replays.add_file(FILE))
    upload = await write(storage, lambda tx: tx.replays.add_upload(new_upload(players[0])))
    versions = [
        ModVersion(handles=frozenset(handles), upload_id=upload.id, approved_at_us=at_us)
        for handles, at_us in ((("b", "a"), 2), ((), 1), (("a",), 3))
    ]
    for version in versions:
        await write(storage, lambda tx, version=version: tx.replays.add_mod_version(version))  # type: ignore[misc]
    assert await storage.read(lambda tx: tx.replays.mod_versions()) == [versions[1], versions[0], versions[2]]
    assert len({version.key for version in versions}) == 3


async def test_a_version_of_the_mod_that_is_taken_off_the_list_can_be_added_again(
    storage: Storage, players: list[PlayerId]
) -> None:
    await write(storage, lambda tx: tx.replays.add_file(FILE))
    upload = await write(storage, lambda tx: tx.replays.add_upload(new_upload(players[0])))
    one, other = [
        ModVersion(handles=frozenset(handles), upload_id=upload.id, approved_at_us=1) for handles in ("ab", "abc")
    ]
    await write(storage, lambda tx: tx.replays.add_mod_version(one))
    await write(storage, lambda tx: tx.replays.remove_mod_version(other))
    assert await storage.read(lambda tx: tx.replays.mod_versions()) == [one]
    await write(storage, lambda tx: tx.replays.add_mod_version(other))
    for _ in range(2):
        await write(storage, lambda tx: tx.replays.remove_mod_version(one))
        assert await storage.read(lambda tx: tx.replays.mod_versions()) == [other]
    again = replace(one, approved_at_us=7)
    await write(storage, lambda tx: tx.replays.add_mod_version(again))
    assert set(await storage.read(lambda tx: tx.replays.mod_versions())) == {other, again}
