"""`/profile`: a player's entries, record, last matches and how the ratings went."""

import asyncio
import io
from typing import Any, Final

import discord
from discord import app_commands
from discord.app_commands import Choice, locale_str
from discord.ext import commands

from toprung.application.matches.match_history import MatchView
from toprung.application.players.account_service import NotSetUp
from toprung.application.players.profile_service import Profile, ProfileEntry
from toprung.domain.matches.head_to_head import HeadToHead
from toprung.domain.matches.match import MatchResult, MatchState
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.players.countries import flag_emoji
from toprung.interfaces.discord.leaderboard.leaderboard_text import LETTER_MARKS
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.layouts import OPTION_CHARACTERS_MAX, OPTIONS_MAX, Layout
from toprung.interfaces.discord.messages.markdown import Markdown, clipped, escaped
from toprung.interfaces.discord.players.rating_graph import rating_graph

GRAPH: Final = "ratings.png"
ENTRIES_SHOWN_MAX: Final = 8


class ProfileView(Layout):
    """A profile, and the reader's games against that player. It has no controls."""

    def __init__(
        self, context: BotContext, reader: Reader, profile: Profile, games: HeadToHead, *, has_graph: bool
    ) -> None:
        super().__init__(context, reader, timeout=None)
        self.begin()
        player = profile.player
        country = context.ladder.country_names.name(player.country, reader.locale)
        head = f"## {flag_emoji(player.country)} {escaped(player.name)}\n{escaped(country)}"
        if player.region:
            head += f" · {escaped(context.ladder.catalog.region(player.region).name)}"
        if player.is_banned:
            head += f"\n**{reader.say('profile.banned')}**"
        if games.played:
            counts = {"count": games.played, "won": games.won, "lost": games.lost, "drawn": games.drawn}
            head += f"\n{reader.say('profile.head_to_head', **counts)}"
        parts: list[discord.ui.Item[Any]] = [self.paragraph(Markdown(head), 600), discord.ui.Separator()]
        entries = [self._entry(entry) for entry in profile.entries[:ENTRIES_SHOWN_MAX]]
        parts.append(self.paragraph(Markdown("\n".join(entries) or reader.say("profile.no_games")), 1_800))
        if has_graph:
            parts.append(discord.ui.MediaGallery(discord.MediaGalleryItem(f"attachment://{GRAPH}")))
        if profile.matches:
            lines = [f"**{reader.say('profile.matches')}**", *(self._match(view, profile) for view in profile.matches)]
            parts += [discord.ui.Separator(), self.paragraph(Markdown("\n".join(lines)), 1_500)]
        self.add_container(*parts)

    def _entry(self, shown: ProfileEntry) -> str:
        reader, entry, row = self.reader, shown.entry, shown.row
        race = next((race.name for race in self.context.ladder.catalog.races if race.code == entry.race), entry.race)
        deviation = "" if entry.state.skill is None else f" ± {round(2 * entry.state.skill.deviation)}"
        mmr = f"**{entry.mmr}**{deviation}"
        record = f"{entry.state.games_won}–{entry.state.games_lost}–{entry.state.games_drawn}"
        win_percent = round(100 * entry.state.games_won / max(1, entry.state.games_played))
        place = (
            reader.say("profile.unranked")
            if row is None
            else f"{LETTER_MARKS[row.letter_rank]} **{row.letter_rank}** · #{row.global_rank:,}"
        )
        rest = reader.say("profile.record", record=Markdown(record), percent=win_percent)
        return f"**{escaped(race)}** · {mmr} · {place}\n-# {rest}"

    def _match(self, view: MatchView, profile: Profile) -> str:
        match = view.match
        mine = match.player_ids.index(profile.player.id)
        opponent = view.players[1 - mine]
        if match.state is MatchState.VOIDED or match.result is None or view.changes is None:
            outcome = self.reader.say("profile.void")
        else:
            score = match.result.score_of_side_1 if mine == 0 else 1 - match.result.score_of_side_1
            code = "draw" if match.result is MatchResult.DRAW else ("won" if score == 1 else "lost")
            change = view.changes[mine]
            moved = change.mmr_after - (change.mmr_before or change.mmr_after)
            outcome = Markdown(f"{self.reader.say(f'profile.{code}')} {moved:+d}".replace("-", "−"))
        when = f" · <t:{match.ended_at_us // MICROSECONDS_PER_SECOND}:R>" if match.ended_at_us else ""
        against = self.reader.say("profile.against", name="?" if opponent is None else opponent.name)
        map_name = f" · {escaped(match.map_name)}" if match.map_name else ""
        return f"- {outcome} {against}{map_name}{when}"


class ProfileCog(commands.Cog):
    """The command."""

    def __init__(self, context: BotContext) -> None:
        self._context = context

    @app_commands.command(
        name="profile", description=locale_str("Show a player's ratings and last matches", code="command.profile")
    )
    @app_commands.describe(player=locale_str("A player's name; yours if omitted", code="command.profile.player"))
    async def profile(self, interaction: discord.Interaction, player: str | None = None) -> None:
        """Shows a profile to the channel."""
        reader = await self._context.reader(interaction)
        if player is not None:
            player_id = await self._context.ladder.profiles.find(player)
        elif reader.player_id is not None:
            player_id = reader.player_id
        else:
            raise NotSetUp("You are not on the ladder yet.")
        await interaction.response.defer(thinking=True)  # the database and the picture may take their time
        profile = await self._context.ladder.profiles.profile(player_id)
        games = HeadToHead()
        if reader.player_id is not None and reader.player_id != player_id:
            games = (await self._context.ladder.matches.head_to_head(reader.player_id, player_id)).games
        # The picture's font knows Latin letters.
        races = {
            race.code: race.name if race.name.isascii() else race.short for race in self._context.ladder.catalog.races
        }
        lines = [(races.get(entry.entry.race, entry.entry.race), entry.history) for entry in profile.entries]
        picture = await asyncio.to_thread(rating_graph, lines)
        view = ProfileView(self._context, reader, profile, games, has_graph=picture is not None)
        mentions = discord.AllowedMentions.none()
        if picture is None:
            await interaction.edit_original_response(view=view, allowed_mentions=mentions)
        else:
            graph = discord.File(io.BytesIO(picture), GRAPH)
            await interaction.edit_original_response(view=view, attachments=[graph], allowed_mentions=mentions)

    @profile.autocomplete("player")
    async def complete(self, interaction: discord.Interaction, typed: str) -> list[Choice[str]]:
        """Players whose name holds what is typed."""
        found = await self._context.ladder.leaderboard.search_players(typed[:64], limit=OPTIONS_MAX)
        return [
            Choice(
                name=clipped(f"{flag_emoji(one.country)} {one.player_name}", OPTION_CHARACTERS_MAX),
                value=one.player_name,
            )
            for one in found
        ]
