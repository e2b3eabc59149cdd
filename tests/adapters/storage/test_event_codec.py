"""Events as text: what is read is what was written, for every event and every value."""

from dataclasses import fields, replace
from typing import Final, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.adapters.storage.tables.event_codec import decode_event, encode_event
from toprung.adapters.storage.tables.schema import change
from toprung.domain.events import Event, MatchRatingCorrected, RatingChanged, RatingCreated
from toprung.domain.matches.match import MatchId, MatchState
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.engines.linked_engine import LinkedEngine
from toprung.domain.ratings.glicko2 import SkillEstimate
from toprung.domain.ratings.linked.constants import LinkedConstants
from toprung.domain.ratings.rating import Entry, EntryId, EntryState

EVENT_TYPES: Final = get_args(Event)

ids = st.integers(1, 2**63 - 1)
texts = st.text(st.characters(codec="utf-8"), max_size=24)
players = st.builds(
    Player,
    id=ids.map(PlayerId),
    name=texts,
    country=st.none() | texts,
    region=st.none() | texts,
    discord_id=st.none() | ids,
    in_game_names=st.lists(texts, max_size=3).map(tuple),
    handles=st.lists(texts, max_size=3).map(tuple),
    is_banned=st.booleans(),
)
reals = st.floats(allow_nan=False, allow_infinity=False)
states = st.builds(
    EntryState,
    mmr=st.integers(-(2**31), 2**31),
    skill=st.none() | st.builds(SkillEstimate, reals, reals, reals),
    games_won=st.integers(0, 2**31),
    games_lost=st.integers(0, 2**31),
    games_drawn=st.integers(0, 2**31),
    last_played_us=st.none() | st.integers(0, 2**62),
    known_at_us=st.none() | st.integers(0, 2**62),
)
entries = st.builds(Entry, id=ids.map(EntryId), player_id=ids.map(PlayerId), race=texts, state=states)
values = {
    "player": players,
    "entry": entries,
    "match_id": ids.map(MatchId),
    "player_ids": st.lists(ids.map(PlayerId), max_size=4).map(tuple),
    "entries": st.lists(entries, max_size=3).map(tuple),
    "others": st.lists(entries, max_size=3).map(tuple),
    "state": st.sampled_from(MatchState),
    "deadline_us": st.none() | st.integers(0, 2**62),
}
counts = {"entries": st.integers(0, 2**40)}
values_by_type = {"EntriesImported": counts, "LadderReloaded": counts}


def events_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    chosen = {**values, **values_by_type.get(kind.__name__, {})}
    return st.builds(kind, **{field.name: chosen[field.name] for field in fields(kind)})


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_an_event_is_read_as_it_was_written(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(events_of(kind))
    name, payload = encode_event(event)
    assert decode_event(name, payload) == event
    assert type(decode_event(name, payload)) is kind


def test_what_is_believed_of_a_player_stays_in_the_database() -> None:
    state = LinkedEngine(LinkedConstants()).newcomer("zerg", None)
    entry = Entry(id=EntryId(1), player_id=PlayerId(2), race="zerg", state=state)
    name, payload = encode_event(RatingChanged(entry=entry, match_id=MatchId(3), others=(entry,)))
    told = replace(entry, state=replace(state, belief=None))
    assert decode_event(name, payload) == RatingChanged(entry=told, match_id=MatchId(3), others=(told,))


ANN: Final = Entry(
    id=EntryId(1),
    player_id=PlayerId(64),
    race="zerg",
    state=EntryState(
        mmr=1007, skill=SkillEstimate(1006.7, 161.5, 0.06), games_won=1, games_lost=9, games_drawn=2, last_played_us=5
    ),
)
BOB: Final = Entry(id=EntryId(2), player_id=PlayerId(65), race="terran", state=EntryState(mmr=-3))
ANN_STORED: Final = (
    '{"id":1,"player_id":64,"race":"zerg","mmr":1007,"games_played":12,"games_won":1,"games_lost":9,"games_drawn":2,'
    '"last_played_us":5,"skill":[1006.7,161.5,0.06]}'
)
BOB_STORED: Final = (
    '{"id":2,"player_id":65,"race":"terran","mmr":-3,"games_played":0,"games_won":0,"games_lost":0,"games_drawn":0,'
    '"last_played_us":null,"skill":null}'
)


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        (RatingChanged(entry=ANN, match_id=MatchId(463)), f'{{"entry":{ANN_STORED},"match_id":463}}'),
        (RatingCreated(entry=BOB), f'{{"entry":{BOB_STORED}}}'),
        (
            MatchRatingCorrected(match_id=MatchId(7), entries=(BOB, ANN)),
            f'{{"match_id":7,"entries":[{BOB_STORED},{ANN_STORED}]}}',
        ),
    ],
    ids=["one", "without a belief", "several"],
)
def test_an_entry_is_written_as_every_database_has_it(event: Event, payload: str) -> None:
    kind = type(event).__name__
    assert encode_event(event) == (kind, payload)
    assert decode_event(kind, payload) == event


def test_an_entry_from_before_there_were_beliefs_is_read() -> None:
    old = BOB_STORED.replace(',"skill":null', "")
    assert decode_event("RatingCreated", f'{{"entry":{old}}}') == RatingCreated(entry=BOB)


def test_the_table_has_room_for_every_kind_of_event() -> None:
    assert max(len(kind.__name__) for kind in EVENT_TYPES) <= (change.c.kind.type.length or 0)  # type: ignore[attr-defined]


def test_a_kind_that_this_version_does_not_know_is_not_guessed_at() -> None:
    with pytest.raises(KeyError):
        decode_event("PlayerPromoted", "{}")
