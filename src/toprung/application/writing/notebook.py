"""Small things that have to be remembered over a restart, by name."""

from toprung.application.ports.storage import Transaction
from toprung.application.writing.unit_of_work import UnitOfWork


class Notebook:
    """Notes in the database."""

    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    async def read(self, name: str) -> str | None:
        """What was noted last; None where nothing was."""
        return await self._unit_of_work.read(lambda tx: tx.notes.get(name))

    async def write(self, name: str, value: str) -> None:
        """Notes it in the place of what was noted before."""

        def work(tx: Transaction) -> None:
            tx.notes.put(name, value)

        await self._unit_of_work.run(work)
