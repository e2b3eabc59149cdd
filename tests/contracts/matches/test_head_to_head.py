"""What every backend promises of the games between two players: one question, whatever became of their matches."""

from itertools import permutations
from random import Random
from typing import Final

import pytest

from tests.contracts.office import CATALOG, EVE
from tests.contracts.storage.test_lookups import Counting
from tests.support.composed import composed
from tests.support.fakes.ladder import FakeClock, FakeStorage
from toprung.application.ladder import Ladder
from toprung.application.ports.storage import Storage
from toprung.domain.errors import Conflict, NotFound
from toprung.domain.matches.head_to_head import HeadToHead
from toprung.domain.matches.match import FinalMatch, MatchId, MatchResult, Outcome, Participant
from toprung.domain.matches.match_life import Step
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.players.player import PlayerId

pytest_plugins = ("tests.support.databases",)

NAMES: Final = ("Ann", "Bob", "Cid")
GAMES: Final = 40
NOW_US: Final = FakeClock().now_us()
WON, LOST, DRAW = MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON, MatchResult.DRAW


@pytest.fixture
async def ladder(storage: Storage) -> Ladder:
    """A ladder of three players who have not played yet."""
    made = composed(CATALOG, storage, FakeClock(), inactivity_us=None)
    for name in NAMES:
        await made.players.register(name)
    return made


def game(number: int, one: int, other: int, result: MatchResult, race: str = "bw_zerg") -> FinalMatch:
    """A game of the players with these ids, a day after the one before."""
    sides = [(Participant(player_id=PlayerId(who), race=race),) for who in (one, other)]
    ended_at_us = NOW_US - (GAMES + 1 - number) * MICROSECONDS_PER_DAY
    return FinalMatch(source_key=f"game {number}", sides=(sides[0], sides[1]), result=result, ended_at_us=ended_at_us)


async def games_of(ladder: Ladder, player: int | str, opponent: int | str) -> HeadToHead:
    one, other = (who if isinstance(who, str) else PlayerId(who) for who in (player, opponent))
    return (await ladder.matches.head_to_head(one, other)).games


async def test_games_are_counted_from_either_side_as_they_count_now(ladder: Ladder) -> None:
    random = Random(20261128)
    results: dict[int, tuple[int, int, MatchResult | None]] = {}
    for number in range(1, GAMES + 1):
        one, other = random.sample((1, 2, 3), 2)
        result = random.choice((WON, LOST, DRAW))
        recorded = await ladder.recorder.record(
            game(number, one, other, result, random.choice(("bw_zerg", "sc2_zerg")))
        )
        assert recorded is not None
        results[recorded.match_id] = one, other, result
    for number in random.sample(sorted(results), 12):
        one, other, before = results[number]
        after = random.choice([result for result in (WON, LOST, DRAW, None) if result is not before])
        await ladder.ratings.correct(MatchId(number), after, EVE)
        results[number] = one, other, after
    for player, opponent in permutations((1, 2, 3), 2):
        scores: list[float] = []
        last_us: int | None = None
        for number, (one, other, counted) in results.items():
            if counted is not None and {one, other} == {player, opponent}:
                score = counted.score_of_side_1
                scores.append(score if one == player else 1 - score)
                last_us = game(number, one, other, counted).ended_at_us
        assert await games_of(ladder, player, opponent) == HeadToHead(
            won=scores.count(1), lost=scores.count(0), drawn=scores.count(0.5), last_played_us=last_us
        )


async def test_a_match_counts_once_it_is_finished(ladder: Ladder) -> None:
    sides = [Participant(player_id=PlayerId(who), race="bw_zerg") for who in (1, 2)]
    match = await ladder.lifecycle.open(sides[0], sides[1])
    for who in (1, 2):
        await ladder.lifecycle.act(match.id, PlayerId(who), Step.CONFIRM)
    await ladder.lifecycle.act(match.id, PlayerId(1), Step.REPORT, Outcome.WIN)
    assert await games_of(ladder, 1, 2) == HeadToHead()  # so far one side says so
    await ladder.lifecycle.act(match.id, PlayerId(2), Step.REPORT, Outcome.LOSS)
    assert (await games_of(ladder, 1, 2)).won == 1
    assert (await games_of(ladder, "bob", "Ann")).lost == 1


async def test_who_is_not_there_and_oneself_are_refused(ladder: Ladder) -> None:
    for nobody in (9, "Nobody"):
        with pytest.raises(NotFound):
            await games_of(ladder, 1, nobody)
        with pytest.raises(NotFound):
            await games_of(ladder, nobody, 1)
    with pytest.raises(Conflict, match="against themselves"):
        await games_of(ladder, "Ann", 1)


async def test_it_is_one_question_however_much_was_played(storage: Storage, ladder: Ladder) -> None:
    counting = Counting(storage)
    for number in range(1, 4):
        await ladder.recorder.record(game(number, 1, 2, WON))
        games = await counting.read(lambda tx: tx.lookups.head_to_head(PlayerId(1), PlayerId(2)))
        assert (games.won, counting.calls) == (number, number)
        assert counting.statements == (0 if isinstance(storage, FakeStorage) else number)
