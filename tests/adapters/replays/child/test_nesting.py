"""The look over nested structures before they are parsed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sc2reader.decoders import BitPackedDecoder

from tests.support.replays.archives import unpacked
from tests.support.replays.sample_replays import SampleReplay, each_replay
from tests.support.replays.synthetic_replay import vint
from toprung.adapters.replays.child.nesting import DEPTH_MAX, check_nesting
from toprung.domain.replays.replay import ReplayBomb, ReplayDamaged, UnreadableReplay


@each_replay
def test_honest_replays_pass(replay: SampleReplay) -> None:
    user_data, files = unpacked(replay.read())
    check_nesting(user_data)
    check_nesting(files.get("replay.details") or files["replay.details.backup"])


@pytest.mark.parametrize("opening", [b"\x00\x02", b"\x03\x00", b"\x04\x01", b"\x05\x02\x00"])
def test_too_deep_is_a_bomb(opening: bytes) -> None:
    leaf = b"\x06\x00"
    check_nesting(opening * (DEPTH_MAX - 1) + leaf)
    for depth in (DEPTH_MAX, 200_000):
        with pytest.raises(ReplayBomb):
            check_nesting(opening * depth + leaf)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x0a",
        b"\x02" + vint(2**40),
        b"\x02" + vint(-1),
        b"\x01" + vint(2**40),
        b"\x00" + vint(2**40),
        b"\x05" + vint(2**40) + b"\x00\x06\x00",
        b"\x07\x00\x00",
        b"\x09" + b"\x80" * 1_000,
        b"\x09" + b"\xff" * 1_000_000,
    ],
)
def test_lengths_that_do_not_fit_are_damage(data: bytes) -> None:
    with pytest.raises(ReplayDamaged):
        check_nesting(data)


@given(st.binary(max_size=200))
def test_what_passes_can_be_parsed_to_its_end(data: bytes) -> None:
    try:
        check_nesting(data)
    except UnreadableReplay:
        return
    BitPackedDecoder(data).read_struct()


@given(st.integers(-(2**62), 2**62))
def test_numbers_are_as_the_library_reads_them(number: int) -> None:
    assert BitPackedDecoder(b"\x09" + vint(number)).read_struct() == number
    if 0 <= number < 100:
        check_nesting(b"\x02" + vint(number) + b"x" * number)
