"""Challenges in memory: the part of `tests.support.fakes.ladder` that keeps `ChallengeRepository`."""

from dataclasses import asdict

from toprung.domain.matches.challenge import Challenge, ChallengeId, ChallengeState, NewChallenge
from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import PlayerId


class FakeChallengeRepository:
    """Implements `ChallengeRepository`."""

    def __init__(self, kept: dict[ChallengeId, Challenge]) -> None:
        self._kept = kept

    def add(self, new: NewChallenge) -> Challenge:
        if any(one.opponent_id == new.opponent_id for one in self.open_of(new.challenger_id)):
            raise AssertionError("there is one open challenge from a player to another one at most")
        challenge = Challenge(id=ChallengeId(len(self._kept) + 1), **asdict(new))
        self._kept[challenge.id] = challenge
        return challenge

    def get(self, challenge_id: ChallengeId) -> Challenge | None:
        return self._kept.get(challenge_id)

    def of_match(self, match_id: MatchId) -> Challenge | None:
        return next((one for one in self._kept.values() if one.match_id == match_id), None)

    def open_of(self, player_id: PlayerId) -> list[Challenge]:
        is_open = (one for one in self._kept.values() if one.state is ChallengeState.OPEN)
        return [one for one in is_open if player_id in (one.challenger_id, one.opponent_id)]

    def open(self) -> list[Challenge]:
        return [one for one in self._kept.values() if one.state is ChallengeState.OPEN]

    def save(self, challenge: Challenge) -> None:
        self._kept[challenge.id] = challenge
