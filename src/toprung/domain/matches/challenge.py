"""A challenge: one player asks another one for a match, and the other one has a while to answer."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NewType

from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import PlayerId

ChallengeId = NewType("ChallengeId", int)


class ChallengeState(StrEnum):
    """How a challenge stands. All but the first are final."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChallenge:
    """A challenge that has no id yet. `channel_id` is where it was made, if that was a channel of others too."""

    challenger_id: PlayerId
    opponent_id: PlayerId
    races: tuple[str, ...]
    created_at_us: int
    expires_at_us: int
    channel_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A challenge as it is kept. The challenger plays one of `races`; `match_id` is the match that came of it."""

    id: ChallengeId
    challenger_id: PlayerId
    opponent_id: PlayerId
    races: tuple[str, ...]
    created_at_us: int
    expires_at_us: int
    channel_id: int | None = None
    state: ChallengeState = ChallengeState.OPEN
    match_id: MatchId | None = None

    def at(self, now_us: int) -> "Challenge":
        """The challenge after its time, if that has passed by now."""
        if self.state is ChallengeState.OPEN and self.expires_at_us <= now_us:
            return replace(self, state=ChallengeState.EXPIRED)
        return self

    def given_back(self, by_us: int | None, now_us: int, answer_us: int) -> "Challenge":
        """The challenge with so much more time to answer it, since so much was not served; never more than all of it.

        None, where nobody knows how much that was, gives all of it.
        """
        all_of_it_us = now_us + answer_us
        expires_at_us = all_of_it_us if by_us is None else min(self.expires_at_us + by_us, all_of_it_us)
        return replace(self, expires_at_us=expires_at_us)
