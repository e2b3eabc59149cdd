"""Bringing a database's schema to the one that this version of the program knows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from toprung.domain.errors import StorageUnavailable

HEAD: Final = "0014"

_FOLDER: Final = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """A migration that was made: the revision before (None for a new database), and where the backup lies."""

    before: str | None
    backup: str | None


def revision_of(connection: Connection) -> str | None:
    """The schema's revision; None for an empty database. Raises `StorageUnavailable` for somebody else's database."""
    tables = set(inspect(connection).get_table_names())
    if {"alembic_version", "change_counter"} <= tables:  # others use Alembic too
        revision = connection.execute(text("select version_num from alembic_version")).scalar()
        if revision is not None:
            return str(revision)
    if tables - {"alembic_version"}:
        names = ", ".join(sorted(tables)[:5])
        raise StorageUnavailable(
            f"This database holds other tables ({names} ...) and is not Toprung's; name another one."
        )
    return None


def check_revision(revision: str | None) -> None:
    """Raises `StorageUnavailable`, saying what to do, unless the revision is the one that this program knows."""
    if revision is None:
        raise StorageUnavailable(
            "This database is empty. `toprung import`, `toprung demo` or `toprung serve` make one; or name another one "
            "with --database or TOPRUNG_DATABASE."
        )
    if revision > HEAD:
        raise StorageUnavailable(
            f"This database was written by a newer Toprung (schema {revision}; this one knows {HEAD}). Use that one."
        )
    if revision < HEAD:
        raise StorageUnavailable(
            f"This database has the older schema {revision}; `toprung db migrate` brings it to {HEAD}, after a backup."
        )


def upgrade(connection: Connection) -> None:
    """Runs what migrations are missing, in the connection's own transaction."""
    # Imported here: starting a server on a database that is up to date does not pay for Alembic.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
