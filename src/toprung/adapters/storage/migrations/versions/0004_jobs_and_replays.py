"""The job queue, replay files and their uploads."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the tables."""
    _create_jobs()
    _create_replays()


def _create_jobs() -> None:
    op.create_table(
        "job",
        sa.Column("id", _ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=False),
        sa.Column("player_id", _ID, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("interruptions", sa.Integer(), nullable=False),
        sa.Column("boot_id", sa.String(length=64), nullable=True),
        sa.Column("until_boot_us", sa.BigInteger(), nullable=True),
        sa.Column("instance_id", sa.String(length=64), nullable=True),
        sa.Column("enqueued_at_us", sa.BigInteger(), nullable=False),
        sa.Column("finished_at_us", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("state in ('ready', 'leased', 'done', 'dead')", name=op.f("ck_job_state")),
        sa.CheckConstraint(
            "state <> 'leased' or (instance_id is not null and boot_id is not null and until_boot_us is not null)",
            name=op.f("ck_job_lease"),
        ),
        sa.CheckConstraint("(finished_at_us is null) = (state in ('ready', 'leased'))", name=op.f("ck_job_finished")),
        sa.ForeignKeyConstraint(["player_id"], ["player.id"], name=op.f("fk_job_player_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index("ix_job_state_turn_id", "job", ["state", "turn", "id"], unique=False)
    op.create_index("ix_job_player_id_state_turn", "job", ["player_id", "state", "turn"], unique=False)
    op.create_index("ix_job_state_finished_at_us", "job", ["state", "finished_at_us"], unique=False)
    op.create_index(
        "uq_job_kind_dedup_key",
        "job",
        ["kind", "dedup_key"],
        unique=True,
        sqlite_where=sa.text("state != 'done'"),
        postgresql_where=sa.text("state != 'done'"),
    )


def _create_replays() -> None:
    op.create_table(
        "replay_file",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("first_uploaded_at_us", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("reading", sa.Text(), nullable=True),
        sa.Column("rejection", sa.Text(), nullable=True),
        sa.Column("is_quarantined", sa.Boolean(), nullable=False),
        sa.CheckConstraint("reading is null or rejection is null", name=op.f("ck_replay_file_reading")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_replay_file")),
    )
    op.create_index("ix_replay_file_fingerprint", "replay_file", ["fingerprint"], unique=False)
    op.create_table(
        "replay_upload",
        sa.Column("id", _ID, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("player_id", _ID, nullable=False),
        sa.Column("match_id", _ID, nullable=True),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("uploaded_at_us", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["sha256"], ["replay_file.sha256"], name=op.f("fk_replay_upload_sha256")),
        sa.ForeignKeyConstraint(["player_id"], ["player.id"], name=op.f("fk_replay_upload_player_id")),
        sa.ForeignKeyConstraint(["match_id"], ["match.id"], name=op.f("fk_replay_upload_match_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replay_upload")),
    )
    op.create_index("ix_replay_upload_sha256", "replay_upload", ["sha256"], unique=False)
    op.create_index(
        "ix_replay_upload_player_id_uploaded_at_us", "replay_upload", ["player_id", "uploaded_at_us"], unique=False
    )
    op.create_index("ix_replay_upload_match_id", "replay_upload", ["match_id"], unique=False)
