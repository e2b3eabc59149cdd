import asyncio
from collections.abc import Sequence

import pytest

from tests.support.fakes.ladder import FakeStorage, Listener, recording
from toprung.application.ports.storage import Transaction
from toprung.application.writing.event_bus import EventBus
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import InvalidInput, OutcomeUnknown, StorageUnavailable
from toprung.domain.events import Change, PlayerRegistered
from toprung.domain.players.player import Player, PlayerId

ONE = PlayerRegistered(player=Player(id=PlayerId(1), name="one"))
TWO = PlayerRegistered(player=Player(id=PlayerId(2), name="two"))


class Told:
    """A unit of work on a fake storage, with somebody who listens."""

    def __init__(self) -> None:
        self.storage = FakeStorage()
        self.bus = EventBus()
        self.listener = Listener()
        self.bus.subscribe(self.listener.hear)
        self.unit_of_work = UnitOfWork(self.storage, self.bus)


@pytest.fixture
def told() -> Told:
    return Told()


async def test_what_was_committed_is_told_with_its_places_before_run_returns(told: Told) -> None:
    await told.unit_of_work.run(recording(ONE, TWO))
    assert told.listener.heard == [Change(seq=1, event=ONE), Change(seq=2, event=TWO)]


async def test_run_gives_what_the_work_gives(told: Told) -> None:
    assert await told.unit_of_work.run(lambda tx: tx.changes.last_seq() + 41) == 41


async def test_nothing_is_told_before_the_commit(told: Told) -> None:
    gate = told.storage.hold_commits()
    running = asyncio.ensure_future(told.unit_of_work.run(recording(ONE)))
    await gate.reached()
    assert told.listener.heard == []
    assert told.storage.database.seq == 0
    gate.open()
    await running
    assert [change.event for change in told.listener.heard] == [ONE]


async def test_work_that_fails_leaves_nothing_and_tells_nothing(told: Told) -> None:
    def work(tx: Transaction) -> None:
        recording(ONE)(tx)
        raise InvalidInput("name", "No.")

    with pytest.raises(InvalidInput):
        await told.unit_of_work.run(work)
    assert (told.storage.database.players, told.storage.database.seq, told.listener.heard) == ({}, 0, [])


async def test_a_commit_that_fails_tells_nothing(told: Told) -> None:
    told.storage.fail_writes()
    with pytest.raises(StorageUnavailable):
        await told.unit_of_work.run(recording(ONE))
    assert (told.storage.database.players, told.listener.heard) == ({}, [])
    await told.unit_of_work.run(recording(TWO))
    assert told.listener.heard == [Change(seq=1, event=TWO)]


async def test_work_that_records_nothing_tells_nothing(told: Told) -> None:
    calls: list[Sequence[Change]] = []

    async def hear(changes: Sequence[Change]) -> None:
        calls.append(changes)

    told.bus.subscribe(hear)
    await told.unit_of_work.run(lambda tx: tx.notes.put("game", "test"))
    assert (calls, told.storage.database.notes) == ([], {"game": "test"})


async def test_a_caller_that_is_cancelled_leaves_a_commit_that_is_told(told: Told) -> None:
    gate = told.storage.hold_commits()
    running = asyncio.ensure_future(told.unit_of_work.run(recording(ONE)))
    await gate.reached()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert told.listener.heard == []
    gate.open()
    await told.unit_of_work.drain()
    assert [change.event for change in told.listener.heard] == [ONE]
    assert told.storage.database.players == {1: ONE.player}


async def test_a_caller_that_is_cancelled_at_once_leaves_all_or_nothing(told: Told) -> None:
    running = asyncio.ensure_future(told.unit_of_work.run(recording(ONE)))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await told.unit_of_work.drain()
    assert len(told.listener.heard) == told.storage.database.seq == len(told.storage.database.players)


async def test_a_listener_that_fails_does_not_undo_or_hide_the_commit(told: Told) -> None:
    told.listener.failures = 1
    other = Listener()
    told.bus.subscribe(other.hear)
    await told.unit_of_work.run(recording(ONE))
    assert [change.event for change in other.heard] == [ONE]
    assert told.storage.database.seq == 1


async def test_work_that_runs_again_after_a_lost_race_is_told_once(told: Told) -> None:
    told.storage.lose_next_race()
    await told.unit_of_work.run(recording(ONE))
    assert told.listener.heard == [Change(seq=1, event=ONE)]


async def test_drain_waits_for_all_that_was_begun_and_returns_at_once_where_nothing_is(told: Told) -> None:
    await told.unit_of_work.drain()
    gate = told.storage.hold_commits()
    running = [asyncio.ensure_future(told.unit_of_work.run(recording(event))) for event in (ONE, TWO)]
    await gate.reached()
    draining = asyncio.ensure_future(told.unit_of_work.drain())
    await asyncio.wait([draining], timeout=0)
    assert not draining.done()
    gate.open()
    await draining
    assert [change.event for change in told.listener.heard] == [ONE, TWO]
    await asyncio.gather(*running)


async def test_drain_does_not_mind_what_fails(told: Told) -> None:
    told.storage.fail_writes()
    running = asyncio.ensure_future(told.unit_of_work.run(recording(ONE)))
    await asyncio.wait([running], timeout=0)
    await told.unit_of_work.drain()
    with pytest.raises(StorageUnavailable):
        await running


async def test_a_read_sees_what_is_committed_and_keeps_nothing(told: Told) -> None:
    await told.unit_of_work.run(recording(ONE))
    assert await told.unit_of_work.read(lambda tx: tx.players.get(PlayerId(1))) == ONE.player
    await told.unit_of_work.read(lambda tx: tx.notes.put("game", "other"))
    assert told.storage.database.notes == {}


@pytest.mark.parametrize("is_kept", [True, False])
async def test_an_outcome_that_is_not_known_has_the_ladder_read_anew_and_is_called_so(
    told: Told, is_kept: bool
) -> None:
    gaps: list[int] = []

    async def hear() -> None:
        gaps.append(told.storage.database.seq)

    told.bus.subscribe(told.listener.hear, (), on_gap=hear)
    told.storage.lose_next_answer(is_kept=is_kept)
    with pytest.raises(OutcomeUnknown):
        await told.unit_of_work.run(recording(ONE))
    assert (gaps, told.listener.heard) == ([int(is_kept)], [])
    await told.unit_of_work.run(recording(TWO))
    assert len(gaps) == 1
