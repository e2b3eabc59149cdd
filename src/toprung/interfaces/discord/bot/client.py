"""The bot as discord.py sees it: its commands, and who answers a press."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from toprung.application.matches import challenge_service as challenge
from toprung.interfaces.discord.bot.command_sync import CommandTranslator, sync_if_changed
from toprung.interfaces.discord.bot.help_command import DeletionCog, HelpCog
from toprung.interfaces.discord.leaderboard.leaderboard_command import LeaderboardCog
from toprung.interfaces.discord.matches import challenge_command, match_layouts
from toprung.interfaces.discord.matches.match_messages import MatchPresses
from toprung.interfaces.discord.matches.matches_command import MatchesCog
from toprung.interfaces.discord.messages.context import BotContext
from toprung.interfaces.discord.messages.layouts import answer_error
from toprung.interfaces.discord.organising.admin_command import AdminCog
from toprung.interfaces.discord.players.country_command import CountryCog
from toprung.interfaces.discord.players.profile_command import ProfileCog
from toprung.interfaces.discord.players.setup_command import SetupCog
from toprung.interfaces.discord.replays.replay_command import ReplayCog

GUILDS_SECONDS_MAX: Final = 0.5
"""How long to wait for further servers before the bot counts as ready; nothing here needs to know them all."""

RATE_LIMIT_SECONDS_MAX: Final = 30.0
"""A request that Discord limits for longer fails instead of waiting, so that it holds nobody else's message up."""

_log = structlog.get_logger(__name__)

Opening = Callable[[discord.Interaction], Awaitable[None]]


class _Opener(Protocol):
    """Who answers controls whose layout is not kept."""

    async def open_own(self, interaction: discord.Interaction) -> None:
        """Answers whoever pressed: with a layout of their own, or with what was asked for."""
        ...


class ToprungTree(app_commands.CommandTree["ToprungClient"]):
    """The commands; what one refuses or fails at is said to whoever asked."""

    async def interaction_check(self, interaction: discord.Interaction["ToprungClient"], /) -> bool:
        """Lets a command through once, however often its event is delivered."""
        return not interaction.client.context.seen.is_repeated(interaction.id)

    async def on_error(
        self, interaction: discord.Interaction["ToprungClient"], error: app_commands.AppCommandError, /
    ) -> None:
        """See `CommandTree`."""
        if interaction.type is not discord.InteractionType.autocomplete:
            await answer_error(interaction.client.context, interaction, error)


class ToprungClient(commands.Bot):
    """Connects the commands to Discord. Everything that runs for long is started elsewhere: `on_ready` is not once."""

    def __init__(self, context: BotContext) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            tree_cls=ToprungTree,
            max_messages=None,
            guild_ready_timeout=GUILDS_SECONDS_MAX,
            max_ratelimit_timeout=RATE_LIMIT_SECONDS_MAX,
        )
        self.context = context
        self._openings: dict[str, Opening] = {}

    async def setup_hook(self) -> None:
        """Adds the commands and tells Discord about them if they changed; runs once, before the first connection."""
        await self.tree.set_translator(CommandTranslator(self.context.texts))
        context = self.context
        leaderboard, setup, deletion = LeaderboardCog(context), SetupCog(context), DeletionCog(context)
        admin = AdminCog(context)
        openers: dict[str, _Opener] = {"leaderboard": leaderboard, "setup": setup, "delete": deletion, "admin": admin}
        openers |= {
            match_layouts.PREFIX: MatchPresses(context),
            challenge.KIND: challenge_command.ChallengePresses(context),
        }
        self._openings = {name: opener.open_own for name, opener in openers.items()}
        cogs: Sequence[commands.Cog] = (
            leaderboard, setup, deletion, CountryCog(context), ProfileCog(context), HelpCog(context),
            challenge_command.ChallengeCog(context), MatchesCog(context), ReplayCog(context),
            admin,
        )  # fmt: skip
        for cog in cogs:
            await self.add_cog(cog)
        await sync_if_changed(self.tree, self.context.ladder.notebook)

    async def on_ready(self) -> None:
        """Says so, as often as it happens."""
        _log.info("discord_ready", servers=len(self.guilds))

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Answers a press on a layout that is not kept any more, since before a restart: a new one opens."""
        if interaction.type is not discord.InteractionType.component or interaction.message is None:
            return
        if interaction.message.id in self.context.live or interaction.response.is_done():
            return
        data: dict[str, Any] = {**(interaction.data or {})}
        custom_id = str(data.get("custom_id", ""))
        opening = self._openings.get(custom_id.partition(":")[0])
        if opening is None or self.context.seen.is_repeated(interaction.id):
            return
        try:
            await opening(interaction)
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever pressed hears of it
            await answer_error(self.context, interaction, error)
