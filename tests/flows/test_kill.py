"""A process that is killed in the middle of recording: what it acknowledged is there, once, and nothing by halves."""

import asyncio
import sys
from pathlib import Path
from typing import Final

from tests.support.databases import Database, opened_ladder
from tests.support.fakes.matches import final
from toprung.adapters.storage.postgres.postgres_lock import WRITER_LOCK

pytest_plugins = ("tests.support.databases",)

ROOT: Final = Path(__file__).parents[2]
START: Final = 1500
ACKNOWLEDGED_BEFORE_THE_KILL: Final = 60


async def acknowledged_until_killed(database: Database) -> set[str]:
    """What a recorder said was recorded, before it was killed and in what it had said by then."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.flows.recorder", database.url),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        lines = [await process.stdout.readline() for _ in range(ACKNOWLEDGED_BEFORE_THE_KILL)]
        assert all(lines), "the recorder ended before it was killed"
        process.kill()
        rest = await process.stdout.read()
        whole, _, _ = rest.rpartition(b"\n")
        return {line.decode().strip() for line in (*lines, *whole.splitlines())}
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until_its_lock_is_free(database: Database) -> None:
    """A file's lock ends with its process; PostgreSQL needs a moment to notice, and says when it has."""
    if database.kind == "postgresql":
        await database.run("set lock_timeout = '60s'", f"select pg_advisory_lock({WRITER_LOCK})")


async def test_what_was_acknowledged_survives_a_kill_exactly_once(database: Database) -> None:
    acknowledged: set[str] = set()
    for _ in range(2):  # the second one begins with what the first one left behind
        acknowledged |= await acknowledged_until_killed(database)
        await until_its_lock_is_free(database)
        async with opened_ladder(database, inactivity_days="off", rating_system="elo") as opened:
            matches, journal, entries, changes, last_seq = await opened.storage.read(
                lambda tx: (
                    [final(one) for one in tx.matches.completed()],
                    tx.journal.current(),
                    [one.entry for one in tx.entries.stored()],
                    tx.changes.since(0),
                    tx.changes.last_seq(),
                )
            )
            keys = [match.source_key for match in matches]
            assert len(keys) == len(set(keys))
            assert acknowledged <= set(keys)
            assert len(journal) == 2 * len(matches) == sum(entry.state.games_played for entry in entries)
            assert sum(entry.mmr - START for entry in entries) == 0
            for entry in entries:
                chain = [row for row in journal if row.entry_id == entry.id]
                assert [row.mmr_before for row in chain] == [START, *[row.mmr_after for row in chain[:-1]]]
                assert chain[-1].mmr_after == entry.mmr
            assert [change.seq for change in changes or ()] == list(range(1, last_seq + 1))
            page = await opened.ladder.leaderboard.get_leaderboard_data()
            assert {row.entry_id: row.mmr for row in page.players} == {entry.id: entry.mmr for entry in entries}
    if database.kind == "sqlite":
        assert await database.run("pragma integrity_check") == [("ok",)]
    assert len(acknowledged) >= 2 * ACKNOWLEDGED_BEFORE_THE_KILL
