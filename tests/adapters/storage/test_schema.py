"""The tables that the migrations make are the tables that the statements are written for."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, inspect

from tests.support.databases import Database, connection_of
from toprung.adapters.storage import migration
from toprung.adapters.storage.tables import schema

pytest_plugins = ("tests.support.databases",)


def differences(connection: Connection) -> list[Any]:
    options = {"compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), schema.metadata))


async def test_the_migrations_make_the_tables_of_the_schema(empty_database: Database) -> None:
    async with empty_database.writing() as storage:
        assert await storage.read(lambda tx: differences(connection_of(tx))) == []
        names = await storage.read(lambda tx: set(inspect(connection_of(tx)).get_table_names()))
    assert names == {*schema.metadata.tables, "alembic_version"}


async def test_a_column_that_no_migration_makes_would_be_noticed(database: Database) -> None:
    await database.run("alter table player add column nickname text")
    async with database.writing() as storage:
        found = await storage.read(lambda tx: differences(connection_of(tx)))
    assert [(kind, table) for kind, _, table, *_ in found] == [("remove_column", "player")]


async def test_check_constraints_have_the_names_of_the_schema(database: Database) -> None:
    """Alembic does not compare these."""
    async with database.writing() as storage:
        for table in schema.metadata.sorted_tables:
            made = await storage.read(
                lambda tx, name=table.name: inspect(connection_of(tx)).get_check_constraints(name)  # type: ignore[misc]
            )
            wanted = {one.name for one in table.constraints if isinstance(one, CheckConstraint)}
            assert {one["name"] for one in made} == wanted


async def test_the_newest_migration_is_the_revision_that_the_program_knows(database: Database) -> None:
    assert await database.run("select version_num from alembic_version") == [(migration.HEAD,)]
    assert await database.run("select id, seq from change_counter") == [(1, 0)]
