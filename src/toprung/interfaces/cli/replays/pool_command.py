"""`toprung pool`: how the processes are that read replays for the running server."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from toprung.interfaces.cli.terminal.language import words
from toprung.interfaces.cli.terminal.output import print_bytes, reporting, run, say, say_text, stdout
from toprung.interfaces.cli.terminal.parameters import Database, Game, options

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from toprung.application.replays.pool_health import PoolHealth
    from toprung.interfaces.cli.terminal.builder import Builder

_STYLES: Final = {"ok": "bold green", "starting": "bold yellow", "degraded": "bold red", "off": "dim"}
_CHILD_STYLES: Final = {"booting": "yellow", "idle": "", "busy": "bold cyan", "leaving": "dim"}
_OUTCOMES: Final = {
    "Parsed": "read",
    "Refused": "refused",
    "TooBig": "too_big",
    "TimedOut": "timed_out",
    "Died": "died",
    "ProtocolViolated": "spoke_nonsense",
    "Returned": "returned",
    "Unavailable": "turned_away",
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
        say_text(console, "cli.pool.off", setting=("TOPRUNG_REPLAY_WORKERS", "bold"))
        return
    say_text(console, "cli.pool.is", count=health.workers, status=(health.status, _STYLES[health.status]))
    if health.circuit_seconds is not None:
        say_text(console, "cli.pool.circuit", "red", seconds=f"{health.circuit_seconds:.0f}")
    lacking = ", ".join(health.sandbox_missing)
    if health.sandbox == "missing":
        say_text(console, "cli.pool.sandbox_missing", "bold red", lacking=lacking)
    elif health.sandbox == "reduced":
        say_text(console, "cli.pool.sandbox_reduced", "yellow", lacking=lacking)
    elif health.sandbox == "complete":
        say_text(console, "cli.pool.sandbox_complete", "dim")
    if health.children:
        _show_children(health)
    else:
        say(console)
    jobs = words("cli.pool.jobs", running=str(health.jobs_running), waiting=str(health.jobs_waiting))
    say(console, f"{jobs} ", _counts(health.outcomes))
    starts = words("cli.pool.starts", started=health.boots, failed=health.failed_boots)
    counts = _counts(health.retired)
    say(console, f"{starts} ", words("cli.pool.replaced", counts=counts) if counts else "")


def _show_children(health: "PoolHealth") -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("process", "state", "jobs", "memory", "age", "last_answer"):
        code = f"cli.pool.heading_{heading}"
        table.add_column(words(code), justify="left" if heading == "state" else "right", no_wrap=True)
    for child in health.children:
        silence = child.last_answer_seconds
        table.add_row(
            str(child.pid),
            Text(child.state, _CHILD_STYLES[child.state]),
            f"{child.jobs_done:,}",
            f"{child.rss_bytes / 1024**2:.1f} MB" if child.rss_bytes else "–",
            _duration(child.age_seconds),
            "–" if silence is None else words("cli.pool.ago", duration=_duration(silence)),
        )
    stdout().print(table)


def _counts(counts: Mapping[str, int]) -> str:
    """What became of some, the most frequent first; nothing of none."""
    largest_first = sorted(counts.items(), key=lambda item: -item[1])
    told = ", ".join(f"{_outcome(name)} {count:,}" for name, count in largest_first)
    return f"{told}." if told else ""


def _outcome(name: str) -> str:
    return words(f"cli.pool.outcome_{_OUTCOMES[name]}") if name in _OUTCOMES else name


def _duration(seconds: float) -> str:
    if seconds < 60:
        return words("cli.pool.seconds", seconds=f"{seconds:.1f}")
    if seconds < 7_200:
        return words("cli.pool.minutes", minutes=f"{seconds / 60:.0f}")
    return words("cli.pool.hours", hours=f"{seconds / 3_600:.0f}")
