"""The table of challenges."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Text

from toprung.adapters.storage.tables.schema import numbered_table

challenge = numbered_table(
    "challenge",
    Column("challenger_id", ForeignKey("player.id"), nullable=False),
    Column("opponent_id", ForeignKey("player.id"), nullable=False),
    Column("races", Text, nullable=False),
    Column("created_at_us", BigInteger, nullable=False),
    Column("expires_at_us", BigInteger, nullable=False),
    Column("channel_id", BigInteger),
    Column("state", String(16), nullable=False),
    Column("match_id", ForeignKey("match.id")),
    Index("ix_challenge_opponent_id", "opponent_id"),
)
Index(
    "uq_challenge_open",
    challenge.c.challenger_id,
    challenge.c.opponent_id,
    unique=True,
    sqlite_where=challenge.c.state == "open",
    postgresql_where=challenge.c.state == "open",
)
