"""What both databases promise beyond the port: who may open them, what they refuse, and what readers see meanwhile."""

import asyncio
import os
from typing import Final

import pytest

from tests.support.databases import REFUSALS, Database, connection_of, write_during_read
from toprung.adapters.storage import migration
from toprung.adapters.storage.limits import StorageLimits
from toprung.adapters.storage.migration import Migrations
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.ratings import NewEntry
from toprung.application.ports.storage import Transaction
from toprung.domain.errors import Conflict, StorageUnavailable, ToprungError, WriterPresent
from toprung.domain.events import EntriesImported, PlayerRegistered
from toprung.domain.matches.match import FinalMatch, MatchResult, Participant
from toprung.domain.ratings.rating import EntryState, RatingChange, RatingChangeKind
from toprung.interfaces.texts.texts import load_texts

pytest_plugins = ("tests.support.databases",)

EVENT: Final = EntriesImported(entries=1)


def add_player(tx: Transaction) -> None:
    """Adds the next player and says so."""
    number = len(tx.players.columns().ids)
    (player,) = tx.players.add([NewPlayer(name=f"p{number}", name_key=f"p{number}", handles=(f"h{number}",))])
    tx.changes.record(PlayerRegistered(player=player))


def a_little_of_everything(tx: Transaction) -> None:
    """Two players with an entry each, a match between them, and one row of the journal."""
    ann, bob = tx.players.add([NewPlayer(name=name, name_key=name, handles=(name,)) for name in ("ann", "bob")])
    one, other = tx.entries.add(
        [NewEntry(player_id=player.id, race="zerg", state=EntryState(mmr=1)) for player in (ann, bob)]
    )
    sides = (
        (Participant(player_id=one.player_id, race=one.race),),
        (Participant(player_id=other.player_id, race=other.race),),
    )
    match = FinalMatch(source_key="s", sides=sides, result=MatchResult.DRAW, ended_at_us=1)
    (match_id,) = tx.matches.add([match], recorded_at_us=1)
    kind = RatingChangeKind.MATCH
    tx.journal.append(
        [RatingChange(entry_id=one.id, kind=kind, before=one.state, after=one.state, at_us=1, match_id=match_id)]
    )
    tx.changes.record(PlayerRegistered(player=ann))


def at_a_terminal(error: ToprungError) -> str:
    """What the command line says of an error: its advice names commands, which the error itself does not."""
    return load_texts().error(error, "en", "cli")


async def test_a_read_sees_one_version_while_writes_go_on(database: Database) -> None:
    async with database.writing() as storage:
        await storage.write(add_player)
        loop = asyncio.get_running_loop()
        seen: list[tuple[int, int]] = []

        def look(tx: Transaction) -> None:
            for _ in range(3):
                seen.append((len(tx.players.columns().ids), tx.changes.last_seq()))
                write_during_read(storage, loop, add_player)

        await storage.read(look)
        assert seen == [(1, 1)] * 3
        assert await storage.read(lambda tx: (len(tx.players.columns().ids), tx.changes.last_seq())) == (4, 4)


async def test_reads_see_a_commit_as_soon_as_its_write_returns(database: Database) -> None:
    async with database.writing() as writer, database.reading() as reader:
        for expected in range(1, 20):
            await writer.write(add_player)
            seqs = await asyncio.gather(
                *(storage.read(lambda tx: tx.changes.last_seq()) for storage in (writer, reader))
            )
            assert seqs == [expected, expected]


async def test_a_storage_that_was_opened_for_reading_refuses_to_write(database: Database) -> None:
    async with database.reading() as storage:
        assert storage.is_read_only
        with pytest.raises(StorageUnavailable, match="opened for reading only"):
            await storage.write(add_player)
        with pytest.raises(StorageUnavailable):
            await storage.read(add_player)
    assert await database.run("select count(*) from player") == [(0,)]


async def test_one_process_writes_and_a_second_one_is_told_so(database: Database) -> None:
    async with database.writing() as storage:
        with pytest.raises(WriterPresent, match="already writing to") as raised:
            await database.open_for_writing()
        holder = f"Process {os.getpid()} " if database.kind == "sqlite" else "Another process "
        assert str(raised.value).startswith(holder)
        assert "toprung serve" in at_a_terminal(raised.value)
        await storage.write(add_player)
    async with database.writing() as storage:
        await storage.write(add_player)
        assert await storage.read(lambda tx: tx.changes.last_seq()) == 2


async def test_there_must_be_a_database_to_read(missing_database: Database) -> None:
    with pytest.raises(StorageUnavailable) as raised:
        await missing_database.open_for_reading()
    sentence = "There is no database at" if missing_database.kind == "sqlite" else "does not exist"
    assert sentence in str(raised.value)
    if missing_database.kind == "sqlite":
        assert not missing_database.path.exists()


async def test_an_empty_database_cannot_be_read_and_becomes_a_ladder_when_it_is_opened_for_writing(
    empty_database: Database,
) -> None:
    with pytest.raises(StorageUnavailable, match="empty") as raised:
        await empty_database.open_for_reading()
    assert "toprung import" in at_a_terminal(raised.value)
    async with empty_database.writing() as storage:
        assert storage.migrated == migration.Migrated(before=None, backup=None)
        await storage.write(add_player)
    async with empty_database.writing() as storage:
        assert storage.migrated is None
    async with empty_database.reading() as storage:
        assert await storage.read(lambda tx: tx.changes.last_seq()) == 1


@pytest.mark.parametrize("tables", ["", "create table alembic_version (version_num text)"], ids=["plain", "alembic"])
async def test_somebody_elses_database_is_left_alone(empty_database: Database, tables: str) -> None:
    await empty_database.run("create table bookmark (id integer, url text)", "insert into bookmark values (1, 'a')")
    if tables:
        await empty_database.run(tables, "insert into alembic_version values ('0001')")
    before = empty_database.path.read_bytes() if empty_database.kind == "sqlite" else b""
    for opening in (empty_database.open_for_reading, empty_database.open_for_writing, empty_database.open_for_writing):
        with pytest.raises(StorageUnavailable, match=r"bookmark.* not Toprung's"):
            await opening()
    assert await empty_database.run("select * from bookmark") == [(1, "a")]
    if before:
        assert empty_database.path.read_bytes() == before
        beside = {path.name for path in empty_database.path.parent.iterdir()}
        assert beside == {empty_database.path.name, f"{empty_database.path.name}.lock"}


async def test_a_database_of_a_newer_toprung_is_left_alone(database: Database) -> None:
    await database.run("update alembic_version set version_num = '9999'")
    for opening in (database.open_for_reading, database.open_for_writing, database.open_for_writing):
        with pytest.raises(
            StorageUnavailable, match=rf"newer Toprung \(schema 9999; this one knows {migration.HEAD}\)"
        ):
            await opening()
    assert await database.run("select version_num from alembic_version") == [("9999",)]


async def test_a_database_of_an_older_toprung_is_not_read_but_sent_to_the_migration(database: Database) -> None:
    with pytest.raises(StorageUnavailable) as raised:
        await database.open_for_reading(migrations=Migrations(head="9999"))
    assert f"older schema {migration.HEAD}; `toprung db migrate` brings it to 9999" in at_a_terminal(raised.value)


async def test_the_journal_can_only_be_added_to(database: Database) -> None:
    async with database.writing() as storage:
        await storage.write(a_little_of_everything)
    for statement in ("update rating_journal set after_mmr = 9", "delete from rating_journal"):
        with pytest.raises(REFUSALS, match="append-only"):
            await database.run(statement)
    assert await database.run("select after_mmr from rating_journal") == [(1,)]


@pytest.mark.parametrize(
    "statement",
    [
        "update entry set games_won = games_won + 1",
        "update entry set games_played = games_played + 1",
        "update entry set games_won = -1, games_lost = 1",
        "update entry set games_lost = -1, games_drawn = 1",
        "update entry set games_drawn = -1, games_won = 1",
        "update entry set player_id = 99",
        "update entry set player_id = (select min(player_id) from entry)",
        "update entry set mmr = null",
        "update player set name_key = 'ann'",
        "update player set discord_id = 5",
        "update player set name = null",
        "update player_identity set value = 'ann'",
        "update player_identity set kind = 'nickname'",
        "update player_identity set player_id = 99",
        "update match set result = 'aborted'",
        "insert into match (source_key, result, ended_at_us, recorded_at_us) values ('s', 'draw', 1, 1)",
        "update match_player set side = 3",
        "update match_player set player_id = 99",
        "delete from match",
        "delete from entry",
        "delete from player",
        "insert into rating_journal (entry_id, match_id, kind, revision, after_mmr, at_us) values (1, 1, 'm', 1, 1, 1)",
        "insert into rating_journal (entry_id, kind, revision, after_mmr, at_us) values (99, 'match', 1, 1, 1)",
        "insert into rating_journal (entry_id, kind, revision, at_us) values (1, 'match', 1, 1)",
        "insert into rating_journal (entry_id, kind, revision, revises, after_mmr, at_us) values (1, 'm', 2, 99, 1, 1)",
        "insert into change (seq, kind, payload) values (1, 'EntriesImported', '{}')",
        "insert into change_counter (id, seq) values (1, 5)",
        "insert into note (name, value) values ('x', null)",
    ],
)
async def test_the_database_itself_refuses_what_cannot_be(database: Database, statement: str) -> None:
    async with database.writing() as storage:
        await storage.write(a_little_of_everything)
    with pytest.raises(REFUSALS, match=r"(?i)constraint|not.null"):
        await database.run(statement)


@pytest.mark.parametrize(
    ("newcomer", "sentence"),
    [
        (NewPlayer(name="Ann", name_key="ann"), "The name Ann is taken, or looks too much like one that is"),
        (NewPlayer(name="Bob", name_key="b", discord_id=7), "Bob: this Discord account belongs to another player"),
        (NewPlayer(name="Bob", name_key="b", handles=("h",)), "Bob: this in-game handle belongs to another player"),
        (NewPlayer(name="Bob", name_key="b", handles=("name_key discord_id",)), "Bob: this in-game handle belongs"),
    ],
    ids=["name", "discord account", "handle", "handle that reads like a column"],
)
async def test_a_conflict_says_what_is_taken(database: Database, newcomer: NewPlayer, sentence: str) -> None:
    ann = NewPlayer(name="ann", name_key="ann", discord_id=7, handles=("h", "name_key discord_id"))
    async with database.writing() as storage:
        await storage.write(lambda tx: tx.players.add([ann]))
        with pytest.raises(Conflict) as raised:
            await storage.write(lambda tx: tx.players.add([newcomer]))
        assert str(raised.value).startswith(sentence)


async def test_a_conflict_among_many_does_not_blame_the_first(database: Database) -> None:
    async with database.writing() as storage:
        await storage.write(lambda tx: tx.players.add([NewPlayer(name="ann", name_key="ann")]))
        with pytest.raises(Conflict, match="The name of one of 3 players is taken"):
            await storage.write(
                lambda tx: tx.players.add([NewPlayer(name=name, name_key=name) for name in ("cid", "ann", "dan")])
            )


async def test_a_value_that_no_table_takes_is_refused_as_a_whole(database: Database) -> None:
    async with database.writing() as storage:

        def work(tx: Transaction) -> None:
            add_player(tx)
            player_id = tx.players.by_name_keys(["p0"])["p0"].id
            tx.entries.add([NewEntry(player_id=player_id, race="z", state=EntryState(mmr=1, games_won=1))])
            connection_of(tx).exec_driver_sql("update entry set games_played = 0")

        with pytest.raises(StorageUnavailable, match=r"The database refused: .*games_add_up"):
            await storage.write(work)
        assert await storage.read(lambda tx: (tx.changes.last_seq(), list(tx.players.columns().names))) == (0, [])


async def test_pruning_looks_at_places_and_not_at_transactions(database: Database) -> None:
    async with database.writing(limits=StorageLimits(changes_kept_min=5, prune_every_changes=10)) as storage:
        await storage.write(lambda tx: tx.changes.record(*[EVENT] * 9))
        assert await database.run("select count(*) from change") == [(9,)]
        await storage.write(lambda tx: tx.changes.record(*[EVENT] * 16))  # passes 10 and 20 at once
        assert await database.run("select min(seq), max(seq) from change") == [(21, 25)]
        assert await storage.read(lambda tx: tx.changes.since(19)) is None
        kept = await storage.read(lambda tx: tx.changes.since(20))
        assert [change.seq for change in kept or ()] == [21, 22, 23, 24, 25]


async def test_a_database_that_is_being_closed_takes_nothing_more(database: Database) -> None:
    async with database.writing() as storage:
        running = asyncio.ensure_future(storage.write(add_player))
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(storage.close())
        await asyncio.sleep(0)
        with pytest.raises(StorageUnavailable, match="being closed"):
            await storage.write(add_player)
        await closing
        assert [change.seq for change in running.result().changes] == [1]
        for refused in (storage.write(add_player), storage.read(lambda tx: tx.changes.last_seq())):
            with pytest.raises(StorageUnavailable, match="being closed"):
                await refused
    assert await database.run("select count(*) from player") == [(1,)]
