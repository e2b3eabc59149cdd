"""The program's own services around a made-up ladder: what a front end calls, without a database behind it."""

from collections.abc import Callable
from typing import TypeVar, cast

from benchmarks.population import INACTIVITY_US, NOW_US, Population
from toprung.application.leaderboard.data_access_service import DataAccessService
from toprung.application.leaderboard.leaderboard_history import LeaderboardHistory
from toprung.application.leaderboard.leaderboard_service import LeaderboardService
from toprung.application.ports.ratings import StoredRatingSystem
from toprung.application.ports.storage import Committed, Transaction
from toprung.application.writing.engines import Engines
from toprung.application.writing.event_bus import EventBus
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.leaderboard.board_table import BoardTable, EntryColumns, PlayerColumns
from toprung.domain.leaderboard.leaderboard import LeaderboardPage, LeaderboardQuery
from toprung.domain.ratings.rating_system import rating_system

T = TypeVar("T")


class HandClock:
    """Implements `Clock`: the moment is what it was set to."""

    def __init__(self, now_us: int = NOW_US) -> None:
        self.moment_us = now_us

    def now_us(self) -> int:
        """See `Clock`."""
        return self.moment_us


class _Columns:
    """Gives a repository's columns and nothing else."""

    def __init__(self, columns: PlayerColumns | EntryColumns) -> None:
        self._columns = columns

    def columns(self) -> PlayerColumns | EntryColumns:
        return self._columns


class _NoChanges:
    """A change sequence in which nothing is yet."""

    def last_seq(self) -> int:
        return 0


class _NoSystems:
    """A ladder whose database says nothing of how it is rated."""

    def all(self) -> list[StoredRatingSystem]:
        return []


class _Population:
    """As much of a transaction as a load reads."""

    def __init__(self, population: Population) -> None:
        self.players = _Columns(population.players)
        self.entries = _Columns(population.entry_columns())
        self.changes = _NoChanges()
        self.systems = _NoSystems()


class PopulationStorage:
    """Implements of `Storage` what the services in memory ask: reading a population once."""

    def __init__(self, population: Population) -> None:
        self._population = population

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """See `Storage`."""
        return work(cast("Transaction", _Population(self._population)))

    async def write(self, work: Callable[[Transaction], T]) -> Committed[T]:
        """See `Storage`; there is nothing to write to."""
        raise NotImplementedError

    @property
    def is_in_touch(self) -> bool:
        """See `Storage`."""
        return True

    async def get_in_touch(self) -> None:
        """See `Storage`."""

    async def close(self) -> None:
        """See `Storage`."""


class Service:
    """The read store and the leaderboard service, loaded with a population."""

    def __init__(self, population: Population) -> None:
        self.clock, engines = HandClock(), Engines(rating_system("glicko2"))
        self.store = DataAccessService(PopulationStorage(population), self.clock, population.new_board, engines)
        unit_of_work = UnitOfWork(PopulationStorage(population), EventBus())
        self._service = LeaderboardService(
            store=self.store,
            clock=self.clock,
            catalog=population.catalog,
            countries=population.countries,
            inactivity_us=INACTIVITY_US,
            history=LeaderboardHistory(
                unit_of_work=unit_of_work,
                store=self.store,
                clock=self.clock,
                new_table=lambda: BoardTable(population.catalog.race_codes, sorted(population.countries.codes)),
                inactivity_us=INACTIVITY_US,
                engines=engines,
            ),
            observe_read_seconds=lambda _: None,
        )

    async def page(self, query: LeaderboardQuery) -> LeaderboardPage:
        """The page as a front end asks for it."""
        return await self._service.get_leaderboard_data(
            filters=query.filters,
            current_page=query.page,
            page_size=query.page_size,
        )
