"""What every backend promises of what a ladder is rated by."""

import pytest

from toprung.application.ports.ratings import StoredRatingSystem
from toprung.application.ports.storage import Storage, Transaction
from toprung.domain.ratings.rating_system import RatingSystem, rating_system

pytest_plugins = ("tests.support.databases",)


async def versions(storage: Storage) -> tuple[int, list[StoredRatingSystem]]:
    return await storage.read(lambda tx: (tx.systems.version(), tx.systems.all()))


async def test_versions_count_from_one_and_come_back_to_the_last_bit(storage: Storage) -> None:
    assert await versions(storage) == (0, [])
    systems = [
        rating_system("glicko2", {"tau": 0.1 + 0.2, "start_volatility": 1e-4}),
        rating_system("elo", {"k_factor": 33}),
        rating_system("glicko2"),
    ]
    for number, system in enumerate(systems, 1):

        def add(tx: Transaction, system: RatingSystem = system, at_us: int = 10 * number) -> StoredRatingSystem:
            return tx.systems.add(system, at_us)

        added = (await storage.write(add)).value
        assert added == StoredRatingSystem(version=number, system=system, at_us=10 * number)
    number, found = await versions(storage)
    assert number == 3
    assert [(one.version, one.system, one.at_us) for one in found] == [
        (number, system, 10 * number) for number, system in enumerate(systems, 1)
    ]
    assert all(isinstance(value, int) for value in found[1].system.constants.values())


async def test_a_version_that_is_not_committed_never_was(storage: Storage) -> None:
    def work(tx: Transaction) -> None:
        tx.systems.add(rating_system("elo"), 1)
        raise LookupError

    with pytest.raises(LookupError):
        await storage.write(work)
    assert await versions(storage) == (0, [])
