"""A clock that goes on evenly while the machine's is set."""

from tests.support.fakes.jobs import FakeBootClock
from tests.support.fakes.ladder import NOON_US, FakeClock
from toprung.adapters.boot_clock import SystemBootClock
from toprung.adapters.clock import SteadyClock, SystemClock, TurnedClock


def test_it_says_the_machines_time_until_that_is_set_and_follows_when_it_is_told_to() -> None:
    wall, boot = FakeClock(), FakeBootClock()
    clock = SteadyClock(wall, boot)
    assert (clock.now_us(), clock.step_us()) == (NOON_US, 0)
    wall.advance(seconds=90)
    boot.advance(90)
    assert (clock.now_us(), clock.step_us()) == (NOON_US + 90_000_000, 0)
    wall.advance(days=-1)
    assert (clock.now_us(), clock.step_us()) == (NOON_US + 90_000_000, -86_400_000_000)
    clock.follow(-86_400_000_000)
    assert (clock.now_us(), clock.step_us()) == (wall.now_us(), 0)


def test_a_machine_that_slept_has_not_been_set() -> None:
    wall, boot = FakeClock(), FakeBootClock()
    clock = SteadyClock(wall, boot)
    wall.advance(days=1)
    boot.advance(86_400)
    assert clock.step_us() == 0


def test_the_real_one_runs_with_the_real_clock() -> None:
    clock = SteadyClock(SystemClock(), SystemBootClock())
    first, second = clock.now_us(), clock.now_us()
    assert first <= second
    assert abs(clock.step_us()) < 60_000_000


def test_a_turned_one_stands_still_and_runs_again() -> None:
    clock = TurnedClock(FakeClock())
    clock.turn(5)
    assert clock.now_us() == 5
    clock.turn(None)
    assert clock.now_us() == NOON_US
