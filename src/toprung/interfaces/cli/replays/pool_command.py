"""`toprung pool`: how the processes are that read replays for the running server."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from toprung.interfaces.cli.terminal.output import print_bytes, reporting, run, say, stdout
from toprung.interfaces.cli.terminal.parameters import Database, Game, options

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from toprung.application.replays.pool_health import PoolHealth
    from toprung.interfaces.cli.terminal.builder import Builder

_STYLES: Final = {"ok": "bold green", "starting": "bold yellow", "degraded": "bold red", "off": "dim"}
_CHILD_STYLES: Final = {"booting": "yellow", "idle": "", "busy": "bold cyan", "leaving": "dim"}
_OUTCOMES: Final = {
    "Parsed": "read",
    "Refused": "refused",
    "TooBig": "too big",
    "TimedOut": "timed out",
    "Died": "died",
    "ProtocolViolated": "spoke nonsense",
    "Returned": "returned",
    "Unavailable": "turned away",
}


def add_pool_command(cli: typer.Typer, builder: "Callable[[], Builder]") -> None:
    """Adds the command."""

    @cli.command()
    def pool(
        as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Show the processes that read replays for the running server."""
        with reporting():
            health = run(builder().pool_health(options(database=database, game=game)))
            if as_json:
                import msgspec

                print_bytes(msgspec.json.format(msgspec.json.encode(health), indent=2) + b"\n")
            else:
                _show(health)


def _show(health: "PoolHealth") -> None:
    console = stdout()
    if health.status == "off":
        say(console, "Replays are not read here: ", ("TOPRUNG_REPLAY_WORKERS", "bold"), " is 0.")
        return
    at_a_time = "one replay" if health.workers == 1 else f"{health.workers} replays"
    say(console, "Replay pool: ", (health.status, _STYLES[health.status]), f", {at_a_time} at a time")
    if health.circuit_seconds is not None:
        words = (
            f"Its processes cannot start; the next try is in {health.circuit_seconds:.0f} s. The server's log says why."
        )
        say(console, (words, "red"))
    if health.sandbox == "missing":
        words = (
            f"No replay is read: this system lacks {', '.join(health.sandbox_missing)}. "
            "Set TOPRUNG_REPLAY_SANDBOX=reduced to read replays all the same."
        )
        say(console, (words, "bold red"))
    elif health.sandbox == "reduced":
        say(console, (f"The sandbox is reduced: this system lacks {', '.join(health.sandbox_missing)}.", "yellow"))
    elif health.sandbox == "complete":
        say(console, ("The sandbox is complete.", "dim"))
    if health.children:
        _show_children(health)
    else:
        say(console)
    say(console, f"Jobs: {health.jobs_running} running, {health.jobs_waiting} waiting. ", *_counts(health.outcomes))
    starts = f"Processes: {health.boots:,} started, {health.failed_boots:,} could not. "
    say(console, starts, *_counts(health.retired, "Replaced: "))


def _show_children(health: "PoolHealth") -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Process", "State", "Jobs", "Memory", "Age", "Last answer"):
        table.add_column(heading, justify="left" if heading == "State" else "right", no_wrap=True)
    for child in health.children:
        silence = child.last_answer_seconds
        table.add_row(
            str(child.pid),
            Text(child.state, _CHILD_STYLES[child.state]),
            f"{child.jobs_done:,}",
            f"{child.rss_bytes / 1024**2:.1f} MB" if child.rss_bytes else "–",
            _duration(child.age_seconds),
            "–" if silence is None else f"{_duration(silence)} ago",
        )
    stdout().print(table)


def _counts(counts: Mapping[str, int], before: str = "") -> Iterator[str]:
    if counts:
        largest_first = sorted(counts.items(), key=lambda item: -item[1])
        yield before + ", ".join(f"{_OUTCOMES.get(name, name)} {count:,}" for name, count in largest_first) + "."


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.0f} h"
