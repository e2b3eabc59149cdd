"""A ladder with an organiser at work: what the tests of the organisers' commands arrange."""

import json
from dataclasses import dataclass, replace
from typing import Any

from tests.interfaces.discord.conftest import World
from tests.interfaces.discord.layout import controls, text_of
from tests.support.intake import ANSWER, hash_of, replay
from toprung.application.players.account_service import SETUP
from toprung.application.ports.replays import Parsed
from toprung.domain.matches.match import Match, MatchId, Outcome, Participant
from toprung.domain.matches.match_life import Step
from toprung.domain.players.player import Player
from toprung.interfaces.discord.bot.bot import BotOptions, DiscordBot
from toprung.interfaces.discord.messages.organisers import Organisers
from toprung.interfaces.discord.organising.organisers_channel import OrganisersChannel

import simcord  # isort: skip

WHY = "agreed by both"


@dataclass
class Office:
    """Alice is an organiser by her id; whoever has the role is one, too."""

    world: World
    role: simcord.RoleHandle
    organisers_channel: simcord.ChannelHandle
    log_channel: simcord.ChannelHandle
    bot: DiscordBot

    @property
    def options(self) -> BotOptions:
        """As a start of the program would be told."""
        return BotOptions(
            token="token",
            server_id=self.world.guild.id,
            organisers_channel_id=self.organisers_channel.id,
            match_log_channel_id=self.log_channel.id,
        )

    async def restart(self) -> None:
        """Ends the bot and starts another one on the same database."""
        self.bot = self.world.ladder.new_bot(self.options)
        await self.world.env.restart_bot(self.bot.client)

    async def admin(self, command: str, **options: Any) -> simcord.InteractionResult:
        """What Alice is answered; only she sees it."""
        result = await self.world.alice.slash(self.world.channel, f"admin {command}", **options)
        assert result.ephemeral or result.modal is not None
        return result

    async def decide(self, message: simcord.ResponseMessage, reason: str = WHY) -> simcord.InteractionResult:
        """Alice goes ahead."""
        form = await self.world.alice.click(message, custom_id="admin:go")
        return await self.world.alice.submit_modal(form, {"reason": reason})

    def audit(self) -> list[tuple[str, str, str, str]]:
        """Who did what to what, and why; but for the players who registered themselves."""
        rows = self.world.ladder.storage.database.audit
        return [(row.actor, row.action, row.subject, row.reason) for row in rows if row.actor != SETUP]

    async def two(self) -> tuple[Player, Player]:
        """Two players, out of reach: what the bot says here, it says to organisers."""
        ladder = self.world.ladder
        ladder.out_of_reach.update({901, 902})
        return await ladder.joined(901, "별빛*_~"), await ladder.joined(902, "Novamar")

    async def started(self, one: Player, two: Player) -> Match:
        """A match in progress."""
        match = await self.opened(one, two)
        for player in (one, two):
            await self.world.ladder.lifecycle.act(match.id, player.id, Step.CONFIRM)
        return match

    async def opened(self, one: Player, two: Player) -> Match:
        """A match that waits to be confirmed."""
        return await self.world.ladder.lifecycle.open(
            Participant(player_id=one.id, race="bw_zerg"), Participant(player_id=two.id, race="sc2_terran")
        )

    async def conflict(self, one: Player, two: Player) -> MatchId:
        """A match whose players both say that they won."""
        match = await self.started(one, two)
        for player in (one, two):
            await self.world.ladder.lifecycle.act(match.id, player.id, Step.REPORT, Outcome.WIN)
        return match.id

    async def look(self) -> list[simcord.ResponseMessage]:
        """What stands in the organisers' channel after a look."""
        await OrganisersChannel(self.bot.client.context, self.bot.queue, self.organisers_channel.id).look()
        await self.bot.queue.deliver_due()
        return self.messages(self.organisers_channel)

    def messages(self, channel: simcord.ChannelHandle) -> list[simcord.ResponseMessage]:
        """What stands in a channel, the oldest first."""
        env = self.world.env
        return [
            simcord.ResponseMessage(env, env.backend.get_message(channel.id, message.id))
            for message in channel.history()
        ]


async def office_of(world: World) -> Office:
    """The office, open."""
    role = world.guild.create_role("Organisers")
    organisers = Organisers(server_id=world.guild.id, user_ids=frozenset({world.alice.id}), role_id=role.id)
    world.ladder = replace(world.ladder, organisers=organisers)
    channels = [world.guild.create_text_channel(name) for name in ("organisers", "matches")]
    office = Office(world, role, channels[0], channels[1], world.bot)
    await office.restart()
    return office


def mod(*numbers: int) -> list[str]:
    """A set of files."""
    return [f"{number:064x}" for number in numbers]


async def played(office: Office, player: Player, handles: list[str], *, times: int = 1) -> None:
    """So many replays of games that were played with this set of files, each read."""
    intake = office.world.ladder.intake
    for _ in range(times):
        data = replay(len(intake.taken) + 1)
        answer = {**ANSWER, "fingerprint": hash_of(data), "mod_handles": handles}
        intake.parser.tell(data, Parsed(payload=json.dumps(answer).encode()))
        await intake.submit_replay(player.name, None, data, None)
    await intake.work_off()


def shown(result: simcord.InteractionResult) -> simcord.ResponseMessage:
    """The message that answered."""
    assert result.response is not None
    return result.response


def said(result: simcord.InteractionResult) -> str:
    """All that was answered, wherever."""
    messages = [*([result.response] if result.response else []), *result.followups]
    return "\n".join(message.content or text_of(message) for message in messages)


def has(message: simcord.ResponseMessage, custom_id: str) -> bool:
    """Whether a control is there and can be pressed."""
    found = controls(message).get(custom_id)
    return found is not None and not found.get("disabled")
