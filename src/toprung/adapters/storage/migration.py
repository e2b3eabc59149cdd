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
            "This database holds other tables ({names} ...) and is not Toprung's; name another one.",
            "not_ours",
            names=names,
        )
    return None


def check_revision(revision: str | None) -> None:
    """Raises `StorageUnavailable`, saying what to do, unless the revision is the one that this program knows."""
    if revision is None:
        raise StorageUnavailable("This database is empty.", "empty_database")
    if revision > HEAD:
        raise StorageUnavailable(
            "This database was written by a newer Toprung (schema {revision}; this one knows {known}). Use that one.",
            "newer_schema",
            revision=str(revision),
            known=HEAD,
        )
    if revision < HEAD:
        raise StorageUnavailable(
            "This database has the older schema {revision}; it has to be brought to {known}, after a backup.",
            "older_schema",
            revision=str(revision),
            known=HEAD,
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
