from collections.abc import Sequence

from structlog.testing import capture_logs

from tests.support.fakes.ladder import Listener
from toprung.application.writing.event_bus import EventBus
from toprung.domain.events import Change, EntriesImported

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

    bus.subscribe_to_gaps(fail)
    bus.subscribe_to_gaps(hear)
    with capture_logs() as logs:
        await bus.publish_gap()
    assert heard == ["gap"]
    assert [one["event"] for one in logs] == ["event_handler_failed"]
