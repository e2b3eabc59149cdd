"""Jump to me: from a name to the page on which a player stands."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from toprung.application.leaderboard.leaderboard_service import SEARCH_TEXT_MAX_CODE_POINTS, LeaderboardService
from toprung.domain.leaderboard.leaderboard import FoundPlayer, LeaderboardRow
from toprung.domain.players.name_search import folded
from toprung.interfaces.web.leaderboard.filters import BoardState

MATCHES_MAX: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A player whom a name may mean. `url` leads to the row, under the filters or, failing that, without them."""

    player: FoundPlayer
    row: LeaderboardRow | None
    url: str | None
    is_under_filters: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of looking for a name: an address to go to, or players to choose from, some perhaps out of sight."""

    text: str
    go_to: str | None = None
    matches: Sequence[Match] = ()
    is_too_long: bool = False


async def find_player(leaderboard: LeaderboardService, state: BoardState) -> Finding:
    """Looks for `state.find` under the state's filters. Raises `StorageUnavailable`.

    One match, or one whose name is exactly the text, is meant; of several the viewer chooses.
    """
    text = state.find
    if len(text) > SEARCH_TEXT_MAX_CODE_POINTS:
        return Finding(text=text[:SEARCH_TEXT_MAX_CODE_POINTS], is_too_long=True)
    found = await leaderboard.search_players(text, limit=MATCHES_MAX)
    exact = [player for player in found if folded(player.player_name) == folded(text)]
    meant = exact if len(exact) == 1 else found
    matches = [await _match(leaderboard, state, player) for player in meant]
    if len(matches) == 1 and matches[0].is_under_filters:
        return Finding(text=text, go_to=matches[0].url)
    return Finding(text=text, matches=matches)


async def _match(leaderboard: LeaderboardService, state: BoardState, player: FoundPlayer) -> Match:
    for candidate in (state.first_page(), state.without_filters()):
        standing = await leaderboard.find_player(
            player.player_id, **candidate.arguments, page_size=candidate.page_size, past=candidate.past
        )
        if standing is not None:
            there = replace(candidate, page=standing.page, player=player.player_id)
            url = f"{there.url()}#player-{player.player_id}"
            under_filters = candidate == state.first_page()
            return Match(player=player, row=standing.row, url=url, is_under_filters=under_filters)
    return Match(player=player, row=None, url=None, is_under_filters=False)
