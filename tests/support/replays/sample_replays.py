"""Replays to hold every reader against: a dozen that are made here, and the real ones where they are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle
from typing import Final

import pytest

from tests.support.replays.archives import METHODS, archive, bzipped, in_one_unit, in_sectors
from tests.support.replays.synthetic_replay import (
    SyntheticGame,
    SyntheticPlayer,
    details_of,
    files_of,
    header_of,
    replay_of,
)
from tests.support.shared import absence_of, shared_files

_REAL: Final = "replays/*.SC2Replay"
REAL_REPLAYS: Final = shared_files(_REAL)


@dataclass(frozen=True)
class SampleReplay:
    """A replay, and whether a client saved it."""

    name: str
    read: Callable[[], bytes]
    is_real: bool = False


def _in_pieces(game: SyntheticGame) -> bytes:
    """As clients pack: short files in one piece, long ones in sectors; here by every method."""
    files = files_of(replace(game, extra_files={"replay.message.events": b"gg" * 9}))
    methods = dict(zip(files, cycle(METHODS), strict=False))
    packed = {name: in_one_unit(content, methods[name]) for name, content in files.items()}
    packed["replay.game.events"] = in_sectors(files["replay.game.events"], bzipped)
    return archive(packed, user_data=header_of(game))


_MARU, _SERRAL = SyntheticGame().players
_LONG: Final = SyntheticGame(game_events=bytes(range(256)) * 400, frames=90_000, mode="Amm")
_DECIDED: Final[dict[str, Callable[[], bytes]]] = {
    **{f"a game, {method.__name__}": partial(replay_of, SyntheticGame(), method) for method in METHODS},
    "a long matchmade game in pieces": partial(_in_pieces, _LONG),
    "the second wins, with observers": partial(
        replay_of,
        SyntheticGame(
            players=(replace(_MARU, result="loss"), replace(_SERRAL, result="win")), observers=("Caster", "해설")
        ),
    ),
    "in Korean": partial(
        replay_of,
        SyntheticGame(
            players=(
                SyntheticPlayer(name="마루", uid=7, race="테란", picked_race="RAND", result="win"),
                SyntheticPlayer(name="로그", uid=8, race="저그", picked_race="Zerg", result="loss"),
            ),
            map_name="전장",
        ),
    ),
    "details in the backup only": partial(
        replay_of,
        SyntheticGame(extra_files={"replay.details.backup": details_of(SyntheticGame()), "replay.details": b""}),
    ),
}
_MOD_RACES: Final = ("BW Zerg", "SC1异虫", "Ξ")
_OPEN: Final[dict[str, Callable[[], bytes]]] = {
    "without results": partial(
        replay_of, SyntheticGame(players=(replace(_MARU, result="unknown"), replace(_SERRAL, result="unknown")))
    ),
    "a draw": partial(
        replay_of, SyntheticGame(players=(replace(_MARU, result="draw"), replace(_SERRAL, result="draw")))
    ),
    "against a computer": partial(
        replay_of, SyntheticGame(players=(_MARU, SyntheticPlayer(name="A.I. 1 (Elite)", uid=0, is_computer=True)))
    ),
    "three with a mod's races": partial(
        replay_of,
        SyntheticGame(players=tuple(SyntheticPlayer(name=race, uid=1, race=race) for race in _MOD_RACES)),
    ),
    "of no length": partial(replay_of, SyntheticGame(frames=0)),
}


def _samples(made: Mapping[str, Callable[[], bytes]]) -> list[SampleReplay]:
    return [SampleReplay(name=name, read=read) for name, read in made.items()]


MADE_REPLAYS: Final = _samples(_DECIDED | _OPEN)
_REAL_SAMPLES: Final = [SampleReplay(name=path.stem, read=path.read_bytes, is_real=True) for path in REAL_REPLAYS]
_ABSENT: Final = pytest.param(None, marks=pytest.mark.skip(absence_of(_REAL)), id="real replays")


def _given(made: list[SampleReplay]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "replay", [pytest.param(one, id=one.name) for one in (*made, *_REAL_SAMPLES)] + [_ABSENT] * (not _REAL_SAMPLES)
    )


each_replay: Final = _given(MADE_REPLAYS)
"""Gives a test every made and every real replay, as `replay`."""

each_decided_replay: Final = _given(_samples(_DECIDED))
"""The same, of made ones those only that one of two players won."""

all_replays: Final = pytest.mark.parametrize(
    "replays",
    [
        pytest.param(MADE_REPLAYS, id="made"),
        pytest.param(_REAL_SAMPLES, id="real", marks=pytest.mark.skipif(not REAL_REPLAYS, reason=absence_of(_REAL))),
    ],
)
"""Gives a test all made replays at once, as `replays`, and then all real ones."""
