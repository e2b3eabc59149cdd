"""What a ladder is rated by: a rating system with its constants, within bounds in which the arithmetic is sound."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

from toprung.domain.errors import InvalidInput
from toprung.domain.ratings.certainty import Certainty, CertaintyByBelief, CertaintyByDeviation, CertaintyByGames
from toprung.domain.ratings.engines.linked_engine import LinkedEngine
from toprung.domain.ratings.engines.rating_engine import EloEngine, Glicko2Engine, RatingEngine
from toprung.domain.ratings.glicko2 import Glicko2
from toprung.domain.ratings.linked.constants import RANGES, LinkedConstants
from toprung.domain.ratings.rating import MMR_MAX, MMR_MIN, Elo


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingSystem:
    """A rating system by its code, with the value of each of its constants."""

    code: str
    constants: Mapping[str, float]


class _Bounds(NamedTuple):
    smallest: float
    largest: float


class _Kind(NamedTuple):
    """One system: its arithmetic with the usual constants, and how that becomes an engine and marks."""

    usual: Any
    bounds: Mapping[str, _Bounds]
    engine: Callable[[Any], RatingEngine]
    certainty: Callable[[Any], Certainty]


_KINDS: Final[Mapping[str, _Kind]] = {
    "linked": _Kind(
        usual=LinkedConstants(),
        bounds={
            **{name: _Bounds(*least_and_most) for name, least_and_most in RANGES.items()},
            "start_rating": _Bounds(MMR_MIN, MMR_MAX),
        },
        engine=LinkedEngine,
        certainty=CertaintyByBelief,
    ),
    "glicko2": _Kind(
        usual=Glicko2(),
        bounds={
            "start_rating": _Bounds(MMR_MIN, MMR_MAX),
            "start_deviation": _Bounds(30, 1_000),
            "start_volatility": _Bounds(1e-4, 1),
            "tau": _Bounds(0.05, 5),
            "period_days": _Bounds(0.01, 10_000),
            "deviation_min": _Bounds(1, 350),
            "deviation_max": _Bounds(30, 1_000),
        },
        engine=Glicko2Engine,
        certainty=CertaintyByDeviation,
    ),
    "elo": _Kind(
        usual=Elo(),
        bounds={"k_factor": _Bounds(1, 1_000), "scale": _Bounds(1, 100_000), "start_mmr": _Bounds(MMR_MIN, MMR_MAX)},
        engine=EloEngine,
        certainty=lambda _system: CertaintyByGames(),
    ),
}

RATING_SYSTEMS: Final = tuple(_KINDS)


def rating_system(code: str, changes: Mapping[str, float] | None = None) -> RatingSystem:
    """The system with its usual constants, but for those that are named.

    Raises `InvalidInput` for a system or constant that there is not, and for a constant out of its bounds.
    """
    kind = _KINDS.get(code)
    if kind is None:
        raise InvalidInput(
            "system",
            "There is no rating system {system}; there are {known}.",
            "rating_system_unknown",
            system=repr(code[:40]),
            known=", ".join(_KINDS),
        )
    usual = asdict(kind.usual)
    given = {name: _checked(code, kind, name, value) for name, value in (changes or {}).items()}
    constants = {name: given.get(name, value) for name, value in usual.items()}
    _refuse_contradictions(constants)
    return RatingSystem(code=code, constants=constants)


def engine_of(system: RatingSystem) -> RatingEngine:
    """How it rates a game."""
    kind = _KINDS[system.code]
    return kind.engine(_arithmetic(kind, system))


def certainty_of(system: RatingSystem) -> Certainty:
    """How sure its ratings are."""
    kind = _KINDS[system.code]
    return kind.certainty(_arithmetic(kind, system))


def _arithmetic(kind: _Kind, system: RatingSystem) -> Any:
    return type(kind.usual)(**system.constants)


def _checked(code: str, kind: _Kind, name: str, value: float) -> float:
    if name not in kind.bounds:
        raise InvalidInput(
            "constants",
            "{system} has no constant {name}; it has {known}.",
            "constant_unknown",
            system=code,
            name=repr(name[:40]),
            known=", ".join(kind.bounds),
        )
    smallest, largest = kind.bounds[name]
    is_whole = isinstance(getattr(kind.usual, name), int)
    if not smallest <= value <= largest or (is_whole and value != int(value)):  # not a number is refused too
        raise InvalidInput(
            "constants",
            "{name} must be a whole number from {least} to {most}."
            if is_whole
            else "{name} must be a number from {least} to {most}.",
            "constant_not_whole" if is_whole else "constant_range",
            name=name,
            least=f"{smallest:g}" if smallest > MMR_MIN else str(MMR_MIN),
            most=f"{largest:g}" if largest < MMR_MAX else str(MMR_MAX),
        )
    return int(value) if is_whole else float(value)


def _refuse_contradictions(constants: Mapping[str, float]) -> None:
    """Raises `InvalidInput` where a newcomer would be surer than anybody becomes, or less sure than anybody may be."""
    start = constants.get("start_deviation")
    if start is not None and not constants["deviation_min"] <= start <= constants["deviation_max"]:
        raise InvalidInput(
            "constants",
            "start_deviation must lie between deviation_min ({least}) and deviation_max ({most}).",
            "constants_contradict",
            least=f"{constants['deviation_min']:g}",
            most=f"{constants['deviation_max']:g}",
        )
