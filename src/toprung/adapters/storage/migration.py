"""Bringing a database's schema to the one that this version of the program knows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from toprung.domain.errors import StorageUnavailable

HEAD: Final = "0016"

FOLDER: Final = Path(__file__).parent / "migrations"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrations:
    """The revisions of the schema that a program knows: the last one, and the folder with the steps to it."""

    head: str = HEAD
    folder: Path = FOLDER

    def are_done(self, revision: str | None) -> bool:
        """Whether nothing is missing. Raises `StorageUnavailable` where the revision is a later one than the last."""
        if revision is None or revision < self.head:
            return False
        self.check(revision)
        return True

    def check(self, revision: str | None) -> None:
        """Raises `StorageUnavailable`, saying what to do, unless the revision is the last one that is known."""
        if revision is None:
            raise StorageUnavailable("This database is empty.", "empty_database")
        if revision > self.head:
            raise StorageUnavailable(
                "This database was written by a newer Toprung (schema {revision}; this one knows {known}). Use that "
                "one.",
                "newer_schema",
                revision=str(revision),
                known=self.head,
            )
        if revision < self.head:
            raise StorageUnavailable(
                "This database has the older schema {revision}; it has to be brought to {known}, after a backup.",
                "older_schema",
                revision=str(revision),
                known=self.head,
            )

    def upgrade(self, connection: Connection) -> None:
        """Runs what migrations are missing, in the connection's own transaction."""
        # Imported here: starting a server on a database that is up to date does not pay for Alembic.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(self.folder))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


MIGRATIONS: Final = Migrations()
