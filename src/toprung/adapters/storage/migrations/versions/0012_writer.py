"""The row that says which writer is the present one."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table, with its one row."""
    table = op.create_table(
        "writer",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("commits", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_writer_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_writer")),
    )
    op.bulk_insert(table, [{"id": 1, "epoch": 0, "commits": 0}])
