"""A database of an earlier version is brought along with everything in it."""

from pathlib import Path

import pytest

from tests.databases import Database
from toprung.adapters.storage import migration

pytest_plugins = ("tests.databases",)

OLD_ROWS = (
    "insert into player (id, name, name_key) values (1, 'Ann', 'ann'), (2, 'Bob', 'bob')",
    """insert into match (id, source_key, result, ended_at_us, recorded_at_us, is_void)
    values (1, 'cup:1', 'side_1_won', 10, 20, false), (2, 'cup:2', 'draw', 11, 20, true)""",
    """insert into match_player (match_id, side, seat, player_id, race)
    values (1, 1, 1, 1, 'zerg'), (1, 2, 1, 2, 'zerg'), (2, 1, 1, 1, 'zerg'), (2, 2, 1, 2, 'zerg')""",
)


async def made_by_the_first_version(database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "versions").mkdir(parents=True)
    for name in ("env.py", "versions/0001_first_tables.py"):
        (folder / name).write_bytes((migration._FOLDER / name).read_bytes())
    with monkeypatch.context() as then:
        then.setattr(migration, "_FOLDER", folder)
        then.setattr(migration, "HEAD", "0001")
        async with database.writing():
            pass
    await database.run(*OLD_ROWS)


async def test_matches_of_the_first_version_keep_their_result_and_whether_they_count(
    empty_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await made_by_the_first_version(empty_database, tmp_path / "first", monkeypatch)
    async with empty_database.writing() as storage:
        matches = await storage.read(lambda tx: tx.matches.latest(10))
    assert [(one.id, one.state, one.result, one.standing_result, one.ended_at_us) for one in matches] == [
        (2, "voided", "draw", None, 11),
        (1, "completed", "side_1_won", "side_1_won", 10),
    ]
    assert [one.player_ids for one in matches] == [(1, 2), (1, 2)]
    assert await empty_database.run("select version_num from alembic_version") == [(migration.HEAD,)]
