"""What every backend keeps of those who left, how an organiser finds them and gives the old entry back."""

import json
from dataclasses import replace

import pytest

from tests.contracts.office import ANN, EVE, Office, join
from tests.contracts.players.comebacks import (
    CAT,
    FIRST,
    SECOND,
    THIRD,
    can_play,
    csv,
    imported,
    in_order,
    opened,
    renamed,
)
from toprung.application.matches.match_readiness import NotReady
from toprung.application.organising.match_operations import ActForPlayer, CorrectMatch, OpenMatch
from toprung.application.organising.player_operations import (
    BanPlayer,
    RegisterPlayer,
    RenamePlayer,
    RestorePlayer,
    SetCountry,
    UnbanPlayer,
)
from toprung.application.players.account_service import (
    RENAME_COOLDOWN_DAYS,
    InOpenMatch,
    NameTaken,
    NotSetUp,
    RenameTooSoon,
)
from toprung.application.players.departures import NotBack
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.storage import Storage, Transaction
from toprung.domain.errors import Conflict, NotFound
from toprung.domain.matches.match_life import Step
from toprung.domain.players.departure import DEPARTURES_KEPT_DAYS, HASH_KEY_NOTE, Departure
from toprung.domain.players.player import Player, PlayerId

pytest_plugins = ("tests.support.databases",)


async def test_nobody_leaves_an_open_match_and_nothing_is_kept_of_the_attempt(office: Office) -> None:
    match_id = await opened(office, "Annika", "Bobbin")
    with pytest.raises(InOpenMatch):
        await office.accounts.forget(ANN)
    assert await office.departures() == []
    await office.admin.perform(ActForPlayer(match_id=match_id, player="Annika", step=Step.ABORT, by=EVE))
    await office.accounts.forget(ANN)
    with pytest.raises(NotSetUp):
        await office.accounts.forget(ANN)
    assert [one.player_id for one in await office.departures()] == [FIRST]


async def test_what_is_kept_says_neither_account_nor_name_and_only_where_others_need_it(office: Office) -> None:
    await join(office, CAT, "Carol")
    await office.accounts.forget(CAT)  # was never in a match, not banned, not renamed
    assert await office.departures() == []
    await office.won("Annika", "Bobbin")
    await office.accounts.forget(ANN)
    (kept,) = await office.departures()
    assert (kept.player_id, kept.left_at_us, kept.renamed_at_us, kept.returned_as) == (
        FIRST, office.clock.now_us(), None, None,
    )  # fmt: skip
    key = await office.storage.read(lambda tx: tx.notes.get(HASH_KEY_NOTE))
    assert key is not None
    assert len(bytes.fromhex(key)) == 32
    for digest in (kept.account_hash, kept.name_hash):
        assert len(bytes.fromhex(digest)) == 32
        assert str(ANN) not in digest


async def test_a_departure_lapses_and_one_of_a_banned_player_does_not(office: Office) -> None:
    await join(office, CAT, "Carol")
    await office.won("Annika", "Bobbin")
    await office.admin.perform(BanPlayer(name="Carol", by=EVE))
    await office.accounts.forget(ANN)
    await office.accounts.forget(CAT)
    office.clock.advance(days=DEPARTURES_KEPT_DAYS)
    assert await office.players.prune_departures() == 0
    office.clock.advance(us=1)
    assert await office.players.prune_departures() == 1
    assert [one.player_id for one in await office.departures()] == [THIRD]
    office.clock.advance(days=10 * DEPARTURES_KEPT_DAYS)
    await join(office, CAT, "Carol")
    assert (await office.player(CAT)).is_banned
    await office.admin.perform(UnbanPlayer(name="Carol", by=EVE))  # with which the last reason to keep anything is gone
    assert await office.departures() == []
    await in_order(office)


async def test_an_import_is_no_way_out(office: Office) -> None:
    await office.admin.perform(BanPlayer(name="Annika", by=EVE))
    await imported(office, csv("Annika"))  # again, by name
    await imported(office, csv("Annalena", account=ANN))  # renamed, by account
    assert (await office.player(ANN)).is_banned
    await office.accounts.forget(ANN)
    await imported(office, csv("Newcomer", account=ANN))
    assert (await office.player(ANN)).is_banned
    with pytest.raises(NotReady):
        await office.admin.perform(
            OpenMatch(player_1="Newcomer", race_1="bw_zerg", player_2="Bobbin", race_2="bw_zerg", by=EVE)
        )
    await in_order(office)
    await imported(office, csv("Newcomer", account=ANN))
    assert len([row for row in await office.rows() if row.action == "return"]) == 1


async def test_an_import_that_gives_a_known_name_the_account_of_who_left_is_none_either(office: Office) -> None:
    await office.admin.perform(BanPlayer(name="Annika", by=EVE))
    await office.accounts.forget(ANN)
    await office.admin.perform(
        RegisterPlayer(name="Annika", country="KR", by=EVE)
    )  # by the name of who left, of which nothing is known any more
    assert await can_play(office, "Annika")
    await imported(office, csv("Annika", account=ANN))
    assert (await office.player(ANN)).is_banned
    await in_order(office)


async def test_registering_with_the_account_is_none_either(office: Office) -> None:
    await office.admin.perform(BanPlayer(name="Annika", by=EVE))
    await office.accounts.forget(ANN)
    assert (await office.players.register("Newcomer", discord_id=ANN)).is_banned


@pytest.mark.parametrize("name", ["Deleted player 1", "deleted PLAYER 99", "Deleted  player x"])
async def test_nobody_is_called_like_somebody_who_left(office: Office, name: str) -> None:
    with pytest.raises(NameTaken):
        await office.accounts.answer(CAT, name=name)
    with pytest.raises(Conflict, match="choose another name"):
        await office.players.register(name)
    with pytest.raises(Conflict, match="choose another name"):
        await office.admin.perform(RenamePlayer(name="Bobbin", new_name=name, by=EVE))


async def test_who_left_is_found_by_number_and_gets_neither_name_nor_country(office: Office) -> None:
    with pytest.raises(NotFound):
        await office.players.by_name("Deleted player 1")  # who is here
    await office.won("Annika", "Bobbin")
    await office.accounts.forget(ANN)
    assert (await office.players.by_name("deleted player 1")).id == FIRST
    assert (await office.dossiers.find(f"<@{ANN}>")).left_at_us == office.clock.now_us()
    for refused in (
        office.admin.perform(RenamePlayer(name="Deleted player 1", new_name="Annika", by=EVE)),
        office.admin.perform(SetCountry(name="Deleted player 1", country="DE", by=EVE)),
    ):
        with pytest.raises(Conflict, match="has left the ladder"):
            await refused
    await join(office, ANN, "Newcomer")
    dossier = await office.dossiers.find(f"<@{ANN}>")
    assert dossier.player.name == "Newcomer"
    assert [one.id for one in dossier.former] == [FIRST]


async def test_the_audit_says_who_came_back_as_whom_by_number(office: Office) -> None:
    await office.won("Annika", "Bobbin")
    await office.admin.perform(BanPlayer(name="Annika", by=EVE))
    await office.accounts.forget(ANN)
    await join(office, ANN, "Newcomer")
    joined, row = (await office.rows())[:2]
    assert (joined.actor, joined.action, joined.subject) == ("setup", "register", "player 3")
    assert (row.actor, row.action, row.subject, row.reason) == ("ladder", "return", "player 3", "")
    assert json.loads(row.details) == {"former": [1], "is_banned": True}
    assert await office.audit.names([row]) == {FIRST: "Deleted player 1", THIRD: "Newcomer"}


@pytest.mark.parametrize("named", ["Newcomer", "Deleted player 1"])
@pytest.mark.parametrize("has_played", [False, True])
async def test_an_organiser_gives_the_old_entry_back(office: Office, named: str, has_played: bool) -> None:
    await office.won("Bobbin", "Annika")
    await office.abandoned("Bobbin", "Annika")
    await renamed(office, "Annalena")
    before = (await office.dossiers.find("Annalena")).entries
    await office.accounts.forget(ANN)
    office.clock.advance(days=RENAME_COOLDOWN_DAYS)
    await join(office, ANN, "Newcomer")
    if has_played:
        await office.won("Newcomer", "Bobbin")
    bystander = await office.player(ANN)
    player = await office.admin.perform(RestorePlayer(name=named, by=EVE))
    assert player == replace(bystander, id=FIRST)
    assert await office.player(ANN) == player
    dossier = await office.dossiers.find("Newcomer")
    assert (dossier.player.id, dossier.entries) == (FIRST, before)
    assert [one.offence.value for one in dossier.unpardoned] == ["abort"]
    with pytest.raises(RenameTooSoon):
        await office.accounts.answer(ANN, name="Another")
    row = (await office.rows())[0]
    assert (row.actor, row.action, row.subject, row.reason) == (EVE.actor, "restore", "player 1", EVE.reason)
    assert json.loads(row.details) == {"former": [3]}
    await in_order(office)
    await office.won("Newcomer", "Bobbin")  # and it goes on from there
    await in_order(office)
    left_behind = (await office.dossiers.find("Deleted player 3")).entries
    assert len(left_behind) == int(has_played)
    await office.admin.perform(RestorePlayer(name="Deleted player 3", by=EVE))  # the way back of the way back
    assert (await office.player(ANN)).id == THIRD
    assert (await office.dossiers.find("Newcomer")).entries == left_behind
    await in_order(office)


async def test_an_old_entry_that_is_given_back_keeps_the_ban(office: Office) -> None:
    await office.won("Bobbin", "Annika")
    await office.accounts.forget(ANN)
    await join(office, ANN, "Newcomer")
    await office.admin.perform(BanPlayer(name="Newcomer", by=EVE))
    assert (await office.admin.perform(RestorePlayer(name="Newcomer", by=EVE))).is_banned
    await office.accounts.forget(ANN)
    await join(office, ANN, "Newcomer")
    assert (await office.player(ANN)).is_banned
    await in_order(office)


async def test_what_cannot_be_given_back_is_said_and_nothing_is_changed(office: Office) -> None:
    with pytest.raises(NotBack, match="Nothing is known of Annika"):
        await office.admin.perform(RestorePlayer(name="Annika", by=EVE))
    await office.won("Bobbin", "Annika")
    await office.accounts.forget(ANN)
    with pytest.raises(NotBack, match="Deleted player 1 has not come back"):
        await office.admin.perform(RestorePlayer(name="Deleted player 1", by=EVE))
    await join(office, ANN, "Newcomer")
    match_id = await opened(office, "Newcomer", "Bobbin")
    with pytest.raises(Conflict, match=f"in match {match_id}"):
        await office.admin.perform(RestorePlayer(name="Newcomer", by=EVE))
    await office.admin.perform(CorrectMatch(match_id=match_id, result=None, by=EVE))
    await office.accounts.forget(ANN)
    await join(office, ANN, "Newcomer")
    with pytest.raises(NotBack, match="name the one to give back: Deleted player 1, Deleted player 3"):
        await office.admin.perform(RestorePlayer(name="Newcomer", by=EVE))
    assert (await office.admin.perform(RestorePlayer(name="Deleted player 1", by=EVE))).id == FIRST
    with pytest.raises(NotFound):
        await office.admin.perform(RestorePlayer(name="Somebody", by=EVE))
    await in_order(office)


async def test_a_ladder_whose_departures_contradict_themselves_is_not_in_order(office: Office) -> None:
    await office.won("Bobbin", "Annika")
    await office.accounts.forget(ANN)
    await join(office, ANN, "Newcomer")
    (kept,) = await office.departures()

    def spoil(tx: Transaction) -> None:
        back = tx.players.by_ids([THIRD])[THIRD]
        tx.players.save(replace(back, is_banned=True), "newcomer")
        tx.departures.save(replace(kept, account_hash="00"))
        tx.departures.save(replace(kept, player_id=SECOND, account_hash="00", returned_as=None))

    await office.storage.write(spoil)
    await office.store.load()
    assert await office.verification.verify(lambda _done, _total: None) == [
        "player 3: is not of the account that player 1 had",
        "player 1: is not banned, but player 3 is, whom the same account was or is",
        "player 2: left, and has a name or an account all the same",
    ]


async def test_departures_are_found_as_they_were_last_saved(storage: Storage) -> None:
    def add(tx: Transaction) -> None:
        tx.players.add([NewPlayer(name=name, name_key=name) for name in ("p1", "p2", "p3", "p4", "p5")])

    await storage.write(add)
    one = Departure(player_id=FIRST, account_hash="aa", name_hash="1", left_at_us=50, renamed_at_us=7)
    two = Departure(player_id=SECOND, account_hash="aa", name_hash="2", left_at_us=40)
    three = Departure(player_id=THIRD, account_hash="bb", name_hash="3", left_at_us=30, returned_as=PlayerId(5))
    for departure in (replace(one, left_at_us=1), one, two, three):
        await storage.write(lambda tx, departure=departure: tx.departures.save(departure))  # type: ignore[misc]

    def read(tx: Transaction) -> tuple[object, ...]:
        return (
            tx.departures.all(),
            tx.departures.get(FIRST),
            tx.departures.get(PlayerId(4)),
            tx.departures.of_accounts({"aa", "cc"}),
            tx.departures.returned_as(PlayerId(5)),
            tx.departures.returned(9),
            [tx.departures.same_person(PlayerId(number)) for number in range(1, 6)],
        )

    assert await storage.read(read) == (
        [one, two, three], one, None, [two, one], [three], [three], [[1, 2], [1, 2], [3, 5], [4], [3, 5]],
    )  # fmt: skip
    await storage.write(lambda tx: tx.departures.set_returned("aa", PlayerId(4)))
    back = replace(one, returned_as=PlayerId(4)), replace(two, returned_as=PlayerId(4))
    assert await storage.read(lambda tx: tx.departures.returned(2)) == list(back)
    assert await storage.read(lambda tx: tx.departures.same_person(SECOND)) == [1, 2, 4]
    await storage.write(lambda tx: tx.players.save(Player(id=THIRD, name="p3", is_banned=True), "p3"))
    assert (await storage.write(lambda tx: tx.departures.prune(50))).value == 1
    assert await storage.read(lambda tx: tx.departures.all()) == [back[0], three]
    await storage.write(lambda tx: tx.departures.remove(FIRST))
    assert await storage.read(lambda tx: tx.departures.all()) == [three]


async def test_a_note_that_is_kept_stays_as_it_first_was(storage: Storage) -> None:
    assert (await storage.write(lambda tx: tx.notes.keep("key", "first"))).value == "first"
    assert (await storage.write(lambda tx: tx.notes.keep("key", "second"))).value == "first"
    assert await storage.read(lambda tx: tx.notes.get("key")) == "first"
