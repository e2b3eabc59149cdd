"""Jobs as a terminal shows them."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console

from toprung.domain.jobs.job import Job, JobStats
from toprung.domain.moment import to_datetime
from toprung.interfaces.cli.terminal.language import words
from toprung.interfaces.cli.terminal.output import line, say_text
from toprung.interfaces.cli.terminal.tables import plain_table, show_facts

PAYLOAD_SHOWN: Final = 12

_STYLES: Final = {"done": "green", "dead": "bold red", "leased": "cyan", "ready": ""}
_COUNTS: Final = ("cli.heading.begun", "cli.heading.errors", "cli.heading.died")


def show_jobs(console: Console, jobs: Sequence[Job]) -> None:
    """Prints jobs as a table."""
    if not jobs:
        say_text(console, "cli.job.none")
        return
    table = plain_table(
        *("cli.heading.job", "cli.heading.kind", "cli.heading.state", *_COUNTS, "cli.heading.since", "cli.job.about"),
        to_the_right=("cli.heading.job", *_COUNTS),
    )
    for job in jobs:
        counts = (line(str(count)) for count in (job.attempt, job.errors, job.deaths))
        state = line((job.state.value, _STYLES[job.state.value]))
        about = line(job.payload[:PAYLOAD_SHOWN])
        table.add_row(
            line(str(job.id)), line(job.kind.value), state, *counts, line(_time(job.enqueued_at_us)[:-3]), about
        )
    console.print(table)


def show_job(console: Console, job: Job) -> None:
    """Prints one job."""
    counts = {"times": job.attempt, "errors": job.errors, "deaths": job.deaths, "interruptions": job.interruptions}
    facts = {
        "cli.heading.job": f"{job.id} ({job.kind.value})",
        "cli.heading.state": job.state.value,
        "cli.job.about": job.payload,
        "cli.heading.player": words("cli.job.no_player") if job.player_id is None else str(job.player_id),
        "cli.job.since": _time(job.enqueued_at_us),
        "cli.job.ended": words("cli.job.not_yet") if job.finished_at_us is None else _time(job.finished_at_us),
        "cli.job.begun": words("cli.job.counts", **{name: str(count) for name, count in counts.items()}),
        "cli.job.last_error": job.last_error or words("cli.none"),
    }
    show_facts(console, facts)


def show_stats(console: Console, stats: JobStats) -> None:
    """Prints the queue's numbers."""
    oldest_us = stats.oldest_ready_at_us
    waits = words("cli.job.nothing_waits") if oldest_us is None else words("cli.job.waits", moment=_time(oldest_us))
    facts = {
        "cli.job.ready": str(stats.ready),
        "cli.job.leased": str(stats.leased),
        "cli.job.done": str(stats.done),
        "cli.job.dead": words("cli.job.dead_count", dead=str(stats.dead), lately=str(stats.dead_since_yesterday)),
        "cli.job.oldest": waits,
    }
    show_facts(console, facts)


def _time(moment_us: int) -> str:
    return f"{to_datetime(moment_us):%Y-%m-%d %H:%M:%S}"
