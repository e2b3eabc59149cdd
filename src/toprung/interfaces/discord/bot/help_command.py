"""`/help`, and `/delete-my-data`."""

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from toprung.domain.players.departure import DEPARTURES_KEPT_DAYS
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.layouts import Button, Layout
from toprung.interfaces.discord.messages.markdown import Markdown


class HelpCog(commands.Cog):
    """Says what the commands are for."""

    def __init__(self, context: BotContext) -> None:
        self._context = context

    @app_commands.command(name="help", description=locale_str("What this bot can do", code="command.help"))
    async def help(self, interaction: discord.Interaction) -> None:
        """Lists the commands, each with its sentence in the reader's language."""
        reader = await self._context.reader(interaction)
        view = Layout(self._context, reader, timeout=None)
        view.begin()
        lines = [f"## {reader.say('help.title', game=self._context.ladder.catalog.name)}", reader.say("help.intro")]
        tree: app_commands.CommandTree[Any] = interaction.client.tree  # type: ignore[attr-defined]  # our bot's
        for command in sorted(tree.get_commands(), key=lambda command: command.name):
            if isinstance(command, app_commands.Command) and command._locale_description is not None:
                sentence = reader.say(command._locale_description.extras["code"])
                lines.append(f"- **/{command.name}** – {sentence}")
        view.add_container(view.paragraph(Markdown("\n".join(lines))))
        await view.show(interaction, ephemeral=True)


class DeletionView(Layout):
    """Asks once more before a person's data goes."""

    def __init__(self, context: BotContext, reader: Reader) -> None:
        super().__init__(context, reader)

    async def update_view(self, interaction: discord.Interaction) -> None:
        """Says what will go and what stays."""
        self.begin()
        reader = self.reader
        text = f"## {reader.say('delete.title')}\n{reader.say('delete.what', days=DEPARTURES_KEPT_DAYS)}"
        self.add_container(self.paragraph(Markdown(text)))
        self.add_row(
            Button("delete:yes", reader.plain("delete.yes"), self._delete, style=discord.ButtonStyle.danger),
            Button("delete:no", reader.plain("delete.no"), self._keep),
        )
        await self.show(interaction, ephemeral=True)

    async def _delete(self, interaction: discord.Interaction) -> None:
        await self.context.ladder.accounts.forget(self.reader.discord_id)
        self.context.ladder.readers.forget()
        await self._end(interaction, "delete.done")

    async def _keep(self, interaction: discord.Interaction) -> None:
        await self._end(interaction, "delete.kept")

    async def _end(self, interaction: discord.Interaction, code: str) -> None:
        self.begin()
        self.add_container(self.paragraph(self.reader.say(code)))
        await self.show(interaction, ephemeral=True)
        self.context.live.remove(self.expire)
        self.stop()


class DeletionCog(commands.Cog):
    """The command."""

    def __init__(self, context: BotContext) -> None:
        self._context = context

    @app_commands.command(
        name="delete-my-data",
        description=locale_str("Take your name and accounts out of the ladder", code="command.delete"),
    )
    async def delete(self, interaction: discord.Interaction) -> None:
        """Asks whether to."""
        await self.open_own(interaction)

    async def open_own(self, interaction: discord.Interaction) -> None:
        """The question; also for a press on one that does not answer any more."""
        await DeletionView(self._context, await self._context.reader(interaction)).update_view(interaction)
