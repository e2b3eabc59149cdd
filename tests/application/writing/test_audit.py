"""Who did what as an organiser, and why, is kept with what it changed; what players do themselves is not."""

import json

import pytest

from tests.interfaces.discord.ladder import discord_ladder
from toprung.application.organising.match_operations import ActForPlayer, OpenMatch
from toprung.application.organising.player_operations import (
    BanPlayer,
    PardonPlayer,
    RenamePlayer,
    SetCountry,
    UnbanPlayer,
)
from toprung.application.writing.audit import Attribution
from toprung.application.writing.reasons import REASON_MAX_CODE_POINTS
from toprung.domain.errors import InvalidInput, ToprungError
from toprung.domain.listing import LISTED_MAX
from toprung.domain.matches.match import Outcome, Participant
from toprung.domain.matches.match_life import Step, StepRefused

EVE = Attribution(actor="discord:7", reason=" a smurf ")


async def test_what_an_organiser_does_is_kept_and_what_players_do_is_not() -> None:
    ladder = discord_ladder()
    await ladder.store.load()
    administration, audit = ladder.administration, ladder.audit
    one, two = await ladder.players.register("One"), await ladder.players.register("Two")
    await administration.perform(RenamePlayer(name="One", new_name="Uno", by=EVE))
    await administration.perform(SetCountry(name="Uno", country="KR", by=EVE))
    opening = OpenMatch(key="k", player_1="Uno", race_1="bw_zerg", player_2="Two", race_2="sc2_zerg", by=EVE)
    match_id = (await administration.perform(opening)).match_id
    again = (await administration.perform(opening)).match_id
    await administration.perform(ActForPlayer(match_id=match_id, player="Uno", step=Step.CONFIRM, by=EVE))
    await ladder.lifecycle.act(match_id, two.id, Step.CONFIRM)
    await administration.perform(
        ActForPlayer(match_id=match_id, player="Two", step=Step.REPORT, outcome=Outcome.WIN, by=EVE)
    )
    await administration.perform(BanPlayer(name="Two", by=EVE))
    await administration.perform(UnbanPlayer(name="Two", by=EVE))
    await administration.perform(PardonPlayer(name="Two", by=EVE))
    assert again == match_id
    rows = (await audit.latest(LISTED_MAX + 1)).rows
    assert {(row.actor, row.reason) for row in rows} == {("discord:7", "a smurf")}
    assert [(row.action, row.subject) for row in rows[::-1]] == [
        ("rename", f"player {one.id}"),
        ("set_country", f"player {one.id}"),
        ("open_match", f"match {match_id}"),
        ("confirm", f"match {match_id}"),
        ("report", f"match {match_id}"),
        ("ban", f"player {two.id}"),
        ("unban", f"player {two.id}"),
        ("pardon", f"player {two.id}"),
    ]
    details = [json.loads(row.details) for row in rows[::-1]]
    assert details[0] == {"before": "One", "after": "Uno"}
    assert details[4] == {"player": two.id, "outcome": "win", "before": "in_progress", "after": "reported"}
    assert details[5] == {"voided_matches": [match_id]}
    assert await audit.names(rows) == {one.id: "Uno", two.id: "Two"}
    assert await audit.names([row for row in rows if row.action == "report"]) == {two.id: "Two"}


@pytest.mark.parametrize("reason", ["x" * (REASON_MAX_CODE_POINTS + 1), "a\N{RIGHT-TO-LEFT OVERRIDE}b"])
async def test_a_reason_that_cannot_be_kept_changes_nothing(reason: str) -> None:
    ladder = discord_ladder()
    player = await ladder.players.register("One")
    with pytest.raises(InvalidInput):
        await ladder.players.ban(player.id, Attribution(actor="cli", reason=reason))
    database = ladder.storage.database
    assert not database.players[player.id].is_banned
    assert database.audit == []


async def test_a_step_is_foreseen_as_it_then_happens_and_changes_nothing_before() -> None:
    ladder = discord_ladder()
    one, two = await ladder.players.register("One"), await ladder.players.register("Two")
    match = await ladder.lifecycle.open(
        Participant(player_id=one.id, race="bw_zerg"), Participant(player_id=two.id, race="bw_zerg")
    )
    steps = [
        *((one.id, Step.CONFIRM, None), (two.id, Step.CONFIRM, None), (one.id, Step.REPORT, Outcome.WIN)),
        *((one.id, Step.WITHDRAW, None), (two.id, Step.CANCEL, None), (two.id, Step.REPORT, Outcome.LOSS)),
    ]
    for player_id, step, outcome in steps:
        database = repr(ladder.storage.database)
        before, after = await ladder.lifecycle.foresee(match.id, player_id, step, outcome)
        assert repr(ladder.storage.database) == database
        assert before == ladder.storage.database.played.matches[match.id]
        taken = await ladder.lifecycle.act(match.id, player_id, step, outcome)
        if step is not Step.REPORT:
            assert taken == after
        assert taken.state is after.state
    for refused in (StepRefused, ToprungError):
        with pytest.raises(refused):
            await ladder.lifecycle.foresee(match.id, one.id, Step.ABORT)
