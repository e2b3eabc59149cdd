"""A whole ladder in memory with a bot on it: real services, real texts, the real game's data, a fake database."""

import asyncio
import random
from collections.abc import Sequence
from functools import partial
from typing import Final

from tests.domain.leaderboard.strategies import CERTAINTY
from tests.interfaces.web.ladder import CHINESE, COUNTRIES, CYRILLIC, KOREAN, LATIN, LONG
from tests.support.fakes.jobs import FakeBootClock, FakeReplayArchive
from tests.support.fakes.ladder import FakeBackups, FakeClock, FakeStorage, departures
from tests.support.fakes.matches import match_parts
from tests.support.intake import ScriptedParser, WatchedJudge
from toprung.adapters.catalog_files import find_game, load_catalog
from toprung.adapters.confusables import load_prototypes
from toprung.adapters.countries import CountryNames, load_countries
from toprung.adapters.replays.reading import decode_reading
from toprung.application.jobs.job_endings import JobEndings
from toprung.application.jobs.job_queue import JobHistory, JobQueue
from toprung.application.leaderboard.data_access_service import DataAccessService
from toprung.application.leaderboard.leaderboard_history import LeaderboardHistory
from toprung.application.leaderboard.leaderboard_service import LeaderboardService
from toprung.application.matches.challenge_service import ChallengeService
from toprung.application.matches.match_history import MatchHistory
from toprung.application.organising.admin_service import AdminService
from toprung.application.organising.announcements import Announcements
from toprung.application.players.account_service import AccountService
from toprung.application.players.player_dossier import PlayerDossiers
from toprung.application.players.player_service import PlayerService
from toprung.application.players.profile_service import ProfileService
from toprung.application.players.reader_directory import ReaderDirectory
from toprung.application.ratings.rating_adjustment import RatingAdjustment
from toprung.application.ratings.rating_quality import RatingQualityService
from toprung.application.ratings.season_service import SeasonService
from toprung.application.ratings.verification import LadderVerification
from toprung.application.replays.intake import IntakeService, SubmittedReplay
from toprung.application.replays.replay_job import ReplayJobHandler
from toprung.application.replays.replay_mods import ReplayMods
from toprung.application.replays.replay_service import ReplayHistory, ReplayService
from toprung.application.replays.replay_verdicts import ReplayVerdicts
from toprung.application.services import Services
from toprung.application.transfer.export_service import ExportService
from toprung.application.writing.audit import Attribution, AuditLog
from toprung.application.writing.event_bus import EventBus
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.jobs.job import JobId, JobKind
from toprung.domain.leaderboard.board import Board
from toprung.domain.leaderboard.board_table import BoardTable
from toprung.domain.matches.match import FinalMatch, MatchId, MatchResult, Participant
from toprung.domain.moment import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from toprung.domain.players.names import NameKeys
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.rating import Elo, Entry, EntryId
from toprung.domain.ratings.rating_engine import EloEngine
from toprung.interfaces.discord.bot.bot import BotOptions, DiscordBot
from toprung.interfaces.discord.messages.context import BotContext
from toprung.interfaces.discord.messages.live_layouts import LiveLayouts, SeenInteractions
from toprung.interfaces.discord.messages.organisers import Organisers, Organising
from toprung.interfaces.texts.texts import Texts, load_texts

CATALOG: Final = load_catalog(find_game("sc_evo"))
TEXTS: Final[Texts] = load_texts()
NAME_KEYS: Final = NameKeys(load_prototypes())
INACTIVITY_US: Final = 14 * MICROSECONDS_PER_DAY
REPLAY_BYTES_MAX: Final = 10_000
CHALLENGE_US: Final = 600 * MICROSECONDS_PER_SECOND
NAMES: Final = (*LATIN, *KOREAN, *CYRILLIC, *CHINESE, *LONG)


class DiscordLadder:
    """Services on fakes, as `bootstrap` wires them; `new_bot` makes a bot on them, as a start of the program does."""

    def __init__(self, *, terms_url: str | None = None, channel_language: str = "en") -> None:
        self.clock = FakeClock()
        self.out_of_reach: set[int] = set()
        self.storage = FakeStorage()
        self.bus = EventBus()
        self.unit_of_work = UnitOfWork(self.storage, self.bus)
        self.countries = load_countries(CATALOG.common_countries)
        codes = sorted(self.countries.codes)

        def new_table() -> BoardTable:
            return BoardTable(CATALOG.race_codes, codes)

        self.store = DataAccessService(
            self.storage,
            self.clock,
            lambda: Board(races=CATALOG.race_codes, countries=codes, inactivity_us=INACTIVITY_US, certainty=CERTAINTY),
        )
        self.bus.subscribe(self.store.on_changes)
        unit_of_work, clock = self.unit_of_work, self.clock
        self.leaderboard = LeaderboardService(
            store=self.store,
            clock=clock,
            catalog=CATALOG,
            countries=self.countries,
            inactivity_us=INACTIVITY_US,
            history=LeaderboardHistory(
                unit_of_work=unit_of_work,
                store=self.store,
                clock=clock,
                new_table=new_table,
                inactivity_us=INACTIVITY_US,
                certainty=CERTAINTY,
            ),
            observe_read_seconds=lambda _: None,
        )
        played = match_parts(
            unit_of_work,
            catalog=CATALOG,
            clock=clock,
            backups=FakeBackups(),
            can_reach=lambda player: player.discord_id not in {None, *self.out_of_reach},
        )
        self.lifecycle, self.steps = played.lifecycle, played.steps
        self.challenges = ChallengeService(
            unit_of_work=unit_of_work,
            clock=clock,
            catalog=CATALOG,
            lifecycle=played.lifecycle,
            choose=lambda races: races[0],
            answer_us=CHALLENGE_US,
        )
        leaving = self.departures = departures(NAME_KEYS, CATALOG)
        self.players = PlayerService(
            unit_of_work=unit_of_work,
            catalog=CATALOG,
            countries=self.countries,
            name_keys=NAME_KEYS,
            clock=clock,
            steps=played.steps,
            departures=leaving,
        )
        self.matches = played.matches
        history = MatchHistory(unit_of_work=unit_of_work, name_keys=NAME_KEYS)
        self.accounts = AccountService(
            unit_of_work=unit_of_work,
            clock=clock,
            catalog=CATALOG,
            countries=self.countries,
            name_keys=NAME_KEYS,
            departures=leaving,
        )
        self.readers = ReaderDirectory(unit_of_work)
        self.bus.subscribe(self.readers.on_changes)
        mods = ReplayMods(unit_of_work=unit_of_work, clock=clock, decode=partial(decode_reading, catalog=CATALOG))
        self.services = Services(
            leaderboard=self.leaderboard,
            exports=ExportService(unit_of_work=unit_of_work),
            rating_quality=RatingQualityService(unit_of_work=unit_of_work),
            ratings=played.ratings,
            replays=ReplayHistory(unit_of_work=unit_of_work, name_keys=NAME_KEYS),
            mods=mods,
            jobs=JobHistory(unit_of_work=unit_of_work, clock=clock),
            matches=history,
            audit=AuditLog(unit_of_work=unit_of_work),
            seasons=SeasonService(unit_of_work=unit_of_work, clock=clock, engine=EloEngine(Elo())),
            verification=LadderVerification(
                unit_of_work=unit_of_work,
                store=self.store,
                clock=clock,
                engine=EloEngine(Elo()),
                new_table=new_table,
                inactivity_us=INACTIVITY_US,
            ),
            administration=AdminService(
                imports=None,  # type: ignore[arg-type]  # no command of the bot imports
                mods=mods,
                players=self.players,
                ratings=played.ratings,
                lifecycle=played.lifecycle,
                adjustment=RatingAdjustment(
                    unit_of_work=unit_of_work, catalog=CATALOG, clock=clock, engine=EloEngine(Elo())
                ),
                seasons=SeasonService(unit_of_work=unit_of_work, clock=clock, engine=EloEngine(Elo())),
            ),
            catalog=CATALOG,
            countries=self.countries,
            country_names=CountryNames(),
            inactivity_days=14,
            board_fingerprint="a fingerprint",
        )
        self.profiles = ProfileService(
            unit_of_work=unit_of_work, leaderboard=self.leaderboard, matches=history, catalog=CATALOG
        )
        self.lifecycle = played.lifecycle
        self.intake = LadderIntake(unit_of_work, clock, self.players)
        self.organisers = Organisers()
        self._terms_url, self._channel_language = terms_url, channel_language

    def context(self) -> BotContext:
        """What a bot's commands work with; what it keeps in memory is new."""
        return BotContext(
            services=self.services,
            accounts=self.accounts,
            profiles=self.profiles,
            readers=self.readers,
            texts=TEXTS,
            lifecycle=self.lifecycle,
            challenges=self.challenges,
            intake=self.intake,
            verdicts=ReplayVerdicts(unit_of_work=self.unit_of_work, endings=self.intake.endings),
            replay_bytes_max=REPLAY_BYTES_MAX,
            rules=self.steps.rules,
            clock=self.clock,
            live=LiveLayouts(),
            seen=SeenInteractions(),
            organising=Organising(
                organisers=self.organisers,
                dossiers=PlayerDossiers(
                    unit_of_work=self.unit_of_work,
                    players=self.players,
                    matches=self.services.matches,
                    catalog=CATALOG,
                    clock=self.clock,
                    departures=self.departures,
                ),
                lifecycle=self.lifecycle,
                announcements=Announcements(unit_of_work=self.unit_of_work, clock=self.clock),
                intake=self.intake,
            ),
            something_to_send=asyncio.Event(),
            terms_url=self._terms_url,
            channel_language=self._channel_language,
        )

    def new_bot(self, options: BotOptions | None = None) -> DiscordBot:
        """A bot, as a start of the program makes it."""
        bot = DiscordBot(self.context(), self.unit_of_work, self.steps, options or BotOptions(token="token"))
        self.bus.subscribe(bot.on_changes)
        return bot

    async def fill(self, entries: int, *, names: Sequence[str] = NAMES) -> None:
        """That many ranked entries of made-up players, the same every time; the first player has two."""
        chance = random.Random(7)
        database = self.storage.database
        first = max(database.players, default=0) + 1
        for number in range(first, first + entries):
            name = names[(number - 1) % len(names)]
            name = name if number <= len(names) else f"{name[:16]} {number}"
            player = Player(id=PlayerId(number), name=name, country=chance.choice(COUNTRIES))
            database.players[player.id] = player
            database.name_keys[player.id] = NAME_KEYS.key(name)
            races = chance.sample(CATALOG.race_codes, 2 if number == first else 1)
            for race in races:
                won, lost = chance.randrange(40), chance.randrange(1, 40)
                entry = Entry(
                    id=EntryId(len(database.entries) + 1),
                    player_id=player.id,
                    race=race,
                    mmr=round(chance.gauss(1500, 220)),
                    games_played=won + lost,
                    games_won=won,
                    games_lost=lost,
                    last_played_us=self.clock.now_us() - chance.randrange(INACTIVITY_US // 2),
                )
                database.entries[entry.id] = entry
        await self.store.load()

    async def joined(self, discord_id: int, name: str, *, country: str = "KR", language: str = "en") -> Player:
        """Somebody who has finished the set-up."""
        await self.accounts.answer(
            discord_id,
            language=language,
            accepts_terms=True,
            name=name,
            in_game_name=f"{name[:12]}#1234",
            country=country,
            region="KRJ",
        )
        return (await self.accounts.finish(discord_id)).player

    async def play(self, winner: PlayerId, loser: PlayerId, *, race: str = "bw_zerg", times: int = 1) -> None:
        """Matches, a minute apart."""
        for _ in range(times):
            self.clock.advance(seconds=60)
            match = FinalMatch(
                source_key=f"match {len(self.storage.database.played.matches)}",
                sides=((Participant(player_id=winner, race=race),), (Participant(player_id=loser, race="sc2_zerg"),)),
                result=MatchResult.SIDE_1_WON,
                ended_at_us=self.clock.now_us(),
                map_name="Keres Passage",
            )
            await self.matches.record(match)


class LadderIntake:
    """Implements `Intake` as a site does, but works at its jobs only when a test says so; keeps what it was given."""

    def __init__(self, unit_of_work: UnitOfWork, clock: FakeClock, players: PlayerService) -> None:
        self.taken: list[tuple[str, MatchId | None, bytes, str | None]] = []
        self.parser, self.judge, self.endings = ScriptedParser(), WatchedJudge(), JobEndings()
        self._clock = FakeBootClock()
        archive = FakeReplayArchive()
        self._handler = ReplayJobHandler(
            unit_of_work=unit_of_work,
            archive=archive,
            parser=self.parser,
            decode=partial(decode_reading, catalog=CATALOG),
            judge=self.judge,
            clock=clock,
        )
        self._queue = JobQueue(
            unit_of_work=unit_of_work,
            clock=clock,
            boot_clock=self._clock,
            instance_id="a bot",
            chance=lambda: 0.5,
            handlers={JobKind.REPLAY: self._handler},
            endings=self.endings,
        )
        replays = ReplayService(
            unit_of_work=unit_of_work,
            archive=archive,
            clock=clock,
            announce=lambda: None,
            replay_bytes_max=REPLAY_BYTES_MAX,
        )
        self.service = IntakeService(players=players, replays=replays, queue=self._queue, announce=lambda: None)

    async def submit_replay(
        self,
        player_name: str,
        match_id: MatchId | None,
        data: bytes,
        file_name: str | None,
        *,
        by_discord: bool = False,
    ) -> SubmittedReplay:
        """See `Intake`."""
        taken = await self.service.submit_replay(player_name, match_id, data, file_name, by_discord=by_discord)
        self.taken.append((player_name, match_id, data, file_name))
        return taken

    async def retry_job(self, job_id: JobId, by: Attribution | None = None) -> None:
        """See `Intake`."""
        await self.service.retry_job(job_id, by)

    async def work_off(self) -> None:
        """Works at all jobs until each is done or dead."""
        while True:
            for job in await self._queue.claim(1, workers=1):
                await self._queue.end(job, await self._handler.handle(job))
                break
            else:
                seconds = await self._queue.seconds_until_due()
                if seconds is None:
                    return
                self._clock.advance(seconds)
