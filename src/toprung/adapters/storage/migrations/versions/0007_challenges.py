"""Challenges."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "challenge",
        sa.Column("id", _ID, nullable=False),
        sa.Column("challenger_id", _ID, nullable=False),
        sa.Column("opponent_id", _ID, nullable=False),
        sa.Column("races", sa.Text(), nullable=False),
        sa.Column("created_at_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_us", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("match_id", _ID, nullable=True),
        sa.ForeignKeyConstraint(["challenger_id"], ["player.id"], name=op.f("fk_challenge_challenger_id")),
        sa.ForeignKeyConstraint(["match_id"], ["match.id"], name=op.f("fk_challenge_match_id")),
        sa.ForeignKeyConstraint(["opponent_id"], ["player.id"], name=op.f("fk_challenge_opponent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge")),
    )
    is_open = sa.text("state = 'open'")
    op.create_index(
        "uq_challenge_open",
        "challenge",
        ["challenger_id", "opponent_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("ix_challenge_opponent_id", "challenge", ["opponent_id"], unique=False)
