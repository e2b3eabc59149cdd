"""What a child answered is believed only if it is exactly what a parser says of a game."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.replays.synthetic_replay import SyntheticGame, replay_of
from toprung.adapters.catalog_files import find_game, load_catalog
from toprung.adapters.replays.child.parser import parse_replay
from toprung.adapters.replays.reading import HANDLES_MAX, LENGTH_SECONDS_MAX, PLAYERS_MAX, decode_reading
from toprung.domain.replays.replay import ReplayInvalid

CATALOG = load_catalog(find_game("sc_evo"))
ANSWER: dict[str, Any] = parse_replay(replay_of(SyntheticGame(observers=("Caster",))))
HASH = "ab" * 32
_HIDDEN = ("\0", "\x1b[31m", "\n", "\u202e", "\u200b", "\u2028", "\ue000")


def encoded(**changes: object) -> bytes:
    return json.dumps({**ANSWER, **changes}).encode()


def of_player(**changes: object) -> bytes:
    (first, *others) = ANSWER["players"]
    return encoded(players=[{**first, **changes}, *others])


def test_an_honest_answer_is_a_reading() -> None:
    assert decode_reading(encoded(), CATALOG).players[0].name == "Maru"


def test_the_limits_themselves_are_allowed() -> None:
    frames = round(LENGTH_SECONDS_MAX * 22.4)
    assert decode_reading(encoded(frames=frames), CATALOG).length_seconds == pytest.approx(LENGTH_SECONDS_MAX)
    assert len(decode_reading(encoded(mod_handles=[HASH] * HANDLES_MAX), CATALOG).mod_handles) == HANDLES_MAX
    assert len(decode_reading(encoded(players=ANSWER["players"] * 8), CATALOG).players) == PLAYERS_MAX
    assert decode_reading(of_player(name="", handle=None, picked_race=None), CATALOG).players[0].handle is None


@pytest.mark.parametrize("field", list(ANSWER))
@pytest.mark.parametrize("value", [None, [], {}, "", -1, 1.5, True, "x" * 1_000, 2**70])
def test_no_field_takes_what_it_cannot_be(field: str, value: object) -> None:
    lawful = {
        ("observers", "[]"),
        ("mod_handles", "[]"),
        ("speed", "None"),
        ("privacy", "None"),
        ("category", "None"),
        ("is_matchmade", "True"),
    }
    if (field, repr(value)) in lawful:
        assert decode_reading(encoded(**{field: value}), CATALOG)
        return
    with pytest.raises(ReplayInvalid):
        decode_reading(encoded(**{field: value}), CATALOG)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        encoded(surprise=1),
        encoded(players=[]),
        encoded(players=ANSWER["players"] * 9),
        encoded(observers=["x"] * 17),
        encoded(mod_handles=[HASH] * (HANDLES_MAX + 1)),
        encoded(mod_handles=["AB" * 32]),
        encoded(map_handle=HASH + "\n"),
        encoded(frames=round(LENGTH_SECONDS_MAX * 22.4) + 1),
        encoded(file_time=0),
        encoded(file_time=2**62),
        encoded(region="EU"),
        encoded(release="5.0.0"),
        encoded(build=2**32),
        of_player(result="victory"),
        of_player(team=16),
        of_player(handle=""),
        of_player(handle="2-S2-1"),
        of_player(race=""),
        of_player(name="x" * 65),
        of_player(surprise=1),
        encoded().replace(b'"Maru"', b'"\\ud800"'),
        encoded().replace(b'"Maru"', b'"\xff"'),
    ],
)
def test_any_other_answer_is_invalid(answer: bytes) -> None:
    with pytest.raises(ReplayInvalid):
        decode_reading(answer, CATALOG)


@pytest.mark.parametrize("hidden", _HIDDEN, ids=ascii)
def test_texts_that_hide_something_are_invalid(hidden: str) -> None:
    text = f"a{hidden}b"
    for answer in (
        of_player(name=text),
        of_player(race=text),
        of_player(picked_race=text),
        encoded(map_name=text),
        encoded(observers=[text]),
        encoded(speed=text),
        encoded(privacy=text),
        encoded(category=text),
    ):
        with pytest.raises(ReplayInvalid):
            decode_reading(answer, CATALOG)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(ANSWER)), inner, max_size=3),
    )
)
def test_nothing_else_is_ever_raised(answer: object) -> None:
    with pytest.raises(ReplayInvalid):
        decode_reading(json.dumps(answer).encode(), CATALOG)
