"""The match log: a channel in which finished, corrected and voided matches pass by, a few lines a message."""

from typing import Final

import discord

from toprung.application.jobs.loop import Loop
from toprung.application.matches.match_history import MatchView
from toprung.application.organising.match_log import CORRECTED
from toprung.application.ports.intents import StoredIntent
from toprung.domain.matches.match import MatchId, MatchResult, MatchState
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.layouts import Layout
from toprung.interfaces.discord.messages.markdown import Markdown
from toprung.interfaces.discord.organising.admin_text import names_of, race_name
from toprung.interfaces.discord.sending.send_queue import SendQueue

LOOK_SECONDS: Final = 15.0
"""So there are at most so many messages a minute as there are looks, unless many matches end at once."""

LINE_CHARACTERS_MAX: Final = 350


class MatchLogChannel:
    """Has each match that ended said once in a channel."""

    def __init__(self, context: BotContext, queue: SendQueue, channel_id: int) -> None:
        self._match_log = context.ladder.match_log
        self._queue = queue
        self._channel_id = channel_id

    async def run(self) -> None:
        """Looks again and again, until it is cancelled."""
        await Loop(self.look, every_seconds=LOOK_SECONDS, failed="match_log_failed").run()

    async def look(self) -> None:
        """Wants what ended since the last look to be said."""
        if await self._match_log.look(self._channel_id):
            self._queue.wake()


class MatchLogDrawing:
    """Draws the lines of some matches as they count now."""

    def __init__(self, context: BotContext) -> None:
        self._context = context

    async def __call__(self, stored: StoredIntent) -> discord.ui.LayoutView | None:
        """See `Drawing`. Matches that never began are left out: they would say who was online."""
        context, reader = self._context, self._context.public_reader()
        lines = []
        for mark in stored.intent.parameters["matches"].split():
            shown = await context.ladder.matches.get(MatchId(int(mark.removesuffix(CORRECTED))))
            if _is_public(shown):
                lines.append(log_line(context, reader, shown, is_corrected=mark.endswith(CORRECTED)))
        if not lines:
            return None
        view = Layout(context, reader, timeout=None)
        view.begin()
        view.add_item(view.paragraph(Markdown("\n".join(lines))))
        return view


def _is_public(view: MatchView) -> bool:
    match = view.match
    has_begun = match.assigned_at_us is None or match.started_at_us is not None
    return has_begun and match.state in {MatchState.COMPLETED, MatchState.VOIDED}


def log_line(context: BotContext, reader: Reader, view: MatchView, *, is_corrected: bool) -> Markdown:
    """One match in one line: who won, the ratings after it and how they moved."""
    match, names, result = view.match, names_of(view, reader), view.match.standing_result
    sides = []
    for side, name in enumerate(names):
        race = race_name(context.ladder.catalog, match.participants[side].race)
        moved = ""
        if view.changes is not None and result is not None:
            change = view.changes[side]
            before = change.mmr_after if change.before is None else change.before.mmr
            moved = f" {change.mmr_after} ({change.mmr_after - before:+d})"
        sides.append(Markdown(f"{name} {race}{moved}"))
    if result is None:
        said = reader.say("log.void", first=sides[0], second=sides[1])
    elif result is MatchResult.DRAW:
        said = reader.say("log.draw", first=sides[0], second=sides[1])
    else:
        first, second = sides if result is MatchResult.SIDE_1_WON else sides[::-1]
        said = reader.say("log.won", first=first, second=second)
    mark = f"✏️ {reader.say('log.corrected')} " if is_corrected else ""
    return Markdown(f"`#{match.id}` {mark}{said}")
