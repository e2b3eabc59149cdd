"""The JSON that the command line and the web share. Discord ids are never in it."""

from toprung.domain.leaderboard import LeaderboardPage, LeaderboardRow
from toprung.domain.moment import to_iso

PERCENTILE_DECIMALS = 2


def row_json(row: LeaderboardRow) -> dict[str, object]:
    """One row of the leaderboard as JSON values."""
    return {
        "global_rank": row.global_rank,
        "filter_rank": row.filter_rank,
        "letter_rank": row.letter_rank,
        "percentile": round(row.percentile, PERCENTILE_DECIMALS),
        "player_id": str(row.player_id),
        "player_name": row.player_name,
        "country": row.country,
        "race": row.race,
        "mmr": row.mmr,
        "games_played": row.games_played,
        "games_won": row.games_won,
        "games_lost": row.games_lost,
        "games_drawn": row.games_drawn,
        "last_played": to_iso(row.last_played_us),
    }


def leaderboard_json(page: LeaderboardPage) -> dict[str, object]:
    """A page of the leaderboard as JSON values."""
    return {
        "players": [row_json(row) for row in page.players],
        "total_pages": page.total_pages,
        "current_page": page.current_page,
        "total_players": page.total_players,
        "version": page.version,
    }
