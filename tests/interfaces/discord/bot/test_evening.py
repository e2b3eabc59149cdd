"""Matches over a real SQLite file, through the real send queue, to a Discord that takes a known nonce for a repetition.

Nobody notices a message that Discord swallows: the bot is answered as if it were posted. So what counts here is what
stands in the players' direct messages, against what the ladder believes that they were told.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

from pydantic import SecretStr

from tests.interfaces.discord.bot.loopback import LoopbackDiscord
from tests.interfaces.discord.layout import walk
from tests.support.databases import Database, opened_ladder
from tests.support.fakes.ladder import FakeClock
from toprung.application.ladder import Ladder
from toprung.application.ports.players import Account, NewPlayer
from toprung.application.ports.storage import Transaction
from toprung.bootstrap.discord_bot import discord_bot
from toprung.domain.events import PlayerRegistered
from toprung.domain.matches.match import MatchId, Outcome, Participant
from toprung.domain.matches.match_life import Step
from toprung.domain.matches.notice import NoticeKind
from toprung.domain.players.player import Player
from toprung.interfaces.discord.messages.context import BotLimits

pytest_plugins = ("tests.support.databases",)

FIRST_USER: Final = 2**50
PLAYERS: Final = 60
ROUNDS: Final = 2
SECONDS_MAX: Final = 120.0

TITLES: Final = {
    NoticeKind.FOUND: "Match {}: found",
    NoticeKind.IN_PROGRESS: "Match {}: in progress",
    NoticeKind.CLAIM: "Match {}: one side has reported",
    NoticeKind.CANCEL_ASKED: "Your opponent wants to cancel the match.",
    NoticeKind.WITHDRAWN: "Your opponent took their report back.",
    NoticeKind.RESULT: "Match {}: over",
    NoticeKind.CONFLICT: "Match {}: the reports differ",
    NoticeKind.ABORTED: "Match {}: called off",
    NoticeKind.VOIDED: "Match {}: counts for nothing",
}
"""What a message of each kind says of the match with this number."""


def text_of(message: Any) -> str:
    return "\n".join(part["content"] for part in walk(message["components"]) if part["type"] == 10)


@dataclass
class Evening:
    """The ladder, the Discord that it talks to, and what each player is to read, in order."""

    ladder: Ladder
    discord: LoopbackDiscord
    clock: FakeClock
    players: Sequence[Player]
    expected: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))

    async def told(self, match_id: MatchId, kind: NoticeKind, *players: Player) -> None:
        """Returns when Discord was asked to tell these players; that each of them reads it is looked at in the end."""
        users = [player.discord_id or 0 for player in players]
        for user in users:
            self.expected[user].append(TITLES[kind].format(match_id))
        await self.discord.until(lambda: all(self.discord.asked[user] >= len(self.expected[user]) for user in users))

    async def act(self, match_id: MatchId, player: Player, step: Step, outcome: Outcome | None = None) -> None:
        self.clock.advance(seconds=1)
        await self.ladder.lifecycle.act(match_id, player.id, step, outcome)

    async def play(self, one: Player, two: Player, ending: str) -> None:
        """One match of the two, each step as soon as both were told of the one before."""
        sides = [Participant(player_id=player.id, race="bw_zerg") for player in (one, two)]
        number = (await self.ladder.lifecycle.open(sides[0], sides[1])).id
        await self.told(number, NoticeKind.FOUND, one, two)
        if ending == "called off":
            await self.act(number, one, Step.ABORT)
            return await self.told(number, NoticeKind.ABORTED, one, two)
        await self.act(number, one, Step.CONFIRM)
        await self.act(number, two, Step.CONFIRM)
        await self.told(number, NoticeKind.IN_PROGRESS, one, two)
        if ending == "cancelled":
            await self.act(number, one, Step.CANCEL)
            await self.told(number, NoticeKind.CANCEL_ASKED, two)
            await self.act(number, two, Step.CANCEL)
            return await self.told(number, NoticeKind.VOIDED, one, two)
        await self.act(number, one, Step.REPORT, Outcome.WIN)
        await self.told(number, NoticeKind.CLAIM, two)
        if ending == "taken back":
            await self.act(number, one, Step.WITHDRAW)
            await self.told(number, NoticeKind.WITHDRAWN, two)
            await self.act(number, one, Step.REPORT, Outcome.DRAW)
            await self.told(number, NoticeKind.CLAIM, two)
        if ending == "disputed":
            await self.act(number, two, Step.REPORT, Outcome.WIN)
            return await self.told(number, NoticeKind.CONFLICT, one, two)
        await self.act(number, two, Step.REPORT, Outcome.DRAW if ending == "taken back" else Outcome.LOSS)
        return await self.told(number, NoticeKind.RESULT, one, two)

    async def check(self) -> None:
        """Each player has read each notice once and in order, and that is what the ladder believes."""
        is_waiting = True
        while is_waiting:  # the last of them are noted after the answer, which nobody hears of
            is_waiting = await self.ladder.unit_of_work.read(lambda tx: tx.intents.waiting()) > 0
        assert self.discord.nonces.swallowed == []
        for user, titles in self.expected.items():
            texts = [text_of(message) for message in self.discord.posted[user]]
            assert [title in text for title, text in zip(titles, texts, strict=True)] == [True] * len(titles)
        notices = await self.ladder.unit_of_work.read(_notices)
        assert sum(map(len, self.expected.values())) == len(notices)
        assert set(notices) == {True}


def _notices(tx: Transaction) -> list[bool | None]:
    """Whether who was to be told was reached, of every notice there ever was."""
    last = max(tx.lookups.matches(1), key=lambda match: match.id)
    kept = (tx.notices.get(cast("Any", number)) for number in range(1, 20 * last.id))
    return [notice.was_reached for notice in kept if notice is not None]


@asynccontextmanager
async def evening_of(
    database: Database, players: int, *, is_checking: bool, limits: BotLimits | None = None
) -> AsyncIterator[Evening]:
    """So many players on a new ladder, with its bot running."""
    clock, discord = FakeClock(), LoopbackDiscord(is_checking=is_checking)

    def join(tx: Transaction) -> list[Player]:
        new = [
            NewPlayer(
                name=f"Player {number}", name_key=f"player{number}", country="KR", region="KRJ",
                discord_id=FIRST_USER + number, in_game_names=(f"Player#{number}",),
            )
            for number in range(players)
        ]  # fmt: skip
        joined = tx.players.add(new)
        for player in joined:
            tx.accounts.save(Account(player_id=player.id, language="en", terms_accepted_at_us=1))
            tx.changes.record(PlayerRegistered(player=player))
        return joined

    async with opened_ladder(database, clock=clock, discord_token=SecretStr("token")) as opened, discord.serving():
        joined = await opened.ladder.unit_of_work.run(join)
        async with discord_bot(opened.ladder, opened.wired.settings, limits), asyncio.timeout(SECONDS_MAX):
            await discord.until(lambda: 2 in discord.opcodes)
            yield Evening(opened.ladder, discord, clock, joined)


async def test_each_step_of_a_match_is_read_by_both(sqlite_database: Database) -> None:
    async with evening_of(sqlite_database, 2, is_checking=True) as evening:
        one, two = evening.players
        await evening.play(one, two, "agreed")
        await evening.check()
        assert {len(messages) for messages in evening.discord.posted.values()} == {3, 4}


async def test_an_evening_of_sixty_players_is_read_by_all_of_them(sqlite_database: Database) -> None:
    chance = random.Random(11)
    limits = BotLimits(sends_per_second_max=10_000)
    async with evening_of(sqlite_database, PLAYERS, is_checking=False, limits=limits) as evening:
        waiting = list(evening.players)
        for _ in range(ROUNDS):
            chance.shuffle(waiting)
            endings = [*("agreed",) * 16, *("disputed", "cancelled", "taken back") * 4, "called off", "called off"]
            pairs = zip(waiting[::2], waiting[1::2], endings, strict=True)
            await asyncio.gather(*(evening.play(one, two, ending) for one, two, ending in pairs))
            evening.clock.advance(days=1)  # who called a match off sits out
        await evening.check()
