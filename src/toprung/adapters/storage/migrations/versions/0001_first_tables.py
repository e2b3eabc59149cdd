"""The first tables: players, entries, final matches, the rating journal, the change sequence and the audit."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the tables, the counter's only row, and the guard that keeps the journal append-only."""
    _create_players()
    _create_matches()
    _create_journal()
    _create_sequence()
    _guard_journal()


def _create_players() -> None:
    op.create_table(
        "player",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("region", sa.String(length=32), nullable=True),
        sa.Column("discord_id", sa.BigInteger(), nullable=True),
        sa.Column("is_banned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_player")),
        sa.UniqueConstraint("discord_id", name=op.f("uq_player_discord_id")),
        sa.UniqueConstraint("name_key", name=op.f("uq_player_name_key")),
    )
    op.create_table(
        "entry",
        sa.Column("id", _ID, nullable=False),
        sa.Column("player_id", _ID, nullable=False),
        sa.Column("race", sa.String(length=32), nullable=False),
        sa.Column("mmr", sa.Integer(), nullable=False),
        sa.Column("games_played", sa.Integer(), nullable=False),
        sa.Column("games_won", sa.Integer(), nullable=False),
        sa.Column("games_lost", sa.Integer(), nullable=False),
        sa.Column("games_drawn", sa.Integer(), nullable=False),
        sa.Column("last_played_us", sa.BigInteger(), nullable=True),
        sa.Column("rating", sa.Float(precision=53), nullable=True),
        sa.Column("deviation", sa.Float(precision=53), nullable=True),
        sa.Column("volatility", sa.Float(precision=53), nullable=True),
        sa.CheckConstraint("games_played = games_won + games_lost + games_drawn", name=op.f("ck_entry_games_add_up")),
        sa.CheckConstraint(
            "games_won >= 0 and games_lost >= 0 and games_drawn >= 0", name=op.f("ck_entry_games_not_negative")
        ),
        sa.ForeignKeyConstraint(["player_id"], ["player.id"], name=op.f("fk_entry_player_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
        sa.UniqueConstraint("player_id", "race", name=op.f("uq_entry_player_id_race")),
    )
    op.create_table(
        "player_identity",
        sa.Column("player_id", _ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind in ('in_game_name', 'handle')", name=op.f("ck_player_identity_kind")),
        sa.ForeignKeyConstraint(["player_id"], ["player.id"], name=op.f("fk_player_identity_player_id")),
        sa.PrimaryKeyConstraint("player_id", "kind", "value", name=op.f("pk_player_identity")),
    )
    op.create_index(
        "uq_player_identity_handle",
        "player_identity",
        ["value"],
        unique=True,
        sqlite_where=sa.text("kind = 'handle'"),
        postgresql_where=sa.text("kind = 'handle'"),
    )


def _create_matches() -> None:
    op.create_table(
        "match",
        sa.Column("id", _ID, nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.Column("map_name", sa.Text(), nullable=True),
        sa.Column("ended_at_us", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at_us", sa.BigInteger(), nullable=False),
        sa.Column("is_void", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("result in ('side_1_won', 'side_2_won', 'draw')", name=op.f("ck_match_result")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match")),
        sa.UniqueConstraint("source_key", name=op.f("uq_match_source_key")),
    )
    op.create_table(
        "match_player",
        sa.Column("match_id", _ID, nullable=False),
        sa.Column("side", sa.Integer(), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("player_id", _ID, nullable=False),
        sa.Column("race", sa.String(length=32), nullable=False),
        sa.CheckConstraint("side in (1, 2)", name=op.f("ck_match_player_side")),
        sa.ForeignKeyConstraint(["match_id"], ["match.id"], name=op.f("fk_match_player_match_id")),
        sa.ForeignKeyConstraint(["player_id"], ["player.id"], name=op.f("fk_match_player_player_id")),
        sa.PrimaryKeyConstraint("match_id", "side", "seat", name=op.f("pk_match_player")),
    )
    op.create_index("ix_match_player_player_id", "match_player", ["player_id"], unique=False)


def _create_journal() -> None:
    op.create_table(
        "rating_journal",
        sa.Column("id", _ID, nullable=False),
        sa.Column("entry_id", _ID, nullable=False),
        sa.Column("match_id", _ID, nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("revises", _ID, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("before_mmr", sa.Integer(), nullable=True),
        sa.Column("before_rating", sa.Float(precision=53), nullable=True),
        sa.Column("before_deviation", sa.Float(precision=53), nullable=True),
        sa.Column("before_volatility", sa.Float(precision=53), nullable=True),
        sa.Column("before_games_won", sa.Integer(), nullable=True),
        sa.Column("before_games_lost", sa.Integer(), nullable=True),
        sa.Column("before_games_drawn", sa.Integer(), nullable=True),
        sa.Column("before_last_played_us", sa.BigInteger(), nullable=True),
        sa.Column("after_mmr", sa.Integer(), nullable=True),
        sa.Column("after_rating", sa.Float(precision=53), nullable=True),
        sa.Column("after_deviation", sa.Float(precision=53), nullable=True),
        sa.Column("after_volatility", sa.Float(precision=53), nullable=True),
        sa.Column("after_games_won", sa.Integer(), nullable=True),
        sa.Column("after_games_lost", sa.Integer(), nullable=True),
        sa.Column("after_games_drawn", sa.Integer(), nullable=True),
        sa.Column("after_last_played_us", sa.BigInteger(), nullable=True),
        sa.Column("expected_score", sa.Float(precision=53), nullable=True),
        sa.Column("deviation_before", sa.Float(precision=53), nullable=True),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("after_mmr is not null", name=op.f("ck_rating_journal_after")),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name=op.f("fk_rating_journal_entry_id")),
        sa.ForeignKeyConstraint(["match_id"], ["match.id"], name=op.f("fk_rating_journal_match_id")),
        sa.ForeignKeyConstraint(["revises"], ["rating_journal.id"], name=op.f("fk_rating_journal_revises")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rating_journal")),
        sa.UniqueConstraint(
            "match_id", "entry_id", "revision", name=op.f("uq_rating_journal_match_id_entry_id_revision")
        ),
        sa.UniqueConstraint("revises", "revision", name=op.f("uq_rating_journal_revises_revision")),
    )
    op.create_index("ix_rating_journal_entry_id", "rating_journal", ["entry_id"], unique=False)


def _create_sequence() -> None:
    op.create_table(
        "audit",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_table(
        "change",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_change")),
    )
    op.create_table(
        "change_counter",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_counter")),
    )
    op.create_table(
        "note",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_note")),
    )
    op.execute("insert into change_counter (id, seq) values (1, 0)")


def _guard_journal() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for action in ("update", "delete"):
            op.execute(
                f"create trigger rating_journal_no_{action} before {action} on rating_journal "
                "begin select raise(abort, 'the rating journal is append-only'); end"
            )
        return
    op.execute(
        "create function rating_journal_is_append_only() returns trigger language plpgsql as "
        "$$ begin raise exception 'the rating journal is append-only'; end $$"
    )
    op.execute(
        "create trigger rating_journal_append_only before update or delete on rating_journal "
        "for each row execute function rating_journal_is_append_only()"
    )
