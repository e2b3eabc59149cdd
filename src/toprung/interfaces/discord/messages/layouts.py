"""The one way messages are built: layouts with a budget, controls with limits, errors in the reader's words."""

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import discord
import structlog

from toprung.domain.errors import ToprungError
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.markdown import Markdown, clipped, length

LAYOUT_CHARACTERS_MAX: Final = 4_000
LAYOUT_COMPONENTS_MAX: Final = 40
OPTIONS_MAX: Final = 25
OPTION_CHARACTERS_MAX: Final = 100
OPTIONS_KEPT_MAX: Final = 4_096
PLACEHOLDER_CHARACTERS_MAX: Final = 150
BUTTON_CHARACTERS_MAX: Final = 80
FORM_TITLE_CHARACTERS_MAX: Final = 45
VIEW_TIMEOUT_SECONDS: Final = 420.0
"""Less than half of the 15 minutes for which an answer can be edited, so that controls can be switched off in time."""

ACCENT: Final = discord.Colour(0xE3B341)

_log = structlog.get_logger(__name__)

Action = Callable[[discord.Interaction], Awaitable[None]]
Choosing = Callable[[discord.Interaction, list[str]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Shown:
    """Where a layout is shown, and until when it can be edited there.

    That is all that is kept of the interaction: it carries the whole message once more, and of open layouts there are
    hundreds, all of which the garbage collector looks through.
    """

    message_id: int
    webhook: discord.Webhook
    until: datetime

    @classmethod
    def by(cls, interaction: discord.Interaction, message_id: int) -> "Shown":
        """As the answer to this interaction."""
        return cls(message_id, interaction.followup, interaction.expires_at)


class Layout(discord.ui.LayoutView):
    """A message made of text and controls, redrawn as a whole, which never grows over what Discord takes.

    `mentions` is the Discord id of the one user whom it pings, if it is to ping one.
    """

    def __init__(self, context: BotContext, reader: Reader, *, timeout: float | None = VIEW_TIMEOUT_SECONDS) -> None:
        super().__init__(timeout=timeout)
        self.context = context
        self.reader = reader
        self.mentions: int | None = None
        self._characters_left = LAYOUT_CHARACTERS_MAX
        self._shown: Shown | None = None

    def begin(self) -> None:
        """Empties the message for the next drawing."""
        before = self.children
        self.clear_items()
        for item in before:
            # discord.py finds a press by the controls that Discord has; until it has the new ones, those are the old.
            item._update_view(self)
        self._characters_left = LAYOUT_CHARACTERS_MAX

    def paragraph(self, text: Markdown, at_most: int = LAYOUT_CHARACTERS_MAX) -> discord.ui.TextDisplay[Any]:
        """Text that takes its share of the message's budget, cut where that is used up. Empty text becomes a blank."""
        kept = clipped(text, min(at_most, self._characters_left)) or "\N{ZERO WIDTH SPACE}"
        self._characters_left -= length(kept)
        return discord.ui.TextDisplay(kept)

    def add_container(self, *children: discord.ui.Item[Any]) -> None:
        """Adds a framed block."""
        self.add_item(discord.ui.Container(*children, accent_colour=ACCENT))

    def add_row(self, *controls: discord.ui.Item[Any]) -> None:
        """Adds a row of controls: five buttons or one select."""
        self.add_item(discord.ui.ActionRow(*controls))

    async def show(self, interaction: discord.Interaction, *, ephemeral: bool) -> None:
        """Answers an interaction with this message: as a new one the first time, afterwards in the place of the old."""
        if self._shown is None:
            sent = await interaction.response.send_message(
                view=self, ephemeral=ephemeral, allowed_mentions=discord.AllowedMentions.none()
            )
            message_id = sent.message_id
        else:
            await interaction.response.edit_message(view=self, allowed_mentions=discord.AllowedMentions.none())
            message_id = self._shown.message_id if interaction.message is None else interaction.message.id
        if message_id is not None:
            await self.keep(interaction, message_id)

    async def keep(self, interaction: discord.Interaction, message_id: int) -> None:
        """Notes that this is the message that answered the interaction, and that its controls answer from now on."""
        if self._shown is None:
            await self.context.live.add(message_id, self.expire)
        self._shown = Shown.by(interaction, message_id)
        # An interaction and its response hold each other, so this copy of the message would wait for the garbage
        # collector: some hundred objects a press, until the collector stops everything to look through them all.
        interaction.message = None

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Lets a press through once, however often its event is delivered."""
        return not self.context.seen.is_repeated(interaction.id)

    async def on_timeout(self) -> None:
        """Switches the controls off, so that nobody presses what does not answer any more."""
        self.context.live.remove(self.expire)
        for item in self.walk_children():
            if isinstance(item, discord.ui.Button | discord.ui.Select):
                item.disabled = True
        shown = self._shown
        if shown is not None and discord.utils.utcnow() < shown.until:
            with contextlib.suppress(discord.HTTPException):  # the message is gone: there is nothing to switch off
                await shown.webhook.edit_message(
                    shown.message_id, view=self, allowed_mentions=discord.AllowedMentions.none()
                )

    async def expire(self) -> None:
        """Stops answering before its time is up."""
        self.stop()
        await self.on_timeout()

    async def on_error(self, interaction: discord.Interaction, error: Exception, item: discord.ui.Item[Any], /) -> None:
        """Answers with what went wrong."""
        await answer_error(self.context, interaction, error)


class Form(discord.ui.Modal):
    """A dialog with fields for text."""

    def __init__(self, context: BotContext, title: str) -> None:
        super().__init__(title=clipped(title, FORM_TITLE_CHARACTERS_MAX), timeout=VIEW_TIMEOUT_SECONDS)
        self.context = context

    def field(
        self,
        custom_id: str,
        label: str,
        *,
        default: str | None = None,
        hint: str | None = None,
        min_length: int = 1,
        max_length: int = 200,
    ) -> discord.ui.TextInput[Any]:
        """Adds a field and gives it, to be read once the form is sent."""
        field: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id=custom_id, default=default, min_length=min_length, max_length=max_length
        )
        text = clipped(label, FORM_TITLE_CHARACTERS_MAX)
        description = None if hint is None else clipped(hint, OPTION_CHARACTERS_MAX)
        self.add_item(discord.ui.Label(text=text, description=description, component=field))
        return field

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Lets a form through once, however often its event is delivered."""
        return not self.context.seen.is_repeated(interaction.id)

    async def on_error(self, interaction: discord.Interaction, error: Exception, /) -> None:  # type: ignore[override]  # as discord.py calls a modal's
        """Answers with what went wrong."""
        await answer_error(self.context, interaction, error)


class Button(discord.ui.Button[Any]):
    """A button that does one thing."""

    def __init__(
        self,
        custom_id: str,
        label: str,
        action: Action,
        *,
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
        emoji: str | None = None,
        disabled: bool = False,
    ) -> None:
        super().__init__(
            custom_id=custom_id,
            label=clipped(label, BUTTON_CHARACTERS_MAX),
            style=style,
            emoji=emoji,
            disabled=disabled,
        )
        self._action = action

    async def callback(self, interaction: discord.Interaction) -> None:
        """What a press does."""
        await self._action(interaction)


class Select(discord.ui.Select[Any]):
    """A list to choose from; `several` lets any number be chosen, none included."""

    def __init__(
        self,
        custom_id: str,
        placeholder: str,
        options: Sequence[discord.SelectOption],
        choosing: Choosing,
        *,
        several: bool = False,
    ) -> None:
        shown = list(options[:OPTIONS_MAX])
        super().__init__(
            custom_id=custom_id,
            placeholder=clipped(placeholder, PLACEHOLDER_CHARACTERS_MAX),
            options=shown,
            min_values=0 if several else 1,
            max_values=len(shown) if several else 1,
        )
        self._choosing = choosing

    async def callback(self, interaction: discord.Interaction) -> None:
        """What a choice does."""
        await self._choosing(interaction, list(self.values))


@lru_cache(OPTIONS_KEPT_MAX)  # every leaderboard offers the same fifty countries
def option(
    label: str, value: str, *, is_chosen: bool = False, emoji: str | None = None, description: str | None = None
) -> discord.SelectOption:
    """One line of a select, within its limits."""
    return discord.SelectOption(
        label=clipped(label, OPTION_CHARACTERS_MAX) or "–",
        value=value,
        default=is_chosen,
        emoji=emoji,
        description=None if description is None else clipped(description, OPTION_CHARACTERS_MAX),
    )


async def answered_elsewhere(_: discord.Interaction, __: Sequence[str] = ()) -> None:
    """For controls that outlive their layout: the bot answers them by what they carry."""


async def answer_error(context: BotContext, interaction: discord.Interaction, error: BaseException) -> None:
    """Says to whoever asked, and to nobody else, what went wrong; what nobody foresaw is logged as well."""
    cause = error.__cause__ if isinstance(error, discord.app_commands.CommandInvokeError) else None
    cause = cause or getattr(error, "original", None) or error
    if isinstance(cause, discord.NotFound | discord.InteractionResponded):
        _log.warning("interaction_lost", reason=str(cause))  # too late, or answered already: there is no way to answer
        return
    reader = await context.reader(interaction)
    if isinstance(cause, ToprungError):
        text = reader.error(cause)
    else:
        _log.error("interaction_failed", exc_info=cause)
        text = reader.say("error.unforeseen")
    await say(interaction, text)


async def say(interaction: discord.Interaction, text: str) -> None:
    """Says something to whoever asked and to nobody else, whether the interaction is answered yet or not."""
    send = interaction.followup.send if interaction.response.is_done() else interaction.response.send_message
    with contextlib.suppress(discord.HTTPException):  # it was the answer to a failure; there is no second one
        await send(clipped(text, 2_000), ephemeral=True, allowed_mentions=discord.AllowedMentions.none())
