"""Who is an organiser, asked at every press."""

from dataclasses import dataclass
from typing import Any

import discord
import structlog

from toprung.application.writing.audit import Attribution
from toprung.application.writing.reasons import checked_reason
from toprung.domain.errors import ToprungError

_log = structlog.get_logger(__name__)


class NotAnOrganiser(ToprungError):
    """Somebody asks for what only organisers may do."""

    code = "not_an_organiser"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisers:
    """The organisers: these accounts, and whoever has this role, both only in the ladder's own server.

    Without a server there are none.
    """

    server_id: int | None = None
    user_ids: frozenset[int] = frozenset()
    role_id: int | None = None

    def include(self, interaction: discord.Interaction) -> bool:
        """Whether whoever acts is an organiser now: Discord says which roles with every interaction."""
        user = interaction.user
        if self.server_id is None or interaction.guild_id != self.server_id:
            return False
        if user.id in self.user_ids:
            return True
        has_role = self.role_id is not None and isinstance(user, discord.Member) and user.get_role(self.role_id)
        return bool(has_role)

    def require(self, interaction: discord.Interaction) -> None:
        """Raises `NotAnOrganiser` unless whoever acts is one now."""
        if self.include(interaction):
            return
        _log.warning(
            "organiser_refused",
            discord_id=interaction.user.id,
            server=interaction.guild_id,
            asked_for=_asked(interaction),
        )
        raise NotAnOrganiser("Only the organisers of this ladder can do that, in its own server. Nothing was changed.")


def attribution(interaction: discord.Interaction, reason: str) -> Attribution:
    """Whoever acts, and why. Raises `InvalidInput` for a missing reason."""
    return Attribution(actor=f"discord:{interaction.user.id}", reason=checked_reason(reason))


def _asked(interaction: discord.Interaction) -> str:
    if interaction.command is not None:
        return str(interaction.command.qualified_name)
    data: dict[str, Any] = {**(interaction.data or {})}
    return str(data.get("custom_id", ""))
