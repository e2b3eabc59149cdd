"""Notices on their way to players: the one outbox holds an intent for each that somebody can be told of."""

from typing import Final

from toprung.application.intents import Intent, Priority, StoredIntent
from toprung.application.ports.matches import NewNotice
from toprung.domain.match import MatchId
from toprung.domain.notice import NoticeId, NoticeKind
from toprung.domain.player import Player, PlayerId

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


def notice_of(stored: StoredIntent) -> tuple[NoticeId, PlayerId, MatchId, NoticeKind]:
    """Which notice an intent of this kind is of: its id, whom it tells, of which match, and what."""
    said = stored.intent.parameters
    return (
        NoticeId(int(said["notice"])),
        PlayerId(int(said["player"])),
        MatchId(int(said["match"])),
        NoticeKind(said["kind"]),
    )
