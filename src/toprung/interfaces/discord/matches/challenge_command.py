"""`/challenge`: asking another player for a match, and that player's answer."""

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Choice, locale_str
from discord.ext import commands

from toprung.application.matches.challenge_service import (
    KIND,
    ChallengeRefused,
    ChallengeView,
    challenge_note,
    is_news,
)
from toprung.application.players.account_service import NotSetUp
from toprung.application.ports.intents import StoredIntent
from toprung.domain.matches.challenge import ChallengeId, ChallengeState
from toprung.domain.players.countries import flag_emoji
from toprung.domain.players.player import Player, PlayerId
from toprung.interfaces.discord.matches.match_text import moment, race_name
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.layouts import OPTIONS_MAX, Button, Layout, Select, answered_elsewhere, option
from toprung.interfaces.discord.messages.markdown import Markdown, escaped
from toprung.interfaces.discord.players.race_list import completions, races_of


class ChallengeLayout(Layout):
    """A challenge as whoever is to answer it sees it. Its controls outlive it, like those of a match."""

    def __init__(self, context: BotContext, reader: Reader, view: ChallengeView) -> None:
        super().__init__(context, reader, timeout=None)
        self.stop()
        self.begin()
        self._view = view

    def draw(self, to: Player | None = None) -> "ChallengeLayout":
        """Who asks, and how to answer; or how it was answered. In a channel, to the one whom it concerns, by a ping."""
        view, reader, challenge = self._view, self.reader, self._view.challenge
        self.mentions = None if to is None else to.discord_id
        if self.mentions is not None:
            self.add_item(self.paragraph(Markdown(f"<@{self.mentions}>")))
        names = {"challenger": view.challenger.name, "opponent": view.opponent.name}
        if challenge.state is not ChallengeState.OPEN:
            said = f"## ⚔️ {reader.say(f'challenge.is_{challenge.state.value}', **names)}"
            if to is not None and challenge.match_id is not None:
                said += f"\n{reader.say('challenge.see_match', number=str(challenge.match_id))}"
            self.add_container(self.paragraph(Markdown(said)))
            return self
        catalog = self.context.ladder.catalog
        races = ", ".join(escaped(race_name(catalog, race)) for race in challenge.races)
        head = f"## ⚔️ {reader.say('challenge.title', **names)}"
        who = f"{flag_emoji(view.challenger.country)} **{escaped(view.challenger.name)}** · {races}"
        how = reader.say("challenge.how", opponent=view.opponent.name, due=moment(challenge.expires_at_us))
        self.add_container(self.paragraph(Markdown(f"{head}\n{who}")), self.paragraph(how))
        codes = catalog.races
        for place, first in enumerate(range(0, len(codes), OPTIONS_MAX)):
            part = [option(race.name, race.code) for race in codes[first : first + OPTIONS_MAX]]
            placeholder = reader.plain("challenge.accept")
            self.add_row(Select(f"{KIND}:{challenge.id}:accept_{place}", placeholder, part, answered_elsewhere))
        decline = reader.plain("challenge.decline")
        self.add_row(Button(f"{KIND}:{challenge.id}:decline", decline, answered_elsewhere))
        return self


class ChallengeDrawing:
    """Draws a challenge for the opponent, and for the challenger what came of it; alone, or in a channel.

    That a challenge was accepted is said in the channel only: a direct message of the match says it better.
    """

    def __init__(self, context: BotContext) -> None:
        self._context = context

    async def __call__(self, stored: StoredIntent) -> discord.ui.LayoutView | None:
        """See `Drawing`."""
        context, note = self._context, challenge_note(stored)
        view = await context.ladder.challenges.view(note.challenge_id)
        state, is_direct = view.challenge.state, stored.intent.is_direct
        is_accepted = note.is_to_challenger and state is ChallengeState.ACCEPTED
        if not is_news(state, is_to_challenger=note.is_to_challenger) and (is_direct or not is_accepted):
            return None
        if is_direct:
            return ChallengeLayout(context, await context.addressee(stored.intent.recipient), view).draw()
        whom = view.challenger if note.is_to_challenger else view.opponent
        return ChallengeLayout(context, context.public_reader(), view).draw(whom)


class ChallengePresses:
    """Answers the controls of a challenge, whenever and wherever it was sent."""

    def __init__(self, context: BotContext) -> None:
        self._context = context

    async def open_own(self, interaction: discord.Interaction) -> None:
        """Accepts with the race that was chosen, or declines; shows how the challenge then stands."""
        data: dict[str, Any] = {**(interaction.data or {})}
        _, number, action = str(data.get("custom_id", "")).split(":", 2)
        challenge_id = ChallengeId(int(number))
        await interaction.response.defer()
        reader = await self._context.reader(interaction)
        challenges = self._context.ladder.challenges
        if reader.player_id is None:
            raise ChallengeRefused("stranger", "Only the player who was challenged can answer this.")
        try:
            if action == "decline":
                await challenges.decline(challenge_id, reader.player_id)
            else:
                await challenges.accept(challenge_id, reader.player_id, str((data.get("values") or [""])[0]))
        finally:
            view = await challenges.view(challenge_id)
            if view.challenge.state is not ChallengeState.OPEN:
                is_shared = interaction.guild_id is not None
                shown_to = self._context.public_reader() if is_shared else reader
                await interaction.edit_original_response(
                    view=ChallengeLayout(self._context, shown_to, view).draw(),
                    allowed_mentions=discord.AllowedMentions.none(),
                )


class RacesView(Layout):
    """Asks a challenger which races to play, where the command did not say."""

    def __init__(self, context: BotContext, reader: Reader, opponent: PlayerId, name: str) -> None:
        super().__init__(context, reader)
        self._opponent, self._name = opponent, name

    async def update_view(self, interaction: discord.Interaction) -> None:
        """The question."""
        self.begin()
        self.add_container(self.paragraph(self.reader.say("challenge.which_races", name=self._name)))
        offered = [option(race.name, race.code) for race in self.context.ladder.catalog.races]
        placeholder = self.reader.plain("challenge.races")
        self.add_row(Select(f"{KIND}races:chosen", placeholder, offered, self._choose, several=True))
        await self.show(interaction, ephemeral=True)

    async def _choose(self, interaction: discord.Interaction, chosen: list[str]) -> None:
        text = await _made(self.context, self.reader, self._opponent, tuple(chosen), _channel_of(interaction))
        self.begin()
        self.add_container(self.paragraph(text))
        await self.show(interaction, ephemeral=True)
        self.context.live.remove(self.expire)
        self.stop()


class ChallengeCog(commands.Cog):
    """The command."""

    def __init__(self, context: BotContext) -> None:
        self._context = context

    @app_commands.command(
        name="challenge", description=locale_str("Ask another player for a match", code="command.challenge")
    )
    @app_commands.describe(
        player=locale_str("Whom you want to play", code="command.challenge.player"),
        races=locale_str(
            "The race you will play, or several with commas; you are asked if omitted", code="command.challenge.races"
        ),
    )
    async def challenge(self, interaction: discord.Interaction, player: discord.User, races: str = "") -> None:
        """Challenges somebody; the answer is for whoever asked alone."""
        context = self._context
        reader = await context.reader(interaction)
        if reader.player_id is None:
            raise NotSetUp("You are not on the ladder yet.")
        known = await context.ladder.readers.reader(player.id)
        if known.player_id is None:
            raise ChallengeRefused("unknown", "{name} is not on the ladder.", name=player.display_name)
        codes = races_of(context.ladder.catalog, races)
        if not codes:
            await context.ladder.challenges.check(reader.player_id, known.player_id)
            await RacesView(context, reader, known.player_id, player.display_name).update_view(interaction)
            return
        view = Layout(context, reader, timeout=None)
        view.stop()
        view.begin()
        text = await _made(context, reader, known.player_id, codes, _channel_of(interaction))
        view.add_container(view.paragraph(text))
        await interaction.response.send_message(
            view=view, ephemeral=True, allowed_mentions=discord.AllowedMentions.none()
        )

    @challenge.autocomplete("races")
    async def complete(self, _: discord.Interaction, typed: str) -> list[Choice[str]]:
        """What is typed, with its last part made a race."""
        return completions(self._context.ladder.catalog, typed)


def _channel_of(interaction: discord.Interaction) -> int | None:
    """The channel for a challenge that cannot be said to the opponent alone; a direct message is none."""
    return None if interaction.guild_id is None else interaction.channel_id


async def _made(
    context: BotContext, reader: Reader, opponent: PlayerId, races: tuple[str, ...], channel_id: int | None
) -> Markdown:
    if reader.player_id is None:
        raise NotSetUp("You are not on the ladder yet.")
    view = await context.ladder.challenges.make(reader.player_id, opponent, races, channel_id=channel_id)
    context.wake()
    return reader.say("challenge.made", name=view.opponent.name, due=moment(view.challenge.expires_at_us))
