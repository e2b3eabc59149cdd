"""Uploading replays for players, and looking at the job queue, over HTTP; the guard checked the token."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from toprung.application.jobs.job_queue import JobHistory
from toprung.application.ports.replays import Intake
from toprung.domain.jobs.job import JobId, JobState
from toprung.domain.matches.match import MatchId
from toprung.interfaces.job_shapes import job_shape, stats_shape, submitted_shape
from toprung.interfaces.web.api.api import json_response
from toprung.interfaces.web.api.openapi import error_answers
from toprung.interfaces.web.api.paging import NextCursor, PageAsked
from toprung.interfaces.web.api.uploads import UploadLimits, received

ID_MAX: Final = 2**63 - 1
NAME_MAX_CODE_POINTS: Final = 200

_Number = Annotated[int, Path(ge=1, le=ID_MAX)]


class SubmittedAnswer(BaseModel):
    """What is kept of an upload. One that is not new was brought before, by the same player for the same match."""

    upload_id: str
    sha256: str
    player_id: str
    match_id: str | None
    state: str
    sentence: str
    is_new: bool


class JobAnswer(BaseModel):
    """A job. `attempt` counts how often it was begun; what went wrong is counted by kind.

    One that belongs to no player is the ladder's own work.
    """

    job_id: str
    kind: str
    payload: str
    player_id: str | None
    state: JobState
    attempt: int
    errors: int
    deaths: int
    interruptions: int
    enqueued_at: str
    finished_at: str | None
    last_error: str | None


class JobsAnswer(BaseModel):
    """Jobs, the newest first."""

    jobs: list[JobAnswer]
    next: NextCursor


class JobStatsAnswer(BaseModel):
    """How many jobs there are in each state, and since when the oldest of those that wait does."""

    ready: int
    leased: int
    done: int
    dead: int
    dead_since_yesterday: int
    oldest_ready_at: str | None


def add_replay_routes(router: APIRouter, intake: Intake, limits: UploadLimits) -> None:
    """Adds the route for uploads."""
    body: dict[str, Any] = {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary", "minLength": 1}}},
    }

    @router.post(
        "/replays",
        summary="Upload a replay as a player",
        response_model=SubmittedAnswer,
        responses=error_answers(404, 408, 409, 429),
        openapi_extra={"requestBody": body},
        max_body_size=limits.bytes_max,
    )
    async def submit(
        request: Request,
        player: Annotated[str, Query(alias="as", min_length=1, max_length=NAME_MAX_CODE_POINTS)],
        match: Annotated[int | None, Query(ge=1, le=ID_MAX)] = None,
        name: Annotated[str | None, Query(max_length=NAME_MAX_CODE_POINTS)] = None,
    ) -> Response:
        data = await received(request.stream(), limits)
        match_id = None if match is None else MatchId(match)
        return json_response(submitted_shape(await intake.submit_replay(player, match_id, data, name)))


class JobsAsked(PageAsked):
    """Which jobs to list."""

    state: JobState | None = None


def add_job_routes(router: APIRouter, jobs: JobHistory) -> None:
    """Adds the routes for looking at jobs."""

    @router.get("/jobs", summary="The latest jobs", response_model=JobsAnswer)
    async def latest(asked: Annotated[JobsAsked, Query()]) -> Response:
        page = await jobs.latest(asked.limit, asked.state, asked.cursor)
        return json_response({"jobs": [job_shape(job) for job in page.rows], "next": page.next})

    @router.get("/jobs/stats", summary="How many jobs there are", response_model=JobStatsAnswer)
    async def stats() -> Response:
        return json_response(stats_shape(await jobs.stats()))

    @router.get("/jobs/{job_id}", summary="One job", response_model=JobAnswer, responses=error_answers(404))
    async def show(job_id: _Number) -> Response:
        return json_response(job_shape(await jobs.get(JobId(job_id))))
