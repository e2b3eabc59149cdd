"""How the ladder rates: by what its database says at that moment, so that no transaction rates by what was before."""

from toprung.application.ports.storage import Transaction
from toprung.domain.ratings.certainty import Certainty
from toprung.domain.ratings.engines.rating_engine import RatingEngine
from toprung.domain.ratings.rating_system import RatingSystem, certainty_of, engine_of


class Engines:
    """The engine that rates in a transaction, made once for each version. `first` rates where there is none yet."""

    def __init__(self, first: RatingSystem) -> None:
        self._first = first
        self._known: tuple[int, RatingEngine] = (0, engine_of(first))

    def current(self, tx: Transaction) -> RatingEngine:
        """The engine that rates in this transaction."""
        version = tx.systems.version()
        known = self._known  # one value: several threads read at once
        if known[0] != version:
            self._known = known = version, engine_of(self.system(tx))
        return known[1]

    def system(self, tx: Transaction, at_us: int | None = None) -> RatingSystem:
        """What the ladder is rated by, or what it was at a moment; before the first version that one."""
        versions = tx.systems.all()
        begun = [one for one in versions if at_us is None or one.at_us <= at_us] or versions[:1]
        return begun[-1].system if begun else self._first

    def certainty(self, tx: Transaction, at_us: int | None = None) -> Certainty:
        """How sure ratings are, or were at a moment."""
        return certainty_of(self.system(tx, at_us))

    @property
    def first_certainty(self) -> Certainty:
        """How sure ratings are before anything was read."""
        return certainty_of(self._first)
