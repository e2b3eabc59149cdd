"""Jobs, replays and their world in memory: see `application/ports/jobs.py` and `application/ports/replays.py`."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Protocol

from toprung.domain.errors import StorageUnavailable
from toprung.domain.jobs.job import BootMoment, Job, JobId, JobState, NewJob, fair_turn, leased, revived
from toprung.domain.matches.match import MatchId
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.players.player import PlayerId
from toprung.domain.replays.mod_version import ModVersion
from toprung.domain.replays.replay_upload import NewUpload, ReplayFile, ReplayUpload, UploadId, UploadState

PENDING = (JobState.READY, JobState.LEASED)


class Rows(Protocol):
    """What the repositories need of a fake database."""

    jobs: dict[JobId, Job]
    jobs_allotted: int
    replay_files: dict[str, ReplayFile]
    replay_uploads: dict[UploadId, ReplayUpload]
    mod_versions: list[ModVersion]


class FakeBootClock:
    """Implements `BootClock`: it stands still until it is moved, and the machine starts anew when a test says so."""

    def __init__(self) -> None:
        self.boots = 1
        self.us = 1_000_000

    def now(self) -> BootMoment:
        return BootMoment(boot_id=f"boot {self.boots}", us=self.us)

    def advance(self, seconds: float) -> None:
        """Moves the clock."""
        self.us += round(seconds * MICROSECONDS_PER_SECOND)

    def reboot(self) -> None:
        """The machine starts anew, and counts from nothing."""
        self.boots += 1
        self.us = 1_000


class FakeJobRepository:
    """Implements `JobRepository`."""

    def __init__(self, database: Rows) -> None:
        self._database = database

    def enqueue(self, new: NewJob) -> Job:
        for known in self._database.jobs.values():
            if (known.kind, known.dedup_key) == (new.kind, new.dedup_key) and known.state is not JobState.DONE:
                return known
        self._database.jobs_allotted += 1
        job = Job(
            id=JobId(self._database.jobs_allotted),
            kind=new.kind,
            payload=new.payload,
            dedup_key=new.dedup_key,
            player_id=new.player_id,
            state=JobState.READY,
            turn=self._next_turn(new.player_id),
            enqueued_at_us=new.enqueued_at_us,
        )
        self._database.jobs[job.id] = job
        return job

    def claim(self, *, instance_id: str, now: BootMoment, until: BootMoment, retries_max: int) -> Job | None:
        mine = [job for job in self._in(JobState.LEASED) if job.instance_id == instance_id and job.is_retry]
        due = [
            job
            for job in self._in(JobState.READY)
            if (job.until is None or job.until.is_over(now)) and (not job.is_retry or len(mine) < retries_max)
        ]
        if not due:
            return None
        job = leased(min(due, key=lambda job: (job.turn, job.id)), instance_id=instance_id, until=until)
        self._database.jobs[job.id] = job
        return job

    def extend(self, jobs: Collection[Job], until: BootMoment) -> set[JobId]:
        held = {job.id for job in jobs if self._is_held(job)}
        for job_id in held:
            self._database.jobs[job_id] = replace(self._database.jobs[job_id], until=until)
        return held

    def settle(self, job: Job) -> bool:
        if not self._is_held(job):
            return False
        turn = self._next_turn(job.player_id) if job.has_to_wait else job.turn
        self._database.jobs[job.id] = replace(job, turn=turn)
        return True

    def lost(self, *, instance_id: str, now: BootMoment) -> list[Job]:
        found = [
            job
            for job in self._in(JobState.LEASED)
            if job.instance_id != instance_id or job.until is None or job.until.is_over(now)
        ]
        return sorted(found, key=lambda job: (job.turn, job.id))

    def revive(self, job: Job) -> None:
        self._database.jobs[job.id] = replace(revived(job), turn=self._next_turn(job.player_id))

    def get(self, job_id: JobId) -> Job | None:
        return self._database.jobs.get(job_id)

    def next_due(self, now: BootMoment) -> BootMoment | None:
        waiting = [
            job.until for job in self._in(JobState.READY) if job.until is not None and not job.until.is_over(now)
        ]
        return min(waiting, key=lambda moment: moment.us, default=None)

    def count_pending(self) -> int:
        return sum(job.state in PENDING for job in self._database.jobs.values())

    def prune(self, *, finished_before_us: int, limit: int) -> int:
        old = [job for job in self._in(JobState.DONE) if (job.finished_at_us or 0) < finished_before_us]
        for job in sorted(old, key=lambda job: job.finished_at_us or 0)[:limit]:
            del self._database.jobs[job.id]
        return min(len(old), limit)

    def _in(self, state: JobState) -> list[Job]:
        return [job for job in self._database.jobs.values() if job.state is state]

    def _is_held(self, job: Job) -> bool:
        stored = self._database.jobs.get(job.id)
        return stored is not None and stored.state is JobState.LEASED and stored.attempt == job.attempt

    def _next_turn(self, player_id: PlayerId | None) -> int:
        untried = [job.turn for job in self._in(JobState.READY) if not job.is_retry]
        own = [job.turn for job in self._database.jobs.values() if job.player_id == player_id and job.state in PENDING]
        return fair_turn(current_turn=min(untried, default=None), last_turn_of_player=max(own, default=None))


class FakeReplayRepository:
    """Implements `ReplayRepository`."""

    def __init__(self, database: Rows) -> None:
        self._database = database

    def file(self, sha256: str) -> ReplayFile | None:
        return self._database.replay_files.get(sha256)

    def add_file(self, file: ReplayFile) -> None:
        if file.sha256 in self._database.replay_files:
            raise AssertionError("a file is there once")
        self._database.replay_files[file.sha256] = file

    def save_file(self, file: ReplayFile) -> None:
        self._database.replay_files[file.sha256] = file

    def files_of_game(self, fingerprint: str) -> list[ReplayFile]:
        found = [file for file in self._database.replay_files.values() if file.fingerprint == fingerprint]
        return sorted(found, key=lambda file: (file.first_uploaded_at_us, file.sha256))

    def add_upload(self, new: NewUpload) -> ReplayUpload:
        if new.sha256 not in self._database.replay_files:
            raise AssertionError("an upload is of a file that is there")
        upload = ReplayUpload(
            id=UploadId(len(self._database.replay_uploads) + 1),
            sha256=new.sha256,
            player_id=new.player_id,
            match_id=new.match_id,
            file_name=new.file_name,
            uploaded_at_us=new.uploaded_at_us,
        )
        self._database.replay_uploads[upload.id] = upload
        return upload

    def save_upload(self, upload: ReplayUpload) -> None:
        self._database.replay_uploads[upload.id] = upload

    def forget_file_names(self, player_id: PlayerId) -> None:
        for upload in list(self._database.replay_uploads.values()):
            if upload.player_id == player_id:
                self.save_upload(replace(upload, file_name=None))

    def upload(self, upload_id: UploadId) -> ReplayUpload | None:
        return self._database.replay_uploads.get(upload_id)

    def same_upload(self, sha256: str, player_id: PlayerId, match_id: MatchId | None) -> ReplayUpload | None:
        same = (upload for upload in self.uploads_of_file(sha256) if upload.player_id == player_id)
        return next((upload for upload in same if upload.match_id == match_id), None)

    def uploads_of_file(self, sha256: str, state: UploadState | None = None) -> list[ReplayUpload]:
        uploads = self._database.replay_uploads.values()
        return [one for one in uploads if one.sha256 == sha256 and (state is None or one.state is state)]

    def uploads_of_match(self, match_id: MatchId, state: UploadState) -> list[ReplayUpload]:
        uploads = self._database.replay_uploads.values()
        return [one for one in uploads if one.match_id == match_id and one.state is state]

    def bytes_uploaded(self, player_id: PlayerId, *, since_us: int) -> int:
        return sum(
            self._database.replay_files[one.sha256].size_bytes
            for one in self._database.replay_uploads.values()
            if one.player_id == player_id and one.uploaded_at_us >= since_us
        )

    def latest_read(self, limit: int) -> list[tuple[UploadId, str]]:
        uploads = reversed(self._database.replay_uploads.values())
        read = [one for one in uploads if self._database.replay_files[one.sha256].reading is not None]
        return [(one.id, one.sha256) for one in read[:limit]]

    def mod_versions(self) -> list[ModVersion]:
        return sorted(self._database.mod_versions, key=lambda one: (one.approved_at_us, one.key))

    def add_mod_version(self, version: ModVersion) -> None:
        if any(known.handles == version.handles for known in self._database.mod_versions):
            raise AssertionError("a version is approved once")
        self._database.mod_versions.append(version)

    def remove_mod_version(self, version: ModVersion) -> None:
        self._database.mod_versions[:] = [
            known for known in self._database.mod_versions if known.handles != version.handles
        ]


@dataclass
class FakeReplayArchive:
    """Implements `ReplayArchive`; while `is_full` it refuses to keep anything more."""

    kept: dict[str, bytes] = field(default_factory=dict)
    is_full: bool = False

    async def put(self, sha256: str, data: bytes) -> None:
        if hashlib.sha256(data).hexdigest() != sha256:
            raise AssertionError("bytes are kept under their own hash")
        if self.is_full:
            raise StorageUnavailable("The replay could not be stored: No space left on device.")
        self.kept[sha256] = data

    async def get(self, sha256: str) -> bytes | None:
        return self.kept.get(sha256)
