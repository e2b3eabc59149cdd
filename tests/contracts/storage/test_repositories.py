"""What every backend promises of players, entries and matches."""

import asyncio
from itertools import count
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.fakes.matches import final
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.ratings import EntryKey, NewEntry
from toprung.application.ports.storage import Storage, Transaction
from toprung.domain.errors import Conflict
from toprung.domain.leaderboard.board_table import NEVER
from toprung.domain.matches.match import FinalMatch, MatchResult, Participant
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.rating import MMR_MAX, MMR_MIN, Entry, EntryState

pytest_plugins = ("tests.support.databases",)

HOSTILE: Final = (
    "Робот",
    "별빛",
    "'; drop table player; --",
    '%_\\"',
    "'=1+1",
    "a\tb\nc",
    "\N{RIGHT-TO-LEFT OVERRIDE}abc",
    "Z\N{COMBINING ACUTE ACCENT}\N{COMBINING ACUTE ACCENT}",
    "\N{GRINNING FACE}\N{ZERO WIDTH JOINER}",
    "𝔸" * 24,
    " leading and trailing ",
    "name_key discord_id",
)
MANY: Final = 2_500
_numbers = count(1)

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=24)
one_storage_for_all_examples = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def newcomers(draw: st.DrawFn) -> NewPlayer:
    """Somebody new in every example: what has to be unique carries a number of its own."""
    number = next(_numbers)
    return NewPlayer(
        name=draw(texts),
        name_key=f"{draw(texts)} {number}",
        country=draw(st.sampled_from((None, "KR", "XX"))),
        region=draw(st.sampled_from((None, "EUW"))),
        discord_id=draw(st.none() | st.just(2**63 - number)),
        in_game_names=tuple(draw(st.lists(texts, unique=True, max_size=4))),
        handles=tuple(f"{handle} {number}" for handle in draw(st.lists(texts, unique=True, max_size=3))),
    )


def named(name: str, **values: str | int | tuple[str, ...] | None) -> NewPlayer:
    return NewPlayer(name=name, name_key=name.casefold(), **values)  # type: ignore[arg-type]  # as the tests give them


async def added(storage: Storage, *players: NewPlayer) -> list[Player]:
    return (await storage.write(lambda tx: tx.players.add(players))).value


async def player_ids(storage: Storage, many: int) -> list[PlayerId]:
    return [player.id for player in await added(storage, *(named(f"player {number}") for number in range(many)))]


@given(new=newcomers())
@one_storage_for_all_examples
async def test_a_player_is_found_as_added_by_id_name_and_discord_account(storage: Storage, new: NewPlayer) -> None:
    (player,) = await added(storage, new)
    assert player == Player(
        id=player.id,
        name=new.name,
        country=new.country,
        region=new.region,
        discord_id=new.discord_id,
        in_game_names=new.in_game_names,
        handles=new.handles,
    )
    assert await storage.read(lambda tx: tx.players.get(player.id)) == player
    assert await storage.read(lambda tx: tx.players.by_name_keys([new.name_key])) == {new.name_key: player}
    if new.discord_id is not None:
        discord_id = new.discord_id
        assert await storage.read(lambda tx: tx.players.by_discord_ids([discord_id])) == {discord_id: player}


@given(new=newcomers(), later=newcomers(), is_banned=st.booleans())
@one_storage_for_all_examples
async def test_a_saved_player_is_found_as_saved_and_under_the_new_name_only(
    storage: Storage, new: NewPlayer, later: NewPlayer, is_banned: bool
) -> None:
    (player,) = await added(storage, new)
    changed = Player(
        id=player.id,
        name=later.name,
        country=later.country,
        region=later.region,
        discord_id=later.discord_id,
        in_game_names=(*later.in_game_names[::-1],),
        handles=later.handles,
        is_banned=is_banned,
    )
    await storage.write(lambda tx: tx.players.save(changed, later.name_key))
    assert await storage.read(lambda tx: tx.players.get(player.id)) == changed
    keys = [new.name_key, later.name_key]
    assert await storage.read(lambda tx: tx.players.by_name_keys(keys)) == {later.name_key: changed}


async def test_players_get_ids_in_the_order_given_and_stand_in_the_columns_by_id(storage: Storage) -> None:
    players = await added(storage, *(named(name, country="KR") for name in HOSTILE))
    assert [player.name for player in players] == list(HOSTILE)
    ids = [player.id for player in players]
    assert ids == sorted(set(ids))
    banned = Player(id=ids[0], name="Renamed", is_banned=True)
    await storage.write(lambda tx: tx.players.save(banned, "renamed"))
    columns = await storage.read(lambda tx: tx.players.columns())
    assert list(columns.ids) == ids
    assert list(columns.names) == ["Renamed", *HOSTILE[1:]]
    assert list(columns.countries) == [None, *["KR"] * (len(HOSTILE) - 1)]
    assert list(map(bool, columns.banned)) == [True, *[False] * (len(HOSTILE) - 1)]


async def test_a_handle_is_bound_to_one_player_who_has_none(storage: Storage) -> None:
    ann, bob, cid = await added(storage, named("Ann"), named("Bob", handles=("own",)), named("Cid"))

    def bound(tx: Transaction, player: Player, handle: str) -> bool:
        return tx.players.bind_handle(player.id, handle)

    tries = [(ann, "own"), (bob, "new"), (ann, "new"), (ann, "other"), (cid, "new"), (cid, "'; --")]
    came = [
        (await storage.write(lambda tx, who=who, handle=handle: bound(tx, who, handle))).value  # type: ignore[misc]
        for who, handle in tries
    ]
    assert came == [False, False, True, False, False, True]
    stored = await storage.read(lambda tx: tx.players.by_ids([ann.id, bob.id, cid.id]))
    assert [stored[one.id].handles for one in (ann, bob, cid)] == [("new",), ("own",), ("'; --",)]


async def test_the_same_handle_at_the_same_instant_is_bound_once(storage: Storage) -> None:
    players = await added(storage, *(named(f"P{number}") for number in range(6)))
    binding = (storage.write(lambda tx, one=one: tx.players.bind_handle(one.id, "h")) for one in players)  # type: ignore[misc]
    assert sorted([one.value for one in await asyncio.gather(*binding)]) == [False] * 5 + [True]


async def test_in_game_names_and_handles_keep_their_order(storage: Storage) -> None:
    names = ("zeta", "alpha", "Alpha", "mid")
    (player,) = await added(storage, named("Ann", in_game_names=names, handles=("9-1", "1-1", "5-1")))
    stored = await storage.read(lambda tx: tx.players.get(player.id))
    assert stored is not None
    assert (stored.in_game_names, stored.handles) == (names, ("9-1", "1-1", "5-1"))


async def test_many_keys_find_who_is_there_and_nobody_else(storage: Storage) -> None:
    players = await added(storage, *(named(f"p{number}", discord_id=number + 1) for number in range(MANY)))
    keys = [f"p{number}" for number in range(MANY + 500)]
    by_key = await storage.read(lambda tx: tx.players.by_name_keys(keys))
    assert by_key == {player.name: player for player in players}
    by_discord = await storage.read(lambda tx: tx.players.by_discord_ids(range(1, MANY + 500)))
    assert by_discord == {player.discord_id: player for player in players}


async def test_no_keys_and_unknown_keys_find_nothing(storage: Storage) -> None:
    await player_ids(storage, 1)

    def work(tx: Transaction) -> list[object]:
        return [
            tx.players.get(PlayerId(99)),
            tx.players.by_name_keys([]),
            tx.players.by_name_keys(["nobody"]),
            tx.players.by_discord_ids([]),
            tx.players.by_discord_ids([1]),
            tx.entries.by_keys([]),
            tx.entries.by_keys([(PlayerId(99), "zerg")]),
            tx.matches.known_source_keys([]),
            tx.players.add([]),
            tx.entries.add([]),
            tx.matches.add([], recorded_at_us=1),
        ]

    assert (await storage.write(work)).value == [None, {}, {}, {}, {}, {}, {}, set(), [], [], []]


@pytest.mark.parametrize(
    "second",
    [named("ANN"), named("Bob", discord_id=7), named("Bob", handles=("other", "1-S2-1"))],
    ids=["name", "discord account", "handle"],
)
async def test_what_belongs_to_one_player_cannot_be_taken_by_another(storage: Storage, second: NewPlayer) -> None:
    (ann, cid) = await added(storage, named("Ann", discord_id=7, handles=("1-S2-1",)), named("Cid"))

    def add(tx: Transaction) -> None:
        tx.notes.put("before", "the conflict")
        tx.players.add([named("Dan"), second])

    with pytest.raises(Conflict):
        await storage.write(add)
    taking = Player(id=cid.id, name=second.name, discord_id=second.discord_id, handles=second.handles)
    with pytest.raises(Conflict):
        await storage.write(lambda tx: tx.players.save(taking, second.name_key))
    columns, note = await storage.read(lambda tx: (tx.players.columns(), tx.notes.get("before")))
    assert (list(columns.names), note) == (["Ann", "Cid"], None)
    assert await storage.read(lambda tx: [tx.players.get(ann.id), tx.players.get(cid.id)]) == [ann, cid]


async def test_in_game_names_may_be_shared_and_a_player_may_keep_what_is_theirs(storage: Storage) -> None:
    (ann, bob) = await added(
        storage, named("Ann", discord_id=7, in_game_names=("x",), handles=("1",)), named("Bob", in_game_names=("x",))
    )
    await storage.write(lambda tx: tx.players.save(ann, "ann"))
    assert await storage.read(lambda tx: [tx.players.get(ann.id), tx.players.get(bob.id)]) == [ann, bob]


results = st.tuples(*[st.integers(0, 10**9 // 3)] * 3)


@given(
    mmr=st.integers(MMR_MIN, MMR_MAX),
    games=results,
    changed=results,
    last_played_us=st.none() | st.integers(0, 2**62),
)
@one_storage_for_all_examples
async def test_an_entry_is_found_as_added_and_then_as_saved(
    storage: Storage, mmr: int, games: tuple[int, ...], changed: tuple[int, ...], last_played_us: int | None
) -> None:
    (player,) = await added(storage, named(f"owner {next(_numbers)}"))
    key: EntryKey = (player.id, "zerg")
    won, lost, drawn = games
    new = NewEntry(
        player_id=player.id,
        race="zerg",
        state=EntryState(mmr=mmr, games_won=won, games_lost=lost, games_drawn=drawn, last_played_us=last_played_us),
    )
    (entry,) = (await storage.write(lambda tx: tx.entries.add([new]))).value
    assert await storage.read(lambda tx: tx.entries.by_keys([key])) == {key: entry}
    assert (entry.mmr, entry.state.games_played, entry.state.last_played_us) == (mmr, sum(games), last_played_us)
    won, lost, drawn = changed
    later = Entry(
        id=entry.id,
        player_id=player.id,
        race="zerg",
        state=EntryState(
            mmr=-mmr,
            games_won=won,
            games_lost=lost,
            games_drawn=drawn,
            last_played_us=None if last_played_us is None else last_played_us + 1,
        ),
    )
    await storage.write(lambda tx: tx.entries.save([later]))
    assert await storage.read(lambda tx: tx.entries.by_keys([key, (player.id, "terran")])) == {key: later}


async def test_entries_get_ids_in_the_order_given_and_stand_in_every_listing_by_id(storage: Storage) -> None:
    ids = await player_ids(storage, MANY // 2)
    new = [
        NewEntry(player_id=one, race=race, state=EntryState(mmr=one))
        for one in reversed(ids)
        for race in ("zerg", "terran")
    ]
    entries = (await storage.write(lambda tx: tx.entries.add(new))).value
    assert [(entry.player_id, entry.race) for entry in entries] == [(one.player_id, one.race) for one in new]
    assert [entry.id for entry in entries] == sorted({entry.id for entry in entries})
    moved = [
        Entry(id=e.id, player_id=e.player_id, race=e.race, state=EntryState(mmr=-1, games_won=1, last_played_us=5))
        for e in entries[::-3]
    ]
    await storage.write(lambda tx: tx.entries.save(moved))
    expected = {entry.id: entry for entry in (*entries, *moved)}
    found = await storage.read(lambda tx: tx.entries.by_keys([(one.player_id, one.race) for one in new]))
    assert {entry.id: entry for entry in found.values()} == expected
    stored = await storage.read(lambda tx: list(tx.entries.stored()))
    assert [one.entry for one in stored] == list(expected.values())
    assert [one.player.name for one in stored] == [f"player {ids.index(one.entry.player_id)}" for one in stored]


async def test_the_columns_of_entries_hold_what_was_written(storage: Storage) -> None:
    (player_id,) = await player_ids(storage, 1)
    new = [
        NewEntry(player_id=player_id, race="terran", state=EntryState(mmr=MMR_MIN)),
        NewEntry(
            player_id=player_id,
            race="zerg",
            state=EntryState(mmr=MMR_MAX, games_won=3, games_lost=2, games_drawn=1, last_played_us=2**60 + 1),
        ),
        NewEntry(player_id=player_id, race="protoss", state=EntryState(mmr=0, last_played_us=0)),
    ]
    entries = (await storage.write(lambda tx: tx.entries.add(new))).value
    columns = await storage.read(lambda tx: tx.entries.columns())
    assert columns.ids.tolist() == [entry.id for entry in entries]
    assert columns.player_ids.tolist() == [player_id] * 3
    assert list(columns.races) == ["terran", "zerg", "protoss"]
    assert columns.mmr.tolist() == [MMR_MIN, MMR_MAX, 0]
    assert columns.games_played.tolist() == [0, 6, 0]
    assert columns.games_won.tolist() == [0, 3, 0]
    assert columns.games_lost.tolist() == [0, 2, 0]
    assert columns.games_drawn.tolist() == [0, 1, 0]
    assert columns.last_played_us.tolist() == [NEVER, 2**60 + 1, 0]


async def test_the_columns_of_an_empty_storage_are_empty_and_of_the_same_kind(storage: Storage) -> None:
    players, entries = await storage.read(lambda tx: (tx.players.columns(), tx.entries.columns()))
    assert [list(column) for column in (players.ids, players.names, players.countries, players.banned)] == [[]] * 4
    assert (len(entries.ids), list(entries.races)) == (0, [])
    ids = await player_ids(storage, 1)
    await storage.write(lambda tx: tx.entries.add([NewEntry(player_id=ids[0], race="zerg", state=EntryState(mmr=1))]))
    full = await storage.read(lambda tx: tx.entries.columns())
    for name in ("ids", "player_ids", "mmr", "games_played", "games_won", "games_lost", "games_drawn"):
        assert getattr(entries, name).dtype == getattr(full, name).dtype
    assert entries.last_played_us.dtype == full.last_played_us.dtype


def match_of(source_key: str, one: PlayerId, other: PlayerId, result: MatchResult, ended_at_us: int) -> FinalMatch:
    sides = ((Participant(player_id=one, race="zerg"),), (Participant(player_id=other, race="terran"),))
    return FinalMatch(source_key=source_key, sides=sides, result=result, ended_at_us=ended_at_us, map_name=source_key)


async def test_matches_get_ids_in_the_order_given_and_are_known_by_their_source_keys(storage: Storage) -> None:
    one, other = await player_ids(storage, 2)
    keys = [*HOSTILE, *(f"source:{number}" for number in range(MANY))]
    matches = [
        match_of(key, one, other, list(MatchResult)[place % 3], 10**15 - place) for place, key in enumerate(keys)
    ]
    ids = (await storage.write(lambda tx: tx.matches.add(matches, recorded_at_us=10**15))).value
    assert ids == sorted(set(ids))
    assert len(ids) == len(matches)
    asked = [*keys, "source:", "SOURCE:1", "nothing"]
    assert await storage.read(lambda tx: tx.matches.known_source_keys(asked)) == set(keys)
    assert await storage.read(lambda tx: tx.matches.count()) == len(keys)
    assert await storage.read(lambda tx: [final(one) for one in tx.matches.completed()]) == matches
