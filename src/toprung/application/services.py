"""What each front end receives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from toprung.application.jobs.job_queue import JobHistory
from toprung.application.leaderboard.leaderboard_service import LeaderboardService
from toprung.application.matches.match_history import MatchHistory
from toprung.application.organising.admin_service import Administration
from toprung.application.ratings.rating_quality import RatingQualityService
from toprung.application.ratings.rating_service import RatingService
from toprung.application.ratings.season_service import SeasonService
from toprung.application.ratings.verification import LadderVerification
from toprung.application.replays.replay_mods import ReplayMods
from toprung.application.replays.replay_service import ReplayHistory
from toprung.application.transfer.export_service import ExportService
from toprung.application.writing.audit import AuditLog
from toprung.domain.game.catalog import Catalog
from toprung.domain.players.countries import Countries


class CountryNames(Protocol):
    """Countries in the viewer's language. A locale is a code such as `en` or `ko`."""

    def name(self, code: str | None, locale: str) -> str:
        """The country's name; None is "unknown"."""
        ...

    def sorted_names(self, locale: str) -> Sequence[tuple[str, str]]:
        """Every country as (code, name), in the language's order."""
        ...

    def best_locale(self, accept_language: str | None) -> str:
        """The best locale for a browser's Accept-Language header."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The use cases, and the static data to draw what they answer.

    `board_fingerprint` differs where the same version would show another board: other settings, another database.
    """

    leaderboard: LeaderboardService
    exports: ExportService
    rating_quality: RatingQualityService
    ratings: RatingService
    matches: MatchHistory
    replays: ReplayHistory
    mods: ReplayMods
    jobs: JobHistory
    seasons: SeasonService
    verification: LadderVerification
    administration: Administration
    audit: AuditLog
    catalog: Catalog
    countries: Countries
    country_names: CountryNames
    inactivity_days: float | None
    board_fingerprint: str
