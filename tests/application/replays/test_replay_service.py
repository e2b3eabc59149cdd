"""Taking replays in, and what becomes of them: see `replay_service.py` and `replay_job.py` in `application/replays`."""

import asyncio
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.intake import REPLAY_BYTES_MAX, MemoryIntake, hash_of, replay, states
from toprung.application.organising.replay_operations import RetryJob
from toprung.application.ports.replays import (
    Died,
    Parsed,
    ParseOutcome,
    ProtocolViolated,
    Refused,
    Returned,
    TimedOut,
    TooBig,
    Unavailable,
)
from toprung.application.replays.replay_service import IntakeLimits
from toprung.application.writing.audit import Attribution
from toprung.domain.errors import Busy, Conflict, InvalidInput, LimitReached, NotFound, StorageUnavailable, ToprungError
from toprung.domain.jobs.job import DEATHS_MAX, ERRORS_MAX, Finished, JobState, Released
from toprung.domain.matches.match import MatchId
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.players.player import PlayerId
from toprung.domain.replays.replay import READER
from toprung.domain.replays.replay_upload import UploadState, shown_file_name

ANN, BOB, MATCH = PlayerId(1), PlayerId(2), MatchId(1)
POISON = Died(exit_code=None, signal=11)


@pytest.fixture
def intake() -> MemoryIntake:
    return MemoryIntake().people()


async def test_what_is_received_is_kept_with_its_job_and_the_workers_are_told(intake: MemoryIntake) -> None:
    receipt = await intake.replays.submit(ANN, MATCH, replay(), "C:\\Replays\\..\\my game.SC2Replay")
    assert (receipt.is_new, receipt.upload.state) == (True, UploadState.RECEIVED)
    assert receipt.upload == intake.upload()
    assert intake.archive.kept == {hash_of(replay()): replay()}
    assert [(job.payload, job.player_id, job.state) for job in intake.all_jobs] == [
        (hash_of(replay()), ANN, JobState.READY)
    ]
    assert (receipt.upload.match_id, receipt.upload.file_name) == (MATCH, "my game.SC2Replay")
    assert intake.announced == 1


async def test_nothing_is_said_to_be_received_that_is_not_committed(intake: MemoryIntake) -> None:
    intake.storage.fail_writes()
    with pytest.raises(StorageUnavailable):
        await intake.replays.submit(ANN, None, replay())
    assert (intake.all_jobs, intake.storage.database.replay_uploads, intake.announced) == ([], {}, 0)
    assert (await intake.replays.submit(ANN, None, replay())).is_new


async def test_without_the_bytes_there_is_no_row(intake: MemoryIntake) -> None:
    intake.archive.is_full = True
    with pytest.raises(StorageUnavailable, match="No space left"):
        await intake.replays.submit(ANN, None, replay())
    assert (intake.all_jobs, intake.storage.database.replay_files) == ([], {})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"MPQ\x1b" + bytes(REPLAY_BYTES_MAX), "more than 10,000 bytes"),
        (b"PK\x03\x04 a zip", "no replay"),
        (b"MPQ", "no replay"),
        (b" MPQ\x1b", "no replay"),
    ],
)
async def test_what_is_no_replay_is_refused_before_anything_is_kept(
    intake: MemoryIntake, data: bytes, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        await intake.replays.submit(ANN, None, data, "good.SC2Replay")
    assert (intake.archive.kept, intake.storage.writes) == ({}, 0)


async def test_who_may_not_upload(intake: MemoryIntake) -> None:
    refused: list[tuple[PlayerId, MatchId | None, type[ToprungError]]] = [
        (PlayerId(9), None, NotFound),
        (ANN, MatchId(9), NotFound),
        (BOB, None, Conflict),
    ]
    intake.storage.database.players[BOB] = replace(intake.storage.database.players[BOB], is_banned=True)
    for player_id, match_id, kind in refused:
        with pytest.raises(kind):
            await intake.replays.submit(player_id, match_id, replay())
    assert (intake.archive.kept, intake.storage.writes) == ({}, 0)


async def test_a_days_bytes_have_a_limit() -> None:
    intake = MemoryIntake(intake=IntakeLimits(player_bytes_per_day_max=150)).people()
    await intake.replays.submit(ANN, None, replay(1, size=100))
    with pytest.raises(LimitReached, match=r"Maru uploaded 0\.0 MB within a day"):
        await intake.replays.submit(ANN, None, replay(2, size=100))
    assert not (await intake.replays.submit(ANN, None, replay(1, size=100))).is_new  # costs nothing
    assert (await intake.replays.submit(BOB, None, replay(2, size=100))).is_new
    intake.clock.advance(us=MICROSECONDS_PER_DAY + 1)
    assert (await intake.replays.submit(ANN, None, replay(2, size=100))).is_new


async def test_the_queue_has_a_limit() -> None:
    intake = MemoryIntake(intake=IntakeLimits(pending_max=2)).people()
    for number in range(2):
        await intake.replays.submit(ANN, None, replay(number))
    with pytest.raises(Busy, match="waiting to be read"):
        await intake.replays.submit(BOB, None, replay(7))
    assert len(intake.archive.kept) == 2
    await intake.work_off()
    assert (await intake.replays.submit(BOB, None, replay(7))).is_new


async def test_the_same_bytes_twice_are_one_file_and_one_job(intake: MemoryIntake) -> None:
    first = await intake.replays.submit(ANN, MATCH, replay(), "a.SC2Replay")
    again = await intake.replays.submit(ANN, MATCH, replay(), "b.SC2Replay")
    other = await intake.replays.submit(BOB, MATCH, replay())
    without = await intake.replays.submit(ANN, None, replay())
    assert again == replace(first, is_new=False)
    assert len({first.upload.id, other.upload.id, without.upload.id}) == 3
    assert (len(intake.storage.database.replay_files), len(intake.all_jobs)) == (1, 1)
    await intake.work_off()
    assert [intake.upload(number).state for number in (1, 2, 3)] == [UploadState.READ] * 3
    assert intake.parser.parsed == [hash_of(replay())]


async def test_a_file_that_was_read_is_judged_for_a_new_uploader_without_reading_it_again(intake: MemoryIntake) -> None:
    await intake.replays.submit(ANN, None, replay())
    await intake.work_off()
    receipt = await intake.replays.submit(BOB, None, replay())
    assert receipt.upload.state is UploadState.RECEIVED
    await intake.work_off()
    assert intake.upload(2).state is UploadState.READ
    assert len(intake.parser.parsed) == 1
    assert states(intake.all_jobs) == ["done", "done"]


async def test_what_an_older_reader_said_of_a_file_is_not_believed(intake: MemoryIntake) -> None:
    await intake.replays.submit(ANN, None, replay())
    await intake.work_off()
    now = intake.storage.database.replay_files[hash_of(replay())]
    told = json.loads(now.reading or "")
    assert told.pop("reader") == READER
    for old in (told, {"nonsense": 1}):
        intake.storage.database.replay_files[now.sha256] = replace(now, reading=json.dumps(old))
        intake.parser.parsed.clear()
        intake.clock.advance(us=1)
        await intake.replays.submit(BOB, MatchId(1) if old is told else None, replay())
        await intake.work_off()
        assert intake.parser.parsed == [now.sha256]
        assert intake.storage.database.replay_files[now.sha256].reading == now.reading


async def test_an_upload_that_comes_while_its_file_is_read_is_judged_with_it(intake: MemoryIntake) -> None:
    await intake.replays.submit(ANN, None, replay())
    (job,) = await intake.queue.claim(1, workers=1)
    handled = await intake.handler.handle(job)
    await intake.replays.submit(BOB, None, replay())
    await intake.queue.end(job, handled)
    assert [intake.upload(number).state for number in (1, 2)] == [UploadState.READ] * 2
    assert states(intake.all_jobs) == ["done"]


async def test_what_was_read_is_kept_as_it_was_said(intake: MemoryIntake) -> None:
    await intake.replays.submit(ANN, None, replay())
    await intake.work_off()
    file = intake.storage.database.replay_files[hash_of(replay())]
    assert json.loads(file.reading or "")["fingerprint"] == file.fingerprint
    packed_anew = replay(1, size=128)
    await intake.replays.submit(BOB, None, packed_anew)
    await intake.work_off()
    same = await intake.storage.read(lambda tx: tx.replays.files_of_game(file.fingerprint or ""))
    assert {one.sha256 for one in same} == {hash_of(replay()), hash_of(packed_anew)}


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Refused(code="damaged", sentence="The replay is damaged."), "damaged"),
        (TooBig(sentence="It unpacks to more than any game needs."), "too_big"),
        (Parsed(payload=b'{"fingerprint": 7}'), "invalid"),
        (Parsed(payload=b"\xff\xfe"), "invalid"),
        (Parsed(payload=b"[]"), "invalid"),
    ],
)
async def test_a_refusal_is_final_and_has_its_sentence(intake: MemoryIntake, outcome: ParseOutcome, code: str) -> None:
    intake.parser.tell(replay(), outcome)
    await intake.replays.submit(ANN, None, replay())
    await intake.work_off_with_retries()
    assert states(intake.all_jobs) == ["done"]
    assert (intake.upload().state, json.loads(intake.upload().verdict or "")["code"]) == (UploadState.REJECTED, code)
    receipt = await intake.replays.submit(BOB, None, replay())
    assert (receipt.upload.state, receipt.upload.sentence) == (UploadState.REJECTED, intake.upload().sentence)
    assert len(intake.parser.parsed) == 1


@pytest.mark.parametrize("outcome", [POISON, Died(exit_code=0, signal=None), ProtocolViolated(reason="half a frame")])
async def test_a_file_that_kills_is_quarantined_after_three_deaths(intake: MemoryIntake, outcome: ParseOutcome) -> None:
    intake.parser.tell(replay(), outcome)
    await intake.replays.submit(ANN, None, replay())
    await intake.work_off_with_retries()
    assert len(intake.parser.parsed) == intake.job().deaths == DEATHS_MAX
    assert (intake.job().state, intake.job().errors) == (JobState.DEAD, 0)
    assert intake.storage.database.replay_files[hash_of(replay())].is_quarantined
    receipt = await intake.replays.submit(BOB, None, replay())
    assert (receipt.upload.state, receipt.upload.sentence) == (UploadState.DEAD, intake.upload().sentence)
    assert await intake.work_off_with_retries() == []


async def test_time_outs_are_errors_and_quarantine_nothing(intake: MemoryIntake) -> None:
    intake.parser.tell(replay(), TimedOut(seconds_max=2.5))
    await intake.replays.submit(ANN, None, replay())
    await intake.work_off_with_retries()
    assert (intake.job().state, intake.job().errors, intake.job().deaths) == (JobState.DEAD, ERRORS_MAX, 0)
    assert not intake.storage.database.replay_files[hash_of(replay())].is_quarantined
    receipt = await intake.replays.submit(BOB, None, replay())  # the same answer, until an organiser tries again
    assert (receipt.upload.state, receipt.upload.sentence) == (UploadState.DEAD, intake.upload().sentence)


async def test_one_bad_moment_costs_nothing(intake: MemoryIntake) -> None:
    intake.parser.tell(replay(), TimedOut(seconds_max=2.5), POISON, Returned(), Parsed(payload=b"{}"))
    intake.parser.outcomes[hash_of(replay())][-1:] = []
    intake.parser.outcomes[hash_of(replay())].append(Refused(code="x", sentence="X."))
    await intake.replays.submit(ANN, None, replay())
    await intake.work_off_with_retries()
    job = intake.job()
    assert (job.state, job.attempt, job.errors, job.deaths) == (JobState.DONE, 4, 1, 1)


async def test_where_nobody_can_read_the_job_goes_back_uncharged_with_a_pause(intake: MemoryIntake) -> None:
    intake.parser.tell(replay(), Unavailable(retry_after_seconds=5))
    await intake.replays.submit(ANN, None, replay())
    (job,) = await intake.queue.claim(1, workers=1)
    handled = await intake.handler.handle(job)
    assert (handled.ending, handled.pause_seconds) == (Released(), 5)
    await intake.queue.end(job, handled)
    assert (intake.job().state, intake.job().until, intake.job().is_retry) == (JobState.READY, None, False)


async def test_a_dead_letter_that_is_tried_again_can_be_read_after_all(intake: MemoryIntake) -> None:
    intake.parser.tell(replay(), POISON, POISON, POISON, TooBig(sentence="Too big."))
    await intake.replays.submit(ANN, None, replay())
    await intake.replays.submit(BOB, None, replay())
    await intake.work_off_with_retries()
    assert {intake.upload(1).state, intake.upload(2).state} == {UploadState.DEAD}
    await intake.ladder.administration.perform(RetryJob(job_id=intake.job().id, by=Attribution(actor="cli")))
    assert intake.upload().state is UploadState.RECEIVED
    assert not intake.storage.database.replay_files[hash_of(replay())].is_quarantined
    await intake.work_off_with_retries()
    assert {intake.upload(1).state, intake.upload(2).state} == {UploadState.REJECTED}
    with pytest.raises(Conflict, match="is done; only a dead one"):
        await intake.ladder.administration.perform(RetryJob(job_id=intake.job().id, by=Attribution(actor="cli")))


async def test_lost_bytes_are_an_error_and_come_to_the_dead_letters(intake: MemoryIntake) -> None:
    await intake.replays.submit(ANN, None, replay())
    intake.archive.kept.clear()
    await intake.work_off_with_retries()
    assert (intake.job().state, intake.upload().state) == (JobState.DEAD, UploadState.DEAD)
    assert "archive" in (intake.job().last_error or "")
    assert intake.parser.parsed == []


async def test_a_judge_that_fails_leaves_nothing_behind(intake: MemoryIntake) -> None:
    await intake.replays.submit(ANN, None, replay())
    (job,) = await intake.queue.claim(1, workers=1)
    handled = await intake.handler.handle(job)
    assert isinstance(handled.ending, Finished)
    intake.judge.failures = 1
    with pytest.raises(RuntimeError):
        await intake.queue.end(job, handled)
    assert (intake.job().state, intake.upload().state) == (JobState.LEASED, UploadState.RECEIVED)
    assert intake.storage.database.replay_files[hash_of(replay())].reading is None
    await intake.queue.end(job, handled)
    assert (intake.job().state, intake.upload().state) == (JobState.DONE, UploadState.READ)


async def test_many_at_once_with_the_same_file(intake: MemoryIntake) -> None:
    submitting = (intake.replays.submit((ANN, BOB)[n % 2], None, replay()) for n in range(20))
    receipts = await asyncio.gather(*submitting)
    assert sum(receipt.is_new for receipt in receipts) == 2
    assert (len(intake.storage.database.replay_uploads), len(intake.all_jobs)) == (2, 1)


@given(st.text(max_size=300))
@settings(max_examples=200)
def test_a_file_name_is_never_a_path_and_shows_what_it_is(name: str) -> None:
    shown = shown_file_name(name)
    if shown is not None:
        assert 1 <= len(shown) <= 100
        assert "/" not in shown
        assert "\\" not in shown
        assert shown.isprintable()
        assert shown_file_name(shown) == shown
