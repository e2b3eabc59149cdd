"""Whether two players can begin a match now."""

from toprung.application.matches.match_steps import held_by_penalty
from toprung.application.ports.storage import Transaction
from toprung.domain.errors import Conflict, NotFound
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.players.player import Player, PlayerId


class NotReady(Conflict):
    """A player cannot begin a match now. `reason` is `banned`, `busy` or `penalised`."""

    def __init__(self, reason: str, sentence: str, **parameters: object) -> None:
        super().__init__(sentence, reason, **parameters)


def locked_players(tx: Transaction, player_ids: tuple[PlayerId, PlayerId]) -> tuple[Player, Player]:
    """The two players, whom nothing else changes until the transaction ends. Raises `NotFound`."""
    players: dict[PlayerId, Player] = {}
    for player_id in sorted(player_ids):  # always in the same order, so that two openings never wait in a circle
        player = tx.players.get(player_id)
        if player is None:
            raise NotFound("There is no player with the id {number}.", "player_id", number=str(player_id))
        players[player_id] = player
    first, second = player_ids
    return players[first], players[second]


def require_ready(tx: Transaction, players: tuple[Player, Player], now_us: int) -> None:
    """Raises `NotReady` where one of the two cannot play now."""
    busy = tx.matches.open_of([player.id for player in players])
    for player in players:
        name = player.name
        if player.is_banned:
            raise NotReady("banned", "{name} is banned and cannot play.", name=name)
        if player.id in busy:
            sentence = "{name} is in match {number} already, which has to end first."
            raise NotReady("busy", sentence, name=name, number=str(busy[player.id]))
        penalty = held_by_penalty(tx, player.id, now_us)
        if penalty is not None:
            minutes = -(-(penalty.until_us - now_us) // (60 * MICROSECONDS_PER_SECOND))
            raise NotReady(
                "penalised",
                "{name} sits out for another {count} min after match {number}; an organiser can pardon it.",
                name=name,
                count=minutes,
                number=str(penalty.match_id),
            )
