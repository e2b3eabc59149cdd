"""The send queue against a Discord that refuses, breaks, and comes back; time is moved by hand."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tests.interfaces.discord.ladder import discord_ladder
from toprung.application.jobs.outbox import Outbox
from toprung.application.ports.intents import Ending, Intent, Priority, StoredIntent
from toprung.interfaces.discord.sending.hindrances import Hindrances
from toprung.interfaces.discord.sending.send_queue import (
    ATTEMPTS_MAX,
    RETRY_SECONDS_MIN,
    SENDS_AT_ONCE_MAX,
    Delivery,
    SendQueue,
)

import discord  # isort: skip - after the bot, which loads it without its warning


def refusal(status: int, code: int = 0, **headers: str) -> discord.HTTPException:
    """What discord.py raises for an answer with this status."""
    response: Any = SimpleNamespace(status=status, reason="because", headers=headers)
    kind = {403: discord.Forbidden, 404: discord.NotFound, 503: discord.DiscordServerError}.get(
        status, discord.HTTPException
    )
    return kind(response, {"code": code, "message": "refused"})


class FakeDeliverer:
    """Delivers as `answers` say, in turn, and then well; keeps what it was asked, and waits where `gate` is there."""

    def __init__(self) -> None:
        self.asked: list[StoredIntent] = []
        self.answers: list[Exception | Delivery] = []
        self.gate: asyncio.Event | None = None
        self.arrived: asyncio.Queue[StoredIntent] = asyncio.Queue()

    async def deliver(self, stored: StoredIntent) -> Delivery:
        self.asked.append(stored)
        self.arrived.put_nowait(stored)
        if self.gate is not None:
            await self.gate.wait()
        answer = self.answers.pop(0) if self.answers else Delivery(message=(stored.intent.recipient, len(self.asked)))
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def keys(self) -> list[str]:
        """What it was asked for, in order."""
        return [stored.intent.key for stored in self.asked]


class Post:
    """A ladder with a send queue and a deliverer that does as it is told."""

    def __init__(self) -> None:
        self.ladder = discord_ladder()
        self.deliverer = FakeDeliverer()
        self.refused = 0
        self.settled: list[tuple[str, Ending]] = []
        self.hindrances = Hindrances(str)
        self.queue = self.restarted()

    def restarted(self, *, retry_seconds_min: float = RETRY_SECONDS_MIN) -> SendQueue:
        """A queue with nothing in memory, as after a restart."""
        outbox = Outbox(
            unit_of_work=self.ladder.unit_of_work,
            clock=self.ladder.clock,
            settlings={"note": lambda _, stored, ending: self.settled.append((stored.intent.key, ending))},
        )
        return SendQueue(
            outbox=outbox,
            clock=self.ladder.clock,
            deliverers={"note": self.deliverer},
            on_refused=self._refuse,
            hindrances=self.hindrances,
            sends_per_second_max=20,
            retry_seconds_min=retry_seconds_min,
        )

    def _refuse(self) -> None:
        self.refused += 1

    async def want(self, *intents: Intent) -> None:
        now_us = self.ladder.clock.now_us()
        await self.ladder.unit_of_work.run(lambda tx: tx.intents.want(intents, now_us=now_us))

    async def waiting(self) -> int:
        return await self.ladder.unit_of_work.read(lambda tx: tx.intents.waiting())


def note(key: str, *, recipient: int = 1, priority: Priority = Priority.MATCH, text: str = "") -> Intent:
    return Intent(key=key, kind="note", recipient=recipient, priority=priority, parameters={"text": text})


@pytest.fixture
def post() -> Post:
    return Post()


async def test_the_weightiest_goes_first_and_each_goes_once(post: Post) -> None:
    await post.want(
        note("role", priority=Priority.ROLE), note("board", priority=Priority.LEADERBOARD), note("match"), note("later")
    )
    await post.queue.deliver_due()
    await post.queue.deliver_due()
    await post.restarted().deliver_due()
    assert post.deliverer.keys == ["match", "later", "board", "role"]
    assert await post.waiting() == 0


async def test_many_wishes_are_one_edit_of_the_same_message(post: Post) -> None:
    await post.want(note("board", text="1"))
    await post.queue.deliver_due()
    for text in "23456":
        await post.want(note("board", text=text))
    await post.queue.deliver_due()
    assert [(stored.intent.parameters["text"], stored.message) for stored in post.deliverer.asked] == [
        ("1", None),
        ("6", (1, 1)),
    ]


async def test_a_wish_that_comes_during_a_delivery_is_not_lost(post: Post) -> None:
    post.deliverer.gate = asyncio.Event()
    await post.want(note("board", text="1"))
    delivering = asyncio.create_task(post.queue.deliver_due())
    await post.deliverer.arrived.get()
    await post.want(note("board", text="2"))
    post.deliverer.gate.set()
    await delivering
    assert [stored.intent.parameters["text"] for stored in post.deliverer.asked] == ["1", "2"]


async def test_a_recipient_who_is_slow_holds_nobody_else_up(post: Post) -> None:
    post.deliverer.gate = asyncio.Event()
    await post.want(*(note(f"{recipient} {number}", recipient=recipient) for recipient in range(9) for number in "ab"))
    delivering = asyncio.create_task(post.queue.deliver_due())
    for _ in range(SENDS_AT_ONCE_MAX):
        await post.deliverer.arrived.get()
    assert len({stored.intent.recipient for stored in post.deliverer.asked}) == SENDS_AT_ONCE_MAX
    post.deliverer.gate.set()
    await delivering
    assert sorted(post.deliverer.keys) == sorted(f"{recipient} {number}" for recipient in range(9) for number in "ab")


@pytest.mark.parametrize("failure", [refusal(503), refusal(429), OSError("reset"), discord.RateLimited(5.0)])
async def test_what_fails_for_now_is_tried_again_later_even_after_a_restart(post: Post, failure: Exception) -> None:
    post.deliverer.answers = [failure, failure]
    await post.want(note("match"))
    await post.queue.deliver_due()
    await post.queue.deliver_due()
    assert len(post.deliverer.asked) == 1  # not before its time
    post.ladder.clock.advance(seconds=10)
    await post.restarted().deliver_due()
    post.ladder.clock.advance(seconds=10)
    await post.restarted().deliver_due()
    assert [stored.attempts for stored in post.deliverer.asked] == [0, 1, 2]
    assert await post.waiting() == 0


async def test_what_fails_for_good_is_given_up_after_so_many_attempts(post: Post) -> None:
    post.deliverer.answers = [refusal(503)] * 1_000
    await post.want(note("match"))
    for _ in range(ATTEMPTS_MAX + 5):
        await post.queue.deliver_due()
        post.ladder.clock.advance(seconds=2_000)
    assert len(post.deliverer.asked) == ATTEMPTS_MAX
    assert await post.waiting() == 0
    assert post.settled == []  # which is no proof against anybody


async def test_nobody_waits_for_the_rest_of_who_refuses_direct_messages(post: Post) -> None:
    post.deliverer.answers = [refusal(403, 50007)]
    await post.want(replace(note("found", recipient=7), is_direct=True))
    await post.queue.deliver_due()
    post.ladder.clock.advance(seconds=60)
    await post.want(replace(note("claim", recipient=7), is_direct=True), note("channel", recipient=8))
    await post.queue.deliver_due()
    assert post.deliverer.keys == ["found", "channel"]  # no further request that Discord would refuse
    assert post.settled == [("found", Ending.REFUSED), ("claim", Ending.REFUSED), ("channel", Ending.SAID)]
    assert await post.waiting() == 0
    post.ladder.clock.advance(seconds=3_600)
    await post.want(replace(note("next day", recipient=7), is_direct=True))
    await post.queue.deliver_due()
    assert post.settled[-1] == ("next day", Ending.SAID)


async def test_a_message_that_somebody_deleted_is_said_anew(post: Post) -> None:
    await post.want(note("board", text="1"))
    await post.queue.deliver_due()
    post.deliverer.answers = [refusal(404, 10008)]
    await post.want(note("board", text="2"))
    await post.queue.deliver_due()
    assert [stored.message for stored in post.deliverer.asked] == [None, (1, 1), None]
    assert len({stored.nonce for stored in post.deliverer.asked}) == 3  # or Discord would answer with the deleted one


async def test_a_refused_token_is_said_once_and_the_message_stays(post: Post) -> None:
    post.deliverer.answers = [refusal(401)]
    await post.want(note("match"))
    await post.queue.deliver_due()
    assert post.refused == 1
    assert await post.waiting() == 1


async def test_what_is_over_or_of_an_unknown_kind_waits_no_longer(post: Post) -> None:
    post.deliverer.answers = [Delivery(is_over=True)]
    await post.want(note("over"), replace(note("later version's"), kind="telegram", recipient=2))
    await post.queue.deliver_due()
    assert await post.waiting() == 0
    assert [row.stored.intent.key for row in post.ladder.storage.database.intents.values()] == ["later version's"]


async def test_it_runs_until_it_is_stopped_and_survives_a_database_that_is_away(post: Post) -> None:
    post.ladder.storage.fail_reads(1)
    await post.want(note("match"))
    running = asyncio.create_task(post.restarted(retry_seconds_min=0.01).run())
    await post.deliverer.arrived.get()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert post.deliverer.keys == ["match"]


async def test_a_crash_after_the_send_sends_again_with_the_same_nonce(post: Post) -> None:
    await post.want(note("match"))
    post.ladder.storage.fail_writes(1)  # the outcome is not kept
    await post.queue._deliver(
        (await post.ladder.unit_of_work.read(lambda tx: tx.intents.due(now_us=10**18, limit=1)))[0]
    )
    await post.restarted().deliver_due()
    first, second = post.deliverer.asked
    assert first.nonce == second.nonce
