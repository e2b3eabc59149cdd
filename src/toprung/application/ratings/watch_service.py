"""The look at a season's games for what is unusual. It only reads; what to make of it is for organisers to say."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from toprung.application.ports.clock import Clock
from toprung.application.ports.lookups import VerifiedReplay
from toprung.application.ports.storage import Transaction
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import InvalidInput, NotFound
from toprung.domain.matches.match import MatchId
from toprung.domain.matches.watch.accounts import NamedAccount, SharedAccount
from toprung.domain.matches.watch.games import GAMES_MAX, WatchedGame
from toprung.domain.matches.watch.limits import DAYS_DEFAULT, WatchLimits
from toprung.domain.matches.watch.look import Looked, look
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.season import LadderSeason, season_code
from toprung.domain.replays.replay import FRAMES_PER_SECOND
from toprung.domain.replays.replay_findings import Findings
from toprung.domain.replays.replay_upload import UploadState, UploadVerdict

REPLAYS_MAX: Final = 2 * GAMES_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A stretch of time, and the season that it is."""

    since_us: int
    until_us: int
    season: LadderSeason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchReport:
    """What a look at a period found, and what everybody in it is called today.

    `is_cut` says that there were more games than are looked at, so that the first ones are missing.
    """

    period: Period
    looked: Looked
    names: Mapping[PlayerId, str]
    is_cut: bool


class WatchService:
    """Looks at periods, of at most `games_max` games."""

    def __init__(
        self, *, unit_of_work: UnitOfWork, clock: Clock, limits: WatchLimits, games_max: int = GAMES_MAX
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._limits = limits
        self._games_max = games_max

    async def report(self, *, season: str | None = None, days: int | None = None) -> WatchReport:
        """What is unusual in a season or in the last days; else in the season that runs, else in the last 90 days.

        Raises `NotFound` for no such season, and `InvalidInput` for what is no season's code and for both at once.
        """
        if season is not None and days is not None:
            raise InvalidInput("days", "Name a season or a number of days, not both.", "season_or_days")
        now_us, code = self._clock.now_us(), None if season is None else season_code(season)
        return await self._unit_of_work.read(lambda tx: self.look(tx, now_us, season=code, days=days))

    def look(self, tx: Transaction, now_us: int, *, season: str | None = None, days: int | None = None) -> WatchReport:
        """The same, in a transaction."""
        period = _period(tx.seasons.all(), now_us, season, days)
        since_us, until_us = period.since_us, period.until_us
        games = tx.lookups.watched_games(self._games_max + 1, since_us=since_us, until_us=until_us)
        is_cut = len(games) > self._games_max
        replays = tx.lookups.verified_replays(REPLAYS_MAX, since_us=since_us, until_us=until_us)
        looked = _looked(tx, games[-self._games_max :], replays, self._limits)
        return WatchReport(period=period, looked=looked, names=_names(tx, _mentioned(looked)), is_cut=is_cut)

    async def names(self, player_ids: Collection[PlayerId]) -> Mapping[PlayerId, str]:
        """What these players are called today."""
        return await self._unit_of_work.read(lambda tx: _names(tx, player_ids))


def _period(seasons: Sequence[LadderSeason], now_us: int, wanted: str | None, days: int | None) -> Period:
    if wanted is not None:
        season = next((one for one in seasons if one.code == wanted), None)
        if season is None:
            raise NotFound("There is no season {season}.", "season", season=repr(wanted))
    else:
        season = next((one for one in seasons if one.ended_at_us is None), None) if days is None else None
    if season is None:
        return Period(since_us=now_us - (days or DAYS_DEFAULT) * MICROSECONDS_PER_DAY, until_us=now_us + 1)
    until_us = now_us + 1 if season.ended_at_us is None else season.ended_at_us
    return Period(since_us=season.started_at_us, until_us=until_us, season=season)


def _looked(
    tx: Transaction, games: Sequence[WatchedGame], replays: Sequence[VerifiedReplay], limits: WatchLimits
) -> Looked:
    lengths: dict[MatchId, float] = {}
    for replay in replays:
        if replay.reading is not None and replay.match_id not in lengths:
            frames: int = json.loads(replay.reading)["frames"]  # kept once it was decoded strictly
            lengths[replay.match_id] = frames / FRAMES_PER_SECOND
    measured = [game._replace(length_seconds=lengths.get(game.match_id)) for game in games]
    sides = {game.match_id: (game.player_1, game.player_2) for game in games}
    looked = look(measured, _named(replays, sides), limits)
    return _without_returns(tx, looked)


def _named(
    replays: Sequence[VerifiedReplay], sides: Mapping[MatchId, tuple[PlayerId, PlayerId]]
) -> Iterator[NamedAccount]:
    """The accounts that replays name."""
    for replay in replays:
        verdict = UploadVerdict.from_json(UploadState.VERIFIED, replay.verdict)
        findings = Findings.from_details(verdict.details)
        if findings is None or replay.match_id not in sides:
            continue
        for player, handle in zip(sides[replay.match_id], findings.handles, strict=True):
            if handle is not None:
                yield NamedAccount(handle, player, replay.match_id)


def _without_returns(tx: Transaction, looked: Looked) -> Looked:
    """The same without accounts of one who left and came back, whom organisers are told of as such."""

    def is_of_several(account: SharedAccount) -> bool:
        return not set(account.players) <= set(tx.departures.same_person(account.players[0]))

    return replace(looked, accounts=tuple(filter(is_of_several, looked.accounts)))


def _names(tx: Transaction, player_ids: Collection[PlayerId]) -> dict[PlayerId, str]:
    return {player_id: player.name for player_id, player in tx.players.by_ids(player_ids).items()}


def _mentioned(looked: Looked) -> set[PlayerId]:
    pairs = (player for pair in looked.pairs for player in pair.players)
    accounts = (player for account in looked.accounts for player in account.players)
    return {*pairs, *accounts, *(one.player for one in looked.players)}
