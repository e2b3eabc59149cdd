"""What a fake storage holds."""

from copy import copy
from dataclasses import dataclass, field

from tests.support.fakes.matches import FakeMatches
from toprung.application.ports.intents import IntentId, StoredIntent
from toprung.application.ports.players import Account, SetupDraft
from toprung.application.ports.ratings import StoredRatingSystem
from toprung.application.ports.records import AuditRow
from toprung.domain.events import (
    Change,
)
from toprung.domain.jobs.job import Job, JobId
from toprung.domain.matches.challenge import Challenge, ChallengeId
from toprung.domain.matches.served_time import Heartbeat
from toprung.domain.players.departure import Departure
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.rating import Entry, EntryId, RatingChange
from toprung.domain.ratings.season import LadderSeason, SeasonId
from toprung.domain.replays.mod_version import ModVersion
from toprung.domain.replays.replay_upload import ReplayFile, ReplayUpload, UploadId


@dataclass(frozen=True, kw_only=True)
class FakeIntent:
    """A row of the fake's intents."""

    stored: StoredIntent
    delivered_revision: int
    due_at_us: int
    given_up_for: str | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether it is due or will be."""
        return self.delivered_revision < self.stored.revision and self.given_up_for is None


@dataclass
class FakeDatabase:
    """What a `FakeStorage` holds, open to a test's eyes. Every value in it is frozen, so that copying it is shallow."""

    players: dict[PlayerId, Player] = field(default_factory=dict)
    name_keys: dict[PlayerId, str] = field(default_factory=dict)
    entries: dict[EntryId, Entry] = field(default_factory=dict)
    played: FakeMatches = field(default_factory=FakeMatches)
    journal: list[RatingChange] = field(default_factory=list)
    audit: list[AuditRow] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    seasons: dict[SeasonId, LadderSeason] = field(default_factory=dict)
    systems: list[StoredRatingSystem] = field(default_factory=list)
    seq: int = 0
    notes: dict[str, str] = field(default_factory=dict)
    jobs: dict[JobId, Job] = field(default_factory=dict)
    jobs_allotted: int = 0
    replay_files: dict[str, ReplayFile] = field(default_factory=dict)
    replay_uploads: dict[UploadId, ReplayUpload] = field(default_factory=dict)
    accounts: dict[PlayerId, Account] = field(default_factory=dict)
    drafts: dict[int, SetupDraft] = field(default_factory=dict)
    intents: dict[IntentId, FakeIntent] = field(default_factory=dict)
    intents_allotted: int = 0
    nonces_drawn: int = 0
    mod_versions: list[ModVersion] = field(default_factory=list)
    challenges: dict[ChallengeId, Challenge] = field(default_factory=dict)
    departures: dict[PlayerId, Departure] = field(default_factory=dict)
    heartbeats: dict[str, Heartbeat] = field(default_factory=dict)

    def copied(self) -> "FakeDatabase":
        """A copy that can be changed without changing this one."""
        parts = {name: copy(value) for name, value in vars(self).items()}
        return FakeDatabase(**{**parts, "played": self.played.copied()})
