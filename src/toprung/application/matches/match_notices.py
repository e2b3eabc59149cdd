"""Notices on their way to players: the one outbox holds an intent for each that somebody can be told of."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from toprung.application.ports.intents import Intent, Priority, StoredIntent
from toprung.application.ports.matches import NewNotice
from toprung.application.ports.storage import Transaction
from toprung.domain.matches.match import Match, MatchId
from toprung.domain.matches.notice import NoticeId, NoticeKind
from toprung.domain.players.player import Player, PlayerId

KIND: Final = "match_notice"


def notice_intent(notice_id: NoticeId, notice: NewNotice, player: Player) -> Intent | None:
    """What is to be sent for a notice; None for a player who has no Discord account, and is told in another way."""
    if player.discord_id is None:
        return None
    parameters = {
        "notice": str(notice_id),
        "player": str(notice.player_id),
        "match": str(notice.match_id),
        "kind": notice.kind.value,
    }
    return Intent(
        key=f"notice {notice_id}",
        kind=KIND,
        recipient=player.discord_id,
        is_direct=True,
        priority=Priority.MATCH,
        parameters=parameters,
    )


def restate(tx: Transaction, moved: Mapping[MatchId, Match], now_us: int) -> None:
    """Wants the messages that stand about these matches drawn again, since the deadlines that they state have moved."""
    said = [one for one in tx.intents.of_kind(KIND) if one.message is not None]
    again = [(one.intent, moved[match_id]) for one in said if (match_id := notice_of(one)[2]) in moved]
    drawn = [replace(one, parameters={**one.parameters, "until": str(match.deadline_us)}) for one, match in again]
    tx.intents.want(drawn, now_us=now_us)


def notice_of(stored: StoredIntent) -> tuple[NoticeId, PlayerId, MatchId, NoticeKind]:
    """Which notice an intent of this kind is of: its id, whom it tells, of which match, and what."""
    said = stored.intent.parameters
    return (
        NoticeId(int(said["notice"])),
        PlayerId(int(said["player"])),
        MatchId(int(said["match"])),
        NoticeKind(said["kind"]),
    )
