"""The use cases of a ladder, put together: the one place that does so, for the program and for its tests alike."""

from dataclasses import dataclass

from toprung.application.jobs.job_bell import JobBell
from toprung.application.jobs.job_endings import JobEndings
from toprung.application.jobs.job_queue import JobHandlers, JobHistory, JobQueue
from toprung.application.jobs.outbox import Outbox, Settling
from toprung.application.ladder import Ladder
from toprung.application.leaderboard.data_access_service import DataAccessService
from toprung.application.leaderboard.leaderboard_history import LeaderboardHistory
from toprung.application.leaderboard.leaderboard_service import LeaderboardService
from toprung.application.matches import challenge_service, match_notices
from toprung.application.matches.challenge_service import ChallengeService
from toprung.application.matches.match_history import MatchHistory
from toprung.application.matches.match_lifecycle import MatchLifecycle
from toprung.application.matches.match_rating import MatchRater
from toprung.application.matches.match_service import MatchService
from toprung.application.matches.match_steps import MatchSteps
from toprung.application.matches.served_time import ServedTime
from toprung.application.matches.settling_notices import settling_notices
from toprung.application.organising.announcements import Announcements
from toprung.application.organising.concerns import ConcernWatch, all_concerns
from toprung.application.organising.match_log import MatchLog
from toprung.application.organising.operation import Desk
from toprung.application.organising.operations import AdminService
from toprung.application.players.account_service import AccountService
from toprung.application.players.departures import Departures
from toprung.application.players.player_dossier import PlayerDossiers
from toprung.application.players.player_service import PlayerService
from toprung.application.players.profile_service import ProfileService
from toprung.application.players.reader_directory import ReaderDirectory
from toprung.application.ratings.rating_adjustment import RatingAdjustment
from toprung.application.ratings.rating_quality import RatingQualityService
from toprung.application.ratings.rating_service import RatingService
from toprung.application.ratings.season_service import SeasonService
from toprung.application.ratings.system_service import RatingSystemService
from toprung.application.ratings.verification import LadderVerification
from toprung.application.ratings.watch_service import WatchService
from toprung.application.replays.intake import IntakeService
from toprung.application.replays.replay_claims import ReplayClaims
from toprung.application.replays.replay_job import ReplayJobHandler
from toprung.application.replays.replay_mods import ReplayMods
from toprung.application.replays.replay_service import ReplayHistory, ReplayService
from toprung.application.replays.replay_verdicts import ReplayVerdicts
from toprung.application.transfer.entry_file import EntryFileReader
from toprung.application.transfer.export_service import ExportService
from toprung.application.transfer.game_file import GameFileReader
from toprung.application.transfer.import_service import ImportService
from toprung.application.writing.audit import AuditLog
from toprung.application.writing.engines import Engines
from toprung.application.writing.event_bus import EventBus
from toprung.application.writing.notebook import Notebook
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.bootstrap.ports import Ports, Rules
from toprung.domain.events import Affected, affecting
from toprung.domain.jobs.job import JobKind
from toprung.domain.leaderboard.board import Board
from toprung.domain.leaderboard.board_table import BoardTable
from toprung.domain.ratings.certainty import Certainty


@dataclass(frozen=True, slots=True, kw_only=True)
class _Common:
    """What most use cases stand on."""

    ports: Ports
    rules: Rules
    bus: EventBus
    unit_of_work: UnitOfWork
    store: DataAccessService
    engines: Engines
    departures: Departures
    rater: MatchRater
    steps: MatchSteps

    def new_table(self) -> BoardTable:
        """An empty table of entries."""
        return BoardTable(self.rules.catalog.race_codes, sorted(self.rules.countries.codes))


def compose(ports: Ports, rules: Rules) -> Ladder:
    """The ladder. Its board and its readers follow every change; nothing is read or written before somebody asks."""
    made = _common(ports, rules)
    unit_of_work, clock, catalog, engines = made.unit_of_work, ports.clock, rules.catalog, made.engines
    players, lifecycle, ratings, watch = _players(made), _lifecycle(made), _ratings(made), _watch(made)
    recorder = MatchService(unit_of_work=unit_of_work, catalog=catalog, clock=clock, rater=made.rater)
    matches = MatchHistory(unit_of_work=unit_of_work, name_keys=rules.name_keys, engines=engines)
    seasons = SeasonService(unit_of_work=unit_of_work, clock=clock, engines=engines)
    systems = _systems(made)
    mods = ReplayMods(unit_of_work=unit_of_work, clock=clock, decode=ports.decode)
    leaderboard, work, challenges = _leaderboard(made), _work(made, players), _challenges(made, lifecycle)
    desk = Desk(
        imports=_imports(made, recorder),
        players=players,
        ratings=ratings,
        lifecycle=lifecycle,
        adjustment=_adjustment(made),
        seasons=seasons,
        systems=systems,
        mods=mods,
        announcements=Announcements(unit_of_work=unit_of_work, clock=clock),
        retry_job=work.intake.retry_job,
    )
    return Ladder(
        catalog=catalog,
        countries=rules.countries,
        country_names=ports.country_names,
        inactivity_days=rules.inactivity_days,
        board_fingerprint=rules.board_fingerprint,
        clock=clock,
        bus=made.bus,
        unit_of_work=unit_of_work,
        store=made.store,
        leaderboard=leaderboard,
        exports=ExportService(unit_of_work=unit_of_work),
        recorder=recorder,
        matches=matches,
        lifecycle=lifecycle,
        steps=made.steps,
        challenges=challenges,
        served=ServedTime(unit_of_work=unit_of_work, clock=clock, rules=rules.match, challenge_us=rules.challenge_us),
        players=players,
        accounts=_accounts(made),
        profiles=ProfileService(unit_of_work=unit_of_work, leaderboard=leaderboard, matches=matches, catalog=catalog),
        readers=_readers(made),
        ratings=ratings,
        rating_quality=RatingQualityService(unit_of_work=unit_of_work, engines=made.engines),
        seasons=seasons,
        systems=systems,
        verification=_verification(made),
        watch=watch,
        intake=work.intake,
        uploads=work.uploads,
        replays=ReplayHistory(unit_of_work=unit_of_work, name_keys=rules.name_keys),
        verdicts=ReplayVerdicts(unit_of_work=unit_of_work, endings=work.endings),
        mods=mods,
        replay_bytes_max=rules.intake.replay_bytes_max,
        jobs=JobHistory(unit_of_work=unit_of_work, clock=clock),
        queue=work.queue,
        handlers=work.handlers,
        job_bell=work.bell,
        endings=work.endings,
        administration=AdminService(desk),
        concerns=ConcernWatch(unit_of_work=unit_of_work, clock=clock, concerns=all_concerns(mods, catalog, watch)),
        match_log=MatchLog(unit_of_work=unit_of_work, clock=clock),
        outbox=_outbox(made, challenges),
        notebook=Notebook(unit_of_work),
        dossiers=_dossiers(made, players, matches),
        audit=AuditLog(unit_of_work=unit_of_work),
    )


def _common(ports: Ports, rules: Rules) -> _Common:
    bus = EventBus()
    races, codes = rules.catalog.race_codes, sorted(rules.countries.codes)

    def new_board(certainty: Certainty) -> Board:
        return Board(races=races, countries=codes, inactivity_us=rules.inactivity_us, certainty=certainty)

    engines = Engines(rules.system)
    store = DataAccessService(ports.storage, ports.clock, new_board, engines)
    bus.subscribe(store.on_changes, on_gap=store.on_gap)
    rater = MatchRater(engines)
    return _Common(
        ports=ports,
        rules=rules,
        bus=bus,
        unit_of_work=UnitOfWork(ports.storage, bus),
        store=store,
        engines=engines,
        departures=Departures(name_keys=rules.name_keys, catalog=rules.catalog, new_key=ports.new_key),
        rater=rater,
        steps=MatchSteps(rater=rater, rules=rules.match, penalties=rules.penalties, can_reach=rules.can_reach),
    )


def _players(made: _Common) -> PlayerService:
    rules = made.rules
    return PlayerService(
        unit_of_work=made.unit_of_work,
        catalog=rules.catalog,
        countries=rules.countries,
        name_keys=rules.name_keys,
        clock=made.ports.clock,
        steps=made.steps,
        departures=made.departures,
    )


def _accounts(made: _Common) -> AccountService:
    rules = made.rules
    return AccountService(
        unit_of_work=made.unit_of_work,
        clock=made.ports.clock,
        catalog=rules.catalog,
        countries=rules.countries,
        name_keys=rules.name_keys,
        departures=made.departures,
    )


def _readers(made: _Common) -> ReaderDirectory:
    readers = ReaderDirectory(made.unit_of_work)
    made.bus.subscribe(readers.on_changes, affecting(Affected.READERS))
    return readers


def _dossiers(made: _Common, players: PlayerService, matches: MatchHistory) -> PlayerDossiers:
    return PlayerDossiers(
        unit_of_work=made.unit_of_work,
        players=players,
        matches=matches,
        catalog=made.rules.catalog,
        clock=made.ports.clock,
        departures=made.departures,
    )


def _lifecycle(made: _Common) -> MatchLifecycle:
    return MatchLifecycle(
        unit_of_work=made.unit_of_work,
        catalog=made.rules.catalog,
        clock=made.ports.clock,
        steps=made.steps,
        choose=made.ports.choose,
    )


def _challenges(made: _Common, lifecycle: MatchLifecycle) -> ChallengeService:
    return ChallengeService(
        unit_of_work=made.unit_of_work,
        clock=made.ports.clock,
        catalog=made.rules.catalog,
        lifecycle=lifecycle,
        choose=made.ports.choose,
        answer_us=made.rules.challenge_us,
    )


def _outbox(made: _Common, challenges: ChallengeService) -> Outbox:
    clock = made.ports.clock
    settlings: dict[str, Settling] = {
        match_notices.KIND: settling_notices(made.steps, challenges, clock),
        challenge_service.KIND: challenges.settle,
    }
    return Outbox(unit_of_work=made.unit_of_work, clock=clock, settlings=settlings)


def _ratings(made: _Common) -> RatingService:
    return RatingService(
        unit_of_work=made.unit_of_work,
        backups=made.ports.backups,
        clock=made.ports.clock,
        engines=made.engines,
        rater=made.rater,
        steps=made.steps,
    )


def _adjustment(made: _Common) -> RatingAdjustment:
    return RatingAdjustment(
        unit_of_work=made.unit_of_work, catalog=made.rules.catalog, clock=made.ports.clock, engines=made.engines
    )


def _systems(made: _Common) -> RatingSystemService:
    return RatingSystemService(
        unit_of_work=made.unit_of_work, backups=made.ports.backups, clock=made.ports.clock, engines=made.engines
    )


def _verification(made: _Common) -> LadderVerification:
    return LadderVerification(
        unit_of_work=made.unit_of_work,
        store=made.store,
        clock=made.ports.clock,
        engines=made.engines,
        new_table=made.new_table,
        inactivity_us=made.rules.inactivity_us,
    )


def _watch(made: _Common) -> WatchService:
    return WatchService(unit_of_work=made.unit_of_work, clock=made.ports.clock, limits=made.rules.watch)


def _leaderboard(made: _Common) -> LeaderboardService:
    rules, clock = made.rules, made.ports.clock
    history = LeaderboardHistory(
        unit_of_work=made.unit_of_work,
        store=made.store,
        clock=clock,
        new_table=made.new_table,
        inactivity_us=rules.inactivity_us,
        engines=made.engines,
    )
    return LeaderboardService(
        store=made.store,
        clock=clock,
        catalog=rules.catalog,
        countries=rules.countries,
        inactivity_us=rules.inactivity_us,
        history=history,
        observe_read_seconds=made.ports.observe_read_seconds,
    )


def _imports(made: _Common, recorder: MatchService) -> ImportService:
    rules, ports = made.rules, made.ports
    return ImportService(
        unit_of_work=made.unit_of_work,
        match_service=recorder,
        backups=ports.backups,
        clock=ports.clock,
        engines=made.engines,
        entry_files=EntryFileReader(catalog=rules.catalog, countries=rules.countries, name_keys=rules.name_keys),
        game_files=GameFileReader(catalog=rules.catalog, name_keys=rules.name_keys),
        departures=made.departures,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """The queue of jobs, what fills it, and who does what is in it."""

    intake: IntakeService
    uploads: ReplayService
    queue: JobQueue
    handlers: JobHandlers
    bell: JobBell
    endings: JobEndings


def _work(made: _Common, players: PlayerService) -> _Work:
    ports, rules, unit_of_work = made.ports, made.rules, made.unit_of_work
    bell, endings = JobBell(), JobEndings()
    claims = ReplayClaims(steps=made.steps, catalog=rules.catalog, policy=rules.replays, clock=ports.clock)
    handlers: JobHandlers = {
        JobKind.REPLAY: ReplayJobHandler(
            unit_of_work=unit_of_work,
            archive=ports.archive,
            parser=ports.parser,
            decode=ports.decode,
            judge=rules.judge or claims.judge,
            clock=ports.clock,
        )
    }
    queue = JobQueue(
        unit_of_work=unit_of_work,
        clock=ports.clock,
        boot_clock=ports.boot_clock,
        instance_id=ports.instance_id,
        chance=ports.chance,
        handlers=handlers,
        endings=endings,
    )
    replays = ReplayService(
        unit_of_work=unit_of_work,
        archive=ports.archive,
        clock=ports.clock,
        announce=bell.ring,
        limits=rules.intake,
    )
    intake = IntakeService(players=players, replays=replays, queue=queue, announce=bell.ring)
    return _Work(intake=intake, uploads=replays, queue=queue, handlers=handlers, bell=bell, endings=endings)
