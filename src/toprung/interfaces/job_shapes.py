"""The JSON of uploads and jobs that the command line and the web share."""

from toprung.application.ports.replays import SubmittedReplay
from toprung.domain.jobs.job import Job, JobStats
from toprung.domain.moment import to_iso


def submitted_shape(submitted: SubmittedReplay) -> dict[str, object]:
    """What is kept of an upload as JSON values."""
    return {
        "upload_id": str(submitted.upload_id),
        "sha256": submitted.sha256,
        "player_id": str(submitted.player_id),
        "match_id": None if submitted.match_id is None else str(submitted.match_id),
        "state": submitted.state.value,
        "sentence": submitted.sentence,
        "is_new": submitted.is_new,
    }


def job_shape(job: Job) -> dict[str, object]:
    """A job as JSON values."""
    return {
        "job_id": str(job.id),
        "kind": job.kind.value,
        "payload": job.payload,
        "player_id": None if job.player_id is None else str(job.player_id),
        "state": job.state.value,
        "attempt": job.attempt,
        "errors": job.errors,
        "deaths": job.deaths,
        "interruptions": job.interruptions,
        "enqueued_at": to_iso(job.enqueued_at_us),
        "finished_at": None if job.finished_at_us is None else to_iso(job.finished_at_us),
        "last_error": job.last_error,
    }


def stats_shape(stats: JobStats) -> dict[str, object]:
    """The queue's numbers as JSON values."""
    oldest_us = stats.oldest_ready_at_us
    return {
        "ready": stats.ready,
        "leased": stats.leased,
        "done": stats.done,
        "dead": stats.dead,
        "dead_since_yesterday": stats.dead_since_yesterday,
        "oldest_ready_at": None if oldest_us is None else to_iso(oldest_us),
    }
