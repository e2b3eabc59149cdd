"""What a ladder is rated by, with its constants, in versions."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_USUAL = {
    "glicko2": {
        "start_rating": 1500.0,
        "start_deviation": 350.0,
        "start_volatility": 0.06,
        "tau": 0.5,
        "period_days": 1.0,
        "deviation_min": 30.0,
        "deviation_max": 350.0,
    },
    "elo": {"k_factor": 40, "scale": 500, "start_mmr": 1500},
}
"""The constants that every ladder had until now; one without a note of its system was made when there was Elo only."""


def upgrade() -> None:
    """Makes the table. A ladder that there is goes on as it was rated since ever."""
    made = op.create_table(
        "rating_system",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("constants", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_rating_system")),
    )
    found = op.get_bind().execute(sa.text("select name, value from note"))
    notes = {row.name: row.value for row in found}
    if "database_id" in notes:
        code = notes.get("rating_system", "elo")
        row = {"version": 1, "code": code, "constants": json.dumps(_USUAL[code]), "at_us": 0}
        op.bulk_insert(made, [row])
    op.execute("delete from note where name = 'rating_system'")
