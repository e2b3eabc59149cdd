"""The founding note's Discord command: `LeaderboardView.update_view()` draws what the service gives."""

from tests.interfaces.discord.conftest import World, limits, world
from tests.interfaces.discord.layout import controls, options, text_of

import simcord  # isort: skip

__all__ = ["limits", "world"]

PAGES_OFFERED_MAX = 25


def board_lines(message: simcord.ResponseMessage) -> list[str]:
    """The lines of a message that show a row of the ladder."""
    return [line for line in text_of(message).splitlines() if line.startswith("`")]


def places(message: simcord.ResponseMessage) -> list[int]:
    """The ranks of the rows that a message shows."""
    return [int(line.split("`")[1]) for line in board_lines(message)]


async def opened(world: World, entries: int) -> simcord.ResponseMessage:
    await world.ladder.fill(entries)
    result = await world.alice.slash(world.channel, "leaderboard")
    assert result.response is not None
    return result.response


class TestDiscordLeaderboardCommand:
    async def test_update_view_shows_forty_rows_page_by_page(self, world: World) -> None:
        message = await opened(world, 100)
        total = (await world.ladder.leaderboard.get_leaderboard_data()).total_players
        assert places(message) == list(range(1, 41))
        await world.alice.click(message, custom_id="leaderboard:next")
        assert places(message) == list(range(41, 81))
        await world.alice.click(message, custom_id="leaderboard:next")
        assert places(message) == list(range(81, total + 1))
        world.check_requests()

    async def test_update_view_shows_the_ladder_as_it_is_at_the_press(self, world: World) -> None:
        message = await opened(world, 50)
        _, second, third, *_ = (await world.ladder.leaderboard.get_leaderboard_data()).players
        await world.ladder.play(second.player_id, third.player_id, race=second.race)
        await world.alice.click(message, custom_id="leaderboard:best")
        page = await world.ladder.leaderboard.get_leaderboard_data(best_race_only=True)
        assert places(message) == [row.global_rank for row in page.players]
        assert all(f"{row.mmr}`" in line for row, line in zip(page.players, board_lines(message), strict=True))
        assert next(row for row in page.players if row.entry_id == second.entry_id).mmr > second.mmr
        world.check_requests()

    async def test_the_page_select_offers_no_more_pages_than_discord_can_show(self, world: World) -> None:
        message = await opened(world, 40 * 2 * PAGES_OFFERED_MAX)
        assert len(options(message, "leaderboard:page")) == PAGES_OFFERED_MAX
        assert not controls(message)["leaderboard:next"]["disabled"]
        world.check_requests()
