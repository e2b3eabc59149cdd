"""Players who have jobs."""

import pytest

from tests.contracts.jobs.job_rows import write
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.storage import Storage
from toprung.domain.players.player import PlayerId


@pytest.fixture
async def players(storage: Storage) -> list[PlayerId]:
    new = [NewPlayer(name=name, name_key=name) for name in ("Ann", "Bob", "Cem")]
    return [player.id for player in await write(storage, lambda tx: tx.players.add(new))]
