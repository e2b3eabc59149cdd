"""A ladder without a database: a real board, service, bus and app around a storage that is two dicts."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import httpx
from fastapi import FastAPI

from tests.support.fakes.ladder import FakeStorage
from tests.support.intake import REPLAY_BYTES_MAX, MemoryIntake
from toprung.adapters.catalog_files import find_game, load_catalog
from toprung.adapters.countries import load_countries
from toprung.application.matches.match_lifecycle import MatchLifecycle
from toprung.application.ports.progress import Progress
from toprung.application.ports.storage import Transaction
from toprung.application.ratings.rating_adjustment import RatingSetOutcome
from toprung.application.ratings.rating_service import CorrectionOutcome, Move
from toprung.application.ratings.season_service import SeasonStarted
from toprung.application.replays.replay_mods import ReplayMods
from toprung.application.transfer.import_service import ImportOrigin, ImportSummary
from toprung.application.writing.audit import Attribution, Counts
from toprung.application.writing.reasons import checked_reason
from toprung.domain.errors import Conflict, InvalidInput, NotFound, StorageUnavailable
from toprung.domain.events import Event, PlayerRegistered, RatingChanged
from toprung.domain.game.catalog import Catalog
from toprung.domain.matches.match import MatchId, MatchResult, MatchState, Outcome, Participant
from toprung.domain.matches.match_life import Step
from toprung.domain.moment import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND, from_iso
from toprung.domain.players.names import clean_name
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.rating import Entry, EntryId, Standing
from toprung.domain.ratings.season import LadderSeason, SeasonId
from toprung.domain.replays.replay_upload import UploadId
from toprung.interfaces.web.api.uploads import UploadLimits
from toprung.interfaces.web.app import create_app
from toprung.interfaces.web.door.front_door import DoorRules
from toprung.interfaces.web.door.shares import STREAMS_PER_ADDRESS
from toprung.interfaces.web.site.live import BoardHub

T = TypeVar("T")

NOW_US = from_iso("2026-03-14T12:00:00Z")
HOUR_US = 3600 * MICROSECONDS_PER_SECOND
UPLOAD_LIMITS = UploadLimits(bytes_max=REPLAY_BYTES_MAX)
ADMIN_TOKEN = "a-token-that-only-the-organiser-knows"

LATIN = ["Maru", "Serral", "Reynor", "Clem", "herO", "Dark", "Rogue", "Solar", "ByuN", "Classic", "ShoWTimE", "Astrea"]
KOREAN = [
    "이영호",
    "임요환",
    "마재윤",
    "김택용",
    "송병구",
    "이제동",
    "홍진호",
    "최연성",
    "도재욱",
    "정명훈",
    "폭풍저그",
    "테란의황제",
]
CYRILLIC = ["Медведь", "Буран", "Сокол", "Гроза", "Молния", "Північ", "Зубр", "Иволга"]
CHINESE = ["龙骑士", "大雄", "黑夜行者", "东方不败", "小兵", "天空之城", "無敵鐵金剛"]
LONG = ["TheUnstoppableSpaceGoose", "Grzegorz_Brzęczyszczykie", "MMMMMMMMMMMMMMMMMMMMMMMM", "ÆtherløsKrigerÅåÆæØø"]
COUNTRIES = [
    "KR",
    "KR",
    "KR",
    "US",
    "US",
    "DE",
    "FR",
    "PL",
    "RU",
    "UA",
    "CN",
    "TW",
    "SE",
    "FI",
    "BR",
    "MX",
    "IS",
    "XK",
    "XX",
    None,
]


class SettableClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now_us: int = NOW_US) -> None:
        self.moment_us = now_us

    def now_us(self) -> int:
        return self.moment_us

    def forward(self, by_us: int) -> None:
        self.moment_us += by_us


class FallibleStorage(FakeStorage):
    """`is_down` makes it refuse to be read, as a database that cannot be reached does."""

    is_down = False

    async def read(self, work: Callable[[Transaction], T]) -> T:
        if self.is_down:
            raise StorageUnavailable("The database cannot be reached; try again.")
        return await super().read(work)


KNOWN_MATCH_ID = MatchId(17)


class FakeAdministration:
    """The organiser's operations on players in memory. An import ends as `next_import` says."""

    def __init__(self, lifecycle: MatchLifecycle, mods: ReplayMods) -> None:
        self._lifecycle = lifecycle
        self._mods = mods
        self.players: dict[str, Player] = {}
        self.attributions: list[Attribution] = []
        self.next_import: Callable[[str, Progress], ImportSummary] = lambda text, progress: summary_of(text)
        self.sources: list[str] = []
        self.origins: list[ImportOrigin | None] = []
        self.ratings_set: list[tuple[str, str, int, str, str]] = []
        self.seasons: list[tuple[LadderSeason, str, str]] = []
        self.corrections: list[tuple[MatchId, MatchResult | None, str, str]] = []

    async def import_entries(self, text: str, progress: Progress, origin: ImportOrigin | None = None) -> ImportSummary:
        self.origins.append(origin)
        return await asyncio.to_thread(self.next_import, text, progress)

    async def import_games(
        self, text: str, source: str, progress: Progress, origin: ImportOrigin | None = None
    ) -> ImportSummary:
        self.sources.append(source)
        return await self.import_entries(text, progress, origin)

    async def open_match(
        self,
        first: tuple[str, str],
        second: tuple[str, str],
        *,
        key: str | None,
        map_name: str | None,
        by: Attribution,
    ) -> MatchId:
        self.attributions.append(by)
        sides = [Participant(player_id=self._known(name).id, race=race) for name, race in (first, second)]
        return (await self._lifecycle.open(sides[0], sides[1], source_key=key, map_name=map_name)).id

    async def act_on_match(
        self, match_id: MatchId, name: str, step: Step, outcome: Outcome | None = None, *, by: Attribution
    ) -> MatchState:
        self.attributions.append(by)
        return (await self._lifecycle.act(match_id, self._known(name).id, step, outcome)).state

    async def approve_mod(self, upload_id: UploadId, *, reason: str, actor: str) -> int:
        return len((await self._mods.approve(upload_id, reason=reason, actor=actor)).handles)

    async def pardon_player(self, name: str, by: Attribution) -> int:
        self.attributions.append(by)
        return len(self._known(name).name)

    async def restore_player(self, name: str, by: Attribution) -> Player:
        self.attributions.append(by)
        return replace(self._known(name), id=PlayerId(1))

    async def preview_correction(self, match_id: MatchId, result: MatchResult | None) -> CorrectionOutcome:
        if match_id != KNOWN_MATCH_ID:
            raise NotFound(f"There is no match {match_id}.")
        move = Move(
            entry_id=EntryId(7),
            player_id=PlayerId(3),
            player_name="Maru",
            race="sc2_terran",
            mmr_before=1520,
            mmr_after=1480,
        )
        return CorrectionOutcome(
            match_id=match_id, before=MatchResult.SIDE_1_WON, after=result, moves=(move,), rated_anew=3
        )

    async def correct_match(
        self, match_id: MatchId, result: MatchResult | None, *, reason: str, actor: str
    ) -> CorrectionOutcome:
        if not reason:
            raise InvalidInput("reason", "A correction needs a reason.")
        outcome = await self.preview_correction(match_id, result)
        self.corrections.append((match_id, result, reason, actor))
        return outcome

    async def recompute_ratings(self, progress: Progress, by: Attribution) -> Counts:
        progress(1, 1)
        self.attributions.append(by)
        return Counts(changed=5, unchanged=7)

    async def preview_rating(self, name: str, race: str, mmr: int) -> RatingSetOutcome:
        return RatingSetOutcome(
            player_name=self._known(name).name,
            race=race,
            mmr_before=1500,
            mmr_after=mmr,
            deviation_before=61.5,
            deviation_after=350.0,
            games_played=9,
        )

    async def set_rating(self, name: str, race: str, mmr: int, *, reason: str, actor: str) -> RatingSetOutcome:
        self.ratings_set.append((name, race, mmr, checked_reason(reason), actor))
        return await self.preview_rating(name, race, mmr)

    async def start_season(
        self, code: str, name: str, *, reset_to: float | None, reason: str, actor: str
    ) -> SeasonStarted:
        if any(season.ended_at_us is None for season, *_ in self.seasons):
            raise Conflict("A season is running.")
        season = LadderSeason(
            id=SeasonId(1), code=code, name=name, started_at_us=1, ended_at_us=None, reset_deviation=reset_to
        )
        self.seasons.append((season, checked_reason(reason), actor))
        return SeasonStarted(season=season, entries_reset=3)

    async def end_season(self, *, reason: str, actor: str) -> LadderSeason:
        if not self.seasons or self.seasons[-1][0].ended_at_us is not None:
            raise Conflict("No season is running.")
        season = replace(self.seasons[-1][0], ended_at_us=2_000_000)
        self.seasons.append((season, checked_reason(reason), actor))
        return season

    async def register_player(self, name: str, country: str | None, by: Attribution) -> Player:
        self.attributions.append(by)
        cleaned = clean_name(name)
        if cleaned in self.players:
            raise Conflict(f"The name {cleaned!r} is taken.")
        code = None if country is None else load_countries().parse(country)
        player = Player(id=PlayerId(len(self.players) + 1), name=cleaned, country=code, discord_id=4711)
        self.players[cleaned] = player
        return player

    async def rename_player(self, name: str, new_name: str, by: Attribution) -> Player:
        self.attributions.append(by)
        player = self._known(name)
        cleaned = clean_name(new_name)
        if cleaned in self.players and cleaned != name:
            raise Conflict(f"The name {cleaned!r} is taken.")
        del self.players[player.name]
        return self._save(replace(player, name=cleaned))

    async def set_country(self, name: str, country: str | None, by: Attribution) -> Player:
        self.attributions.append(by)
        code = None if country is None else load_countries().parse(country)
        return self._save(replace(self._known(name), country=code))

    async def ban_player(self, name: str, by: Attribution) -> Player:
        self.attributions.append(by)
        return self._save(replace(self._known(name), is_banned=True))

    async def unban_player(self, name: str, by: Attribution) -> Player:
        self.attributions.append(by)
        return self._save(replace(self._known(name), is_banned=False))

    def _known(self, name: str) -> Player:
        cleaned = clean_name(name)
        if cleaned not in self.players:
            raise NotFound(f"There is no player called {cleaned!r}.")
        return self.players[cleaned]

    def _save(self, player: Player) -> Player:
        self.players[player.name] = player
        return player


def summary_of(text: str) -> ImportSummary:
    """What importing this text did: one entry a line, after the header."""
    rows = max(0, len(text.splitlines()) - 1)
    return ImportSummary(rows=rows, players=Counts(new=rows), ratings=Counts(new=rows))


class Ladder:
    """The app, and hands to move what is behind it."""

    def __init__(
        self,
        *,
        catalog: Catalog | None = None,
        inactivity_days: float | None = 14,
        door: DoorRules | None = None,
        listeners_per_address: int = STREAMS_PER_ADDRESS,
    ) -> None:
        self.clock = SettableClock()
        self.storage = FallibleStorage()
        self.catalog = catalog or load_catalog(find_game("sc_evo"))
        self.health: dict[str, object] = {}
        self.intake = MemoryIntake(
            storage=self.storage,
            clock=self.clock,
            catalog=self.catalog,
            inactivity_us=None if inactivity_days is None else round(inactivity_days * MICROSECONDS_PER_DAY),
            database_id=self.catalog.code,
        )
        made = self.intake.ladder
        self.bus, self.store, self.leaderboard = made.bus, made.store, made.leaderboard
        self.administration = FakeAdministration(made.lifecycle, made.mods)
        self.use_cases = replace(made, administration=self.administration)
        self.hub = BoardHub(self.leaderboard, self.clock.now_us, listeners_per_address=listeners_per_address)
        self.hub.follow(self.use_cases)
        self.app: FastAPI = create_app(
            self.use_cases,
            hub=self.hub,
            upload_limits=UPLOAD_LIMITS,
            admin_token=ADMIN_TOKEN,
            health=lambda: self.health,
            metrics=lambda: (b"toprung_up 1\n", "text/plain; version=1.0.0; charset=utf-8"),
            door=door,
        )

    def client(self, address: str = "127.0.0.1") -> httpx.AsyncClient:
        """A client at an address that calls the app without a network."""
        transport = httpx.ASGITransport(app=self.app, client=(address, 4711))
        return httpx.AsyncClient(transport=transport, base_url="http://ladder.test")

    def put(
        self,
        name: str,
        *,
        race: str = "bw_terran",
        mmr: int = 1500,
        country: str | None = "KR",
        hours_ago: float = 1,
        won: int = 3,
        lost: int = 2,
        drawn: int = 0,
    ) -> PlayerId:
        """An entry that was there before the board was read; a player of the same name is the same one."""
        known = next((player for player in self.storage.database.players.values() if player.name == name), None)
        player_id = known.id if known else PlayerId(len(self.storage.database.players) + 1)
        self.storage.database.players[player_id] = Player(
            id=player_id, name=name, country=country, discord_id=10**17 + player_id
        )
        entry_id = EntryId(len(self.storage.database.entries) + 1)
        self.storage.database.entries[EntryId(entry_id)] = Entry(
            id=entry_id,
            player_id=player_id,
            race=race,
            mmr=mmr,
            games_played=won + lost + drawn,
            games_won=won,
            games_lost=lost,
            games_drawn=drawn,
            last_played_us=self.clock.now_us() - round(hours_ago * HOUR_US) if won + lost + drawn else None,
        )
        return player_id

    async def score(self, entry_id: int, mmr_change: int) -> None:
        """A game is committed that changes this entry."""
        entry = self.storage.database.entries[EntryId(entry_id)].after_game(
            Standing(self.storage.database.entries[EntryId(entry_id)].mmr + mmr_change),
            score=1 if mmr_change > 0 else 0,
            ended_at_us=self.clock.now_us(),
        )
        self.storage.database.entries[EntryId(entry_id)] = entry
        await self.commit(RatingChanged(entry=entry, match_id=MatchId(1)))

    async def join(self, name: str) -> None:
        """A player registers, who has no entry yet."""
        player = Player(id=PlayerId(len(self.storage.database.players) + 1), name=name)
        self.storage.database.players[player.id] = player
        await self.commit(PlayerRegistered(player=player))

    async def commit(self, event: Event) -> None:
        """Tells everybody of a change, as after a commit."""
        await self.use_cases.unit_of_work.run(lambda tx: tx.record(event))

    def fill(self, players: int, *, seed: int = 7) -> None:
        """A season of varied players, some with several races."""
        chance = random.Random(seed)
        known = [*LATIN, *KOREAN, *CYRILLIC, *CHINESE, *LONG]
        names = [known[i] if i < len(known) else f"{chance.choice(known[:31])}{i}" for i in range(players)]
        chance.shuffle(names)
        for name in names:
            country = chance.choice(COUNTRIES)
            for race in chance.sample(self.catalog.race_codes, chance.choice([1, 1, 1, 2, 3])):
                won, lost = chance.randrange(0, 160), chance.randrange(1, 140)
                self.put(
                    name,
                    race=race,
                    mmr=round(chance.gauss(1500, 260)),
                    country=country,
                    hours_ago=chance.expovariate(1 / 60) % 330,
                    won=won,
                    lost=lost,
                    drawn=chance.choice([0, 0, 0, 1, 4]),
                )
