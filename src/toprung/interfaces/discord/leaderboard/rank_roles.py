"""Roles by letter rank, given and taken as ranks change."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Final

import discord

from toprung.application.jobs.loop import Loop
from toprung.application.ports.intents import Intent, Priority, StoredIntent
from toprung.interfaces.discord.messages.context import BotContext
from toprung.interfaces.discord.sending.refusals import Place, PlaceKind
from toprung.interfaces.discord.sending.send_queue import Delivery, RefusedAt, SendQueue

KIND: Final = "rank_role"
LOOK_SECONDS: Final = 60.0
ROWS_MAX: Final = 1_000_000
NOT_THERE: Final = frozenset({10007, 10013})
"""Discord's codes for somebody who is not in the server, or not at all: they have no role there."""


class RankRoles:
    """Wants everybody with a Discord account to have the role of the letter of their best entry."""

    def __init__(self, context: BotContext, queue: SendQueue) -> None:
        self._context = context
        self._queue = queue
        self._version: str | None = None
        self._wanted: dict[int, str] = {}

    async def run(self) -> None:
        """Looks again and again, until it is cancelled."""
        await Loop(self.look, every_seconds=LOOK_SECONDS, failed="rank_roles_failed").run()

    async def look(self) -> None:
        """Wants what changed since it last looked; after a start it wants everything, and what is so already stays."""
        page = await self._context.ladder.leaderboard.get_leaderboard_data(best_race_only=True, page_size=ROWS_MAX)
        accounts = await self._context.ladder.readers.discord_ids()
        letters = {accounts[row.player_id]: row.letter_rank for row in page.players if row.player_id in accounts}
        everybody = dict.fromkeys((*self._wanted, *accounts.values()))
        changed = {
            discord_id: letters.get(discord_id, "")
            for discord_id in everybody
            if self._wanted.get(discord_id) != letters.get(discord_id, "")
        }
        if not changed:
            return
        intents = [
            Intent(
                key=f"{KIND} {discord_id}",
                kind=KIND,
                recipient=discord_id,
                is_direct=True,
                priority=Priority.ROLE,
                parameters={"letter": letter},
            )
            for discord_id, letter in changed.items()
        ]

        await self._context.ladder.outbox.want(intents)
        self._wanted |= changed
        self._wanted = {who: letter for who, letter in self._wanted.items() if who in set(accounts.values())}
        self._queue.wake()


class RoleDeliverer:
    """Gives a member the role of a letter and takes those of the others; asks first what the member has."""

    def __init__(self, client: discord.Client, guild_id: int, roles: Mapping[str, int]) -> None:
        self._client = client
        self._guild_id = guild_id
        self._roles = roles

    async def deliver(self, stored: StoredIntent) -> Delivery:
        """See `Deliverer`. Who is not in the server has no role there."""
        try:
            await self._make_so(stored.intent.recipient, stored.intent.parameters["letter"])
        except RefusedAt as refusal:
            if refusal.error.code not in NOT_THERE:
                raise
        return Delivery(is_over=stored.intent.parameters["letter"] == "")

    async def _make_so(self, member_id: int, letter: str) -> None:
        http, guild_id = self._client.http, self._guild_id
        with _refused_at(PlaceKind.SERVER, guild_id):
            member = await http.get_member(guild_id, member_id)
        has = {int(role) for role in member["roles"]}
        wanted = self._roles.get(letter)
        reason = f"rank {letter or 'none'}"
        if wanted is not None and wanted not in has:
            with _refused_at(PlaceKind.ROLE, wanted):
                await http.add_role(guild_id, member_id, wanted, reason=reason)
        for role in set(self._roles.values()) & has - {wanted}:
            with _refused_at(PlaceKind.ROLE, role):
                await http.remove_role(guild_id, member_id, role, reason=reason)


@contextlib.contextmanager
def _refused_at(kind: PlaceKind, number: int) -> Iterator[None]:
    """Says where Discord refused, so that nobody takes it for a refusal of the member's."""
    try:
        yield
    except discord.HTTPException as error:
        raise RefusedAt(error, Place(kind=kind, number=number)) from error
