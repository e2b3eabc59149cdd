"""What front ends ask of the process that works at jobs, where that is this one."""

from collections.abc import Callable

from toprung.application.jobs.job_queue import JobQueue
from toprung.application.players.player_service import PlayerService
from toprung.application.ports.replays import SubmittedReplay
from toprung.application.replays.replay_service import ReplayService
from toprung.application.writing.audit import Attribution
from toprung.domain.jobs.job import JobId
from toprung.domain.matches.match import MatchId


class IntakeService:
    """Implements `Intake` where the jobs are worked at. `announce` says that there may be one more."""

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
