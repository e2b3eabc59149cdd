"""The versions of the mod that organisers approved."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "mod_version",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("handles", sa.Text(), nullable=False),
        sa.Column("upload_id", _ID, nullable=False),
        sa.Column("approved_at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["upload_id"], ["replay_upload.id"], name=op.f("fk_mod_version_upload_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_mod_version")),
    )
