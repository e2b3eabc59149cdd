"""A life that was lived."""

from collections.abc import AsyncIterator

import pytest

from tests.flows.seasons.lives import SYSTEMS, Life, lived, some_life
from tests.support.databases import Database, opened_ladder
from tests.support.fakes.ladder import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=SYSTEMS)
async def life(request: pytest.FixtureRequest, database: Database, clock: FakeClock) -> AsyncIterator[Life]:
    async with opened_ladder(database, clock=clock, rating_system=request.param) as opened:
        yield await lived(opened, clock, some_life())
