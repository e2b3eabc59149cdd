"""The test of the test: bugs that the founding report's own subjects must find, each a line or two of difference.

A bug whose line is not found any more has to be seeded anew; one that survives shows what the subjects do not look at.
"""

import inspect
from collections.abc import Iterator

import pytest

from tests.characterize import test_discord_leaderboard_command as command
from tests.characterize import test_leaderboard_cache_invalidation as invalidation
from tests.characterize import test_synchronous_leaderboard_generation as generation
from tests.conftest import MemoryLadder
from tests.interfaces.discord.conftest import World, limits, world
from tests.support.seeding import Seed, both, line
from toprung.application.leaderboard import leaderboard_service
from toprung.application.leaderboard.data_access_service import DataAccessService
from toprung.application.leaderboard.leaderboard_service import LeaderboardService
from toprung.domain.leaderboard import ranks
from toprung.domain.leaderboard.board import Board
from toprung.interfaces.discord.leaderboard.leaderboard_command import LeaderboardView

__all__ = ["limits", "world"]

TIMED = generation.TestPerformance
FORTY = "page_size: int = PAGE_SIZE_DEFAULT"


def shares(**changed: int) -> Seed:
    """Letters with other shares of the ladder."""

    def seed(patch: pytest.MonkeyPatch) -> None:
        assert changed.keys() <= ranks._SHARE_PERCENT.keys()
        patch.setattr(ranks, "_SHARE_PERCENT", ranks._SHARE_PERCENT | changed)

    return seed


BUGS: dict[str, Seed] = {
    "a rating that is created is not heard of": line(
        DataAccessService._apply, "case RatingCreated(entry=entry):", "case RatingCreated(entry=entry) if False:"
    ),
    "a rating that is updated is not heard of": line(
        DataAccessService._apply, "RatingChanged(entry=entry, others=others) | RatingSet", "RatingSet"
    ),
    "a rating that is set by hand is not heard of": line(
        DataAccessService._apply, " | RatingSet(entry=entry, others=others):", ":"
    ),
    "a correction is not heard of": line(
        DataAccessService._apply, "case MatchRatingCorrected(entries=entries):", "case MatchRatingCorrected() if False:"
    ),
    "a correction reaches the first entry only": line(
        DataAccessService._apply, "for entry in entries:", "for entry in entries[:1]:"
    ),
    "a player's change is read anew": line(
        DataAccessService._apply, "self._board.put_player(player_event.player)", "self._is_stale = True"
    ),
    "a player's change is ignored": line(
        DataAccessService._apply, "self._board.put_player(player_event.player)", "pass"
    ),
    "every change is read anew": line(DataAccessService.on_changes, "if self._is_stale:", "if True:"),
    "S and A have each other's share": shares(S=7, A=1),
    "A and F have each other's share": shares(A=8, F=7),
    "S and F have each other's share": shares(S=8, F=1),
    "B and F have each other's share": shares(B=8, F=21),
    "a page has 25 rows": line(LeaderboardService.get_leaderboard_data, FORTY, "page_size: int = 25"),
    "the reference's page has 25 rows": both(
        line(leaderboard_service._get_filtered_leaderboard_dataframe, FORTY, "page_size: int = 25"),
        lambda patch: patch.setattr(
            generation,
            "_get_filtered_leaderboard_dataframe",
            leaderboard_service._get_filtered_leaderboard_dataframe,
        ),
    ),
    "a player is looked for on pages of 25 rows": line(LeaderboardService.find_player, FORTY, "page_size: int = 25"),
    "a page is cut at 25 rows": line(
        Board.page, "skip, min(query.page_size, total - skip)", "skip, min(25, total - skip)"
    ),
}
DISCORDS_BUGS: dict[str, Seed] = {
    "the command's page has 25 rows": line(
        LeaderboardView._gather,
        "current_page=self.current_page",
        "current_page=self.current_page, page_size=25",
    ),
    "the view is drawn from the first page": line(
        LeaderboardView._gather, "current_page=self.current_page", "current_page=1"
    ),
}


def subjects() -> Iterator[tuple[type, str]]:
    """The tests of both files by class and name, but for the timed ones."""
    for module in (invalidation, generation):
        for kind in vars(module).values():
            if inspect.isclass(kind) and kind.__name__.startswith("Test") and kind is not TIMED:
                yield from ((kind, name) for name in vars(kind) if name.startswith("test_"))


async def holds(kind: type, name: str) -> bool:
    """Whether a test passes."""
    test = getattr(kind(), name)
    arguments = {}
    if "ladder" in inspect.signature(test).parameters:
        ladder = MemoryLadder()
        arguments["ladder"] = await invalidation.loaded(ladder) if kind.__module__ == invalidation.__name__ else ladder
    try:
        outcome = test(**arguments)
        if inspect.isawaitable(outcome):
            await outcome
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("bug", BUGS)
async def test_the_reports_subjects_find_the_seeded_bug(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS[bug](monkeypatch)
    assert not all([await holds(kind, name) for kind, name in subjects()])


@pytest.mark.parametrize("bug", DISCORDS_BUGS)
async def test_the_commands_subjects_find_the_seeded_bug(
    bug: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    DISCORDS_BUGS[bug](monkeypatch)
    with pytest.raises(AssertionError):
        await command.TestDiscordLeaderboardCommand().test_update_view_shows_forty_rows_page_by_page(world)


async def test_the_reports_subjects_find_nothing_where_nothing_is_seeded() -> None:
    assert [name for kind, name in subjects() if not await holds(kind, name)] == []
    assert len(list(subjects())) > 30
