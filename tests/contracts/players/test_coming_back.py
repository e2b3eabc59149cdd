"""Who left and comes back with the same account is the same person, on every database: no way out, and a way back."""

import asyncio

import pytest

from tests.contracts.office import ANN, BOB, EVE, Office, join
from tests.contracts.players.comebacks import CAT, can_play, in_order, opened, renamed
from toprung.application.matches.match_readiness import NotReady
from toprung.application.organising.match_operations import OpenMatch
from toprung.application.organising.player_operations import (
    BanPlayer,
    PardonPlayer,
    UnbanPlayer,
)
from toprung.application.players.account_service import (
    RENAME_COOLDOWN_DAYS,
    RenameTooSoon,
)
from toprung.domain.matches.conduct import DAYS_PER_STRIKE, PenaltyRules
from toprung.domain.matches.match import MatchState

pytest_plugins = ("tests.support.databases",)


async def test_a_ban_goes_on_whatever_the_new_name_is(office: Office) -> None:
    await office.admin.perform(BanPlayer(name="Annika", by=EVE))
    for name in ("Annika", "annika", "Somebody", "Another"):  # four times out and in again
        await office.accounts.forget(ANN)
        await in_order(office)
        await join(office, ANN, name)
        assert (await office.player(ANN)).is_banned
        with pytest.raises(NotReady, match=f"{name} is banned and cannot play") as refused:
            await office.admin.perform(
                OpenMatch(player_1=name, race_1="bw_zerg", player_2="Bobbin", race_2="bw_zerg", by=EVE)
            )
        assert refused.value.reason == "banned"
        await in_order(office)
        office.clock.advance(days=RENAME_COOLDOWN_DAYS)
    await office.admin.perform(UnbanPlayer(name="Another", by=EVE))
    assert await can_play(office, "Another")
    await office.accounts.forget(ANN)
    await join(office, ANN, "Another")
    assert not (await office.player(ANN)).is_banned


async def test_whoever_was_not_banned_comes_back_free(office: Office) -> None:
    await office.won("Annika", "Bobbin")
    await office.accounts.forget(ANN)
    await join(office, ANN, "Annika")
    assert not (await office.player(ANN)).is_banned
    assert await can_play(office, "Annika")
    await in_order(office)


async def test_who_was_never_here_is_nobody_of_those_who_left(office: Office) -> None:
    await office.admin.perform(BanPlayer(name="Annika", by=EVE))
    await office.accounts.forget(ANN)
    await join(office, CAT, "Annika")
    assert not (await office.player(CAT)).is_banned


@pytest.mark.parametrize("has_returned", [False, True])
async def test_a_ban_after_leaving_reaches_whoever_comes_and_so_does_its_end(
    office: Office, has_returned: bool
) -> None:
    await office.won("Annika", "Bobbin")
    await office.accounts.forget(ANN)
    if has_returned:
        await join(office, ANN, "Newcomer")
        open_id = await opened(office, "Newcomer", "Bobbin")
    assert (await office.admin.perform(BanPlayer(name=" deleted  player 1 ", by=EVE))).is_banned
    if has_returned:
        open_match = await office.storage.read(lambda tx: tx.matches.get(open_id))
        assert open_match is not None
        assert open_match.state is MatchState.VOIDED
    else:
        await join(office, ANN, "Newcomer")
    assert (await office.player(ANN)).is_banned
    await in_order(office)
    await office.admin.perform(UnbanPlayer(name="Deleted player 1", by=EVE))
    assert await can_play(office, "Newcomer")
    await in_order(office)


async def test_a_ban_of_who_came_back_reaches_the_next_time_as_well(office: Office) -> None:
    await office.won("Annika", "Bobbin")
    await office.accounts.forget(ANN)
    await join(office, ANN, "Newcomer")  # who plays nothing
    await office.admin.perform(BanPlayer(name="Newcomer", by=EVE))
    await office.accounts.forget(ANN)
    await office.admin.perform(UnbanPlayer(name="Deleted player 1", by=EVE))
    await join(office, ANN, "Newcomer")
    assert await can_play(office, "Newcomer")
    await in_order(office)


async def test_penalties_go_on_as_if_nobody_had_left(office: Office) -> None:
    await join(office, CAT, "Carol")
    rules = PenaltyRules()
    spans = []
    for name, account in (("Annika", ANN), ("Carol", CAT)):  # one leaves after each offence, the other stays
        office.clock.advance(days=9 * DAYS_PER_STRIKE)
        for _ in range(3):
            match_id = await office.abandoned("Bobbin", name)
            assert not await can_play(office, name)
            if account == ANN:
                await office.accounts.forget(ANN)
                await join(office, ANN, name)
                assert not await can_play(office, name)
            dossier = await office.dossiers.find(name)
            newest = dossier.penalties[-1]
            assert newest.match_id == match_id
            spans.append(newest.until_us - newest.at_us)
            office.clock.advance(us=newest.until_us - newest.at_us)
            assert await can_play(office, name)
        for _ in range(6):
            await office.won(name, "Bobbin")  # five of these take a strike off
        await office.abandoned("Bobbin", name)
        dossier = await office.dossiers.find(name)
        spans.append(dossier.penalties[-1].until_us - dossier.penalties[-1].at_us)
        assert len(dossier.unpardoned) == 4
    assert spans[:4] == spans[4:] == [rules.abort_us << strikes for strikes in (0, 1, 2, 2)]
    await in_order(office)


async def test_matches_from_before_leaving_still_take_strikes_off(office: Office) -> None:
    await office.abandoned("Bobbin", "Annika")
    office.clock.advance(us=PenaltyRules().abort_us)
    for _ in range(5):
        await office.won("Annika", "Bobbin")
    await office.accounts.forget(ANN)
    await join(office, ANN, "Annika")
    await office.abandoned("Bobbin", "Annika")
    newest = (await office.dossiers.find("Annika")).penalties[-1]
    assert newest.until_us - newest.at_us == PenaltyRules().abort_us


@pytest.mark.parametrize("pardoned", ["Annika", "Deleted player 1"])
async def test_a_pardon_reaches_the_penalties_from_before_leaving(office: Office, pardoned: str) -> None:
    await office.abandoned("Bobbin", "Annika")
    await office.accounts.forget(ANN)
    await join(office, ANN, "Annika")
    assert not await can_play(office, "Annika")
    assert (await office.admin.perform(PardonPlayer(name=pardoned, by=EVE))).pardoned == 1
    assert await can_play(office, "Annika")
    await office.abandoned("Bobbin", "Annika")
    newest = (await office.dossiers.find("Annika")).unpardoned[-1]
    assert newest.until_us - newest.at_us == PenaltyRules().abort_us


async def test_a_ban_and_a_return_at_the_same_moment_meet(office: Office) -> None:
    await office.won("Annika", "Bobbin")
    number = 1
    for _ in range(8):
        await office.accounts.forget(ANN)
        await office.accounts.answer(
            ANN, language="en", accepts_terms=True, name="Annika", in_game_name="x#1", country="KR", region="KRJ"
        )
        await asyncio.gather(
            office.admin.perform(BanPlayer(name=f"Deleted player {number}", by=EVE)),
            office.accounts.finish(ANN),
        )
        own = await office.player(ANN)
        assert own.is_banned
        await in_order(office)
        await office.admin.perform(UnbanPlayer(name="Annika", by=EVE))
        number = own.id


async def test_two_who_leave_first_of_all_at_the_same_moment_are_known_by_one_key(office: Office) -> None:
    await office.won("Annika", "Bobbin")
    await asyncio.gather(office.accounts.forget(ANN), office.accounts.forget(BOB))
    for number, (account, name) in enumerate(((ANN, "Annika"), (BOB, "Bobbin")), 1):
        await join(office, account, name)
        assert [one.id for one in (await office.dossiers.find(name)).former] == [number]


async def test_a_pardon_while_away_is_one_on_return(office: Office) -> None:
    await office.abandoned("Bobbin", "Annika")
    await office.accounts.forget(ANN)
    await office.admin.perform(PardonPlayer(name="Deleted player 1", by=EVE))
    await join(office, ANN, "Annika")
    assert await can_play(office, "Annika")


async def test_the_cool_down_of_a_name_goes_on(office: Office) -> None:
    await renamed(office, "Annalena")
    office.clock.advance(days=10)
    await office.accounts.forget(ANN)
    for other in ("Annika", "annalena", "Another"):
        with pytest.raises(RenameTooSoon) as refused:
            await join(office, ANN, other)
        assert refused.value.parameters == {"count": RENAME_COOLDOWN_DAYS - 10}
    await join(office, ANN, "Annalena")  # the name from before leaving is no other one
    with pytest.raises(RenameTooSoon) as refused:
        await office.accounts.answer(ANN, name="Another")
    assert refused.value.parameters == {"count": RENAME_COOLDOWN_DAYS - 10}
    await office.accounts.forget(ANN)  # though nothing was played under it
    with pytest.raises(RenameTooSoon):
        await join(office, ANN, "Another")
    office.clock.advance(days=RENAME_COOLDOWN_DAYS - 10)
    await join(office, ANN, "Another")


async def test_coming_back_under_another_name_is_a_change_of_name(office: Office) -> None:
    await office.won("Annika", "Bobbin")
    await office.accounts.forget(ANN)
    await join(office, ANN, "Annalena")
    with pytest.raises(RenameTooSoon) as refused:
        await office.accounts.answer(ANN, name="Another")
    assert refused.value.parameters == {"count": RENAME_COOLDOWN_DAYS}
    await office.accounts.forget(ANN)
    with pytest.raises(RenameTooSoon):
        await join(office, ANN, "Another")
    await join(office, ANN, "Annalena")
    office.clock.advance(days=RENAME_COOLDOWN_DAYS)
    await renamed(office, "Another")


async def test_coming_back_under_the_same_name_is_none(office: Office) -> None:
    await office.won("Annika", "Bobbin")
    await office.accounts.forget(ANN)
    await join(office, ANN, "Annika")
    await renamed(office, "Annalena")
    assert (await office.player(ANN)).name == "Annalena"
