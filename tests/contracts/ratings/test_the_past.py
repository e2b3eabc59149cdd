"""What every backend promises of seasons and of entries at a past moment."""

from toprung.application.ports.players import NewPlayer
from toprung.application.ports.ratings import NewEntry
from toprung.application.ports.storage import Storage, Transaction
from toprung.domain.leaderboard.board_table import EntryColumns
from toprung.domain.ratings.rating import Entry, EntryState, RatingChange, RatingChangeKind

pytest_plugins = ("tests.support.databases",)


async def entries(storage: Storage) -> list[Entry]:
    """Two entries of one player."""

    def work(tx: Transaction) -> list[Entry]:
        (player,) = tx.players.add([NewPlayer(name="p", name_key="p")])
        return tx.entries.add(
            [NewEntry(player_id=player.id, race=race, state=EntryState(mmr=1500)) for race in ("a", "b")]
        )

    return (await storage.write(work)).value


def change(
    entry: Entry, mmr: int, at_us: int, *, position: int | None = None, revision: int = 1, won: int = 0
) -> RatingChange:
    after = EntryState(mmr=mmr, games_won=won, last_played_us=at_us if won else None)
    return RatingChange(
        entry_id=entry.id,
        kind=RatingChangeKind.IMPORT,
        before=None,
        after=after,
        at_us=at_us,
        position=position,
        revision=revision,
    )


async def as_of(storage: Storage, at_us: int, *, is_corrected: bool = False) -> list[tuple[int, int, int, int]]:
    """Id, MMR, games played and last played of each entry."""

    def work(tx: Transaction) -> EntryColumns:
        return tx.journal.entries_as_of(at_us, is_corrected=is_corrected)

    found = await storage.read(work)
    columns = (found.ids, found.mmr, found.games_played, found.last_played_us)
    return list(zip(*(column.tolist() for column in columns), strict=True))


async def test_entries_of_the_past_are_as_the_rows_written_by_then_left_them(storage: Storage) -> None:
    one, other = await entries(storage)
    rows = [change(one, 1600, 10, won=1), change(other, 1700, 20), change(one, 1650, 30, won=2)]
    await storage.write(lambda tx: tx.journal.append(rows))
    journal = await storage.read(lambda tx: tx.journal.current())
    later = change(one, 1550, 40, position=journal[0].position, revision=2, won=1)
    await storage.write(lambda tx: tx.journal.append([later]))
    assert await as_of(storage, 9) == await as_of(storage, 9, is_corrected=True) == []
    assert await as_of(storage, 10) == [(one.id, 1600, 1, 10)]
    assert await as_of(storage, 10, is_corrected=True) == [(one.id, 1550, 1, 40)]
    assert await as_of(storage, 29) == [(one.id, 1600, 1, 10), (other.id, 1700, 0, -1)]
    for at_us in (30, 40, 10**15):  # the later position counts, however late an earlier one was revised
        assert await as_of(storage, at_us) == [(one.id, 1650, 2, 30), (other.id, 1700, 0, -1)]
    history = await storage.read(lambda tx: tx.journal.history())
    assert [(row.position, row.revision) for row in history] == [
        *((row.position, 1) for row in journal),
        (journal[0].position, 2),
    ]


async def test_seasons_are_kept_in_order_and_end_once_told(storage: Storage) -> None:
    first = (await storage.write(lambda tx: tx.seasons.add("one", "Öne", started_at_us=5, reset_deviation=150.5))).value
    second = (await storage.write(lambda tx: tx.seasons.add("two", "Two", started_at_us=9, reset_deviation=None))).value
    assert (first.code, first.name, first.started_at_us, first.ended_at_us, first.reset_deviation) == (
        *("one", "Öne", 5, None, 150.5),
    )
    await storage.write(lambda tx: tx.seasons.end(first.id, 9))
    ended, running = await storage.read(lambda tx: tx.seasons.all())
    assert (ended.id, ended.ended_at_us, running) == (first.id, 9, second)
