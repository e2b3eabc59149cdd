"""The organiser's operations, done by the running server: a client of its admin API."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from types import TracebackType
from typing import Any, Final, Self, TypeVar, cast

import httpx
import msgspec

from toprung.application.organising.asking import fields_of, preview_of, result_of
from toprung.application.organising.operation import Carries, Foreseeable, Operation, Route
from toprung.application.organising.operations import in_silence, route_of
from toprung.application.ports.progress import Progress
from toprung.application.ratings.season_service import SeasonStarted
from toprung.application.replays.pool_health import PoolHealth
from toprung.application.transfer.import_service import ImportSummary
from toprung.application.transfer.table_file import ImportRefused, Problem
from toprung.domain.errors import (
    Busy,
    Conflict,
    GameMismatch,
    InvalidInput,
    LimitReached,
    NotFound,
    OutcomeUnknown,
    StorageUnavailable,
    ToprungError,
    WriterPresent,
)
from toprung.domain.matches.match_life import StepRefused
from toprung.domain.moment import from_iso
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.season import LadderSeason, SeasonId

R = TypeVar("R")
P = TypeVar("P")

CONNECT_TIMEOUT_SECONDS: Final = 5.0
ANSWER_TIMEOUT_SECONDS: Final = 30.0
# Judging a large file takes a while before its first line of progress.
IMPORT_SILENCE_TIMEOUT_SECONDS: Final = 600.0

_PATH: Final = "/api/v1/admin"


class AdminRefused(ToprungError):
    """The server does not accept this client's token."""

    code = "unauthorized"


class _Problem(msgspec.Struct):
    line: int
    column: str
    reason: str


class _Error(msgspec.Struct):
    code: str
    message: str
    field: str | None = None
    problems: list[_Problem] = []
    problem_count: int | None = None


class _Line(msgspec.Struct):
    """One line of an import's answer: only one of the three is there."""

    progress: tuple[int, int] | None = None
    summary: ImportSummary | None = None
    error: _Error | None = None


class _Season(msgspec.Struct):
    code: str
    name: str
    started_at: str
    ended_at: str | None
    reset_deviation: float | None

    def read(self) -> LadderSeason:
        """The season as told. Its id is the server's affair."""
        return LadderSeason(
            id=SeasonId(0),
            code=self.code,
            name=self.name,
            started_at_us=from_iso(self.started_at),
            ended_at_us=None if self.ended_at is None else from_iso(self.ended_at),
            reset_deviation=self.reset_deviation,
        )


class _SeasonStarted(msgspec.Struct):
    season: _Season
    entries_reset: int

    def read(self) -> SeasonStarted:
        """The season, and what its start did."""
        return SeasonStarted(season=self.season.read(), entries_reset=self.entries_reset)


class _Refusal(msgspec.Struct):
    error: _Error


class _Player(msgspec.Struct):
    player_id: int
    player_name: str
    country: str | None = None
    region: str | None = None
    is_banned: bool = False

    def read(self) -> Player:
        """The player as told."""
        return Player(
            id=PlayerId(self.player_id),
            name=self.player_name,
            country=self.country,
            region=self.region,
            is_banned=self.is_banned,
        )


def _as_it_is(told: Any) -> object:
    return told


_READ: Final[Mapping[type[object], tuple[type[object], Callable[[Any], object]]]] = {
    Player: (_Player, _Player.read),
    LadderSeason: (_Season, _Season.read),
    SeasonStarted: (_SeasonStarted, _SeasonStarted.read),
}
"""How what an operation says is read from the API's answer, where the two do not look alike."""

_BY_CODE: Final[dict[str, Callable[[str], ToprungError]]] = {
    kind.code: kind
    for kind in (
        *(NotFound, Conflict, StepRefused, StorageUnavailable, WriterPresent, GameMismatch, AdminRefused),
        *(Busy, LimitReached, OutcomeUnknown),
    )
}
_BY_STATUS: Final[dict[int, Callable[[str], ToprungError]]] = {
    401: AdminRefused,
    403: AdminRefused,
    404: NotFound,
    409: Conflict,
    413: lambda sentence: InvalidInput("file", sentence),
    422: lambda sentence: InvalidInput("request", sentence),
    503: StorageUnavailable,
}


class AdminClient:
    """`Administration` through the server at `address`, as an asynchronous context manager.

    What the server refuses is raised as the use cases there raise it. `StorageUnavailable` says that the server did not
    answer, or not so that it can be understood; then nothing is known of what was asked.
    """

    def __init__(self, address: str, token: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._address = address.rstrip("/")
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(ANSWER_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
            transport=transport,
            trust_env=False,  # the server is on this machine: no proxy has to do with it, and none shall see the token
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self._client.__aexit__(kind, error, traceback)

    async def perform(self, operation: Operation[R], tell: Progress = in_silence) -> R:
        """See `Administration`. An import's progress is told as it comes, that of all else when it is done."""
        route = route_of(operation)
        if route.carries is Carries.CSV:
            text, parameters = _carried(operation)
            return cast("R", await self._import(route.path, text, parameters, tell))
        return cast("R", await self._post(operation, route, asdict(operation.by), result_of(type(operation))))

    async def preview(self, operation: Foreseeable[object, P]) -> P:
        """See `Administration`. The server tells it of operations whose route says so."""
        route = route_of(operation)
        return cast("P", await self._post(operation, route, {"preview": True}, preview_of(type(operation))))

    async def pool_health(self) -> PoolHealth:
        """How the server's replay pool is."""
        async with self._answering():
            response = await self._client.get(self._url("/pool"))
            if not response.is_success:
                raise self._refusal(response)
            return msgspec.json.decode(response.content, type=PoolHealth)

    async def _post(
        self, operation: Operation[object], route: Route, beside: Mapping[str, object], result: type[object]
    ) -> object:
        given = {name: value for name, value in fields_of(operation).items() if f"{{{name}}}" not in route.path}
        body = None if route.carries is Carries.NOTHING else {**given, **beside}
        silence = IMPORT_SILENCE_TIMEOUT_SECONDS if route.takes_long else ANSWER_TIMEOUT_SECONDS
        async with self._answering():
            response = await self._client.post(
                self._url(route.path.format(**fields_of(operation))),
                json=body,
                timeout=httpx.Timeout(silence, connect=CONNECT_TIMEOUT_SECONDS),
            )
            if not response.is_success:
                raise self._refusal(response)
            shape, read = _READ.get(result, (result, _as_it_is))
            return read(msgspec.json.decode(response.content, type=shape, strict=False))  # ids come as strings

    async def _import(self, path: str, text: str, parameters: dict[str, str], progress: Progress) -> ImportSummary:
        async with self._answering():
            request = self._client.build_request(
                "POST",
                self._url(path),
                params=parameters,
                content=text.encode(),
                headers={"Content-Type": "text/csv; charset=utf-8"},
                timeout=httpx.Timeout(IMPORT_SILENCE_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
            )
            response = await self._client.send(request, stream=True)
            try:
                if not response.is_success:
                    await response.aread()
                    raise self._refusal(response)
                return await self._summary(response, progress)
            finally:
                await response.aclose()

    async def _summary(self, response: httpx.Response, progress: Progress) -> ImportSummary:
        async for text in _lines(response):
            line = msgspec.json.decode(text, type=_Line)
            if line.error is not None:
                raise _raised(line.error, response.status_code)
            if line.summary is not None:
                return line.summary
            if line.progress is not None:
                progress(*line.progress)
        sentence = "The server at {server} did not say how the import ended; look what became of it first."
        raise StorageUnavailable(sentence, "import_end_unknown", server=self._address)

    def _url(self, path: str) -> str:
        return f"{self._address}{_PATH}{path}"

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        """Turns every way of not answering into `StorageUnavailable`."""
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL, httpx.UnsupportedProtocol):
            sentence = "The server at {server} did not answer; is it still running? If not, start it and try again."
            raise StorageUnavailable(sentence, "server_silent", server=self._address) from None
        except httpx.HTTPError:
            sentence = "The server at {server} stopped answering; look what became of the request first."
            raise StorageUnavailable(sentence, "stopped_answering", server=self._address) from None
        except msgspec.DecodeError:
            sentence = "The server at {server} did not answer as this version of Toprung expects; look before retrying."
            raise StorageUnavailable(sentence, "server_other_version", server=self._address) from None

    def _refusal(self, response: httpx.Response) -> ToprungError:
        try:
            error = msgspec.json.decode(response.content, type=_Refusal).error
        except msgspec.DecodeError:
            known = _BY_STATUS.get(response.status_code, StorageUnavailable)
            return known(f"The server at {self._address} refused with status {response.status_code}.")
        return _raised(error, response.status_code)


def _carried(operation: Operation[object]) -> tuple[str, dict[str, str]]:
    """The file's text, and what is said of it."""
    told = {**fields_of(operation), **asdict(operation.by)}
    return told.pop("text"), told


async def _lines(response: httpx.Response) -> AsyncIterator[bytes]:
    """The lines of an answer as they come. Only a line feed ends one: texts may hold Unicode's other line ends."""
    rest = b""
    async for chunk in response.aiter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
    if rest:
        yield rest


def _raised(error: _Error, status: int) -> ToprungError:
    """The error as the use case raised it; one whose code is not known here goes by the status."""
    if error.code == ImportRefused.code:
        problems = [Problem(line=item.line, column=item.column, reason=item.reason) for item in error.problems]
        refused = ImportRefused(problems)
        # What came over the wire may be a part of the list: the sentence and the count are those of all of it.
        refused.args = (error.message,)
        refused.problem_count = len(problems) if error.problem_count is None else error.problem_count
        return refused
    if error.field is not None and error.code not in _BY_CODE:
        return InvalidInput(error.field, error.message)
    return _BY_CODE.get(error.code, _BY_STATUS.get(status, StorageUnavailable))(error.message)
