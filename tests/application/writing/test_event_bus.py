from collections.abc import Sequence
from typing import get_args

import pytest
from structlog.testing import capture_logs

from tests.support.fakes.ladder import Listener
from toprung.application.writing.event_bus import EventBus
from toprung.domain.events import (
    AFFECTS,
    Affected,
    Change,
    EntriesImported,
    Event,
    LadderReloaded,
    MatchMoved,
    PlayerRegistered,
    RatingChanged,
    affecting,
)
from toprung.domain.matches.match import MatchId, MatchState
from toprung.domain.players.player import Player, PlayerId

MOVED = Change(seq=2, event=MatchMoved(match_id=MatchId(1), state=MatchState.ASSIGNED, deadline_us=3))
JOINED = Change(seq=3, event=PlayerRegistered(player=Player(id=PlayerId(1), name="Maru")))
CHANGES = [Change(seq=1, event=EntriesImported(entries=3))]


async def test_everybody_hears_what_is_published_in_the_order_in_which_they_subscribed() -> None:
    bus, heard = EventBus(), []

    for number in (3, 1, 2):

        async def hear(changes: Sequence[Change], number: int = number) -> None:
            heard.append((number, list(changes)))

        bus.subscribe(hear)
    await bus.publish(CHANGES)
    assert heard == [(3, CHANGES), (1, CHANGES), (2, CHANGES)]


async def test_a_handler_that_fails_is_logged_and_the_rest_hear_all_the_same() -> None:
    bus, failing, other = EventBus(), Listener(failures=1), Listener()
    bus.subscribe(failing.hear)
    bus.subscribe(other.hear)
    with capture_logs() as logs:
        await bus.publish(CHANGES)
        await bus.publish(CHANGES)
    assert other.heard == failing.heard == CHANGES * 2
    assert [(log["event"], log["log_level"]) for log in logs] == [("event_handler_failed", "error")]


async def test_a_bus_without_listeners_is_content() -> None:
    await EventBus().publish(CHANGES)


async def test_a_gap_is_told_to_those_who_want_to_know_and_one_that_fails_does_not_stop_the_others() -> None:
    bus, heard = EventBus(), []

    async def fail() -> None:
        raise RuntimeError("deaf")

    async def hear() -> None:
        heard.append("gap")

    bus.subscribe(ignore, on_gap=fail)
    bus.subscribe(ignore, on_gap=hear)
    with capture_logs() as logs:
        await bus.publish_gap()
    assert heard == ["gap"]
    assert [one["event"] for one in logs] == ["event_handler_failed"]


async def ignore(_: Sequence[Change]) -> None:
    return


async def test_each_hears_of_what_it_subscribed_to_and_of_nothing_else() -> None:
    bus, board, matches, everything = EventBus(), Listener(), Listener(), Listener()
    bus.subscribe(board.hear, affecting(Affected.BOARD))
    bus.subscribe(matches.hear, affecting(Affected.MATCHES))
    bus.subscribe(everything.hear)
    await bus.publish([*CHANGES, MOVED, JOINED])
    assert board.heard == [*CHANGES, JOINED]
    assert matches.heard == [MOVED]
    assert everything.heard == [*CHANGES, MOVED, JOINED]


async def test_nobody_is_called_for_changes_that_are_of_no_concern() -> None:
    bus, listener = EventBus(), Listener(failures=1)
    bus.subscribe(listener.hear, affecting(Affected.MATCHES))
    await bus.publish([JOINED])
    assert listener.failures == 1


def test_who_has_to_hear_first_must_have_subscribed_before() -> None:
    bus, store, hub = EventBus(), Listener(), Listener()
    with pytest.raises(ValueError, match="not subscribed yet"):
        bus.subscribe(hub.hear, after=store.hear)
    bus.subscribe(store.hear)
    bus.subscribe(hub.hear, after=store.hear)


def test_it_is_said_of_every_event_what_it_affects() -> None:
    assert set(AFFECTS) == set(get_args(Event))
    assert affecting() == frozenset()
    assert affecting(Affected.PAST) < affecting(Affected.BOARD)
    assert affecting(Affected.BOARD, Affected.MATCHES) == affecting(Affected.BOARD) | affecting(Affected.MATCHES)
    assert {LadderReloaded, RatingChanged} & affecting(Affected.READERS) == set()
