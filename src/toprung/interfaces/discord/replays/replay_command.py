"""`/replay`: handing in a replay, which is kept before anything is answered and judged soon after."""

from typing import Final

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from toprung.application.matches.match_history import MatchUnknown
from toprung.application.players.account_service import NotSetUp
from toprung.application.ports.intents import StoredIntent
from toprung.application.replays.replay_verdicts import is_kept_for_good, promised_upload
from toprung.domain.errors import InvalidInput, ToprungError
from toprung.domain.matches.match import Evidence, MatchId
from toprung.domain.replays.replay_upload import ReplayUpload, UploadState
from toprung.interfaces.discord.matches.match_text import MICROSECONDS_PER_MINUTE
from toprung.interfaces.discord.matches.matches_command import MATCH_NUMBER_MAX
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.layouts import Layout
from toprung.interfaces.discord.messages.markdown import Markdown, clipped
from toprung.interfaces.discord.replays.replay_text import verdict_text
from toprung.interfaces.discord.sending.send_queue import Delivery, MessageDeliverer

"""How long the answer to the command waits for the verdict; one that takes longer comes as a direct message."""

ANSWER_CHARACTERS_MAX: Final = 2_000


class ReplayTooLarge(InvalidInput):
    """A file has more bytes than a replay may have; it was not even fetched."""

    code = "replay_too_large"

    def __init__(self, bytes_max: int) -> None:
        sentence = "A replay may have {kilobytes} KB at most. Nothing was fetched."
        super().__init__("file", sentence, kilobytes=bytes_max // 1024)


class AttachmentLost(ToprungError):
    """Discord did not give the file that somebody attached."""

    code = "attachment_lost"


class ReplayCog(commands.Cog):
    """The command."""

    def __init__(self, context: BotContext) -> None:
        self._context = context

    @app_commands.command(
        name="replay", description=locale_str("Hand in the replay of your match", code="command.replay")
    )
    @app_commands.describe(
        file=locale_str("The .SC2Replay file", code="command.replay.file"),
        number=locale_str("The match it is of; your open one if omitted", code="command.replay.number"),
    )
    async def replay(
        self,
        interaction: discord.Interaction,
        file: discord.Attachment,
        number: app_commands.Range[int, 1, MATCH_NUMBER_MAX] | None = None,
    ) -> None:
        """Takes a replay in, says so, and puts the verdict in the place of the receipt if it is known soon."""
        context = self._context
        reader = await context.reader(interaction)
        own = await context.ladder.accounts.find(reader.discord_id)
        if own is None:
            raise NotSetUp("You are not on the ladder yet.")
        if file.size > context.ladder.replay_bytes_max:
            raise ReplayTooLarge(context.ladder.replay_bytes_max)
        await interaction.response.defer(ephemeral=True, thinking=True)
        matches, player_id = context.ladder.matches, own.player.id
        view = await (matches.open_of(player_id) if number is None else matches.seen_by(MatchId(number), player_id))
        if view is not None and view.match.side_of(player_id) is None:
            raise MatchUnknown("There is no match {number} of yours.", number=str(number))
        try:
            data = await file.read()
        except discord.HTTPException as error:
            raise AttachmentLost("Discord did not give the file; please attach it again.") from error
        match_id = None if view is None else view.match.id
        receipt = await context.ladder.intake.submit_replay(
            own.player.name, match_id, data, file.filename, by_discord=True
        )
        if receipt.state is UploadState.RECEIVED:
            await self._say(interaction, reader.say("replay.received", number=str(receipt.upload_id)))
        seconds_max = context.limits.replay_watched_seconds_max
        judged = await context.ladder.verdicts.wait(receipt.upload_id, receipt.sha256, seconds_max=seconds_max)
        if judged is None:
            await self._say(interaction, reader.say("replay.later", number=str(receipt.upload_id)))
            return
        await self._say(interaction, _told(context, reader, judged.upload))
        await context.ladder.verdicts.shown(judged)

    async def _say(self, interaction: discord.Interaction, text: Markdown) -> None:
        await interaction.edit_original_response(
            content=clipped(text, ANSWER_CHARACTERS_MAX), allowed_mentions=discord.AllowedMentions.none()
        )


class VerdictDrawing:
    """Draws what somebody is told who did not see the verdict in the answer to the command."""

    def __init__(self, context: BotContext) -> None:
        self._context = context

    async def __call__(self, stored: StoredIntent) -> discord.ui.LayoutView | None:
        """See `Drawing`. While an upload waits to be judged anew there is nothing to say."""
        context = self._context
        upload = (await context.ladder.replays.get(promised_upload(stored))).upload
        if upload.state is UploadState.RECEIVED:
            return None
        reader = await context.addressee(stored.intent.recipient)
        view = Layout(context, reader, timeout=None)
        view.begin()
        view.add_container(view.paragraph(_told(context, reader, upload)))
        return view


class VerdictDeliverer:
    """Sends verdicts, each as a new message, and keeps the promise where another verdict may follow."""

    def __init__(self, client: discord.Client, context: BotContext) -> None:
        self._context = context
        self._messages = MessageDeliverer(client, VerdictDrawing(context))

    async def deliver(self, stored: StoredIntent) -> Delivery:
        """See `Deliverer`."""
        await self._messages.deliver(stored)
        upload = (await self._context.ladder.replays.get(promised_upload(stored))).upload
        return Delivery(is_over=is_kept_for_good(upload))


def _told(context: BotContext, reader: Reader, upload: ReplayUpload) -> Markdown:
    answer_minutes = context.ladder.steps.rules.answer_us(Evidence.REPLAY) / MICROSECONDS_PER_MINUTE
    verdict = verdict_text(reader, upload, answer_minutes=answer_minutes)
    return Markdown(f"{reader.say('replay.judged', number=str(upload.id))}\n{verdict}")
