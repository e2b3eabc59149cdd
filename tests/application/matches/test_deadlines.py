"""Deadlines that cannot be acted on, and those behind them."""

import pytest

from tests.conftest import CATALOG
from tests.support.composed import composed
from tests.support.fakes.ladder import FakeClock, FakeStorage, stored
from toprung.application.matches import match_lifecycle
from toprung.application.matches.match_steps import MatchSteps
from toprung.application.ports.storage import Transaction
from toprung.domain.matches.match import Match, MatchId, MatchState, Participant
from toprung.domain.players.player import Player, PlayerId


async def test_a_match_that_fails_at_its_deadline_holds_up_no_other_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    storage, clock = FakeStorage(), FakeClock()
    stored(storage, *(Player(id=PlayerId(number), name=f"p{number}") for number in range(1, 7)))
    lifecycle = composed(CATALOG, storage, clock).lifecycle
    race = CATALOG.race_codes[0]
    for first in (1, 3, 5):
        one, other = (Participant(player_id=PlayerId(first + place), race=race) for place in (0, 1))
        await lifecycle.open(one, other)
    current = MatchSteps.current

    def failing(self: MatchSteps, tx: Transaction, match_id: MatchId, now_us: int) -> Match:
        if match_id == 1:
            raise RuntimeError("this match fails")
        return current(self, tx, match_id, now_us)

    with monkeypatch.context() as broken:
        broken.setattr(MatchSteps, "current", failing)
        clock.advance(seconds=120)
        assert await lifecycle.pass_deadlines() == clock.moment_us + match_lifecycle.FAILED_AGAIN_US
    matches = storage.database.played.matches
    assert [match.state for match in matches.values()] == [
        MatchState.ASSIGNED,
        MatchState.ABANDONED,
        MatchState.ABANDONED,
    ]
    assert await lifecycle.pass_deadlines() is None
    assert matches is not storage.database.played.matches
    assert storage.database.played.matches[MatchId(1)].state is MatchState.ABANDONED
