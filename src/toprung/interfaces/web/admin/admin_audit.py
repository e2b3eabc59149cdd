"""The audit over HTTP; the guard checked the token."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from toprung.application.writing.audit import AuditLog
from toprung.domain.listing import LISTED_MAX
from toprung.interfaces.audit_shapes import audit_shape
from toprung.interfaces.web.api.api import json_response
from toprung.interfaces.web.api.paging import NextCursor, PageAsked


class AuditAsked(PageAsked):
    """How much of the audit."""

    limit: Annotated[int, Field(ge=1, le=LISTED_MAX)] = 50


class AuditRowAnswer(BaseModel):
    """What an organiser did: when, who, to what, why, and what it changed. The reason is empty where none was given."""

    at: str
    actor: str
    action: str
    subject: str
    reason: str
    details: dict[str, object]


class AuditAnswer(BaseModel):
    """The last things that organisers did, the newest first; `players` are today's names of whom they know."""

    audit: list[AuditRowAnswer]
    players: dict[str, str]
    next: NextCursor


def add_audit_route(router: APIRouter, audit: AuditLog) -> None:
    """Adds the route."""

    @router.get("/audit", summary="What organisers did", response_model=AuditAnswer)
    async def latest(asked: Annotated[AuditAsked, Query()]) -> Response:
        page = await audit.latest(asked.limit, asked.cursor)
        names = {str(player_id): name for player_id, name in (await audit.names(page.rows)).items()}
        rows = [audit_shape(row) for row in page.rows]
        return json_response({"audit": rows, "players": names, "next": page.next})
