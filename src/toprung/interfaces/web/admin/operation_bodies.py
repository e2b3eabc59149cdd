"""What a request for an operation carries, as a model made of the operation itself."""

from dataclasses import MISSING, asdict
from functools import cache
from typing import Annotated, Any, Final, get_args

from pydantic import BaseModel, ConfigDict, Field, create_model

from toprung.application.organising.asking import hints_of, own_fields
from toprung.application.organising.operation import Body, Operation, Route, Taken
from toprung.application.writing.reasons import REASON_MAX_CODE_POINTS

ACTOR_MAX_CODE_POINTS: Final = 100
UNNAMED_ACTOR: Final = "api"
"""Who acts where a request does not say."""

_FORBIDDING: Final = ConfigDict(extra="forbid")
_REASON: Final = Annotated[str, Field(max_length=REASON_MAX_CODE_POINTS)]
_ACTOR: Final = Annotated[str, Field(min_length=1, max_length=ACTOR_MAX_CODE_POINTS)]


def body_of(kind: type[Operation[object]], route: Route) -> type[BaseModel]:
    """The model of what a request carries: the operation's fields that are not in the path, why, who, and whether to
    preview only. Operations that name the same body share it, and so ask for the same.
    """
    body = route.body or Body(name=f"{kind.__name__}Body", description=kind.__doc__ or "")
    hints = hints_of(kind)
    fields: dict[str, Any] = {
        field.name: (_as_taken(hints[field.name]), ... if field.default is MISSING else field.default)
        for field in own_fields(kind)
        if f"{{{field.name}}}" not in route.path
    }
    fields["reason"] = (_REASON, ... if route.needs_reason else "")
    fields["actor"] = (_ACTOR, UNNAMED_ACTOR)
    if route.previews:
        fields["preview"] = (bool, False)
    return _model(body, tuple(fields.items()))


@cache
def _model(body: Body, fields: tuple[tuple[str, Any], ...]) -> type[BaseModel]:
    return create_model(body.name, __config__=_FORBIDDING, __doc__=body.description, **dict(fields))


def taken_of(hint: Any) -> Taken | None:
    """What the note on a type says is taken, if there is one."""
    return next((note for note in get_args(hint)[1:] if isinstance(note, Taken)), None)


def _as_taken(hint: Any) -> Any:
    """The type with the note on it as the model's library understands it."""
    taken = taken_of(hint)
    if taken is None:
        return hint
    said = {name: value for name, value in asdict(taken).items() if value is not None}
    if taken.examples is not None:
        said["examples"] = list(taken.examples)
    return Annotated[get_args(hint)[0], Field(**said)]
