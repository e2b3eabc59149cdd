"""A ladder whose players leave and come back."""

import pytest

from tests.contracts.office import ANN, BOB, Office, join, open_office
from toprung.application.ports.storage import Storage


@pytest.fixture
async def office(storage: Storage) -> Office:
    """A ladder of Annika (player 1) and Bobbin (player 2)."""
    opened = open_office(storage)
    await opened.store.load()
    await join(opened, ANN, "Annika")
    await join(opened, BOB, "Bobbin")
    return opened
