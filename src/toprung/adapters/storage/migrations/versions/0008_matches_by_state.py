"""An index by which conflicts and expired matches are found among all others."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the index."""
    op.create_index("ix_match_state_id", "match", ["state", "id"], unique=False)
