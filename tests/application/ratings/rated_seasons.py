"""Ladders on which a season was played, and hands to correct and to tamper with them."""

from pathlib import Path
from random import Random
from typing import Any, Final

from tests.support.databases import Database, OpenLadder, opened_ladder
from tests.support.fakes.ladder import FakeClock
from toprung.application.organising.transfer_operations import ImportEntries
from toprung.application.ratings.rating_service import CorrectionOutcome
from toprung.application.transfer.entry_file import COLUMNS
from toprung.application.writing.audit import Attribution
from toprung.domain.leaderboard.leaderboard import LeaderboardPage
from toprung.domain.matches.match import FinalMatch, MatchId, MatchResult, Participant
from toprung.domain.moment import MICROSECONDS_PER_DAY, to_iso
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.rating import Entry
from toprung.domain.ratings.rating_system import RATING_SYSTEMS

WON, LOST, DRAW = MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON, MatchResult.DRAW
RESULTS: Final = (WON, LOST, DRAW, None)
NOW_US: Final = FakeClock().now_us()
NAMES: Final = ("Ann", "Bob", "Cid", "Dan")
RACES: Final = ("bw_zerg", "sc2_terran")
SYSTEMS: Final = RATING_SYSTEMS
CORRECTING: Final = Attribution(actor="admin Eve", reason="the replay shows it")
GAMES: Final = 24
TABLES: Final = ("entry", "match", "rating_journal", "audit", "change", "change_counter")
OTHERWISE: Final = {WON: LOST, LOST: DRAW, DRAW: WON}


def game(number: int, one: int, other: int, result: MatchResult, races: tuple[str, str] = RACES) -> FinalMatch:
    """A game of the players with these ids, a day after the one before."""
    ids = (PlayerId(one), PlayerId(other))
    sides = [(Participant(player_id=who, race=race),) for who, race in zip(ids, races, strict=True)]
    ended_at_us = NOW_US - (300 - number) * MICROSECONDS_PER_DAY
    return FinalMatch(source_key=f"game {number}", sides=(sides[0], sides[1]), result=result, ended_at_us=ended_at_us)


def season() -> list[FinalMatch]:
    """Games of everybody against everybody, the same in every run."""
    random = Random(20260924)
    games = []
    for number in range(1, GAMES + 1):
        one, other = random.sample(range(1, len(NAMES) + 1), 2)
        races = (random.choice(RACES), random.choice(RACES))
        games.append(game(number, one, other, random.choice([WON, WON, LOST, LOST, DRAW]), races))
    return games


def no_progress(done: int, total: int) -> None:
    pass


async def join(opened: OpenLadder, *names: str) -> None:
    for name in names:
        await opened.ladder.players.register(name, country="KR")


async def play(opened: OpenLadder, games: list[FinalMatch]) -> None:
    """Half of the games, then a file that brings in Ann's ratings anew, then the rest: matches 1, 2, 3 and so on."""
    half = len(games) // 2
    await opened.ladder.recorder.record_batch(games[:half])
    lines = [",".join(COLUMNS), f",Ann,KR,bw_zerg,1700,9,5,3,1,{to_iso(NOW_US - 280 * MICROSECONDS_PER_DAY)}"]
    await opened.ladder.administration.perform(ImportEntries(text="\n".join(lines), by=Attribution(actor="toprung")))
    await opened.ladder.recorder.record_batch(games[half:])


async def entries(opened: OpenLadder) -> list[Entry]:
    return [stored.entry for stored in await opened.storage.read(lambda tx: list(tx.entries.stored()))]


async def tables(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that is stored."""
    return {name: await database.run(f"select * from {name} order by 1") for name in TABLES}


async def tamper(database: Database, statement: str) -> None:
    """Runs a statement without the triggers that keep the journal from being changed."""
    unguard = {
        "sqlite": ("drop trigger rating_journal_no_update", "drop trigger rating_journal_no_delete"),
        "postgresql": ("alter table rating_journal disable trigger rating_journal_append_only",),
    }[database.kind]
    await database.run(*unguard, statement)


async def verified(opened: OpenLadder) -> list[str]:
    return await opened.ladder.verification.verify(no_progress)


async def correct(opened: OpenLadder, number: int, result: MatchResult | None) -> CorrectionOutcome:
    return await opened.ladder.ratings.correct(MatchId(number), result, CORRECTING)


async def page_of(opened: OpenLadder) -> LeaderboardPage:
    return await opened.ladder.leaderboard.get_leaderboard_data(page_size=1_000)


async def the_board_is_as_stored(opened: OpenLadder, database: Database) -> None:
    """The page, which events alone have kept, is the one that a second ladder reads out of the database."""
    assert not opened.ladder.store.is_stale
    async with opened_ladder(database, read_only=True, inactivity_days="off") as other:
        assert await page_of(other) == await page_of(opened)


async def season_with(folder: Path, system: str, number: int, result: MatchResult) -> list[Entry]:
    """The entries of another ladder, on which that game's result was right from the start."""
    games = season()
    old = games[number - 1]
    games[number - 1] = FinalMatch(
        source_key=old.source_key, sides=old.sides, result=result, ended_at_us=old.ended_at_us
    )
    path = folder / f"right-{system}-{number}-{result}.db"
    async with opened_ladder(Database("sqlite", f"sqlite:///{path}"), rating_system=system) as right:
        await join(right, *NAMES)
        await play(right, games)
        return await entries(right)


def result_of(number: int) -> MatchResult:
    return season()[number - 1].result
