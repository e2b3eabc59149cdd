"""What an organiser does to the ladder, in the process that holds it or from another one."""

from typing import Protocol

from toprung.application.entry_file import Progress
from toprung.application.import_service import ImportService, ImportSummary
from toprung.application.player_service import PlayerService
from toprung.application.rating_service import CorrectionOutcome, RatingService
from toprung.domain.match import MatchId, MatchResult
from toprung.domain.player import Player


class Administration(Protocol):
    """The organiser's operations. Players are named by name. Raises what the use cases behind it raise."""

    async def import_entries(self, text: str, progress: Progress) -> ImportSummary:
        """Imports a CSV of entries, all rows or none."""
        ...

    async def import_games(self, text: str, source: str, progress: Progress) -> ImportSummary:
        """Plays a CSV of games through the ladder."""
        ...

    async def register_player(self, name: str, country: str | None) -> Player:
        """Adds a player."""
        ...

    async def rename_player(self, name: str, new_name: str) -> Player:
        """Gives a player another name."""
        ...

    async def set_country(self, name: str, country: str | None) -> Player:
        """Gives a player another country, or none."""
        ...

    async def ban_player(self, name: str) -> Player:
        """Bans a player, who leaves the leaderboard; what was played stays."""
        ...

    async def unban_player(self, name: str) -> Player:
        """Lifts a ban."""
        ...

    async def preview_correction(self, match_id: MatchId, result: MatchResult | None) -> CorrectionOutcome:
        """What it would do to judge a finished match so (None: void)."""
        ...

    async def correct_match(
        self, match_id: MatchId, result: MatchResult | None, *, reason: str, actor: str
    ) -> CorrectionOutcome:
        """Judges a finished match anew (None: void), with everything that follows from it."""
        ...

    async def recompute_ratings(self, progress: Progress) -> int:
        """Plays the whole rating log again; gives how many entries came out otherwise."""
        ...


class AdminService:
    """The organiser's operations in the process that holds the ladder."""

    def __init__(self, *, imports: ImportService, players: PlayerService, ratings: RatingService) -> None:
        self._imports = imports
        self._players = players
        self._ratings = ratings

    async def import_entries(self, text: str, progress: Progress) -> ImportSummary:
        """See `ImportService.import_entries`."""
        return await self._imports.import_entries(text, progress)

    async def import_games(self, text: str, source: str, progress: Progress) -> ImportSummary:
        """See `ImportService.import_games`."""
        return await self._imports.import_games(text, source, progress)

    async def register_player(self, name: str, country: str | None) -> Player:
        """See `PlayerService.register`."""
        return await self._players.register(name, country=country)

    async def rename_player(self, name: str, new_name: str) -> Player:
        """See `PlayerService.rename`."""
        return await self._players.rename((await self._players.by_name(name)).id, new_name)

    async def set_country(self, name: str, country: str | None) -> Player:
        """See `PlayerService.set_country`."""
        return await self._players.set_country((await self._players.by_name(name)).id, country)

    async def ban_player(self, name: str) -> Player:
        """See `PlayerService.ban`."""
        return await self._players.ban((await self._players.by_name(name)).id)

    async def unban_player(self, name: str) -> Player:
        """See `PlayerService.unban`."""
        return await self._players.unban((await self._players.by_name(name)).id)

    async def preview_correction(self, match_id: MatchId, result: MatchResult | None) -> CorrectionOutcome:
        """See `RatingService.preview`."""
        return await self._ratings.preview(match_id, result)

    async def correct_match(
        self, match_id: MatchId, result: MatchResult | None, *, reason: str, actor: str
    ) -> CorrectionOutcome:
        """See `RatingService.correct`."""
        return await self._ratings.correct(match_id, result, reason=reason, actor=actor)

    async def recompute_ratings(self, progress: Progress) -> int:
        """See `RatingService.recompute`."""
        return await self._ratings.recompute(progress)
