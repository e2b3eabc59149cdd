"""One look at a stretch of games."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from toprung.domain.matches.watch.accounts import NamedAccount, SharedAccount, shared_accounts
from toprung.domain.matches.watch.by_chance import honest_pairs, honest_players
from toprung.domain.matches.watch.games import WatchedGame, game_table
from toprung.domain.matches.watch.limits import WatchLimits
from toprung.domain.matches.watch.pairs import UnusualPair, unusual_pairs
from toprung.domain.matches.watch.players import UnusualPlayer, unusual_players
from toprung.domain.matches.watch.strengths import Strengths


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was found, the most unusual first, and among how many.

    `honest_pairs` and `honest_players` are how many would be shown by chance alone if everybody was honest.
    """

    games: int
    pairs: tuple[UnusualPair, ...]
    players: tuple[UnusualPlayer, ...]
    accounts: tuple[SharedAccount, ...]
    pairs_looked_at: int
    players_looked_at: int
    honest_pairs: float
    honest_players: float


def look(games: Sequence[WatchedGame], named: Iterable[NamedAccount], limits: WatchLimits) -> Looked:
    """What is unusual about these games, and which accounts several players are named with."""
    table = game_table(games)
    strengths = Strengths(table)
    pairs, pairs_looked_at = unusual_pairs(table, strengths, limits)
    players, players_looked_at = unusual_players(table, strengths, limits)
    return Looked(
        games=len(games),
        pairs=pairs,
        players=players,
        accounts=shared_accounts(named),
        pairs_looked_at=pairs_looked_at,
        players_looked_at=players_looked_at,
        honest_pairs=honest_pairs(limits.pair_signal, pairs_looked_at),
        honest_players=honest_players(limits.player_signal, players_looked_at),
    )
