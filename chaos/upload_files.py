"""Matches that are being played, and what their players upload: replays that fit, that do not, and poison."""

import random
from dataclasses import dataclass, replace
from typing import Final

from tests.support.replays.archives import bzipped, deflated
from tests.support.replays.synthetic_replay import SyntheticGame, SyntheticPlayer, replay_of
from toprung.domain.matches.match import MatchId
from toprung.domain.replays.replay_upload import UploadState

UPLOADS_PER_MATCH: Final = 5
MAP: Final = "Keres Passage"
RACES: Final = ("sc2_terran", "sc2_zerg")
KILLS: Final = b"MPQ\x1bkills its reader "
HANGS: Final = b"MPQ\x1bhangs its reader "
DAMAGED: Final = b"MPQ\x1bis no archive "
GAME_SECONDS: Final = 10
POISON: Final = ((KILLS, UploadState.DEAD), (HANGS, UploadState.DEAD), (DAMAGED, UploadState.REJECTED))


@dataclass(frozen=True, kw_only=True)
class BegunMatch:
    """A match that two players are in, the first of whom wins."""

    id: MatchId
    winner: str
    loser: str
    started_at_us: int

    @property
    def is_disputed(self) -> bool:
        """Whether the loser brings a replay that says the opposite."""
        return self.id % 2 == 0


@dataclass(frozen=True, kw_only=True)
class PlannedUpload:
    """Who uploads what for which match, and how it has to end."""

    player: str
    match_id: MatchId
    data: bytes
    end: UploadState


def uploads_of(match: BegunMatch, chance: random.Random) -> list[PlannedUpload]:
    """Five uploads: two by the loser that speak of the result, one by the winner, one of another map, and poison."""
    won = replay_of(_game(match, "win", "loss"), deflated)
    if match.is_disputed:
        answer = replay_of(replace(_game(match, "loss", "win"), tracker_events=b"two changed bytes"))
    else:
        answer = replay_of(_game(match, "win", "loss"), bzipped)  # the same game, packed anew
    elsewhere = replay_of(replace(_game(match, "win", "loss"), map_name="Death Valley"))
    poison, end = POISON[match.id % len(POISON)]
    planned = [
        (match.winner, won, UploadState.VERIFIED),
        (match.loser, won, UploadState.VERIFIED),
        (match.loser, answer, UploadState.VERIFIED),
        (match.winner, elsewhere, UploadState.REJECTED),
        (match.winner, poison + chance.randbytes(chance.randrange(1_000, 60_000)), end),
    ]
    return [PlannedUpload(player=one, match_id=match.id, data=data, end=end) for one, data, end in planned]


def _game(match: BegunMatch, first: str, second: str) -> SyntheticGame:
    return SyntheticGame(
        players=(
            SyntheticPlayer(name=match.winner, uid=2 * match.id, race="Terran", picked_race="Terr", result=first),
            SyntheticPlayer(name=match.loser, uid=2 * match.id + 1, race="Zerg", picked_race="Zerg", result=second),
        ),
        map_name="Keres Passage SEL",
        frames=round(GAME_SECONDS * 22.4),
        ended_at_us=match.started_at_us + 2 * GAME_SECONDS * 1_000_000,
        game_events=f"what they did in match {match.id}".encode(),
    )
