"""Who of a replay sat where. Runs in a child process only.

The lobby (`replay.initData`) has names and accounts, `replay.details` has races and results, and nothing promises that
both list the players in one order: the archives of some modes do not. Each entry of the details names its slot of the
lobby by the slot's id (`m_workingSetSlotId` in both). Clients before 2.0.3 wrote none, and some later ones left it out;
there the account joins the two, then the name, and last, where nothing tells players apart, the order.
"""

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from toprung.domain.replays.replay import ReplayInvalid

HUMAN: Final = 2
COMPUTER: Final = 3

_CLAN_ENDS: Final = ("<sp/>", "]")

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One player: the slot of the lobby, the user in it (None: a computer), and what the details say of that player.

    `number` counts people, observers among them, and computers that play, from 1: the attributes know players by it.
    """

    number: int
    slot: Fields
    user: Fields | None
    details: Fields

    @property
    def name(self) -> str:
        """The name without the clan, which is how the lobby has it; a computer's is in the details only."""
        return str(self.details["name"] if self.user is None else self.user["name"])

    @property
    def account(self) -> str | None:
        """The account (`2-S2-1-278321`), wherever it is written; None for computers and where it was taken out."""
        return slot_account(self.slot) or details_account(self.details)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lobby:
    """Who played, in the order of the lobby's slots, and the names of who watched."""

    players: tuple[Seat, ...]
    observers: tuple[str, ...]


def lobby_of(init_data: Fields, details: Fields) -> Lobby:
    """The lobby of a game, each player with the entry of the details that is theirs.

    Raises `ReplayInvalid` where the two files contradict each other: an id that no slot or another entry has, another
    account, another name, a computer where somebody sat, somebody whom only one of the files knows.
    """
    slots: Sequence[Fields] = init_data["lobby_state"]["slots"]
    users: Sequence[Fields] = init_data["user_initial_data"]
    entries = _entries_by_slot(slots, users, details["players"])
    players: list[Seat] = []
    observers: list[str] = []
    number = 0
    for index, slot in enumerate(slots):
        if index in entries:
            number += 1
            players.append(Seat(number=number, slot=slot, user=_user(slot, users), details=entries[index]))
        elif slot["control"] == HUMAN:
            number += 1
            observers.append(str(users[slot["user_id"]]["name"]))
    return Lobby(players=tuple(players), observers=tuple(observers))


def slot_account(slot: Fields) -> str | None:
    """The account as a slot of the lobby has it; None where it has none."""
    handle = str(slot["toon_handle"] or "")
    return handle if handle.rpartition("-")[2].strip("0") else None


def details_account(entry: Fields) -> str | None:
    """The account as an entry of the details has it; None for computers and where it was taken out."""
    account = entry["bnet"]
    if not account["uid"]:
        return None
    program = account["program_id"].decode().strip("\0")
    return f"{account['region']}-{program}-{account['subregion']}-{account['uid']}"


def _entries_by_slot(slots: Sequence[Fields], users: Sequence[Fields], entries: Sequence[Fields]) -> dict[int, Fields]:
    """The details' entry of each slot that somebody played from."""
    people = [index for index, slot in enumerate(slots) if slot["control"] == HUMAN and slot["observe"] == 0]
    free = people + [index for index, slot in enumerate(slots) if slot["control"] == COMPUTER]
    left = list(entries)
    seated: dict[int, Fields] = {}

    def join(of_slot: Callable[[Fields], object], of_entry: Callable[[Fields], object]) -> None:
        """Seats the entries whose key exactly one free slot and no other entry has."""
        for entry in list(left):
            key = of_entry(entry)
            at = [index for index in free if key is not None and of_slot(slots[index]) == key]
            if len(at) == 1 and sum(of_entry(other) == key for other in left) == 1:
                seated[at[0]] = entry
                free.remove(at[0])
                left[:] = [other for other in left if other is not entry]

    join(lambda slot: slot["working_set_slot_id"], lambda entry: entry["working_set_slot"])
    join(slot_account, details_account)
    join(lambda slot: _lobby_name(slot, users), lambda entry: _without_clan(entry["name"]) or None)
    for entry in left:
        first = next((index for index in free if slots[index]["control"] == entry["control"]), None)
        if first is None:
            raise ReplayInvalid
        seated[first] = entry
        free.remove(first)
    if any(index not in seated for index in people):
        raise ReplayInvalid
    if not all(_agree(slots[index], _lobby_name(slots[index], users), entry) for index, entry in seated.items()):
        raise ReplayInvalid
    return seated


def _agree(slot: Fields, name: str | None, entry: Fields) -> bool:
    """Whether a slot and an entry of the details can be of one player. What one does not say, it does not deny."""
    ids = slot["working_set_slot_id"], entry["working_set_slot"]
    accounts = slot_account(slot), details_account(entry)
    names = name, html.unescape(entry["name"]) or None
    return (
        slot["control"] == entry["control"]
        and (None in ids or ids[0] == ids[1])
        and (None in accounts or accounts[0] == accounts[1])
        and (names[0] is None or names[1] is None or names[1].endswith(names[0]))
    )


def _user(slot: Fields, users: Sequence[Fields]) -> Fields | None:
    return users[slot["user_id"]] if slot["control"] == HUMAN else None


def _lobby_name(slot: Fields, users: Sequence[Fields]) -> str | None:
    user = _user(slot, users)
    return None if user is None else html.unescape(user["name"]) or None


def _without_clan(name: str) -> str:
    """The name of an entry of the details, where the clan stands before it: `[Clan]<sp/>Name` or `[Clan]Name`."""
    text = html.unescape(name)
    for end in _CLAN_ENDS:
        text = text.rpartition(end)[2]
    return text
