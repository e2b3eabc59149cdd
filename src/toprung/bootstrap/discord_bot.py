"""The Discord bot beside the site, where there is a token; without one, nothing of Discord's is even loaded."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from toprung.application.jobs.job_endings import JobEndings
from toprung.application.matches.challenge_service import ChallengeService
from toprung.application.organising.announcements import Announcements
from toprung.application.players.account_service import AccountService
from toprung.application.players.player_dossier import PlayerDossiers
from toprung.application.players.profile_service import ProfileService
from toprung.application.players.reader_directory import ReaderDirectory
from toprung.application.replays.intake import Intake
from toprung.application.replays.replay_verdicts import ReplayVerdicts
from toprung.bootstrap.wiring import Ladder

if TYPE_CHECKING:  # the module loads discord.py
    from toprung.interfaces.discord.messages.organisers import Organising


@asynccontextmanager
async def discord_bot(ladder: Ladder, intake: Intake, endings: JobEndings) -> AsyncIterator[Callable[[], str]]:
    """Runs the bot meanwhile and gives how to ask how it is: `off`, or one of `BotStatus`."""
    settings = ladder.settings
    if settings.discord_token is None:
        yield lambda: "off"
        return
    # Imported here: discord.py takes longer to load than the rest of the program together, and most starts need none.
    from toprung.interfaces.discord.bot.bot import BotOptions, DiscordBot, running
    from toprung.interfaces.discord.messages.context import BotContext
    from toprung.interfaces.discord.messages.live_layouts import LiveLayouts, SeenInteractions
    from toprung.interfaces.texts.texts import load_texts

    services, unit_of_work = ladder.services, ladder.unit_of_work
    readers = ReaderDirectory(unit_of_work)
    ladder.bus.subscribe(readers.on_changes)
    context = BotContext(
        services=services,
        accounts=AccountService(
            unit_of_work=unit_of_work,
            clock=ladder.clock,
            catalog=services.catalog,
            countries=services.countries,
            name_keys=ladder.name_keys,
            departures=ladder.departures,
        ),
        profiles=ProfileService(
            unit_of_work=unit_of_work,
            leaderboard=services.leaderboard,
            matches=services.matches,
            catalog=services.catalog,
        ),
        readers=readers,
        texts=load_texts(),
        lifecycle=ladder.lifecycle,
        challenges=ChallengeService(
            unit_of_work=unit_of_work,
            clock=ladder.clock,
            catalog=services.catalog,
            lifecycle=ladder.lifecycle,
            choose=random.SystemRandom().choice,
            answer_us=settings.challenge_us,
        ),
        clock=ladder.clock,
        live=LiveLayouts(),
        seen=SeenInteractions(),
        organising=_organising(ladder, intake),
        intake=intake,
        verdicts=ReplayVerdicts(unit_of_work=unit_of_work, endings=endings),
        replay_bytes_max=settings.replay_bytes_max,
        rules=ladder.steps.rules,
        something_to_send=asyncio.Event(),
        terms_url=settings.discord_terms_url,
        channel_language=settings.discord_language,
    )
    options = BotOptions(
        token=settings.discord_token.get_secret_value(),
        server_id=settings.discord_server,
        leaderboard_channel_id=settings.discord_leaderboard_channel,
        rank_roles=settings.discord_rank_roles,
        organisers_channel_id=settings.discord_organisers_channel,
        match_log_channel_id=settings.discord_match_log_channel,
    )
    bot = DiscordBot(context, unit_of_work, ladder.steps, options)
    ladder.bus.subscribe(bot.on_changes)
    async with running(bot):
        yield lambda: bot.status.value


def _organising(ladder: Ladder, intake: Intake) -> "Organising":
    from toprung.interfaces.discord.messages.organisers import Organisers, Organising

    settings, services, unit_of_work = ladder.settings, ladder.services, ladder.unit_of_work
    return Organising(
        organisers=Organisers(
            server_id=settings.discord_server,
            user_ids=settings.discord_admins,
            role_id=settings.discord_admin_role,
        ),
        dossiers=PlayerDossiers(
            unit_of_work=unit_of_work,
            players=ladder.players,
            matches=services.matches,
            catalog=services.catalog,
            clock=ladder.clock,
            departures=ladder.departures,
        ),
        lifecycle=ladder.lifecycle,
        announcements=Announcements(unit_of_work=unit_of_work, clock=ladder.clock),
        intake=intake,
    )
