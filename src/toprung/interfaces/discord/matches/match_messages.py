"""Telling players about their matches, and answering what they press on those messages."""

from typing import Any, Final

import discord

from toprung.application.matches.match_history import MatchUnknown
from toprung.application.matches.match_notices import notice_of
from toprung.application.ports.intents import StoredIntent
from toprung.domain.errors import ToprungError
from toprung.domain.matches.match import Match, MatchId, MatchState, Side
from toprung.domain.matches.notice import is_timely
from toprung.domain.players.player import PlayerId
from toprung.interfaces.discord.matches.match_layouts import ACTIONS, MatchLayout, match_card
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.layouts import say

_MOVES: Final = {action: move for move, action in ACTIONS.items()}
_SURE: Final = "_sure"


class NoticeDrawing:
    """Draws what one player is told about a match."""

    def __init__(self, context: BotContext) -> None:
        self._context = context

    async def __call__(self, stored: StoredIntent) -> discord.ui.LayoutView | None:
        """See `Drawing`. It shows the match of now; where that went on meanwhile, another notice says so."""
        _, player_id, match_id, kind = notice_of(stored)
        view = await self._context.ladder.matches.seen_by(match_id, player_id)
        if not is_timely(kind, view.match.state):
            return None
        reader = await self._context.addressee(stored.intent.recipient)
        return MatchLayout(self._context, reader, await match_card(self._context, view, player_id)).draw(kind)


class MatchPresses:
    """Answers every control of a match's message, whenever and wherever it was sent."""

    def __init__(self, context: BotContext) -> None:
        self._context = context

    async def open_own(self, interaction: discord.Interaction) -> None:
        """Does what was pressed, if the ladder lets this player do it now, and shows the match as it then is."""
        data: dict[str, Any] = {**(interaction.data or {})}
        _, number, action = str(data.get("custom_id", "")).split(":", 2)
        match_id = MatchId(int(number))
        await interaction.response.defer()  # what follows writes, and may have to wait for its turn
        reader = await self._context.reader(interaction)
        player_id = reader.player_id
        if player_id is None:
            raise MatchUnknown("There is no match {number} of yours.", number=str(match_id))
        before = (await self._context.ladder.matches.seen_by(match_id, player_id)).match
        side = before.side_of(player_id)
        if side is None:
            raise MatchUnknown("There is no match {number} of yours.", number=str(match_id))
        refusal = None
        if action.removesuffix(_SURE) in _MOVES:
            try:
                if await self._asks(interaction, reader, before, side, action):
                    return
            except ToprungError as error:
                refusal = error
        await self._show(interaction, reader, match_id, player_id, action)
        if refusal is not None:
            await say(interaction, reader.error(refusal))

    async def _asks(
        self, interaction: discord.Interaction, reader: Reader, match: Match, side: Side, action: str
    ) -> bool:
        """Does it; or says True and asks once more, where it would end the match and nobody is sure yet."""
        lifecycle = self._context.ladder.lifecycle
        move = _MOVES[action.removesuffix(_SURE)]
        player_id = match.player_ids[side]
        if not action.endswith(_SURE):
            _, after = await lifecycle.foresee(match.id, player_id, move.step, move.outcome)
            if match.state.is_open and not after.state.is_open:
                await self._edit(
                    interaction, (await self._layout(reader, match.id, player_id)).draw_question(action, after.state)
                )
                return True
        await lifecycle.act(match.id, player_id, move.step, move.outcome)
        return False

    async def _show(
        self, interaction: discord.Interaction, reader: Reader, match_id: MatchId, player_id: PlayerId, action: str
    ) -> None:
        """The match; in a direct message only that it is done, where a new message is on its way that says the rest."""
        layout = await self._layout(reader, match_id, player_id)
        state = (await self._context.ladder.matches.seen_by(match_id, player_id)).match.state
        is_direct = interaction.guild_id is None and not _is_for_one(interaction)
        if is_direct and action == "confirm" and state is MatchState.IN_PROGRESS:
            await self._edit(interaction, layout.draw_done("match.done_confirmed"))
        elif is_direct and action.endswith(_SURE) and not state.is_open:
            code = "match.done_disputed" if state is MatchState.CONFLICT else "match.done_ended"
            await self._edit(interaction, layout.draw_done(code))
        else:
            await self._edit(interaction, layout.draw())

    async def _layout(self, reader: Reader, match_id: MatchId, player_id: PlayerId) -> MatchLayout:
        view = await self._context.ladder.matches.seen_by(match_id, player_id)
        return MatchLayout(self._context, reader, await match_card(self._context, view, player_id))

    async def _edit(self, interaction: discord.Interaction, layout: MatchLayout) -> None:
        await interaction.edit_original_response(view=layout, allowed_mentions=discord.AllowedMentions.none())


def _is_for_one(interaction: discord.Interaction) -> bool:
    return interaction.message is not None and interaction.message.flags.ephemeral
