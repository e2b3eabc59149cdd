"""What is believed of a player, as the database keeps it."""

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.ratings.linked.playing import Step, steps
from tests.domain.ratings.linked.test_player_belief import played
from toprung.adapters.storage.tables.belief_codec import decode_belief, encode_belief
from toprung.domain.ratings.linked.belief import Belief
from toprung.domain.ratings.linked.player_belief import PlayerBelief

numbers = st.floats(allow_nan=False)


@given(steps())
def test_it_comes_back_to_the_last_bit(games: list[Step]) -> None:
    for known in played(games):
        assert decode_belief(encode_belief(known)) == known


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1), max_size=6, unique=True),
    st.data(),
    st.integers(0, 2**62),
    st.none() | st.integers(0, 2**62),
)
def test_so_does_any_other(races: list[str], data: st.DataObject, games: int, last_us: int | None) -> None:
    slots = len(races) + 2
    drawn = [
        tuple(data.draw(st.lists(numbers, min_size=size, max_size=size))) for size in (slots, slots * (slots + 1) // 2)
    ]
    shown = tuple(data.draw(st.lists(st.integers(0, 9), min_size=len(races), max_size=len(races))))
    known = PlayerBelief(tuple(races), shown, Belief(drawn[0], drawn[1], games, last_us))
    assert decode_belief(encode_belief(known)) == known
