"""A database of an earlier version is brought along with everything in it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.databases import REFUSALS, Database
from toprung.adapters.storage import migration
from toprung.adapters.storage.migration import Migrations
from toprung.adapters.storage.tables import schema
from toprung.domain.errors import StorageUnavailable
from toprung.domain.jobs.job import JobKind, NewJob
from toprung.domain.matches.match_life import at_fault, pass_deadlines
from toprung.domain.ratings.rating_system import RatingSystem, rating_system

pytest_plugins = ("tests.support.databases",)

BEFORE_TELLING = "0011"
"""A revision that did not know when each side was told of a match."""

WRITER = "0012"
"""The first revision that a writer of today knows as its own."""

BEFORE_SYSTEMS = "0014"
"""The last revision whose rating system was a note without constants."""

OLD_ROWS = (
    "insert into player (id, name, name_key) values (1, 'Ann', 'ann'), (2, 'Bob', 'bob')",
    """insert into match (id, source_key, result, ended_at_us, recorded_at_us, is_void)
    values (1, 'cup:1', 'side_1_won', 10, 20, false), (2, 'cup:2', 'draw', 11, 20, true)""",
    """insert into match_player (match_id, side, seat, player_id, race)
    values (1, 1, 1, 1, 'zerg'), (1, 2, 1, 2, 'zerg'), (2, 1, 1, 1, 'zerg'), (2, 2, 1, 2, 'zerg')""",
)


async def made_by(version: str, database: Database, folder: Path, rows: Sequence[str]) -> None:
    """Has the database made by an earlier version of the program, with these rows."""
    (folder / "versions").mkdir(parents=True)
    for path in (migration.FOLDER / "env.py", *(migration.FOLDER / "versions").glob("[0-9]*.py")):
        if path.name == "env.py" or path.name[:4] <= version:
            (folder / path.relative_to(migration.FOLDER)).write_bytes(path.read_bytes())
    then = Migrations(head=version, folder=folder)
    if version >= WRITER:
        async with database.writing(migrations=then):
            pass
    else:
        with pytest.raises(StorageUnavailable, match="writer"):  # it is made; no writer of today knows its tables
            await database.open_for_writing(migrations=then)
    await database.run(*rows)


async def test_who_was_to_confirm_when_the_program_was_brought_along_still_has_the_time_that_was_said(
    empty_database: Database, tmp_path: Path
) -> None:
    rows = (
        "insert into player (id, name, name_key, is_banned) values (1, 'Ann', 'ann', false), (2, 'Bob', 'bob', false)",
        """insert into match (id, source_key, state, assigned_at_us, deadline_us, recorded_at_us)
        values (1, 'a', 'assigned', 10, 130, 10), (2, 'b', 'in_progress', 11, 900, 11)""",
        """insert into match_player (match_id, side, seat, player_id, race)
        values (1, 1, 1, 1, 'zerg'), (1, 2, 1, 2, 'zerg'), (2, 1, 1, 1, 'zerg'), (2, 2, 1, 2, 'zerg')""",
        """insert into match_side (match_id, side, confirmed_at_us)
        values (1, 1, 20), (1, 2, null), (2, 1, 20), (2, 2, 20)""",
    )
    await made_by(BEFORE_TELLING, empty_database, tmp_path / "before", rows)
    async with empty_database.writing() as storage:
        later, first = await storage.read(lambda tx: tx.lookups.matches(10))
    assert [side.told_at_us for side in first.sides] == [10, 10]
    assert [side.told_at_us for side in later.sides] == [None, None]
    assert pass_deadlines(first, 129) == first
    assert at_fault(pass_deadlines(first, 130)) == (1,)


async def test_matches_of_the_first_version_keep_their_result_and_whether_they_count(
    empty_database: Database, tmp_path: Path
) -> None:
    await made_by("0001", empty_database, tmp_path / "first", OLD_ROWS)
    async with empty_database.writing() as storage:
        matches = await storage.read(lambda tx: tx.lookups.matches(10))
    assert [(one.id, one.state, one.result, one.standing_result, one.ended_at_us) for one in matches] == [
        (2, "voided", "draw", None, 11),
        (1, "completed", "side_1_won", "side_1_won", 10),
    ]
    assert [one.player_ids for one in matches] == [(1, 2), (1, 2)]
    assert await empty_database.run("select version_num from alembic_version") == [(migration.HEAD,)]


TWO_PLAYERS = "insert into player (id, name, name_key) values (1, 'Ann', 'ann'), (2, 'Bob', 'bob')"
INTENTS_OF_0008 = (
    """insert into intent (id, "key", kind, recipient, is_direct, priority, parameters, revision, delivered_revision,
        attempts, due_at_us) values
        (3, 'notice 4', 'match_notice', 7, true, 0, '{"notice": "4"}', 1, 0, 2, 50),
        (9, 'board', 'board', 8, false, 20, '{}', 6, 6, 0, 40),
        (11, 'dead_letter 52', 'dead_letter', 8, false, 10, '{"job": "52"}', 1, 1, 0, 40)""",
)
ROWS_OF_0008 = (
    TWO_PLAYERS,
    """insert into match (id, source_key, state, result, ended_at_us, recorded_at_us)
        values (31, 'cup:1', 'completed', 'side_1_won', 10, 20)""",
    """insert into entry (id, player_id, race, mmr, games_played, games_won, games_lost, games_drawn, rating)
        values (5, 1, 'zerg', 1516, 1, 1, 0, 0, 1516.000000000125)""",
    """insert into rating_journal (id, entry_id, match_id, kind, revision, after_mmr, after_rating, at_us)
        values (1, 5, 31, 'match', 1, 1516, 1516.000000000125, 20)""",
    """insert into audit (id, at_us, actor, action, subject, reason, details)
        values (1, 5, 'cli', 'retry_job', 'job 47', 'why', '{}'), (2, 5, 'cli', 'void', 'match 99', 'why', '{}')""",
    *INTENTS_OF_0008,
)


async def test_what_was_to_be_sent_gets_a_nonce_and_is_otherwise_as_it_was(
    empty_database: Database, tmp_path: Path
) -> None:
    await made_by("0008", empty_database, tmp_path / "0008", INTENTS_OF_0008)
    columns = """id, "key", kind, recipient, parameters, revision, delivered_revision, attempts, due_at_us"""
    before = await empty_database.run(f"select {columns} from intent order by id")
    async with empty_database.writing() as storage:
        stored = await storage.read(lambda tx: [tx.intents.find(key) for key in ("notice 4", "board")])
    assert await empty_database.run(f"select {columns} from intent order by id") == before
    nonces = [row[0] for row in await empty_database.run("select nonce from intent")]
    assert len(set(nonces)) == 3
    assert {len(nonce) for nonce in nonces} == {24}
    assert [one.nonce in nonces for one in stored if one is not None] == [True, True]


async def test_ids_that_were_in_use_are_kept_and_go_on_behind_the_last(
    empty_database: Database, tmp_path: Path
) -> None:
    await made_by("0008", empty_database, tmp_path / "0008", ROWS_OF_0008)
    if empty_database.kind == "postgresql":  # which draws ids from sequences that these rows went past
        return
    tables = [name for (name,) in await empty_database.run("select name from sqlite_master where type = 'table'")]
    rest = "select name, sql from sqlite_master where type <> 'table' and sql is not null order by name"
    rows = {table: await empty_database.run(f'select * from "{table}" order by 1') for table in tables}
    indexes_and_triggers = await empty_database.run(rest)
    async with empty_database.writing():
        pass
    assert set(await empty_database.run(rest)) >= set(indexes_and_triggers)  # later versions have more
    for table in set(tables) - {"alembic_version", "intent"}:
        after = await empty_database.run(f'select * from "{table}" order by 1')
        width = len(rows[table][0]) if rows[table] else 0  # later migrations add their columns behind these
        assert [row[:width] for row in after] == rows[table]
    assert await empty_database.run("pragma foreign_key_check") == []
    with pytest.raises(REFUSALS):
        await empty_database.run("update rating_journal set after_mmr = 0")
    with pytest.raises(REFUSALS):
        await empty_database.run("delete from player where id = 1")  # which its entry needs
    await empty_database.run("delete from intent where id = 11", "delete from audit where id = 2")
    ids = [
        await empty_database.run(f"{insert} returning id")
        for insert in (
            "insert into player (name, name_key) values ('Eve', 'eve')",
            "insert into match (source_key, state, recorded_at_us) values ('new', 'aborted', 1)",
            """insert into intent ("key", kind, recipient, is_direct, priority, parameters, revision, nonce,
            delivered_revision, attempts, due_at_us) values ('new', 'note', 7, true, 0, '{}', 1, 'drawn', 0, 0, 1)""",
            """insert into audit (at_us, actor, action, subject, reason, details)
            values (5, 'cli', 'void', 'match 31', 'why', '{}')""",
            """insert into job (kind, payload, dedup_key, player_id, state, turn, attempt, errors, deaths,
            interruptions, enqueued_at_us) values ('replay', '{}', 'new', 1, 'ready', 1, 0, 0, 0, 0, 1)""",
        )
    ]
    # The jobs are gone, but the organisers' channel still names number 52.
    assert ids == [[(3,)], [(32,)], [(12,)], [(3,)], [(53,)]]


JOBS_OF_0013 = (
    "insert into player (id, name, name_key, is_banned) values (1, 'Ann', 'ann', false)",
    """insert into job (id, kind, payload, dedup_key, player_id, state, turn, attempt, errors, deaths, interruptions,
        enqueued_at_us, last_error) values
        (3, 'replay', 'a', 'a', 1, 'ready', 2, 1, 1, 0, 0, 5, 'why'),
        (9, 'replay', 'b', 'b', 1, 'ready', 3, 0, 0, 0, 0, 6, null)""",
    "delete from job where id = 9",  # as a finished one is after a while; its number is never handed out again
)


async def test_jobs_keep_what_they_are_and_their_numbers_when_the_ladder_gets_some_of_its_own(
    empty_database: Database, tmp_path: Path
) -> None:
    await made_by("0013", empty_database, tmp_path / "0013", JOBS_OF_0013)
    if empty_database.kind == "postgresql":  # which draws ids from a sequence that these rows went past
        await empty_database.run("select setval(pg_get_serial_sequence('job', 'id'), 9)")
    before = await empty_database.run("select * from job order by id")
    async with empty_database.writing() as storage:
        assert await empty_database.run("select * from job order by id") == before
        own = NewJob(kind=JobKind.REPLAY, payload="c", dedup_key="c", player_id=None, enqueued_at_us=7)
        enqueued = (await storage.write(lambda tx: tx.jobs.enqueue(own))).value
        assert (enqueued.id, enqueued.player_id) == (10, None)
        assert [job.player_id for job in await storage.read(lambda tx: tx.lookups.jobs(9))] == [None, 1]
    with pytest.raises(REFUSALS):
        await empty_database.run("update job set dedup_key = 'a' where id = 10")
    with pytest.raises(REFUSALS):
        await empty_database.run("update job set state = 'asleep' where id = 10")


async def test_the_database_remembers_the_last_id_of_each_table_that_the_schema_says(database: Database) -> None:
    if database.kind == "postgresql":
        return
    made = await database.run("select name from sqlite_master where type = 'table' and sql like '%AUTOINCREMENT%'")
    tables = schema.metadata.sorted_tables
    wanted = {table.name for table in tables if table.dialect_options["sqlite"]["autoincrement"]}
    assert {name for (name,) in made} == wanted
    assert len(wanted) >= 10


@pytest.mark.parametrize(
    ("notes", "systems"),
    [
        ("('game', 'sc_evo')", []),
        ("('database_id', 'x')", [(1, rating_system("elo"), 0)]),
        ("('database_id', 'x'), ('rating_system', 'elo')", [(1, rating_system("elo"), 0)]),
        ("('database_id', 'x'), ('rating_system', 'glicko2')", [(1, rating_system("glicko2"), 0)]),
    ],
    ids=["no ladder yet", "made when there was Elo only", "Elo", "Glicko-2"],
)
async def test_a_ladder_goes_on_as_it_was_rated(
    notes: str,
    systems: list[tuple[int, RatingSystem, int]],
    empty_database: Database,
    tmp_path: Path,
) -> None:
    rows = [f"insert into note (name, value) values {notes}"]
    await made_by(BEFORE_SYSTEMS, empty_database, tmp_path / "then", rows)
    async with empty_database.writing() as storage:
        found, note = await storage.read(lambda tx: (tx.systems.all(), tx.notes.get("rating_system")))
    assert [(one.version, one.system, one.at_us) for one in found] == systems
    assert note is None
