"""The page `/leaderboard`: drawn by the server, a permalink in every state."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from toprung.application.services import Services
from toprung.domain.leaderboard import LeaderboardPage
from toprung.interfaces.web import wording
from toprung.interfaces.web.assets import Assets
from toprung.interfaces.web.filters import BoardState, FilterReader
from toprung.interfaces.web.finding import Finding, find_player
from toprung.interfaces.web.live import BoardHub
from toprung.interfaces.web.views import Views, page_links

TEMPLATES_FOLDER: Final = Path(__file__).parent / "templates"
PAGE_HEADERS: Final = {"Cache-Control": "no-cache", "Vary": "Accept-Language"}
SEE_OTHER: Final = 303
COUNTRY_LISTS_KEPT: Final = 64


class Templates:
    """The templates of the site, with what each of them may use. Everything is escaped.

    `site_url` is where the public knows the site; links that leave it, as the canonical one does, are absolute then.
    """

    def __init__(self, services: Services, assets: Assets, *, site_url: str | None = None) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES_FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {
            "asset": assets.url,
            "site_url": site_url or "",
            "game_name": services.catalog.name,
            "inactivity_rule": wording.inactivity_rule(services.inactivity_days),
            "inactivity_days": services.inactivity_days,
            "counted": wording.counted,
            "number": wording.number,
            "days": wording.days,
        }

    def html(self, name: str, **context: Any) -> str:
        """A template, drawn."""
        return self._environment.get_template(name).render(**context)

    def render(self, name: str, status_code: int = 200, **context: Any) -> HTMLResponse:
        """A template as a response."""
        return HTMLResponse(self.html(name, **context), status_code, headers=PAGE_HEADERS)

    def error(self, status: int, sentence: str) -> Response:
        """The page of an error."""
        return self.render("error.html", status, status=status, sentence=sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Emptied:
    """One filter of an empty board: how many rows there would be without it."""

    label: str
    url: str
    rows: int


class LeaderboardPages:
    """Answers for the page and for its part that is fetched again when the board has a new version."""

    def __init__(self, services: Services, hub: BoardHub, templates: Templates, assets: Assets) -> None:
        self._services = services
        self._leaderboard = services.leaderboard
        self._hub = hub
        self._templates = templates
        self._reader = FilterReader(catalog=services.catalog, countries=services.countries)
        self._views = Views(
            catalog=services.catalog,
            countries=services.countries,
            country_names=services.country_names,
            assets=assets,
        )
        self._countries = lru_cache(COUNTRY_LISTS_KEPT)(self._drawn_countries)

    async def page(self, request: Request) -> Response:
        """The whole page, or the way to the canonical address of what is asked for."""
        state = self._reader.read_page(request.query_params.multi_items())
        finding: Finding | None = None
        if state.find:
            finding = await find_player(self._leaderboard, state)
            if finding.go_to is not None:
                return RedirectResponse(finding.go_to, SEE_OTHER)
        if request.url.query != state.query:
            return RedirectResponse(state.url(), SEE_OTHER)
        locale = self._locale(request)
        context = await self._board(state, locale)
        return self._templates.render(
            "leaderboard.html",
            **context,
            finding=finding,
            matches=[(match, self._views.country(match.player.country, locale)) for match in finding.matches]
            if finding
            else [],
            looks=self._views.look_choices(state, self._hub.now_us()),
            ranks=self._views.rank_choices(state),
            races=self._views.race_choices(state),
            countries=self._countries(state.countries, locale),
        )

    async def rows(self, request: Request) -> Response:
        """The part of the page that the board's versions change."""
        state = replace(self._reader.read_page(request.query_params.multi_items()), find="")
        return self._templates.render("_board.html", **await self._board(state, self._locale(request)))

    def _drawn_countries(self, chosen: tuple[str, ...], locale: str) -> str:
        common, others = self._views.country_choices(chosen, locale)
        return self._templates.html("_countries.html", common_countries=common, other_countries=others, locale=locale)

    def _locale(self, request: Request) -> str:
        return self._services.country_names.best_locale(request.headers.get("accept-language"))

    async def _board(self, state: BoardState, locale: str) -> dict[str, Any]:
        page = await self._leaderboard.get_leaderboard_data(
            **state.arguments, **state.look, current_page=state.page, page_size=state.page_size
        )
        now_us = self._hub.now_us() if state.as_of_us is None else state.as_of_us
        current = page.current_page
        top = state.first_page()
        return {
            "state": state,
            "page": page,
            "rows": self._views.rows(page, found=state.player, locale=locale, now_us=now_us),
            "past": None if state.as_of_us is None else wording.date_and_time(state.as_of_us),
            "present_url": state.at_present().url(),
            "other_past_url": replace(state.first_page(), is_corrected=not state.is_corrected).url(),
            "moved_since": None if page.since_us is None else wording.date_and_time(page.since_us),
            "chips": self._views.chips(state, locale),
            "whole_ladder_url": state.without_filters().url(),
            "links": page_links(state, current, page.total_pages),
            "previous_url": replace(top, page=current - 1).url() if current > 1 else None,
            "next_url": replace(top, page=current + 1).url() if current < page.total_pages else None,
            "emptied": await self._emptied(state, page, locale),
            "last_activity": None if page.last_activity_us is None else wording.date_and_time(page.last_activity_us),
            "last_activity_ago": None if page.last_activity_us is None else wording.ago(page.last_activity_us, now_us),
        }

    async def _emptied(self, state: BoardState, page: LeaderboardPage, locale: str) -> list[Emptied]:
        """Where the filters let nobody through although somebody is ranked: what dropping each of them would show."""
        if page.players or not page.total_ranked:
            return []
        emptied: list[Emptied] = []
        for chip in self._views.chips(state, locale):
            without = await self._leaderboard.get_leaderboard_data(
                **chip.without.arguments, past=state.past, page_size=1
            )
            emptied.append(Emptied(label=chip.label, url=chip.without.url(), rows=without.total_players))
        return emptied


def pages_router(pages: LeaderboardPages) -> APIRouter:
    """The routes for people."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/", methods=["GET", "HEAD"])
    async def home() -> Response:
        return RedirectResponse("/leaderboard", SEE_OTHER)

    router.add_api_route("/leaderboard", pages.page, methods=["GET", "HEAD"])
    router.add_api_route("/leaderboard/rows", pages.rows, methods=["GET", "HEAD"])
    return router
