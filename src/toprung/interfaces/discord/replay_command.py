"""`/replay`: handing in a replay, which is kept before anything is answered and judged soon after."""

import asyncio
from typing import Final

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from toprung.application.matches.match_history import MatchUnknown
from toprung.application.players.account_service import NotSetUp
from toprung.domain.errors import InvalidInput, ToprungError
from toprung.domain.match import MatchId
from toprung.domain.replay_upload import UploadId, UploadState
from toprung.interfaces.discord.context import BotContext, Reader
from toprung.interfaces.discord.markdown import Markdown, clipped
from toprung.interfaces.discord.matches_command import MATCH_NUMBER_MAX
from toprung.interfaces.discord.replay_text import verdict_text

LOOKS_MAX: Final = 20
LOOK_SECONDS: Final = 1.0
ANSWER_CHARACTERS_MAX: Final = 2_000


class ReplayTooLarge(InvalidInput):
    """A file has more bytes than a replay may have; it was not even fetched."""

    code = "replay_too_large"

    def __init__(self, bytes_max: int) -> None:
        super().__init__("file", f"A replay may have {bytes_max:,} bytes at most.")
        self.parameters = {"kilobytes": bytes_max // 1024}


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
        number=locale_str("The match it is of; your open one if left away", code="command.replay.number"),
    )
    async def replay(
        self,
        interaction: discord.Interaction,
        file: discord.Attachment,
        number: app_commands.Range[int, 1, MATCH_NUMBER_MAX] | None = None,
    ) -> None:
        """Takes a replay in, says so, and says what came of it if that is known soon."""
        context = self._context
        reader = await context.reader(interaction)
        own = await context.accounts.find(reader.discord_id)
        if own is None:
            raise NotSetUp("You are not on the ladder yet; /setup is the way in.")
        if file.size > context.replay_bytes_max:
            raise ReplayTooLarge(context.replay_bytes_max)
        await interaction.response.defer(ephemeral=True, thinking=True)
        matches, player_id = context.services.matches, own.player.id
        view = await (matches.open_of(player_id) if number is None else matches.seen_by(MatchId(number), player_id))
        if view is not None and view.match.side_of(player_id) is None:
            raise MatchUnknown(f"There is no match {number} of yours.")
        try:
            data = await file.read()
        except discord.HTTPException as error:
            raise AttachmentLost("Discord did not give the file; please attach it again.") from error
        match_id = None if view is None else view.match.id
        receipt = await context.intake.submit_replay(own.player.name, match_id, data, file.filename)
        if receipt.state is UploadState.RECEIVED:
            await self._say(interaction, reader.say("replay.received", number=str(receipt.upload_id)))
        await self._say_verdict(interaction, reader, receipt.upload_id)

    async def _say_verdict(self, interaction: discord.Interaction, reader: Reader, upload_id: UploadId) -> None:
        """Puts the verdict in the place of the receipt, unless it takes long; what follows from it is told anyway."""
        for _ in range(LOOKS_MAX):
            upload = (await self._context.services.replays.get(upload_id)).upload
            if upload.state is not UploadState.RECEIVED:
                told = verdict_text(reader, upload, answer_minutes=self._context.answer_replay_minutes)
                await self._say(interaction, Markdown(f"{reader.say('replay.judged', number=str(upload_id))}\n{told}"))
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _say(self, interaction: discord.Interaction, text: Markdown) -> None:
        await interaction.edit_original_response(
            content=clipped(text, ANSWER_CHARACTERS_MAX), allowed_mentions=discord.AllowedMentions.none()
        )
