"""Heartbeats, and how much time a match was given back."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table and the column. Before the first heartbeat nobody knows how long the ladder was not served."""
    op.create_table(
        "loop_heartbeat",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("owed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_loop_heartbeat")),
    )
    op.add_column("match", sa.Column("given_back_us", sa.BigInteger(), server_default="0", nullable=False))
