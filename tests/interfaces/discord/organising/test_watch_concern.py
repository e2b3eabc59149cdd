"""Unusual results in the organisers' channel: said once, without accusing anybody, whatever people are called."""

import asyncio
from collections.abc import AsyncIterator
from itertools import combinations
from typing import Any, Final

import pytest
from hypothesis import example, given, settings

from tests.interfaces.discord.conftest import World
from tests.interfaces.discord.ladder import DiscordLadder, discord_ladder
from tests.interfaces.discord.layout import controls, text_of
from tests.interfaces.discord.leaderboard.test_leaderboard_text import names
from tests.interfaces.discord.organisers import Office, office_of
from tests.interfaces.discord.organising.test_organisers_payloads import LONGEST, check
from toprung.application.organising.concerns import SETTLED, UNUSUAL_MATCHES_MAX
from toprung.application.writing.audit import Attribution
from toprung.domain.matches.match import FinalMatch, MatchId, MatchResult, Participant
from toprung.domain.players.player import PlayerId
from toprung.interfaces.discord.organising.watch_concern import UnusualConcern

PLAYERS: Final = 10
TRADED: Final = 40
EVE: Final = Attribution(actor="cli:eve", reason="agreed")


@pytest.fixture
async def office(world: World) -> AsyncIterator[Office]:
    yield await office_of(world)
    world.check_requests()


async def played(ladder: DiscordLadder, *, names: dict[int, str]) -> list[MatchId]:
    """All win by turns, but the third always beats the seventh in many games more, whose numbers these are."""
    players = []
    for number in range(1, PLAYERS + 1):
        ladder.out_of_reach.add(900 + number)
        players.append((await ladder.joined(900 + number, names.get(number, f"Player {number}"))).id)
    results = [(*both, turn % 2 == 0) for turn in range(8) for both in combinations(players, 2)]
    results += [(players[2], players[6], True)] * TRADED
    matches = [_match(ladder, number, *result) for number, result in enumerate(results)]
    await ladder.recorder.record_batch(matches)
    return [MatchId(number) for number in range(len(results) - TRADED + 1, len(results) + 1)]


def _match(ladder: DiscordLadder, number: int, one: PlayerId, other: PlayerId, is_won: bool) -> FinalMatch:
    sides = [(Participant(player_id=who, race="bw_zerg"),) for who in (one, other)]
    return FinalMatch(
        source_key=f"game {number}",
        sides=(sides[0], sides[1]),
        result=MatchResult.SIDE_1_WON if is_won else MatchResult.SIDE_2_WON,
        ended_at_us=ladder.clock.now_us() - 60_000_000 * (1_000 - number),
    )


async def test_a_pair_is_told_once_with_counts_and_match_numbers_and_when_it_is_over(office: Office) -> None:
    ladder = office.world.ladder
    traded = await played(ladder, names={3: "별빛*_~", 7: "@everyone"})
    for _ in range(3):
        (message,) = await office.look()
    text = text_of(message)
    assert "**별빛\\*\\_\\~** scored 44 of 48 against **\\@everyone**" in text
    assert "64 of **별빛\\*\\_\\~**, 64 of **\\@everyone**" in text
    assert f"#{traded[-1]}" in text
    assert "and 18 earlier ones" in text
    assert "about 0.2 pairs look like this all the same" in text
    assert "accuses nobody" in text
    assert controls(message) == {}
    for match_id in traded:
        await ladder.ratings.correct(match_id, None, EVE)
    assert text_of((await office.look())[0]) == text  # it is looked at once a day
    ladder.clock.advance(days=1)
    (over,) = await office.look()
    assert over.id == message.id
    assert "no longer unusual" in text_of(over)
    assert ladder.storage.database.intents == {}


async def test_it_is_said_in_the_language_of_the_channel(world: World) -> None:
    ladder = discord_ladder(channel_language="ko")
    await played(ladder, names={})
    given = {"what": "pair", "players": "3 7", "games": "48", "points": "44", "expected": "24.1", "others": "64 64"}
    view = await UnusualConcern(ladder.context()).draw(whole(given))
    text = check(view)
    assert "누구를 탓하는 것이 아니며" in text
    assert "모두가 정직하게" in text


def whole(given: dict[str, str]) -> dict[str, str]:
    """The parameters of a concern, where nothing else is said."""
    matches = " ".join(str(10**15 + number) for number in range(UNUSUAL_MATCHES_MAX))
    rest = {"races": "", "other_points": "", "known": "0", "short": "0", "by_chance": "1.0", "matches_more": "9"}
    return {**rest, "matches": matches, SETTLED: "", **given}


async def check_all(one: str, two: str) -> None:
    ladder = discord_ladder()
    players = [(await ladder.joined(901 + place, f"Player {place}")).id for place in range(2)]
    database = ladder.storage.database
    for player_id, name in zip(players, (one, two), strict=True):
        player: Any = database.players[player_id]
        database.players[player_id] = type(player)(id=player_id, name=name, country="KR")
    counts = {"games": "1000", "points": "999.5", "expected": "500.5", "known": "900", "short": "899"}
    concern = UnusualConcern(ladder.context())
    for said in (
        {"what": "pair", "players": "1 2", "others": "1000 1000", "races": "bw_zerg nothing", **counts},
        {"what": "player", "players": "2", "others": "1000", "other_points": "999.5", **counts},
        {"what": "account", "players": " ".join(["1", "2"] * 5), "handle": "2-S2-1-278321"},
    ):
        text = check(await concern.draw(whole(said)))
        assert "accuses nobody" in text
        check(await concern.draw({**whole(said), SETTLED: "yes"}))


@given(one=names(), two=names())
@example(one=LONGEST, two=LONGEST)
@example(one="@everyone", two="<@123>")
@example(one="\N{GRINNING FACE}" * 24, two="**b**")
@settings(max_examples=20)
def test_every_message_is_what_discord_takes_whoever_it_is_about(one: str, two: str) -> None:
    asyncio.run(check_all(one, two))
