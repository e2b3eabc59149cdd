"""`python -m scripts.transcript FOLDER`."""

import asyncio
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Final

from scripts.transcript.bot import ask_bot
from scripts.transcript.command_line import CommandLine
from scripts.transcript.ladder import play_season, settings_of, use_fixed_time_and_chance
from scripts.transcript.pages import Transcript, as_json
from scripts.transcript.site import ask_site
from toprung.log import configure_logging

BY_CHANCE: Final = ("nonce", "holder", "boot_id", "database_id", "account_key", "name_key_hash")
"""Columns that hold what no two runs have in common."""


def main() -> None:
    """Writes the transcript."""
    transcript = Transcript(Path(sys.argv[1]))
    folder = Path(tempfile.mkdtemp(prefix="toprung-transcript-"))
    use_fixed_time_and_chance()
    configure_logging("critical")
    try:
        settings = settings_of(folder)
        play_season(settings)
        command_line = CommandLine(transcript, folder)
        command_line.help()
        command_line.read()
        command_line.write()
        command_line.files()
        configure_logging("critical")  # anew: each command logged to a stream of its own, which is closed now
        asyncio.run(ask_site(transcript, settings))
        asyncio.run(ask_bot(transcript, settings))
        for arguments in (("verify",), ("audit", "--limit", "200"), ("leaderboard", "--json"), ("export", "-")):
            command_line.run(*arguments)
        dump(transcript, folder / "ladder.db")
    finally:
        shutil.rmtree(folder)
    print(f"{transcript.answers} answers in {sys.argv[1]}")


def dump(transcript: Transcript, path: Path) -> None:
    """Every row of every table, in the order of its columns."""
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table' ORDER BY 1")]
        for table in tables:
            rows = [dict(row) for row in connection.execute(f'SELECT * FROM "{table}"')]
            for row in rows:
                row.update({name: "<chance>" for name in BY_CHANCE if row.get(name) is not None})
            lines = [as_json(row).replace("\n", "") for row in rows]
            transcript.keep("database", table, *(sorted(lines)))
        schema = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
        # A table's constraints come in no order, so that lines are compared and not statements.
        lines = [line.strip().rstrip(",") for row in schema for line in row[0].splitlines()]
        transcript.keep("database", "schema", *sorted(lines))


if __name__ == "__main__":
    main()
