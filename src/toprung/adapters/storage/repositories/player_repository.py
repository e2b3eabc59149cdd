"""Players in the database."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    exists,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError

from toprung.adapters.storage.tables import schema
from toprung.application.ports.players import NewPlayer
from toprung.domain.errors import Conflict
from toprung.domain.leaderboard.board_table import PlayerColumns
from toprung.domain.players.player import Player, PlayerId

ROWS_AT_ONCE: Final = 500

_player, _identity = schema.player, schema.player_identity

# Built once: building a statement costs more than running it.
_WANTED: Final[BindParameter[Any]] = bindparam("wanted", expanding=True)
_WITH_IDS: Final = select(_player).where(_player.c.id.in_(_WANTED)).order_by(_player.c.id)
_WITH_KEYS: Final = select(_player).where(_player.c.name_key.in_(_WANTED)).order_by(_player.c.id)
_WITH_DISCORD_IDS: Final = select(_player).where(_player.c.discord_id.in_(_WANTED)).order_by(_player.c.id)
# Without the strength that would make rows which only name the player wait too.
_LOCKED: Final = {query: query.with_for_update(key_share=True) for query in (_WITH_IDS, _WITH_KEYS, _WITH_DISCORD_IDS)}
_IDENTITIES: Final = select(_identity).where(_identity.c.player_id.in_(_WANTED)).order_by(_identity.c.place)
# SQLite takes notice of ids that came from outside; PostgreSQL's sequence has to be told of them.
_ALLOT_ABOVE: Final = text(
    "select setval(pg_get_serial_sequence('player', 'id'), "
    "greatest((select max(id) from player), (select last_value from player_id_seq)))"
)


class SqlPlayerRepository:
    """Implements `PlayerRepository`."""

    def __init__(self, connection: Connection, *, is_locking: bool) -> None:
        self._connection = connection
        self._is_locking = is_locking

    def get(self, player_id: PlayerId) -> Player | None:
        """See `PlayerRepository`."""
        return next(iter(self._players(_WITH_IDS, [player_id]).values()), None)

    def by_ids(self, ids: Collection[PlayerId]) -> dict[PlayerId, Player]:
        """See `PlayerRepository`."""
        wanted, found = list(ids), {}
        for first in range(0, len(wanted), ROWS_AT_ONCE):
            for player in self._players(_WITH_IDS, wanted[first : first + ROWS_AT_ONCE]).values():
                found[player.id] = player
        return found

    def by_name_keys(self, keys: Collection[str]) -> dict[str, Player]:
        """See `PlayerRepository`."""
        return self._players(_WITH_KEYS, list(keys))

    def by_discord_ids(self, discord_ids: Collection[int]) -> dict[int, Player]:
        """See `PlayerRepository`."""
        players = self._players(_WITH_DISCORD_IDS, list(discord_ids)).values()
        return {player.discord_id: player for player in players if player.discord_id is not None}

    def _players(self, query: Select[Any], wanted: Sequence[int | str]) -> dict[str, Player]:
        """The players by name key, as they are once they are locked."""
        chosen = _LOCKED[query] if self._is_locking else query
        rows = self._connection.execute(chosen, {"wanted": wanted}).all()
        identities: dict[tuple[int, str], list[str]] = {}
        for row in self._connection.execute(_IDENTITIES, {"wanted": [row.id for row in rows]}) if rows else ():
            identities.setdefault((row.player_id, row.kind), []).append(row.value)
        return {row.name_key: _to_player(row, identities) for row in rows}

    def add(self, players: Sequence[NewPlayer]) -> list[Player]:
        """See `PlayerRepository`."""
        if not players:
            return []
        try:
            ids = self._insert(players)
            added = [
                Player(
                    id=PlayerId(ids[new.name_key]),
                    name=new.name,
                    country=new.country,
                    region=new.region,
                    discord_id=new.discord_id,
                    in_game_names=new.in_game_names,
                    handles=new.handles,
                )
                for new in players
            ]
            self._add_identities(added)
        except IntegrityError as error:
            who = players[0].name if len(players) == 1 else f"of one of {len(players)} players"
            raise _conflict(error, who) from error
        return added

    def _insert(self, players: Sequence[NewPlayer]) -> dict[str, int]:
        """The ids by name key. Those that bring an id along come first, so that none of the others is given it."""
        with_id = [new for new in players if new.id is not None]
        if with_id:
            self._connection.execute(insert(_player), [{"id": new.id, **_values(new)} for new in with_id])
            if self._connection.dialect.name == "postgresql":
                self._connection.execute(_ALLOT_ABOVE)
        others = [new for new in players if new.id is None]
        allotted: Sequence[int] = ()
        if others:
            statement = insert(_player).returning(_player.c.id, sort_by_parameter_order=True)
            allotted = self._connection.execute(statement, [_values(new) for new in others]).scalars().all()
        return {
            **{new.name_key: new.id for new in with_id if new.id is not None},
            **{new.name_key: player_id for new, player_id in zip(others, allotted, strict=True)},
        }

    def save(self, player: Player, name_key: str) -> None:
        """See `PlayerRepository`."""
        values = {
            "name": player.name,
            "name_key": name_key,
            "country": player.country,
            "region": player.region,
            "discord_id": player.discord_id,
            "is_banned": player.is_banned,
        }
        try:
            self._connection.execute(update(_player).where(_player.c.id == player.id).values(values))
            self._connection.execute(delete(_identity).where(_identity.c.player_id == player.id))
            self._add_identities([player])
        except IntegrityError as error:
            raise _conflict(error, player.name) from error

    def _add_identities(self, players: Iterable[Player]) -> None:
        rows = [
            {"player_id": player.id, "kind": kind, "value": value, "place": place}
            for player in players
            for kind, values in (("in_game_name", player.in_game_names), ("handle", player.handles))
            for place, value in enumerate(values)
        ]
        if rows:
            self._connection.execute(insert(_identity), rows)

    def discord_ids(self) -> dict[PlayerId, int]:
        """See `PlayerRepository`."""
        query = select(_player.c.id, _player.c.discord_id).where(_player.c.discord_id.is_not(None))
        return {PlayerId(row.id): row.discord_id for row in self._connection.execute(query)}

    def bind_handle(self, player_id: PlayerId, handle: str) -> bool:
        """See `PlayerRepository`. One statement, whose lost race the storage runs again."""
        owned = _identity.c.kind == "handle"
        taken = exists().where(owned & ((_identity.c.value == handle) | (_identity.c.player_id == player_id)))
        columns = {"player_id": player_id, "kind": "handle", "value": handle, "place": 0}
        row = select(*(literal(value) for value in columns.values())).where(~taken)
        return self._connection.execute(insert(_identity).from_select(list(columns), row)).rowcount > 0

    def columns(self) -> PlayerColumns:
        """See `PlayerRepository`."""
        query = select(_player.c.id, _player.c.name, _player.c.country, _player.c.is_banned).order_by(_player.c.id)
        columns: tuple[list[Any], ...] = ([], [], [], [])
        result = self._connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})
        for rows in result.partitions():
            for column, part in zip(columns, zip(*rows, strict=True), strict=True):
                column.extend(part)
        ids, names, countries, banned = columns
        return PlayerColumns(ids=ids, names=names, countries=countries, banned=banned)


def _values(new: NewPlayer) -> dict[str, Any]:
    return {
        "name": new.name,
        "name_key": new.name_key,
        "country": new.country,
        "region": new.region,
        "discord_id": new.discord_id,
    }


def _to_player(row: Row[Any], identities: dict[tuple[int, str], list[str]]) -> Player:
    return Player(
        id=PlayerId(row.id),
        name=row.name,
        country=row.country,
        region=row.region,
        discord_id=row.discord_id,
        in_game_names=tuple(identities.get((row.id, "in_game_name"), ())),
        handles=tuple(identities.get((row.id, "handle"), ())),
        is_banned=row.is_banned,
    )


def _conflict(error: IntegrityError, who: str) -> Conflict:
    reason = str(error.orig)
    if "name_key" in reason:
        return Conflict(
            "The name {name} is taken, or looks too much like one that is; choose another.", "name_taken", name=who
        )
    if "player.id" in reason or "pk_player" in reason:
        return Conflict("{name}: this player id belongs to another player.", "player_id_taken", name=who)
    if "discord_id" in reason:
        return Conflict("{name}: this Discord account belongs to another player.", "discord_taken", name=who)
    return Conflict("{name}: this in-game handle belongs to another player.", "handle_taken", name=who)
