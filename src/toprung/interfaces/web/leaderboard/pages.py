"""The page `/leaderboard`: drawn by the server, a permalink in every state."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Literal

from fastapi import APIRouter, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.datastructures import Headers, QueryParams
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from toprung.application.ladder import Ladder
from toprung.domain.errors import ToprungError, filled
from toprung.domain.leaderboard.leaderboard import LeaderboardPage
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.interfaces.texts.texts import Texts
from toprung.interfaces.texts.wording import Wording
from toprung.interfaces.web.door.errors import Refusals
from toprung.interfaces.web.door.speech import LANG, Speech
from toprung.interfaces.web.leaderboard.filters import BoardState, FilterReader
from toprung.interfaces.web.leaderboard.finding import Finding, find_player
from toprung.interfaces.web.leaderboard.views import LanguageChoice, Viewer, Views, page_links
from toprung.interfaces.web.site.assets import STATIC_PATH, Assets
from toprung.interfaces.web.site.kept import Keeper, KeptAnswer, KeptResponse
from toprung.interfaces.web.site.live import BoardHub
from toprung.interfaces.web.site.wording import inactivity_rule

TEMPLATES_FOLDER: Final = Path(__file__).parents[1] / "site" / "templates"
PAGE_PATH: Final = "/leaderboard"
ROWS_PATH: Final = "/leaderboard/rows"
PAGE_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Type": "text/html; charset=utf-8",
    "Vary": "Accept-Language",
}
SEE_OTHER: Final = 303
COUNTRY_LISTS_KEPT: Final = 64
QUERIES_KEPT: Final = 2_000
QUERY_KEPT_BYTES_MAX: Final = 1_000
LANGUAGES_KEPT: Final = 500
LANGUAGE_KEPT_CODE_POINTS_MAX: Final = 200
PIECES_AT_ONCE_MAX: Final = 200
"""How many pieces of a template are drawn before the event loop does anything else: about a millisecond's work."""

_MINUTE_US: Final = 60 * MICROSECONDS_PER_SECOND

LIVE_TEXTS: Final = (
    *("site.live", "site.live_past", "site.live_paused", "site.live_connecting", "site.live_reconnecting"),
    *("site.rows_changed", "time.just_now", "time.minutes_ago", "time.hours_ago"),
)
"""What the page says of itself while it stays open."""

Kind = Literal["page", "rows"]

_KINDS: Final[Mapping[str, Kind]] = {PAGE_PATH: "page", ROWS_PATH: "rows"}
_READING: Final = frozenset({"GET", "HEAD"})


class Templates:
    """The templates of the site, with what each of them may use. Everything is escaped.

    `site_url` is where the public knows the site; links that leave it, as the canonical one does, are absolute then.
    """

    def __init__(self, ladder: Ladder, assets: Assets, *, site_url: str | None = None) -> None:
        self._inactivity_days = ladder.inactivity_days
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
            "game_name": ladder.catalog.name,
            "inactivity_days": ladder.inactivity_days,
        }

    def html(self, name: str, wording: Wording, **context: Any) -> str:
        """A template, drawn in a language."""
        return self._environment.get_template(name).render(**self._said(wording), **context)

    async def drawn(self, name: str, wording: Wording, **context: Any) -> bytes:
        """A template, drawn in small steps."""
        pieces: list[str] = []
        for piece in self._environment.get_template(name).generate(**self._said(wording), **context):
            pieces.append(piece)
            if len(pieces) % PIECES_AT_ONCE_MAX == 0:
                await asyncio.sleep(0)
        return "".join(pieces).encode()

    def error(self, speech: Speech, status: int, sentence: str) -> Response:
        """The page of an error."""
        home = f"{PAGE_PATH}?{LANG}={speech.chosen}" if speech.chosen else PAGE_PATH
        html = self.html("error.html", speech.wording, status=status, sentence=sentence, home_url=home)
        return HTMLResponse(html, status, headers=PAGE_HEADERS)

    def _said(self, wording: Wording) -> dict[str, Any]:
        def markup(code: str, **parameters: object) -> Markup:
            """A sentence with HTML among its parameters; whatever is none is escaped."""
            slots = {name: f"{{{name}}}" for name in parameters}
            form = escape(wording.say(code, **slots))
            return Markup(filled(form, {name: str(escape(value)) for name, value in parameters.items()}))  # noqa: S704

        return {
            "language": wording.language,
            "say": wording.say,
            "markup": markup,
            "number": wording.number,
            "days": wording.days,
            "inactivity_rule": inactivity_rule(wording, self._inactivity_days),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Emptied:
    """One filter of an empty board: how many rows there would be without it."""

    label: str
    url: str
    rows: int


class LeaderboardPages:
    """Answers for the page and for its part that is fetched again when the board has a new version.

    Both are drawn once for everybody who asks the same in the same language, until the board has another version or the
    minute is over: what is said of how long ago something was is as of the minute's beginning.
    """

    def __init__(
        self, ladder: Ladder, hub: BoardHub, templates: Templates, assets: Assets, keeper: Keeper, texts: Texts
    ) -> None:
        self._ladder = ladder
        self._leaderboard = ladder.leaderboard
        self._hub = hub
        self._templates = templates
        self._keeper = keeper
        self._texts = texts
        self._wordings = {language: Wording(texts, language, "site") for language in texts.languages}
        self._live_texts = {
            language: {code: wording.forms(code) for code in LIVE_TEXTS} for language, wording in self._wordings.items()
        }
        self._reader = FilterReader(catalog=ladder.catalog, countries=ladder.countries, languages=texts.languages)
        self._views = Views(
            catalog=ladder.catalog,
            countries=ladder.countries,
            country_names=ladder.country_names,
            assets=assets,
        )
        self._countries = lru_cache(COUNTRY_LISTS_KEPT)(self._drawn_countries)
        self._kept_state = lru_cache(QUERIES_KEPT)(self._read_state)
        self._kept_viewer = lru_cache(LANGUAGES_KEPT)(self._found_viewer)

    async def answer(self, kind: Kind, query: str, accept_language: str | None) -> KeptAnswer | None:
        """What is drawn for a query string; None where this is no canonical one of a page, or looks for a name.

        Raises `InvalidInput` and `StorageUnavailable`.
        """
        state = (self._kept_state if len(query) <= QUERY_KEPT_BYTES_MAX else self._read_state)(query)
        if kind == "rows":
            state = replace(state, find="") if state.find else state
        elif state.find or query != state.query:
            return None
        viewer = self._viewer(state.language or accept_language)
        now_us = self._hub.now_us()
        minute_us = now_us - now_us % _MINUTE_US
        tag = await self._leaderboard.tag()

        async def draw() -> KeptAnswer:
            body = await self._drawn(kind, state, viewer, minute_us)
            return await asyncio.to_thread(KeptAnswer.of, body, PAGE_HEADERS)

        question = kind, state.query, viewer.wording.language, viewer.locale
        return await self._keeper.answer(question, (tag, minute_us), draw)

    async def _drawn(
        self, kind: Kind, state: BoardState, viewer: Viewer, now_us: int, finding: Finding | None = None
    ) -> bytes:
        context = await self._board(state, viewer, now_us)
        if kind == "rows":
            return await self._templates.drawn("_board.html", viewer.wording, **context)
        frame = self._frame(state, viewer, now_us, finding)
        return await self._templates.drawn("leaderboard.html", viewer.wording, **context, **frame)

    def _frame(self, state: BoardState, viewer: Viewer, now_us: int, finding: Finding | None) -> dict[str, Any]:
        """What is around the board."""
        found = finding.matches if finding else ()
        said = self._said(state, viewer)
        return {
            "finding": finding,
            "matches": [
                (
                    match,
                    self._views.country(match.player.country, viewer.locale),
                    ", ".join(said[name] for name in match.hidden_by),
                )
                for match in found
            ],
            "looks": self._views.look_choices(state, viewer.wording, now_us),
            "choices": self._views.filter_choices(state, viewer.wording),
            "races": self._views.race_choices(state),
            "countries": self._countries(state.filters.countries or (), viewer.wording.language, viewer.locale),
            "languages": self._language_choices(state, viewer.wording.language),
            "home_url": state.whole_ladder().url(),
            "live_texts": self._live_texts[viewer.wording.language],
        }

    def _language_choices(self, state: BoardState, current: str) -> list[LanguageChoice]:
        return [
            LanguageChoice(
                language=language,
                name=self._texts.own_name(language),
                url=state.in_language(language).url(),
                is_current=language == current,
            )
            for language in self._texts.languages
        ]

    async def page(self, request: Request) -> Response:
        """The whole page, or the way to the canonical address of what is asked for."""
        answer = await self.answer("page", request.url.query, request.headers.get("accept-language"))
        if answer is not None:
            return KeptResponse(answer)
        state = self._read_state(request.url.query)
        finding: Finding | None = None
        if state.find:
            finding = await find_player(self._leaderboard, state)
            if finding.go_to is not None:
                return RedirectResponse(finding.go_to, SEE_OTHER)
        if request.url.query != state.query:
            return RedirectResponse(state.url(), SEE_OTHER)
        viewer = self._viewer(state.language or request.headers.get("accept-language"))
        body = await self._drawn("page", state, viewer, self._hub.now_us(), finding)
        return HTMLResponse(body, headers=PAGE_HEADERS)

    async def rows(self, request: Request) -> Response:
        """The part of the page that the board's versions change."""
        answer = await self.answer("rows", request.url.query, request.headers.get("accept-language"))
        if answer is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return KeptResponse(answer)

    def _read_state(self, query: str) -> BoardState:
        return self._reader.read_page(QueryParams(query).multi_items())

    def _drawn_countries(self, chosen: tuple[str | None, ...], language: str, locale: str) -> str:
        common, others = self._views.country_choices(chosen, locale)
        return self._templates.html(
            "_countries.html",
            self._wordings[language],
            common_countries=common,
            other_countries=others,
            locale=locale,
        )

    def _viewer(self, wish: str | None) -> Viewer:
        """Whom a page is for: by the language that was chosen, or else by what the browser says."""
        is_short = len(wish or "") <= LANGUAGE_KEPT_CODE_POINTS_MAX
        return self._kept_viewer(wish) if is_short else self._found_viewer(wish)

    def _found_viewer(self, wish: str | None) -> Viewer:
        wording = self._wordings[self._texts.accepted(wish)]
        return Viewer(wording=wording, locale=self._ladder.country_names.best_locale(wish))

    async def _board(self, state: BoardState, viewer: Viewer, now_us: int) -> dict[str, Any]:
        page = await self._leaderboard.get_leaderboard_data(
            filters=state.filters, **state.look, current_page=state.page, page_size=state.page_size
        )
        now_us = now_us if state.as_of_us is None else state.as_of_us
        wording, current = viewer.wording, page.current_page
        top = state.first_page()
        return {
            "state": state,
            "page": page,
            "rows": self._views.rows(page, found=state.player, viewer=viewer, now_us=now_us),
            "past": None if state.as_of_us is None else wording.date_and_time(state.as_of_us),
            "present_url": state.at_present().url(),
            "other_past_url": replace(state.first_page(), is_corrected=not state.is_corrected).url(),
            "moved_since": None if page.since_us is None else wording.date_and_time(page.since_us),
            "chips": self._views.chips(state, viewer),
            "whole_ladder_url": state.without_filters().url(),
            "links": page_links(state, current, page.total_pages),
            "previous_url": replace(top, page=current - 1).url() if current > 1 else None,
            "next_url": replace(top, page=current + 1).url() if current < page.total_pages else None,
            "emptied": await self._emptied(state, page, viewer),
            "last_activity": None if page.last_activity_us is None else wording.date_and_time(page.last_activity_us),
            "last_activity_ago": None if page.last_activity_us is None else wording.ago(page.last_activity_us, now_us),
        }

    async def _emptied(self, state: BoardState, page: LeaderboardPage, viewer: Viewer) -> list[Emptied]:
        """Where the filters let nobody through although somebody is ranked: what dropping each of them would show."""
        if page.players or not page.total_ranked:
            return []
        dropped = {one.name: one for one in await self._leaderboard.what_to_drop(state.filters, past=state.past)}
        return [
            Emptied(
                label=label,
                url=replace(state.first_page(), filters=dropped[name].filters).url(),
                rows=dropped[name].rows,
            )
            for name, label in self._said(state, viewer).items()
        ]

    def _said(self, state: BoardState, viewer: Viewer) -> dict[str, str]:
        """How each active filter is said, by its name."""
        said: dict[str, list[str]] = {}
        for chip in self._views.chips(state, viewer):
            said.setdefault(chip.name, []).append(chip.label)
        return {name: ", ".join(labels) for name, labels in said.items()}


class KeptPages:
    """Answers for the board's page and rows before anything of the application is asked."""

    def __init__(self, app: ASGIApp, pages: LeaderboardPages, refusals: Refusals) -> None:
        self._app = app
        self._pages = pages
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or runs the application."""
        kind = _KINDS.get(scope["path"]) if scope["type"] == "http" and scope["method"] in _READING else None
        answer: ASGIApp | None = None
        if kind is not None:
            wish = Headers(scope=scope).get("accept-language")
            try:
                answer = await self._pages.answer(kind, scope["query_string"].decode("latin-1"), wish)
            except ToprungError as error:
                answer = self._refusals.told(scope, error)
        await (answer or self._app)(scope, receive, send)


def pages_router(pages: LeaderboardPages, assets: Assets) -> APIRouter:
    """The routes for people, and the files of their pages."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/", methods=["GET", "HEAD"])
    async def home() -> Response:
        return RedirectResponse(PAGE_PATH, SEE_OTHER)

    @router.api_route("/favicon.ico", methods=["GET", "HEAD"])
    async def favicon() -> Response:
        return file_at("favicon.svg", "")

    @router.api_route(f"{STATIC_PATH}/{{name:path}}", methods=["GET", "HEAD"])
    async def static(name: str, request: Request) -> Response:
        return file_at(name, request.url.query)

    def file_at(name: str, query: str) -> Response:
        answer = assets.answer(name, query)
        if answer is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return KeptResponse(answer)

    router.add_api_route(PAGE_PATH, pages.page, methods=["GET", "HEAD"])
    router.add_api_route(ROWS_PATH, pages.rows, methods=["GET", "HEAD"])
    return router
