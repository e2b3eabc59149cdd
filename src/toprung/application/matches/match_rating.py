"""What completed matches do to ratings: entries, journal and events, in the transaction of whoever completes them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from toprung.application.ports.ratings import EntryKey, NewEntry
from toprung.application.ports.storage import Transaction
from toprung.application.writing.engines import Engines
from toprung.domain.events import Event, RatingChanged, RatingCreated
from toprung.domain.matches.match import MatchId, MatchResult, Participant
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.engines.rating_engine import RatingEngine
from toprung.domain.ratings.rating import Entry, EntryId, RatingChange, RatingChangeKind
from toprung.domain.ratings.rating_log import Rating, Verdict, rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A match that has its result and was never rated."""

    match_id: MatchId
    participants: tuple[Participant, Participant]
    result: MatchResult
    ended_at_us: int


class MatchRater:
    """Rates matches, each once: the journal has one first row for a match and an entry, and refuses a second."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def rate(self, tx: Transaction, matches: Sequence[Decided], now_us: int) -> list[tuple[Entry, Entry]]:
        """Rates matches in the order given and stores what that does; gives the entries that each one left."""
        entries = _Entries(tx, self._engines.current(tx), matches, is_kept=True)
        events: list[Event] = [RatingCreated(entry=entry) for entry in entries.unplayed()]
        journal: list[RatingChange] = []
        pairs = []
        for match in matches:
            (first, _), (second, _) = rated = entries.rated(match)
            for rating, others in rated:
                journal.append(_row(match, rating, now_us))
                events.append(RatingChanged(entry=rating.after, match_id=match.match_id, others=others))
            pairs.append((first.after, second.after))
        tx.entries.save(entries.changed())
        tx.journal.append(journal)
        tx.changes.record(*events)
        return pairs

    def foretell(self, tx: Transaction, match: Decided) -> tuple[Rating, Rating]:
        """What rating the match would do; nothing is stored, so that an entry which is new has the id 0."""
        (first, _), (second, _) = _Entries(tx, self._engines.current(tx), [match], is_kept=False).rated(match)
        return first, second


class _Entries:
    """The entries of the players of some matches, as each match leaves them."""

    def __init__(self, tx: Transaction, engine: RatingEngine, matches: Sequence[Decided], *, is_kept: bool) -> None:
        self._engine = engine
        keys = list(dict.fromkeys(_key(one) for match in matches for one in match.participants))
        self._of_player: dict[PlayerId, dict[str, Entry]] = {player_id: {} for player_id, _ in keys}
        stored = tx.entries.of_players(self._of_player)
        missing = sorted(set(keys) - {(entry.player_id, entry.race) for entry in stored}, key=keys.index)
        known = {entry.player_id: entry.state.belief for entry in stored}
        new = [
            NewEntry(player_id=player, race=race, state=engine.newcomer(race, known.get(player)))
            for player, race in missing
        ]
        made = (
            tx.entries.add(new)
            if is_kept
            else [Entry(id=EntryId(0), player_id=one.player_id, race=one.race, state=one.state) for one in new]
        )
        self._found = [*stored, *made]
        self._to_play = set(keys)
        for entry in self._found:
            self._of_player[entry.player_id][entry.race] = entry

    def unplayed(self) -> list[Entry]:
        """Those that were never played yet, and are to be."""
        return [
            entry
            for entry in self._found
            if entry.state.games_played == 0 and (entry.player_id, entry.race) in self._to_play
        ]

    def changed(self) -> list[Entry]:
        """Those that are not what they were when this was made."""
        now = [self._of_player[entry.player_id][entry.race] for entry in self._found]
        return [entry for entry, before in zip(now, self._found, strict=True) if entry is not before]

    def rated(self, match: Decided) -> list[tuple[Rating, tuple[Entry, ...]]]:
        """What a match does to its two entries, each with what it lets one know of the player's others."""
        first, second = (self._of_player[one.player_id][one.race] for one in match.participants)
        verdict = Verdict(result=match.result, ended_at_us=match.ended_at_us)
        return [(rating, self._keep(rating.after)) for rating in rate(self._engine, first, second, verdict)]

    def _keep(self, played: Entry) -> tuple[Entry, ...]:
        entries, known = self._of_player[played.player_id], played.state.belief
        entries[played.race] = played
        if known is None:
            return ()
        others = []
        for race, entry in entries.items():
            if race != played.race:
                entries[race] = replace(entry, state=self._engine.refreshed(entry.state, race, known))
                others.append(entries[race])
        return tuple(others)


def _key(participant: Participant) -> EntryKey:
    return participant.player_id, participant.race


def _row(match: Decided, rating: Rating, now_us: int) -> RatingChange:
    return RatingChange(
        entry_id=rating.after.id,
        kind=RatingChangeKind.MATCH,
        before=rating.before.state,
        after=rating.after.state,
        at_us=now_us,
        match_id=match.match_id,
        expected_score=rating.expected_score,
        deviation_before=rating.deviation_before,
    )
