"""What organisers did, by whom and why: kept with what it changed, and looked at again."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from toprung.application.ports.records import AuditRow
from toprung.application.ports.storage import Transaction
from toprung.application.writing.reasons import checked_reason
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.listing import LISTED_MAX, ListName, Page, key_of, page_of
from toprung.domain.players.player import Player, PlayerId

RENAME: Final = "rename"
REGISTER: Final = "register"
_ABOUT_A_PLAYER: Final = re.compile(r"player ([0-9]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Who does something as an organiser, and why; who sits at a terminal may leave the reason away."""

    actor: str
    reason: str = ""

    def explained(self) -> "Attribution":
        """The same with the reason as it is kept. Raises `InvalidInput` for one that is missing or cannot be kept."""
        return replace(self, reason=checked_reason(self.reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many of something are new, were changed, and stay as they were."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0

    @property
    def touched(self) -> int:
        """How many are not as they were."""
        return self.new + self.changed


def audit(
    tx: Transaction, by: Attribution | None, action: str, subject: str, *, now_us: int, **details: object
) -> None:
    """Keeps what an organiser does in this transaction; nothing where nobody acts as one (None).

    Raises `InvalidInput` for a reason that cannot be kept.
    """
    if by is None:
        return
    reason = checked_reason(by.reason) if by.reason.strip() else ""
    row = AuditRow(
        at_us=now_us, actor=by.actor, action=action, subject=subject, reason=reason, details=json.dumps(details)
    )
    tx.audit.append(row)


def about(player_id: PlayerId) -> str:
    """The subject of what is done to a player."""
    return f"player {player_id}"


def forget_names(tx: Transaction, player: Player) -> None:
    """Puts the name that a player has now in the place of every other one that the audit has of the same player.

    Names are kept of renames only; all other details and subjects know players by their ids. Reasons, and the texts of
    announcements, are an organiser's own words and stay.
    """
    details = json.dumps({"before": player.name, "after": player.name})
    tx.audit.replace_details(action=RENAME, subject=about(player.id), details=details)


class AuditLog:
    """Looking at the audit."""

    def __init__(self, *, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    async def latest(self, limit: int, cursor: str | None = None) -> Page[AuditRow]:
        """At most `limit` rows, the newest first: the first ones, or those that follow the page with this cursor.

        Raises `InvalidInput` for what is no cursor of this list.
        """
        limit, below = min(limit, LISTED_MAX), key_of(ListName.AUDIT, cursor)
        found = await self._unit_of_work.read(lambda tx: tx.lookups.audit(limit + 1, below=below))
        page = page_of(found, limit, ListName.AUDIT, lambda stored: stored.id)
        return Page(rows=tuple(stored.row for stored in page.rows), next=page.next)

    async def names(self, rows: Sequence[AuditRow]) -> dict[PlayerId, str]:
        """What the players whom these rows know by their numbers are called today."""
        wanted = {player_id for row in rows for player_id in _players_of(row)}
        players = await self._unit_of_work.read(lambda tx: tx.players.by_ids(wanted))
        return {player_id: player.name for player_id, player in players.items()}


def _players_of(row: AuditRow) -> Iterator[PlayerId]:
    details = json.loads(row.details)
    found = _ABOUT_A_PLAYER.fullmatch(row.subject)
    known = [
        None if found is None else int(found[1]),
        details.get("player"),
        *details.get("former", ()),
        *(player_id for player_id, *_ in details.get("moves", ())),
    ]
    yield from (PlayerId(player_id) for player_id in known if isinstance(player_id, int))
