"""`toprung replay …`: what replays say."""

import asyncio
import json
import os
import stat
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from toprung.interfaces.cli.replays.verdict_text import refusal_text
from toprung.interfaces.cli.terminal.language import parts, words
from toprung.interfaces.cli.terminal.output import (
    EXIT_REFUSED,
    padded,
    print_bytes,
    progress_bar,
    reporting,
    run,
    say,
    stdout,
)
from toprung.interfaces.cli.terminal.parameters import Game, options

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from toprung.application.ports.progress import Progress
    from toprung.application.ports.replays import Refused
    from toprung.application.replays.replay_inspection import ReplayInspector
    from toprung.domain.replays.replay import ReplayReading
    from toprung.interfaces.cli.terminal.builder import Builder, Options

FILES_AT_A_TIME: Final = 8

_RESULT_CELLS: Final = 8

Row = dict[str, Any]
"""What is said of one file; every row has the same keys."""


def add_replay_commands(replay: typer.Typer, builder: "Callable[[], Builder]") -> None:
    """Adds the commands."""

    @replay.command()
    def inspect(
        files: Annotated[list[str], typer.Argument(metavar="FILE…", help="The .SC2Replay files.")],
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")] = False,
        game: Game = None,
    ) -> None:
        """Say what replays say: who played, what, when, where, and how it ended.

        A file that cannot be read is a row as well, and the others go on; the exit code is then 1.
        """
        with reporting():
            show = _print_json if as_json else _print_text
            with _progress() as tell:
                is_all_well = run(_inspected(builder(), options(database=None, game=game), files, show, tell))
            if not is_all_well:
                raise typer.Exit(EXIT_REFUSED)


def _progress() -> AbstractContextManager["Progress"]:
    """A bar, unless the rows themselves appear on the terminal and show how far it is."""
    if stdout().is_terminal:
        return nullcontext(lambda _done, _total: None)
    return progress_bar(words("cli.progress.replays"), words("cli.progress.of_replays"))


async def _inspected(
    builder: "Builder", opened: "Options", files: Sequence[str], show: Callable[[Row], None], tell: "Progress"
) -> bool:
    """Shows every file's row, in the order of the files, a few being read at a time; whether all were replays."""
    waiting: deque[asyncio.Task[Row]] = deque()
    shown: list[bool] = []

    async def show_next() -> None:
        row = await waiting[0]
        waiting.popleft()
        show(row)
        shown.append(row["ok"])
        tell(len(shown), len(files))

    tell(0, len(files))
    async with builder.inspecting(opened) as inspector:
        try:
            for file in files:
                waiting.append(asyncio.create_task(_row(inspector, file)))
                if len(waiting) == FILES_AT_A_TIME:
                    await show_next()
            while waiting:
                await show_next()
        finally:
            for task in waiting:
                task.cancel()
    return all(shown)


async def _row(inspector: "ReplayInspector", file: str) -> Row:
    from toprung.application.ports.replays import Refused

    content = _content(file, inspector.bytes_max)
    found = content if isinstance(content, Refused) else await inspector.inspect(content)
    return _row_of_refusal(file, found) if isinstance(found, Refused) else _row_of_reading(file, found)


def _content(file: str, bytes_max: int) -> "bytes | Refused":
    """The content of a regular file, one byte more than allowed at most; what is no such file is never waited for."""
    from toprung.application.ports.replays import Refused

    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return Refused(code="not_a_file", sentence="This is no file but a folder or device; name replays.")
            with os.fdopen(descriptor, "rb", closefd=False) as stream:
                return stream.read(bytes_max + 1)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return Refused(code="not_found", sentence="There is no such file; look at its name and folder.")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it has no lawful name"
        return Refused(code="not_readable", sentence=f"The file cannot be read ({reason}); see that you may read it.")


def _row_of_reading(file: str, reading: "ReplayReading") -> Row:
    from toprung.domain.moment import MICROSECONDS_PER_SECOND, to_iso

    whole_seconds_us = reading.started_at_us // MICROSECONDS_PER_SECOND * MICROSECONDS_PER_SECOND
    return {
        "file": file,
        "ok": True,
        "error": None,
        "map_name": reading.map_name,
        "game_length_seconds": round(reading.length_seconds, 3),
        "started_at": to_iso(whole_seconds_us),
        "players": [
            {
                "name": player.name,
                "race": player.race or player.race_text,
                "result": player.result.value,
                "is_computer": player.is_computer,
            }
            for player in reading.players
        ],
        "observers": list(reading.observers),
        "region": reading.region,
        "release": reading.release,
    }


def _row_of_refusal(file: str, refused: "Refused") -> Row:
    return {
        "file": file,
        "ok": False,
        "error": {"code": refused.code, "message": refused.sentence},
        "map_name": None,
        "game_length_seconds": None,
        "started_at": None,
        "players": [],
        "observers": [],
        "region": None,
        "release": None,
    }


def _print_json(row: Row) -> None:
    print_bytes(json.dumps(row).encode() + b"\n")


def _print_text(row: Row) -> None:
    console = stdout()
    if not row["ok"]:
        say(console, row["file"], (f"  {refusal_text(row['error']['message'])}", "red"))
        return
    minutes, seconds = divmod(round(row["game_length_seconds"]), 60)
    facts = (row["map_name"], f"{minutes}:{seconds:02}", row["started_at"], row["region"], row["release"])
    say(console, (row["file"], "bold"))
    say(console, "  " + "  ".join(facts))
    for player in row["players"]:
        kind = f" ({words('cli.inspect.computer')})" if player["is_computer"] else ""
        result = padded(words(f"cli.result.{player['result']}"), _RESULT_CELLS)
        say(console, f"    {result}{player['name'] or '–'}{kind}  ", (player["race"], "dim"))
    if row["observers"]:
        say(console, ("    ", "dim"), *parts("cli.inspect.watched", "dim", names=", ".join(row["observers"])))
