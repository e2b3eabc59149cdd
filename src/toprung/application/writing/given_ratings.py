"""Ratings that come from people instead of games: set by an organiser, or imported from a file."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from toprung.application.ports.ratings import NewEntry
from toprung.application.ports.storage import Transaction
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.engines.rating_engine import RatingEngine
from toprung.domain.ratings.linked.player_belief import PlayerBelief
from toprung.domain.ratings.rating import Entry, EntryState, RatingChange, RatingChangeKind

PLAYERS_AT_ONCE: Final = 250
"""Looked at between two questions to the database: on PostgreSQL, for how many the event loop stands still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenRating:
    """What one entry is to be, in numbers; `entry` is None where the player has none with this race yet."""

    player_id: PlayerId
    race: str
    entry: Entry | None
    state: EntryState


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """An entry before and after it is given a rating; `after` is what the journal says of it."""

    before: EntryState | None
    after: EntryState
    shown: EntryState


class RatingGiver:
    """Gives entries their ratings in one transaction, each with what it says of the player's other races."""

    def __init__(self, tx: Transaction, engine: RatingEngine, now_us: int) -> None:
        self._tx = tx
        self._engine = engine
        self._now_us = now_us
        self._known: dict[PlayerId, PlayerBelief | None] = {}

    def foresee(self, one: GivenRating) -> Foreseen:
        """What giving this rating next would do; nothing is written."""
        if one.player_id not in self._known:
            self._look_up({one.player_id})
        known = self._known[one.player_id]
        before = None if one.entry is None else self._engine.refreshed(one.entry.state, one.race, known)
        after = self._engine.given(one.state, one.race, before=before, known=known)
        return Foreseen(before=before, after=after, shown=self._engine.refreshed(after, one.race, after.belief))

    def give(self, kind: RatingChangeKind, given: Sequence[GivenRating]) -> list[Entry]:
        """Writes the entries with their rows in the journal, and gives them as they are then."""
        self._look_up({one.player_id for one in given} - self._known.keys())
        done: list[Foreseen] = []
        for one in given:
            done.append(self.foresee(one))
            self._known[one.player_id] = done[-1].after.belief
        new = [
            NewEntry(player_id=one.player_id, race=one.race, state=foreseen.shown)
            for one, foreseen in zip(given, done, strict=True)
            if one.entry is None
        ]
        added = iter(self._tx.entries.add(new))
        entries = [
            next(added) if one.entry is None else replace(one.entry, state=foreseen.shown)
            for one, foreseen in zip(given, done, strict=True)
        ]
        self._tx.entries.save([entry for entry, one in zip(entries, given, strict=True) if one.entry is not None])
        self._tx.journal.append(
            [
                RatingChange(
                    entry_id=entry.id, kind=kind, before=foreseen.before, after=foreseen.after, at_us=self._now_us
                )
                for entry, foreseen in zip(entries, done, strict=True)
            ]
        )
        return entries

    def finish(self) -> list[Entry]:
        """Brings the other entries of these players up to what is known now; gives those that this changes."""
        changed: list[Entry] = []
        players = [player_id for player_id, known in self._known.items() if known is not None]
        for first in range(0, len(players), PLAYERS_AT_ONCE):
            others = []
            for entry in self._tx.entries.of_players(players[first : first + PLAYERS_AT_ONCE]):
                state = self._engine.refreshed(entry.state, entry.race, self._known[entry.player_id])
                if state != entry.state:
                    others.append(replace(entry, state=state))
            self._tx.entries.save(others)
            changed += others
        return changed

    def _look_up(self, player_ids: Collection[PlayerId]) -> None:
        self._known.update(dict.fromkeys(player_ids))
        for entry in self._tx.entries.of_players(player_ids):
            self._known[entry.player_id] = entry.state.belief
