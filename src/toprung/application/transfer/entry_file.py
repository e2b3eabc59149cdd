"""The file of entries that an import reads and an export writes: one line an entry, in CSV."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec

from toprung.application.ports.ratings import StoredEntry
from toprung.application.transfer.look_alikes import Spelling, look_alikes
from toprung.application.transfer.table_file import ImportRefused, Problem, read_table
from toprung.domain.errors import ToprungError
from toprung.domain.game.catalog import Catalog
from toprung.domain.moment import MICROSECONDS_PER_DAY, from_iso, to_iso
from toprung.domain.players.countries import Countries
from toprung.domain.players.departure import is_reserved
from toprung.domain.players.names import NameKeys, clean_name, csv_cell, csv_uncell
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.rating import MMR_MAX, MMR_MIN

COLUMNS: Final = (
    "discord_id",
    "player_name",
    "country",
    "race",
    "mmr",
    "games_played",
    "games_won",
    "games_lost",
    "games_drawn",
    "last_played",
)
OPTIONAL_COLUMNS: Final = ("player_id", "rating", "deviation", "volatility")
"""Who it is by number, and how sure the MMR is: `rating` is the exact number that it is rounded from."""

IMPORT_ROWS_MAX: Final = 2_000_000
GAMES_MAX: Final = 1_000_000_000
DISCORD_ID_MAX: Final = 2**63 - 1
PLAYER_ID_MAX: Final = 1_000_000_000
DEVIATION_MAX: Final = 1_000.0
VOLATILITY_MAX: Final = 10.0
SPREADSHEET_DIGITS: Final = 15
"""So many digits of a number a spreadsheet keeps; it puts noughts in the place of the others."""
FUTURE_MAX_US: Final = MICROSECONDS_PER_DAY


class EntryRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One good line of the file.

    There may be a million of these at once. The garbage collector would look at each again and again, with the event
    loop standing still meanwhile; they hold text and numbers only, so it need not.
    """

    line: int
    discord_id: int | None
    name: str
    name_key: str
    country: str | None
    race: str
    mmr: int
    games_played: int
    games_won: int
    games_lost: int
    games_drawn: int
    last_played_us: int | None
    player_id: PlayerId | None = None
    rating: float | None = None
    deviation: float | None = None
    volatility: float | None = None


class EntryFileReader:
    """Reads a file of entries for one game."""

    def __init__(
        self, *, catalog: Catalog, countries: Countries, name_keys: NameKeys, rows_max: int = IMPORT_ROWS_MAX
    ) -> None:
        self._catalog = catalog
        self._countries = countries
        self._name_keys = name_keys
        self._rows_max = rows_max

    def read(self, text: str, *, now_us: int) -> list[EntryRow]:
        """Every line of the file. Raises `ImportRefused` with every line that is wrong, alone or beside another."""
        rows: list[EntryRow] = []
        problems: list[Problem] = []
        for line, cells in read_table(text, COLUMNS, OPTIONAL_COLUMNS, problems):
            row = self._row(line, cells, now_us, problems)
            if row is not None:
                rows.append(row)
            if line > self._rows_max + 1:
                raise ImportRefused([Problem(line=line, column="", reason=f"more than {self._rows_max} lines")])
        problems += _contradictions(rows)
        problems += look_alikes(Spelling(row.name, row.name_key, row.line, "player_name") for row in rows)
        problems += _rounded_accounts(rows)
        if problems:
            raise ImportRefused(sorted(problems, key=lambda problem: problem.line))
        return rows

    def _name(self, text: str) -> str:
        name = clean_name(csv_uncell(text))
        if is_reserved(name, self._name_keys):
            raise ValueError(f"{name!r} is somebody who left the ladder; take the line out")
        return name

    def _row(self, line: int, cells: dict[str, str], now_us: int, problems: list[Problem]) -> EntryRow | None:
        """The line as a row; None, with its problems added, where a cell is wrong."""
        values: dict[str, Any] = {}
        before = len(problems)
        parsers: dict[str, Callable[[str], object]] = {
            "discord_id": _optional(_account),
            "player_name": self._name,
            "country": _optional(self._countries.parse),
            "race": lambda text: self._catalog.race(text).code,
            "mmr": lambda text: _whole(text, MMR_MIN, MMR_MAX),
            **dict.fromkeys(COLUMNS[5:9], lambda text: _whole(text, 0, GAMES_MAX)),
            "last_played": _optional(lambda text: _past(text, now_us)),
            "player_id": _optional(lambda text: PlayerId(_whole(text, 1, PLAYER_ID_MAX))),
            "rating": _optional(lambda text: _real(text, MMR_MIN - 1, MMR_MAX + 1)),
            "deviation": _optional(lambda text: _above_zero(text, DEVIATION_MAX)),
            "volatility": _optional(lambda text: _above_zero(text, VOLATILITY_MAX)),
        }
        for column, parse in parsers.items():
            try:
                cell = cells.get(column, "")
                values[column] = parse(cell if column == "player_name" else cell.strip())
            except (ToprungError, ValueError) as error:
                problems.append(Problem(line=line, column=column, reason=str(error)))
        if len(problems) > before:
            return None
        games = values["games_won"] + values["games_lost"] + values["games_drawn"]
        if values["games_played"] != games:
            reason = f"{values['games_played']} games, but {games} won, lost and drawn together"
            problems.append(Problem(line=line, column="games_played", reason=reason))
            return None
        if games and values["last_played"] is None:
            problems.append(Problem(line=line, column="last_played", reason="missing, although games were played"))
            return None
        lacking = [name for name in ("rating", "volatility") if values[name] is not None]
        if lacking and values["deviation"] is None:
            problems.append(Problem(line=line, column="deviation", reason=f"missing, although {lacking[0]} is given"))
            return None
        name = values.pop("player_name")
        last_played_us = values.pop("last_played")
        return EntryRow(
            line=line, name=name, name_key=self._name_keys.key(name), last_played_us=last_played_us, **values
        )


def _contradictions(rows: Iterable[EntryRow]) -> Iterator[Problem]:
    """What is wrong with lines that are right alone: entries given twice, players who differ from themselves.

    The same name, letter by letter, is the same player.
    """
    entries: dict[tuple[str, str], EntryRow] = {}
    by_name: dict[str, EntryRow] = {}
    by_number: dict[tuple[str, int], EntryRow] = {}
    for row in rows:
        twin = entries.setdefault((row.name, row.race), row)
        if twin is not row:
            yield Problem(line=row.line, column="race", reason=f"{row.name} has {row.race} on line {twin.line} already")
        first = by_name.setdefault(row.name, row)
        for column in ("country", "discord_id", "player_id"):
            mine, theirs = getattr(row, column), getattr(first, column)
            if mine != theirs:
                reason = f"{_shown(mine)}, but line {first.line} has {_shown(theirs)} for the same player"
                yield Problem(line=row.line, column=column, reason=reason)
        for column in ("discord_id", "player_id"):
            number = getattr(row, column)
            first = row if number is None else by_number.setdefault((column, number), row)
            if first.name_key != row.name_key:  # where only the spelling differs, that is what is asked about
                yield Problem(line=row.line, column=column, reason=f"{number} is {first.name} on line {first.line}")


def _rounded_accounts(rows: Iterable[EntryRow]) -> Iterator[Problem]:
    """The accounts, where a spreadsheet rounded them all: the digits that it does not keep are noughts throughout.

    One id in a thousand ends so by itself, so that fewer noughts than three in all say nothing.
    """
    long = {row.discord_id: row.line for row in rows if row.discord_id and row.discord_id >= 10**SPREADSHEET_DIGITS}
    rests = [str(account)[SPREADSHEET_DIGITS:] for account in long]
    if sum(map(len, rests)) >= 3 and not any(rest.strip("0") for rest in rests):
        for account, line in long.items():
            yield Problem(line=line, column="discord_id", reason=f"{account} {_ROUNDED}")


_ROUNDED: Final = "was rounded by a spreadsheet; have it read the column as text, or leave the cells empty"


def _account(text: str) -> int:
    if re.fullmatch(r"[0-9]([.,][0-9]*)?[eE]\+?[0-9]{1,2}", text):
        raise ValueError(f"{text[:40]!r} {_ROUNDED}")
    return _whole(text, 1, DISCORD_ID_MAX)


def _shown(value: object) -> str:
    return "nothing" if value is None else repr(value)


def _optional(parse: Callable[[str], object]) -> Callable[[str], object]:
    return lambda text: parse(text) if text else None


def _whole(text: str, smallest: int, largest: int) -> int:
    digits = text[1:] if text[:1] in "+-" else text
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 19):
        raise ValueError(f"{text[:40]!r} is not a whole number")
    value = int(text)
    if not smallest <= value <= largest:
        raise ValueError(f"{value} is not between {smallest} and {largest}")
    return value


def _real(text: str, smallest: float, largest: float) -> float:
    """A number as `repr` writes a float: read back, it is the same to the last bit."""
    if not re.fullmatch(r"[+-]?[0-9]{1,25}(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", text):
        raise ValueError(f"{text[:40]!r} is not a number")
    value = float(text)
    if not smallest <= value <= largest:
        raise ValueError(f"{text} is not between {smallest:g} and {largest:g}")
    return value


def _above_zero(text: str, largest: float) -> float:
    value = _real(text, 0, largest)
    if value <= 0:
        raise ValueError(f"{text} is not above 0")
    return value


def _past(text: str, now_us: int) -> int:
    moment_us = from_iso(text)
    if moment_us > now_us + FUTURE_MAX_US:
        raise ValueError(f"{text} lies in the future")
    return moment_us


def entry_cells(stored: StoredEntry) -> tuple[str, ...]:
    """An entry as the cells of a line that `EntryFileReader` reads back to the same, optional columns last."""
    entry, player = stored.entry, stored.player
    return (
        "" if player.discord_id is None else str(player.discord_id),
        csv_cell(player.name),
        player.country or "",
        entry.race,
        str(entry.mmr),
        str(entry.state.games_played),
        str(entry.state.games_won),
        str(entry.state.games_lost),
        str(entry.state.games_drawn),
        "" if entry.state.last_played_us is None else to_iso(entry.state.last_played_us),
        str(player.id),
        *(("", "", "") if entry.state.skill is None else map(repr, entry.state.skill)),
    )
