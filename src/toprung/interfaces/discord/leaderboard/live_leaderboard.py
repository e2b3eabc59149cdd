"""The leaderboard message of a channel, which keeps itself up to date."""

from typing import Final

import discord

from toprung.application.jobs.loop import Loop
from toprung.application.ports.intents import Intent, Priority, StoredIntent
from toprung.interfaces.discord.leaderboard.leaderboard_text import ROWS_CHARACTERS_MAX, board_rows
from toprung.interfaces.discord.messages.context import BotContext
from toprung.interfaces.discord.messages.layouts import Button, Layout
from toprung.interfaces.discord.messages.markdown import Markdown
from toprung.interfaces.discord.sending.send_queue import SendQueue

KIND: Final = "leaderboard"
LOOK_SECONDS: Final = 15.0
"""So the message is edited at most four times a minute; Discord allows five in five seconds."""


class LiveLeaderboard:
    """Wants the channel's message to show the board as it is; the send queue makes it so."""

    def __init__(self, context: BotContext, queue: SendQueue, channel_id: int) -> None:
        self._context = context
        self._queue = queue
        self._channel_id = channel_id
        self._version: str | None = None

    async def run(self) -> None:
        """Looks again and again, until it is cancelled."""
        await Loop(self.look, every_seconds=LOOK_SECONDS, failed="live_leaderboard_failed").run()

    async def look(self) -> None:
        """Wants the board of now to be shown, unless it is wanted already."""
        version = await self._context.ladder.leaderboard.version()
        if version == self._version:
            return
        intent = Intent(
            key=f"{KIND} {self._channel_id}",
            kind=KIND,
            recipient=self._channel_id,
            priority=Priority.LEADERBOARD,
            parameters={"version": f"{version} {self._context.ladder.board_fingerprint}"},
        )
        await self._context.ladder.outbox.want([intent])
        self._version = version
        self._queue.wake()


class LeaderboardDrawing:
    """Draws the channel's message: the first page, and a button that opens one's own."""

    def __init__(self, context: BotContext) -> None:
        self._context = context

    async def __call__(self, stored: StoredIntent) -> discord.ui.LayoutView:
        """See `Drawing`. It shows the board of now, which may be a later one than was wanted."""
        context = self._context
        reader = context.public_reader()
        page = await context.ladder.leaderboard.get_leaderboard_data()
        view = Layout(context, reader, timeout=None)
        view.begin()
        head = view.paragraph(Markdown(f"## 🏆 {reader.say('leaderboard.title', game=context.ladder.catalog.name)}"))
        rows = board_rows(page.players, context.ladder.catalog)
        shown = view.paragraph(rows or reader.say("leaderboard.nobody"), ROWS_CHARACTERS_MAX)
        counted = reader.say("leaderboard.entries", count=page.total_players)
        updated = reader.say("leaderboard.live", seconds=round(LOOK_SECONDS))
        view.add_container(head, shown, discord.ui.Separator(), view.paragraph(Markdown(f"{counted}\n-# {updated}")))
        view.add_row(Button("leaderboard:own", reader.plain("leaderboard.open_own"), _nothing, emoji="🔍"))
        return view


async def _nothing(_: discord.Interaction) -> None:
    """The bot answers this button, like any whose layout it does not keep."""
