"""What front ends ask of the process that works at jobs, in it or from another one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from toprung.application.jobs.job_queue import JobQueue
from toprung.application.players.player_service import PlayerService
from toprung.application.replays.replay_service import ReplayService
from toprung.application.writing.audit import Attribution
from toprung.domain.jobs.job import JobId
from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import PlayerId
from toprung.domain.replays.replay_upload import UploadId, UploadState


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedReplay:
    """What is kept of an upload, and what is to be said to the player.

    It is not new where the same player brought the same file for the same match before.
    """

    upload_id: UploadId
    sha256: str
    player_id: PlayerId
    match_id: MatchId | None
    state: UploadState
    sentence: str
    is_new: bool


class Intake(Protocol):
    """Taking in replays. Raises what the use cases behind it raise."""

    async def submit_replay(
        self,
        player_name: str,
        match_id: MatchId | None,
        data: bytes,
        file_name: str | None,
        *,
        by_discord: bool = False,
    ) -> SubmittedReplay:
        """Takes in a replay as that player, who is told the verdict on Discord if it was handed in there."""
        ...


class IntakeService:
    """The intake of the process that works at the jobs. `announce` says that there may be one more."""

    def __init__(
        self, *, players: PlayerService, replays: ReplayService, queue: JobQueue, announce: Callable[[], None]
    ) -> None:
        self._players = players
        self._replays = replays
        self._queue = queue
        self._announce = announce

    async def submit_replay(
        self,
        player_name: str,
        match_id: MatchId | None,
        data: bytes,
        file_name: str | None,
        *,
        by_discord: bool = False,
    ) -> SubmittedReplay:
        """See `ReplayService.submit`."""
        player = await self._players.by_name(player_name)
        receipt = await self._replays.submit(player.id, match_id, data, file_name, by_discord=by_discord)
        upload = receipt.upload
        return SubmittedReplay(
            upload_id=upload.id,
            sha256=upload.sha256,
            player_id=upload.player_id,
            match_id=upload.match_id,
            state=upload.state,
            sentence=upload.sentence,
            is_new=receipt.is_new,
        )

    async def retry_job(self, job_id: JobId, by: Attribution) -> None:
        """Puts a dead letter back in line, and says so to the workers. See `JobQueue.retry`."""
        await self._queue.retry(job_id, by)
        self._announce()
