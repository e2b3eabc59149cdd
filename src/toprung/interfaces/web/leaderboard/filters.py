"""The leaderboard's query string: what is asked for, read from it and written back in one canonical form."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from toprung.domain.errors import InvalidInput
from toprung.domain.game.catalog import Catalog
from toprung.domain.leaderboard.filters import NO_FILTERS, Filters
from toprung.domain.leaderboard.leaderboard import PAGE_SIZE_DEFAULT
from toprung.domain.leaderboard.past import PastMoment, Since
from toprung.domain.moment import to_iso
from toprung.domain.players.countries import Countries
from toprung.domain.players.player import PlayerId
from toprung.interfaces.look_arguments import LookArguments
from toprung.interfaces.web.leaderboard.filter_fields import (
    FILTERS,
    REPEATABLE,
    VALUES_MAX,
    filter_pairs,
    read_filters,
)
from toprung.interfaces.web.leaderboard.parameters import boolean, moment, short, since, whole

PAGE_MAX: Final = 1_000_000_000
PAGE_SIZE_MAX: Final = 200
PLAYER_ID_MAX: Final = 10**18 - 1

PAST: Final = frozenset({"as_of", "corrected"})
API_LEADERBOARD: Final = FILTERS | PAST | {"movement_since", "page", "page_size"}
API_STANDING: Final = FILTERS | PAST | {"page_size"}
PAGE: Final = API_LEADERBOARD | {"player", "find", "lang"}


_ONCE: Final = "{field} may be given once."
_AT_MOST: Final = "{field} may be given at most {count} times."


class UnknownParameter(InvalidInput):
    """The query string has a parameter that means nothing here."""

    code = "unknown_parameter"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardState:
    """What one look at the leaderboard asks for. `player` is highlighted; `find` is a name that is looked for.

    `as_of_us` is a moment of the past, and None the present; `is_corrected` says how the past is looked at. `language`
    is the one that was chosen on the page, and empty where the browser's is to be followed.
    """

    filters: Filters = NO_FILTERS
    as_of_us: int | None = None
    is_corrected: bool = False
    movement_since: Since | None = None
    page: int = 1
    page_size: int = PAGE_SIZE_DEFAULT
    player: PlayerId | None = None
    find: str = ""
    language: str = ""

    @property
    def is_filtered(self) -> bool:
        """Whether anything is left out."""
        return self.filters != NO_FILTERS

    @property
    def past(self) -> PastMoment | None:
        """The moment that is looked at; None for the present."""
        return None if self.as_of_us is None else PastMoment(at_us=self.as_of_us, is_corrected=self.is_corrected)

    @property
    def as_of_iso(self) -> str:
        """The moment that is looked at, for programs; empty for the present."""
        return "" if self.as_of_us is None else to_iso(self.as_of_us)

    @property
    def look(self) -> LookArguments:
        """The moment and the movement that are asked for, for the leaderboard service."""
        return LookArguments(
            past=self.past, movement_since=self.movement_since, is_movement_corrected=self.is_corrected
        )

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The state as query parameters in their canonical order, without those that say nothing."""
        pairs = filter_pairs(self.filters)
        pairs += [("as_of", to_iso(self.as_of_us))] if self.as_of_us is not None else []
        pairs += [("corrected", "true")] if self.is_corrected else []
        pairs += [("movement_since", self.movement_since.text)] if self.movement_since else []
        pairs += [("find", self.find)] if self.find else []
        pairs += [("page", str(self.page))] if self.page != 1 else []
        pairs += [("page_size", str(self.page_size))] if self.page_size != PAGE_SIZE_DEFAULT else []
        pairs += [("player", str(self.player))] if self.player is not None else []
        pairs += [("lang", self.language)] if self.language else []
        return tuple(pairs)

    @property
    def query(self) -> str:
        """The canonical query string: equal states have equal ones, and the plain leaderboard has an empty one."""
        return urlencode(self.pairs)

    def url(self, path: str = "/leaderboard") -> str:
        """The permalink of this state."""
        return f"{path}?{self.query}" if self.pairs else path

    def first_page(self) -> "BoardState":
        """The same filters from the top, without a player that is looked for."""
        return replace(self, page=1, player=None, find="")

    def without_filters(self) -> "BoardState":
        """The whole ladder, from the top, at the same moment."""
        return replace(self.first_page(), filters=NO_FILTERS)

    def whole_ladder(self) -> "BoardState":
        """The whole ladder as it is now, in the same language."""
        return BoardState(language=self.language)

    def in_language(self, language: str) -> "BoardState":
        """The same in another language; in the browser's where it is empty."""
        return replace(self, language=language)

    def at_present(self) -> "BoardState":
        """The same filters on the ladder as it is now."""
        return replace(self.first_page(), as_of_us=None, is_corrected=False)


class FilterReader:
    """Reads query strings for one game's catalogue. `languages` are those that the page can be chosen in."""

    def __init__(self, *, catalog: Catalog, countries: Countries, languages: Collection[str] = ()) -> None:
        self._languages = languages
        self._catalog = catalog
        self._countries = countries

    def read(self, items: Iterable[tuple[str, str]], allowed: Collection[str]) -> BoardState:
        """The state that parameters ask for. Raises `InvalidInput` naming the first that is wrong or unknown."""
        values: dict[str, list[str]] = {}
        for name, value in items:
            if name not in allowed:
                known = ", ".join(sorted(allowed))
                sentence = "There is no parameter {name} here; there are {parameters}."
                raise UnknownParameter(short(name), sentence, name=ascii(short(name)), parameters=known)
            values.setdefault(name, []).append(value)
            most = VALUES_MAX if name in REPEATABLE else 1
            if len(values[name]) > most:
                raise InvalidInput(name, _ONCE if most == 1 else _AT_MOST, "too_often", count=most)
        return self._state(values)

    def read_page(self, items: Iterable[tuple[str, str]]) -> BoardState:
        """`read` for people: what a form leaves empty and what others hang on a link is passed over."""
        return self.read([(name, value) for name, value in items if name in PAGE and value], PAGE)

    def language(self, text: str | None) -> str:
        """The language that is chosen by a tag; empty where there is none like that."""
        return text if text and text in self._languages else ""

    def _state(self, values: Mapping[str, list[str]]) -> BoardState:
        one = {name: texts[0] for name, texts in values.items() if name not in REPEATABLE}
        player = whole(one, "player", 0, PLAYER_ID_MAX)
        is_corrected = boolean(one, "corrected") and bool({"as_of", "movement_since"} & one.keys())
        return BoardState(
            filters=read_filters(one, values, self._catalog, self._countries),
            as_of_us=moment(one, "as_of"),
            is_corrected=is_corrected,
            movement_since=since(one, "movement_since"),
            page=whole(one, "page", 1, PAGE_MAX) or 1,
            page_size=whole(one, "page_size", 1, PAGE_SIZE_MAX) or PAGE_SIZE_DEFAULT,
            player=PlayerId(player) if player else None,
            find=one.get("find", "").strip(),
            language=self.language(one.get("lang")),
        )


def parse_player_id(text: str, name: str = "player_id") -> PlayerId:
    """The player id that a text is, in the parameter of this name. Raises `InvalidInput`."""
    value = whole({name: text}, name, 1, PLAYER_ID_MAX)
    return PlayerId(value or 0)
