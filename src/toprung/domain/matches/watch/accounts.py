"""Accounts in the game that verified replays name for more than one player."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import PlayerId


class NamedAccount(NamedTuple):
    """That a verified replay of a match names an account for a player."""

    handle: str
    player: PlayerId
    match_id: MatchId


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedAccount:
    """An account that several players played with, and the matches whose replays say so."""

    handle: str
    players: tuple[PlayerId, ...]
    match_ids: tuple[MatchId, ...]


def shared_accounts(named: Iterable[NamedAccount]) -> tuple[SharedAccount, ...]:
    """The accounts that are named for more than one player, in the order of their handles.

    Nothing else tells one person under two names from two persons: by results, a strong newcomer looks the same.
    """
    players: dict[str, set[PlayerId]] = defaultdict(set)
    matches: dict[str, set[MatchId]] = defaultdict(set)
    for one in named:
        players[one.handle].add(one.player)
        matches[one.handle].add(one.match_id)
    return tuple(
        SharedAccount(handle=handle, players=tuple(sorted(players[handle])), match_ids=tuple(sorted(matches[handle])))
        for handle in sorted(players)
        if len(players[handle]) > 1
    )
