"""What organisers do about replays: list the versions of the mod that are approved, have given-up jobs tried again."""

from dataclasses import dataclass

from toprung.application.organising.operation import EVERYWHERE, Body, Carries, Desk, Operation, Route, Spec
from toprung.application.ports.progress import Progress
from toprung.application.replays.replay_mods import Unlisted
from toprung.domain.errors import Conflict, NotFound
from toprung.domain.jobs.job import JobId
from toprung.domain.replays.replay_upload import UploadId


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """How many files the approved version has."""

    upload_id: UploadId
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveMod(Operation[Approved]):
    """Approves the version of the mod that an upload was played with."""

    upload_id: UploadId

    async def carry_out(self, desk: Desk, tell: Progress) -> Approved:
        """See `ReplayMods.approve`."""
        version = await desk.mods.approve(self.upload_id, self.by)
        return Approved(upload_id=self.upload_id, files=len(version.handles))


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlistMod(Operation[Unlisted]):
    """Takes the version of the mod that an upload was played with off the list again."""

    upload_id: UploadId

    async def carry_out(self, desk: Desk, tell: Progress) -> Unlisted:
        """See `ReplayMods.unlist`."""
        return await desk.mods.unlist(self.upload_id, self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """A job that is in line again."""

    job_id: JobId


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryJob(Operation[Retried]):
    """Puts a dead letter back in line."""

    job_id: JobId

    async def carry_out(self, desk: Desk, tell: Progress) -> Retried:
        """See `JobQueue.retry`."""
        await desk.retry_job(self.job_id, self.by)
        return Retried(job_id=self.job_id)


REPLAY_OPERATIONS: tuple[Spec, ...] = (
    Spec(
        kind=ApproveMod,
        actions=frozenset({"approve_mod"}),
        ways_in=EVERYWHERE,
        route=Route(
            path="/replays/{upload_id}/approve-mod",
            name="approve",
            summary="Approve the version of the mod that an upload was played with",
            refusals=(NotFound, Conflict),
            body=Body(
                name="ApprovalBody",
                description="Why a version of the mod is approved; `actor` goes into the audit.",
            ),
            takes_long=True,
        ),
    ),
    Spec(
        kind=UnlistMod,
        actions=frozenset({"unlist_mod"}),
        ways_in=EVERYWHERE,
        route=Route(
            path="/replays/{upload_id}/unlist-mod",
            name="unlist",
            summary="Take the version of the mod that an upload was played with off the list again",
            refusals=(NotFound, Conflict),
        ),
    ),
    Spec(
        kind=RetryJob,
        actions=frozenset({"retry_job"}),
        ways_in=EVERYWHERE,
        route=Route(
            path="/jobs/{job_id}/retry",
            name="retry",
            summary="Put a dead letter back in line",
            refusals=(NotFound, Conflict),
            carries=Carries.NOTHING,
        ),
        needs_server=True,
    ),
)
