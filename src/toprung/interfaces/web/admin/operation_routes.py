"""The organiser's operations over HTTP, one route for each that has one; the guard checked the token."""

import inspect
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from pydantic import BaseModel
from starlette.responses import Response

from toprung.application.organising.asking import own_fields, result_of
from toprung.application.organising.operation import Carries, Foreseeable, Operation, Route
from toprung.application.organising.operations import OPERATIONS, Administration
from toprung.application.writing.audit import Attribution
from toprung.interfaces.web.admin.admin_imports import ImportStream, add_import_route
from toprung.interfaces.web.admin.operation_answers import Answers
from toprung.interfaces.web.admin.operation_bodies import UNNAMED_ACTOR, body_of
from toprung.interfaces.web.api.api import json_response
from toprung.interfaces.web.api.openapi import error_answers
from toprung.interfaces.web.door.errors import status_of_kind
from toprung.interfaces.web.door.speech import Speeches

ID_MAX: Final = 2**63 - 1

Number = Annotated[int, Path(ge=1, le=ID_MAX)]

_BODY: Final = "body"


def add_operation_routes(
    router: APIRouter, administration: Administration, answers: Answers, speeches: Speeches
) -> None:
    """Adds the route of every operation that has one."""
    stream = ImportStream()
    for spec in OPERATIONS:
        if spec.route is None:
            continue
        if spec.route.carries is Carries.CSV:
            add_import_route(router, administration, stream, speeches, spec.kind, spec.route)
        else:
            _add(router, administration, answers, spec.kind, spec.route)


def _add(
    router: APIRouter,
    administration: Administration,
    answers: Answers,
    kind: type[Operation[object]],
    route: Route,
) -> None:
    async def perform(**given: Any) -> Response:
        body: BaseModel | None = given.pop(_BODY, None)
        told = {} if body is None else {name: getattr(body, name) for name in type(body).model_fields}
        by = Attribution(actor=told.pop("actor", UNNAMED_ACTOR), reason=told.pop("reason", ""))
        is_preview = told.pop("preview", False)
        operation = kind(**given, **told, by=by)
        if is_preview and isinstance(operation, Foreseeable):
            outcome: object = await administration.preview(operation)
        else:
            outcome = await administration.perform(operation)
        return json_response(await answers.shape(outcome))

    # What is asked for is known from here on only, so that it cannot be written down as parameters of the function.
    vars(perform)["__signature__"] = _signature(kind, route)
    router.add_api_route(
        route.path,
        perform,
        methods=["POST"],
        name=route.name,
        summary=route.summary,
        response_model=answers.model(result_of(kind)),
        responses=error_answers(*map(status_of_kind, route.refusals)),
    )


def _signature(kind: type[Operation[object]], route: Route) -> inspect.Signature:
    asked = {field.name: Number for field in own_fields(kind) if f"{{{field.name}}}" in route.path}
    parameters = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=asked[name]) for name in asked]
    if route.carries is not Carries.NOTHING:
        body = body_of(kind, route)
        is_optional = route.carries is Carries.JSON_OR_NOTHING
        parameters.append(
            inspect.Parameter(
                _BODY,
                inspect.Parameter.KEYWORD_ONLY,
                annotation=body | None if is_optional else body,
                default=None if is_optional else inspect.Parameter.empty,
            )
        )
    return inspect.Signature(parameters)
