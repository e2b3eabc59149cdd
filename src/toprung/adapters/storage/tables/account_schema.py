"""The tables of players' own accounts, and of set-ups under way."""

from sqlalchemy import BigInteger, Column, ForeignKey, String, Table, Text

from toprung.adapters.storage.tables.schema import metadata

account = Table(
    "account",
    metadata,
    Column("player_id", ForeignKey("player.id"), primary_key=True),
    Column("language", String(16), nullable=False),
    Column("terms_accepted_at_us", BigInteger, nullable=False),
    Column("renamed_at_us", BigInteger),
)

setup_draft = Table(
    "setup_draft",
    metadata,
    Column("discord_id", BigInteger, primary_key=True, autoincrement=False),
    Column("language", String(16)),
    Column("terms_accepted_at_us", BigInteger),
    Column("name", Text),
    Column("in_game_name", Text),
    Column("country", String(2)),
    Column("region", String(32)),
)
