"""Ladders for tests: the program's own composition on fakes, or on any storage; chance always chooses the first."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from tests.support.fakes.jobs import FakeBootClock, FakeReplayArchive
from tests.support.fakes.ladder import FakeBackups, FakeClock, FakeStorage
from toprung.adapters.countries import CountryNames, load_countries
from toprung.adapters.replays.reading import decode_reading
from toprung.application.ladder import Ladder
from toprung.application.ports.clock import Clock
from toprung.application.ports.replays import ParseOutcome
from toprung.application.ports.storage import Storage
from toprung.bootstrap.ports import Ports, Rules
from toprung.bootstrap.use_cases import compose
from toprung.domain.game.catalog import Catalog
from toprung.domain.moment import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from toprung.domain.players.names import NameKeys
from toprung.domain.ratings.rating_system import rating_system

CHALLENGE_US: Final = 600 * MICROSECONDS_PER_SECOND
NEWCOMER_WON_MMR: Final = 1579
NEWCOMER_LOST_MMR: Final = 1421
"""What two newcomers have after a game between them, 1500 on both sides before it, worked out by hand."""
INACTIVITY_US: Final = 14 * MICROSECONDS_PER_DAY


class NoParser:
    """Implements `ReplayParser` where no replay is to be read."""

    async def parse(self, data: bytes) -> ParseOutcome:
        """Fails."""
        raise AssertionError(f"nobody here reads replays, and this one has {len(data)} bytes")


def fake_ports(catalog: Catalog, storage: Storage | None = None, clock: Clock | None = None, **changes: Any) -> Ports:
    """Fakes for whatever is not named."""
    ports: dict[str, Any] = {
        "storage": storage or FakeStorage(),
        "backups": FakeBackups(),
        "clock": clock or FakeClock(),
        "boot_clock": FakeBootClock(),
        "country_names": CountryNames(),
        "archive": FakeReplayArchive(),
        "parser": NoParser(),
        "decode": partial(decode_reading, catalog=catalog),
        "choose": lambda names: names[0],
        "chance": lambda: 0.5,
        "new_key": _key(),
        "instance_id": "this process",
    }
    return Ports(**ports | changes)


def fake_rules(catalog: Catalog, **changes: Any) -> Rules:
    """A ladder of this game, rated as the program rates a new one if nothing else is said."""
    rules: dict[str, Any] = {
        "catalog": catalog,
        "countries": load_countries(catalog.common_countries),
        "name_keys": NameKeys({}),
        "system": rating_system("linked"),
        "inactivity_us": INACTIVITY_US,
        "challenge_us": CHALLENGE_US,
    }
    return Rules(**rules | changes)


def composed(
    catalog: Catalog,
    storage: Storage | None = None,
    clock: Clock | None = None,
    *,
    ports: dict[str, Any] | None = None,
    **rules: Any,
) -> Ladder:
    """A ladder on this storage; its rules as they are named."""
    return compose(fake_ports(catalog, storage, clock, **(ports or {})), fake_rules(catalog, **rules))


def _key() -> Callable[[int], bytes]:
    return lambda count: bytes(range(count))
