"""What an organiser does to the ladder, in the process that holds it or from another one."""

from typing import Protocol

from toprung.application.matches.match_lifecycle import MatchLifecycle
from toprung.application.players.player_service import PlayerService
from toprung.application.ports.progress import Progress
from toprung.application.ratings.rating_adjustment import RatingAdjustment, RatingSetOutcome
from toprung.application.ratings.rating_service import CorrectionOutcome, RatingService
from toprung.application.ratings.season_service import SeasonService, SeasonStarted
from toprung.application.replays.replay_mods import ReplayMods
from toprung.application.transfer.import_service import ImportOrigin, ImportService, ImportSummary
from toprung.application.writing.audit import Attribution, Counts
from toprung.domain.matches.match import MatchId, MatchResult, MatchState, Outcome, Participant
from toprung.domain.matches.match_life import Step
from toprung.domain.players.player import Player
from toprung.domain.ratings.season import LadderSeason
from toprung.domain.replays.replay_upload import UploadId


class Administration(Protocol):
    """The organiser's operations. Players are named by name; the audit keeps who did what, and why.

    Raises what the use cases behind it raise.
    """

    async def import_entries(self, text: str, progress: Progress, origin: ImportOrigin | None = None) -> ImportSummary:
        """Imports a CSV of entries, all rows or none."""
        ...

    async def import_games(
        self, text: str, source: str, progress: Progress, origin: ImportOrigin | None = None
    ) -> ImportSummary:
        """Plays a CSV of games through the ladder."""
        ...

    async def register_player(self, name: str, country: str | None, by: Attribution) -> Player:
        """Adds a player."""
        ...

    async def rename_player(self, name: str, new_name: str, by: Attribution) -> Player:
        """Gives a player another name."""
        ...

    async def set_country(self, name: str, country: str | None, by: Attribution) -> Player:
        """Gives a player another country, or none."""
        ...

    async def ban_player(self, name: str, by: Attribution) -> Player:
        """Bans a player, who leaves the leaderboard; what was played stays."""
        ...

    async def unban_player(self, name: str, by: Attribution) -> Player:
        """Lifts a ban."""
        ...

    async def pardon_player(self, name: str, by: Attribution) -> int:
        """Lifts every penalty of a player; gives how many that were."""
        ...

    async def restore_player(self, name: str, by: Attribution) -> Player:
        """Gives somebody who left and came back the old player back."""
        ...

    async def open_match(
        self,
        first: tuple[str, str],
        second: tuple[str, str],
        *,
        key: str | None,
        map_name: str | None,
        by: Attribution,
    ) -> MatchId:
        """A match for two players to play, each by name and race; the same key again gives the same match."""
        ...

    async def act_on_match(
        self, match_id: MatchId, name: str, step: Step, outcome: Outcome | None = None, *, by: Attribution
    ) -> MatchState:
        """Does for a player what the player may do about a match, and gives the state that it then has."""
        ...

    async def preview_correction(self, match_id: MatchId, result: MatchResult | None) -> CorrectionOutcome:
        """What it would do to judge a finished match so (None: void)."""
        ...

    async def correct_match(
        self, match_id: MatchId, result: MatchResult | None, *, reason: str, actor: str
    ) -> CorrectionOutcome:
        """Judges a finished match anew (None: void), with everything that follows from it."""
        ...

    async def recompute_ratings(self, progress: Progress, by: Attribution) -> Counts:
        """Plays the whole rating log again; gives how many ratings came out otherwise."""
        ...

    async def preview_rating(self, name: str, race: str, mmr: int) -> RatingSetOutcome:
        """What it would do to set a player's rating by hand."""
        ...

    async def set_rating(self, name: str, race: str, mmr: int, *, reason: str, actor: str) -> RatingSetOutcome:
        """Sets a player's rating by hand."""
        ...

    async def start_season(
        self, code: str, name: str, *, reset_to: float | None, reason: str, actor: str
    ) -> SeasonStarted:
        """Starts a season, with a soft reset of deviations unless `reset_to` is None."""
        ...

    async def end_season(self, *, reason: str, actor: str) -> LadderSeason:
        """Ends the season that runs."""
        ...

    async def approve_mod(self, upload_id: UploadId, *, reason: str, actor: str) -> int:
        """Approves the version of the mod that an upload was played with; gives how many files it has."""
        ...


class AdminService:
    """The organiser's operations in the process that holds the ladder."""

    def __init__(
        self,
        *,
        imports: ImportService,
        players: PlayerService,
        ratings: RatingService,
        lifecycle: MatchLifecycle,
        adjustment: RatingAdjustment,
        seasons: SeasonService,
        mods: ReplayMods,
    ) -> None:
        self._mods = mods
        self._imports = imports
        self._players = players
        self._ratings = ratings
        self._lifecycle = lifecycle
        self._adjustment = adjustment
        self._seasons = seasons

    async def import_entries(self, text: str, progress: Progress, origin: ImportOrigin | None = None) -> ImportSummary:
        """See `ImportService.import_entries`."""
        return await self._imports.import_entries(text, progress, origin)

    async def import_games(
        self, text: str, source: str, progress: Progress, origin: ImportOrigin | None = None
    ) -> ImportSummary:
        """See `ImportService.import_games`."""
        return await self._imports.import_games(text, source, progress, origin)

    async def register_player(self, name: str, country: str | None, by: Attribution) -> Player:
        """See `PlayerService.register`."""
        return await self._players.register(name, country=country, by=by)

    async def rename_player(self, name: str, new_name: str, by: Attribution) -> Player:
        """See `PlayerService.rename`."""
        return await self._players.rename((await self._players.by_name(name)).id, new_name, by)

    async def set_country(self, name: str, country: str | None, by: Attribution) -> Player:
        """See `PlayerService.set_country`."""
        return await self._players.set_country((await self._players.by_name(name)).id, country, by)

    async def ban_player(self, name: str, by: Attribution) -> Player:
        """See `PlayerService.ban`."""
        return await self._players.ban((await self._players.by_name(name)).id, by)

    async def unban_player(self, name: str, by: Attribution) -> Player:
        """See `PlayerService.unban`."""
        return await self._players.unban((await self._players.by_name(name)).id, by)

    async def pardon_player(self, name: str, by: Attribution) -> int:
        """See `PlayerService.pardon`."""
        return await self._players.pardon((await self._players.by_name(name)).id, by)

    async def restore_player(self, name: str, by: Attribution) -> Player:
        """See `PlayerService.restore`."""
        return await self._players.restore((await self._players.by_name(name)).id, by)

    async def open_match(
        self,
        first: tuple[str, str],
        second: tuple[str, str],
        *,
        key: str | None,
        map_name: str | None,
        by: Attribution,
    ) -> MatchId:
        """See `MatchLifecycle.open`."""
        sides = [
            Participant(player_id=(await self._players.by_name(name)).id, race=race) for name, race in (first, second)
        ]
        opened = await self._lifecycle.open(sides[0], sides[1], source_key=key, map_name=map_name, by=by)
        return opened.id

    async def act_on_match(
        self, match_id: MatchId, name: str, step: Step, outcome: Outcome | None = None, *, by: Attribution
    ) -> MatchState:
        """See `MatchLifecycle.act`."""
        player = await self._players.by_name(name)
        return (await self._lifecycle.act(match_id, player.id, step, outcome, by)).state

    async def preview_correction(self, match_id: MatchId, result: MatchResult | None) -> CorrectionOutcome:
        """See `RatingService.preview`."""
        return await self._ratings.preview(match_id, result)

    async def correct_match(
        self, match_id: MatchId, result: MatchResult | None, *, reason: str, actor: str
    ) -> CorrectionOutcome:
        """See `RatingService.correct`."""
        return await self._ratings.correct(match_id, result, reason=reason, actor=actor)

    async def recompute_ratings(self, progress: Progress, by: Attribution) -> Counts:
        """See `RatingService.recompute`."""
        return await self._ratings.recompute(progress, by)

    async def preview_rating(self, name: str, race: str, mmr: int) -> RatingSetOutcome:
        """See `RatingAdjustment.preview`."""
        return await self._adjustment.preview((await self._players.by_name(name)).id, race, mmr)

    async def set_rating(self, name: str, race: str, mmr: int, *, reason: str, actor: str) -> RatingSetOutcome:
        """See `RatingAdjustment.set_rating`."""
        player = await self._players.by_name(name)
        return await self._adjustment.set_rating(player.id, race, mmr, reason=reason, actor=actor)

    async def start_season(
        self, code: str, name: str, *, reset_to: float | None, reason: str, actor: str
    ) -> SeasonStarted:
        """See `SeasonService.start`."""
        return await self._seasons.start(code, name, reset_to=reset_to, reason=reason, actor=actor)

    async def end_season(self, *, reason: str, actor: str) -> LadderSeason:
        """See `SeasonService.end`."""
        return await self._seasons.end(reason=reason, actor=actor)

    async def approve_mod(self, upload_id: UploadId, *, reason: str, actor: str) -> int:
        """See `ReplayMods.approve`."""
        return len((await self._mods.approve(upload_id, reason=reason, actor=actor)).handles)
