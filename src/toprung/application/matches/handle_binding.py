"""Who is who in the game: accounts are bound to players by the first replay that both sides of a match stand by."""

from collections.abc import Iterable
from typing import Final

from toprung.application.ports.storage import Transaction
from toprung.domain.matches.match import Match, MatchResult, MatchState, Side
from toprung.domain.replays.replay_findings import Findings, findings_of
from toprung.domain.replays.replay_upload import UploadState

_SIDES: Final[tuple[Side, Side]] = (0, 1)


def bind_handles(tx: Transaction, match: Match) -> None:
    """Binds the handles that a match's verified replays name, once both sides stand by its result.

    A side stands by it with its own claim or its own replay. Replays that name different accounts bind none, a handle
    is one player's only, and a player who has a handle gets no other one. Doing it again changes nothing.
    """
    if match.state is not MatchState.COMPLETED or match.result is None:
        return
    uploads = tx.replays.uploads_of_match(match.id, UploadState.VERIFIED)
    found = [one for upload in uploads if (one := findings_of(upload)) is not None and one.result is match.result]
    named = {findings.handles for findings in found}
    if len(named) != 1 or not all(_stands_by(match, side, match.result, found) for side in _SIDES):
        return
    for player_id, handle in sorted(zip(match.player_ids, named.pop(), strict=True)):
        if handle is not None:
            tx.players.bind_handle(player_id, handle)


def _stands_by(match: Match, side: Side, result: MatchResult, found: Iterable[Findings]) -> bool:
    claim = match.sides[side].claim
    return (claim is not None and claim.result is result) or any(findings.side == side for findings in found)
