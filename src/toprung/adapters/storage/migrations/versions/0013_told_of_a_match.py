"""When each side was told of a match, and what an organiser has to mend before a message can be sent.

Until now the time to confirm ran from the opening; for matches that nobody has confirmed yet it still does.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns."""
    op.add_column("match_side", sa.Column("told_at_us", sa.BigInteger(), nullable=True))
    op.add_column("intent", sa.Column("hindrance", sa.Text(), nullable=True))
    op.execute(
        """update match_side set told_at_us = (select assigned_at_us from match where match.id = match_side.match_id)
        where match_id in (select id from match where state = 'assigned')"""
    )
