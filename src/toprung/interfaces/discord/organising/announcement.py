"""Announcements: written in a form, looked at, and sent by the queue."""

from typing import Final

import discord

from toprung.application.organising.announcement_operation import Announce
from toprung.application.organising.announcements import TEXT_MAX_CODE_POINTS, announcement_text
from toprung.application.ports.intents import StoredIntent
from toprung.application.writing.audit import Attribution
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.layouts import Layout
from toprung.interfaces.discord.messages.markdown import Markdown
from toprung.interfaces.discord.organising.organiser_layouts import Decision, DecisionView, OrganiserForm

TEXT_LENGTH_MAX: Final = 2 * TEXT_MAX_CODE_POINTS
"""Discord may count a character as two."""


class AnnouncementForm(OrganiserForm):
    """Asks for the text."""

    def __init__(self, context: BotContext, reader: Reader, channel_id: int) -> None:
        super().__init__(context, reader.plain("admin.announce_text"))
        self._reader = reader
        self._channel_id = channel_id
        self._text = self.field(
            "text",
            reader.plain("admin.announce_text"),
            hint=reader.plain("admin.announce_hint"),
            max_length=TEXT_MAX_CODE_POINTS,
        )
        self._text.style = discord.TextStyle.paragraph

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        """Shows what would be sent."""
        decision = announce(self.context, self._reader, self._channel_id, announcement_text(self._text.value))
        await DecisionView(self.context, self._reader, decision).update_view(interaction)


def announce(context: BotContext, reader: Reader, channel_id: int, text: str) -> Decision:
    """Announcing a text, which is the organiser's own and so may be markdown; nobody is mentioned by it."""
    channel = Markdown(f"<#{channel_id}>")

    async def preview() -> Markdown:
        return Markdown(f"{reader.say('admin.announce_what', channel=channel)}\n\n{text}")

    async def carry_out(by: Attribution) -> Markdown:
        await context.ladder.administration.perform(Announce(channel_id=channel_id, text=text, by=by))
        return reader.say("admin.announce_done", channel=channel)

    return Decision(title=reader.say("admin.announce_title"), preview=preview, carry_out=carry_out)


class AnnouncementDrawing:
    """Draws an announcement."""

    def __init__(self, context: BotContext) -> None:
        self._context = context

    async def __call__(self, stored: StoredIntent) -> discord.ui.LayoutView:
        """See `Drawing`."""
        view = Layout(self._context, self._context.public_reader(), timeout=None)
        view.begin()
        view.add_container(view.paragraph(Markdown(stored.intent.parameters["text"]), TEXT_LENGTH_MAX))
        return view
