"""Strict decoding of what the parser's child answered: a child that read a hostile file is not to be believed."""

from typing import Annotated, Final, Literal

import msgspec

from toprung.domain.game.catalog import Catalog
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.players.names import unsafe_character
from toprung.domain.replays.replay import (
    FRAMES_PER_SECOND,
    READER,
    PlayerResult,
    ReplayInvalid,
    ReplayPlayer,
    ReplayReading,
)

PLAYERS_MAX: Final = 16
LENGTH_SECONDS_MAX: Final = 6 * 60 * 60
HANDLES_MAX: Final = 128

# StarCraft II came out in July 2010. A file time counts 100 ns since 1601; moments count from 1970.
_ENDED_AT_US_MIN: Final = 14_610 * MICROSECONDS_PER_DAY  # 2010-01-01
_ENDED_AT_US_MAX: Final = 47_482 * MICROSECONDS_PER_DAY  # 2100-01-01
_FILE_TIME_OF_1970: Final = 116_444_736_000_000_000

_Name = Annotated[str, msgspec.Meta(max_length=64)]
_MapName = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
_Word = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Account = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,3}-[A-Za-z0-9]{1,4}-[0-9]{1,3}-[0-9]{1,20}\Z")]
_Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class _Player(msgspec.Struct, forbid_unknown_fields=True):
    name: _Name
    handle: _Account | None
    race: _Word
    picked_race: _Word | None
    result: Literal["win", "loss", "draw", "unknown"]
    is_computer: bool
    team: Annotated[int, msgspec.Meta(ge=0, lt=PLAYERS_MAX)]


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    players: Annotated[list[_Player], msgspec.Meta(min_length=1, max_length=PLAYERS_MAX)]
    observers: Annotated[list[_Name], msgspec.Meta(max_length=PLAYERS_MAX)]
    map_name: _MapName
    map_handle: _Sha256
    mod_handles: Annotated[list[_Sha256], msgspec.Meta(max_length=HANDLES_MAX)]
    frames: Annotated[int, msgspec.Meta(ge=0, le=round(LENGTH_SECONDS_MAX * FRAMES_PER_SECOND))]
    file_time: Annotated[
        int,
        msgspec.Meta(
            ge=_FILE_TIME_OF_1970 + _ENDED_AT_US_MIN * 10,
            lt=_FILE_TIME_OF_1970 + _ENDED_AT_US_MAX * 10,
        ),
    ]
    region: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]{1,8}\Z")]
    speed: _Word | None
    privacy: _Word | None
    category: _Word | None
    is_matchmade: bool
    release: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,10}(\.[0-9]{1,10}){3}\Z")]
    build: Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
    fingerprint: _Sha256
    reader: Annotated[int, msgspec.Meta(ge=1, le=READER)] = 1  # the first one did not say


_decoder: Final = msgspec.json.Decoder(_Answer)


def decode_reading(answer: bytes, catalog: Catalog) -> ReplayReading:
    """The reading that a child's answer, JSON, stands for; its races as the catalogue calls them.

    Raises `ReplayInvalid` for every answer that is not exactly of the shape, or holds what no game can have been.
    """
    try:
        told = _decoder.decode(answer)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise ReplayInvalid from None
    if any(unsafe_character(text) for text in _texts(told)):
        raise ReplayInvalid
    return ReplayReading(
        players=tuple(_player(player, catalog) for player in told.players),
        observers=tuple(told.observers),
        map_name=told.map_name,
        map_handle=told.map_handle,
        mod_handles=tuple(told.mod_handles),
        frames=told.frames,
        ended_at_us=(told.file_time - _FILE_TIME_OF_1970) // 10,
        region=told.region,
        speed=told.speed,
        privacy=told.privacy,
        category=told.category,
        is_matchmade=told.is_matchmade,
        release=told.release,
        build=told.build,
        fingerprint=told.fingerprint,
        reader=told.reader,
    )


def _player(told: _Player, catalog: Catalog) -> ReplayPlayer:
    race = catalog.race_by_alias(told.race)
    picked = None if told.picked_race is None else catalog.race_by_alias(told.picked_race)
    return ReplayPlayer(
        name=told.name,
        handle=told.handle,
        race_text=told.race,
        race=None if race is None else race.code,
        picked_race=None if picked is None else picked.code,
        result=PlayerResult(told.result),
        is_computer=told.is_computer,
        team=told.team,
    )


def _texts(told: _Answer) -> list[str]:
    """Every text that a player, or the maker of a map, may have written."""
    of_players = [text for player in told.players for text in (player.name, player.race, player.picked_race or "")]
    of_game = [told.map_name, told.speed or "", told.privacy or "", told.category or ""]
    return [*of_players, *told.observers, *of_game]
