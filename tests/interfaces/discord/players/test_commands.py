"""Joining, changing one's account, profiles, help, leaving: as a player does them."""

from collections.abc import Iterator

import pytest

from tests.interfaces.discord.conftest import World
from tests.interfaces.discord.layout import controls, options, text_of
from toprung.domain.leaderboard.filters import Filters
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.interfaces.discord.messages.layouts import VIEW_TIMEOUT_SECONDS

import simcord  # isort: skip


class Defect(Exception):
    """Stands for what nobody foresaw."""


@pytest.fixture(autouse=True)
def _requests_are_what_discord_takes(world: World) -> Iterator[None]:
    yield
    world.check_requests()


async def panel_of(world: World, actor: simcord.MemberActor | None = None) -> simcord.ResponseMessage:
    result = await (actor or world.alice).slash(world.channel, "setup")
    assert result.ephemeral
    assert result.response is not None
    return result.response


async def enter_names(
    actor: simcord.MemberActor, panel: simcord.ResponseMessage, name: str, in_game_name: str = "Byul#1234"
) -> simcord.InteractionResult:
    form = await actor.click(panel, custom_id="setup:name")
    return await actor.submit_modal(form, {"name": name, "in_game_name": in_game_name})


def said(result: simcord.InteractionResult) -> str:
    """What was answered for one person's eyes."""
    assert result.response is not None
    assert result.ephemeral
    return result.response.content or text_of(result.response)


async def test_somebody_joins_step_by_step(world: World) -> None:
    panel = await panel_of(world)
    assert text_of(panel).count("⬜") == 6
    assert controls(panel)["setup:finish"]["disabled"]
    await world.alice.select(panel, ["ko"], custom_id="setup:language")
    assert "참가 설정" in text_of(panel)
    await world.alice.click(panel, custom_id="setup:terms")
    await enter_names(world.alice, panel, "별빛")
    await world.alice.select(panel, ["KR"], custom_id="setup:country_0")
    assert controls(panel)["setup:finish"]["disabled"]
    await world.alice.select(panel, ["KRJ"], custom_id="setup:region")
    assert text_of(panel).count("✅") == 6
    await world.alice.click(panel, custom_id="setup:finish")
    assert "환영합니다, 별빛 님!" in text_of(panel)
    own = await world.ladder.accounts.find(world.alice.id)
    assert own is not None
    assert own.account is not None
    assert (own.player.name, own.player.country, own.player.region) == ("별빛", "KR", "KRJ")
    assert (own.player.in_game_names, own.account.language) == (("Byul#1234",), "ko")
    assert [found.player_name for found in await world.ladder.leaderboard.search_players("별빛")] == ["별빛"]


async def test_a_setup_goes_on_where_it_stopped_even_after_a_restart(world: World) -> None:
    panel = await panel_of(world)
    await world.alice.select(panel, ["PL"], custom_id="setup:country_0")
    await enter_names(world.alice, panel, "Novamar")
    await world.env.restart_bot(world.ladder.new_bot().client)
    result = await world.alice.click(panel, custom_id="setup:terms")  # on the panel from before
    assert result.response is not None
    assert "**Novamar**" in text_of(result.response)
    assert "Poland" in text_of(result.response)
    form = await world.alice.click(result.response, custom_id="setup:name")
    assert form.modal is not None
    assert "Novamar" in str(form.modal)


async def test_a_name_that_cannot_be_is_refused_in_the_players_language_and_nothing_is_lost(world: World) -> None:
    await world.ladder.joined(99, "Novamar")
    panel = await panel_of(world)
    await world.alice.select(panel, ["ko"], custom_id="setup:language")
    taken = await enter_names(world.alice, panel, "N0vamar")
    assert "이미 쓰이고" in said(taken)
    blank = await enter_names(world.alice, panel, "a\N{HANGUL FILLER}b")
    assert "보이지 않는 문자" in said(blank)
    assert (await world.ladder.accounts.draft(world.alice.id)).language == "ko"


async def test_who_is_set_up_finds_the_answers_and_waits_to_be_renamed_again(world: World) -> None:
    await world.ladder.joined(world.alice.id, "Alice", country="DE")
    panel = await panel_of(world)
    assert "**Alice**" in text_of(panel)
    chosen = [one["value"] for one in options(panel, "setup:country_0") if one.get("default")]
    assert chosen == ["DE"]
    await enter_names(world.alice, panel, "Alicia")
    await world.alice.click(panel, custom_id="setup:finish")
    panel = await panel_of(world)
    again = await enter_names(world.alice, panel, "Alice")
    assert said(again) == "Your name can be changed again in 30 days\\."
    world.ladder.clock.advance(us=30 * MICROSECONDS_PER_DAY)
    await enter_names(world.alice, panel, "Alice")
    await world.alice.click(panel, custom_id="setup:finish")
    assert "Welcome, Alice!" in text_of(panel)


async def test_a_panel_that_is_left_switches_its_controls_off(world: World) -> None:
    panel = await panel_of(world)
    await world.env.advance_time(VIEW_TIMEOUT_SECONDS + 1)
    assert all(control["disabled"] for control in controls(panel).values())


async def test_a_country_is_found_by_its_name_in_the_players_language(world: World) -> None:
    await world.ladder.joined(world.alice.id, "별빛", language="ko")
    offered = await world.alice.autocomplete(world.channel, "setcountry", "country", "아이슬")
    assert [choice["value"] for choice in offered] == ["IS"]
    assert "아이슬란드" in offered[0]["name"]
    everything = await world.alice.autocomplete(world.channel, "setcountry", "country", "")
    assert len(everything) == 25
    by_code = await world.alice.autocomplete(world.channel, "setcountry", "country", "is")
    assert by_code[0]["value"] == "IS"
    for typed in ("IS", "아이슬란드", "is"):
        result = await world.alice.slash(world.channel, "setcountry", country=typed)
        assert said(result) == "🇮🇸 이제 **아이슬란드** 소속입니다."
    own = await world.ladder.accounts.find(world.alice.id)
    assert own is not None
    assert own.player.country == "IS"
    nowhere = await world.alice.slash(world.channel, "setcountry", country="Atlantis")
    assert "그런 나라가 없습니다" in said(nowhere)


async def test_a_country_chosen_before_the_setup_is_finished_is_one_of_its_answers(world: World) -> None:
    await world.alice.slash(world.channel, "setcountry", country="IS")
    assert "Iceland" in text_of(await panel_of(world))


async def test_a_profile_shows_entries_matches_and_a_picture(world: World) -> None:
    await world.ladder.fill(50)
    alice, bob = await world.ladder.joined(world.alice.id, "Al_ice"), await world.ladder.joined(world.bob.id, "Bob")
    await world.ladder.play(alice.id, bob.id, times=6)
    await world.ladder.play(bob.id, alice.id)
    result = await world.alice.slash(world.channel, "profile")
    assert result.response is not None
    assert not result.ephemeral
    text = text_of(result.response)
    assert "Al\\_ice" in text
    assert "6–0–0 (won–lost–drawn), 100 % won" in text
    standing = await world.ladder.leaderboard.find_player(alice.id, Filters(races=("bw_zerg",)))
    assert standing is not None
    assert f"**{standing.row.mmr}**" in text
    assert f"#{standing.row.global_rank}" in text
    assert text.count("against Bob") == 5
    assert [attachment.filename for attachment in result.response.attachments] == ["ratings.png"]
    other = await world.alice.slash(world.channel, "profile", player="bob")
    assert other.response is not None
    assert "🇰🇷 Bob" in text_of(other.response)
    assert "You have played each other 7 times: 6 won, 1 lost, 0 drawn" in text_of(other.response)
    own = await world.bob.slash(world.channel, "profile", player="bob")
    assert own.response is not None
    assert "played each other" not in text_of(own.response) + text
    await world.ladder.fill(1, names=("Stranger",))
    stranger = await world.alice.slash(world.channel, "profile", player="stranger")
    assert stranger.response is not None
    assert "played each other" not in text_of(stranger.response)


async def test_profiles_of_nobody_and_of_somebody_without_games(world: World) -> None:
    await world.ladder.joined(world.bob.id, "Bob")
    assert "not on the ladder yet" in said(await world.alice.slash(world.channel, "profile"))
    nobody = await world.alice.slash(world.channel, "profile", player="nobody at all")
    assert "No player has a name like that" in said(nobody)
    result = await world.bob.slash(world.channel, "profile")
    assert result.response is not None
    assert "No games yet" in text_of(result.response)
    offered = await world.alice.autocomplete(world.channel, "profile", "player", "bo")
    assert [choice["value"] for choice in offered] == ["Bob"]


async def test_help_lists_every_command(world: World) -> None:
    text = said(await world.alice.slash(world.channel, "help"))
    available = [name for name in world.alice.available_commands(world.channel) if not name.startswith("admin ")]
    for name in available:
        assert f"**/{name}**" in text
    assert len(available) == 9


async def test_deleting_takes_the_person_out_and_leaves_the_games(world: World) -> None:
    alice, bob = await world.ladder.joined(world.alice.id, "Alice"), await world.ladder.joined(world.bob.id, "Bob")
    await world.ladder.play(alice.id, bob.id, times=2)
    before = await world.ladder.leaderboard.find_player(bob.id)
    question = await world.alice.slash(world.channel, "delete-my-data")
    assert question.response is not None
    await world.alice.click(question.response, custom_id="delete:no")
    assert await world.ladder.accounts.find(world.alice.id) is not None
    question = await world.alice.slash(world.channel, "delete-my-data")
    assert question.response is not None
    await world.alice.click(question.response, custom_id="delete:yes")
    assert "Your data is deleted" in text_of(question.response)
    assert await world.ladder.accounts.find(world.alice.id) is None
    assert await world.ladder.leaderboard.find_player(bob.id) == before
    database = world.ladder.storage.database
    kept = repr([database.players, database.changes, database.accounts, database.drafts, database.intents])
    assert "Alice" not in kept
    assert str(world.alice.id) not in kept
    again = await world.alice.slash(world.channel, "delete-my-data")
    assert again.response is not None
    refused = await world.alice.click(again.response, custom_id="delete:yes")
    assert "not on the ladder" in said(refused)


async def test_what_nobody_foresaw_is_said_kindly_and_logged(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(**_: object) -> None:
        raise Defect

    monkeypatch.setattr(world.ladder.leaderboard, "get_leaderboard_data", breaks)
    result = await world.alice.slash(world.channel, "leaderboard")
    assert "Something went wrong here" in said(result)
    assert [type(error.__cause__) for error in world.env.errors] == [Defect]
    world.expected_errors = (Defect,)


async def test_a_database_that_is_away_is_said_in_plain_words(world: World) -> None:
    world.ladder.storage.fail_reads(100)
    result = await world.alice.slash(world.channel, "setup")
    assert "The ladder cannot be reached at the moment" in said(result)
