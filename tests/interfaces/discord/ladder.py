"""A whole ladder in memory with a bot on it: the program's composition, real texts and game data, a fake database."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Final

from tests.interfaces.web.ladder import CHINESE, COUNTRIES, CYRILLIC, KOREAN, LATIN, LONG
from tests.support.composed import INACTIVITY_US, composed
from tests.support.fakes.jobs import FakeBootClock
from tests.support.fakes.ladder import FakeClock, FakeStorage
from tests.support.intake import ScriptedParser, WatchedJudge
from toprung.adapters.catalog_files import find_game, load_catalog
from toprung.adapters.confusables import load_prototypes
from toprung.application.jobs.job_endings import JobEndings
from toprung.application.jobs.job_queue import JobHandlers, JobQueue
from toprung.application.ladder import Ladder
from toprung.application.ports.replays import Intake, SubmittedReplay
from toprung.application.replays.replay_service import IntakeLimits
from toprung.application.writing.audit import Attribution
from toprung.domain.jobs.job import JobId
from toprung.domain.matches.match import FinalMatch, MatchId, MatchResult, Participant
from toprung.domain.players.names import NameKeys
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.rating import Entry, EntryId, EntryState
from toprung.interfaces.discord.bot.bot import BotOptions, DiscordBot
from toprung.interfaces.discord.messages.context import BotContext, BotLimits
from toprung.interfaces.discord.messages.organisers import Organisers
from toprung.interfaces.texts.texts import Texts, load_texts

CATALOG: Final = load_catalog(find_game("sc_evo"))
TEXTS: Final[Texts] = load_texts()
NAME_KEYS: Final = NameKeys(load_prototypes())
REPLAY_BYTES_MAX: Final = 10_000
NAMES: Final = (*LATIN, *KOREAN, *CYRILLIC, *CHINESE, *LONG)


def discord_ladder(
    *, terms_url: str | None = None, channel_language: str = "en", limits: BotLimits | None = None
) -> "DiscordLadder":
    """An empty ladder, whose players are told things unless a test puts them out of reach."""
    storage, clock, boot_clock = FakeStorage(), FakeClock(), FakeBootClock()
    parser, judge = ScriptedParser(), WatchedJudge()
    out_of_reach = set[int]()
    made = composed(
        CATALOG,
        storage,
        clock,
        ports={"boot_clock": boot_clock, "parser": parser},
        name_keys=NAME_KEYS,
        judge=judge.judge,
        intake=IntakeLimits(replay_bytes_max=REPLAY_BYTES_MAX),
        can_reach=lambda player: player.discord_id not in {None, *out_of_reach},
    )
    parts = {one.name: getattr(made, one.name) for one in fields(made)}
    parts["intake"] = LadderIntake(
        made.intake, queue=made.queue, handlers=made.handlers, endings=made.endings,
        parser=parser, judge=judge, boot_clock=boot_clock,
    )  # fmt: skip
    parts["clock"] = clock
    return DiscordLadder(
        **parts,
        storage=storage,
        out_of_reach=out_of_reach,
        terms_url=terms_url,
        channel_language=channel_language,
        limits=limits or BotLimits(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordLadder(Ladder):
    """The use cases, what is behind them, and bots on top: `new_bot` makes one, as a start of the program does."""

    clock: FakeClock
    intake: "LadderIntake"
    storage: FakeStorage
    out_of_reach: set[int]
    terms_url: str | None
    channel_language: str
    limits: BotLimits
    organisers: Organisers = field(default_factory=Organisers)

    def context(self) -> BotContext:
        """What a bot's commands work with; what it keeps in memory is new."""
        return BotContext(
            ladder=self,
            texts=TEXTS,
            organisers=self.organisers,
            terms_url=self.terms_url,
            channel_language=self.channel_language,
            limits=self.limits,
        )

    def new_bot(self, options: BotOptions | None = None) -> DiscordBot:
        """A bot, as a start of the program makes it."""
        bot = DiscordBot(self.context(), options or BotOptions(token="token"))
        self.bus.subscribe(bot.on_changes)
        return bot

    async def fill(self, entries: int, *, names: Sequence[str] = NAMES) -> None:
        """That many ranked entries of made-up players, the same every time; the first player has two."""
        chance = random.Random(7)
        database = self.storage.database
        first = max(database.players, default=0) + 1
        for number in range(first, first + entries):
            name = names[(number - 1) % len(names)]
            name = name if number <= len(names) else f"{name[:16]} {number}"
            player = Player(id=PlayerId(number), name=name, country=chance.choice(COUNTRIES))
            database.players[player.id] = player
            database.name_keys[player.id] = NAME_KEYS.key(name)
            races = chance.sample(CATALOG.race_codes, 2 if number == first else 1)
            for race in races:
                won, lost = chance.randrange(40), chance.randrange(1, 40)
                entry = Entry(
                    id=EntryId(len(database.entries) + 1),
                    player_id=player.id,
                    race=race,
                    state=EntryState(
                        mmr=round(chance.gauss(1500, 220)),
                        games_won=won,
                        games_lost=lost,
                        last_played_us=self.clock.now_us() - chance.randrange(INACTIVITY_US // 2),
                    ),
                )
                database.entries[entry.id] = entry
        await self.store.load()

    async def joined(self, discord_id: int, name: str, *, country: str = "KR", language: str = "en") -> Player:
        """Somebody who has finished the set-up."""
        await self.accounts.answer(
            discord_id,
            language=language,
            accepts_terms=True,
            name=name,
            in_game_name=f"{name[:12]}#1234",
            country=country,
            region="KRJ",
        )
        return (await self.accounts.finish(discord_id)).player

    async def play(self, winner: PlayerId, loser: PlayerId, *, race: str = "bw_zerg", times: int = 1) -> None:
        """Matches, a minute apart."""
        for _ in range(times):
            self.clock.advance(seconds=60)
            match = FinalMatch(
                source_key=f"match {len(self.storage.database.played.matches)}",
                sides=((Participant(player_id=winner, race=race),), (Participant(player_id=loser, race="sc2_zerg"),)),
                result=MatchResult.SIDE_1_WON,
                ended_at_us=self.clock.now_us(),
                map_name="Keres Passage",
            )
            await self.recorder.record(match)


class LadderIntake:
    """The ladder's intake, which keeps what it was given and works at its jobs only when a test says so."""

    def __init__(
        self,
        intake: Intake,
        *,
        queue: JobQueue,
        handlers: JobHandlers,
        endings: JobEndings,
        parser: ScriptedParser,
        judge: WatchedJudge,
        boot_clock: FakeBootClock,
    ) -> None:
        self.taken: list[tuple[str, MatchId | None, bytes, str | None]] = []
        self.parser, self.judge, self.endings = parser, judge, endings
        self._intake, self._queue, self._handlers, self._clock = intake, queue, handlers, boot_clock

    async def submit_replay(
        self,
        player_name: str,
        match_id: MatchId | None,
        data: bytes,
        file_name: str | None,
        *,
        by_discord: bool = False,
    ) -> SubmittedReplay:
        """See `Intake`."""
        taken = await self._intake.submit_replay(player_name, match_id, data, file_name, by_discord=by_discord)
        self.taken.append((player_name, match_id, data, file_name))
        return taken

    async def retry_job(self, job_id: JobId) -> None:
        """Has somebody put a dead letter back in line."""
        await self._queue.retry(job_id, Attribution(actor="cli"))

    async def work_off(self) -> None:
        """Works at all jobs until each is done or dead."""
        while True:
            for job in await self._queue.claim(1, workers=1):
                await self._queue.end(job, await self._handlers[job.kind].handle(job))
                break
            else:
                seconds = await self._queue.seconds_until_due()
                if seconds is None:
                    return
                self._clock.advance(seconds)
