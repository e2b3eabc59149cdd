"""A database file with a made-up ladder in it, made by the program's own migration and filled in bulk."""

import asyncio
from contextlib import closing
from pathlib import Path

from benchmarks.population import Population
from toprung.adapters.storage.sqlite.sqlite import SqliteStorage
from toprung.adapters.storage.sqlite.sqlite_engine import driver
from toprung.bootstrap.wiring import new_nonce

_PLAYER = "insert into player (id, name, name_key, country, is_banned) values (?, ?, ?, ?, 0)"
_ENTRY = (
    "insert into entry (id, player_id, race, mmr, games_played, games_won, games_lost, games_drawn, last_played_us) "
    "values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def make_database(path: Path, population: Population) -> None:
    """Makes the file, complete and with nothing left in a WAL."""
    asyncio.run(_make_empty(path))
    with closing(driver().connect(str(path))) as connection:
        connection.execute("pragma synchronous = off")
        with connection:
            players = (
                (player_id, name, name.casefold(), country) for player_id, name, country in population.player_rows()
            )
            connection.executemany(_PLAYER, players)
            connection.executemany(_ENTRY, population.entry_rows())
        connection.execute("pragma wal_checkpoint(truncate)")


async def _make_empty(path: Path) -> None:
    storage = await SqliteStorage.open_for_writing(path, new_nonce=new_nonce)
    await storage.close()
