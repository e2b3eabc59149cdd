"""Finding the player whose name somebody wrote."""

from toprung.application.ports.storage import Transaction
from toprung.domain.errors import NotFound
from toprung.domain.players.departure import has_left, nameless_number
from toprung.domain.players.names import InvalidName, NameKeys, clean_name
from toprung.domain.players.player import Player


def player_named(tx: Transaction, name: str, name_keys: NameKeys) -> Player:
    """The player of this name, or of one that counts as the same; one who left, by what is said in the name's place.

    Raises `NotFound`, also for what nobody can be called.
    """
    number = nameless_number(name)
    if number is not None:
        gone = tx.players.by_ids([number]).get(number)
        if gone is not None and has_left(gone):
            return gone
    try:
        keys = [name_keys.key(clean_name(name))]
    except InvalidName:
        keys = []
    for player in tx.players.by_name_keys(keys).values():
        return player
    raise NotFound("There is no player called {name}.", "player_name", name=repr(name))
