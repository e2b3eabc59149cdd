"""Ids that are never handed out twice, and a nonce by chance for what is to be sent."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NUMBERED = ("player", "entry", "match", "notice", "season", "audit", "job", "replay_upload", "intent", "challenge")
_ONCE = {"sqlite_autoincrement": True}

# Finished jobs are deleted after a while; the audit and the organisers' channel may still name them by their ids.
_KEEP_JOBS_NAMED = """
    update sqlite_sequence set seq = max(
        seq,
        coalesce((select max(cast(substr(subject, 5) as integer)) from audit where subject like 'job %'), 0),
        coalesce((select max(cast(substr("key", 13) as integer)) from intent where kind = 'dead_letter'), 0)
    ) where name = 'job'
"""


def upgrade() -> None:
    """Draws nonces for the intents there are, and has SQLite remember the last id of each table that allots some."""
    op.add_column("intent", sa.Column("nonce", sa.String(length=25), nullable=True))
    if op.get_bind().dialect.name != "sqlite":
        op.execute("update intent set nonce = left(replace(gen_random_uuid()::text, '-', ''), 24)")
        op.alter_column("intent", "nonce", nullable=False)
        return
    op.execute("update intent set nonce = lower(hex(randomblob(12)))")
    for table in _NUMBERED:
        with op.batch_alter_table(table, recreate="always", table_kwargs=_ONCE) as batch:
            if table == "intent":
                batch.alter_column("nonce", existing_type=sa.String(length=25), nullable=False)
    op.execute(_KEEP_JOBS_NAMED)
