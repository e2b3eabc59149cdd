"""The files that `toprung export` writes, and how they get to where they belong."""

import csv
import io
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import polars as pl

from toprung.domain.errors import Conflict, InvalidInput
from toprung.domain.moment import to_iso
from toprung.domain.players.names import csv_cell

ExportFormat = Literal["csv", "json", "parquet"]

FORMATS_BY_SUFFIX: Final[dict[str, ExportFormat]] = {".csv": "csv", ".json": "json", ".parquet": "parquet"}

RANKED_COLUMNS: Final = (
    "global_rank",
    "filter_rank",
    "letter_rank",
    "percentile",
    "player_id",
    "player_name",
    "country",
    "race",
    "mmr",
    "games_played",
    "games_won",
    "games_lost",
    "games_drawn",
    "last_played",
)
"""What an export of ranked rows says of each: what the site shows to everybody, and no more."""

EXPORT_MODE: Final = 0o600
"""Who may read an export, which can hold Discord ids: its owner."""

_IDS: Final = frozenset({"player_id", "discord_id"})


def chosen_format(target: Path | None, wanted: ExportFormat | None) -> ExportFormat:
    """The format that was asked for, else the one that the file's name says, else (standard output) CSV.

    Raises `InvalidInput` where the name says nothing.
    """
    if wanted is not None:
        return wanted
    if target is None:
        return "csv"
    found = FORMATS_BY_SUFFIX.get(target.suffix.lower())
    if found is None:
        raise InvalidInput(
            "format",
            "The name {file} does not say which format; add --format csv, json or parquet.",
            "format",
            file=repr(target.name),
        )
    return found


def csv_bytes(frame: pl.DataFrame) -> bytes:
    """The rows as CSV in UTF-8, with names that no spreadsheet runs as a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(frame.columns)
    writer.writerows([_csv_cell(value) for value in row.values()] for row in _records(frame))
    return text.getvalue().encode()


def json_bytes(frame: pl.DataFrame) -> bytes:
    """The rows as a JSON array with one object a line; ids are strings, times ISO 8601."""
    rows = ",\n".join(json.dumps(_with_text_ids(row), ensure_ascii=False) for row in _records(frame))
    return f"[\n{rows}\n]\n".encode() if rows else b"[]\n"


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """The rows as Parquet, each column in its own type."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def refuse_target(target: Path, *, force: bool) -> None:
    """Raises `Conflict` or `InvalidInput` if nothing may be written there."""
    with _naming(target):
        exists, is_file, has_folder = target.exists(), target.is_file(), target.resolve().parent.is_dir()
    if exists and not is_file:
        raise InvalidInput(
            "file",
            "{file} is not an ordinary file; use - to write to standard output.",
            "not_ordinary",
            file=repr(str(target)),
        )
    if exists and not force:
        raise Conflict("{file} exists; add --force to write over it.", "file_exists", file=repr(str(target)))
    if not has_folder:
        raise InvalidInput("file", "There is no folder {folder}.", "no_folder", folder=repr(str(target.parent)))


def write_whole(target: Path, data: bytes) -> None:
    """Writes a file for its owner alone, and so that nobody, whatever happens, finds half of it there.

    Raises `InvalidInput`.
    """
    with _naming(target):
        place = target.resolve()  # a link stays a link: what it points to is replaced
        beside = place.with_name(f".toprung-{secrets.token_hex(8)}.part")
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, EXPORT_MODE)
            with os.fdopen(descriptor, "wb") as stream:
                os.fchmod(descriptor, EXPORT_MODE)  # whatever the umask says
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(place)
        finally:
            beside.unlink(missing_ok=True)


@contextmanager
def _naming(target: Path) -> Iterator[None]:
    """Turns what the system has against a file into a sentence that names it."""
    try:
        yield
    except OSError as error:
        raise InvalidInput(
            "file",
            "{file} cannot be written: {problem}.",
            "not_written",
            file=repr(str(target)),
            problem=error.strerror,
        ) from None


def _records(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows, times as texts."""
    times = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime)]
    for row in frame.with_columns(pl.col(times).dt.timestamp("us")).iter_rows(named=True):
        yield row | {name: to_iso(row[name]) for name in times if row[name] is not None}


def _csv_cell(value: object) -> object:
    return csv_cell(value) if isinstance(value, str) else value


def _with_text_ids(row: dict[str, Any]) -> dict[str, Any]:
    return row | {name: str(row[name]) for name in _IDS & row.keys() if row[name] is not None}
