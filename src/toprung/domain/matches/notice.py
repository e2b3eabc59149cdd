"""What players are to be told about a match: intents that are stored with what caused them, and settled once."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from toprung.domain.matches.match import Match, MatchId, MatchState, Side, other
from toprung.domain.players.player import PlayerId

NoticeId = NewType("NoticeId", int)


class NoticeKind(StrEnum):
    """What a player is told."""

    FOUND = "found"
    IN_PROGRESS = "in_progress"
    CLAIM = "claim"
    WITHDRAWN = "withdrawn"
    CANCEL_ASKED = "cancel_asked"
    RESULT = "result"
    CONFLICT = "conflict"
    ABORTED = "aborted"
    ABANDONED = "abandoned"
    EXPIRED = "expired"
    VOIDED = "voided"
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One player to be told one thing. `was_reached` is None until somebody told the player, or found out of reach."""

    id: NoticeId
    player_id: PlayerId
    match_id: MatchId
    kind: NoticeKind
    created_at_us: int
    was_reached: bool | None = None


def is_timely(kind: NoticeKind, state: MatchState) -> bool:
    """Whether there is still something to say: a match that went on meanwhile has another notice that says more."""
    return state in _TIMELY[kind]


def notices_of(before: Match | None, after: Match) -> list[tuple[Side, NoticeKind]]:
    """Who is to be told what because a match went from one state to another; nothing where nothing happened."""
    if before is None:
        return _both(NoticeKind.FOUND)
    if before == after:
        return []
    if before.state is MatchState.COMPLETED or (before.state is MatchState.VOIDED and before.result is not None):
        return _both(NoticeKind.CORRECTED)
    if before.state is after.state:
        return _within(before, after)
    if after.state is MatchState.REPORTED:
        return [(other(side), NoticeKind.CLAIM) for side in (0, 1) if after.sides[side].claim is not None]
    if before.state is MatchState.REPORTED and after.state is MatchState.IN_PROGRESS:
        return [(other(side), NoticeKind.WITHDRAWN) for side in (0, 1) if before.sides[side].claim is not None]
    return _both(_ON_ENTERING[after.state])


_ON_ENTERING = {
    MatchState.IN_PROGRESS: NoticeKind.IN_PROGRESS,
    MatchState.COMPLETED: NoticeKind.RESULT,
    MatchState.CONFLICT: NoticeKind.CONFLICT,
    MatchState.ABORTED: NoticeKind.ABORTED,
    MatchState.ABANDONED: NoticeKind.ABANDONED,
    MatchState.EXPIRED: NoticeKind.EXPIRED,
    MatchState.VOIDED: NoticeKind.VOIDED,
}

_PLAYED = frozenset({MatchState.IN_PROGRESS, MatchState.REPORTED})
_TIMELY: Mapping[NoticeKind, frozenset[MatchState]] = {
    NoticeKind.FOUND: frozenset({MatchState.ASSIGNED}),
    NoticeKind.IN_PROGRESS: _PLAYED,
    NoticeKind.CLAIM: frozenset({MatchState.REPORTED}),
    NoticeKind.WITHDRAWN: frozenset({MatchState.IN_PROGRESS}),
    NoticeKind.CANCEL_ASKED: _PLAYED,
    NoticeKind.CORRECTED: frozenset({MatchState.COMPLETED, MatchState.VOIDED}),
    NoticeKind.RESULT: frozenset({MatchState.COMPLETED}),
    NoticeKind.CONFLICT: frozenset({MatchState.CONFLICT}),
    NoticeKind.ABORTED: frozenset({MatchState.ABORTED}),
    NoticeKind.ABANDONED: frozenset({MatchState.ABANDONED}),
    NoticeKind.EXPIRED: frozenset({MatchState.EXPIRED}),
    NoticeKind.VOIDED: frozenset({MatchState.VOIDED}),
}


def _both(kind: NoticeKind) -> list[tuple[Side, NoticeKind]]:
    return [(0, kind), (1, kind)]


def _within(before: Match, after: Match) -> list[tuple[Side, NoticeKind]]:
    """What happened without another state: a claim borne out by a replay, or a wish to cancel."""
    told: list[tuple[Side, NoticeKind]] = []
    sides: tuple[Side, Side] = (0, 1)
    for side in sides:
        old, new = before.sides[side], after.sides[side]
        if new.claim is not None and (old.claim is None or old.claim.at_us != new.claim.at_us):
            told.append((other(side), NoticeKind.CLAIM))
        if new.cancel_asked_at_us is not None and old.cancel_asked_at_us is None:
            told.append((other(side), NoticeKind.CANCEL_ASKED))
    return told
