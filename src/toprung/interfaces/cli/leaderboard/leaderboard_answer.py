"""What the command line asks the leaderboard, gathered while the ladder is open, so that it can be shown afterwards."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from toprung.application.ladder import Ladder
from toprung.application.leaderboard.leaderboard_service import Dropped
from toprung.domain.errors import NotFound
from toprung.domain.leaderboard.filters import Filters
from toprung.domain.leaderboard.leaderboard import PAGE_SIZE_DEFAULT, FoundPlayer, LeaderboardPage, PlayerStanding
from toprung.domain.leaderboard.past import PastMoment
from toprung.interfaces.cli.leaderboard.filters import as_option, in_game
from toprung.interfaces.cli.terminal.builder import Builder, Options
from toprung.interfaces.look_arguments import LookArguments

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
    matches: Sequence[FoundPlayer]
    would_list: Sequence[Dropped]
    open_seconds: float
    read_seconds: tuple[float, ...]


async def answer(builder: Builder, options: Options, question: Question) -> Answer:
    """Opens the ladder and asks. Raises `NotFound` if nobody is called so, or not listed under the filters."""
    async with builder.reading(options) as reading:
        ladder = reading.ladder
        filters = in_game(question.filters, ladder.catalog)
        page_size = PAGE_SIZE_DEFAULT if question.page_size is None else question.page_size
        standing: PlayerStanding | None = None
        matches: Sequence[FoundPlayer] = ()
        would_list: Sequence[Dropped] = ()
        past = question.look["past"]
        if question.find is not None:
            standing, matches = await _find(ladder, question.find, filters, page_size, past)
        page = await ladder.leaderboard.get_leaderboard_data(
            filters=filters,
            **question.look,
            current_page=standing.page if standing else question.page or 1,
            page_size=page_size,
        )
        if not page.total_players and page.total_ranked:
            would_list = await ladder.leaderboard.what_to_drop(filters, past=past)
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
) -> tuple[PlayerStanding | None, Sequence[FoundPlayer]]:
    """Where the one player stands whom `text` means, or the several that it may mean."""
    found = await ladder.leaderboard.who_is_meant(
        text, filters, limit=MATCHES_LISTED_MAX, page_size=page_size, past=past, with_banned=True
    )
    if not found:
        raise NotFound("Nobody on this ladder has {text} in their name.", "nobody", text=repr(text))
    if len(found) > 1:
        return None, [meant.player for meant in found]
    (meant,) = found
    if meant.hidden_by:
        hiding = ", ".join(as_option(filters, name) for name in meant.hidden_by)
        if past is not None:
            sentence = "{name} was not listed then under these filters; leave some out: {filters}."
            raise NotFound(sentence, "not_listed_then", name=meant.player.player_name, filters=hiding)
        sentence = "{name} is not listed under these filters; leave some out: {filters}."
        raise NotFound(sentence, "not_listed", name=meant.player.player_name, filters=hiding)
    if meant.standing is None:
        raise _unranked(meant.player, past)
    return meant.standing, ()


def _unranked(player: FoundPlayer, past: PastMoment | None) -> NotFound:
    """Why a player stands nowhere."""
    name = player.player_name
    if player.is_banned:
        return NotFound("{name} is banned.", "banned", name=name)
    if past is not None:
        return NotFound("{name} was not listed then.", "unlisted_then", name=name)
    sentence = "{name} is not ranked: no games yet, or none recently enough; try --inactivity-days off."
    return NotFound(sentence, "not_ranked", name=name)
