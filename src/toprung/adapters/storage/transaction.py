"""One transaction on a database connection: the repositories, and the end that gives changes their places."""

from sqlalchemy import Connection

from toprung.adapters.storage.limits import LIMITS, StorageLimits
from toprung.adapters.storage.lookups import SqlLookups
from toprung.adapters.storage.repositories.account_repository import SqlAccountRepository, SqlDepartureRepository
from toprung.adapters.storage.repositories.challenge_repository import SqlChallengeRepository
from toprung.adapters.storage.repositories.entry_repository import SqlEntryRepository
from toprung.adapters.storage.repositories.intent_repository import SqlIntentRepository
from toprung.adapters.storage.repositories.job_repository import SqlJobRepository
from toprung.adapters.storage.repositories.journal_repository import SqlJournalRepository
from toprung.adapters.storage.repositories.match_repository import SqlMatchRepository
from toprung.adapters.storage.repositories.notice_repository import SqlNoticeRepository, SqlPenaltyRepository
from toprung.adapters.storage.repositories.player_repository import SqlPlayerRepository
from toprung.adapters.storage.repositories.record_repository import (
    SqlAuditRepository,
    SqlChangeRepository,
    SqlHeartbeatRepository,
    SqlNoteRepository,
)
from toprung.adapters.storage.repositories.replay_repository import SqlReplayRepository
from toprung.adapters.storage.repositories.season_repository import SqlRatingSystemRepository, SqlSeasonRepository
from toprung.application.ports.intents import NewNonce
from toprung.domain.errors import StorageUnavailable
from toprung.domain.events import Change


def no_nonce() -> str:
    """What a transaction that only reads has in the place of a `NewNonce`: it wants nothing sent."""
    raise StorageUnavailable("The database was opened for reading only.", "read_only")


class SqlTransaction:
    """Implements the `Transaction` port on a `connection` whose transaction somebody else begins and ends."""

    def __init__(
        self,
        connection: Connection,
        *,
        is_writing: bool,
        new_nonce: NewNonce = no_nonce,
        limits: StorageLimits = LIMITS,
    ) -> None:
        self.connection = connection
        self.players = SqlPlayerRepository(connection, is_locking=is_writing)
        self.entries = SqlEntryRepository(connection, is_locking=is_writing)
        self.matches = SqlMatchRepository(connection, is_locking=is_writing)
        self.penalties = SqlPenaltyRepository(connection)
        self.notices = SqlNoticeRepository(connection, is_locking=is_writing)
        self.jobs = SqlJobRepository(connection, is_locking=is_writing)
        self.replays = SqlReplayRepository(connection)
        self.seasons = SqlSeasonRepository(connection)
        self.systems = SqlRatingSystemRepository(connection)
        self.accounts = SqlAccountRepository(connection)
        self.intents = SqlIntentRepository(connection, new_nonce)
        self.challenges = SqlChallengeRepository(connection, is_locking=is_writing)
        self.departures = SqlDepartureRepository(connection)
        self.heartbeats = SqlHeartbeatRepository(connection)
        self.journal = SqlJournalRepository(connection)
        self.audit = SqlAuditRepository(connection)
        self.changes = SqlChangeRepository(connection, limits)
        self.notes = SqlNoteRepository(connection)
        self.lookups = SqlLookups(connection)

    def finish(self) -> tuple[Change, ...]:
        """Stores what was recorded, at its places in the change sequence: the last thing before the commit."""
        return self.changes.finish()
