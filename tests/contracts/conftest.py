"""Each contract test runs on every backend that keeps the contract."""

from collections.abc import AsyncIterator

import pytest

from tests.support.databases import KINDS, Database
from tests.support.fakes.ladder import FakeStorage
from toprung.application.ports.storage import Storage


@pytest.fixture(params=("fake", *KINDS))
async def storage(request: pytest.FixtureRequest, sqlite_database: Database) -> AsyncIterator[Storage]:
    """An empty storage, opened for writing."""
    if request.param == "fake":
        yield FakeStorage()
    elif request.param == "sqlite":
        async with sqlite_database.writing() as opened:
            yield opened
    else:
        async with (
            request.getfixturevalue("postgres_server").new_database() as database,
            database.writing() as opened,
        ):
            yield opened
