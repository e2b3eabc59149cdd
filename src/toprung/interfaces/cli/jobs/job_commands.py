"""`toprung jobs …`: the queue of what was promised and is still to do, and its dead letters."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from toprung.domain.jobs.job import JobId, JobState
from toprung.domain.listing import Page
from toprung.interfaces.cli.terminal.actor import attributed
from toprung.interfaces.cli.terminal.output import print_bytes, reporting, run, say_next, say_text, stdout
from toprung.interfaces.cli.terminal.parameters import Cursor, Database, Game, Limit, options
from toprung.interfaces.cli.terminal.performing import performed
from toprung.interfaces.cli.terminal.spoken import Commands

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from toprung.domain.jobs.job import Job, JobStats
    from toprung.interfaces.cli.terminal.builder import Builder, Options

# Larger ones are no ids of a database, which would fail on them rather than say that there is no such job.
_JobNumber = Annotated[int, typer.Argument(metavar="JOB", help="The job's number.", min=1, max=2**63 - 1)]
_Json = Annotated[bool, typer.Option("--json", help="For programs.")]


def add_job_commands(cli: typer.Typer, builder: "Callable[[], Builder]") -> None:
    """Adds the commands."""
    jobs = Commands(help="Look at the queue of jobs, and try dead letters again.")
    cli.add_typer(jobs, name="jobs")
    _add_looking(jobs, builder)

    @jobs.command()
    def retry(number: _JobNumber, database: Database = None, game: Game = None) -> None:
        """Put a dead letter back in line, through the running server."""
        with reporting():
            from toprung.application.organising.replay_operations import RetryJob

            operation = RetryJob(job_id=JobId(number), by=attributed(""))
            performed(builder(), options(database=database, game=game), operation)
            say_text(stdout(), "cli.job.retried", number=str(number))


def _add_looking(jobs: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @jobs.command(name="list")
    def list_jobs(
        state: Annotated[JobState | None, typer.Option("--state", help="Only those in this state.")] = None,
        limit: Limit = 20,
        cursor: Cursor = None,
        as_json: _Json = False,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """List the latest jobs, the newest first; `--state dead` lists the dead letters."""
        with reporting():
            from toprung.interfaces.cli.jobs.job_screen import show_jobs
            from toprung.interfaces.job_shapes import job_shape

            page = run(_latest(builder(), options(database=database, game=game), limit, cursor, state))
            if as_json:
                print_bytes(b"".join(json.dumps(job_shape(job)).encode() + b"\n" for job in page.rows))
            else:
                show_jobs(stdout(), page.rows)
            say_next(page.next, to_programs=as_json)

    @jobs.command()
    def show(number: _JobNumber, as_json: _Json = False, database: Database = None, game: Game = None) -> None:
        """Show one job: what it is about, how often it was begun, and what went wrong."""
        with reporting():
            from toprung.interfaces.cli.jobs.job_screen import show_job
            from toprung.interfaces.job_shapes import job_shape

            job = run(_job(builder(), options(database=database, game=game), JobId(number)))
            if as_json:
                print_bytes(json.dumps(job_shape(job)).encode() + b"\n")
            else:
                show_job(stdout(), job)

    @jobs.command()
    def stats(as_json: _Json = False, database: Database = None, game: Game = None) -> None:
        """Count the jobs in each state, and say since when the oldest one waits."""
        with reporting():
            from toprung.interfaces.cli.jobs.job_screen import show_stats
            from toprung.interfaces.job_shapes import stats_shape

            found = run(_stats(builder(), options(database=database, game=game)))
            if as_json:
                print_bytes(json.dumps(stats_shape(found)).encode() + b"\n")
            else:
                show_stats(stdout(), found)


async def _latest(
    builder: "Builder", opened: "Options", limit: int, cursor: str | None, state: JobState | None
) -> "Page[Job]":
    async with builder.reading(opened) as reading:
        return await reading.ladder.jobs.latest(limit, state, cursor)


async def _job(builder: "Builder", opened: "Options", job_id: JobId) -> "Job":
    async with builder.reading(opened) as reading:
        return await reading.ladder.jobs.get(job_id)


async def _stats(builder: "Builder", opened: "Options") -> "JobStats":
    async with builder.reading(opened) as reading:
        return await reading.ladder.jobs.stats()
