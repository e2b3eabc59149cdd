"""Each contract test runs on every backend that keeps the contract."""

from collections.abc import AsyncIterator

import pytest

from tests.support.databases import KINDS, Database
from tests.support.fakes.ladder import FakeStorage
from toprung.adapters.storage.limits import LIMITS, StorageLimits
from toprung.application.ports.storage import Storage


@pytest.fixture
def limits() -> StorageLimits:
    """The limits of the storage; a test that needs others parametrizes them."""
    return LIMITS


@pytest.fixture(params=("fake", *KINDS))
async def storage(
    request: pytest.FixtureRequest, sqlite_database: Database, limits: StorageLimits
) -> AsyncIterator[Storage]:
    """An empty storage, opened for writing."""
    if request.param == "fake":
        yield FakeStorage()
    elif request.param == "sqlite":
        async with sqlite_database.writing(limits=limits) as opened:
            yield opened
    else:
        async with (
            request.getfixturevalue("postgres_server").new_database() as database,
            database.writing(limits=limits) as opened,
        ):
            yield opened
