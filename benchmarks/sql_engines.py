"""Pages from SQL, as well as SQL can: one table of the ranked rows in order, an index for every filter, warm caches.

What it is given for nothing: the order as one number, each player's best entry and each row's letter, computed at the
load. A match would have to write all of that anew. What it does not give: the global rank.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

import asyncpg

from benchmarks.engines import Answer
from benchmarks.postgres_server import postgres_server
from toprung.adapters.storage.sqlite.sqlite_engine import driver
from toprung.domain.leaderboard.board_order import order_key
from toprung.domain.leaderboard.filters import Filters
from toprung.domain.leaderboard.leaderboard import LeaderboardQuery, LeaderboardRow, clamp_page, page_count

_COLUMNS: Final = (
    *("sort_key", "entry_id", "is_best", "letter", "race", "country", "player_id", "player_name"),
    *("mmr", "games_played", "games_won", "games_lost", "games_drawn", "last_played_us"),
)
_TABLE: Final = (
    "create table listed (sort_key bigint not null, entry_id bigint not null, is_best {flag} not null, letter text not "
    "null, race text not null, country text, player_id bigint not null, player_name text not null, mmr integer not "
    "null, games_played integer not null, games_won integer not null, games_lost integer not null, games_drawn integer "
    "not null, last_played_us bigint not null)"
)
_INDEXES: Final = (
    "sort_key, entry_id",
    "race, sort_key, entry_id",
    "country, sort_key, entry_id",
    "is_best, sort_key, entry_id",
    "letter, sort_key, entry_id",
    "is_best, race, sort_key, entry_id",
    "is_best, country, sort_key, entry_id",
    "race, country, is_best",
)
_SHOWN: Final = ", ".join(_COLUMNS[1:])


def listed_rows(ranked: Iterable[LeaderboardRow]) -> list[tuple[Any, ...]]:
    """The table's rows, made of all rows of the unfiltered leaderboard in order."""
    rows = []
    seen: set[int] = set()
    for row in ranked:
        rows.append(
            (
                *(order_key(row.mmr, row.last_played_us), row.entry_id, row.player_id not in seen, row.letter_rank),
                *(row.race, row.country, row.player_id, row.player_name, row.mmr, row.games_played, row.games_won),
                *(row.games_lost, row.games_drawn, row.last_played_us),
            )
        )
        seen.add(row.player_id)
    return rows


class SqliteEngine:
    """An SQLite database in memory."""

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self._connection = driver().connect(":memory:")
        self._connection.execute(_TABLE.format(flag="integer"))
        marks = ", ".join("?" * len(_COLUMNS))
        self._connection.executemany(f"insert into listed values ({marks})", rows)
        for columns in _INDEXES:
            self._connection.execute(f"create index {_index_name(columns)} on listed ({columns})")
        self._connection.execute("analyze")

    async def page(self, query: LeaderboardQuery) -> Answer:
        """See `Engine`."""
        where, values = _sqlite_condition(query.filters)
        total = self._connection.execute(f"select count(*) from listed where {where}", values).fetchone()[0]
        skip = _skip(query, total)
        statement = f"select {_SHOWN} from listed where {where} order by sort_key, entry_id limit ? offset ?"
        return Answer(self._connection.execute(statement, (*values, query.page_size, skip)).fetchall(), total)

    def close(self) -> None:
        """Lets go of the database."""
        self._connection.close()


def _sqlite_condition(filters: Filters) -> tuple[str, list[object]]:
    parts, values = ["true"], list[object]()
    if filters.best_race_only:
        parts.append("is_best = 1")
    if filters.races is not None:
        parts.append(f"race in ({', '.join('?' * len(filters.races))})")
        values.extend(filters.races)
    if filters.countries is not None:
        named = [code for code in filters.countries if code is not None]
        unknown = " or country is null" if None in filters.countries else ""
        parts.append(f"(country in ({', '.join('?' * len(named))}){unknown})")
        values.extend(named)
    if filters.rank is not None:
        parts.append("letter = ?")
        values.append(filters.rank)
    if filters.min_games:
        parts.append("games_played >= ?")
        values.append(filters.min_games)
    return " and ".join(parts), values


class Connection(Protocol):
    """What is used of asyncpg's connection."""

    async def execute(self, query: str) -> str:
        """Runs a statement."""
        ...

    async def fetch(self, query: str, *values: object) -> list[Any]:
        """The rows that a prepared statement finds."""
        ...

    async def fetchval(self, query: str, *values: object) -> Any:
        """The one value that a prepared statement finds."""
        ...

    async def copy_records_to_table(self, table_name: str, *, records: list[tuple[Any, ...]]) -> str:
        """Adds rows in bulk."""
        ...


class PostgresEngine:
    """A PostgreSQL database on this machine, over one connection to its socket."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def load(self, rows: list[tuple[Any, ...]]) -> None:
        """Takes these rows in place of those that were there."""
        await self._connection.execute("drop table if exists listed")
        await self._connection.execute(_TABLE.format(flag="boolean"))
        await self._connection.copy_records_to_table("listed", records=rows)
        for columns in _INDEXES:
            await self._connection.execute(f"create index {_index_name(columns)} on listed ({columns})")
        await self._connection.execute("vacuum analyze listed")

    async def version(self) -> str:
        """The server's version."""
        return str(await self._connection.fetchval("show server_version"))

    async def page(self, query: LeaderboardQuery) -> Answer:
        """See `Engine`."""
        where, values = _postgres_condition(query.filters)
        total = await self._connection.fetchval(f"select count(*) from listed where {where}", *values)
        limits = f"limit ${len(values) + 1} offset ${len(values) + 2}"
        statement = f"select {_SHOWN} from listed where {where} order by sort_key, entry_id {limits}"
        rows = await self._connection.fetch(statement, *values, query.page_size, _skip(query, total))
        return Answer(rows, total)


def _postgres_condition(filters: Filters) -> tuple[str, list[object]]:
    parts, values = ["true"], list[object]()
    if filters.best_race_only:
        parts.append("is_best")
    if filters.races is not None:
        values.append(list(filters.races))
        parts.append(f"race = any(${len(values)})")
    if filters.countries is not None:
        values.append([code for code in filters.countries if code is not None])
        unknown = " or country is null" if None in filters.countries else ""
        parts.append(f"(country = any(${len(values)}){unknown})")
    if filters.rank is not None:
        values.append(filters.rank)
        parts.append(f"letter = ${len(values)}")
    if filters.min_games:
        values.append(filters.min_games)
        parts.append(f"games_played >= ${len(values)}")
    return " and ".join(parts), values


def _skip(query: LeaderboardQuery, total: int) -> int:
    return (clamp_page(query.page, page_count(total, query.page_size)) - 1) * query.page_size


def _index_name(columns: str) -> str:
    return "listed_by_" + columns.replace(", ", "_")


@asynccontextmanager
async def running_postgres() -> AsyncIterator[PostgresEngine]:
    """A PostgreSQL server of our own, with its data in a new folder, that is stopped and deleted at the end."""
    with postgres_server() as address:
        connection = await asyncpg.connect(address("postgres"), server_settings={"jit": "off"})
        try:
            yield PostgresEngine(connection)
        finally:
            await connection.close()
