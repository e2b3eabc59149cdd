"""What is believed of a player with all races, beside each entry and each row of the rating journal."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns; they are empty for a ladder that rates each race apart."""
    op.add_column("entry", sa.Column("known_at_us", sa.BigInteger()))
    op.add_column("entry", sa.Column("belief", sa.LargeBinary()))
    op.add_column("rating_journal", sa.Column("before_belief", sa.LargeBinary()))
    op.add_column("rating_journal", sa.Column("after_belief", sa.LargeBinary()))
