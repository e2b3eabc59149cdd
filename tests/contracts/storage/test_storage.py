"""What every backend promises of a unit of work: all or nothing, in one order, told once."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from tests.support.fakes.ladder import FakeStorage
from toprung.adapters.storage.limits import StorageLimits
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.ratings import NewEntry
from toprung.application.ports.storage import Storage, Transaction
from toprung.domain.errors import Conflict, NotFound, StorageUnavailable
from toprung.domain.events import (
    Change,
    EntriesImported,
    Event,
    LadderReloaded,
    MatchAborted,
    MatchRatingCorrected,
    PlayerBanned,
    PlayerCountryChanged,
    PlayerRegistered,
    PlayerRenamed,
    PlayerUnbanned,
    RatingChanged,
    RatingCreated,
)
from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.glicko2 import SkillEstimate
from toprung.domain.ratings.rating import Entry, EntryId, EntryState, RatingChange, RatingChangeKind

pytest_plugins = ("tests.support.databases",)

WRITERS: Final = 200
PLAYER: Final = Player(
    id=PlayerId(1),
    name="'; 별 \"\\ \N{GRINNING FACE}",
    country="KR",
    region="EUW",
    discord_id=2**63 - 1,
    in_game_names=("b", "a"),
    handles=("1-S2-1-1",),
    is_banned=True,
)
ENTRY: Final = Entry(id=EntryId(1), player_id=PlayerId(1), race="zerg", state=EntryState(mmr=-7, last_played_us=2**60))
EVENTS: Final[tuple[Event, ...]] = (
    PlayerRegistered(player=PLAYER),
    PlayerRenamed(player=PLAYER),
    PlayerCountryChanged(player=PLAYER),
    PlayerBanned(player=PLAYER),
    PlayerUnbanned(player=PLAYER),
    RatingCreated(entry=ENTRY),
    RatingChanged(entry=ENTRY, match_id=MatchId(2**40)),
    MatchAborted(match_id=MatchId(3), player_ids=(PlayerId(2), PlayerId(1))),
    MatchRatingCorrected(match_id=MatchId(3), entries=(ENTRY, ENTRY)),
    EntriesImported(entries=100_000),
    LadderReloaded(entries=7),
)


def registering(number: int, *, failing_with: Exception | None = None) -> Callable[[Transaction], int]:
    """A unit of work that adds a player and says so; with an exception, all for nothing."""

    def work(tx: Transaction) -> int:
        (player,) = tx.players.add([NewPlayer(name=f"p{number}", name_key=f"p{number}")])
        tx.changes.record(PlayerRegistered(player=player))
        if failing_with is not None:
            raise failing_with
        return number

    return work


async def all_changes(storage: Storage) -> list[Change]:
    changes = await storage.read(lambda tx: tx.changes.since(0))
    assert changes is not None
    return changes


async def test_a_write_gives_what_its_work_gave_and_its_changes(storage: Storage) -> None:
    committed = await storage.write(registering(5))
    assert committed.value == 5
    (change,) = committed.changes
    assert change.seq == 1
    assert isinstance(change.event, PlayerRegistered)
    assert change.event.player.name == "p5"
    assert (await storage.write(lambda tx: tx.notes.put("quiet", "yes"))).changes == ()


async def test_every_event_comes_back_as_it_was_recorded(storage: Storage) -> None:
    committed = await storage.write(lambda tx: tx.changes.record(*EVENTS))
    assert committed.changes == tuple(Change(seq=place, event=event) for place, event in enumerate(EVENTS, 1))
    assert await all_changes(storage) == list(committed.changes)
    assert await storage.read(lambda tx: tx.changes.last_seq()) == len(EVENTS)


async def test_places_in_the_sequence_follow_one_another_over_all_transactions(storage: Storage) -> None:
    told: list[Change] = []
    for many in (1, 3, 0, 2):
        committed = await storage.write(lambda tx, many=many: tx.changes.record(*EVENTS[:many]))  # type: ignore[misc]
        told += committed.changes
    assert [change.seq for change in told] == [1, 2, 3, 4, 5, 6]
    for seen in range(7):
        assert await storage.read(lambda tx, seen=seen: tx.changes.since(seen)) == told[seen:]  # type: ignore[misc]


async def test_an_exception_leaves_nothing_and_arrives_as_it_was_raised(storage: Storage) -> None:
    await storage.write(registering(1))
    error = NotFound("there is no such thing")
    with pytest.raises(NotFound) as raised:
        await storage.write(registering(2, failing_with=error))
    assert raised.value is error
    names, seq = await storage.read(lambda tx: (list(tx.players.columns().names), tx.changes.last_seq()))
    assert (names, seq) == (["p1"], 1)
    committed = await storage.write(registering(3))
    assert [change.seq for change in committed.changes] == [2]


async def test_an_exception_in_a_read_arrives_as_it_was_raised(storage: Storage) -> None:
    error = KeyError("nobody")

    def work(tx: Transaction) -> None:
        raise error

    with pytest.raises(KeyError) as raised:
        await storage.read(work)
    assert raised.value is error


async def test_many_writers_at_once_are_each_committed_once_in_one_order(storage: Storage) -> None:
    runs: list[int] = []

    def work(tx: Transaction, number: int) -> None:
        runs.append(number)
        (player,) = tx.players.add([NewPlayer(name=f"p{number}", name_key=f"p{number}")])
        (entry,) = tx.entries.add([NewEntry(player_id=player.id, race="zerg", state=EntryState(mmr=number))])
        tx.changes.record(PlayerRegistered(player=player), RatingCreated(entry=entry))

    committed = await asyncio.gather(
        *(storage.write(lambda tx, number=number: work(tx, number)) for number in range(WRITERS))  # type: ignore[misc]
    )
    seqs = [change.seq for one in committed for change in one.changes]
    assert sorted(seqs) == list(range(1, 2 * WRITERS + 1))
    assert all(second.seq == first.seq + 1 for first, second in (one.changes for one in committed))
    assert sorted(set(runs)) == list(range(WRITERS))
    columns = await storage.read(lambda tx: tx.entries.columns())
    assert sorted(columns.mmr.tolist()) == list(range(WRITERS))
    changes = await all_changes(storage)
    assert changes == sorted((change for one in committed for change in one.changes), key=lambda change: change.seq)


async def test_writers_of_the_same_rows_at_once_do_not_undo_one_another(storage: Storage) -> None:
    (player,) = (await storage.write(lambda tx: tx.players.add([NewPlayer(name="a", name_key="a")]))).value
    key = (player.id, "zerg")
    await storage.write(
        lambda tx: tx.entries.add([NewEntry(player_id=player.id, race="zerg", state=EntryState(mmr=0))])
    )

    def win(tx: Transaction) -> None:
        entry = tx.entries.by_keys([key])[key]
        after = replace(entry, state=replace(entry.state, mmr=entry.mmr + 1))
        tx.entries.save([after])
        tx.changes.record(RatingChanged(entry=after, match_id=MatchId(1)))

    await asyncio.gather(*(storage.write(win) for _ in range(WRITERS)))
    changes = await all_changes(storage)
    # The order of the sequence is the order of the commits: each change says one more than the one before.
    assert [change.event.entry.mmr for change in changes if isinstance(change.event, RatingChanged)] == list(
        range(1, WRITERS + 1)
    )


async def test_those_who_fail_among_many_writers_hurt_nobody_else(storage: Storage) -> None:
    await storage.write(registering(0))
    errors = {number: NotFound(str(number)) for number in range(1, WRITERS, 7)}
    works = [registering(number, failing_with=errors.get(number)) for number in range(1, WRITERS)]
    works += [registering(0)] * 5  # the name is taken: the database itself refuses these
    outcomes = await asyncio.gather(*(storage.write(work) for work in works), return_exceptions=True)
    for number, outcome in enumerate(outcomes[: WRITERS - 1], 1):
        if number in errors:
            assert outcome is errors[number]
        else:
            assert not isinstance(outcome, BaseException)
            assert outcome.value == number
    assert all(isinstance(outcome, Conflict) for outcome in outcomes[WRITERS - 1 :])
    kept = {f"p{number}" for number in range(WRITERS) if number not in errors}
    assert set(await storage.read(lambda tx: tx.players.columns().names)) == kept
    assert [change.seq for change in await all_changes(storage)] == list(range(1, len(kept) + 1))


@pytest.mark.parametrize("limits", [StorageLimits(changes_kept_min=5, prune_every_changes=10)])
async def test_changes_that_are_no_longer_kept_are_not_passed_over_in_silence(storage: Storage) -> None:
    for _ in range(22):
        await storage.write(lambda tx: tx.changes.record(EVENTS[0]))
    if isinstance(storage, FakeStorage):
        storage.prune_changes(up_to_seq=15)
    answers = {
        seq: await storage.read(lambda tx, seq=seq: tx.changes.since(seq))  # type: ignore[misc]
        for seq in range(23)
    }
    assert {seq for seq, changes in answers.items() if changes is None} == set(range(15))
    for seq in range(15, 23):
        assert [change.seq for change in answers[seq] or ()] == list(range(seq + 1, 23))


async def test_notes_are_kept_and_written_over(storage: Storage) -> None:
    assert await storage.read(lambda tx: tx.notes.get("game")) is None
    await storage.write(lambda tx: tx.notes.put("game", "sc_evo"))
    await storage.write(lambda tx: tx.notes.put("game", "별 '\"\n"))
    await storage.write(lambda tx: tx.notes.put("other", ""))
    assert await storage.read(lambda tx: (tx.notes.get("game"), tx.notes.get("other"))) == ("별 '\"\n", "")


async def test_the_journal_gives_back_what_was_added_oldest_first(storage: Storage) -> None:
    def work(tx: Transaction) -> list[RatingChange]:
        (player,) = tx.players.add([NewPlayer(name="a", name_key="a")])
        (entry,) = tx.entries.add([NewEntry(player_id=player.id, race="zerg", state=EntryState(mmr=5))])
        kind = RatingChangeKind.IMPORT
        new, sure = EntryState(mmr=5), SkillEstimate(-5.1, 1 / 3, 0.06)
        later = EntryState(mmr=-5, skill=sure, games_won=1, games_drawn=2, last_played_us=7)
        rows = [
            RatingChange(entry_id=entry.id, kind=kind, before=None, after=new, at_us=9),
            RatingChange(
                entry_id=entry.id,
                kind=kind,
                before=new,
                after=later,
                at_us=8,
                expected_score=1 / 3,
                deviation_before=0.1,
            ),
        ]
        tx.journal.append([])
        tx.journal.append(rows[:1])
        tx.journal.append(rows[1:])
        return rows

    rows = (await storage.write(work)).value
    kept = await storage.read(lambda tx: tx.journal.current())
    assert [replace(row, position=None) for row in kept] == rows
    first, second = (row.position for row in kept)
    assert first is not None
    assert second is not None
    assert first < second
    assert await storage.read(lambda tx: tx.journal.current(second)) == kept[1:]


async def test_a_revision_takes_the_place_of_its_row_and_keeps_its_position(storage: Storage) -> None:
    def work(tx: Transaction) -> None:
        (player,) = tx.players.add([NewPlayer(name="a", name_key="a")])
        (entry,) = tx.entries.add([NewEntry(player_id=player.id, race="zerg", state=EntryState(mmr=5))])
        for mmr in (1, 2, 3):
            state = EntryState(mmr=mmr)
            tx.journal.append(
                [RatingChange(entry_id=entry.id, kind=RatingChangeKind.IMPORT, before=None, after=state, at_us=mmr)]
            )

    await storage.write(work)
    rows = await storage.read(lambda tx: tx.journal.current())
    revised = replace(rows[0], after=EntryState(mmr=-1), revision=2, at_us=9)
    await storage.write(lambda tx: tx.journal.append([revised]))
    assert await storage.read(lambda tx: tx.journal.current()) == [revised, *rows[1:]]
    again = replace(revised, after=EntryState(mmr=-2), revision=3)
    await storage.write(lambda tx: tx.journal.append([again]))
    assert await storage.read(lambda tx: tx.journal.current()) == [again, *rows[1:]]


async def test_what_a_read_writes_is_not_kept(storage: Storage) -> None:
    try:
        await storage.read(registering(1))
    except StorageUnavailable:
        assert not isinstance(storage, FakeStorage)  # a database says so
    assert list(await storage.read(lambda tx: tx.players.columns().names)) == []


async def test_closing_finishes_what_was_accepted(storage: Storage) -> None:
    writes = [asyncio.ensure_future(storage.write(registering(number))) for number in range(50)]
    await asyncio.sleep(0)  # so that all have been handed over
    await storage.close()
    assert all(write.done() for write in writes)
    assert sorted(write.result().value for write in writes) == list(range(50))
