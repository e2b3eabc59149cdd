"""Recording matches: rated once, in order, without a point made or lost, and the journal tells the whole story."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.flows.life.strategies import catalog
from tests.support.databases import Database
from tests.support.fakes.ladder import FakeClock, FakeStorage, Listener
from toprung.application.matches.match_rating import MatchRater
from toprung.application.matches.match_service import BATCH_MATCHES_MAX, MatchService, RecordedMatch
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.storage import Storage
from toprung.application.writing.engines import Engines
from toprung.application.writing.event_bus import EventBus
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import InvalidInput, StorageUnavailable, ToprungError
from toprung.domain.events import RatingChanged, RatingCreated
from toprung.domain.matches.match import FinalMatch, MatchResult, Participant
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.rating import Entry, RatingChangeKind
from toprung.domain.ratings.rating_system import rating_system

pytest_plugins = ("tests.support.databases",)

WON, LOST, DRAW = MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON, MatchResult.DRAW
NOW_US: Final = FakeClock().now_us()
RACES: Final = ("bw_zerg", "sc2_terran")


@dataclass
class Recording:
    """A match service on a storage, four players, and what the event bus told."""

    storage: Storage
    service: MatchService
    listener: Listener
    players: list[PlayerId]

    async def entries(self) -> list[Entry]:
        stored = await self.storage.read(lambda tx: list(tx.entries.stored()))
        return [one.entry for one in stored]


async def recording_on(storage: Storage) -> Recording:
    listener, bus = Listener(), EventBus()
    bus.subscribe(listener.hear)
    service = MatchService(
        unit_of_work=UnitOfWork(storage, bus),
        catalog=catalog(),
        clock=FakeClock(),
        rater=MatchRater(Engines(rating_system("elo"))),
    )
    new = [NewPlayer(name=name, name_key=name) for name in ("ann", "bob", "cid", "dan")]
    added = await storage.write(lambda tx: tx.players.add(new))
    return Recording(storage, service, listener, [player.id for player in added.value])


@asynccontextmanager
async def new_recording() -> AsyncIterator[Recording]:
    """On an SQLite database of its own, for one example of many."""
    with TemporaryDirectory(prefix="toprung-") as folder:
        async with Database("sqlite", f"sqlite:///{folder}/ladder.db").writing() as storage:
            yield await recording_on(storage)


@pytest.fixture
async def recording(database: Database) -> AsyncIterator[Recording]:
    """On each database."""
    async with database.writing() as storage:
        yield await recording_on(storage)


def match(
    players: Sequence[PlayerId],
    one: int,
    other: int,
    result: MatchResult = WON,
    *,
    key: str = "game",
    ended_at_us: int = NOW_US,
    races: tuple[str, str] = ("bw_zerg", "bw_zerg"),
) -> FinalMatch:
    sides = [(Participant(player_id=players[who], race=race),) for who, race in zip((one, other), races, strict=True)]
    return FinalMatch(source_key=key, sides=(sides[0], sides[1]), result=result, ended_at_us=ended_at_us)


@dataclass(frozen=True)
class Played:
    """A match as hypothesis thinks of it."""

    one: int
    other: int
    races: tuple[str, str]
    result: MatchResult
    key: int
    ended_at_us: int


matches = st.builds(
    Played,
    one=st.integers(0, 3),
    other=st.integers(0, 3),
    races=st.tuples(*[st.sampled_from(RACES)] * 2),
    result=st.sampled_from(MatchResult),
    key=st.integers(0, 12),
    ended_at_us=st.integers(1, NOW_US),
).filter(lambda played: played.one != played.other)
batches = st.lists(st.lists(matches, min_size=1, max_size=5), min_size=1, max_size=6)


class PlainLadder:
    """Elo as the book says it, with a dict and a loop."""

    def __init__(self) -> None:
        self.mmr: dict[tuple[int, str], int] = {}
        self.results: dict[tuple[int, str], list[float]] = {}
        self.last: dict[tuple[int, str], int] = {}
        self.seen: set[int] = set()

    def play(self, played: Played) -> bool:
        if played.key in self.seen:
            return False
        self.seen.add(played.key)
        one, other = (played.one, played.races[0]), (played.other, played.races[1])
        a, b = self.mmr.setdefault(one, 1500), self.mmr.setdefault(other, 1500)
        score = {WON: 1.0, LOST: 0.0, DRAW: 0.5}[played.result]
        exact = 40 * (score - 1 / (1 + 10 ** ((b - a) / 500)))
        change = int(abs(exact) + 0.5) * (1 if exact >= 0 else -1)
        self.mmr[one], self.mmr[other] = a + change, b - change
        for entry, points in ((one, score), (other, 1 - score)):
            self.results.setdefault(entry, []).append(points)
            self.last[entry] = max(self.last.get(entry, 0), played.ended_at_us)
        return True


@given(batches=batches)
@settings(max_examples=40)
async def test_any_sequence_of_matches_is_rated_as_the_book_says_and_the_journal_tells_it(
    batches: list[list[Played]],
) -> None:
    plain = PlainLadder()
    async with new_recording() as recording:
        for batch in batches:
            new = [plain.play(played) for played in batch]
            recorded = await recording.service.record_batch(
                [
                    match(
                        recording.players,
                        played.one,
                        played.other,
                        played.result,
                        key=str(played.key),
                        ended_at_us=played.ended_at_us,
                        races=played.races,
                    )
                    for played in batch
                ]
            )
            assert [one is not None for one in recorded] == new
        entries = {(recording.players.index(one.player_id), one.race): one for one in await recording.entries()}
        assert {key: entry.mmr for key, entry in entries.items()} == plain.mmr
        assert sum(entry.mmr - 1500 for entry in entries.values()) == 0
        for key, entry in entries.items():
            results = plain.results[key]
            assert entry.state.games_played == len(results)
            assert (entry.state.games_won, entry.state.games_drawn, entry.state.games_lost) == tuple(
                map(results.count, (1, 0.5, 0))
            )
            assert entry.state.last_played_us == plain.last[key]
        await journal_is_whole(recording, matches=len(plain.seen))
        assert [change.seq for change in recording.listener.heard] == list(
            range(1, await recording.storage.read(lambda tx: tx.changes.last_seq()) + 1)
        )


async def journal_is_whole(recording: Recording, *, matches: int) -> None:
    """Each row begins where the entry's row before ended, the last is the rating, and each match adds up to zero."""
    journal = await recording.storage.read(lambda tx: tx.journal.current())
    assert len(journal) == 2 * matches
    assert await recording.storage.read(lambda tx: tx.matches.count()) == matches
    for entry in await recording.entries():
        chain = [row for row in journal if row.entry_id == entry.id]
        assert [row.mmr_before for row in chain] == [1500, *[row.mmr_after for row in chain[:-1]]]
        assert chain[-1].mmr_after == entry.mmr
        assert all(before.match_id != after.match_id for before, after in pairwise(chain))
    for first, second in zip(journal[::2], journal[1::2], strict=True):
        assert first.match_id == second.match_id
        assert first.entry_id != second.entry_id
        assert first.kind is second.kind is RatingChangeKind.MATCH
        assert first.at_us == second.at_us == NOW_US
        assert (first.expected_score or 0) + (second.expected_score or 0) == pytest.approx(1)
        assert first.mmr_after - (first.mmr_before or 0) == (second.mmr_before or 0) - second.mmr_after


async def test_a_first_match_makes_both_entries_and_tells_of_them(recording: Recording) -> None:
    recorded = await recording.service.record(match(recording.players, 0, 1, races=("bw_zerg", "sc2_terran")))
    assert recorded is not None
    one, other = recorded.entries
    assert (one.player_id, one.race, one.mmr, one.state.games_won, one.state.games_lost) == (
        recording.players[0],
        "bw_zerg",
        1520,
        1,
        0,
    )
    assert (other.player_id, other.race, other.mmr, other.state.games_won, other.state.games_lost) == (
        recording.players[1],
        "sc2_terran",
        1480,
        0,
        1,
    )
    assert await recording.entries() == [one, other]
    events = [change.event for change in recording.listener.heard]
    assert [type(event) for event in events] == [RatingCreated, RatingCreated, RatingChanged, RatingChanged]
    assert events[2:] == [RatingChanged(entry=entry, match_id=recorded.match_id) for entry in (one, other)]
    assert [event.entry.id for event in events if isinstance(event, RatingCreated)] == [one.id, other.id]


async def test_a_second_race_is_a_second_entry(recording: Recording) -> None:
    await recording.service.record(match(recording.players, 0, 1, key="1"))
    await recording.service.record(match(recording.players, 0, 1, key="2", races=("sc2_terran", "bw_zerg")))
    entries = {(entry.player_id, entry.race): entry.mmr for entry in await recording.entries()}
    assert entries[recording.players[0], "bw_zerg"] == 1520
    assert entries[recording.players[0], "sc2_terran"] > 1500
    assert len(entries) == 3


async def test_a_match_that_is_known_changes_nothing_and_tells_nobody(recording: Recording) -> None:
    await recording.service.record(match(recording.players, 0, 1))
    before, heard = await recording.entries(), len(recording.listener.heard)
    assert await recording.service.record(match(recording.players, 2, 3, LOST)) is None
    assert await recording.service.record_batch([match(recording.players, 0, 1)] * 3) == [None] * 3
    assert (await recording.entries(), len(recording.listener.heard)) == (before, heard)


async def test_the_same_match_twice_in_one_batch_is_recorded_once_and_first(recording: Recording) -> None:
    first, again = match(recording.players, 0, 1, WON), match(recording.players, 0, 1, LOST)
    other = match(recording.players, 2, 3, key="other")
    recorded = await recording.service.record_batch([first, again, other, first])
    assert [one is not None for one in recorded] == [True, False, True, False]
    assert {entry.state.games_played for entry in await recording.entries()} == {1}
    await journal_is_whole(recording, matches=2)


async def test_the_same_matches_from_many_callers_at_once_are_recorded_once(recording: Recording) -> None:
    calls = [
        recording.service.record(match(recording.players, number % 4, (number + 1) % 4, key=f"game {number}"))
        for _ in range(6)
        for number in range(12)
    ]
    outcomes = await asyncio.gather(*calls)
    assert sum(isinstance(outcome, RecordedMatch) for outcome in outcomes) == 12
    assert sum(entry.state.games_played for entry in await recording.entries()) == 24
    assert sum(entry.mmr - 1500 for entry in await recording.entries()) == 0
    await journal_is_whole(recording, matches=12)
    heard = [change.seq for change in recording.listener.heard]
    assert sorted(heard) == list(range(1, len(heard) + 1))


def wrong_matches(players: Sequence[PlayerId]) -> dict[str, FinalMatch]:
    good = match(players, 0, 1)
    two = (*good.sides[0], Participant(player_id=players[2], race="bw_zerg"))
    return {
        "a race of another game": match(players, 0, 1, key="wrong", races=("bw_zerg", "orc")),
        "against themselves": match(players, 0, 0, key="wrong", races=RACES),
        "in the future": match(players, 0, 1, key="wrong", ended_at_us=NOW_US + MICROSECONDS_PER_DAY + 1),
        "two against one": FinalMatch(source_key="wrong", sides=(two, good.sides[1]), result=WON, ended_at_us=1),
        "against nobody": FinalMatch(source_key="wrong", sides=(good.sides[0], ()), result=WON, ended_at_us=1),
    }


@pytest.mark.parametrize("what", wrong_matches([PlayerId(1)] * 4))
async def test_a_match_that_cannot_be_is_refused_with_all_that_came_with_it(what: str) -> None:
    recording = await recording_on(FakeStorage())
    wrong = wrong_matches(recording.players)[what]
    with pytest.raises(InvalidInput):
        await recording.service.record_batch([match(recording.players, 2, 3, key="good"), wrong])
    assert await recording.entries() == []
    assert await recording.storage.read(lambda tx: tx.matches.count()) == 0


async def test_a_clock_that_runs_a_day_ahead_is_forgiven(recording: Recording) -> None:
    ahead = match(recording.players, 0, 1, ended_at_us=NOW_US + MICROSECONDS_PER_DAY)
    assert await recording.service.record(ahead) is not None


async def test_a_match_of_somebody_who_does_not_exist_leaves_nothing(recording: Recording) -> None:
    with pytest.raises(ToprungError):
        await recording.service.record_batch(
            [match(recording.players, 0, 1, key="good"), match([recording.players[0], PlayerId(99)], 0, 1, key="bad")]
        )
    assert await recording.entries() == []
    assert await recording.storage.read(lambda tx: tx.matches.count()) == 0
    assert await recording.service.record(match(recording.players, 0, 1, key="good")) is not None


async def test_a_batch_has_a_limit(recording: Recording) -> None:
    many = [match(recording.players, 0, 1, key=str(number)) for number in range(BATCH_MATCHES_MAX + 1)]
    with pytest.raises(ValueError, match="at most 1000"):
        await recording.service.record_batch(many)
    recorded = await recording.service.record_batch(many[:-1])
    assert all(one is not None for one in recorded)
    await journal_is_whole(recording, matches=BATCH_MATCHES_MAX)


async def test_a_match_is_there_wholly_or_not_at_all_when_the_database_fails() -> None:
    storage = FakeStorage()
    recording = await recording_on(storage)
    storage.fail_writes()
    with pytest.raises(StorageUnavailable):
        await recording.service.record(match(recording.players, 0, 1))
    assert (await recording.entries(), recording.listener.heard) == ([], [])
    assert await recording.service.record(match(recording.players, 0, 1)) is not None


async def test_a_lost_race_counts_a_match_once() -> None:
    storage = FakeStorage()
    recording = await recording_on(storage)
    storage.lose_next_race()
    assert await recording.service.record(match(recording.players, 0, 1)) is not None
    await journal_is_whole(recording, matches=1)
