"""Layouts and forms that answer organisers only, and the one way in which an organiser changes anything.

A change is shown first as it would be. A reason is asked for, and what it would do is looked at once more: where that
is not what was shown, nothing is done and the new preview is shown.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import discord

from toprung.application.writing.audit import Attribution
from toprung.application.writing.reasons import REASON_MAX_CODE_POINTS
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.layouts import Button, Form, Layout, answer_error, say
from toprung.interfaces.discord.messages.markdown import Markdown
from toprung.interfaces.discord.messages.organisers import NotAnOrganiser, attribution

Acting = Callable[[discord.Interaction, str], Awaitable[None]]
"""What is done for a reason. Raises what it raises."""


async def is_allowed(context: BotContext, interaction: discord.Interaction) -> bool:
    """Whether an organiser acts; anybody else is told so."""
    try:
        context.organisers.require(interaction)
    except NotAnOrganiser as error:
        await answer_error(context, interaction, error)
        return False
    return True


class OrganiserLayout(Layout):
    """A message for one organiser's eyes, whose every press is checked."""

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Lets an organiser's press through, once."""
        return await super().interaction_check(interaction) and await is_allowed(self.context, interaction)

    async def acknowledge(self, interaction: discord.Interaction) -> None:
        """Answers within Discord's three seconds; what there is to see may take longer."""
        if self._shown is None:
            await interaction.response.defer(ephemeral=True, thinking=True)
        else:
            await interaction.response.defer()

    async def show(self, interaction: discord.Interaction, *, ephemeral: bool = True) -> None:
        """See `Layout`; also where the interaction was acknowledged before."""
        if not interaction.response.is_done():
            await super().show(interaction, ephemeral=ephemeral)
            return
        sent = await interaction.edit_original_response(view=self, allowed_mentions=discord.AllowedMentions.none())
        await self.keep(interaction, sent.id)


class OrganiserForm(Form):
    """A dialog whose sending is checked like a press."""

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Lets what an organiser sends through, once."""
        return await super().interaction_check(interaction) and await is_allowed(self.context, interaction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A change: what it would do as things are now, and how it is done, which says what is so afterwards."""

    title: Markdown
    preview: Callable[[], Awaitable[Markdown]]
    carry_out: Callable[[Attribution], Awaitable[Markdown]]


Deciding = Callable[[BotContext, Reader, int], Decision]
"""The decision that a button in the organisers' channel asks for, whose number says about what."""


class DecisionView(OrganiserLayout):
    """Shows what a change would do, asks for a reason, makes it, and shows what came of it."""

    def __init__(self, context: BotContext, reader: Reader, decision: Decision) -> None:
        super().__init__(context, reader)
        self._decision = decision
        self._seen = Markdown()

    async def update_view(self, interaction: discord.Interaction) -> None:
        """Draws the preview and answers the interaction with it."""
        await self.acknowledge(interaction)
        await self._draw(interaction, await self._decision.preview(), self.reader.say("admin.preview"))

    async def _draw(self, interaction: discord.Interaction, preview: Markdown, note: Markdown) -> None:
        self._seen = preview
        self._fill(preview, note)
        reader = self.reader
        self.add_row(
            Button("admin:go", reader.plain("admin.go"), self._ask_why, style=discord.ButtonStyle.danger),
            Button("admin:leave", reader.plain("admin.leave"), self._leave),
        )
        await self.show(interaction)

    def _fill(self, text: Markdown, note: Markdown) -> None:
        self.begin()
        parts: list[discord.ui.Item[Any]] = [
            self.paragraph(Markdown(f"## {self._decision.title}"), 400),
            self.paragraph(text, 3_000),
            discord.ui.Separator(),
            self.paragraph(Markdown(f"-# {note}"), 300),
        ]
        self.add_container(*parts)

    async def _ask_why(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(ReasonForm(self.context, self.reader, self.go))

    async def _leave(self, interaction: discord.Interaction) -> None:
        await self._end(interaction, self.reader.say("admin.left"), self.reader.say("admin.nothing_changed"))

    async def go(self, interaction: discord.Interaction, reason: str) -> None:
        """Makes the change if it would still do what was shown. Raises what it raises."""
        if self.is_finished():
            await say(interaction, self.reader.say("admin.ask_again"))
            return
        by = attribution(interaction, reason)
        await self.acknowledge(interaction)
        preview = await self._decision.preview()
        if preview != self._seen:
            await self._draw(interaction, preview, self.reader.say("admin.changed_meanwhile"))
            return
        done = await self._decision.carry_out(by)
        await self._end(interaction, Markdown(f"✅ {done}"), self.reader.say("admin.kept_why", reason=by.reason))

    async def _end(self, interaction: discord.Interaction, text: Markdown, note: Markdown) -> None:
        self._fill(text, note)
        await self.show(interaction)
        self.context.live.remove(self.expire)
        self.stop()


class ReasonForm(OrganiserForm):
    """Asks why, and does what it was opened for."""

    def __init__(self, context: BotContext, reader: Reader, act: Acting, *, default: str | None = None) -> None:
        super().__init__(context, reader.plain("admin.reason"))
        self._act = act
        self._reason = self.field(
            "reason",
            reader.plain("admin.reason"),
            default=default,
            hint=reader.plain("admin.reason_hint"),
            max_length=REASON_MAX_CODE_POINTS,
        )

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        """Does it."""
        await self._act(interaction, self._reason.value)
