"""The same request several times at the same instant, on both databases."""

import asyncio

from tests.support.databases import Database, opened_ladder
from toprung.domain.matches.match import MatchState, Participant
from toprung.domain.matches.match_life import Step

pytest_plugins = ("tests.support.databases",)

TWINS = 4


async def test_a_match_that_is_opened_by_several_at_once_is_one_match(database: Database) -> None:
    async with opened_ladder(database) as opened:
        one, other = [
            Participant(player_id=(await opened.ladder.players.register(name)).id, race="bw_zerg")
            for name in ("Ann", "Bob")
        ]
        lifecycle = opened.ladder.lifecycle
        openings = (lifecycle.open(one, other, source_key="game 1") for _ in range(TWINS))
        (match,) = set(await asyncio.gather(*openings))
        assert match.state is MatchState.ASSIGNED
        for player in match.player_ids * TWINS:
            await lifecycle.act(match.id, player, Step.CONFIRM)
        assert await opened.storage.read(lambda tx: tx.matches.count()) == 1
