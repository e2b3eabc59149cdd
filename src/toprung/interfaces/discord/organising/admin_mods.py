"""What organisers do about a version of the mod: approve it, and take it off the list again."""

from collections.abc import Mapping
from typing import Final

import discord

from toprung.application.organising.replay_operations import ApproveMod, UnlistMod
from toprung.application.writing.audit import Attribution
from toprung.domain.replays.replay_upload import UploadId
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.layouts import Button, answered_elsewhere
from toprung.interfaces.discord.messages.markdown import Markdown
from toprung.interfaces.discord.organising.organiser_layouts import Deciding, Decision

APPROVE_MOD: Final = "admin:approve_mod"
UNLIST_MOD: Final = "admin:unlist_mod"
APPROVED: Final = "approved"
"""Why a version that was approved is no concern any more."""


def approve_mod(context: BotContext, reader: Reader, upload_id: UploadId) -> Decision:
    """Approving the version that this upload was played with."""

    async def preview() -> Markdown:
        # Without counts of uploads: a replay that comes in meanwhile is no reason to look again.
        seen = await context.ladder.mods.of_upload(upload_id)
        if seen.is_approved:
            return reader.say("admin.mod_approved_already", upload=str(upload_id))
        approved = seen.approved_versions
        lines = [
            reader.say("admin.mod_set", upload=str(upload_id), files=len(seen.handles)),
            reader.say("admin.mod_versions", before=approved, after=approved + 1),
        ]
        if seen.adds is not None:
            lines.append(Markdown(f"⚠️ {reader.say('concern.mod_adds', count=seen.adds)}"))
        lines.append(Markdown(f"-# {reader.say('admin.mod_what')}"))
        return Markdown("\n".join(lines))

    async def carry_out(by: Attribution) -> Markdown:
        approved = await context.ladder.administration.perform(ApproveMod(upload_id=upload_id, by=by))
        return reader.say("admin.mod_done", upload=str(upload_id), files=approved.files)

    return Decision(title=reader.say("admin.mod_title"), preview=preview, carry_out=carry_out)


def unlist_mod(context: BotContext, reader: Reader, upload_id: UploadId) -> Decision:
    """Taking the version that this upload was played with off the list again."""

    async def preview() -> Markdown:
        seen = await context.ladder.mods.of_upload(upload_id)
        if not seen.is_approved:
            return reader.say("admin.mod_not_listed", upload=str(upload_id))
        before = seen.approved_versions
        lines = [
            reader.say("admin.mod_unlist_set", upload=str(upload_id), files=len(seen.handles)),
            reader.say("admin.mod_versions", before=before, after=before - 1),
            Markdown(f"-# {reader.say('admin.mod_unlist_what')}"),
        ]
        return Markdown("\n".join(lines))

    async def carry_out(by: Attribution) -> Markdown:
        done = await context.ladder.administration.perform(UnlistMod(upload_id=upload_id, by=by))
        code = "admin.mod_unlist_done" if done.was_listed else "admin.mod_not_listed"
        return reader.say(code, upload=str(upload_id), files=done.files)

    return Decision(title=reader.say("admin.mod_unlist_title"), preview=preview, carry_out=carry_out)


def mod_buttons(reader: Reader, upload_id: UploadId, settled: str, *, is_doubtful: bool) -> list[Button]:
    """What can be decided about a version in the organisers' channel; `settled` says why it is no concern any more."""
    if settled == APPROVED:
        return [Button(f"{UNLIST_MOD}:{upload_id}", reader.plain("admin.unlist_mod"), answered_elsewhere)]
    if settled:
        return []
    style = discord.ButtonStyle.danger if is_doubtful else discord.ButtonStyle.primary
    return [Button(f"{APPROVE_MOD}:{upload_id}", reader.plain("admin.approve_mod"), answered_elsewhere, style=style)]


DECISIONS: Final[Mapping[str, Deciding]] = {
    APPROVE_MOD: lambda context, reader, number: approve_mod(context, reader, UploadId(number)),
    UNLIST_MOD: lambda context, reader, number: unlist_mod(context, reader, UploadId(number)),
}
"""By the beginning of the button's id."""
