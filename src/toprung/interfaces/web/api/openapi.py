"""What the API's description says of parameters and answers."""

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from toprung.domain.game.catalog import Catalog
from toprung.domain.leaderboard.leaderboard import PAGE_SIZE_DEFAULT
from toprung.domain.matches.match import MatchResult
from toprung.domain.players.countries import Countries
from toprung.interfaces.web.leaderboard.filter_fields import filter_schemas
from toprung.interfaces.web.leaderboard.filters import PAGE_MAX, PAGE_SIZE_MAX

Schema = dict[str, Any]

PLAYER_ID_PATTERN: Final = "^[1-9][0-9]{0,17}$"

DESCRIPTION: Final = (
    "The leaderboard of a ladder. Everything here is public and read-only, apart from the organiser's operations under "
    "`/api/v1/admin`. `GET /events` (server-sent events) says `event: board` with the version whenever the leaderboard "
    "has a new one."
)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ErrorDetail(_Answer):
    """What was refused: `code` is for programs and stays, `message` is a sentence for people."""

    code: str = Field(examples=["unknown_race"])
    message: str = Field(examples=["There is no rank 'Q'; the ranks are S, A, B, C, D, E, F."])
    field: str | None = Field(description="The parameter or field that is wrong, if it is one.", examples=["rank"])


class ErrorAnswer(_Answer):
    """Every refusal."""

    error: ErrorDetail


class Row(_Answer):
    """One ranked entry: a player with one race."""

    global_rank: int = Field(ge=1, description="The place on the whole ladder; no filter changes it.")
    filter_rank: int = Field(ge=1, description="The place among what the filters let through.")
    letter_rank: Literal["S", "A", "B", "C", "D", "E", "F"]
    percentile: float = Field(
        ge=0, le=100, description="The share, in percent, of what the filters let through at this place or below."
    )
    player_id: str = Field(pattern=PLAYER_ID_PATTERN)
    player_name: str
    country: str | None = Field(description="ISO 3166-1 alpha-2, or XK, XX (prefers not to say) or ZZ (other).")
    race: str
    mmr: int
    games_played: int = Field(ge=1)
    games_won: int = Field(ge=0)
    games_lost: int = Field(ge=0)
    games_drawn: int = Field(ge=0)
    last_played: str = Field(json_schema_extra={"format": "date-time"})
    deviation: int | None = Field(
        description="How far the rating may be off by now, absence included; null where the rating system has none."
    )
    is_provisional: bool = Field(description="Whether too little is known of the rating to rely on it.")


class MovementAnswer(_Answer):
    """How an entry moved since an earlier moment."""

    places: int = Field(description="How many places it rose; below zero it fell.")
    mmr: int = Field(description="How much MMR it gained; below zero it lost.")


class ListedRow(Row):
    """One ranked entry, and how it moved where that was asked for: null if it was not ranked then."""

    movement: MovementAnswer | None = None


class LeaderboardAnswer(_Answer):
    """One page, of one version of the ladder."""

    players: list[ListedRow]
    total_pages: int = Field(ge=1)
    current_page: int = Field(ge=1, description="The page that this is: the last one where a later one was asked for.")
    total_players: int = Field(ge=0, description="How many rows the filters let through.")
    version: str = Field(description="Equal for equal ladders.")
    as_of: str | None = Field(
        None,
        description="The past moment that this is of; not there for the present.",
        json_schema_extra={"format": "date-time"},
    )
    corrected: bool | None = Field(None, description="Whether that past is the corrected one; there with `as_of`.")
    movement_since: str | None = Field(
        None, description="The moment that movements are from.", json_schema_extra={"format": "date-time"}
    )


class SeasonAnswer(_Answer):
    """A season. One without an end is running; the last board of one that ended is the leaderboard as of its end."""

    code: str
    name: str
    started_at: str = Field(json_schema_extra={"format": "date-time"})
    ended_at: str | None = Field(json_schema_extra={"format": "date-time"})
    reset_deviation: float | None = Field(description="What deviations grew to at least when it started.")


class SeasonsAnswer(_Answer):
    """Every season, the oldest first."""

    seasons: list[SeasonAnswer]


class StandingAnswer(_Answer):
    """Where a player's best placed entry is under the filters."""

    page: int = Field(ge=1)
    player: Row
    version: str


class HeadToHeadAnswer(_Answer):
    """The games between two players, whatever their races, from the first one's side; voided matches do not count."""

    player_id: str = Field(pattern=PLAYER_ID_PATTERN)
    opponent_id: str = Field(pattern=PLAYER_ID_PATTERN)
    games_played: int = Field(ge=0)
    games_won: int = Field(ge=0)
    games_lost: int = Field(ge=0)
    games_drawn: int = Field(ge=0)
    last_played: str | None = Field(
        description="When the latest of them ended.", json_schema_extra={"format": "date-time"}
    )


class FoundAnswer(_Answer):
    """A player that a search found. One who is not listed is inactive or has not played yet."""

    player_id: str = Field(pattern=PLAYER_ID_PATTERN)
    player_name: str
    country: str | None
    is_listed: bool


class PlayersAnswer(_Answer):
    """What a search found, best match first."""

    players: list[FoundAnswer]


class AdminPlayerAnswer(_Answer):
    """A player as the organiser sees one, without the Discord id."""

    player_id: str = Field(pattern=PLAYER_ID_PATTERN)
    player_name: str
    country: str | None
    region: str | None
    in_game_names: list[str]
    handles: list[str]
    is_banned: bool


class PardonAnswer(_Answer):
    """How many penalties were lifted."""

    pardoned: int


class MoveAnswer(BaseModel):
    """What is done to one entry in the end."""

    entry_id: str | None
    player_id: str = Field(pattern=PLAYER_ID_PATTERN)
    player_name: str
    race: str
    mmr_before: int
    mmr_after: int


class CorrectionAnswer(BaseModel):
    """What a correction does: the largest move first. `rated_anew` counts the journal rows that get a new revision."""

    match_id: str
    before: MatchResult | None
    after: MatchResult | None
    moves: list[MoveAnswer]
    rated_anew: int


class RatingSystemAnswer(BaseModel):
    """What a change of the rating system does: the largest move first, and how many entries stay as they are.

    `version` is the version of the rating system that counts then.
    """

    version: int
    system_before: str
    constants_before: dict[str, float]
    system: str
    constants: dict[str, float]
    moves: list[MoveAnswer]
    entries_unchanged: int


class RecomputeAnswer(BaseModel):
    """How many entries came out otherwise, none on a ladder in order, and how many did not."""

    entries_changed: int
    entries_unchanged: int


class RatingSetAnswer(BaseModel):
    """What setting a rating does. What was before is null where there was no entry; deviations where there are none."""

    player_name: str
    race: str
    mmr_before: int | None
    mmr_after: int
    deviation_before: float | None
    deviation_after: float | None
    games_played: int


class SeasonStartedAnswer(BaseModel):
    """The season that begins, and how many ratings it made less sure."""

    season: SeasonAnswer
    entries_reset: int


class HealthAnswer(BaseModel):
    """`ok` or `degraded`, whether the ladder does its work all the same, and the particulars that it knows."""

    model_config = ConfigDict(extra="allow")

    status: str
    serves: bool


_ERRORS: Final[dict[int, str]] = {
    401: "The token is missing or wrong.",
    404: "There is no such thing.",
    408: "The body came too slowly.",
    409: "This contradicts what is already so.",
    413: "The body is too large.",
    422: "A parameter or the body is wrong; `field` and `message` say which and why.",
    429: "Somebody has used up what is theirs for now.",
    503: "The ladder cannot be read or written at this moment; try again.",
}


def error_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The description of these refusals."""
    return {status: {"model": ErrorAnswer, "description": _ERRORS[status]} for status in statuses}


def _parameter(name: str, schema: Schema, description: str, *, required: bool = False, place: str = "query") -> Schema:
    return {"name": name, "in": place, "required": required, "description": description, "schema": schema}


def filter_parameters(catalog: Catalog, countries: Countries) -> list[Schema]:
    """The filters, with this game's codes."""
    return [_parameter(*field) for field in filter_schemas(catalog, countries)]


def past_parameters() -> list[Schema]:
    """Which moment of the ladder, and how it is looked at."""
    moment = {"type": "string", "format": "date-time"}
    return [
        _parameter("as_of", moment, "A moment of the past: the board as it stood then, with the names of today."),
        _parameter(
            "corrected",
            {"type": "boolean", "default": False},
            "Look at the past with what was corrected since; says nothing without `as_of` or `movement_since`.",
        ),
    ]


def movement_parameter() -> Schema:
    """Since when movement is wanted."""
    text = "How each row moved since then: a stretch such as 7d, 24h or 2w, or a time."
    return _parameter("movement_since", {"type": "string", "minLength": 2, "examples": ["7d"]}, text)


def page_size_parameter() -> Schema:
    """How many rows a page has."""
    schema = {"type": "integer", "minimum": 1, "maximum": PAGE_SIZE_MAX, "default": PAGE_SIZE_DEFAULT}
    return _parameter("page_size", schema, "Rows on a page.")


def page_parameter() -> Schema:
    """Which page."""
    schema = {"type": "integer", "minimum": 1, "maximum": PAGE_MAX, "default": 1}
    return _parameter("page", schema, "Which page, from 1. One past the end is the last one.")


def search_parameters(text_max: int, limit_max: int, limit_default: int) -> list[Schema]:
    """What a search for players takes."""
    text = {"type": "string", "minLength": 1, "maxLength": text_max}
    limit = {"type": "integer", "minimum": 1, "maximum": limit_max, "default": limit_default}
    return [
        _parameter(
            "search",
            text,
            "A name or a part of one; case, width, accents and apostrophes do not matter.",
            required=True,
        ),
        _parameter("limit", limit, "How many players at most."),
    ]


def player_id_parameter(name: str = "player_id", description: str = "The player's id.") -> Schema:
    """Whom an address means."""
    schema = {"type": "string", "pattern": PLAYER_ID_PATTERN}
    return _parameter(name, schema, description, required=True, place="path")


def if_none_match_parameter() -> Schema:
    """What makes an answer that the client still has a 304."""
    return _parameter("If-None-Match", {"type": "string"}, "ETags of answers that the client has.", place="header")


ETAG_HEADER: Final[Schema] = {
    "ETag": {"description": "Names the version of the board.", "schema": {"type": "string"}},
    "Cache-Control": {"description": "Always `no-cache`: ask again with the ETag.", "schema": {"type": "string"}},
}
