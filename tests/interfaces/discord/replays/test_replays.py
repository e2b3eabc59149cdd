"""Replays that are handed in by the command, and how their players learn what came of them."""

import asyncio
from collections.abc import Iterator

import discord
import pytest

from tests.interfaces.discord.conftest import World
from tests.interfaces.discord.ladder import REPLAY_BYTES_MAX
from tests.interfaces.discord.layout import text_of
from tests.interfaces.discord.matches.test_matches import Pair, pair
from tests.interfaces.discord.organisers import said
from tests.support.intake import replay as synthetic_replay
from tests.support.intake import until
from toprung.application.ports.replays import TimedOut
from toprung.application.replays.replay_verdicts import SHOWN_WITHIN_SECONDS
from toprung.domain.jobs.job import JobId, JobState
from toprung.domain.matches.match import MatchId
from toprung.domain.replays.replay import UnreadableReplay
from toprung.domain.replays.replay_checks import CHECK_SENTENCES, Check, CheckCode, CheckStatus
from toprung.domain.replays.replay_findings import Findings
from toprung.domain.replays.replay_upload import GIVEN_UP, QUARANTINED, READ, UploadState, UploadVerdict
from toprung.domain.replays.replay_upload import MAGIC as MAGICS
from toprung.interfaces.discord.messages.context import BotLimits
from toprung.interfaces.texts.texts import load_texts

import simcord  # isort: skip

__all__ = ["pair"]

MAGIC = MAGICS[0]


FAILED = Check(code=CheckCode.MAP, status=CheckStatus.FAILED, expected=("Khione",), found=("@everyone *here*",))
MISFIT = UploadVerdict(
    state=UploadState.REJECTED,
    code="not_verified",
    sentence="as it is",
    details=Findings(match_id=MatchId(1), side=0, result=None, checks=(FAILED,), handles=(None, None)).to_details(),
)
GAME = synthetic_replay(1)


async def hand_in(
    world: World, data: bytes, *, actor: simcord.MemberActor | None = None, **options: int
) -> simcord.InteractionResult:
    return await (actor or world.alice).slash(world.channel, "replay", file=("game.SC2Replay", data), **options)


async def hand_in_and_watch(world: World, data: bytes) -> simcord.InteractionResult:
    """Hands a replay in, which is judged while somebody still looks at the answer."""
    handing_in = asyncio.ensure_future(hand_in(world, data))
    await until(lambda: bool(world.ladder.intake.endings._listening))
    await world.ladder.intake.work_off()
    return await handing_in


async def tell(world: World) -> None:
    """Sends what is due once the time to look at the answer is over."""
    world.ladder.clock.advance(seconds=SHOWN_WITHIN_SECONDS)
    await world.bot.queue.deliver_due()


nobody_watches = pytest.mark.parametrize("limits", [BotLimits(replay_watched_seconds_max=0.0)])


@pytest.fixture(autouse=True)
def _requests_are_what_discord_takes(world: World) -> Iterator[None]:
    yield
    world.check_requests()


@nobody_watches
async def test_a_replay_goes_to_the_intake_for_the_open_match(world: World, pair: Pair) -> None:
    await pair.begin()
    result = await hand_in(world, GAME)
    assert "Replay 1 is received" in said(result)
    assert "comes as a direct message" in said(result)
    assert result.ephemeral
    assert world.ladder.intake.taken == [("Novamar", pair.number, GAME, "game.SC2Replay")]


async def test_the_verdict_takes_the_place_of_the_receipt_and_is_not_told_twice(world: World, pair: Pair) -> None:
    world.ladder.intake.judge.verdict = MISFIT
    text = said(await hand_in_and_watch(world, GAME))
    assert r"The map was to be Khione, and \@everyone \*here\* was played." in text
    assert "can be reported by hand" in text
    assert "is received" not in text
    await tell(world)
    assert pair.messages(world.alice) == []
    assert world.ladder.storage.database.intents == {}


@nobody_watches
async def test_a_verdict_that_takes_long_comes_as_one_direct_message_in_the_players_language(
    world: World, pair: Pair
) -> None:
    world.ladder.intake.judge.verdict = MISFIT
    await hand_in(world, GAME, actor=world.bob)
    await tell(world)
    assert pair.messages(world.bob) == []
    await world.ladder.intake.work_off()
    await world.bot.queue.deliver_due()
    assert pair.messages(world.bob) == []  # whoever still watches is shown it first
    for _ in range(2):
        await tell(world)
        (message,) = pair.messages(world.bob)
    assert "리플레이 1" in text_of(message)
    assert "\\@everyone" in text_of(message)
    assert world.ladder.storage.database.intents == {}


@nobody_watches
@pytest.mark.parametrize("is_judged_before", [True, False])
async def test_a_restart_forgets_no_verdict(world: World, pair: Pair, *, is_judged_before: bool) -> None:
    await hand_in(world, GAME)
    if is_judged_before:
        await world.ladder.intake.work_off()
    world.bot = world.ladder.new_bot()
    await world.env.restart_bot(world.bot.client)
    if not is_judged_before:
        await world.ladder.intake.work_off()
    for _ in range(2):
        await tell(world)
        assert len(pair.messages(world.alice)) == 1
    assert "belongs to no match" in text_of(pair.last(world.alice))


async def test_an_answer_that_cannot_be_given_any_more_is_followed_by_a_message(world: World, pair: Pair) -> None:
    world.expected_errors = (discord.NotFound,)
    world.env.inject_error("PATCH", "/webhooks/*/*/messages/@original", status=404, code=10015, times=None)
    await hand_in(world, GAME)
    await world.ladder.intake.work_off()
    await tell(world)
    assert "belongs to no match" in text_of(pair.last(world.alice))


@nobody_watches
async def test_what_others_bring_for_a_player_is_not_told_to_the_player(world: World, pair: Pair) -> None:
    await world.ladder.intake.submit_replay("Novamar", None, GAME, None)
    await world.ladder.intake.work_off()
    await tell(world)
    assert pair.messages(world.alice) == []
    assert "belongs to no match" in said(await hand_in(world, GAME))  # which asks for it


@nobody_watches
async def test_what_was_brought_before_and_waits_is_promised_to_whoever_asks_on_discord(
    world: World, pair: Pair
) -> None:
    await world.ladder.intake.submit_replay("Novamar", None, GAME, None)
    await hand_in(world, GAME)
    await hand_in(world, GAME)
    await world.ladder.intake.work_off()
    await tell(world)
    assert len(pair.messages(world.alice)) == 1


@nobody_watches
async def test_closed_direct_messages_do_no_harm(world: World, pair: Pair) -> None:
    channel = world.users[world.alice.id].dm_channel
    world.env.inject_error("POST", f"/channels/{channel.id}/messages", status=403, code=50007, times=None)
    await hand_in(world, GAME)
    await world.ladder.intake.work_off()
    await tell(world)
    requests = len(world.env.http_requests)
    await tell(world)
    assert len(world.env.http_requests) == requests
    assert pair.messages(world.alice) == []
    assert "belongs to no match" in said(await hand_in(world, GAME))
    assert world.ladder.storage.database.intents == {}


async def dead_letter(world: World) -> JobId:
    """The job of a replay that could not be read."""
    world.ladder.intake.parser.tell(GAME, TimedOut(seconds_max=2.5))
    await world.ladder.intake.work_off()
    (job,) = world.ladder.storage.database.jobs.values()
    assert job.state is JobState.DEAD
    return job.id


@nobody_watches
async def test_a_dead_letter_is_told_and_so_is_what_comes_of_trying_again(world: World, pair: Pair) -> None:
    await hand_in(world, GAME)
    job_id = await dead_letter(world)
    await tell(world)
    assert "several attempts" in text_of(pair.last(world.alice))
    await world.ladder.intake.retry_job(job_id)
    await world.ladder.intake.work_off()
    await tell(world)
    assert [("several attempts" in text_of(one)) for one in pair.messages(world.alice)] == [True, True]
    world.ladder.intake.parser.outcomes.clear()
    await world.ladder.intake.retry_job(job_id)
    await world.ladder.intake.work_off()
    await tell(world)
    await tell(world)
    assert len(pair.messages(world.alice)) == 3
    assert "belongs to no match" in text_of(pair.last(world.alice))
    assert world.ladder.storage.database.intents == {}


async def test_what_comes_of_trying_again_is_told_to_whoever_was_shown_that_it_was_given_up(
    world: World, pair: Pair
) -> None:
    world.ladder.intake.parser.tell(GAME, TimedOut(seconds_max=2.5))
    assert "several attempts" in said(await hand_in_and_watch(world, GAME))
    await tell(world)
    assert pair.messages(world.alice) == []
    world.ladder.intake.parser.outcomes.clear()
    (job,) = world.ladder.storage.database.jobs.values()
    await world.ladder.intake.retry_job(job.id)
    await tell(world)  # and while it waits anew nothing is said
    await world.ladder.intake.work_off()
    await tell(world)
    (message,) = pair.messages(world.alice)
    assert "belongs to no match" in text_of(message)


@nobody_watches
async def test_what_is_judged_anew_before_it_was_told_is_told_once_as_it_then_is(world: World, pair: Pair) -> None:
    world.ladder.intake.judge.verdict = MISFIT
    await hand_in(world, GAME)
    await world.ladder.intake.work_off()
    world.ladder.intake.judge.verdict = READ
    await hand_in(world, GAME)  # a mod was approved, say
    await tell(world)
    assert pair.messages(world.alice) == []
    await world.ladder.intake.work_off()
    await tell(world)
    (message,) = pair.messages(world.alice)
    assert "belongs to no match" in text_of(message)


@nobody_watches
async def test_what_is_deleted_with_a_player_is_told_to_nobody(world: World, pair: Pair) -> None:
    await hand_in(world, GAME)
    await world.ladder.accounts.forget(world.alice.id)
    await world.ladder.intake.work_off()
    await tell(world)
    assert pair.messages(world.alice) == []


def test_every_verdict_and_every_check_that_can_stand_in_the_way_has_a_text() -> None:
    texts = load_texts()
    for check in CheckCode:
        for status in (CheckStatus.FAILED, CheckStatus.UNKNOWN):
            code = f"replay.check.{check.value}.{status.value}"
            english = CHECK_SENTENCES[check][status].replace("{", "").replace("}", "")
            said = texts.text(code, "en", expected="expected", found="found")
            assert said.startswith(english.removesuffix("."))  # Discord may add the command that helps
    codes = {kind.code for kind in UnreadableReplay.__subclasses__()}
    codes |= {READ.code, QUARANTINED.code, GIVEN_UP.code, "claimed", "completed", "conflict", "borne_out", "kept"}
    codes |= {"no_winner", "not_a_participant", "not_begun", "not_verified"}
    assert not [code for code in codes if not texts.has(f"replay.verdict.{code}")]


async def test_what_is_no_replay_or_too_large_is_refused(world: World, pair: Pair) -> None:
    await pair.open()
    assert "no replay" in said(await hand_in(world, b"PK"))
    requests = len(world.env.http_requests)
    assert "at most" in said(await hand_in(world, MAGIC + bytes(REPLAY_BYTES_MAX)))
    assert not [one for one in world.env.http_requests[requests:] if "attachments" in one.path]
    assert "no such match" in said(await hand_in(world, MAGIC, number=7))
    carol = world.guild.add_member(world.env.create_user("carol"))
    assert "not on the ladder" in said(await carol.slash(world.channel, "replay", file=("x", MAGIC)))
    assert world.ladder.intake.taken == []
