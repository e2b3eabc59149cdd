"""The tables, the same on SQLite and PostgreSQL; migrations lead here. Times are microseconds since 1970."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.schema import SchemaItem

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite allots row ids to INTEGER primary keys only; PostgreSQL wants the room of a BIGINT.
Id = BigInteger().with_variant(Integer(), "sqlite")


def numbered_table(name: str, *parts: SchemaItem) -> Table:
    """A table whose rows get ids, none of them twice.

    Otherwise SQLite hands the id of a deleted last row out again, while somebody still holds a key, a button or a link
    with it; PostgreSQL never does. The journal does without: the database refuses to delete its rows.
    """
    return Table(name, metadata, Column("id", Id, primary_key=True), *parts, sqlite_autoincrement=True)


note = Table(
    "note",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

writer = Table(
    "writer",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("commits", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)
"""Who may write: `epoch` grows by one with every process that begins to, and a transaction of an older one is refused.

`commits` counts the transactions of this epoch's writer on SQLite, by which it looks up what became of one; PostgreSQL
knows that by itself.
"""

player = numbered_table(
    "player",
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),
    Column("country", String(2)),
    Column("region", String(32)),
    Column("discord_id", BigInteger, unique=True),
    Column("is_banned", Boolean(create_constraint=False), nullable=False, server_default=text("false")),
)

player_identity = Table(
    "player_identity",
    metadata,
    Column("player_id", ForeignKey("player.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("value", Text, primary_key=True),
    Column("place", Integer, nullable=False),
    CheckConstraint("kind in ('in_game_name', 'handle')", name="kind"),
)
Index(
    "uq_player_identity_handle",
    player_identity.c.value,
    unique=True,
    sqlite_where=player_identity.c.kind == "handle",
    postgresql_where=player_identity.c.kind == "handle",
)

entry = numbered_table(
    "entry",
    Column("player_id", ForeignKey("player.id"), nullable=False),
    Column("race", String(32), nullable=False),
    Column("mmr", Integer, nullable=False),
    Column("games_played", Integer, nullable=False),
    Column("games_won", Integer, nullable=False),
    Column("games_lost", Integer, nullable=False),
    Column("games_drawn", Integer, nullable=False),
    Column("last_played_us", BigInteger),
    Column("rating", Float(53)),
    Column("deviation", Float(53)),
    Column("volatility", Float(53)),
    Column("known_at_us", BigInteger),
    Column("belief", LargeBinary),
    UniqueConstraint("player_id", "race"),
    CheckConstraint("games_played = games_won + games_lost + games_drawn", name="games_add_up"),
    CheckConstraint("games_won >= 0 and games_lost >= 0 and games_drawn >= 0", name="games_not_negative"),
)

match = numbered_table(
    "match",
    Column("source_key", Text, nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("result", String(16)),
    Column("map_name", Text),
    Column("server", String(32)),
    Column("assigned_at_us", BigInteger),
    Column("deadline_us", BigInteger),
    Column("given_back_us", BigInteger, nullable=False, server_default="0"),
    Column("ended_at_us", BigInteger),
    Column("recorded_at_us", BigInteger, nullable=False),
    CheckConstraint("result in ('side_1_won', 'side_2_won', 'draw')", name="result"),
    CheckConstraint(
        "state in ('assigned', 'in_progress', 'reported', 'completed', 'aborted', 'abandoned', 'conflict', 'expired', "
        "'voided')",
        name="state",
    ),
    CheckConstraint(
        "state <> 'completed' or (result is not null and ended_at_us is not null)", name="completed_has_a_result"
    ),
    CheckConstraint(
        "(deadline_us is not null) = (state in ('assigned', 'in_progress', 'reported'))", name="open_has_a_deadline"
    ),
    Index("ix_match_state_id", "state", "id"),
)
Index(
    "ix_match_deadline_us",
    match.c.deadline_us,
    sqlite_where=match.c.deadline_us.is_not(None),
    postgresql_where=match.c.deadline_us.is_not(None),
)

match_player = Table(
    "match_player",
    metadata,
    Column("match_id", ForeignKey("match.id"), primary_key=True),
    Column("side", Integer, primary_key=True),
    Column("seat", Integer, primary_key=True),
    Column("player_id", ForeignKey("player.id"), nullable=False),
    Column("race", String(32), nullable=False),
    CheckConstraint("side in (1, 2)", name="side"),
    Index("ix_match_player_player_id", "player_id"),
)

match_side = Table(
    "match_side",
    metadata,
    Column("match_id", ForeignKey("match.id"), primary_key=True),
    Column("side", Integer, primary_key=True),
    Column("told_at_us", BigInteger),
    Column("confirmed_at_us", BigInteger),
    Column("claim_result", String(16)),
    Column("claim_evidence", String(16)),
    Column("claim_at_us", BigInteger),
    Column("claim_told_at_us", BigInteger),
    Column("cancel_asked_at_us", BigInteger),
    CheckConstraint("side in (1, 2)", name="side"),
)

# A player's one place: in an open match. The key is the promise that there is never a second one.
engagement = Table(
    "engagement",
    metadata,
    Column("player_id", ForeignKey("player.id"), primary_key=True),
    Column("match_id", ForeignKey("match.id"), nullable=False, index=True),
)

penalty = Table(
    "penalty",
    metadata,
    Column("player_id", ForeignKey("player.id"), primary_key=True),
    Column("match_id", ForeignKey("match.id"), primary_key=True),
    Column("offence", String(16), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("until_us", BigInteger, nullable=False),
    Column("pardoned_at_us", BigInteger),
)

notice = numbered_table(
    "notice",
    Column("player_id", ForeignKey("player.id"), nullable=False),
    Column("match_id", ForeignKey("match.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("created_at_us", BigInteger, nullable=False),
    Column("was_reached", Boolean(create_constraint=False)),
)
Index(
    "ix_notice_pending",
    notice.c.id,
    sqlite_where=notice.c.was_reached.is_(None),
    postgresql_where=notice.c.was_reached.is_(None),
)

season = numbered_table(
    "season",
    Column("code", String(32), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("started_at_us", BigInteger, nullable=False),
    Column("ended_at_us", BigInteger),
    Column("reset_deviation", Float(53)),
    CheckConstraint("ended_at_us is null or ended_at_us >= started_at_us", name="ends_after_its_start"),
)

rating_system = Table(
    "rating_system",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("code", String(16), nullable=False),
    Column("constants", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
)

rating_journal = Table(
    "rating_journal",
    metadata,
    Column("id", Id, primary_key=True),
    Column("entry_id", ForeignKey("entry.id"), nullable=False),
    Column("match_id", ForeignKey("match.id")),
    Column("kind", String(16), nullable=False),
    Column("revises", ForeignKey("rating_journal.id")),
    Column("revision", Integer, nullable=False),
    *(
        Column(f"{when}_{name}", kind)
        for when in ("before", "after")
        for name, kind in (
            ("mmr", Integer),
            ("rating", Float(53)),
            ("deviation", Float(53)),
            ("volatility", Float(53)),
            ("games_won", Integer),
            ("games_lost", Integer),
            ("games_drawn", Integer),
            ("last_played_us", BigInteger),
        )
    ),
    Column("expected_score", Float(53)),
    Column("deviation_before", Float(53)),
    Column("at_us", BigInteger, nullable=False),
    Column("season_id", ForeignKey("season.id")),
    Column("before_belief", LargeBinary),
    Column("after_belief", LargeBinary),
    UniqueConstraint("match_id", "entry_id", "revision"),
    UniqueConstraint("revises", "revision"),
    CheckConstraint("after_mmr is not null", name="after"),
    Index("ix_rating_journal_entry_id", "entry_id"),
)

audit = numbered_table(
    "audit",
    Column("at_us", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(32), nullable=False),
    Column("subject", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("details", Text, nullable=False),
)

change = Table(
    "change",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(32), nullable=False),
    Column("payload", Text, nullable=False),
)

change_counter = Table(
    "change_counter",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
)

# Replays and jobs.

job = numbered_table(
    "job",
    Column("kind", String(32), nullable=False),
    Column("payload", Text, nullable=False),
    Column("dedup_key", Text, nullable=False),
    Column("player_id", ForeignKey("player.id")),
    Column("state", String(16), nullable=False),
    Column("turn", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("errors", Integer, nullable=False),
    Column("deaths", Integer, nullable=False),
    Column("interruptions", Integer, nullable=False),
    Column("boot_id", String(64)),
    Column("until_boot_us", BigInteger),
    Column("instance_id", String(64)),
    Column("enqueued_at_us", BigInteger, nullable=False),
    Column("finished_at_us", BigInteger),
    Column("last_error", Text),
    CheckConstraint("state in ('ready', 'leased', 'done', 'dead')", name="state"),
    CheckConstraint(
        "state <> 'leased' or (instance_id is not null and boot_id is not null and until_boot_us is not null)",
        name="lease",
    ),
    CheckConstraint("(finished_at_us is null) = (state in ('ready', 'leased'))", name="finished"),
    Index("ix_job_state_turn_id", "state", "turn", "id"),
    Index("ix_job_player_id_state_turn", "player_id", "state", "turn"),
    Index("ix_job_state_finished_at_us", "state", "finished_at_us"),
)
Index(
    "uq_job_kind_dedup_key",
    job.c.kind,
    job.c.dedup_key,
    unique=True,
    sqlite_where=job.c.state != "done",
    postgresql_where=job.c.state != "done",
)

replay_file = Table(
    "replay_file",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("size_bytes", Integer, nullable=False),
    Column("first_uploaded_at_us", BigInteger, nullable=False),
    Column("fingerprint", String(64)),
    Column("reading", Text),
    Column("rejection", Text),
    Column("is_quarantined", Boolean(create_constraint=False), nullable=False),
    CheckConstraint("reading is null or rejection is null", name="reading"),
    Index("ix_replay_file_fingerprint", "fingerprint"),
)

replay_upload = numbered_table(
    "replay_upload",
    Column("sha256", ForeignKey("replay_file.sha256"), nullable=False),
    Column("player_id", ForeignKey("player.id"), nullable=False),
    Column("match_id", ForeignKey("match.id")),
    Column("file_name", Text),
    Column("uploaded_at_us", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("verdict", Text),
    Index("ix_replay_upload_sha256", "sha256"),
    Index("ix_replay_upload_player_id_uploaded_at_us", "player_id", "uploaded_at_us"),
    Index("ix_replay_upload_match_id", "match_id"),
)

intent = numbered_table(
    "intent",
    Column("key", String(128), nullable=False, unique=True),
    Column("kind", String(32), nullable=False),
    Column("recipient", BigInteger, nullable=False),
    Column("is_direct", Boolean(create_constraint=False), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("nonce", String(25), nullable=False),
    Column("delivered_revision", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at_us", BigInteger, nullable=False),
    Column("given_up_for", Text),
    Column("hindrance", Text),
    Column("channel_id", BigInteger),
    Column("message_id", BigInteger),
    Index("ix_intent_due_at_us", "due_at_us"),
)

# A version of the mod is an exact set of files; the key names the set.
mod_version = Table(
    "mod_version",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("handles", Text, nullable=False),
    Column("upload_id", ForeignKey("replay_upload.id"), nullable=False),
    Column("approved_at_us", BigInteger, nullable=False),
)
