"""What organisers do about a version of the mod: approve it."""

from toprung.application.writing.audit import Attribution
from toprung.domain.replays.replay_upload import UploadId
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.markdown import Markdown
from toprung.interfaces.discord.organising.organiser_layouts import Decision


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
        files = await context.ladder.administration.approve_mod(upload_id, reason=by.reason, actor=by.actor)
        return reader.say("admin.mod_done", upload=str(upload_id), files=files)

    return Decision(title=reader.say("admin.mod_title"), preview=preview, carry_out=carry_out)
