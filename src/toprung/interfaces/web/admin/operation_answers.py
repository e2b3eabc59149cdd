"""What the API says when an operation is done: a shape and its description for each kind of result."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields
from typing import Any, Final, NewType

from pydantic import BaseModel, create_model

from toprung.application.jobs.job_queue import JobHistory
from toprung.application.matches.match_history import MatchHistory
from toprung.application.organising.asking import hints_of
from toprung.application.organising.match_operations import MatchNow
from toprung.application.organising.player_operations import Pardoned
from toprung.application.organising.rating_operations import Recomputed
from toprung.application.organising.replay_operations import Retried
from toprung.application.ratings.rating_adjustment import RatingSetOutcome
from toprung.application.ratings.rating_service import CorrectionOutcome
from toprung.application.ratings.season_service import SeasonStarted
from toprung.application.ratings.system_service import SystemChange
from toprung.domain.game.catalog import Catalog
from toprung.domain.players.player import Player
from toprung.domain.ratings.season import LadderSeason
from toprung.interfaces.job_shapes import job_shape
from toprung.interfaces.match_shapes import match_json
from toprung.interfaces.shapes import season_json
from toprung.interfaces.web.admin.admin_replays import JobAnswer
from toprung.interfaces.web.api.match_answers import MatchAnswer
from toprung.interfaces.web.api.openapi import (
    AdminPlayerAnswer,
    CorrectionAnswer,
    PardonAnswer,
    RatingSetAnswer,
    RatingSystemAnswer,
    RecomputeAnswer,
    SeasonAnswer,
    SeasonStartedAnswer,
)

Shape = Callable[[Any], Awaitable[object]]


class Answers:
    """What is answered for each kind of result. One that is not named here is answered by its own fields."""

    def __init__(self, *, matches: MatchHistory, jobs: JobHistory, catalog: Catalog) -> None:
        self._matches = matches
        self._jobs = jobs
        self._catalog = catalog
        self._shapes: Mapping[type[object], Shape] = {MatchNow: self._match, Retried: self._job}

    def model(self, result: type[Any]) -> type[BaseModel]:
        """The description of the answer to such a result."""
        return _MODELS.get(result) or _model_of(result)

    async def shape(self, result: object) -> object:
        """A result as JSON values."""
        shape = self._shapes.get(type(result))
        if shape is not None:
            return await shape(result)
        return _SHAPES.get(type(result), plain)(result)

    async def _match(self, now: MatchNow) -> object:
        return match_json(await self._matches.get(now.match_id), self._catalog)

    async def _job(self, retried: Retried) -> object:
        return job_shape(await self._jobs.get(retried.job_id))


_MODELS: Final[Mapping[type[object], type[BaseModel]]] = {
    Player: AdminPlayerAnswer,
    Pardoned: PardonAnswer,
    MatchNow: MatchAnswer,
    CorrectionOutcome: CorrectionAnswer,
    RatingSetOutcome: RatingSetAnswer,
    Recomputed: RecomputeAnswer,
    SystemChange: RatingSystemAnswer,
    LadderSeason: SeasonAnswer,
    SeasonStarted: SeasonStartedAnswer,
    Retried: JobAnswer,
}


def _player(player: Player) -> object:
    return {
        "player_id": str(player.id),
        "player_name": player.name,
        "country": player.country,
        "region": player.region,
        "in_game_names": player.in_game_names,
        "handles": player.handles,
        "is_banned": player.is_banned,
    }


def _season_started(started: SeasonStarted) -> object:
    return {"season": season_json(started.season), "entries_reset": started.entries_reset}


_SHAPES: Final[Mapping[type[object], Callable[[Any], object]]] = {
    Player: _player,
    LadderSeason: season_json,
    SeasonStarted: _season_started,
}


def plain(result: Any) -> object:
    """A dataclass as JSON values, by its fields; ids are strings, as everywhere in the API."""
    hints = hints_of(type(result))
    return {field.name: _value(hints[field.name], getattr(result, field.name)) for field in fields(result)}


def _value(hint: Any, value: Any) -> object:
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return str(value) if value is not None and _is_id(hint) else value


def _model_of(result: type[Any]) -> type[BaseModel]:
    told: dict[str, Any] = {name: (str if _is_id(hint) else hint, ...) for name, hint in hints_of(result).items()}
    return create_model(f"{result.__name__}Answer", __doc__=result.__doc__, **told)


def _is_id(hint: Any) -> bool:
    """Whether this is what the domain calls a number that names something, alone or where there may be none."""
    return any(isinstance(one, NewType) for one in (hint, *getattr(hint, "__args__", ())))
