"""Seasons, and the journal's rows that reset deviations when one starts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the table, and the column that says which season a row of the journal belongs to."""
    op.create_table(
        "season",
        sa.Column("id", _ID, nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_at_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_us", sa.BigInteger(), nullable=True),
        sa.Column("reset_deviation", sa.Float(precision=53), nullable=True),
        sa.CheckConstraint(
            "ended_at_us is null or ended_at_us >= started_at_us", name=op.f("ck_season_ends_after_its_start")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_season")),
        sa.UniqueConstraint("code", name=op.f("uq_season_code")),
    )
    season_id = sa.Column("season_id", _ID, nullable=True)
    if op.get_bind().dialect.name == "sqlite":
        # SQLite adds a foreign key with its column only, and Alembic would make the table anew, without its triggers.
        op.execute(
            "alter table rating_journal add column season_id integer "
            "constraint fk_rating_journal_season_id references season (id)"
        )
        return
    op.add_column("rating_journal", season_id)
    op.create_foreign_key(op.f("fk_rating_journal_season_id"), "rating_journal", "season", ["season_id"], ["id"])
