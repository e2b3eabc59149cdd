"""`/setup`: one panel that keeps every answer at once, so that it can be left and taken up again at any step."""

from typing import Final

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from toprung.application.players.account_service import RENAME_COOLDOWN_DAYS
from toprung.application.ports.players import SetupDraft
from toprung.domain.players.countries import OTHER, flag_emoji
from toprung.domain.players.names import PLAYER_NAME_MAX_CODE_POINTS
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.layouts import OPTIONS_MAX, Button, Form, Layout, Select, option
from toprung.interfaces.discord.messages.markdown import Markdown, escaped

DONE: Final = "✅"
OPEN: Final = "⬜"


class SetupView(Layout):
    """The set-up of one person: what is answered, what is not, and a control for each."""

    def __init__(self, context: BotContext, reader: Reader) -> None:
        super().__init__(context, reader)
        self._draft = SetupDraft(discord_id=reader.discord_id)

    @property
    def draft(self) -> SetupDraft:
        """The answers so far."""
        return self._draft

    async def update_view(self, interaction: discord.Interaction) -> None:
        """Draws the set-up as it is kept and answers the interaction with it."""
        self._draft = await self.context.ladder.accounts.draft(self.reader.discord_id)
        self._draw()
        await self.show(interaction, ephemeral=True)

    def _draw(self) -> None:
        self.begin()
        reader, draft = self.reader, self._draft
        say = reader.say
        missing = self.context.ladder.accounts.missing(draft)
        country = draft.country and (
            f"{flag_emoji(draft.country)} {self.context.ladder.country_names.name(draft.country, reader.locale)}"
        )
        region = draft.region and self.context.ladder.catalog.region(draft.region).name
        answers = [
            ("language", draft.language and self.context.texts.own_name(self.context.texts.language(draft.language))),
            ("terms", say("setup.accepted") if draft.terms_accepted_at_us is not None else None),
            ("name", draft.name),
            ("in_game_name", draft.in_game_name),
            ("country", country),
        ]
        if self.context.ladder.catalog.regions:
            answers.append(("region", region))
        lines = [
            f"{OPEN if step in missing else DONE} {say(f'setup.{step}')}"
            + (f" **{answer if isinstance(answer, Markdown) else escaped(answer)}**" if answer else "")
            for step, answer in answers
        ]
        head = f"## {say('setup.title', game=self.context.ladder.catalog.name)}\n{say('setup.intro')}"
        answered = self.paragraph(Markdown("\n".join(lines)))
        terms = say("setup.terms_text")
        if self.context.terms_url:
            terms = Markdown(f"{terms} {say('setup.terms_link', url=Markdown(self.context.terms_url))}")
        rules = self.paragraph(Markdown(f"-# {terms}\n-# {say('setup.rename_rule', count=RENAME_COOLDOWN_DAYS)}"))
        line = discord.ui.Separator
        self.add_container(self.paragraph(Markdown(head)), line(), answered, line(), rules)
        self._draw_controls(missing)

    def _draw_controls(self, missing: tuple[str, ...]) -> None:
        draft, say = self._draft, self.reader.plain
        texts, ladder = self.context.texts, self.context.ladder
        languages = [
            option(texts.own_name(language), language, is_chosen=language == draft.language)
            for language in texts.languages
        ]
        self.add_row(Select("setup:language", say("setup.language"), languages, self._choose_language))
        codes = (*ladder.countries.common, OTHER)
        for place, first in enumerate(range(0, len(codes), OPTIONS_MAX)):
            part = codes[first : first + OPTIONS_MAX]
            names = [ladder.country_names.name(code, self.reader.locale) for code in part]
            options = [
                option(name, code, is_chosen=code == draft.country, emoji=flag_emoji(code))
                for code, name in zip(part, names, strict=True)
            ]
            placeholder = say("setup.choose_country", first=names[0], last=names[-1])
            self.add_row(Select(f"setup:country_{place}", placeholder, options, self._choose_country))
        if ladder.catalog.regions:
            regions = [
                option(region.name, region.code, is_chosen=region.code == draft.region)
                for region in ladder.catalog.regions
            ]
            self.add_row(Select("setup:region", say("setup.choose_region"), regions, self._choose_region))
        success = discord.ButtonStyle.success
        self.add_row(
            Button("setup:name", say("setup.enter_name"), self._open_form, emoji="✏️"),
            Button(
                "setup:terms", say("setup.accept_terms"), self._accept_terms,
                style=success if "terms" in missing else discord.ButtonStyle.secondary, disabled="terms" not in missing,
            ),
            Button("setup:finish", say("setup.finish"), self._finish, style=success, disabled=bool(missing)),
        )  # fmt: skip

    async def _choose_language(self, interaction: discord.Interaction, chosen: list[str]) -> None:
        await self.context.ladder.accounts.answer(self.reader.discord_id, language=chosen[0])
        self.context.ladder.readers.forget()
        self.reader = await self.context.reader(interaction)
        await self.update_view(interaction)

    async def _choose_country(self, interaction: discord.Interaction, chosen: list[str]) -> None:
        await self.context.ladder.accounts.answer(self.reader.discord_id, country=chosen[0])
        await self.update_view(interaction)

    async def _choose_region(self, interaction: discord.Interaction, chosen: list[str]) -> None:
        await self.context.ladder.accounts.answer(self.reader.discord_id, region=chosen[0])
        await self.update_view(interaction)

    async def _accept_terms(self, interaction: discord.Interaction) -> None:
        await self.context.ladder.accounts.answer(self.reader.discord_id, accepts_terms=True)
        await self.update_view(interaction)

    async def _open_form(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(NamesForm(self))

    async def _finish(self, interaction: discord.Interaction) -> None:
        own = await self.context.ladder.accounts.finish(self.reader.discord_id)
        self.context.ladder.readers.forget()
        self.begin()
        text = self.reader.say("setup.done", name=own.player.name)
        self.add_container(self.paragraph(Markdown(f"## ✅ {text}\n{self.reader.say('setup.done_next')}")))
        await self.show(interaction, ephemeral=True)
        self.context.live.remove(self.expire)
        self.stop()


class NamesForm(Form):
    """Asks for the name on the ladder and the one in the game."""

    def __init__(self, view: SetupView) -> None:
        say = view.reader.plain
        super().__init__(view.context, say("setup.enter_name"))
        self._view = view
        self._name = self.field(
            "name",
            say("setup.name"),
            default=view.draft.name,
            hint=say("setup.name_hint"),
            max_length=PLAYER_NAME_MAX_CODE_POINTS,
        )
        self._in_game_name = self.field(
            "in_game_name",
            say("setup.in_game_name"),
            default=view.draft.in_game_name,
            hint=say("setup.in_game_name_hint"),
            max_length=PLAYER_NAME_MAX_CODE_POINTS,
        )

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        """Keeps both, or says which cannot be and why."""
        await self._view.context.ladder.accounts.answer(
            interaction.user.id, name=self._name.value, in_game_name=self._in_game_name.value
        )
        await self._view.update_view(interaction)


class SetupCog(commands.Cog):
    """The command."""

    def __init__(self, context: BotContext) -> None:
        self._context = context

    @app_commands.command(
        name="setup", description=locale_str("Join the ladder, or change what you told it", code="command.setup")
    )
    async def setup(self, interaction: discord.Interaction) -> None:
        """Opens the panel."""
        await self.open_own(interaction)

    async def open_own(self, interaction: discord.Interaction) -> None:
        """The panel of whoever asked; also for a press on one that does not answer any more."""
        await SetupView(self._context, await self._context.reader(interaction)).update_view(interaction)
