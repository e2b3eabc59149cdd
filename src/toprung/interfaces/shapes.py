"""The JSON that the command line and the web share. Discord ids are never in it."""

from toprung.domain.leaderboard.leaderboard import LeaderboardPage, LeaderboardRow
from toprung.domain.moment import to_iso
from toprung.domain.ratings.season import LadderSeason

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
        "deviation": row.deviation,
        "is_provisional": row.is_provisional,
    }


def leaderboard_json(page: LeaderboardPage) -> dict[str, object]:
    """A page of the leaderboard as JSON values."""
    players = [row_json(row) for row in page.players]
    asked: dict[str, object] = {}
    if page.past is not None:
        asked |= {"as_of": to_iso(page.past.at_us), "corrected": page.past.is_corrected}
    if page.movements is not None and page.since_us is not None:
        asked["movement_since"] = to_iso(page.since_us)
        for player, movement in zip(players, page.movements, strict=True):
            player["movement"] = None if movement is None else {"places": movement.places, "mmr": movement.mmr}
    return {
        "players": players,
        "total_pages": page.total_pages,
        "current_page": page.current_page,
        "total_players": page.total_players,
        "version": page.version,
        **asked,
    }


def season_json(season: LadderSeason) -> dict[str, object]:
    """A season as JSON values."""
    return {
        "code": season.code,
        "name": season.name,
        "started_at": to_iso(season.started_at_us),
        "ended_at": None if season.ended_at_us is None else to_iso(season.ended_at_us),
        "reset_deviation": season.reset_deviation,
    }
