"""Ratings that come from people instead of games: set by an organiser, or imported from a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from toprung.application.ports.ratings import NewEntry
from toprung.application.ports.storage import Transaction
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.engines.rating_engine import RatingEngine
from toprung.domain.ratings.linked.player_belief import PlayerBelief
from toprung.domain.ratings.rating import Entry, EntryState, RatingChange, RatingChangeKind


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

    def foresee(self, one: GivenRating) -> Foreseen:
        """What giving this rating would do; nothing is written."""
        return self._foreseen(one, self._known([one])[one.player_id])

    def give(self, kind: RatingChangeKind, given: Sequence[GivenRating]) -> tuple[list[Entry], list[Entry]]:
        """Writes the entries with their rows in the journal, one after the other, and what that says of others.

        Gives the entries, and the players' other ones that are known better or worse by it. All that is known is in the
        database afterwards and nothing is kept here: of a large file, that would be more than a collector of garbage
        goes through in passing.
        """
        known, done = self._known(given), list[Foreseen]()
        for one in given:
            done.append(self._foreseen(one, known[one.player_id]))
            known[one.player_id] = done[-1].after.belief
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
        return entries, self._refreshed(known)

    def _foreseen(self, one: GivenRating, known: PlayerBelief | None) -> Foreseen:
        before = None if one.entry is None else self._engine.refreshed(one.entry.state, one.race, known)
        after = self._engine.given(one.state, one.race, before=before, known=known)
        return Foreseen(before=before, after=after, shown=self._engine.refreshed(after, one.race, after.belief))

    def _known(self, given: Sequence[GivenRating]) -> dict[PlayerId, PlayerBelief | None]:
        known: dict[PlayerId, PlayerBelief | None] = dict.fromkeys([one.player_id for one in given])
        for entry in self._tx.entries.of_players(known):
            known[entry.player_id] = entry.state.belief
        return known

    def _refreshed(self, known: Mapping[PlayerId, PlayerBelief | None]) -> list[Entry]:
        """Brings the entries of these players up to what is known of them; gives those that this changes."""
        changed = []
        for entry in self._tx.entries.of_players([player_id for player_id, one in known.items() if one is not None]):
            state = self._engine.refreshed(entry.state, entry.race, known[entry.player_id])
            if state != entry.state:
                changed.append(replace(entry, state=state))
        self._tx.entries.save(changed)
        return changed
