"""The organiser's operations, done by the running server: a client of its admin API."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from types import TracebackType
from typing import Final, Self, TypeVar

import httpx
import msgspec

from toprung.application.ports.progress import Progress
from toprung.application.ratings.rating_adjustment import RatingSetOutcome
from toprung.application.ratings.rating_service import CorrectionOutcome
from toprung.application.ratings.season_service import SeasonStarted
from toprung.application.replays.replay_parsing import PoolHealth
from toprung.application.transfer.import_service import ImportOrigin, ImportSummary
from toprung.application.transfer.table_file import ImportRefused, Problem
from toprung.application.writing.audit import Attribution, Counts
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
from toprung.domain.matches.match import MatchId, MatchResult, MatchState, Outcome
from toprung.domain.matches.match_life import Step, StepRefused
from toprung.domain.moment import from_iso
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.season import LadderSeason, SeasonId
from toprung.domain.replays.replay_upload import UploadId

T = TypeVar("T")

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


class _Pardoned(msgspec.Struct):
    pardoned: int


class _Match(msgspec.Struct):
    match_id: int
    state: MatchState


class _Recomputed(msgspec.Struct):
    entries_changed: int
    entries_unchanged: int


class _Season(msgspec.Struct):
    code: str
    name: str
    started_at: str
    ended_at: str | None
    reset_deviation: float | None


class _SeasonStarted(msgspec.Struct):
    season: _Season
    entries_reset: int


class _ApprovedMod(msgspec.Struct):
    files: int


class _Refusal(msgspec.Struct):
    error: _Error


class _Player(msgspec.Struct):
    player_id: int
    player_name: str
    country: str | None = None
    region: str | None = None
    is_banned: bool = False


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

    async def import_entries(self, text: str, progress: Progress, origin: ImportOrigin | None = None) -> ImportSummary:
        """See `ImportService.import_entries`."""
        return await self._import("/import-entries", text, _told(origin), progress)

    async def import_games(
        self, text: str, source: str, progress: Progress, origin: ImportOrigin | None = None
    ) -> ImportSummary:
        """See `ImportService.import_games`."""
        return await self._import("/import-games", text, {"source": source, **_told(origin)}, progress)

    async def register_player(self, name: str, country: str | None, by: Attribution) -> Player:
        """See `PlayerService.register`."""
        return await self._player("/players", name=name, country=country, **asdict(by))

    async def rename_player(self, name: str, new_name: str, by: Attribution) -> Player:
        """See `PlayerService.rename`."""
        return await self._player("/players/rename", name=name, new_name=new_name, **asdict(by))

    async def set_country(self, name: str, country: str | None, by: Attribution) -> Player:
        """See `PlayerService.set_country`."""
        return await self._player("/players/country", name=name, country=country, **asdict(by))

    async def ban_player(self, name: str, by: Attribution) -> Player:
        """See `PlayerService.ban`."""
        return await self._player("/players/ban", name=name, **asdict(by))

    async def unban_player(self, name: str, by: Attribution) -> Player:
        """See `PlayerService.unban`."""
        return await self._player("/players/unban", name=name, **asdict(by))

    async def pardon_player(self, name: str, by: Attribution) -> int:
        """See `PlayerService.pardon`."""
        return (await self._post("/players/pardon", {"name": name, **asdict(by)}, _Pardoned)).pardoned

    async def restore_player(self, name: str, by: Attribution) -> Player:
        """See `PlayerService.restore`."""
        return await self._player("/players/restore", name=name, **asdict(by))

    async def open_match(
        self,
        first: tuple[str, str],
        second: tuple[str, str],
        *,
        key: str | None,
        map_name: str | None,
        by: Attribution,
    ) -> MatchId:
        """See `MatchLifecycle.open`."""
        body = {"player_1": first[0], "race_1": first[1], "player_2": second[0], "race_2": second[1]}
        opened = await self._post("/open-match", body | {"key": key, "map_name": map_name} | asdict(by), _Match)
        return MatchId(opened.match_id)

    async def act_on_match(
        self, match_id: MatchId, name: str, step: Step, outcome: Outcome | None = None, *, by: Attribution
    ) -> MatchState:
        """See `MatchLifecycle.act`."""
        body = {"player": name, "step": step, "outcome": outcome, **asdict(by)}
        return (await self._post(f"/matches/{match_id}/steps", body, _Match)).state

    async def preview_correction(self, match_id: MatchId, result: MatchResult | None) -> CorrectionOutcome:
        """See `RatingService.preview`."""
        return await self._correction(match_id, {"result": result, "preview": True})

    async def correct_match(
        self, match_id: MatchId, result: MatchResult | None, *, reason: str, actor: str
    ) -> CorrectionOutcome:
        """See `RatingService.correct`."""
        return await self._correction(match_id, {"result": result, "reason": reason, "actor": actor})

    async def recompute_ratings(self, progress: Progress, by: Attribution) -> Counts:  # noqa: ARG002 - told when done
        """See `RatingService.recompute`."""
        told = await self._post("/ratings/recompute", asdict(by), _Recomputed)
        return Counts(changed=told.entries_changed, unchanged=told.entries_unchanged)

    async def approve_mod(self, upload_id: UploadId, *, reason: str, actor: str) -> int:
        """See `ReplayMods.approve`."""
        body = {"reason": reason, "actor": actor}
        return (await self._post(f"/replays/{upload_id}/approve-mod", body, _ApprovedMod)).files

    async def pool_health(self) -> PoolHealth:
        """How the server's replay pool is."""
        async with self._answering():
            response = await self._client.get(self._url("/pool"))
            if not response.is_success:
                raise self._refusal(response)
            return msgspec.json.decode(response.content, type=PoolHealth)

    async def preview_rating(self, name: str, race: str, mmr: int) -> RatingSetOutcome:
        """See `RatingAdjustment.preview`."""
        body = {"name": name, "race": race, "mmr": mmr, "preview": True}
        return await self._post("/players/rating", body, RatingSetOutcome)

    async def set_rating(self, name: str, race: str, mmr: int, *, reason: str, actor: str) -> RatingSetOutcome:
        """See `RatingAdjustment.set_rating`."""
        body = {"name": name, "race": race, "mmr": mmr, "reason": reason, "actor": actor}
        return await self._post("/players/rating", body, RatingSetOutcome)

    async def start_season(
        self, code: str, name: str, *, reset_to: float | None, reason: str, actor: str
    ) -> SeasonStarted:
        """See `SeasonService.start`."""
        body = {"code": code, "name": name, "reset_deviation": reset_to, "reason": reason, "actor": actor}
        started = await self._post("/seasons/start", body, _SeasonStarted)
        return SeasonStarted(season=_season(started.season), entries_reset=started.entries_reset)

    async def end_season(self, *, reason: str, actor: str) -> LadderSeason:
        """See `SeasonService.end`."""
        return _season(await self._post("/seasons/end", {"reason": reason, "actor": actor}, _Season))

    async def _correction(self, match_id: MatchId, body: Mapping[str, object]) -> CorrectionOutcome:
        return await self._post(f"/matches/{match_id}/correction", body, CorrectionOutcome)

    async def _post(self, path: str, body: Mapping[str, object], kind: type[T]) -> T:
        """The answer to a request that may take as long as an import."""
        async with self._answering():
            timeout = httpx.Timeout(IMPORT_SILENCE_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS)
            response = await self._client.post(self._url(path), json=body, timeout=timeout)
            if not response.is_success:
                raise self._refusal(response)
            return msgspec.json.decode(response.content, type=kind, strict=False)  # ids come as strings

    async def _player(self, path: str, **body: str | None) -> Player:
        async with self._answering():
            response = await self._client.post(self._url(path), json=body)
            if not response.is_success:
                raise self._refusal(response)
            made = msgspec.json.decode(response.content, type=_Player, strict=False)  # ids come as strings
            return Player(
                id=PlayerId(made.player_id),
                name=made.player_name,
                country=made.country,
                region=made.region,
                is_banned=made.is_banned,
            )

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
        raise StorageUnavailable(f"The server at {self._address} did not say how the import ended; {_LOOK_FIRST}")

    def _url(self, path: str) -> str:
        return f"{self._address}{_PATH}{path}"

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        """Turns every way of not answering into `StorageUnavailable`."""
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL, httpx.UnsupportedProtocol):
            sentence = (
                f"The server at {self._address} did not answer; is it still running? If not, start it and try again."
            )
            raise StorageUnavailable(sentence) from None
        except httpx.HTTPError:
            raise StorageUnavailable(f"The server at {self._address} stopped answering; {_LOOK_FIRST}") from None
        except msgspec.DecodeError:
            sentence = f"The server at {self._address} did not answer as this version of Toprung expects; {_LOOK_FIRST}"
            raise StorageUnavailable(sentence) from None

    def _refusal(self, response: httpx.Response) -> ToprungError:
        try:
            error = msgspec.json.decode(response.content, type=_Refusal).error
        except msgspec.DecodeError:
            known = _BY_STATUS.get(response.status_code, StorageUnavailable)
            return known(f"The server at {self._address} refused with status {response.status_code}.")
        return _raised(error, response.status_code)


def _told(origin: ImportOrigin | None) -> dict[str, str]:
    return {} if origin is None else {"file": origin.file_name, **asdict(origin.by)}


def _season(told: _Season) -> LadderSeason:
    """The season as told. Its id is the server's affair."""
    return LadderSeason(
        id=SeasonId(0),
        code=told.code,
        name=told.name,
        started_at_us=from_iso(told.started_at),
        ended_at_us=None if told.ended_at is None else from_iso(told.ended_at),
        reset_deviation=told.reset_deviation,
    )


async def _lines(response: httpx.Response) -> AsyncIterator[bytes]:
    """The lines of an answer as they come. Only a line feed ends one: texts may hold Unicode's other line ends."""
    rest = b""
    async for chunk in response.aiter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
    if rest:
        yield rest


_LOOK_FIRST: Final = "look what became of the request before trying again."


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
