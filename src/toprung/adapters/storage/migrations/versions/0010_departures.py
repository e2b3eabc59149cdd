"""Those who left."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "departure",
        sa.Column("player_id", _ID, nullable=False),
        sa.Column("account_hash", sa.String(length=64), nullable=False),
        sa.Column("name_hash", sa.String(length=64), nullable=False),
        sa.Column("left_at_us", sa.BigInteger(), nullable=False),
        sa.Column("renamed_at_us", sa.BigInteger(), nullable=True),
        sa.Column("returned_as", _ID, nullable=True),
        sa.ForeignKeyConstraint(["player_id"], ["player.id"], name=op.f("fk_departure_player_id")),
        sa.ForeignKeyConstraint(["returned_as"], ["player.id"], name=op.f("fk_departure_returned_as")),
        sa.PrimaryKeyConstraint("player_id", name=op.f("pk_departure")),
    )
    op.create_index("ix_departure_account_hash", "departure", ["account_hash"], unique=False)
    op.create_index("ix_departure_returned_as", "departure", ["returned_as"], unique=False)
