"""Whose fault a refusal is, and what follows: by a table that is written from Discord's documentation, by hand."""

from dataclasses import replace
from itertools import pairwise
from typing import Final, NamedTuple

import pytest
from structlog.testing import capture_logs

from tests.interfaces.discord.ladder import TEXTS
from tests.interfaces.discord.sending.test_send_queue import Post, note, refusal
from toprung.application.ports.intents import Ending
from toprung.interfaces.discord.messages.context import Reader
from toprung.interfaces.discord.sending.refusals import (
    Fault,
    Hindrance,
    Place,
    PlaceKind,
    Refusal,
    fault_of,
    refusal_sentence,
)
from toprung.interfaces.discord.sending.send_queue import Delivery, RefusedAt

import discord  # isort: skip - after the bot, which loads it without its warning


class Case(NamedTuple):
    """An answer of Discord's to a direct message, and whose fault it is."""

    status: int
    code: int
    fault: str
    what: str


CASES: Final = (
    Case(403, 50007, "theirs", "Cannot send messages to this user"),
    Case(403, 50278, "theirs", "Cannot send messages to this user due to having no mutual guilds"),
    Case(404, 10013, "theirs", "Unknown user"),
    Case(400, 10013, "theirs", "Unknown user"),
    Case(403, 50001, "ours", "Missing access"),
    Case(403, 50013, "ours", "You lack permissions to perform that action"),
    Case(404, 10003, "ours", "Unknown channel"),
    Case(404, 10004, "ours", "Unknown guild"),
    Case(404, 10011, "ours", "Unknown role"),
    Case(404, 10007, "ours", "Unknown member"),
    Case(404, 10015, "ours", "Unknown webhook"),
    Case(400, 50035, "ours", "Invalid form body"),
    Case(400, 50006, "ours", "Cannot send an empty message"),
    Case(400, 50008, "ours", "Cannot send messages in a non-text channel"),
    Case(400, 50083, "ours", "Thread is archived"),
    Case(403, 160005, "ours", "Thread is locked"),
    Case(403, 200000, "ours", "Message was blocked by automatic moderation"),
    Case(403, 240000, "ours", "Message blocked by harmful links filter"),
    Case(400, 50033, "ours", "Invalid recipients"),
    Case(403, 20012, "ours", "Not authorised on this application"),
    Case(403, 99999, "ours", "a code that nobody knows"),
    Case(404, 10008, "ours", "Unknown message, where none was edited"),
    Case(403, 50005, "ours", "A message of somebody else, where none was edited"),
    Case(403, 40003, "later", "You are opening direct messages too fast"),
    Case(403, 20026, "later", "The bot has been flagged by the anti-spam system"),
    Case(403, 40004, "later", "Send messages has been temporarily disabled"),
    Case(403, 40006, "later", "This feature has been temporarily disabled"),
    Case(400, 20016, "later", "Slowmode"),
    Case(429, 20022, "later", "Announcement edits"),
    Case(429, 20028, "later", "The channel has hit the write rate limit"),
    Case(429, 20029, "later", "The server has hit the write rate limit"),
    Case(429, 30046, "later", "Maximum number of edits to messages older than an hour"),
    Case(429, 40062, "later", "Service resource is being rate limited"),
    Case(403, 40333, "later", "Internal network error"),
    Case(429, 0, "later", "Rate limited"),
    Case(429, 50007, "later", "Rate limited, whatever code comes along"),
    Case(403, 0, "later", "A page of Cloudflare's, with no code"),
    Case(404, 0, "later", "A page of a proxy's, with no code"),
    Case(408, 0, "later", "Timeout"),
    Case(500, 0, "later", "Server error"),
    Case(502, 0, "later", "Bad gateway"),
    Case(503, 130000, "later", "API resource is currently overloaded"),
    Case(503, 50007, "later", "Trouble of Discord's own, whatever code comes along"),
)
IDS: Final = [f"{case.status}-{case.code}" for case in CASES]
FOUND: Final = replace(note("found", recipient=7), is_direct=True)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_whose_fault_it_is(case: Case) -> None:
    told = Refusal(status=case.status, code=case.code, is_to_person=True)
    assert fault_of(told) is Fault(case.fault)
    elsewhere = fault_of(replace(told, is_to_person=False))
    assert elsewhere is (Fault.OURS if case.fault == "theirs" else Fault(case.fault))


@pytest.mark.parametrize(("status", "code"), [(404, 10008), (403, 50005)])
def test_a_message_that_cannot_be_edited_any_more_is_made_anew(status: int, code: int) -> None:
    for is_to_person in (False, True):
        lost = Refusal(status=status, code=code, is_edit=True, is_to_person=is_to_person)
        assert fault_of(lost) is Fault.GONE


def test_no_code_but_three_is_ever_proof_against_a_person() -> None:
    for code in {*range(60_000), 110001, 130000, 160002, 180000, 340013, 500000} - {50007, 50278, 10013}:
        assert fault_of(Refusal(status=403, code=code, is_to_person=True)) is not Fault.THEIRS


@pytest.mark.parametrize("case", CASES, ids=IDS)
async def test_what_follows_for_the_person_who_was_to_be_told(case: Case, post: Post) -> None:
    """Only their own refusal is proof against them and ends the message; after anything else they are told later."""
    post.deliverer.answers = [refusal(case.status, case.code)]
    await post.want(FOUND)
    await post.queue.deliver_due()
    assert post.settled == ([("found", Ending.REFUSED)] if case.fault == "theirs" else [])
    assert await post.waiting() == (0 if case.fault == "theirs" else 1)
    post.ladder.clock.advance(seconds=300)
    await post.restarted().deliver_due()
    assert post.settled == [("found", Ending.REFUSED if case.fault == "theirs" else Ending.SAID)]
    assert bool(post.hindrances) is False


@pytest.mark.parametrize("case", CASES, ids=IDS)
async def test_what_follows_for_the_same_persons_other_messages_and_for_others(case: Case, post: Post) -> None:
    post.deliverer.answers = [refusal(case.status, case.code)]
    await post.want(FOUND)
    await post.queue.deliver_due()
    other_kind = replace(FOUND, key="of another kind", kind="board")
    await post.want(replace(FOUND, key="claim"), replace(FOUND, key="another's", recipient=8), other_kind)
    await post.queue.deliver_due()
    settled = dict(post.settled)
    assert settled["another's"] is Ending.SAID
    assert settled.get("claim") is {"theirs": Ending.REFUSED, "ours": None, "later": Ending.SAID}[case.fault]
    rests = {"found", "claim"} if case.fault == "ours" else {"found"}
    assert rests - set(settled) == (set() if case.fault == "theirs" else rests)


@pytest.mark.parametrize("case", CASES, ids=IDS)
async def test_a_channel_or_a_role_never_rests_a_person(case: Case, post: Post) -> None:
    """A role above the bot, a deleted one, a channel without permission: the member is told all the same."""
    failure = refusal(case.status, case.code)
    post.deliverer.answers = [RefusedAt(failure, Place(kind=PlaceKind.ROLE, number=5)), failure]
    role = replace(FOUND, key="role", kind="note")
    await post.want(role, note("in a channel of that number", recipient=70))
    await post.queue.deliver_due()
    assert not [key for key, ending in post.settled if ending is Ending.REFUSED]
    post.queue._rests._corners.clear()  # the kind that was refused rests; that the person does not is seen without that
    await post.want(FOUND)
    await post.queue.deliver_due()
    assert ("found", Ending.SAID) in post.settled


async def test_what_is_refused_at_a_place_rests_there_longer_each_time_and_goes_on_when_it_is_mended(
    post: Post,
) -> None:
    post.deliverer.answers = [refusal(403, 50013)] * 8
    minutes_asked = []
    for minute in range(300):
        await post.want(note(f"line {minute}"))
        before = len(post.deliverer.asked)
        await post.queue.deliver_due()
        minutes_asked += [minute] if len(post.deliverer.asked) > before else []
        post.ladder.clock.advance(seconds=60)
    gaps = [later - at for at, later in pairwise(minutes_asked[:8])]
    assert gaps == [1, 2, 4, 8, 15, 15, 15]
    assert not post.hindrances
    assert await post.waiting() == 0


async def test_a_whole_kind_rests_where_a_role_is_refused_and_the_others_get_theirs(post: Post) -> None:
    """One member's role is above the bot: it neither floods Discord nor holds up the others for long."""
    roles = [replace(note(f"role {who}", recipient=who), is_direct=True) for who in range(1, 41)]
    refused = RefusedAt(refusal(403, 50013), Place(kind=PlaceKind.ROLE, number=5))

    async def deliver(stored: object) -> Delivery:
        key = stored.intent.key  # type: ignore[attr-defined]
        asked.append(key)
        if key in {"role 1", "role 2", "role 3"}:
            raise refused
        return Delivery(message=(1, 1))

    asked: list[str] = []
    post.deliverer.deliver = deliver  # type: ignore[method-assign]
    await post.want(*roles)
    for _ in range(10):
        await post.queue.deliver_due()
        post.ladder.clock.advance(seconds=60)
    assert {f"role {who}" for who in range(4, 41)} <= set(asked)
    assert sum(key in {"role 1", "role 2", "role 3"} for key in asked) <= 12


@pytest.mark.parametrize(
    ("failure", "seconds"),
    [
        (refusal(429, 0, **{"Retry-After": "700"}), 700),
        (refusal(503, 0, **{"Retry-After": "120.5"}), 120.5),
        (discord.RateLimited(1_800.0), 1_800),
        (refusal(429, 0, **{"Retry-After": "100000"}), 3_600),
        (refusal(429, 0, **{"Retry-After": "soon"}), 0),
    ],
)
async def test_later_is_as_late_as_discord_says_up_to_an_hour_and_holds_nobody_else_up(
    post: Post, failure: Exception, seconds: float
) -> None:
    post.deliverer.answers = [failure]
    await post.want(FOUND)
    await post.queue.deliver_due()
    await post.want(replace(FOUND, key="another's", recipient=8))
    post.ladder.clock.advance(us=max(0, round((seconds - 1) * 1_000_000)))
    await post.queue.deliver_due()
    assert post.settled == [("another's", Ending.SAID)]
    post.ladder.clock.advance(seconds=4)
    await post.queue.deliver_due()
    assert post.settled[-1] == ("found", Ending.SAID)


async def test_a_hindrance_is_one_line_in_the_log_however_long_it_lasts(post: Post) -> None:
    post.deliverer.answers = [refusal(403, 50013)] * 7
    with capture_logs() as logs:
        for number in range(30):
            await post.want(note(f"line {number}", recipient=9))
            await post.queue.deliver_due()
            post.ladder.clock.advance(seconds=600)
    (line,) = [one for one in logs if one["event"] == "discord_hindrance"]
    assert (line["log_level"], line["code"], line["place"]) == ("error", 50013, "channel 9")
    assert [one["hindrance"] for one in logs if one["event"] == "discord_hindrance_over"] == ["403 50013 channel 9"]


def sentence(code: int, kind: PlaceKind, language: str = "en") -> str:
    reader = Reader(discord_id=0, player_id=None, language=language, locale=language, texts=TEXTS)
    hindrance = Hindrance(status=403, code=code, place=Place(kind=kind, number=0 if kind is PlaceKind.DIRECT else 77))
    assert Hindrance.of(str(hindrance)) == hindrance
    return refusal_sentence(reader, hindrance)


@pytest.mark.parametrize(
    ("code", "kind", "parts"),
    [
        (50013, PlaceKind.CHANNEL, ("<#77>", "Send Messages")),
        (50001, PlaceKind.CHANNEL, ("<#77>", "View Channel")),
        (10003, PlaceKind.CHANNEL, ("no channel 77", "settings", "restart")),
        (50013, PlaceKind.ROLE, ("<@&77>", "Manage Roles", "own role above")),
        (10011, PlaceKind.ROLE, ("no role 77", "TOPRUNG_DISCORD_RANK_ROLES")),
        (10004, PlaceKind.SERVER, ("server 77", "TOPRUNG_DISCORD_SERVER")),
        (20026, PlaceKind.DIRECT, ("flagged", "appeal", "/matches")),
        (50035, PlaceKind.DIRECT, ("50035", "report this")),
        (99999, PlaceKind.CHANNEL, ("<#77>", "99999")),
    ],
)
def test_the_sentence_says_what_is_to_be_done_and_where(code: int, kind: PlaceKind, parts: tuple[str, ...]) -> None:
    assert not [part for part in parts if part not in sentence(code, kind)]
    assert sentence(code, kind).endswith(".")
    assert sentence(code, kind, "ko") != sentence(code, kind)


def test_every_refusal_has_a_sentence_in_every_language() -> None:
    for kind in PlaceKind:
        for code in (10003, 10004, 10007, 10011, 20026, 50001, 50013, 50035, 99999):
            for language in TEXTS.languages:
                assert "{" not in sentence(code, kind, language)
