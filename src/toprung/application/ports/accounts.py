"""What a player told the ladder about how to be treated, and a set-up that is under way."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from toprung.domain.players.player import PlayerId


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A player's own settings. `renamed_at_us` is when the player last took another name; None where never."""

    player_id: PlayerId
    language: str
    terms_accepted_at_us: int
    renamed_at_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupDraft:
    """What somebody has answered of the set-up so far; None is unanswered."""

    discord_id: int
    language: str | None = None
    terms_accepted_at_us: int | None = None
    name: str | None = None
    in_game_name: str | None = None
    country: str | None = None
    region: str | None = None


class AccountRepository(Protocol):
    """The accounts, and the set-ups under way."""

    def by_player_ids(self, ids: Collection[PlayerId]) -> dict[PlayerId, Account]:
        """The accounts of these players."""
        ...

    def save(self, account: Account) -> None:
        """Stores an account as given."""
        ...

    def remove(self, player_id: PlayerId) -> None:
        """Removes a player's account, if there is one."""
        ...

    def draft(self, discord_id: int) -> SetupDraft | None:
        """The set-up that this Discord account has begun."""
        ...

    def save_draft(self, draft: SetupDraft) -> None:
        """Stores a draft as given."""
        ...

    def remove_draft(self, discord_id: int) -> None:
        """Removes a draft, if there is one."""
        ...
