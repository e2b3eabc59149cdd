"""Jump to me: from a name to the page on which a player stands."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from toprung.application.leaderboard.leaderboard_service import SEARCH_TEXT_MAX_CODE_POINTS, LeaderboardService, Meant
from toprung.domain.leaderboard.leaderboard import FoundPlayer, LeaderboardRow
from toprung.interfaces.web.leaderboard.filters import BoardState

MATCHES_MAX: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A player whom a name may mean. `url` leads to the row, without the filters that hide it (`hidden_by`)."""

    player: FoundPlayer
    row: LeaderboardRow | None
    url: str | None
    hidden_by: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of looking for a name: an address to go to, or players to choose from, some perhaps out of sight."""

    text: str
    go_to: str | None = None
    matches: Sequence[Match] = ()
    is_too_long: bool = False


async def find_player(leaderboard: LeaderboardService, state: BoardState) -> Finding:
    """Looks for `state.find` under the state's filters. Raises `StorageUnavailable`.

    One who is meant is gone to; of several the viewer chooses.
    """
    text = state.find
    if len(text) > SEARCH_TEXT_MAX_CODE_POINTS:
        return Finding(text=text[:SEARCH_TEXT_MAX_CODE_POINTS], is_too_long=True)
    found = await leaderboard.who_is_meant(
        text, state.filters, limit=MATCHES_MAX, page_size=state.page_size, past=state.past
    )
    matches = [_match(state, meant) for meant in found]
    if len(matches) == 1 and matches[0].url and not matches[0].hidden_by:
        return Finding(text=text, go_to=matches[0].url)
    return Finding(text=text, matches=matches)


def _match(state: BoardState, meant: Meant) -> Match:
    player, standing = meant.player, meant.standing
    if standing is None:
        return Match(player=player, row=None, url=None, hidden_by=())
    filters = state.filters.without(*meant.hidden_by)
    there = replace(state.first_page(), filters=filters, page=standing.page, player=player.player_id)
    return Match(
        player=player, row=standing.row, url=f"{there.url()}#player-{player.player_id}", hidden_by=meant.hidden_by
    )
