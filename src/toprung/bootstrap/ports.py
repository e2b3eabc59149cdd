"""What a ladder is made of: what it needs of the world, and the rules it goes by."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from toprung.application.matches.match_lifecycle import Choose
from toprung.application.matches.match_steps import Reach
from toprung.application.ports.clock import BootClock, Clock
from toprung.application.ports.countries import CountryNames
from toprung.application.ports.replays import ReplayArchive, ReplayParser
from toprung.application.ports.storage import Backups, Storage
from toprung.application.replays.replay_job import Judge
from toprung.application.replays.replay_service import IntakeLimits
from toprung.domain.game.catalog import Catalog
from toprung.domain.matches.conduct import PenaltyRules
from toprung.domain.matches.match_life import MatchRules
from toprung.domain.matches.watch.limits import WatchLimits
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.players.countries import Countries
from toprung.domain.players.names import NameKeys
from toprung.domain.ratings.rating_system import RatingSystem
from toprung.domain.replays.replay import ReplayReading
from toprung.domain.replays.replay_checks import ReplayPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What a ladder needs of the world. `instance_id` tells this process from others that work at the same jobs."""

    storage: Storage
    backups: Backups
    clock: Clock
    boot_clock: BootClock
    country_names: CountryNames
    archive: ReplayArchive
    parser: ReplayParser
    decode: Callable[[bytes], ReplayReading]
    choose: Choose
    chance: Callable[[], float]
    new_key: Callable[[int], bytes]
    instance_id: str
    observe_read_seconds: Callable[[float], None] = lambda _seconds: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a ladder is of, and by which rules. `system` is what it is rated by where the database does not say.

    `judge` is how replays are judged, if not by what the rules say.
    """

    catalog: Catalog
    countries: Countries
    name_keys: NameKeys
    system: RatingSystem
    inactivity_us: int | None
    challenge_us: int
    match: MatchRules = field(default_factory=MatchRules)
    penalties: PenaltyRules = field(default_factory=PenaltyRules)
    replays: ReplayPolicy = field(default_factory=ReplayPolicy)
    intake: IntakeLimits = field(default_factory=IntakeLimits)
    watch: WatchLimits = field(default_factory=WatchLimits)
    can_reach: Reach = lambda _player: False
    judge: Judge | None = None
    database_id: str | None = None

    @property
    def inactivity_days(self) -> float | None:
        """How long somebody is ranked after the last game; None is for ever."""
        return None if self.inactivity_us is None else self.inactivity_us / MICROSECONDS_PER_DAY

    @property
    def board_fingerprint(self) -> str:
        """Eight characters that differ where the same version would show another board."""
        told = f"{self.database_id} {self.inactivity_us} {' '.join(self.countries.common)}"
        return hashlib.sha256(told.encode()).hexdigest()[:8]
