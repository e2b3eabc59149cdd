"""What a look at a season found, over HTTP; the guard checked the token."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from toprung.application.ratings.watch_service import WatchService
from toprung.domain.matches.watch.limits import DAYS_MAX
from toprung.interfaces.watch_shapes import watch_json
from toprung.interfaces.web.api.api import json_response
from toprung.interfaces.web.api.match_answers import Time
from toprung.interfaces.web.api.openapi import PLAYER_ID_PATTERN, error_answers

SEASON_PATTERN: Final = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$"


class WatchAsked(BaseModel):
    """Which stretch is looked at."""

    model_config = ConfigDict(extra="forbid")

    season: Annotated[
        str | None, Field(pattern=SEASON_PATTERN, description="This season; the one that runs if omitted.")
    ] = None
    days: Annotated[
        int | None, Field(ge=1, le=DAYS_MAX, description="The last days; 90 if omitted and no season runs.")
    ] = None


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Whom(_Answer):
    player_id: str = Field(pattern=PLAYER_ID_PATTERN)
    player_name: str


class _Counts(_Answer):
    games: int = Field(ge=1)
    points: float = Field(ge=0, description="What was won of them; a draw is half a point.")
    expected_points: float = Field(ge=0, description="What the other games predict.")
    known_lengths: int = Field(ge=0, description="Of how many games a replay tells the length.")
    short_games: int = Field(ge=0, description="How many of those are short.")
    signal: float = Field(description="How unusual that is, for an order; the limits are settings.")
    match_ids: list[str]


class WatchedSide(_Whom):
    """A side of a pair. The race is there where only the games with these races are unusual."""

    race: str | None
    other_games: int = Field(ge=0, description="By how many games against others the prediction was made.")


class WatchedPair(_Counts):
    """Two players, the one first who did better than predicted; points are that player's."""

    sides: list[WatchedSide] = Field(min_length=2, max_length=2)


class WatchedPlayer(_Whom, _Counts):
    """A player, with the games that were begun while the own rating was high."""

    other_games: int = Field(ge=0, description="By how many games with a low rating the prediction was made.")
    other_points: float = Field(ge=0)


class WatchedAccount(_Answer):
    """An account in the game that verified replays name for several players."""

    handle: str
    players: list[_Whom]
    match_ids: list[str]


class WatchAnswer(_Answer):
    """What is unusual. It accuses nobody: `pairs_by_chance` honest pairs look like this, and as many players."""

    season: str | None
    since: Time
    until: Time
    games: int = Field(ge=0)
    earlier_games_left_out: bool = Field(description="Whether there were more games than are looked at.")
    pairs_looked_at: int = Field(ge=0)
    pairs_by_chance: float = Field(ge=0, description="How many pairs would be here if everybody played honestly.")
    players_looked_at: int = Field(ge=0)
    players_by_chance: float = Field(ge=0, description="How many players would be here if everybody did.")
    pairs: list[WatchedPair]
    players: list[WatchedPlayer]
    accounts: list[WatchedAccount]


def add_watch_route(router: APIRouter, watch: WatchService) -> None:
    """Adds the route."""

    @router.get("/watch", summary="What is unusual", response_model=WatchAnswer, responses=error_answers(404))
    async def look(asked: Annotated[WatchAsked, Query()]) -> Response:
        return json_response(watch_json(await watch.report(season=asked.season, days=asked.days)))
