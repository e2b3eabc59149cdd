"""The table of those who left."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table

from toprung.adapters.storage.tables.schema import metadata

departure = Table(
    "departure",
    metadata,
    Column("player_id", ForeignKey("player.id"), primary_key=True),
    Column("account_hash", String(64), nullable=False),
    Column("name_hash", String(64), nullable=False),
    Column("left_at_us", BigInteger, nullable=False),
    Column("renamed_at_us", BigInteger),
    Column("returned_as", ForeignKey("player.id")),
    Index("ix_departure_account_hash", "account_hash"),
    Index("ix_departure_returned_as", "returned_as"),
)
