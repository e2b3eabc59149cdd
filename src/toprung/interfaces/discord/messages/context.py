"""What the bot's commands work with, and who they answer."""

import asyncio
from dataclasses import dataclass, field

import discord

from toprung.application.ladder import Ladder
from toprung.domain.errors import ToprungError
from toprung.domain.players.player import PlayerId
from toprung.interfaces.discord.messages.live_layouts import LiveLayouts, SeenInteractions
from toprung.interfaces.discord.messages.markdown import Markdown, escaped
from toprung.interfaces.discord.messages.organisers import Organisers
from toprung.interfaces.texts.texts import DEFAULT_LANGUAGE, Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whoever is answered: who they are on the ladder, if anybody, and how they are spoken to."""

    discord_id: int
    player_id: PlayerId | None
    language: str
    locale: str
    texts: Texts

    def say(self, code: str, /, **parameters: object) -> Markdown:
        """The sentence in the reader's language, as markdown; text among the parameters is escaped."""
        return Markdown(
            self.texts.text(code, self.language, **{name: _safe(value) for name, value in parameters.items()})
        )

    def plain(self, code: str, /, **parameters: object) -> str:
        """The sentence for where Discord knows no markdown: labels, options, titles."""
        return self.texts.text(code, self.language, **parameters)

    def error(self, error: ToprungError) -> Markdown:
        """What was refused and what to do about it."""
        return escaped(self.texts.error(error, self.language, "discord"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BotLimits:
    """How fast the bot is, and how long it waits."""

    sends_per_second_max: float = 20
    """How many messages the send queue sends at most."""

    connect_again_seconds_min: float = 5.0
    """How long it waits before it connects again, the first time."""

    replay_watched_seconds_max: float = 30.0
    """How long the answer to a replay waits for the verdict, which is told by a message afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BotContext:
    """The use cases and the texts, for all commands. `terms_url` is where the organiser's terms are, if anywhere.

    `drawing` is held while a large message is drawn: where many are wanted at once, the event loop gets its turn
    between one and the next.
    """

    ladder: Ladder
    texts: Texts
    organisers: Organisers
    live: LiveLayouts = field(default_factory=LiveLayouts)
    seen: SeenInteractions = field(default_factory=SeenInteractions)
    something_to_send: asyncio.Event = field(default_factory=asyncio.Event)
    drawing: asyncio.Lock = field(default_factory=asyncio.Lock)
    terms_url: str | None = None
    channel_language: str = DEFAULT_LANGUAGE
    limits: BotLimits = field(default_factory=BotLimits)

    async def reader(self, interaction: discord.Interaction) -> Reader:
        """Who is behind an interaction: their language is the one they chose, else the one their Discord is in."""
        known = await self.ladder.readers.reader(interaction.user.id)
        client_locale = interaction.locale.value
        return Reader(
            discord_id=interaction.user.id,
            player_id=known.player_id,
            language=self.texts.language(known.language, client_locale),
            locale=known.language or client_locale,
            texts=self.texts,
        )

    def wake(self) -> None:
        """Says that there is something to send."""
        self.something_to_send.set()

    async def addressee(self, discord_id: int) -> Reader:
        """Somebody who is told something without having asked, in the language that they chose."""
        known = await self.ladder.readers.reader(discord_id)
        language = self.texts.language(known.language)
        return Reader(
            discord_id=discord_id,
            player_id=known.player_id,
            language=language,
            locale=known.language or language,
            texts=self.texts,
        )

    def public_reader(self) -> Reader:
        """Everybody who reads a channel, spoken to in the language that the organiser chose for it."""
        return self._nobody(self.texts.language(self.channel_language))

    def log_reader(self) -> Reader:
        """Whoever reads the log, which is in English."""
        return self._nobody(DEFAULT_LANGUAGE)

    def _nobody(self, language: str) -> Reader:
        return Reader(discord_id=0, player_id=None, language=language, locale=language, texts=self.texts)


def _safe(value: object) -> object:
    return escaped(value) if isinstance(value, str) and not isinstance(value, Markdown) else value
