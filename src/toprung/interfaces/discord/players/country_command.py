"""`/setcountry`: any country, found by its name in the reader's language or its code."""

import discord
from discord import app_commands
from discord.app_commands import Choice, locale_str
from discord.ext import commands

from toprung.application.players.account_service import NotSetUp
from toprung.domain.players.countries import flag_emoji
from toprung.domain.players.name_search import folded
from toprung.interfaces.discord.messages.context import BotContext
from toprung.interfaces.discord.messages.layouts import OPTION_CHARACTERS_MAX, OPTIONS_MAX, answer_error, say
from toprung.interfaces.discord.messages.markdown import clipped


class CountryCog(commands.Cog):
    """The command."""

    def __init__(self, context: BotContext) -> None:
        self._context = context

    @app_commands.command(
        name="setcountry", description=locale_str("Choose the country you play for", code="command.setcountry")
    )
    @app_commands.describe(country=locale_str("A country's name or two-letter code", code="command.setcountry.country"))
    async def setcountry(self, interaction: discord.Interaction, country: str) -> None:
        """Sets the country of a player; before the set-up is finished, it becomes one of its answers."""
        reader = await self._context.reader(interaction)
        code = self._code(country, reader.locale)
        try:
            await self._context.ladder.accounts.set_country(reader.discord_id, code)
        except NotSetUp:
            await self._context.ladder.accounts.answer(reader.discord_id, country=code)
        name = self._context.ladder.country_names.name(self._context.ladder.countries.parse(code), reader.locale)
        await say(interaction, reader.say("country.set", flag=flag_emoji(code.upper()), country=name))

    @setcountry.autocomplete("country")
    async def complete(self, interaction: discord.Interaction, typed: str) -> list[Choice[str]]:
        """Countries whose name or code begins with, or holds, what is typed."""
        reader = await self._context.reader(interaction)
        names = self._context.ladder.country_names.sorted_names(reader.locale)
        wanted = folded(typed).strip()
        fitting = [(code, name) for code, name in names if wanted in folded(name) or folded(code) == wanted]
        fitting.sort(key=lambda pair: (folded(pair[0]) != wanted, not folded(pair[1]).startswith(wanted)))
        return [
            Choice(name=clipped(f"{flag_emoji(code)} {name}", OPTION_CHARACTERS_MAX), value=code)
            for code, name in fitting[:OPTIONS_MAX]
        ]

    def _code(self, typed: str, locale: str) -> str:
        """The code of a country that was typed out instead of chosen."""
        wanted = folded(typed).strip()
        names = self._context.ladder.country_names.sorted_names(locale)
        return next((code for code, name in names if folded(name) == wanted), typed)

    async def cog_app_command_error(
        self, interaction: discord.Interaction, error: app_commands.AppCommandError
    ) -> None:
        """Answers with what went wrong."""
        await answer_error(self._context, interaction, error)
