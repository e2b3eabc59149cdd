"""How lists are asked for a page at a time, in the API's description as well."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from toprung.domain.listing import CURSOR_MAX_CHARACTERS, LISTED_MAX

NextCursor = Annotated[
    str | None, Field(description="The `cursor` that asks for the page after this one; null where this is the last.")
]


class PageAsked(BaseModel):
    """Which page of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=LISTED_MAX)] = 20
    cursor: Annotated[
        str | None,
        Field(
            max_length=CURSOR_MAX_CHARACTERS,
            description="What the page before has as `next`: this asks for the one that follows. None is the first.",
        ),
    ] = None
