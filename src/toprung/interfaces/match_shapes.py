"""The JSON of a match that the command line and the web share."""

from toprung.application.matches.match_history import MatchReplay, MatchView, Rivals
from toprung.domain.game.catalog import Catalog
from toprung.domain.matches.match import Claim, Side
from toprung.domain.moment import to_iso


def match_json(view: MatchView, catalog: Catalog) -> dict[str, object]:
    """A match as JSON values; a side whose player the viewer may not know of is null."""
    match = view.match
    links = catalog.map_links(match.map_name, match.server) if match.state.is_open else ()
    return {
        "match_id": str(match.id),
        "state": match.state.value,
        "result": None if match.standing_result is None else match.standing_result.value,
        "map_name": match.map_name,
        "map_links": [{"game_region": link.game_region, "address": link.address} for link in links],
        "server": match.server,
        "chat_channel": catalog.chat_channel(match.id) if match.state.is_open else None,
        "assigned_at": _iso(match.assigned_at_us),
        "started_at": _iso(match.started_at_us),
        "deadline": _iso(match.deadline_us),
        "ended_at": _iso(match.ended_at_us),
        "sides": [_side_json(view, 0), _side_json(view, 1)],
        "replays": [_replay_json(replay) for replay in view.replays],
    }


def head_to_head_json(rivals: Rivals) -> dict[str, object]:
    """The games between two players as JSON values, from the first one's side."""
    games = rivals.games
    return {
        "player_id": str(rivals.player.id),
        "opponent_id": str(rivals.opponent.id),
        "games_played": games.played,
        "games_won": games.won,
        "games_lost": games.lost,
        "games_drawn": games.drawn,
        "last_played": _iso(games.last_played_us),
    }


def _replay_json(replay: MatchReplay) -> dict[str, object]:
    return {
        "upload_id": str(replay.upload.id),
        "player_name": replay.player.name,
        "state": replay.upload.state.value,
        "sentence": replay.upload.sentence,
    }


def _side_json(view: MatchView, index: Side) -> dict[str, object] | None:
    player, side = view.players[index], view.match.sides[index]
    if player is None:
        return None
    change = None if view.changes is None else view.changes[index]
    return {
        "player_id": str(player.id),
        "player_name": player.name,
        "race": side.players[0].race,
        "confirmed_at": _iso(side.confirmed_at_us),
        "claim": None if side.claim is None else _claim_json(side.claim),
        "cancel_asked_at": _iso(side.cancel_asked_at_us),
        "mmr_before": None if change is None else change.mmr_before,
        "mmr_after": None if change is None else change.mmr_after,
    }


def _claim_json(claim: Claim) -> dict[str, object]:
    return {
        "result": claim.result.value,
        "evidence": claim.evidence.value,
        "claimed_at": to_iso(claim.at_us),
        "other_side_told_at": _iso(claim.told_at_us),
    }


def _iso(moment_us: int | None) -> str | None:
    return None if moment_us is None else to_iso(moment_us)
