"""`/admin`: what organisers do, each command checked like each press that follows from it."""

from collections.abc import Mapping
from typing import Any, Final

import discord
from discord import app_commands
from discord.app_commands import Choice, locale_str
from discord.ext import commands

from toprung.application.organising.replay_operations import RetryJob
from toprung.domain.errors import Conflict
from toprung.domain.jobs.job import JobId
from toprung.domain.matches.match import MatchId
from toprung.domain.players.countries import flag_emoji
from toprung.domain.players.name_search import folded
from toprung.domain.ratings.rating import MMR_MAX, MMR_MIN
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.layouts import OPTION_CHARACTERS_MAX, OPTIONS_MAX, say
from toprung.interfaces.discord.messages.markdown import clipped
from toprung.interfaces.discord.messages.organisers import NotAnOrganiser, attribution
from toprung.interfaces.discord.organising import admin_matches, admin_mods, admin_players
from toprung.interfaces.discord.organising.admin_matches import ConflictsView, MatchPanel
from toprung.interfaces.discord.organising.admin_players import PlayerPanel, decide
from toprung.interfaces.discord.organising.announcement import AnnouncementForm
from toprung.interfaces.discord.organising.organiser_layouts import Deciding, ReasonForm

RESOLVE: Final = "admin:resolve"
RETRY: Final = "admin:retry"
NUMBER_MAX: Final = 2**53 - 1
"""The largest number that Discord lets somebody type."""

_Number = app_commands.Range[int, 1, NUMBER_MAX]
_Mmr = app_commands.Range[int, MMR_MIN, MMR_MAX]
_PLAYER: Final = locale_str("A player's name, or a mention", code="command.admin.name")


_DECISIONS: Final[Mapping[str, Deciding]] = {**admin_players.DECISIONS, **admin_mods.DECISIONS}


class Refused(app_commands.CheckFailure):
    """Whoever asks is no organiser; `original` says so."""

    def __init__(self, original: NotAnOrganiser) -> None:
        super().__init__(str(original))
        self.original = original


class CannotSendThere(Conflict):
    """The bot may not write into a channel."""

    code = "cannot_send_there"


@app_commands.guild_only()
class AdminCog(commands.GroupCog, group_name="admin", group_description="What organisers do"):
    """The commands."""

    def __init__(self, context: BotContext) -> None:
        self._context = context

    def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Refuses whoever is no organiser now. Raises `Refused`."""
        try:
            self._context.organisers.require(interaction)
        except NotAnOrganiser as error:
            raise Refused(error) from error
        return True

    @app_commands.command(name="player", description=locale_str("Who a player is", code="command.admin.player"))
    @app_commands.describe(name=_PLAYER)
    async def player(self, interaction: discord.Interaction, name: str) -> None:
        """Shows a player."""
        await PlayerPanel(self._context, await self._reader(interaction), name).update_view(interaction)

    @app_commands.command(
        name="match", description=locale_str("Look at a match, judge it, act for a player", code="command.admin.match")
    )
    @app_commands.describe(number=locale_str("The match's number", code="command.admin.number"))
    async def match(self, interaction: discord.Interaction, number: _Number) -> None:
        """Shows a match."""
        await MatchPanel(self._context, await self._reader(interaction), MatchId(number)).update_view(interaction)

    @app_commands.command(
        name="create-match", description=locale_str("Open a match by hand", code="command.admin.create")
    )
    @app_commands.describe(
        player_1=_PLAYER,
        race_1=locale_str("The race of the first", code="command.admin.race_1"),
        player_2=_PLAYER,
        race_2=locale_str("The race of the second", code="command.admin.race_2"),
        map_name=locale_str("A map of the pool; drawn if omitted", code="command.admin.map"),
    )
    @app_commands.rename(map_name="map")
    async def create_match(
        self,
        interaction: discord.Interaction,
        player_1: str,
        race_1: str,
        player_2: str,
        race_2: str,
        map_name: str | None = None,
    ) -> None:
        """Opens a match between two players."""
        reader = await self._reader(interaction)
        decision = admin_matches.create(
            self._context,
            reader,
            (player_1, race_1),
            (player_2, race_2),
            map_name=map_name,
            key=f"discord {interaction.id}",
        )
        await decide(self._context, reader, interaction, decision)

    @app_commands.command(
        name="conflicts", description=locale_str("Matches that wait for your word", code="command.admin.conflicts")
    )
    async def conflicts(self, interaction: discord.Interaction) -> None:
        """Lists the conflicts."""
        await ConflictsView(self._context, await self._reader(interaction)).update_view(interaction)

    @app_commands.command(
        name="void", description=locale_str("Make a match count for nothing", code="command.admin.void")
    )
    @app_commands.describe(number=locale_str("The match's number", code="command.admin.number"))
    async def void(self, interaction: discord.Interaction, number: _Number) -> None:
        """Voids a match."""
        reader = await self._reader(interaction)
        await decide(
            self._context, reader, interaction, admin_matches.judge(self._context, reader, MatchId(number), None)
        )

    @app_commands.command(
        name="set-rating", description=locale_str("Set a player's rating by hand", code="command.admin.set_rating")
    )
    @app_commands.describe(
        name=_PLAYER,
        race=locale_str("The race", code="command.admin.race"),
        mmr=locale_str("The MMR that it is to be", code="command.admin.mmr"),
    )
    async def set_rating(self, interaction: discord.Interaction, name: str, race: str, mmr: _Mmr) -> None:
        """Sets a rating."""
        reader = await self._reader(interaction)
        decision = admin_players.set_rating(self._context, reader, name, race, mmr)
        await decide(self._context, reader, interaction, decision)

    @app_commands.command(name="ban", description=locale_str("Ban a player", code="command.admin.ban"))
    @app_commands.describe(name=_PLAYER)
    async def ban(self, interaction: discord.Interaction, name: str) -> None:
        """Bans a player."""
        reader = await self._reader(interaction)
        await decide(self._context, reader, interaction, admin_players.ban(self._context, reader, name))

    @app_commands.command(name="unban", description=locale_str("Lift a ban", code="command.admin.unban"))
    @app_commands.describe(name=_PLAYER)
    async def unban(self, interaction: discord.Interaction, name: str) -> None:
        """Lifts a ban."""
        reader = await self._reader(interaction)
        await decide(self._context, reader, interaction, admin_players.unban(self._context, reader, name))

    @app_commands.command(
        name="pardon", description=locale_str("See a player's penalties, and lift them", code="command.admin.pardon")
    )
    @app_commands.describe(name=_PLAYER)
    async def pardon(self, interaction: discord.Interaction, name: str) -> None:
        """Lifts penalties."""
        reader = await self._reader(interaction)
        await decide(self._context, reader, interaction, admin_players.pardon(self._context, reader, name))

    @app_commands.command(
        name="announce", description=locale_str("Write something into a channel", code="command.admin.announce")
    )
    @app_commands.describe(channel=locale_str("Where", code="command.admin.channel"))
    async def announce(self, interaction: discord.Interaction, channel: discord.TextChannel) -> None:
        """Asks for the text of an announcement."""
        if not channel.permissions_for(channel.guild.me).send_messages:
            raise CannotSendThere("I may not write into that channel; give me the permission, or choose another one.")
        reader = await self._reader(interaction)
        await interaction.response.send_modal(AnnouncementForm(self._context, reader, channel.id))

    @player.autocomplete("name")
    @set_rating.autocomplete("name")
    @ban.autocomplete("name")
    @unban.autocomplete("name")
    @pardon.autocomplete("name")
    @create_match.autocomplete("player_1")
    @create_match.autocomplete("player_2")
    async def complete_player(self, interaction: discord.Interaction, typed: str) -> list[Choice[str]]:
        """Players whose name holds what is typed, for organisers banned ones too. Anybody may be typed out instead."""
        found = await self._context.ladder.leaderboard.search_players(
            typed[:64],
            limit=OPTIONS_MAX,
            with_banned=self._context.organisers.include(interaction),  # nothing else asks while one types
        )
        names = {one.player_name: f"{flag_emoji(one.country)} {one.player_name}" for one in found}
        return [Choice(name=clipped(shown, OPTION_CHARACTERS_MAX), value=name) for name, shown in names.items()]

    @set_rating.autocomplete("race")
    @create_match.autocomplete("race_1")
    @create_match.autocomplete("race_2")
    async def complete_race(self, _: discord.Interaction, typed: str) -> list[Choice[str]]:
        """Races whose name holds what is typed."""
        races = self._context.ladder.catalog.races
        return [Choice(name=race.name, value=race.code) for race in races if folded(typed) in folded(race.name)][
            :OPTIONS_MAX
        ]

    @create_match.autocomplete("map_name")
    async def complete_map(self, _: discord.Interaction, typed: str) -> list[Choice[str]]:
        """Maps of the pool whose name holds what is typed."""
        names = [one.name for one in self._context.ladder.catalog.current_maps]
        return [Choice(name=name, value=name) for name in names if folded(typed) in folded(name)][:OPTIONS_MAX]

    async def open_own(self, interaction: discord.Interaction) -> None:
        """Answers a press in the organisers' channel; and one on a message from before a restart, which is over."""
        self._context.organisers.require(interaction)
        reader = await self._reader(interaction)
        data: dict[str, Any] = {**(interaction.data or {})}
        action, _, number = str(data.get("custom_id", "")).rpartition(":")
        if action == RESOLVE and number.isdecimal():
            await MatchPanel(self._context, reader, MatchId(int(number))).update_view(interaction)
        elif action == RETRY and number.isdecimal():
            await interaction.response.send_modal(self._retry_form(reader, JobId(int(number))))
        elif action in _DECISIONS and number.isdecimal():
            await decide(self._context, reader, interaction, _DECISIONS[action](self._context, reader, int(number)))
        else:
            await say(interaction, reader.say("admin.ask_again"))

    def _retry_form(self, reader: Reader, job_id: JobId) -> ReasonForm:
        """Asks why a dead letter is to be tried again, which changes nothing that would have to be looked at first."""

        async def retry(interaction: discord.Interaction, reason: str) -> None:
            by = attribution(interaction, reason)
            await interaction.response.defer(ephemeral=True, thinking=True)
            await self._context.ladder.administration.perform(RetryJob(job_id=job_id, by=by))
            kept = reader.say("admin.kept_why", reason=by.reason)
            await say(interaction, f"✅ {reader.say('admin.retried', job=int(job_id))}\n-# {kept}")

        return ReasonForm(self._context, reader, retry, default=reader.plain("admin.retry_reason"))

    async def _reader(self, interaction: discord.Interaction) -> Reader:
        return await self._context.reader(interaction)
