"""What every backend promises of lists: each page asks as often, and following the cursors shows every row once."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar, cast

import pytest
from sqlalchemy import event

from toprung.adapters.storage.transaction import SqlTransaction
from toprung.application.jobs.job_queue import JobHistory
from toprung.application.matches.match_history import REPLAYS_SHOWN_MAX, MatchHistory
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.ratings import NewEntry
from toprung.application.ports.records import AuditRow
from toprung.application.ports.storage import Committed, Storage, Transaction
from toprung.application.replays.replay_service import ReplayHistory
from toprung.application.writing.audit import AuditLog
from toprung.application.writing.engines import Engines
from toprung.application.writing.event_bus import EventBus
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import InvalidInput
from toprung.domain.jobs.job import JobKind, JobState, NewJob
from toprung.domain.listing import LISTED_MAX, Page
from toprung.domain.matches.match import FinalMatch, MatchId, MatchResult, MatchState, Participant
from toprung.domain.players.names import NameKeys
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.rating import EntryState, RatingChange, RatingChangeKind
from toprung.domain.ratings.rating_system import rating_system
from toprung.domain.replays.replay_upload import NewUpload, ReplayFile, UploadId

pytest_plugins = ("tests.support.databases",)

T = TypeVar("T")
MANY: Final = 10_000
SOME: Final = 450
RACE: Final = "zerg"
PLAYERS: Final = 4


class Counting:
    """A storage that counts what is asked of it: calls of repositories, and where there is SQL, its statements."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.calls = 0
        self.statements = 0

    async def read(self, work: Callable[[Transaction], T]) -> T:
        def counted(tx: Transaction) -> T:
            if isinstance(tx, SqlTransaction):
                event.listen(tx.connection, "before_cursor_execute", self._count)
            return work(cast("Transaction", _Watched(tx, self)))

        return await self._storage.read(counted)

    def _count(self, *_: object) -> None:
        self.statements += 1

    async def write(self, work: Callable[[Transaction], T]) -> Committed[T]:
        return await self._storage.write(work)

    @property
    def is_in_touch(self) -> bool:
        return True

    async def get_in_touch(self) -> None: ...

    async def close(self) -> None: ...


class _Watched:
    """A transaction, or a repository, whose calls are counted."""

    def __init__(self, inner: object, counting: Counting, depth: int = 0) -> None:
        self._inner, self._counting, self._depth = inner, counting, depth

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if self._depth == 0:
            return _Watched(found, self._counting, 1)
        self._counting.calls += 1
        return found


class Lists:
    """The four lists of a ladder on a storage, and the counts of what they ask."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.counting = Counting(storage)
        unit_of_work = UnitOfWork(self.counting, EventBus())
        self.matches = MatchHistory(
            unit_of_work=unit_of_work, name_keys=NameKeys({}), engines=Engines(rating_system("elo"))
        )
        self.uploads = ReplayHistory(unit_of_work=unit_of_work, name_keys=NameKeys({}))
        self.jobs = JobHistory(unit_of_work=unit_of_work, clock=cast("Any", None))
        self.audit = AuditLog(unit_of_work=unit_of_work)

    async def write(self, work: Callable[[Transaction], T]) -> T:
        return (await self.storage.write(work)).value


@pytest.fixture
def lists(storage: Storage) -> Lists:
    return Lists(storage)


def players_of(tx: Transaction) -> list[PlayerId]:
    new = [NewPlayer(name=f"p{number}", name_key=f"p{number}") for number in range(PLAYERS)]
    return [player.id for player in tx.players.add(new)]


def played(tx: Transaction, players: list[PlayerId], first: int, count: int) -> list[MatchId]:
    """Matches in a row between the same two entries, each with its two rows of the journal."""
    one, two = players[:2]
    known = tx.entries.by_keys([(one, RACE), (two, RACE)])
    if not known:
        tx.entries.add([NewEntry(player_id=player, race=RACE, state=EntryState(mmr=1500)) for player in (one, two)])
        known = tx.entries.by_keys([(one, RACE), (two, RACE)])
    sides = ((Participant(player_id=one, race=RACE),), (Participant(player_id=two, race=RACE),))
    matches = [
        FinalMatch(source_key=f"m{number}", sides=sides, result=MatchResult.SIDE_1_WON, ended_at_us=number)
        for number in range(first, first + count)
    ]
    ids = tx.matches.add(matches, recorded_at_us=1)
    tx.journal.append(
        [
            RatingChange(
                entry_id=known[player, RACE].id,
                kind=RatingChangeKind.MATCH,
                before=EntryState(mmr=1500),
                after=EntryState(mmr=1500 + number, games_won=1, last_played_us=number),
                at_us=number,
                match_id=match_id,
            )
            for number, match_id in enumerate(ids, first)
            for player in (one, two)
        ]
    )
    return ids


async def test_ten_thousand_matches_page_through_with_as_many_questions_a_page(lists: Lists) -> None:
    players = await lists.write(players_of)
    ids = await lists.write(lambda tx: played(tx, players, 0, MANY))
    seen: list[MatchId] = []
    asked: set[tuple[int, int]] = set()
    cursor: str | None = None
    for number in range(MANY):
        before = (lists.counting.calls, lists.counting.statements)
        page = await lists.matches.latest(LISTED_MAX, cursor=cursor)
        asked.add((lists.counting.calls - before[0], lists.counting.statements - before[1]))
        assert all(view.changes is not None and view.changes[0].match_id == view.match.id for view in page.rows)
        seen += [view.match.id for view in page.rows]
        await lists.write(lambda tx, number=number: played(tx, players, MANY + number, 1))  # type: ignore[misc]
        cursor = page.next
        if cursor is None:
            break
    assert seen == ids[::-1]
    assert len(asked) == 1, f"pages asked differently often: {asked}"
    ((calls, statements),) = asked
    assert calls <= 5
    assert statements <= calls + 1  # players and the names they have in the game are two


@pytest.mark.parametrize("limit", [1, 7, LISTED_MAX])
async def test_a_page_of_one_asks_as_often_as_a_page_of_many(lists: Lists, limit: int) -> None:
    players = await lists.write(players_of)
    await lists.write(lambda tx: played(tx, players, 0, LISTED_MAX + 1))
    await lists.matches.latest(limit, "p0", (MatchState.COMPLETED,))
    assert lists.counting.calls <= 6


async def followed(ask: Callable[[str | None], Any], meanwhile: Callable[[int], Any]) -> list[Any]:
    """All rows of a list, by following its cursors while `meanwhile` adds to it."""
    seen: list[Any] = []
    cursor: str | None = None
    for number in range(1_000):
        page: Page[Any] = await ask(cursor)
        seen += page.rows
        await meanwhile(number)
        if page.next is None:
            return seen
        cursor = page.next
    raise AssertionError("the list has no end")


async def test_every_job_is_listed_once_while_more_come(lists: Lists) -> None:
    (player, *_) = await lists.write(players_of)

    def enqueue(first: int, count: int) -> Callable[[Transaction], None]:
        def work(tx: Transaction) -> None:
            for key in range(first, first + count):
                tx.jobs.enqueue(
                    NewJob(
                        kind=JobKind.REPLAY, payload=f"{key}", dedup_key=f"{key}", player_id=player, enqueued_at_us=1
                    )
                )

        return work

    await lists.write(enqueue(0, SOME))
    found = await followed(
        lambda cursor: lists.jobs.latest(100, JobState.READY, cursor),
        lambda number: lists.write(enqueue(SOME + number, 1)),
    )
    assert [job.payload for job in found] == [str(key) for key in reversed(range(SOME))]


async def test_every_row_of_the_audit_is_listed_once_while_more_come(lists: Lists) -> None:
    def appending(first: int, count: int) -> Callable[[Transaction], None]:
        def work(tx: Transaction) -> None:
            for number in range(first, first + count):
                row = AuditRow(at_us=1, actor="a", action="ban", subject=f"s {number}", reason="", details="{}")
                tx.audit.append(row)

        return work

    await lists.write(appending(0, SOME))
    found = await followed(
        lambda cursor: lists.audit.latest(97, cursor), lambda number: lists.write(appending(SOME + number, 1))
    )
    assert [row.subject for row in found] == [f"s {number}" for number in reversed(range(SOME))]


async def test_every_upload_is_listed_once_while_more_come_and_a_match_has_its_latest(lists: Lists) -> None:
    players = await lists.write(players_of)
    matches = await lists.write(lambda tx: played(tx, players, 0, 3))

    def uploading(first: int, count: int) -> Callable[[Transaction], list[UploadId]]:
        def work(tx: Transaction) -> list[UploadId]:
            made = []
            for number in range(first, first + count):
                sha256 = f"{number:064x}"
                tx.replays.add_file(ReplayFile(sha256=sha256, size_bytes=1, first_uploaded_at_us=1))
                new = NewUpload(
                    sha256=sha256,
                    player_id=players[number % 2],
                    match_id=matches[number % 3 - 1] if number % 3 else None,
                    file_name=None,
                    uploaded_at_us=number,
                )
                made.append(tx.replays.add_upload(new).id)
            return made

        return work

    ids = await lists.write(uploading(0, 130))
    found = await followed(
        lambda cursor: lists.uploads.latest(20, cursor=cursor), lambda number: lists.write(uploading(130 + number, 1))
    )
    assert [view.upload.id for view in found] == ids[::-1]
    assert all(view.file.sha256 == view.upload.sha256 for view in found)
    assert all(view.player.id == view.upload.player_id for view in found)
    views = (await lists.matches.latest(3)).rows
    for view in views:
        match_id = view.match.id
        listed = await lists.storage.read(lambda tx, of=match_id: tx.lookups.uploads(200, match_id=of))  # type: ignore[misc]
        own = [upload for upload, _ in listed]
        assert [replay.upload for replay in view.replays] == own[:REPLAYS_SHOWN_MAX]
    assert sorted(len(view.replays) for view in views) == [0, REPLAYS_SHOWN_MAX, REPLAYS_SHOWN_MAX]


async def test_a_list_of_some_goes_on_among_those(lists: Lists) -> None:
    players = await lists.write(players_of)
    first = await lists.write(lambda tx: played(tx, players, 0, 5))
    await lists.write(lambda tx: played(tx, players[2:], 100, 5))
    again = await lists.write(lambda tx: played(tx, players, 200, 5))
    found = await followed(lambda cursor: lists.matches.latest(3, "p1", (), cursor), lambda _: lists.matches.latest(1))
    assert [view.match.id for view in found] == (first + again)[::-1]


async def test_the_history_of_an_mmr_is_its_last_steps_as_they_count_now(lists: Lists) -> None:
    players = await lists.write(players_of)
    await lists.write(lambda tx: played(tx, players, 0, 6))
    keys = [(player, RACE) for player in players[:2]]
    entries = [entry.id for entry in (await lists.storage.read(lambda tx: tx.entries.by_keys(keys))).values()]
    rows = await lists.storage.read(lambda tx: tx.journal.current())
    fourth = [row for row in rows if row.entry_id == entries[0]][3]

    def revise(tx: Transaction) -> None:
        for revision in (2, 3):
            after = EntryState(mmr=-revision, games_won=1)
            tx.journal.append([replace(fourth, after=after, revision=revision, at_us=77)])

    await lists.write(revise)
    found = await lists.storage.read(lambda tx: tx.lookups.mmr_histories(entries, each=4))
    assert found == {
        entries[0]: [(2, 1502), (77, -3), (4, 1504), (5, 1505)],
        entries[1]: [(2, 1502), (3, 1503), (4, 1504), (5, 1505)],
    }
    assert await lists.storage.read(lambda tx: tx.lookups.mmr_histories([], each=4)) == {}


async def test_a_cursor_of_another_list_is_refused(lists: Lists) -> None:
    players = await lists.write(players_of)
    await lists.write(lambda tx: played(tx, players, 0, 3))
    cursor = (await lists.matches.latest(1)).next
    assert cursor is not None
    for ask in (lists.audit.latest, lists.jobs.latest, lists.uploads.latest):
        with pytest.raises(InvalidInput, match="no cursor of this list"):
            await ask(1, cursor=cursor)
    with pytest.raises(InvalidInput, match="no cursor of this list"):
        await lists.matches.latest(1, cursor="nonsense")
