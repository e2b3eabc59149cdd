"""Taking out what the ladder holds."""

import csv
import io

import polars as pl

from toprung.application.ports.storage import StoredEntry, Transaction
from toprung.application.transfer.entry_file import COLUMNS, entry_cells
from toprung.application.unit_of_work import UnitOfWork

EXPORT_SCHEMA = pl.Schema(
    {
        "discord_id": pl.Int64(),
        "player_name": pl.String(),
        "country": pl.String(),
        "race": pl.String(),
        "mmr": pl.Int64(),
        "games_played": pl.Int64(),
        "games_won": pl.Int64(),
        "games_lost": pl.Int64(),
        "games_drawn": pl.Int64(),
        "last_played": pl.Datetime("us", "UTC"),
    }
)


class ExportService:
    """Exports every entry, ranked or not, as of one version. Discord ids are included: this is the organiser's copy."""

    def __init__(self, *, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    async def entries_csv(self) -> str:
        """All entries as CSV that `ImportService.import_entries` reads back to the same."""
        return await self._unit_of_work.read(_csv)

    async def entries_frame(self) -> pl.DataFrame:
        """All entries as a frame of `EXPORT_SCHEMA`, for JSON and Parquet."""
        return await self._unit_of_work.read(_frame)


def _csv(tx: Transaction) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(entry_cells(stored) for stored in tx.entries.stored())
    return text.getvalue()


def _frame(tx: Transaction) -> pl.DataFrame:
    columns: dict[str, list[object]] = {name: [] for name in EXPORT_SCHEMA}
    for stored in tx.entries.stored():
        for column, value in zip(columns.values(), _values(stored), strict=True):
            column.append(value)
    frame = pl.DataFrame(columns, schema={**EXPORT_SCHEMA, "last_played": pl.Int64()})
    return frame.with_columns(pl.col("last_played").cast(EXPORT_SCHEMA["last_played"]))


def _values(stored: StoredEntry) -> tuple[object, ...]:
    entry, player = stored.entry, stored.player
    return (
        player.discord_id,
        player.name,
        player.country,
        entry.race,
        entry.mmr,
        entry.games_played,
        entry.games_won,
        entry.games_lost,
        entry.games_drawn,
        entry.last_played_us,
    )
