"""A ladder on which a season was played."""

from collections.abc import AsyncIterator

import pytest

from tests.application.ratings.rated_seasons import NAMES, SYSTEMS, join, play, season
from tests.support.databases import Database, OpenLadder, opened_ladder


@pytest.fixture(params=SYSTEMS)
async def opened(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[OpenLadder]:
    """Four players and a season of games, on each database and by each rating system."""
    async with opened_ladder(database, rating_system=request.param, inactivity_days="off") as found:
        await join(found, *NAMES)
        await play(found, season())
        yield found
