"""A ladder without a database: a real board, service, bus and app around a storage that is two dicts."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar, cast

import httpx
from fastapi import FastAPI

from tests.support.fakes.ladder import FakeStorage
from tests.support.intake import REPLAY_BYTES_MAX, MemoryIntake
from toprung.adapters.catalog_files import find_game, load_catalog
from toprung.application.organising.operation import Foreseeable, Operation
from toprung.application.organising.operations import Administration, in_silence
from toprung.application.organising.transfer_operations import ImportEntries, ImportGames
from toprung.application.ports.progress import Progress
from toprung.application.ports.storage import Transaction
from toprung.application.replays.replay_service import IntakeLimits
from toprung.application.transfer.import_service import ImportSummary
from toprung.application.writing.audit import Counts
from toprung.domain.errors import StorageUnavailable
from toprung.domain.events import Event, PlayerRegistered, RatingChanged
from toprung.domain.game.catalog import Catalog
from toprung.domain.matches.match import MatchId
from toprung.domain.moment import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND, from_iso
from toprung.domain.players.names import NameKeys
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.rating import Entry, EntryId, EntryState, Standing
from toprung.interfaces.web.api.uploads import UploadLimits
from toprung.interfaces.web.app import create_app
from toprung.interfaces.web.door.front_door import DoorRules
from toprung.interfaces.web.door.shares import STREAMS_PER_ADDRESS
from toprung.interfaces.web.site.live import BoardHub

T = TypeVar("T")
R = TypeVar("R")
P = TypeVar("P")

NOW_US = from_iso("2026-03-14T12:00:00Z")
HOUR_US = 3600 * MICROSECONDS_PER_SECOND
UPLOAD_LIMITS = UploadLimits(bytes_max=REPLAY_BYTES_MAX)
INTAKE_LIMITS = IntakeLimits(replay_bytes_max=REPLAY_BYTES_MAX)
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


class WatchedAdministration:
    """The ladder's own administration, with what was done by it; an import may be told how to end."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        self.performed: list[Operation[object]] = []
        self.next_import: Callable[[str, Progress], ImportSummary] | None = None

    async def perform(self, operation: Operation[R], tell: Progress = in_silence) -> R:
        if isinstance(operation, ImportEntries | ImportGames) and self.next_import is not None:
            done = cast("R", await asyncio.to_thread(self.next_import, operation.text, tell))
        else:
            done = await self._administration.perform(operation, tell)
        self.performed.append(operation)
        return done

    async def preview(self, operation: Foreseeable[object, P]) -> P:
        return await self._administration.preview(operation)


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
        upload_limits: UploadLimits = UPLOAD_LIMITS,
        intake: IntakeLimits = INTAKE_LIMITS,
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
            intake=intake,
        )
        made = self.intake.ladder
        self.bus, self.store, self.leaderboard = made.bus, made.store, made.leaderboard
        self.administration = WatchedAdministration(made.administration)
        self.use_cases = replace(made, administration=self.administration)
        self.hub = BoardHub(self.leaderboard, self.clock.now_us, listeners_per_address=listeners_per_address)
        self.hub.follow(self.use_cases)
        self.app: FastAPI = create_app(
            self.use_cases,
            hub=self.hub,
            upload_limits=upload_limits,
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
        self.storage.database.name_keys[player_id] = NameKeys({}).key(name)
        entry_id = EntryId(len(self.storage.database.entries) + 1)
        self.storage.database.entries[EntryId(entry_id)] = Entry(
            id=entry_id,
            player_id=player_id,
            race=race,
            state=EntryState(
                mmr=mmr,
                games_won=won,
                games_lost=lost,
                games_drawn=drawn,
                last_played_us=self.clock.now_us() - round(hours_ago * HOUR_US) if won + lost + drawn else None,
            ),
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
        self.storage.database.name_keys[player.id] = NameKeys({}).key(name)
        await self.commit(PlayerRegistered(player=player))

    async def commit(self, event: Event) -> None:
        """Tells everybody of a change, as after a commit."""
        await self.use_cases.unit_of_work.run(lambda tx: tx.changes.record(event))

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
