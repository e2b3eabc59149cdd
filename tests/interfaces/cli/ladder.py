"""A ladder in memory behind the command line: the real use cases and the real board, and a builder that opens them."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache

from tests.support.composed import composed
from tests.support.fakes.ladder import FakeStorage, FakeTransaction
from tests.support.intake import MemoryIntake
from tests.support.replays.archives import InProcessParser
from toprung.adapters.catalog_files import find_game, load_catalog
from toprung.adapters.replays.reading import decode_reading
from toprung.application.ladder import Ladder as UseCases
from toprung.application.organising.operations import Administration
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.ratings import NewEntry
from toprung.application.ports.replays import Intake, ReplayParser
from toprung.application.ports.storage import Transaction
from toprung.application.replays.pool_health import NO_POOL, PoolHealth
from toprung.application.replays.replay_inspection import ReplayInspector
from toprung.application.transfer.entry_file import COLUMNS
from toprung.domain.errors import ToprungError
from toprung.domain.events import EntriesImported
from toprung.domain.game.catalog import Catalog
from toprung.domain.moment import MICROSECONDS_PER_DAY, from_iso
from toprung.domain.players.names import NameKeys
from toprung.domain.players.player import Player
from toprung.domain.ratings.rating import EntryState
from toprung.interfaces.cli.terminal.builder import MigrationSummary, Options, Reading

REPLAY_BYTES_MAX = 50_000
NOW_US = from_iso("2026-03-01T12:00:00Z")
HOUR_US = 3_600_000_000
INACTIVITY_DAYS = 14.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One entry to begin with. `name` goes in as it is, so that a test can put there what no import lets through."""

    name: str
    mmr: int
    race: str = "sc2_zerg"
    country: str | None = "KR"
    won: int = 6
    lost: int = 4
    drawn: int = 0
    hours_ago: float = 5
    discord_id: int | None = None


@dataclass(frozen=True)
class FixedClock:
    """It is always the same moment."""

    moment_us: int

    def now_us(self) -> int:
        return self.moment_us


class NoBackups:
    """Says where a backup would lie."""

    async def make(self, reason: str) -> str | None:
        return f"ladder.db.before-{reason}"


@cache
def name_keys() -> NameKeys:
    return NameKeys({})


@cache
def catalog_of(game: str) -> Catalog:
    return load_catalog(find_game(game))


@dataclass
class Ladder:
    """The builder that tests hand to the command line. It remembers the options that it was given."""

    game: str = "sc_evo"
    now_us: int = NOW_US
    refuse: ToprungError | None = None
    migration: MigrationSummary = field(
        default_factory=lambda: MigrationSummary(before=None, after="0001", backup=None)
    )
    while_playing: Callable[[], None] = lambda: None
    while_serving: Callable[[], None] = lambda: None
    pool: PoolHealth = NO_POOL
    options: list[Options] = field(default_factory=list)
    replay_parser: ReplayParser = field(default_factory=InProcessParser)
    intake: MemoryIntake = field(default_factory=MemoryIntake)

    @property
    def storage(self) -> FakeStorage:
        return self.intake.storage

    def __call__(self) -> "Ladder":
        return self

    def put(self, *standings: Standing) -> "Ladder":
        """Puts entries there, past every check of an import."""
        keys = name_keys()

        def work(tx: Transaction) -> None:
            for standing in standings:
                key = keys.key(standing.name)
                player = tx.players.by_name_keys([key]).get(key)
                if player is None:
                    new = NewPlayer(
                        name=standing.name, name_key=key, country=standing.country, discord_id=standing.discord_id
                    )
                    (player,) = tx.players.add([new])
                games = standing.won + standing.lost + standing.drawn
                entry = NewEntry(
                    player_id=player.id,
                    race=standing.race,
                    state=EntryState(
                        mmr=standing.mmr,
                        games_won=standing.won,
                        games_lost=standing.lost,
                        games_drawn=standing.drawn,
                        last_played_us=self.now_us - int(standing.hours_ago * HOUR_US) if games else None,
                    ),
                )
                tx.entries.add([entry])
            tx.changes.record(EntriesImported(entries=len(standings)))

        tx = FakeTransaction(self.storage.database)
        work(tx)
        tx.finish()
        return self

    def player(self, name: str) -> Player:
        """The player of this name."""
        (found,) = (player for player in self.storage.database.players.values() if player.name == name)
        return found

    @asynccontextmanager
    async def reading(self, options: Options) -> AsyncIterator[Reading]:
        self._opened(options)
        seconds: list[float] = []
        yield Reading(
            ladder=self._composed(options, seconds.append), open_seconds=0.0123, read_seconds=lambda: list(seconds)
        )

    @asynccontextmanager
    async def administering(self, options: Options, *, needs_server: bool) -> AsyncIterator[Administration]:
        self._opened(options)
        if needs_server:
            yield self.intake.ladder.administration
            return
        yield self._composed(options, lambda _seconds: None).administration

    async def pool_health(self, options: Options) -> PoolHealth:
        self._opened(options)
        return self.pool

    @asynccontextmanager
    async def inspecting(self, options: Options) -> AsyncIterator[ReplayInspector]:
        self._opened(options)
        catalog = catalog_of(self.game)
        yield ReplayInspector(
            parser=self.replay_parser,
            decode=lambda answer: decode_reading(answer, catalog),
            bytes_max=REPLAY_BYTES_MAX,
        )

    @asynccontextmanager
    async def submitting(self, options: Options) -> AsyncIterator[Intake]:
        self._opened(options)
        yield self.intake.service

    async def migrate(self, options: Options) -> MigrationSummary:
        self._opened(options)
        return self.migration

    async def serve(self, options: Options, *, started: Callable[[str], None]) -> None:
        self._opened(options)
        started("http://127.0.0.1:8000")
        self.while_serving()

    async def demo(
        self, options: Options, *, progress: Callable[[int, int], None], started: Callable[[str], None]
    ) -> None:
        self._opened(options)
        for done in range(0, 3001, 1000):
            progress(done, 3000)
            self.while_playing()
        started("http://127.0.0.1:8000/")
        self.while_serving()

    def _opened(self, options: Options) -> None:
        self.options.append(options)
        if self.refuse is not None:
            raise self.refuse

    def _composed(self, options: Options, observe: Callable[[float], None]) -> UseCases:
        days: float | None = INACTIVITY_DAYS
        if options.inactivity_days is not None:
            days = None if options.inactivity_days == "off" else float(options.inactivity_days)
        return composed(
            catalog_of(options.game or self.game),
            self.storage,
            FixedClock(self.now_us if options.now_us is None else options.now_us),
            ports={"backups": NoBackups(), "observe_read_seconds": observe},
            name_keys=name_keys(),
            inactivity_us=None if days is None else int(days * MICROSECONDS_PER_DAY),
        )


def csv_of(rows: Iterable[Mapping[str, object]]) -> str:
    """Rows as the file that `toprung import` takes; a column that a row does not name is as in a good one."""
    good = {"discord_id": "", "country": "KR", "race": "sc2_zerg", "mmr": 1500, "games_played": 2, "games_won": 1}
    good |= {"games_lost": 1, "games_drawn": 0, "last_played": "2026-02-28T10:00:00Z"}
    lines = [",".join(COLUMNS)]
    lines += [",".join(str((good | dict(row))[column]) for column in COLUMNS) for row in rows]
    return "\n".join(lines) + "\n"
