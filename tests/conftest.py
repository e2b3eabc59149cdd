"""How hypothesis searches, what reads shared data, and a ladder in memory that tests of use cases share.

By default the same examples come in every run; HYPOTHESIS_PROFILE=nightly makes them many and new, brief makes few.
"""

import os

import grimp
import pytest
from hypothesis import HealthCheck, settings

from tests.domain.leaderboard.strategies import COUNTRIES, RACES, WINDOW_US
from tests.support.composed import fake_ports, fake_rules
from tests.support.fakes.ladder import FakeClock, FakeStorage, recording
from toprung.bootstrap.use_cases import compose
from toprung.domain.events import Event
from toprung.domain.game.catalog import Catalog, Race
from toprung.domain.leaderboard.leaderboard import LeaderboardRow
from toprung.domain.ratings.rating_system import rating_system

_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)

settings.register_profile("quick", deadline=None, derandomize=True, database=None, suppress_health_check=_SLOW)
settings.register_profile("brief", parent=settings.get_profile("quick"), max_examples=20)
settings.register_profile("nightly", deadline=None, max_examples=3_000, print_blob=True, suppress_health_check=_SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

DATABASES = "tests.support.databases"

CATALOG = Catalog(
    code="test_game",
    name="Test Game",
    races=tuple(Race(code=code, name=code.title(), short=code[0].upper()) for code in RACES),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--skips-max`."""
    parser.addoption("--skips-max", type=int, metavar="N", help="fail if more than N tests were skipped")


def readers_of_shared_data() -> set[str]:
    """The modules that reach `tests.support.shared` by what they import, or by what that imports."""
    graph = grimp.build_graph("tests", "chaos", "benchmarks", "scripts", cache_dir=None)
    return {"tests.support.shared", *graph.find_downstream_modules("tests.support.shared")}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks the modules that have databases as `database`, and as `shared_data`, where somebody asks, what reads it."""
    for item in items:
        if isinstance(item, pytest.Function) and DATABASES in getattr(item.module, "pytest_plugins", ()):
            item.add_marker("database")
    if "shared_data" not in config.getoption("markexpr"):
        return
    readers = readers_of_shared_data()
    for item in items:
        if isinstance(item, pytest.Function) and item.module.__name__ in readers:
            item.add_marker("shared_data")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails a run that skipped more than it may."""
    limit, reporter = (
        session.config.getoption("--skips-max"),
        session.config.pluginmanager.get_plugin("terminalreporter"),
    )
    if limit is None or reporter is None:
        return
    skipped = len(reporter.stats.get("skipped", ()))
    reporter.ensure_newline()
    reporter.write_line(f"{skipped} tests were skipped, of {limit} that may be")
    if skipped > limit:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


class MemoryLadder:
    """The read side of the program's own composition, on fakes: reads go through `leaderboard`.

    What it shows is marked as Glicko-2 does it, by which the board's oracle works it out.
    """

    def __init__(self, *, inactivity_us: int | None = WINDOW_US) -> None:
        self.clock, self.storage, self.read_seconds = FakeClock(), FakeStorage(), list[float]()
        composed = compose(
            fake_ports(CATALOG, self.storage, self.clock, observe_read_seconds=self.read_seconds.append),
            fake_rules(CATALOG, countries=COUNTRIES, inactivity_us=inactivity_us, system=rating_system("glicko2")),
        )
        self.store, self.leaderboard, self.unit_of_work = composed.store, composed.leaderboard, composed.unit_of_work

    async def happen(self, *events: Event) -> None:
        """Commits what these events say, and tells."""
        await self.unit_of_work.run(recording(*events))

    async def happen_elsewhere(self, *events: Event) -> None:
        """Commits what these events say without telling anybody here, as another process does."""
        await self.storage.write(recording(*events))

    async def rows(self) -> tuple[LeaderboardRow, ...]:
        """The whole ladder, as a reader sees it."""
        return (await self.leaderboard.get_leaderboard_data(page_size=100_000)).players

    async def standings(self) -> list[tuple[str, str, int]]:
        """Name, race and MMR from the first place down."""
        return [(row.player_name, row.race, row.mmr) for row in await self.rows()]


@pytest.fixture
def ladder() -> MemoryLadder:
    """A ladder in memory with nobody on it yet."""
    return MemoryLadder()
