"""`/leaderboard` as players use it: every control, for its owner and for others, in time and after it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.interfaces.discord.conftest import World
from tests.interfaces.discord.layout import controls, options, text_of
from toprung.interfaces.discord.messages.layouts import VIEW_TIMEOUT_SECONDS

import simcord  # isort: skip


def rows(message: simcord.ResponseMessage) -> list[str]:
    """The lines that show a row of the ladder."""
    return [line for line in text_of(message).splitlines() if line.startswith("`")]


def names(message: simcord.ResponseMessage) -> list[str]:
    """The names on the page, without what marks one that was looked for."""
    return [row.rpartition("` ")[2].split(" ", 1)[1].replace("\\", "") for row in rows(message)]


async def opened(world: World, entries: int = 100) -> simcord.ResponseMessage:
    await world.ladder.fill(entries)
    result = await world.alice.slash(world.channel, "leaderboard")
    assert result.response is not None
    assert not result.ephemeral
    return result.response


async def shown_by_service(world: World, **filters: Any) -> list[str]:
    page = await world.ladder.leaderboard.get_leaderboard_data(**filters)
    return [row.player_name for row in page.players]


async def test_it_shows_forty_rows_in_order_with_totals(world: World) -> None:
    message = await opened(world)
    assert names(message) == await shown_by_service(world)
    assert len(rows(message)) == 40
    assert "Page **1** of 3 · **101** entries" in text_of(message)
    assert controls(message)["leaderboard:previous"]["disabled"]
    assert controls(message)["leaderboard:clear"]["disabled"]


async def test_previous_next_and_the_page_select_turn_pages(world: World) -> None:
    message = await opened(world)
    await world.alice.click(message, custom_id="leaderboard:next")
    assert names(message) == await shown_by_service(world, current_page=2)
    await world.alice.select(message, ["3"], custom_id="leaderboard:page")
    assert names(message) == await shown_by_service(world, current_page=3)
    assert controls(message)["leaderboard:next"]["disabled"]
    await world.alice.click(message, custom_id="leaderboard:previous")
    assert names(message) == await shown_by_service(world, current_page=2)


async def test_every_filter_goes_to_page_one_and_says_that_it_is_on(world: World) -> None:
    message = await opened(world, 400)
    await world.alice.select(message, ["3"], custom_id="leaderboard:page")
    await world.alice.select(message, ["bw_zerg", "sc2_zerg"], custom_id="leaderboard:races")
    races = ["bw_zerg", "sc2_zerg"]
    assert names(message) == await shown_by_service(world, race_filter=races)
    await world.alice.select(message, ["KR", "DE"], custom_id="leaderboard:countries_0")
    await world.alice.select(message, ["ZZ"], custom_id="leaderboard:countries_1")
    countries = ["KR", "DE", "ZZ"]
    assert names(message) == await shown_by_service(world, race_filter=races, country_filter=countries)
    await world.alice.click(message, custom_id="leaderboard:best")
    filters: dict[str, Any] = {"race_filter": races, "country_filter": countries, "best_race_only": True}
    assert names(message) == await shown_by_service(world, **filters)
    assert "BW Zerg, SC2 Zerg" in text_of(message)
    assert "South Korea, Germany, Other" in text_of(message)
    assert [one["value"] for one in options(message, "leaderboard:countries_0") if one.get("default")] == ["KR", "DE"]
    await world.alice.click(message, custom_id="leaderboard:clear")
    assert names(message) == await shown_by_service(world)
    assert "Filters" not in text_of(message)


async def test_the_letter_button_goes_through_all_letters_and_back(world: World) -> None:
    message = await opened(world, 300)
    seen = []
    for _ in range(8):
        await world.alice.click(message, custom_id="leaderboard:rank")
        seen.append(controls(message)["leaderboard:rank"]["label"].removeprefix("Rank: "))
    assert seen == ["S", "A", "B", "C", "D", "E", "F", "all"]


async def test_the_games_button_goes_through_its_numbers_and_back(world: World) -> None:
    message = await opened(world, 300)
    seen = []
    for games in (5, 10, 20, 50, 100, 0):
        await world.alice.click(message, custom_id="leaderboard:games")
        seen.append(controls(message)["leaderboard:games"]["label"].removeprefix("Games: "))
        assert names(message) == await shown_by_service(world, min_games=games)
        assert (f"at least {games} games" in text_of(message)) == bool(games)
    assert seen == ["5+", "10+", "20+", "50+", "100+", "any"]


async def test_an_empty_result_says_what_to_clear(world: World) -> None:
    message = await opened(world, 60)
    await world.alice.select(message, ["NZ"], custom_id="leaderboard:countries_1")
    assert rows(message) == []
    assert "without country **New Zealand** there are 61 entries" in text_of(message)
    await world.alice.click(message, custom_id="leaderboard:clear")
    assert len(rows(message)) == 40


async def test_nobody_is_ranked_yet(world: World) -> None:
    message = await opened(world, 0)
    assert "Nobody is ranked yet" in text_of(message)


async def test_find_me_turns_to_ones_own_row(world: World) -> None:
    message = await opened(world, 200)
    assert "You are not on the ladder yet" in text_of(message)
    await world.alice.click(message, custom_id="leaderboard:me")
    player, rival = await world.ladder.joined(world.alice.id, "Alice"), await world.ladder.joined(9, "Rival")
    await world.alice.click(message, custom_id="leaderboard:me")
    assert "You are not ranked at the moment" in text_of(message)
    await world.ladder.play(rival.id, player.id, times=3)
    await world.alice.click(message, custom_id="leaderboard:me")
    (mine,) = [row for row in rows(message) if row.endswith("◂")]
    assert "**Alice**" in mine
    standing = await world.ladder.leaderboard.find_player(player.id)
    assert standing is not None
    assert f"📍 You: **#{standing.row.global_rank}** · {standing.row.letter_rank}" in text_of(message)
    await world.alice.select(message, ["bw_terran"], custom_id="leaderboard:races")
    await world.alice.click(message, custom_id="leaderboard:me")
    assert "You are not listed under these filters" in text_of(message)


async def test_a_name_is_searched_in_a_form(world: World) -> None:
    message = await opened(world, 200)
    form = await world.alice.click(message, custom_id="leaderboard:search")
    await world.alice.submit_modal(form, {"name": "이영호"})
    assert any("**이영호** ◂" in row for row in rows(message))
    assert "Also found: 이영호" in text_of(message)
    form = await world.alice.click(message, custom_id="leaderboard:search")
    await world.alice.submit_modal(form, {"name": "@everyone"})
    assert "Nobody has a name like “\\@everyone”" in text_of(message)


async def test_of_several_who_are_meant_one_is_chosen_and_the_filters_that_hide_somebody_are_named(
    world: World,
) -> None:
    zoes = [await world.ladder.joined(number, name) for number, name in ((901, "Zoë"), (902, "Zöe"))]
    await world.ladder.play(zoes[0].id, zoes[1].id, times=2)
    message = await opened(world, 50)
    form = await world.alice.click(message, custom_id="leaderboard:search")
    await world.alice.submit_modal(form, {"name": "zoe"})
    assert "Several players match “zoe”" in text_of(message)
    assert sorted(one["label"] for one in options(message, "leaderboard:offered")) == ["Zoë", "Zöe"]
    await world.alice.select(message, [str(zoes[1].id)], custom_id="leaderboard:offered")
    assert any("**Zöe** ◂" in row for row in rows(message))
    assert "leaderboard:offered" not in controls(message)
    await world.alice.select(message, ["bw_terran"], custom_id="leaderboard:races")
    await world.alice.select(message, ["NZ"], custom_id="leaderboard:countries_1")
    form = await world.alice.click(message, custom_id="leaderboard:search")
    await world.alice.submit_modal(form, {"name": "ZOË"})
    assert "**Zoë** is not listed under these filters: " in text_of(message)
    assert "New Zealand" in text_of(message).partition("these filters: ")[2].partition("“Clear”")[0]


async def test_a_press_shows_the_ladder_as_it_now_is_and_says_that_it_moved(world: World) -> None:
    message = await opened(world, 50)
    await world.alice.click(message, custom_id="leaderboard:next")
    assert "has moved" not in text_of(message)
    ids = sorted(world.ladder.storage.database.players)
    await world.ladder.play(ids[0], ids[1], times=2)
    await world.alice.click(message, custom_id="leaderboard:previous")
    assert "The ladder has moved since you last looked" in text_of(message)
    assert names(message) == await shown_by_service(world)


async def test_somebody_else_gets_a_leaderboard_of_their_own(world: World) -> None:
    message = await opened(world)
    await world.alice.select(message, ["bw_zerg"], custom_id="leaderboard:races")
    before = text_of(message)
    result = await world.bob.click(message, custom_id="leaderboard:best")
    assert result.ephemeral
    assert result.response is not None
    assert text_of(message) == before
    assert names(result.response) == names(message)
    await world.bob.click(result.response, custom_id="leaderboard:clear")
    assert names(result.response) == await shown_by_service(world)
    assert text_of(message) == before


async def test_after_its_time_the_controls_are_switched_off(world: World) -> None:
    message = await opened(world)
    await world.env.advance_time(VIEW_TIMEOUT_SECONDS - 10)
    await world.alice.click(message, custom_id="leaderboard:next")
    await world.env.advance_time(VIEW_TIMEOUT_SECONDS - 10)
    assert not controls(message)["leaderboard:next"]["disabled"]
    await world.env.advance_time(20)
    assert all(control["disabled"] for control in controls(message).values())
    assert names(message) == await shown_by_service(world, current_page=2)
    assert len(world.bot.client.context.live) == 0


async def test_a_press_after_a_restart_opens_a_new_leaderboard(world: World) -> None:
    message = await opened(world)
    await world.env.restart_bot(world.ladder.new_bot().client)
    result = await world.alice.click(message, custom_id="leaderboard:next")
    assert result.ephemeral
    assert result.response is not None
    await world.alice.click(result.response, custom_id="leaderboard:next")
    assert names(result.response) == await shown_by_service(world, current_page=2)


async def test_readers_get_it_in_their_language(world: World) -> None:
    await world.ladder.joined(world.alice.id, "별빛", language="ko")
    message = await opened(world)
    assert "순위표" in text_of(message)
    assert controls(message)["leaderboard:next"]["label"] == "다음"
    assert options(message, "leaderboard:countries_0")[0]["label"] == "대한민국"


async def test_a_database_that_is_away_leaves_the_leaderboard_answering(world: World) -> None:
    await world.ladder.fill(100)
    world.ladder.storage.fail_reads(100)
    result = await world.alice.slash(world.channel, "leaderboard")
    assert result.response is not None
    assert len(rows(result.response)) == 40


@pytest.fixture(autouse=True)
def _requests_are_what_discord_takes(world: World) -> Iterator[None]:
    yield
    world.check_requests()
