"""The record by which a command finds the running server."""

import os
import stat
from pathlib import Path

import pytest

from tests.support.databases import Database
from tests.support.fakes.ladder import FakeStorage
from toprung.adapters.storage.server_record import ServerRecord, ServerRecordFile, ServerRecordNote, ServerRecords

pytest_plugins = ("tests.support.databases",)

RECORD = ServerRecord(address="http://127.0.0.1:8000", token="a secret \"with' quotes")
OTHER = ServerRecord(address="http://[::1]:9", token="another")


@pytest.fixture(params=["file", "note"])
def records(request: pytest.FixtureRequest, tmp_path: Path) -> ServerRecords:
    return ServerRecordFile(tmp_path / "ladder.db") if request.param == "file" else ServerRecordNote(FakeStorage())


async def test_a_record_is_found_until_it_is_withdrawn(records: ServerRecords) -> None:
    assert await records.find() is None
    await records.publish(RECORD)
    assert await records.find() == RECORD
    await records.publish(OTHER)
    assert await records.find() == OTHER
    await records.withdraw(RECORD)  # whoever else has begun meanwhile stays to be found
    assert await records.find() == OTHER
    await records.withdraw(OTHER)
    assert await records.find() is None
    await records.withdraw(OTHER)
    assert await records.find() is None


async def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ladder.db.server.json"
    path.write_text("left behind", encoding="utf-8")
    path.chmod(0o666)
    umask = os.umask(0)
    try:
        await ServerRecordFile(tmp_path / "ladder.db").publish(RECORD)
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "{}", "null", "[]", '{"address": "x"}', "not json"])
async def test_a_damaged_record_is_no_record(tmp_path: Path, text: str) -> None:
    (tmp_path / "ladder.db.server.json").write_text(text, encoding="utf-8")
    assert await ServerRecordFile(tmp_path / "ladder.db").find() is None


async def test_a_note_in_the_database_is_found_from_a_read_only_look_at_it(database: Database) -> None:
    async with database.writing() as storage:
        await ServerRecordNote(storage).publish(RECORD)
        async with database.reading() as reader:
            assert await ServerRecordNote(reader).find() == RECORD
        await ServerRecordNote(storage).withdraw(RECORD)
    async with database.reading() as reader:
        assert await ServerRecordNote(reader).find() is None
