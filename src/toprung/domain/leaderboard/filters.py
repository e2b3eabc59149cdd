"""What the leaderboard is filtered by, as one value. It loads no Polars, so that naming it costs nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Final, TypeVar, cast

from toprung.domain.errors import InvalidInput
from toprung.domain.leaderboard.ranks import LETTERS

MIN_GAMES_MAX: Final = 1_000_000_000

_Code = TypeVar("_Code", bound="str | None")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Filters:
    """Which of the ranked entries are listed. A filter at its default lets everybody through.

    Codes stand in the order in which they are shown, which says nothing: filters that let the same through are equal
    values. `countries` may hold None for "unknown". No codes at all let nobody through; where people choose, nothing
    chosen is no filter (`chosen`). `min_games` counts games of that entry, drawn ones included. Raises `InvalidInput`
    for a rank or a number of games that cannot be.
    """

    races: tuple[str, ...] | None = None
    countries: tuple[str | None, ...] | None = None
    rank: str | None = None
    best_race_only: bool = False
    min_games: int = 0

    def __post_init__(self) -> None:
        if self.rank is not None and self.rank not in LETTERS:
            raise InvalidInput(
                "rank",
                "There is no rank {rank}; the ranks are {ranks}.",
                "rank",
                rank=repr(self.rank),
                ranks=", ".join(LETTERS),
            )
        if not 0 <= self.min_games <= MIN_GAMES_MAX:
            raise InvalidInput(
                "min_games",
                "{field} must be a whole number from {least} to {most}, not {given}.",
                "whole",
                least="0",
                most=str(MIN_GAMES_MAX),
                given=str(self.min_games),
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filters) and self._normal() == other._normal()

    def __hash__(self) -> int:
        return hash(self._normal())

    def _normal(self) -> tuple[object, ...]:
        values = [getattr(self, name) for name in _DEFAULTS]
        return tuple([frozenset(value) if isinstance(value, tuple) else value for value in values])

    @classmethod
    def chosen(
        cls,
        *,
        races: Iterable[str] | None = None,
        countries: Iterable[str | None] | None = None,
        rank: str | None = None,
        best_race_only: bool = False,
        min_games: int = 0,
    ) -> "Filters":
        """The filters that somebody chose: an empty choice is none, a code counts once, and a text is one code."""
        return cls(
            races=_once(races),
            countries=_once(countries),
            rank=rank or None,
            best_race_only=best_race_only,
            min_games=min_games,
        )

    def active(self) -> tuple[str, ...]:
        """The names of the filters that are set, in the order of their fields."""
        names: list[str] = []
        for name, default in _DEFAULTS.items():
            if getattr(self, name) != default:
                names.append(name)
        return tuple(names)

    def without(self, *names: str) -> "Filters":
        """The same without these filters."""
        return replace(self, **{name: _DEFAULTS[name] for name in names})

    def only(self, name: str) -> "Filters":
        """This filter alone."""
        return self.without(*_DEFAULTS.keys() - {name})


_DEFAULTS: Final[dict[str, Any]] = {field.name: field.default for field in fields(Filters)}
NO_FILTERS: Final = Filters()


def _once(codes: Iterable[_Code] | None) -> tuple[_Code, ...] | None:
    given = cast("Iterable[_Code]", (codes,) if isinstance(codes, str) else codes or ())
    return tuple(dict.fromkeys(given)) or None
