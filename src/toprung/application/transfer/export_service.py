"""Taking out what the ladder holds."""

import csv
import io
from collections.abc import Iterator

import polars as pl

from toprung.application.ports.ratings import StoredEntry
from toprung.application.ports.storage import Transaction
from toprung.application.transfer.entry_file import COLUMNS, OPTIONAL_COLUMNS, entry_cells
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.players.departure import has_left

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
        "player_id": pl.Int64(),
        "rating": pl.Float64(),
        "deviation": pl.Float64(),
        "volatility": pl.Float64(),
    }
)


class ExportService:
    """Exports every entry, ranked or not, as of one version, but for those of players who left the ladder.

    Discord ids are included: this is the organiser's copy.
    """

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
    writer.writerow((*COLUMNS, *OPTIONAL_COLUMNS))
    writer.writerows(map(entry_cells, _exported(tx)))
    return text.getvalue()


def _exported(tx: Transaction) -> Iterator[StoredEntry]:
    return (stored for stored in tx.entries.stored() if not has_left(stored.player))


def _frame(tx: Transaction) -> pl.DataFrame:
    columns: dict[str, list[object]] = {name: [] for name in EXPORT_SCHEMA}
    for stored in _exported(tx):
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
        entry.state.games_played,
        entry.state.games_won,
        entry.state.games_lost,
        entry.state.games_drawn,
        entry.state.last_played_us,
        player.id,
        *(entry.state.skill or (None, None, None)),
    )
