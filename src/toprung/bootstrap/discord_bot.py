"""The Discord bot beside the site, where there is a token; without one, nothing of Discord's is even loaded."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from toprung.application.ladder import Ladder
from toprung.domain.events import Affected, affecting
from toprung.settings import Settings

if TYPE_CHECKING:
    from toprung.interfaces.discord.messages.context import BotLimits


@asynccontextmanager
async def discord_bot(
    ladder: Ladder, settings: Settings, limits: "BotLimits | None" = None
) -> AsyncIterator[Callable[[], str]]:
    """Runs the bot meanwhile and gives how to ask how it is: `off`, or one of `BotStatus`."""
    if settings.discord_token is None:
        yield lambda: "off"
        return
    # Imported here: discord.py takes longer to load than the rest of the program together, and most starts need none.
    from toprung.interfaces.discord.bot.bot import BotOptions, DiscordBot, running
    from toprung.interfaces.discord.messages.context import BotContext, BotLimits
    from toprung.interfaces.discord.messages.organisers import Organisers
    from toprung.interfaces.texts.texts import load_texts

    context = BotContext(
        ladder=ladder,
        texts=load_texts(),
        organisers=Organisers(
            server_id=settings.discord_server,
            user_ids=settings.discord_admins,
            role_id=settings.discord_admin_role,
        ),
        terms_url=settings.discord_terms_url,
        channel_language=settings.discord_language,
        limits=limits or BotLimits(),
    )
    options = BotOptions(
        token=settings.discord_token.get_secret_value(),
        server_id=settings.discord_server,
        leaderboard_channel_id=settings.discord_leaderboard_channel,
        rank_roles=settings.discord_rank_roles,
        organisers_channel_id=settings.discord_organisers_channel,
        match_log_channel_id=settings.discord_match_log_channel,
    )
    bot = DiscordBot(context, options)
    ladder.bus.subscribe(bot.on_changes, affecting(Affected.MATCHES))
    async with running(bot):
        yield lambda: bot.status.value
