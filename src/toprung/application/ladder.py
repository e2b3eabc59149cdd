"""A ladder: its use cases, which every front end, loop and command works with."""

from dataclasses import dataclass

from toprung.application.jobs.job_bell import JobBell
from toprung.application.jobs.job_endings import JobEndings
from toprung.application.jobs.job_queue import JobHandlers, JobHistory, JobQueue
from toprung.application.jobs.outbox import Outbox
from toprung.application.leaderboard.data_access_service import DataAccessService
from toprung.application.leaderboard.leaderboard_service import LeaderboardService
from toprung.application.matches.challenge_service import ChallengeService
from toprung.application.matches.match_history import MatchHistory
from toprung.application.matches.match_lifecycle import MatchLifecycle
from toprung.application.matches.match_service import MatchService
from toprung.application.matches.match_steps import MatchSteps
from toprung.application.matches.served_time import ServedTime
from toprung.application.organising.concerns import ConcernWatch
from toprung.application.organising.match_log import MatchLog
from toprung.application.organising.operations import Administration
from toprung.application.players.account_service import AccountService
from toprung.application.players.player_dossier import PlayerDossiers
from toprung.application.players.player_service import PlayerService
from toprung.application.players.profile_service import ProfileService
from toprung.application.players.reader_directory import ReaderDirectory
from toprung.application.ports.clock import Clock
from toprung.application.ports.countries import CountryNames
from toprung.application.ports.replays import Intake
from toprung.application.ratings.rating_quality import RatingQualityService
from toprung.application.ratings.rating_service import RatingService
from toprung.application.ratings.season_service import SeasonService
from toprung.application.ratings.system_service import RatingSystemService
from toprung.application.ratings.verification import LadderVerification
from toprung.application.ratings.watch_service import WatchService
from toprung.application.replays.replay_mods import ReplayMods
from toprung.application.replays.replay_service import ReplayHistory, ReplayService
from toprung.application.replays.replay_verdicts import ReplayVerdicts
from toprung.application.transfer.export_service import ExportService
from toprung.application.writing.audit import AuditLog
from toprung.application.writing.event_bus import EventBus
from toprung.application.writing.notebook import Notebook
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.game.catalog import Catalog
from toprung.domain.players.countries import Countries


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The use cases, and the static data to draw what they answer. Made in one place only: `bootstrap.use_cases`.

    `board_fingerprint` differs where the same version would show another board: other settings, another database.
    """

    catalog: Catalog
    countries: Countries
    country_names: CountryNames
    inactivity_days: float | None
    board_fingerprint: str
    clock: Clock
    bus: EventBus
    unit_of_work: UnitOfWork

    store: DataAccessService
    leaderboard: LeaderboardService
    exports: ExportService

    recorder: MatchService
    matches: MatchHistory
    lifecycle: MatchLifecycle
    steps: MatchSteps
    challenges: ChallengeService
    served: ServedTime

    players: PlayerService
    accounts: AccountService
    profiles: ProfileService
    readers: ReaderDirectory

    ratings: RatingService
    rating_quality: RatingQualityService
    seasons: SeasonService
    systems: RatingSystemService
    verification: LadderVerification
    watch: WatchService

    intake: Intake
    uploads: ReplayService
    replays: ReplayHistory
    verdicts: ReplayVerdicts
    mods: ReplayMods
    replay_bytes_max: int

    jobs: JobHistory
    queue: JobQueue
    handlers: JobHandlers
    job_bell: JobBell
    endings: JobEndings

    administration: Administration
    concerns: ConcernWatch
    match_log: MatchLog
    outbox: Outbox
    notebook: Notebook
    dossiers: PlayerDossiers
    audit: AuditLog
