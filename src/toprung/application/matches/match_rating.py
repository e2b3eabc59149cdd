"""What completed matches do to ratings: entries, journal and events, in the transaction of whoever completes them."""

from collections.abc import Sequence
from dataclasses import dataclass

from toprung.application.ports.ratings import EntryKey, NewEntry
from toprung.application.ports.storage import Transaction
from toprung.application.writing.engines import Engines
from toprung.domain.events import Event, RatingChanged, RatingCreated
from toprung.domain.matches.match import MatchId, MatchResult, Participant
from toprung.domain.ratings.rating import Entry, EntryId, EntryState, RatingChange, RatingChangeKind
from toprung.domain.ratings.rating_engine import RatingEngine
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
        engine = self._engines.current(tx)
        entries = _entries(tx, engine, matches)
        events: list[Event] = [
            RatingCreated(entry=entry) for entry in entries.values() if entry.state.games_played == 0
        ]
        journal: list[RatingChange] = []
        pairs = []
        for match in matches:
            rated = _rated(engine, entries, match)
            for participant, rating in zip(match.participants, rated, strict=True):
                entries[_key(participant)] = rating.after
                journal.append(_row(match, rating, now_us))
            pairs.append((rated[0].after, rated[1].after))
            events += [RatingChanged(entry=rating.after, match_id=match.match_id) for rating in rated]
        tx.entries.save(list(entries.values()))
        tx.journal.append(journal)
        tx.changes.record(*events)
        return pairs

    def foretell(self, tx: Transaction, match: Decided) -> tuple[Rating, Rating]:
        """What rating the match would do; nothing is stored, so that an entry which is new has the id 0."""
        keys = [_key(one) for one in match.participants]
        entries = tx.entries.by_keys(keys)
        engine = self._engines.current(tx)
        mmr, skill = engine.start()
        for player_id, race in keys:
            newcomer = Entry(id=EntryId(0), player_id=player_id, race=race, state=EntryState(mmr=mmr, skill=skill))
            entries.setdefault((player_id, race), newcomer)
        return _rated(engine, entries, match)


def _entries(tx: Transaction, engine: RatingEngine, matches: Sequence[Decided]) -> dict[EntryKey, Entry]:
    """The entries that these matches touch; those that do not exist yet are made."""
    keys = list(dict.fromkeys(_key(one) for match in matches for one in match.participants))
    entries = tx.entries.by_keys(keys)
    missing = [key for key in keys if key not in entries]
    mmr, skill = engine.start()
    made = tx.entries.add(
        [NewEntry(player_id=player, race=race, state=EntryState(mmr=mmr, skill=skill)) for player, race in missing]
    )
    entries.update(zip(missing, made, strict=True))
    return entries


def _rated(engine: RatingEngine, entries: dict[EntryKey, Entry], match: Decided) -> tuple[Rating, Rating]:
    first, second = match.participants
    verdict = Verdict(result=match.result, ended_at_us=match.ended_at_us)
    return rate(engine, entries[_key(first)], entries[_key(second)], verdict)


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
