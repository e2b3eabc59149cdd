"""Players: registered, renamed, moved, banned and found, and never two who look the same."""

from collections.abc import AsyncIterator

import pytest

from tests.support.databases import Database, OpenLadder, opened_ladder
from tests.support.fakes.ladder import Listener
from toprung.domain.errors import Conflict, InvalidInput, NotFound
from toprung.domain.events import (
    PlayerBanned,
    PlayerCountryChanged,
    PlayerRegistered,
    PlayerRenamed,
    PlayerUnbanned,
)
from toprung.domain.players.names import InvalidName
from toprung.domain.players.player import Player, PlayerId

pytest_plugins = ("tests.support.databases",)


@pytest.fixture
async def opened(database: Database) -> AsyncIterator[OpenLadder]:
    async with opened_ladder(database) as found:
        yield found


@pytest.fixture
def listener(opened: OpenLadder) -> Listener:
    listening = Listener()
    opened.ladder.bus.subscribe(listening.hear)
    return listening


async def stored(opened: OpenLadder, player_id: PlayerId) -> Player | None:
    return await opened.storage.read(lambda tx: tx.players.get(player_id))


async def test_a_player_is_registered_with_what_was_said(opened: OpenLadder, listener: Listener) -> None:
    player = await opened.ladder.players.register(
        "  별  빛 ",
        country="kr",
        region="NAW",
        discord_id=2**63 - 1,
        in_game_names=(" star ", "light", "star"),
        handles=("3-S2-1-7", "1-S2-1-7", "3-S2-1-7"),
    )
    assert (player.name, player.country, player.region, player.discord_id) == ("별 빛", "KR", "NAW", 2**63 - 1)
    assert player.in_game_names == ("star", "light")  # the same twice is once
    assert player.handles == ("3-S2-1-7", "1-S2-1-7")
    assert await stored(opened, player.id) == player
    assert [change.event for change in listener.heard] == [PlayerRegistered(player=player)]


@pytest.mark.parametrize("twin", ["PayPal", "paypaI", "РауРаl", "ｐａｙｐａｌ", " PAYPAL "])
async def test_names_that_look_the_same_are_taken(opened: OpenLadder, listener: Listener, twin: str) -> None:
    await opened.ladder.players.register("Paypal")
    other = await opened.ladder.players.register("Somebody")
    heard = len(listener.heard)
    with pytest.raises(Conflict, match="is taken, or looks too much like one that is"):
        await opened.ladder.players.register(twin)
    with pytest.raises(Conflict, match="is taken, or looks too much like one that is"):
        await opened.ladder.players.rename(other.id, twin)
    assert await stored(opened, other.id) == other
    assert len(listener.heard) == heard


async def test_a_player_may_take_another_spelling_of_their_own_name_and_leaves_the_old_one_free(
    opened: OpenLadder, listener: Listener
) -> None:
    player = await opened.ladder.players.register("Paypal", country="US", discord_id=5, handles=("h",))
    renamed = await opened.ladder.players.rename(player.id, "PAYPAL")
    assert renamed == Player(id=player.id, name="PAYPAL", country="US", discord_id=5, handles=("h",))
    again = await opened.ladder.players.rename(player.id, "Ann")
    assert await stored(opened, player.id) == again
    assert [change.event for change in listener.heard[1:]] == [
        PlayerRenamed(player=renamed),
        PlayerRenamed(player=again),
    ]
    assert (await opened.ladder.players.register("PayPal")).id != player.id
    with pytest.raises(NotFound):
        await opened.ladder.players.by_name("nobody")
    assert await opened.ladder.players.by_name(" ANN ") == again


async def test_an_account_or_a_handle_belongs_to_one_player(opened: OpenLadder) -> None:
    await opened.ladder.players.register("Ann", discord_id=5, handles=("h",))
    with pytest.raises(Conflict, match="Bob: this Discord account belongs to another player"):
        await opened.ladder.players.register("Bob", discord_id=5)
    with pytest.raises(Conflict, match="Bob: this in-game handle belongs to another player"):
        await opened.ladder.players.register("Bob", handles=("other", "h"))
    assert (await opened.ladder.players.register("Bob", discord_id=6, handles=("other",))).name == "Bob"


async def test_a_country_is_changed_and_taken_back(opened: OpenLadder, listener: Listener) -> None:
    player = await opened.ladder.players.register("Ann", country="US")
    moved = await opened.ladder.players.set_country(player.id, " kr ")
    assert moved.country == "KR"
    gone = await opened.ladder.players.set_country(player.id, None)
    assert gone.country is None
    assert await stored(opened, player.id) == gone
    assert [change.event for change in listener.heard[1:]] == [
        PlayerCountryChanged(player=moved),
        PlayerCountryChanged(player=gone),
    ]


async def test_a_ban_is_set_and_lifted_once_however_often_it_is_asked_for(
    opened: OpenLadder, listener: Listener
) -> None:
    player = await opened.ladder.players.register("Ann", handles=("h",))
    banned = [await opened.ladder.players.ban(player.id) for _ in range(2)]
    assert [one.is_banned for one in banned] == [True, True]
    assert await stored(opened, player.id) == banned[0]
    lifted = [await opened.ladder.players.unban(player.id) for _ in range(2)]
    assert lifted == [player, player]
    assert await stored(opened, player.id) == player
    assert [type(change.event) for change in listener.heard] == [PlayerRegistered, PlayerBanned, PlayerUnbanned]


async def test_somebody_who_does_not_exist_is_not_found(opened: OpenLadder, listener: Listener) -> None:
    players, nobody = opened.ladder.players, PlayerId(99)
    for asked in (
        players.rename(nobody, "Ann"),
        players.set_country(nobody, "KR"),
        players.ban(nobody),
        players.unban(nobody),
        players.by_name("Ann"),
        players.by_name("\n"),
    ):
        with pytest.raises(NotFound):
            await asked
    assert listener.heard == []


async def test_what_cannot_be_is_refused_before_anything_is_written(opened: OpenLadder, listener: Listener) -> None:
    players = opened.ladder.players
    ann = await players.register("Ann")
    for asked in (
        players.register("a\u202eb"),
        players.register("Bob", in_game_names=("fine", "\0")),
        players.rename(ann.id, ""),
    ):
        with pytest.raises(InvalidName):
            await asked
    for refused in (
        players.register("Bob", country="QQ"),
        players.register("Bob", region="Narnia"),
        players.set_country(ann.id, "Korea"),
    ):
        with pytest.raises(InvalidInput):
            await refused
    assert await stored(opened, ann.id) == ann
    assert [change.event for change in listener.heard] == [PlayerRegistered(player=ann)]
