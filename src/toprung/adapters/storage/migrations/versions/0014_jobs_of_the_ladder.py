"""Jobs that belong to no player: the ladder's own work."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ONCE = {"sqlite_autoincrement": True}
_LAST_ID = sa.text("select seq from sqlite_sequence where name = 'job'")


def upgrade() -> None:
    """Lets a job have no player. SQLite makes the table anew, and must not forget the last id that it handed out."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("job", "player_id", nullable=True)
        return
    last_id = op.get_bind().execute(_LAST_ID).scalar()
    with op.batch_alter_table("job", recreate="always", table_kwargs=_ONCE) as batch:
        batch.alter_column("player_id", existing_type=_ID, nullable=True)
    op.execute("delete from sqlite_sequence where name = 'job'")
    if last_id is not None:
        op.execute(sa.text("insert into sqlite_sequence (name, seq) values ('job', :last)").bindparams(last=last_id))
