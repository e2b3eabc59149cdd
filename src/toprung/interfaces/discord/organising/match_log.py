"""The match log: a channel in which finished, corrected and voided matches pass by, a few lines a message."""

from collections.abc import Sequence
from typing import Final

import discord
import structlog

from toprung.application.jobs.loop import Loop
from toprung.application.matches.match_history import MatchView
from toprung.application.ports.intents import Intent, Priority, StoredIntent
from toprung.application.ports.storage import Transaction
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.events import Change, MatchMoved, MatchRatingCorrected
from toprung.domain.matches.match import MatchId, MatchResult, MatchState
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.layouts import Layout
from toprung.interfaces.discord.messages.markdown import Markdown
from toprung.interfaces.discord.organising.admin_text import names_of, race_name
from toprung.interfaces.discord.sending.send_queue import SendQueue

KIND: Final = "match_log"
NOTE: Final = "discord_match_log_seq"
LOOK_SECONDS: Final = 15.0
"""So there are at most so many messages a minute as there are looks, unless many matches end at once."""

MESSAGE_LINES_MAX: Final = 10
LOOK_LINES_MAX: Final = 60
LINE_CHARACTERS_MAX: Final = 350
CORRECTED: Final = "c"

_log = structlog.get_logger(__name__)


class MatchLog:
    """Wants each match that ended to be said once. How far it got is kept with what is wanted, in one transaction."""

    def __init__(self, context: BotContext, unit_of_work: UnitOfWork, queue: SendQueue, channel_id: int) -> None:
        self._context = context
        self._unit_of_work = unit_of_work
        self._queue = queue
        self._channel_id = channel_id

    async def run(self) -> None:
        """Looks again and again, until it is cancelled."""
        await Loop(self.look, every_seconds=LOOK_SECONDS, failed="match_log_failed").run()

    async def look(self) -> None:
        """Wants what ended since the last look to be said. The first look of all only notes where the log begins."""
        noted, last = await self._unit_of_work.read(lambda tx: (tx.note(NOTE), tx.last_seq()))
        if noted != str(last):
            await self._unit_of_work.run(self._advance)
            self._queue.wake()

    def _advance(self, tx: Transaction) -> None:
        noted, last = tx.note(NOTE), tx.last_seq()
        changes = None if noted is None else tx.changes_since(int(noted))
        if noted is not None and changes is None:
            _log.warning("match_log_skipped", since=noted, to=last)
        ended = ended_matches(changes or ())
        if len(ended) > LOOK_LINES_MAX:
            _log.warning("match_log_shortened", left_out=len(ended) - LOOK_LINES_MAX)
            ended = ended[-LOOK_LINES_MAX:]
        parts = [ended[first : first + MESSAGE_LINES_MAX] for first in range(0, len(ended), MESSAGE_LINES_MAX)]
        intents = [
            Intent(
                key=f"{KIND} {last}.{place}",
                kind=KIND,
                recipient=self._channel_id,
                priority=Priority.LEADERBOARD,
                parameters={"matches": " ".join(part)},
            )
            for place, part in enumerate(parts)
        ]
        tx.intents.want(intents, now_us=self._context.ladder.clock.now_us())
        tx.set_note(NOTE, str(last))


def ended_matches(changes: Sequence[Change]) -> list[str]:
    """The matches that came to a result or became void, in order, each once; a mark after those that were corrected."""
    corrected = {one.event.match_id for one in changes if isinstance(one.event, MatchRatingCorrected)}
    ended: dict[MatchId, None] = {}
    for one in changes:
        if isinstance(one.event, MatchMoved) and one.event.state in {MatchState.COMPLETED, MatchState.VOIDED}:
            ended.pop(one.event.match_id, None)
            ended[one.event.match_id] = None
    return [f"{match_id}{CORRECTED if match_id in corrected else ''}" for match_id in ended]


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
