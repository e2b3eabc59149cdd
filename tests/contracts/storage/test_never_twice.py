"""What names something outside is never given twice: the nonce of what is sent, and the ids of rows."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from tests.support.databases import REFUSALS, Database
from toprung.adapters.storage.tables import challenge_schema, schema
from toprung.application.ports.intents import NONCE_CHARACTERS_MAX, Intent, StoredIntent
from toprung.application.ports.storage import Storage, Transaction

pytest_plugins = ("tests.support.databases",)

NOTE: Final = Intent(key="a note", kind="note", recipient=7, parameters={"text": "1"})
LATER: Final = replace(NOTE, parameters={"text": "2"})

ROWS: Final = {
    "player": "insert into player (name, name_key) values ('New', 'new')",
    "entry": """insert into entry (player_id, race, mmr, games_played, games_won, games_lost, games_drawn)
        values (1, 'zerg', 1500, 0, 0, 0, 0)""",
    "match": "insert into match (source_key, state, recorded_at_us) values ('new', 'aborted', 1)",
    "notice": "insert into notice (player_id, match_id, kind, created_at_us) values (1, 1, 'found', 1)",
    "season": "insert into season (code, name, started_at_us) values ('new', 'New', 1)",
    "audit": """insert into audit (at_us, actor, action, subject, reason, details)
        values (1, 'cli', 'void', 'match 1', 'why', '{}')""",
    "job": """insert into job (kind, payload, dedup_key, player_id, state, turn, attempt, errors, deaths, interruptions,
        enqueued_at_us) values ('replay', '{}', 'new', 1, 'ready', 1, 0, 0, 0, 0, 1)""",
    "replay_upload": """insert into replay_upload (sha256, player_id, uploaded_at_us, state)
        values ('00', 1, 1, 'received')""",
    "intent": """insert into intent ("key", kind, recipient, is_direct, priority, parameters, revision, nonce,
        delivered_revision, attempts, due_at_us) values ('new', 'note', 7, true, 0, '{}', 1, 'drawn', 0, 0, 1)""",
    "challenge": """insert into challenge (challenger_id, opponent_id, races, created_at_us, expires_at_us, state)
        values (1, 2, 'zerg', 1, 2, 'declined')""",
}
"""How a row of each table that allots ids comes about, where there are two players, a match and a file."""

FIRST_ROWS: Final = (
    "insert into player (name, name_key) values ('Ann', 'ann'), ('Bob', 'bob')",
    "insert into match (source_key, state, recorded_at_us) values ('first', 'aborted', 1)",
    "insert into replay_file (sha256, size_bytes, first_uploaded_at_us, is_quarantined) values ('00', 1, 1, false)",
)


async def changed(storage: Storage, work: Callable[[Transaction], Any]) -> StoredIntent:
    """The note after a unit of work."""

    def run(tx: Transaction) -> StoredIntent | None:
        work(tx)
        return tx.intents.find(NOTE.key)

    stored = (await storage.write(run)).value
    assert stored is not None
    return stored


async def test_each_revision_has_a_nonce_of_its_own_and_keeps_it(storage: Storage) -> None:
    first = await changed(storage, lambda tx: tx.intents.want([NOTE], now_us=1))
    put_off = await changed(storage, lambda tx: tx.intents.put_off(first.id, until_us=5, attempts=1))
    again = await changed(storage, lambda tx: tx.intents.want([NOTE], now_us=6))
    delivered = await changed(storage, lambda tx: tx.intents.delivered(first.id, revision=1, message=(7, 70)))
    assert [one.nonce for one in (put_off, again, delivered)] == [first.nonce] * 3
    second = await changed(storage, lambda tx: tx.intents.want([LATER], now_us=7))
    lost = await changed(storage, lambda tx: tx.intents.lost_message(first.id))
    elsewhere = await changed(storage, lambda tx: tx.intents.want([replace(LATER, recipient=8)], now_us=8))
    revisions = (first, second, lost, elsewhere)
    assert [one.revision for one in revisions] == [1, 2, 3, 4]
    assert len({one.nonce for one in revisions}) == 4
    assert all(1 <= len(one.nonce) <= NONCE_CHARACTERS_MAX for one in revisions)


async def test_what_is_said_and_wanted_anew_has_neither_its_id_nor_its_nonce_again(storage: Storage) -> None:
    seen: list[StoredIntent] = []
    for _ in range(5):
        stored = await changed(storage, lambda tx: tx.intents.want([NOTE], now_us=1))
        seen.append(stored)
        await storage.write(lambda tx, stored=stored: tx.intents.remove(stored.id, revision=1))  # type: ignore[misc]
    assert len({one.id for one in seen}) == len({one.nonce for one in seen}) == 5


async def test_intents_that_are_wanted_together_have_nonces_of_their_own(storage: Storage) -> None:
    notes = [replace(NOTE, key=f"note {number}") for number in range(1_200)]
    await storage.write(lambda tx: tx.intents.want(notes, now_us=1))
    stored = await storage.read(lambda tx: tx.intents.of_kind(NOTE.kind))
    assert len({one.nonce for one in stored}) == 1_200


async def test_a_restart_keeps_the_nonce_of_what_is_to_be_sent(database: Database) -> None:
    async with database.writing() as storage:
        before = await changed(storage, lambda tx: tx.intents.want([NOTE], now_us=1))
    async with database.writing() as storage:
        (after,) = await storage.read(lambda tx: tx.intents.due(now_us=1, limit=9))
    assert after == before


@pytest.mark.parametrize("table", ROWS)
async def test_the_id_of_a_deleted_row_is_never_handed_out_again(database: Database, table: str) -> None:
    await database.run(*FIRST_ROWS)
    newest = f'select max(id) from "{table}"'
    seen = []
    for _ in range(3):
        await database.run(ROWS[table])
        ((id_,),) = await database.run(newest)
        seen.append(id_)
        await database.run(f'delete from "{table}" where id = {id_}')
        async with database.writing():  # a restart between any two
            pass
    assert seen == sorted(set(seen))


def test_these_are_all_tables_that_allot_ids_but_the_one_whose_rows_stay() -> None:
    allotting = {
        table.name
        for table in challenge_schema.challenge.metadata.sorted_tables
        if [column.name for column in table.primary_key] == ["id"] and table.c.id.type is schema.Id
    }
    assert allotting - ROWS.keys() == {"rating_journal"}


async def test_no_row_of_the_journal_can_go_so_that_its_ids_stay(database: Database) -> None:
    await database.run(
        *FIRST_ROWS,
        ROWS["entry"],
        "insert into rating_journal (entry_id, kind, revision, after_mmr, at_us) values (1, 'set', 1, 1500, 1)",
    )
    with pytest.raises(REFUSALS):
        await database.run("delete from rating_journal")
