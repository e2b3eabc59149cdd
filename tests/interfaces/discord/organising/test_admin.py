"""What organisers do in Discord: every command, button, select and form; each change once, with its reason."""

from collections.abc import AsyncIterator

import pytest

from tests.interfaces.discord.conftest import World
from tests.interfaces.discord.layout import controls, options, text_of
from tests.interfaces.discord.organisers import WHY, Office, has, office_of, said, shown
from toprung.domain.matches.match import MatchState, Outcome
from toprung.domain.matches.match_life import Step
from toprung.interfaces.discord.messages.layouts import VIEW_TIMEOUT_SECONDS


@pytest.fixture
async def office(world: World) -> AsyncIterator[Office]:
    """An office whose every request is what Discord takes."""
    yield await office_of(world)
    world.check_requests()


def actor(office: Office) -> str:
    return f"discord:{office.world.alice.id}"


async def test_a_player_is_shown_with_all_that_an_organiser_needs(office: Office) -> None:
    one, two = await office.two()
    await office.world.ladder.play(one.id, two.id, times=3)
    match = await office.opened(one, two)
    for name in ("Novamar", "<@902>"):
        text = text_of(shown(await office.admin("player", name=name)))
        assert "## Novamar" in text
        assert "<@902>" in text
        assert "Novamar\\#1234" in text
        assert f"in match #{match.id}" in text
        assert "0–3–0" in text
        assert text.count("**별빛\\*\\_\\~**") == 7
    panel = shown(await office.admin("player", name="Novamar"))
    assert f"Match #{match.id}" in text_of(shown(await office.world.alice.click(panel, custom_id="admin:match")))
    assert not has(panel, "admin:pardon")
    assert "no player called" in said(await office.admin("player", name="nobody at all"))
    assert "not on the ladder" in said(await office.admin("player", name="<@77>"))


async def test_a_ban_says_what_happens_to_the_open_match_and_asks_why(office: Office) -> None:
    one, two = await office.two()
    match = await office.started(one, two)
    panel = shown(await office.admin("player", name="Novamar"))
    preview = shown(await office.world.alice.click(panel, custom_id="admin:ban"))
    assert f"Match #{match.id} is open: it becomes void" in text_of(preview)
    assert office.audit() == []
    await office.decide(preview)
    assert "✅ **Novamar** is banned" in text_of(preview)
    assert WHY in text_of(preview)
    assert controls(preview) == {}
    assert office.audit() == [(actor(office), "ban", f"player {two.id}", WHY)]
    database = office.world.ladder.storage.database
    assert database.players[two.id].is_banned
    assert database.played.matches[match.id].state is MatchState.VOIDED
    await office.world.alice.click(panel, custom_id="admin:again")
    lifted = shown(await office.world.alice.click(panel, custom_id="admin:ban"))
    await office.decide(lifted, "appeal")
    assert "is not banned any more" in text_of(lifted)
    assert not office.world.ladder.storage.database.players[two.id].is_banned
    for command, code in (("ban", "ban"), ("unban", "unban")):
        await office.decide(shown(await office.admin(command, name="Novamar")))
        assert office.audit()[-1][1] == code


async def test_a_reason_is_needed_and_nothing_is_done_without_one(office: Office) -> None:
    await office.two()
    preview = shown(await office.admin("ban", name="Novamar"))
    refused = await office.decide(preview, "   ")
    assert "needs a reason" in said(refused)
    assert office.audit() == []
    await office.world.alice.click(preview, custom_id="admin:leave")
    assert "Left as it was" in text_of(preview)
    assert controls(preview) == {}


async def test_penalties_are_listed_and_lifted(office: Office) -> None:
    one, two = await office.two()
    match = await office.opened(one, two)
    await office.world.ladder.lifecycle.act(match.id, two.id, Step.ABORT)
    panel = shown(await office.admin("player", name="Novamar"))
    assert f"aborted match #{match.id}" in text_of(panel)
    assert "**holds, ends <t:" in text_of(panel)
    preview = shown(await office.world.alice.click(panel, custom_id="admin:pardon"))
    await office.decide(preview)
    assert "1 penalty of **Novamar** is lifted" in text_of(preview)
    assert "0 penalties" in text_of(shown(await office.admin("pardon", name="Novamar")))
    assert office.audit() == [(actor(office), "pardon", f"player {two.id}", WHY)]


async def test_a_conflict_is_resolved_by_name_after_seeing_who_moves(office: Office) -> None:
    one, two = await office.two()
    await office.world.ladder.play(one.id, two.id, times=2)
    match_id = await office.conflict(one, two)
    listed = shown(await office.admin("conflicts"))
    assert f"`#{match_id}`" in text_of(listed)
    panel = shown(await office.world.alice.select(listed, [str(match_id)], custom_id="admin:conflict"))
    assert text_of(panel).count("says: ") == 2
    assert controls(panel)["admin:side_2_won"]["label"] == "Novamar won…"
    before = dict(office.world.ladder.storage.database.entries)
    preview = shown(await office.world.alice.click(panel, custom_id="admin:side_2_won"))
    assert "in conflict → **Novamar** won" in text_of(preview)
    assert "(+" in text_of(preview)
    assert "(-" in text_of(preview)
    assert office.world.ladder.storage.database.entries == before
    await office.decide(preview)
    assert office.world.ladder.storage.database.entries != before
    assert office.audit() == [(actor(office), "correct_match", f"match {match_id}", WHY)]
    await office.world.alice.click(listed, custom_id="admin:again")
    assert "No match is in conflict" in text_of(listed)
    voided = shown(await office.admin("void", number=int(match_id)))
    await office.decide(voided)
    assert office.world.ladder.storage.database.played.matches[match_id].state is MatchState.VOIDED
    again = await office.admin("void", number=int(match_id))
    assert "nothing to correct" in said(again)


async def test_a_preview_that_no_longer_holds_is_shown_anew_and_nothing_is_done(office: Office) -> None:
    one, two = await office.two()
    await office.world.ladder.play(one.id, two.id)
    preview = shown(await office.admin("void", number=1))
    await office.world.ladder.play(one.id, two.id, times=2)
    first = text_of(preview)
    await office.decide(preview)
    assert "Things have changed since this was shown" in text_of(preview)
    assert text_of(preview) != first
    assert office.audit() == []
    await office.decide(preview)
    assert [row[1] for row in office.audit()] == ["correct_match"]


async def test_two_organisers_at_once_change_a_thing_once(office: Office) -> None:
    one, two = await office.two()
    match_id = await office.conflict(one, two)
    previews = []
    for _ in range(2):
        panel = shown(await office.admin("match", number=int(match_id)))
        previews.append(shown(await office.world.alice.click(panel, custom_id="admin:side_1_won")))
    await office.decide(previews[0])
    assert "nothing to correct" in said(await office.decide(previews[1]))
    assert len(office.audit()) == 1


async def test_a_match_is_opened_by_hand_and_played_on_behalf_of_its_players(office: Office) -> None:
    one, two = await office.two()
    alice, channel = office.world.alice, office.world.channel
    races = await alice.autocomplete(channel, "admin create-match", "race_1", "zerg")
    assert {choice["value"] for choice in races} == {"bw_zerg", "sc2_zerg"}
    maps = await alice.autocomplete(channel, "admin create-match", "map", "")
    picked = {"player_1": "별빛*_~", "race_1": "bw_zerg", "player_2": "<@902>", "race_2": "sc2_terran"}
    preview = shown(await office.admin("create-match", **picked, map=maps[0]["value"]))
    assert "have to confirm it" in text_of(preview)
    await office.decide(preview)
    (match,) = office.world.ladder.storage.database.played.matches.values()
    assert (match.player_ids, match.map_name) == ((one.id, two.id), maps[0]["value"])
    refused = await office.decide(shown(await office.admin("create-match", **picked)))
    assert "is in a match at the moment" in said(refused)
    for step in ("0 confirm", "1 confirm", "0 cancel", "1 report win", "1 withdraw", "1 report loss"):
        panel = shown(await office.admin("match", number=int(match.id)))
        preview = shown(await alice.select(panel, [step], custom_id="admin:step"))
        await office.decide(preview)
    done = office.world.ladder.storage.database.played.matches[match.id]
    assert done.state is MatchState.COMPLETED
    assert [row[1] for row in office.audit()] == [
        *("open_match", "confirm", "confirm", "cancel", "report", "withdraw", "report")
    ]
    assert {row[0] for row in office.audit()} == {actor(office)}


async def test_what_acting_for_a_player_leads_to_is_shown_first(office: Office) -> None:
    one, two = await office.two()
    match = await office.opened(one, two)
    panel = shown(await office.admin("match", number=int(match.id)))
    offered = [one["value"] for one in options(panel, "admin:step")]
    assert offered == ["0 confirm", "0 abort", "1 confirm", "1 abort"]
    abort = shown(await office.world.alice.select(panel, ["1 abort"], custom_id="admin:step"))
    assert "waiting to be confirmed → aborted" in text_of(abort)
    assert "gets the penalty of an abort" in text_of(abort)
    for player in (one, two):
        await office.world.ladder.lifecycle.act(match.id, player.id, Step.CONFIRM)
    panel = shown(await office.admin("match", number=int(match.id)))
    loss = shown(await office.world.alice.select(panel, ["0 report loss"], custom_id="admin:step"))
    assert "(-" in text_of(loss)
    void = shown(await office.world.alice.click(panel, custom_id="admin:void"))
    assert "The match is still open: it ends at once" in text_of(void)
    stale = await office.decide(abort)
    assert "has begun" in said(stale)
    assert office.audit() == []


async def test_a_rating_is_set_after_seeing_what_that_does(office: Office) -> None:
    one, two = await office.two()
    await office.world.ladder.play(one.id, two.id)
    preview = shown(await office.admin("set-rating", name="별빛*_~", race="bw_zerg", mmr=1777))
    assert "→ **1777**" in text_of(preview)
    await office.decide(preview)
    assert office.audit() == [(actor(office), "set_rating", f"player {one.id}", WHY)]
    again = await office.admin("set-rating", name="별빛*_~", race="bw_zerg", mmr=1777)
    assert "nothing to do" in said(again)
    assert "no race" in said(await office.admin("set-rating", name="Novamar", race="bw_orc", mmr=1))
    offered = await office.world.alice.autocomplete(office.world.channel, "admin set-rating", "name", "nova")
    assert [choice["value"] for choice in offered] == ["Novamar"]


async def test_banned_players_are_completed_for_organisers_and_for_nobody_else(office: Office) -> None:
    await office.two()
    await office.decide(shown(await office.admin("ban", name="Novamar")))
    channel = office.world.channel
    offered = await office.world.alice.autocomplete(channel, "admin unban", "name", "nova")
    assert [choice["value"] for choice in offered] == ["Novamar"]
    assert await office.world.bob.autocomplete(channel, "admin unban", "name", "nova") == []
    assert await office.world.alice.autocomplete(channel, "profile", "player", "nova") == []


async def test_an_announcement_is_looked_at_sent_once_and_pings_nobody(office: Office) -> None:
    form = await office.admin("announce", channel=office.world.channel)
    result = await office.world.alice.submit_modal(form, {"text": "**Cup** on Friday @everyone\n- at 20:00"})
    preview = shown(result)
    assert "**Cup** on Friday @everyone\n- at 20:00" in text_of(preview)
    assert office.messages(office.world.channel) == []
    await office.decide(preview)
    await office.restart()  # a promise outlives the bot
    for _ in range(2):
        await office.bot.queue.deliver_due()
    posted = [one for one in office.messages(office.world.channel) if text_of(one).startswith("**Cup**")]
    assert len(posted) == 1
    assert office.audit() == [(actor(office), "announce", f"channel {office.world.channel.id}", WHY)]
    assert office.world.ladder.storage.database.intents == {}


async def test_controls_end_with_their_time_and_with_a_restart(office: Office) -> None:
    await office.two()
    preview = shown(await office.admin("ban", name="Novamar"))
    form = await office.world.alice.click(preview, custom_id="admin:go")
    await office.world.env.advance_time(VIEW_TIMEOUT_SECONDS + 1)
    assert all(control["disabled"] for control in controls(preview).values())
    late = await office.world.alice.submit_modal(form, {"reason": WHY})
    assert "These buttons have expired" in said(late) or not late.acknowledged
    preview = shown(await office.admin("ban", name="Novamar"))
    await office.restart()
    answer = await office.world.alice.click(preview, custom_id="admin:go")
    assert "These buttons have expired" in said(answer)
    assert office.audit() == []


async def test_it_is_all_said_in_korean_too(office: Office) -> None:
    await office.world.ladder.joined(office.world.alice.id, "운영자", language="ko")
    one, two = await office.two()
    match_id = await office.conflict(one, two)
    assert "제재가 없습니다" in text_of(shown(await office.admin("player", name="Novamar")))
    panel = shown(await office.admin("match", number=int(match_id)))
    assert controls(panel)["admin:side_2_won"]["label"] == "Novamar 승리…"
    preview = shown(await office.world.alice.click(panel, custom_id="admin:side_2_won"))
    assert "아직 바뀐 것은 없습니다" in text_of(preview)


@pytest.mark.parametrize("outcome", Outcome)
async def test_every_outcome_can_be_reported_for_either_side(office: Office, outcome: Outcome) -> None:
    one, two = await office.two()
    match = await office.started(one, two)
    panel = shown(await office.admin("match", number=int(match.id)))
    for side in (0, 1):
        preview = shown(
            await office.world.alice.select(panel, [f"{side} report {outcome.value}"], custom_id="admin:step")
        )
        assert "in progress → " in text_of(preview)
