"""What the command line asks the leaderboard, gathered while the ladder is open, so that it can be shown afterwards."""

import time
from dataclasses import dataclass
from typing import Final

from toprung.application.ladder import Ladder
from toprung.application.leaderboard.leaderboard_service import LeaderboardService
from toprung.domain.errors import NotFound
from toprung.domain.leaderboard.leaderboard import PAGE_SIZE_DEFAULT, FoundPlayer, LeaderboardPage, PlayerStanding
from toprung.domain.leaderboard.past import PastMoment
from toprung.domain.players.name_search import folded
from toprung.interfaces.cli.leaderboard.filters import Filters
from toprung.interfaces.cli.terminal.builder import Builder, Options
from toprung.interfaces.filter_arguments import LookArguments

MATCHES_LISTED_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A page of the leaderboard, by its number or by who stands on it (`find`)."""

    filters: Filters
    page: int | None
    page_size: int | None
    find: str | None
    look: LookArguments


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The page, or the several players that a name search found, with what is needed to show either.

    `filters` names races by their codes. `would_list` says, where the filters let nobody through, how many rows there
    are without each of them. `now_us` is the moment that the page is of.
    """

    ladder: Ladder
    filters: Filters
    now_us: int
    page: LeaderboardPage
    standing: PlayerStanding | None
    matches: tuple[FoundPlayer, ...]
    would_list: tuple[tuple[str, int], ...]
    open_seconds: float
    read_seconds: tuple[float, ...]


async def answer(builder: Builder, options: Options, question: Question) -> Answer:
    """Opens the ladder and asks. Raises `NotFound` if nobody is called so, or not listed under the filters."""
    async with builder.reading(options) as reading:
        ladder = reading.ladder
        filters = question.filters.in_game(ladder.catalog)
        page_size = PAGE_SIZE_DEFAULT if question.page_size is None else question.page_size
        standing: PlayerStanding | None = None
        matches: tuple[FoundPlayer, ...] = ()
        would_list: tuple[tuple[str, int], ...] = ()
        past = question.look["past"]
        if question.find is not None:
            standing, matches = await _find(ladder, question.find, filters, page_size, past)
        page = await ladder.leaderboard.get_leaderboard_data(
            **filters.arguments,
            **question.look,
            current_page=standing.page if standing else question.page or 1,
            page_size=page_size,
        )
        if not page.total_players and page.total_ranked:
            would_list = await _would_list(ladder.leaderboard, filters, past)
        return Answer(
            ladder=ladder,
            filters=filters,
            now_us=(time.time_ns() // 1000 if options.now_us is None else options.now_us)
            if past is None
            else past.at_us,
            page=page,
            standing=standing,
            matches=matches,
            would_list=would_list,
            open_seconds=reading.open_seconds,
            read_seconds=tuple(reading.read_seconds()),
        )


async def _find(
    ladder: Ladder, text: str, filters: Filters, page_size: int, past: PastMoment | None
) -> tuple[PlayerStanding | None, tuple[FoundPlayer, ...]]:
    """Where the one player stands whom `text` means, or the several that it may mean."""
    matches = await ladder.leaderboard.search_players(text, limit=MATCHES_LISTED_MAX)
    if not matches:
        raise NotFound(f"Nobody on this ladder has {text!r} in their name.")
    exact = [match for match in matches if folded(match.player_name) == folded(text)]
    if len(matches) > 1 and len(exact) != 1:
        return None, tuple(matches)
    player = exact[0] if exact else matches[0]
    standing = await ladder.leaderboard.find_player(
        player.player_id, **filters.arguments, page_size=page_size, past=past
    )
    if standing is not None:
        return standing, ()
    if past is not None:
        raise NotFound(f"{player.player_name} was not listed then under these filters.")
    if player.is_listed:
        said = ", ".join(filter_said for filter_said, _ in filters.without_each())
        raise NotFound(f"{player.player_name} is not listed under these filters; leave some out: {said}.")
    raise NotFound(
        f"{player.player_name} is not ranked: no games yet, or none recently enough; try --inactivity-days off."
    )


async def _would_list(
    leaderboard: LeaderboardService, filters: Filters, past: PastMoment | None
) -> tuple[tuple[str, int], ...]:
    found = []
    for said, fewer in filters.without_each():
        page = await leaderboard.get_leaderboard_data(**fewer.arguments, past=past, page_size=1)
        found.append((said, page.total_players))
    return tuple(found)
