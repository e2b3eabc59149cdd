"""The JSON of what a look at a season found."""

from toprung.application.ratings.watch_service import WatchReport
from toprung.domain.matches.watch.accounts import SharedAccount
from toprung.domain.matches.watch.pairs import UnusualPair
from toprung.domain.matches.watch.players import UnusualPlayer
from toprung.domain.moment import to_iso
from toprung.domain.players.player import PlayerId


def watch_json(report: WatchReport) -> dict[str, object]:
    """A report as JSON values."""
    period, looked = report.period, report.looked
    return {
        "season": None if period.season is None else period.season.code,
        "since": to_iso(period.since_us),
        "until": to_iso(period.until_us),
        "games": looked.games,
        "earlier_games_left_out": report.is_cut,
        "pairs_looked_at": looked.pairs_looked_at,
        "pairs_by_chance": round(looked.honest_pairs, 2),
        "players_looked_at": looked.players_looked_at,
        "players_by_chance": round(looked.honest_players, 2),
        "pairs": [_pair(report, pair) for pair in looked.pairs],
        "players": [_player(report, player) for player in looked.players],
        "accounts": [_account(report, account) for account in looked.accounts],
    }


def _whom(report: WatchReport, player_id: PlayerId) -> dict[str, object]:
    return {"player_id": str(player_id), "player_name": report.names[player_id]}


def _pair(report: WatchReport, pair: UnusualPair) -> dict[str, object]:
    races = pair.races or (None, None)
    sides = [
        {**_whom(report, player_id), "race": race, "other_games": others}
        for player_id, race, others in zip(pair.players, races, pair.other_games, strict=True)
    ]
    return {"sides": sides, **_counts(pair)}


def _player(report: WatchReport, player: UnusualPlayer) -> dict[str, object]:
    others = {"other_games": player.other_games, "other_points": player.other_points}
    return {**_whom(report, player.player), **others, **_counts(player)}


def _counts(found: UnusualPair | UnusualPlayer) -> dict[str, object]:
    return {
        "games": found.games,
        "points": found.points,
        "expected_points": round(found.expected, 2),
        "known_lengths": found.known_lengths,
        "short_games": found.short_games,
        "signal": round(found.signal, 2),
        "match_ids": [str(match_id) for match_id in found.match_ids],
    }


def _account(report: WatchReport, account: SharedAccount) -> dict[str, object]:
    return {
        "handle": account.handle,
        "players": [_whom(report, player_id) for player_id in account.players],
        "match_ids": [str(match_id) for match_id in account.match_ids],
    }
