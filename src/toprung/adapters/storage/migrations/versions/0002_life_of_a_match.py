"""Matches that are still to be played: states, deadlines, what each side says, penalties, and what players are told."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STATES = "'assigned', 'in_progress', 'reported', 'completed', 'aborted', 'abandoned', 'conflict', 'expired', 'voided'"


def upgrade() -> None:
    """Gives the matches that there are their state, and makes the tables around those to come."""
    _extend_matches()
    _create_sides()
    _create_penalties()
    _create_notices()


def _extend_matches() -> None:
    with op.batch_alter_table("match") as batch:
        batch.add_column(sa.Column("state", sa.String(length=16), nullable=True))
        batch.add_column(sa.Column("server", sa.String(length=32), nullable=True))
        batch.add_column(sa.Column("assigned_at_us", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("deadline_us", sa.BigInteger(), nullable=True))
    op.execute("update match set state = case when is_void then 'voided' else 'completed' end")
    with op.batch_alter_table("match") as batch:
        batch.alter_column("state", existing_type=sa.String(length=16), nullable=False)
        batch.alter_column("result", existing_type=sa.String(length=16), nullable=True)
        batch.alter_column("ended_at_us", existing_type=sa.BigInteger(), nullable=True)
        batch.drop_column("is_void")
        batch.create_check_constraint(op.f("ck_match_state"), f"state in ({_STATES})")
        batch.create_check_constraint(
            op.f("ck_match_completed_has_a_result"),
            "state <> 'completed' or (result is not null and ended_at_us is not null)",
        )
        batch.create_check_constraint(
            op.f("ck_match_open_has_a_deadline"),
            "(deadline_us is not null) = (state in ('assigned', 'in_progress', 'reported'))",
        )
    op.create_index(
        "ix_match_deadline_us",
        "match",
        ["deadline_us"],
        sqlite_where=sa.text("deadline_us is not null"),
        postgresql_where=sa.text("deadline_us is not null"),
    )


def _create_sides() -> None:
    op.create_table(
        "match_side",
        sa.Column("match_id", _ID, nullable=False),
        sa.Column("side", sa.Integer(), nullable=False),
        sa.Column("confirmed_at_us", sa.BigInteger(), nullable=True),
        sa.Column("claim_result", sa.String(length=16), nullable=True),
        sa.Column("claim_evidence", sa.String(length=16), nullable=True),
        sa.Column("claim_at_us", sa.BigInteger(), nullable=True),
        sa.Column("claim_told_at_us", sa.BigInteger(), nullable=True),
        sa.Column("cancel_asked_at_us", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("side in (1, 2)", name=op.f("ck_match_side_side")),
        sa.ForeignKeyConstraint(["match_id"], ["match.id"], name=op.f("fk_match_side_match_id")),
        sa.PrimaryKeyConstraint("match_id", "side", name=op.f("pk_match_side")),
    )
    op.create_table(
        "engagement",
        sa.Column("player_id", _ID, nullable=False),
        sa.Column("match_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["player_id"], ["player.id"], name=op.f("fk_engagement_player_id")),
        sa.ForeignKeyConstraint(["match_id"], ["match.id"], name=op.f("fk_engagement_match_id")),
        sa.PrimaryKeyConstraint("player_id", name=op.f("pk_engagement")),
    )
    op.create_index("ix_engagement_match_id", "engagement", ["match_id"])


def _create_penalties() -> None:
    op.create_table(
        "penalty",
        sa.Column("player_id", _ID, nullable=False),
        sa.Column("match_id", _ID, nullable=False),
        sa.Column("offence", sa.String(length=16), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("pardoned_at_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["player_id"], ["player.id"], name=op.f("fk_penalty_player_id")),
        sa.ForeignKeyConstraint(["match_id"], ["match.id"], name=op.f("fk_penalty_match_id")),
        sa.PrimaryKeyConstraint("player_id", "match_id", name=op.f("pk_penalty")),
    )


def _create_notices() -> None:
    op.create_table(
        "notice",
        sa.Column("id", _ID, nullable=False),
        sa.Column("player_id", _ID, nullable=False),
        sa.Column("match_id", _ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("created_at_us", sa.BigInteger(), nullable=False),
        sa.Column("was_reached", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["player_id"], ["player.id"], name=op.f("fk_notice_player_id")),
        sa.ForeignKeyConstraint(["match_id"], ["match.id"], name=op.f("fk_notice_match_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index(
        "ix_notice_pending",
        "notice",
        ["id"],
        sqlite_where=sa.text("was_reached is null"),
        postgresql_where=sa.text("was_reached is null"),
    )
