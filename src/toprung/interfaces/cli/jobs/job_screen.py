"""Jobs and uploads as a terminal shows them."""

from collections.abc import Sequence
from typing import Final, Literal

from rich import box
from rich.console import Console
from rich.table import Table

from toprung.application.replays.replay_mods import SeenMod
from toprung.application.replays.replay_service import UploadView
from toprung.domain.jobs.job import Job, JobStats
from toprung.domain.moment import to_datetime
from toprung.domain.replays.replay_checks import CheckStatus, check_sentence
from toprung.domain.replays.replay_findings import findings_of
from toprung.interfaces.cli.terminal.output import line, say

HASH_SHOWN: Final = 12

_STYLES: Final = {
    "done": "green",
    "dead": "bold red",
    "leased": "cyan",
    "ready": "",
    "verified": "green",
    "read": "green",
    "rejected": "red",
    "received": "cyan",
}
_CHECK_STYLES: Final = {CheckStatus.OK: "green", CheckStatus.FAILED: "red", CheckStatus.UNKNOWN: "yellow"}


def show_jobs(console: Console, jobs: Sequence[Job]) -> None:
    """Prints jobs as a table."""
    if not jobs:
        say(console, "There are no jobs.")
        return
    table = _table("job", "kind", "state", "begun", "err", "died", "since (UTC)", "about")
    for job in jobs:
        counts = (line(str(count)) for count in (job.attempt, job.errors, job.deaths))
        state = line((job.state.value, _STYLES[job.state.value]))
        about = line(job.payload[:HASH_SHOWN])
        table.add_row(
            line(str(job.id)), line(job.kind.value), state, *counts, line(_time(job.enqueued_at_us)[:-3]), about
        )
    console.print(table)


def show_job(console: Console, job: Job) -> None:
    """Prints one job."""
    facts = {
        "job": f"{job.id} ({job.kind.value})",
        "state": job.state.value,
        "about": job.payload,
        "player": "none (the ladder's own work)" if job.player_id is None else str(job.player_id),
        "since": _time(job.enqueued_at_us),
        "ended": "not yet" if job.finished_at_us is None else _time(job.finished_at_us),
        "begun": f"{job.attempt} times: {job.errors} errors, {job.deaths} deaths, {job.interruptions} interruptions",
        "last error": job.last_error or "none",
    }
    _show_facts(console, facts)


def show_stats(console: Console, stats: JobStats) -> None:
    """Prints the queue's numbers."""
    oldest_us = stats.oldest_ready_at_us
    facts = {
        "ready": str(stats.ready),
        "leased": str(stats.leased),
        "done": str(stats.done),
        "dead": f"{stats.dead}, {stats.dead_since_yesterday} of them within a day",
        "oldest": "nothing waits" if oldest_us is None else f"since {_time(oldest_us)}",
    }
    _show_facts(console, facts)


def show_uploads(console: Console, views: Sequence[UploadView]) -> None:
    """Prints uploads as a table."""
    if not views:
        say(console, "There are no uploads.")
        return
    table = _table("upload", "uploaded (UTC)", "player", "match", "state", "bytes", "sha-256")
    for view in views:
        upload = view.upload
        table.add_row(
            line(str(upload.id)),
            line(_time(upload.uploaded_at_us)[:-3]),
            line(view.player.name),
            line("" if upload.match_id is None else str(upload.match_id)),
            line((upload.state.value, _STYLES[upload.state.value])),
            line(f"{view.file.size_bytes:,}"),
            line(upload.sha256[:HASH_SHOWN]),
        )
    console.print(table)


def show_upload(console: Console, view: UploadView) -> None:
    """Prints one upload with what is known of its file."""
    upload, file = view.upload, view.file
    facts = {
        "upload": f"{upload.id} by {view.player.name}",
        "uploaded": _time(upload.uploaded_at_us),
        "match": "none" if upload.match_id is None else str(upload.match_id),
        "file": f"{upload.file_name or 'without a name'}, {file.size_bytes:,} bytes",
        "sha-256": file.sha256,
        "game": file.fingerprint or "not read",
        "quarantined": "yes" if file.is_quarantined else "no",
        "state": upload.state.value,
        "verdict": upload.sentence,
    }
    _show_facts(console, facts)
    findings = findings_of(upload)
    if findings is not None:
        say(console)
        for check in findings.checks:
            say(console, (f"{check.status.value:<7}  ", _CHECK_STYLES[check.status]), check_sentence(check))


def show_mods(console: Console, mods: Sequence[SeenMod]) -> None:
    """Prints versions of the mod as a table."""
    if not mods:
        say(console, "No replay was read yet, and no version of the mod is approved.")
        return
    table = _table("upload", "uploads", "files", "mod")
    for mod in mods:
        if mod.is_approved:
            known = ("approved", "green")
        elif mod.adds is None:
            known = ("unknown", "yellow")
        else:
            known = (f"an approved one with {mod.adds} more files", "red")
        table.add_row(line(str(mod.upload_id)), line(str(mod.uploads)), line(str(len(mod.handles))), line(known))
    console.print(table)


def _show_facts(console: Console, facts: dict[str, str]) -> None:
    width = max(map(len, facts))
    for name, fact in facts.items():
        say(console, (f"{name:<{width}}  ", "dim"), fact)


def _table(*headers: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    to_the_right = {"job", "upload", "uploads", "files", "begun", "err", "died", "bytes", "match"}
    for header in headers:
        justify: Literal["left", "right"] = "right" if header in to_the_right else "left"
        table.add_column(header, justify=justify, no_wrap=True, header_style="dim")
    return table


def _time(moment_us: int) -> str:
    return f"{to_datetime(moment_us):%Y-%m-%d %H:%M:%S}"
