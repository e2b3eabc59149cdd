"""What every backend promises of what is believed of players, and of what was expected of their games."""

from dataclasses import replace
from typing import Final

from toprung.application.ports.lookups import Forecasts
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.ratings import NewEntry
from toprung.application.ports.storage import Storage, Transaction
from toprung.domain.matches.match import FinalMatch, MatchId, MatchResult, Participant
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.engines.linked_engine import LinkedEngine
from toprung.domain.ratings.linked.constants import LinkedConstants
from toprung.domain.ratings.rating import Entry, EntryState, RatingChange, RatingChangeKind
from toprung.domain.ratings.rating_log import Rating, Verdict, rate

pytest_plugins = ("tests.support.databases",)

ENGINE: Final = LinkedEngine(LinkedConstants())


async def three_entries(storage: Storage) -> list[Entry]:
    """Two of one player, and one of another."""

    def work(tx: Transaction) -> list[Entry]:
        one, other = tx.players.add([NewPlayer(name=name, name_key=name) for name in "pq"])
        return tx.entries.add(
            [
                NewEntry(player_id=player.id, race=race, state=ENGINE.newcomer(race, None))
                for player, race in ((one, "a"), (one, "b"), (other, "a"))
            ]
        )

    return (await storage.write(work)).value


def played(
    first: Entry, second: Entry, at_us: int, result: MatchResult = MatchResult.SIDE_1_WON
) -> tuple[Rating, Rating]:
    return rate(ENGINE, first, second, Verdict(result=result, ended_at_us=at_us))


def row(rating: Rating, at_us: int, *, match_id: MatchId | None = None) -> RatingChange:
    return RatingChange(
        entry_id=rating.after.id,
        kind=RatingChangeKind.IMPORT if match_id is None else RatingChangeKind.MATCH,
        before=rating.before.state,
        after=rating.after.state,
        at_us=at_us,
        match_id=match_id,
        expected_score=rating.expected_score,
        deviation_before=rating.deviation_before,
    )


def recorded(tx: Transaction, key: str, pair: tuple[Entry, Entry], at_us: int) -> MatchId:
    one, other = (Participant(player_id=entry.player_id, race=entry.race) for entry in pair)
    match = FinalMatch(source_key=key, sides=((one,), (other,)), result=MatchResult.SIDE_1_WON, ended_at_us=at_us)
    (match_id,) = tx.matches.add([match], recorded_at_us=at_us)
    return match_id


async def test_entries_and_rows_keep_what_is_believed_to_the_last_bit(storage: Storage) -> None:
    one, _, other = await three_entries(storage)
    rated = played(one, other, 5)
    await storage.write(lambda tx: tx.entries.save([rating.after for rating in rated]))
    await storage.write(lambda tx: tx.journal.append([row(rating, 6) for rating in rated]))
    found = await storage.read(lambda tx: tx.entries.by_ids([one.id, other.id]))
    assert found == {rating.after.id: rating.after for rating in rated}
    rows = await storage.read(lambda tx: tx.journal.current())
    assert [(one.before, one.after) for one in rows] == [(one.before.state, one.after.state) for one in rated]
    assert rated[0].after.state.belief is not None


async def test_all_entries_of_players_are_found(storage: Storage) -> None:
    one, two, other = await three_entries(storage)
    assert await storage.read(lambda tx: tx.entries.of_players([one.player_id])) == [one, two]
    assert await storage.read(lambda tx: tx.entries.of_players([])) == []
    everybody = [PlayerId(99), other.player_id, one.player_id]
    found = await storage.read(lambda tx: tx.entries.of_players(everybody))
    assert sorted(entry.id for entry in found) == [one.id, two.id, other.id]


async def test_the_board_reads_how_sure_ratings_are_as_of_the_players_last_game(storage: Storage) -> None:
    one, two, other = await three_entries(storage)
    known = replace(two.state, last_played_us=3, known_at_us=8)
    await storage.write(lambda tx: tx.entries.save([replace(two, state=known)]))
    columns = await storage.read(lambda tx: tx.entries.columns())
    assert columns.ids.tolist() == [one.id, two.id, other.id]
    assert columns.known_at_us.tolist() == [-1, 8, -1]
    plain = replace(known, known_at_us=None)
    await storage.write(lambda tx: tx.entries.save([replace(two, state=plain)]))
    columns = await storage.read(lambda tx: tx.entries.columns())
    assert columns.known_at_us.tolist() == [-1, 3, -1]


async def test_a_board_of_the_past_knows_what_was_known_of_the_player_by_then(storage: Storage) -> None:
    one, two, other = await three_entries(storage)
    first = played(two, other, 10)
    second = played(replace(one, state=ENGINE.refreshed(one.state, "a", first[0].after.state.belief)), other, 20)
    rows = [row(first[0], 10), row(second[0], 20)]
    await storage.write(lambda tx: tx.journal.append(rows))
    for at_us, left in ((10, first[0]), (19, first[0]), (20, second[0]), (99, second[0])):
        for is_corrected in (False, True):

            def work(tx: Transaction, at_us: int = at_us, is_corrected: bool = is_corrected) -> list[tuple[int, float]]:
                found = tx.journal.entries_as_of(at_us, is_corrected=is_corrected)
                return list(zip(found.known_at_us.tolist(), found.deviation.tolist(), strict=True))

            belief = left.after.state.belief
            assert belief is not None
            races = ["b"] if at_us < 20 else ["a", "b"]
            assert await storage.read(work) == [
                (belief.belief.last_played_us, belief.deviation(race)) for race in races
            ]


async def test_what_was_expected_is_read_in_the_order_of_the_log_as_it_counts_now(storage: Storage) -> None:
    assert await storage.read(lambda tx: tx.lookups.forecasts(before=10**9, limit=5)) == Forecasts(games=0, last=[])
    one, _, other = await three_entries(storage)
    results = (MatchResult.SIDE_1_WON, MatchResult.SIDE_1_WON, MatchResult.DRAW, MatchResult.SIDE_2_WON)
    for number, result in enumerate(results, 1):
        pair = played(one, other, number, result)

        def work(tx: Transaction, number: int = number, pair: tuple[Rating, Rating] = pair) -> None:
            match_id = recorded(tx, f"k{number}", (one, other), number)
            tx.journal.append([row(rating, number, match_id=match_id) for rating in pair])

        await storage.write(work)
    rows = await storage.read(lambda tx: tx.journal.current())
    void = [
        replace(old, revision=2, expected_score=None, deviation_before=None, after=old.before or EntryState(mmr=0))
        for old in rows[2:4]
    ]
    await storage.write(lambda tx: tx.journal.append(void))
    expected = [
        (rows[place].position, (rows[place].expected_score, score)) for place, score in ((0, 1.0), (4, 0.5), (6, 0.0))
    ]
    everything = await storage.read(lambda tx: tx.lookups.forecasts(before=10**9, limit=9))
    assert everything == Forecasts(games=3, last=expected)  # type: ignore[arg-type]  # rows that are stored have positions
    assert await storage.read(lambda tx: tx.lookups.forecasts(before=10**9, limit=2)) == replace(
        everything, last=everything.last[1:]
    )
    before = rows[6].position or 0
    assert await storage.read(lambda tx: tx.lookups.forecasts(before=before, limit=9)) == Forecasts(
        games=2, last=everything.last[:2]
    )
