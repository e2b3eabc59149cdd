"""`/matches`: one's own matches, the open one first and with its controls; or one match by its number."""

from typing import Final

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from toprung.application.matches.match_history import MatchView
from toprung.application.players.account_service import NotSetUp
from toprung.domain.matches.match import MatchId, Side, other
from toprung.interfaces.discord.matches.match_layouts import ICONS, MatchCard, MatchLayout, match_card
from toprung.interfaces.discord.matches.match_text import ending, moment, moved, reasons
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.layouts import Layout
from toprung.interfaces.discord.messages.markdown import Markdown, escaped

LATEST_SHOWN: Final = 5
MATCH_NUMBER_MAX: Final = 2**53 - 1
"""The largest whole number that Discord takes."""


class MatchesCog(commands.Cog):
    """The command."""

    def __init__(self, context: BotContext) -> None:
        self._context = context

    @app_commands.command(
        name="matches",
        description=locale_str("Your open match, your latest ones, or one by its number", code="command.matches"),
    )
    @app_commands.describe(
        number=locale_str("A match's number; your own matches if omitted", code="command.matches.number")
    )
    async def matches(
        self, interaction: discord.Interaction, number: app_commands.Range[int, 1, MATCH_NUMBER_MAX] | None = None
    ) -> None:
        """Shows them to whoever asked, and to nobody else."""
        context = self._context
        reader = await context.reader(interaction)
        if reader.player_id is None:
            raise NotSetUp("You are not on the ladder yet.")
        await interaction.response.defer(ephemeral=True, thinking=True)
        matches = context.ladder.matches
        if number is not None:
            view = await matches.seen_by(MatchId(number), reader.player_id)
            layout: Layout = MatchLayout(context, reader, await match_card(context, view, reader.player_id)).draw()
        else:
            current = await matches.open_of(reader.player_id)
            card = None if current is None else await match_card(context, current, reader.player_id)
            layout = _own(context, reader, card, await matches.latest_of(reader.player_id, LATEST_SHOWN))
        await interaction.edit_original_response(view=layout, allowed_mentions=discord.AllowedMentions.none())


def _own(context: BotContext, reader: Reader, card: MatchCard | None, latest: list[MatchView]) -> Layout:
    """The open match with its controls, and under it the latest ones with what they did and why."""
    if card is None:
        layout: Layout = Layout(context, reader, timeout=None)
        layout.stop()
        layout.begin()
        layout.add_container(layout.paragraph(Markdown(f"{reader.say('matches.none_open')}")))
    else:
        shown = MatchLayout(context, reader, card)
        shown.add_match()
        shown.add_controls()
        layout = shown
    lines = [f"**{reader.say('matches.latest')}**"]
    for view in latest:
        side = None if reader.player_id is None else view.match.side_of(reader.player_id)
        if side is not None:
            lines.append(_line(reader, view, side))
    if len(lines) == 1:
        lines.append(str(reader.say("profile.no_games")))
    layout.add_container(layout.paragraph(Markdown("\n".join(lines)), 2_400))
    return layout


def _line(reader: Reader, view: MatchView, side: Side) -> str:
    match, opponent = view.match, view.players[other(side)]
    when = "" if match.ended_at_us is None else f" · {moment(match.ended_at_us)}"
    name = "?" if opponent is None else escaped(opponent.name)
    first = f"{ICONS[match.state]} **#{match.id}** · {name} · {ending(reader, match, side)}{when}"
    change = moved(view, side)
    why = reasons(reader, view, side)[1:2]  # the first of them says what this line says already
    return "\n-# ".join((first, *(line for line in (change, *why) if line is not None)))
