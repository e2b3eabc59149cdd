"""What the page's templates draw, made from what the ladder answers."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from toprung.application.ports.countries import CountryNames
from toprung.domain.game.catalog import Catalog, Race
from toprung.domain.leaderboard.leaderboard import LeaderboardPage, LeaderboardRow, Movement
from toprung.domain.moment import MICROSECONDS_PER_SECOND, to_datetime, to_iso
from toprung.domain.players.countries import OTHER, Countries
from toprung.domain.players.player import PlayerId
from toprung.interfaces.texts.wording import Wording
from toprung.interfaces.web.leaderboard.filter_fields import active_filters, filter_choices
from toprung.interfaces.web.leaderboard.filters import BoardState
from toprung.interfaces.web.site import wording as rules
from toprung.interfaces.web.site.assets import Assets

PAGES_AROUND: Final = 1
HUES: Final = 8
STRETCHES: Final = ("24h", "7d", "30d")


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceMark:
    """How a race is drawn: its short code, coloured by family, its style told apart by shape."""

    code: str
    name: str
    short: str
    hue: int
    is_second_style: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryMark:
    """How a country is drawn. `code` is empty for an unknown one."""

    code: str
    name: str
    flag_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """One row of the table. `anchor` is where links to the player lead: on the player's first row of the page only."""

    key: str
    anchor: str | None
    is_found: bool
    global_rank: int
    filter_rank: int
    letter: str
    percentile: str
    name: str
    country: CountryMark
    race: RaceMark
    mmr: int
    won: int
    lost: int
    drawn: int
    win_percent: int
    last_played: str
    last_played_ago: str
    last_played_full: str
    unsure: str
    moved: "MovementView | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementView:
    """How a row moved: a sign of its direction, a short text, and the whole of it in words."""

    direction: str
    text: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookChoices:
    """What the form about time shows: the moment as a field for times has it, the latest one, and the stretches."""

    as_of: str
    latest: str
    stretches: Sequence["Choice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value of a filter."""

    value: str
    label: str
    is_chosen: bool
    race: RaceMark | None = None
    country: CountryMark | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A value that an active filter lets through, and the state without it. `name` is the filter's."""

    name: str
    key: str
    label: str
    without: BoardState


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLink:
    """A page to go to. `number` is None for a gap in the sequence."""

    number: int | None
    url: str = ""
    is_current: bool = False


class RaceMarks:
    """The marks of a game's races, from its data alone.

    Races whose marks begin alike are one family and share a colour; a second game style is drawn filled.
    """

    def __init__(self, catalog: Catalog) -> None:
        families = list(dict.fromkeys(_family(race) for race in catalog.races))
        styles = list(dict.fromkeys(race.game_style for race in catalog.races))
        self._marks = {
            race.code: RaceMark(
                code=race.code,
                name=race.name,
                short=race.short,
                hue=families.index(_family(race)) % HUES,
                is_second_style=styles.index(race.game_style) > 0,
            )
            for race in catalog.races
        }

    def __getitem__(self, code: str) -> RaceMark:
        """The mark of a race. Raises KeyError."""
        return self._marks[code]


def _family(race: Race) -> str:
    return race.short[0].casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Whom a page is drawn for: what it says is in their language, the names of countries are in their locale."""

    wording: Wording
    locale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageChoice:
    """A language that the page can be read in: its tag, its own name, and where the page is in it."""

    language: str
    name: str
    url: str
    is_current: bool


class Views:
    """Makes views for one game."""

    def __init__(self, *, catalog: Catalog, countries: Countries, country_names: CountryNames, assets: Assets) -> None:
        self._catalog = catalog
        self._countries = countries
        self._country_names = country_names
        self._assets = assets
        self._races = RaceMarks(catalog)

    def country(self, code: str | None, locale: str) -> CountryMark:
        """How a country is drawn for a viewer of this language."""
        return CountryMark(
            code=code or "", name=self._country_names.name(code, locale), flag_url=self._assets.flag_url(code)
        )

    def rows(self, page: LeaderboardPage, *, found: PlayerId | None, viewer: Viewer, now_us: int) -> list[RowView]:
        """The rows of a page."""
        seen: set[int] = set()
        rows: list[RowView] = []
        movements = page.movements
        for place, row in enumerate(page.players):
            anchor = None if row.player_id in seen else f"player-{row.player_id}"
            seen.add(row.player_id)
            moved = None if movements is None else movement_view(movements[place], viewer.wording)
            rows.append(self._row(row, anchor, moved, found=row.player_id == found, viewer=viewer, now_us=now_us))
        return rows

    def _row(
        self,
        row: LeaderboardRow,
        anchor: str | None,
        moved: MovementView | None,
        *,
        found: bool,
        viewer: Viewer,
        now_us: int,
    ) -> RowView:
        wording = viewer.wording
        second_us = row.last_played_us - row.last_played_us % MICROSECONDS_PER_SECOND
        return RowView(
            key=f"row-{row.player_id}-{row.race}",
            anchor=anchor,
            is_found=found,
            global_rank=row.global_rank,
            filter_rank=row.filter_rank,
            letter=row.letter_rank,
            percentile=f"{row.percentile:.1f}",
            name=row.player_name,
            country=self.country(row.country, viewer.locale),
            race=self._races[row.race],
            mmr=row.mmr,
            won=row.games_won,
            lost=row.games_lost,
            drawn=row.games_drawn,
            win_percent=round(100 * row.games_won / row.games_played),
            last_played=to_iso(second_us),
            last_played_ago=wording.ago(row.last_played_us, now_us),
            last_played_full=wording.date_and_time(row.last_played_us),
            unsure=rules.unsure(wording, row.deviation) if row.is_provisional else "",
            moved=moved,
        )

    def race_choices(self, state: BoardState) -> list[Choice]:
        """All races."""
        marks = [self._races[code] for code in self._catalog.race_codes]
        chosen = state.filters.races or ()
        return [Choice(value=mark.code, label=mark.name, is_chosen=mark.code in chosen, race=mark) for mark in marks]

    def look_choices(self, state: BoardState, wording: Wording, now_us: int) -> LookChoices:
        """The moment that is looked at and the stretches of time to see movements over."""
        chosen = "" if state.movement_since is None else state.movement_since.text
        stretches = {"": wording.say("site.no_movement")}
        stretches |= {stretch: wording.say(f"site.movement_{stretch}") for stretch in STRETCHES}
        if chosen:
            stretches.setdefault(chosen, chosen)
        return LookChoices(
            as_of="" if state.as_of_us is None else f"{to_datetime(state.as_of_us):%Y-%m-%dT%H:%M:%S}",
            latest=f"{to_datetime(now_us):%Y-%m-%dT%H:%M}",
            stretches=[
                Choice(value=value, label=label, is_chosen=value == chosen) for value, label in stretches.items()
            ],
        )

    def filter_choices(self, state: BoardState, wording: Wording) -> dict[str, list[Choice]]:
        """The values of each filter of which one is chosen, by its parameter."""
        return {
            name: [Choice(value=value, label=label, is_chosen=is_chosen) for value, label, is_chosen in offered]
            for name, offered in filter_choices(state.filters, wording).items()
        }

    def country_choices(self, chosen: Collection[str | None], locale: str) -> tuple[list[Choice], list[Choice]]:
        """The common countries and "other", in the organiser's order; and all the rest in the language's order."""
        first = dict.fromkeys((*self._countries.common, OTHER))
        rest = [code for code, _ in self._country_names.sorted_names(locale) if code not in first]
        return self._country_list(first, chosen, locale), self._country_list(rest, chosen, locale)

    def _country_list(self, codes: Iterable[str], chosen: Collection[str | None], locale: str) -> list[Choice]:
        marks = [self.country(code, locale) for code in codes]
        return [Choice(value=mark.code, label=mark.name, is_chosen=mark.code in chosen, country=mark) for mark in marks]

    def chips(self, state: BoardState, viewer: Viewer) -> list[Chip]:
        """The active filters, each with the state that is left when it is dropped."""
        top = state.first_page()
        active = active_filters(
            state.filters,
            viewer.wording,
            lambda code: self._races[code].name,
            lambda code: self._country_names.name(code, viewer.locale),
        )
        return [
            Chip(name=one.name, key=one.key, label=one.label, without=replace(top, filters=one.without))
            for one in active
        ]


def movement_view(movement: Movement | None, wording: Wording) -> MovementView:
    """How a row moved, drawn and in words; None is an entry that was not ranked then."""
    if movement is None:
        return MovementView(
            direction="new", text=wording.say("site.moved_new"), words=wording.say("site.not_ranked_then")
        )
    places = abs(movement.places)
    direction = "up" if movement.places > 0 else "down" if movement.places < 0 else "same"
    return MovementView(
        direction=direction,
        text=wording.number(places) if places else "–",
        words=wording.say(f"site.moved_{direction}", count=places, mmr=f"{movement.mmr:+d}"),
    )


def page_links(state: BoardState, current: int, total: int) -> Sequence[PageLink]:
    """The numbers of a pager: both ends, the pages around this one, and gaps where more than one is left out."""
    top = state.first_page()
    wanted = {1, total, *range(current - PAGES_AROUND, current + PAGES_AROUND + 1)}
    if current <= 3:
        wanted |= {2, 3}
    if current >= total - 2:
        wanted |= {total - 1, total - 2}
    links: list[PageLink] = []
    last = 0
    for number in sorted(number for number in wanted if 1 <= number <= total):
        if number == last + 2:
            links.append(PageLink(number=last + 1, url=replace(top, page=last + 1).url()))
        elif number > last + 2:
            links.append(PageLink(number=None))
        links.append(PageLink(number=number, url=replace(top, page=number).url(), is_current=number == current))
        last = number
    return links
