"""What announces itself: conflicts, dead letters and expired matches to organisers, results to everybody."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.interfaces.discord.conftest import World
from tests.interfaces.discord.layout import controls, text_of
from tests.interfaces.discord.organisers import WHY, Office, mod, office_of, played, said, shown
from tests.support.fakes.jobs import FakeBootClock
from tests.support.intake import hash_of, replay
from toprung.application.organising.concerns import UNKNOWN_MODS_MAX
from toprung.application.organising.match_log import MESSAGE_LINES_MAX, NOTE
from toprung.application.ports.storage import Transaction
from toprung.application.writing.audit import Attribution
from toprung.domain.jobs.job import JobId, JobKind, JobState, NewJob
from toprung.domain.matches.match import MatchResult, Outcome
from toprung.domain.matches.match_life import MatchRules, Step
from toprung.domain.players.player import PlayerId
from toprung.domain.replays.replay import ReplayReading
from toprung.domain.replays.replay_upload import UploadId
from toprung.interfaces.discord.organising.match_log import MatchLogChannel

import simcord  # isort: skip

RULES = MatchRules()
TURNS_MAX = 10_000


@pytest.fixture
async def office(world: World) -> AsyncIterator[Office]:
    yield await office_of(world)
    world.check_requests()


async def buried(office: Office, player_id: PlayerId, *, error: str = "@everyone `x` <@1>") -> JobId:
    """A dead letter."""
    clock = office.world.ladder.clock

    def work(tx: Transaction) -> JobId:
        new = NewJob(
            kind=JobKind.REPLAY, payload="f00d", dedup_key="f00d", player_id=player_id, enqueued_at_us=clock.now_us()
        )
        return tx.jobs.enqueue(new).id

    job_id = (await office.world.ladder.storage.write(work)).value
    await office.world.ladder.storage.write(lambda tx: kill(tx, job_id, error, clock.now_us()))
    return job_id


def kill(tx: Transaction, job_id: JobId, error: str, now_us: int) -> None:
    """Ends a job as a dead letter."""
    moment = FakeBootClock().now()
    job = tx.jobs.claim(instance_id="x", now=moment, until=moment.after_seconds(9), retries_max=9)
    assert job is not None
    assert job.id == job_id
    dead = replace(job, state=JobState.DEAD, until=None, instance_id=None, finished_at_us=now_us, last_error=error)
    assert tx.jobs.settle(dead)


async def test_a_conflict_announces_itself_once_and_says_when_it_is_resolved(office: Office) -> None:
    one, two = await office.two()
    assert await office.look() == []
    match_id = await office.conflict(one, two)
    for _ in range(2):
        (message,) = await office.look()
    assert f"Match \\#{match_id}" in text_of(message) or f"Match #{match_id}" in text_of(message)
    assert text_of(message).count("says: ") == 2
    await office.restart()
    (same,) = await office.look()
    assert same.id == message.id
    panel = shown(await office.world.alice.click(same, custom_id=f"admin:resolve:{match_id}"))
    preview = shown(await office.world.alice.click(panel, custom_id="admin:side_1_won"))
    await office.decide(preview)
    (after,) = await office.look()
    assert after.id == message.id
    assert f"✅ Match #{match_id} is resolved" in text_of(after)
    assert controls(after) == {}
    assert office.world.ladder.storage.database.intents == {}
    requests = len(office.world.env.http_requests)
    await office.look()
    assert len(office.world.env.http_requests) == requests


async def test_a_button_works_at_once_and_after_a_restart(office: Office) -> None:
    one, two = await office.two()
    match_id = await office.conflict(one, two)
    (message,) = await office.look()
    for _ in range(2):
        panel = shown(await office.world.alice.click(message, custom_id=f"admin:resolve:{match_id}"))
        assert f"Match #{match_id}" in text_of(panel)
        await office.restart()


async def test_a_conflict_that_was_resolved_before_it_could_be_said_is_not_said(office: Office) -> None:
    one, two = await office.two()
    match_id = await office.conflict(one, two)
    queue, delivered = office.bot.queue, office.bot.queue.deliver_due

    async def not_yet() -> None:
        """The queue is held up."""

    queue.deliver_due = not_yet  # type: ignore[method-assign]
    await office.look()
    await office.world.ladder.ratings.correct(match_id, MatchResult.DRAW, Attribution(actor="cli", reason=WHY))
    queue.deliver_due = delivered  # type: ignore[method-assign]
    assert await office.look() == []
    assert office.world.ladder.storage.database.intents == {}


async def test_many_conflicts_all_stay_open_however_many_there_are(office: Office) -> None:
    pairs = []
    for number in range(60):
        one = await office.world.ladder.players.register(f"one {number}")
        two = await office.world.ladder.players.register(f"two {number}")
        pairs.append(await office.conflict(one, two))
    await office.look()
    messages = await office.look()
    assert len(messages) == 50
    assert all(any(name.startswith("admin:resolve:") for name in controls(message)) for message in messages)
    for number in range(60, 120):
        one = await office.world.ladder.players.register(f"one {number}")
        two = await office.world.ladder.players.register(f"two {number}")
        await office.conflict(one, two)
    messages = await office.look()
    assert all(any(name.startswith("admin:resolve:") for name in controls(message)) for message in messages)


async def test_a_dead_letter_announces_itself_and_is_tried_again_by_a_press(office: Office) -> None:
    one, _ = await office.two()
    job_id = await buried(office, one.id)
    (message,) = await office.look()
    assert f"Job {job_id} was given up" in text_of(message)
    assert "\\@everyone \\`x\\` \\<\\@1\\>" in text_of(message)
    forms = [await office.world.alice.click(message, custom_id=f"admin:retry:{job_id}") for _ in range(2)]
    answer = await office.world.alice.submit_modal(forms[0], {"reason": "the reader is mended"})
    assert answer.ephemeral
    assert f"Job {job_id} is back in line" in said(answer)
    row = (f"discord:{office.world.alice.id}", "retry_job", f"job {job_id}", "the reader is mended")
    assert office.audit() == [row]
    again = await office.world.alice.submit_modal(forms[1], {"reason": "the reader is mended"})
    assert "only a dead one can be tried again" in said(again)
    assert office.audit() == [row]
    (after,) = await office.look()
    assert (after.id, controls(after)) == (message.id, {})
    error = "again"
    await office.world.ladder.storage.write(lambda tx: kill(tx, job_id, error, 1))
    assert len(await office.look()) == 2


async def approve(office: Office, message: simcord.ResponseMessage) -> simcord.InteractionResult:
    """Alice presses the button, looks, and goes ahead."""
    (custom_id,) = controls(message)
    preview = shown(await office.world.alice.click(message, custom_id=custom_id))
    return await office.decide(preview)


async def test_an_unknown_version_of_the_mod_announces_itself_until_it_is_approved(office: Office) -> None:
    one, _ = await office.two()
    await played(office, one, mod(1, 2), times=3)
    (first,) = await office.look()
    assert "No version of the mod is approved yet" in text_of(first)
    assert "3 uploads were played with it, among the latest 1,000" in text_of(first)
    assert "upload 3, by **별빛\\*\\_\\~**" in text_of(first)
    preview = shown(await office.world.alice.click(first, custom_id="admin:approve_mod:3"))
    assert "The 2 files that upload 3 was played with become an approved version" in text_of(preview)
    assert "Approved versions: 0 → 1" in text_of(preview)
    await played(office, one, mod(1, 2))  # which changes nothing that was shown
    assert "are an approved version" in said(await office.decide(preview))
    assert office.audit() == [(f"discord:{office.world.alice.id}", "approve_mod", "upload 3", WHY)]
    for _ in range(2):
        (after,) = await office.look()
    assert after.id == first.id
    assert controls(after).keys() == {"admin:unlist_mod:3"}
    assert "is approved" in text_of(after)
    assert office.world.ladder.storage.database.intents == {}
    await played(office, one, mod(1, 2, 9))
    await played(office, one, mod(5), times=2)
    await office.restart()
    _, other, fake = await office.look()
    assert "An unknown version of the mod is played" in text_of(other)
    assert "no approved version with files added" in text_of(other)
    assert "an approved version with 1 file added: that is what a fake looks like" in text_of(fake)
    again = shown(await office.world.alice.click(fake, custom_id="admin:approve_mod:5"))
    assert "what a fake looks like" in text_of(again)
    await approve(office, other)
    _, settled, same = await office.look()
    assert [name.rpartition(":")[0] for name in controls(settled)] == ["admin:unlist_mod"]
    assert controls(same).keys() == {"admin:approve_mod:5"}
    assert "Approved versions: 2 → 3" in said(await office.decide(again))  # not what was shown: nothing is done
    assert len(office.audit()) == 2


async def test_an_approval_by_somebody_else_is_said_and_not_done_twice(office: Office) -> None:
    one, _ = await office.two()
    await played(office, one, mod(1), times=3)
    (message,) = await office.look()
    await office.world.ladder.mods.approve(UploadId(1), Attribution(actor="cli", reason=WHY))
    preview = shown(await office.world.alice.click(message, custom_id="admin:approve_mod:3"))
    assert "is approved already" in text_of(preview)
    await office.decide(preview)
    assert [row[0] for row in office.audit()] == ["cli"]
    assert controls((await office.look())[0]).keys() == {"admin:unlist_mod:3"}


async def test_an_approved_version_is_taken_off_the_list_where_its_approval_is_shown(office: Office) -> None:
    one, _ = await office.two()
    await played(office, one, mod(1, 2), times=3)
    await approve(office, (await office.look())[0])
    (settled,) = await office.look()
    preview = shown(await office.world.alice.click(settled, custom_id="admin:unlist_mod:3"))
    assert "The 2 files that upload 3 was played with are no approved version any more" in text_of(preview)
    assert "Approved versions: 1 → 0" in text_of(preview)
    assert "Replays that were judged keep their verdicts" in text_of(preview)
    assert "is off the list" in said(await office.decide(preview))
    assert office.audit()[-1] == (f"discord:{office.world.alice.id}", "unlist_mod", "upload 3", WHY)
    again = shown(await office.world.alice.click(settled, custom_id="admin:unlist_mod:3"))
    assert "is not on the list of approved ones" in text_of(again)
    await office.decide(again)
    assert len(office.audit()) == 2
    *_, proposed = await office.look()  # it is unknown again
    assert controls(proposed).keys() == {"admin:approve_mod:3"}


async def test_where_no_version_is_approved_only_the_one_that_is_played_most_is_proposed(office: Office) -> None:
    one, _ = await office.two()
    for number in range(9):
        await played(office, one, mod(number), times=2)
    assert await office.look() == []
    await played(office, one, mod(4))
    (message,) = await office.look()
    assert controls(message).keys() == {"admin:approve_mod:19"}
    await played(office, one, mod(5), times=2)
    was, now = await office.look()
    assert (was.id, controls(was)) == (message.id, {})
    assert "not among those that are played most" in text_of(was)
    assert controls(now).keys() == {"admin:approve_mod:21"}


async def test_a_flood_of_unknown_versions_is_a_few_messages_and_hides_none_that_is_played(office: Office) -> None:
    one, _ = await office.two()
    await played(office, one, mod(0), times=3)
    await office.world.ladder.mods.approve(UploadId(1), Attribution(actor="cli", reason=WHY))
    for number in range(1, 40):
        await played(office, one, mod(number))
        await office.look()
    standing = await office.look()
    assert len(standing) == UNKNOWN_MODS_MAX
    await played(office, one, mod(99), times=2)
    messages = await office.look()
    assert len(messages) == UNKNOWN_MODS_MAX + 1
    assert "2 uploads were played with it" in text_of(messages[-1])
    assert sum(bool(controls(message)) for message in messages) == UNKNOWN_MODS_MAX
    requests = len(office.world.env.http_requests)
    await office.look()
    assert len(office.world.env.http_requests) == requests


async def test_looking_for_unknown_mods_again_decodes_nothing_again(office: Office) -> None:
    one, _ = await office.two()
    await played(office, one, mod(1), times=3)
    mods = office.world.ladder.mods
    decoded = []
    decode = mods._decode

    def counted(payload: bytes) -> ReplayReading:
        decoded.append(payload)
        return decode(payload)

    mods._decode = counted
    first = await mods.seen()
    assert len(decoded) == 3
    await office.look()
    assert await mods.seen() == first
    assert len(decoded) == 3
    await played(office, one, mod(1))
    assert [seen.uploads for seen in await mods.seen()] == [4]
    assert len(decoded) == 4


async def test_a_reading_that_is_not_understood_keeps_nothing_else_from_being_announced(office: Office) -> None:
    one, two = await office.two()
    await played(office, one, mod(1), times=4)
    files = office.world.ladder.storage.database.replay_files
    broken = files[hash_of(replay(1))]
    files[broken.sha256] = replace(broken, reading="{}")
    match_id = await office.conflict(one, two)
    texts = "\n".join(text_of(message) for message in await office.look())
    assert f"#{match_id}" in texts
    assert "3 uploads were played with it" in texts


async def test_expired_matches_of_a_day_are_one_message(office: Office) -> None:
    one, two = await office.two()
    clock, lifecycle = office.world.ladder.clock, office.world.ladder.lifecycle
    matches = []
    for _ in range(2):
        matches.append(await office.started(one, two))
        clock.advance(us=RULES.report_us)
        await lifecycle.pass_deadlines()
    (first, second) = await office.look()
    assert f"`#{matches[0].id}`" in text_of(first)
    assert f"`#{matches[1].id}`" in text_of(second)
    assert "1 match was not reported in time" in text_of(second)
    await office.world.ladder.ratings.correct(
        matches[1].id, MatchResult.SIDE_1_WON, Attribution(actor="cli", reason=WHY)
    )
    assert "0 matches were not reported" in text_of((await office.look())[1])
    clock.advance(days=3)
    assert len(await office.look()) == 2
    assert office.world.ladder.storage.database.intents == {}


async def logged(office: Office) -> list[str]:
    """The lines of the match log after a look."""
    await MatchLogChannel(office.bot.client.context, office.bot.queue, office.log_channel.id).look()
    await office.bot.queue.deliver_due()
    return "\n".join(text_of(message) for message in office.messages(office.log_channel)).splitlines()


async def test_the_log_tells_results_corrections_and_voids_once_each(office: Office) -> None:
    one, two = await office.two()
    lifecycle, ratings = office.world.ladder.lifecycle, office.world.ladder.ratings
    assert await logged(office) == []  # the log begins now
    match = await office.started(one, two)
    assert await logged(office) == []
    await lifecycle.act(match.id, two.id, Step.REPORT, Outcome.LOSS)
    (line,) = await logged(office)
    assert line.startswith(f"`#{match.id}` **별빛\\*\\_\\~** BW Zerg 1579 (+79) beat **Novamar** SC2 Terran 1421 (-79)")
    await ratings.correct(match.id, MatchResult.SIDE_2_WON, Attribution(actor="cli", reason=WHY))
    await office.restart()
    lines = await logged(office)
    assert len(lines) == 2
    assert "✏️ corrected: **Novamar** SC2 Terran 1579 (+79) beat" in lines[1]
    await ratings.correct(match.id, None, Attribution(actor="cli", reason=WHY))
    assert "void, no rating changes by it" in (await logged(office))[2]
    assert len(await logged(office)) == 3
    assert office.world.ladder.storage.database.intents == {}


async def test_the_log_does_not_tell_who_was_online(office: Office) -> None:
    one, two = await office.two()
    lifecycle, ratings = office.world.ladder.lifecycle, office.world.ladder.ratings
    await logged(office)
    aborted = await office.opened(one, two)
    await lifecycle.act(aborted.id, one.id, Step.ABORT)
    office.world.ladder.clock.advance(days=1)
    await office.opened(one, two)
    office.world.ladder.clock.advance(us=RULES.confirm_us)
    await lifecycle.pass_deadlines()
    office.world.ladder.clock.advance(days=1)
    voided = await office.opened(one, two)
    await ratings.correct(voided.id, None, Attribution(actor="cli", reason=WHY))
    await office.conflict(one, two)
    assert await logged(office) == []
    assert office.world.ladder.storage.database.intents == {}


async def test_an_evening_of_matches_is_a_few_messages(office: Office) -> None:
    one, two = await office.two()
    await logged(office)
    for _ in range(25):
        match = await office.started(one, two)
        await office.world.ladder.lifecycle.act(match.id, two.id, Step.REPORT, Outcome.LOSS)
    assert len(await logged(office)) == 25
    assert len(office.messages(office.log_channel)) == -(-25 // MESSAGE_LINES_MAX)


async def test_a_running_bot_looks_by_itself(office: Office) -> None:
    one, two = await office.two()
    await office.conflict(one, two)
    working = [asyncio.ensure_future(part()) for part in office.bot._parts()]
    try:
        for _ in range(TURNS_MAX):
            await asyncio.sleep(0)
            if office.messages(office.organisers_channel) and not office.bot.queue._under_way:
                break
    finally:
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
    assert len(office.messages(office.organisers_channel)) == 1
    assert office.world.ladder.storage.database.notes[NOTE]  # the match log has begun
