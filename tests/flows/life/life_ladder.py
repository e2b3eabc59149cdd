"""A ladder whose matches are played through the real use cases, on any storage, and what of it is compared."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import select

from tests.conftest import CATALOG
from tests.domain.leaderboard.strategies import COUNTRIES, RACES, WINDOW_US
from tests.flows.life.life_oracle import LifeOracle
from tests.flows.life.life_terms import ANSWER_US, TELL_US, Form, Ratings
from tests.flows.life.strategies import name_keys
from tests.support.composed import composed
from tests.support.databases import Database, PostgresServer, connection_of
from tests.support.fakes.ladder import FakeBackups, FakeClock, FakeStorage, FakeTransaction
from toprung.adapters.storage.tables import schema
from toprung.application.ports.storage import Transaction
from toprung.bootstrap.wiring import AnyStorage
from toprung.domain.leaderboard.board_table import BoardTable
from toprung.domain.matches.match import Match, MatchId, MatchSide
from toprung.domain.matches.match_life import MatchRules
from toprung.domain.matches.notice import Notice, NoticeId
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.rating import Entry, EntryId, EntryState, RatingChange
from toprung.domain.ratings.rating_log import Verdict
from toprung.domain.ratings.rating_system import RatingSystem

AnyKind = AnyStorage | FakeStorage
Open = Callable[[], Awaitable[AnyKind]]

ALL: Final = 10_000


@asynccontextmanager
async def in_memory() -> AsyncIterator[Open]:
    """A database of dicts, the same one however often it is opened."""
    storage = FakeStorage()

    async def opened() -> AnyKind:
        return storage

    yield opened


@asynccontextmanager
async def on_sqlite(template: Path) -> AsyncIterator[Open]:
    """A copy of an SQLite file that has Toprung's tables."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ladder.db"
        shutil.copy(template, path)
        yield Database("sqlite", f"sqlite:///{path}").open_for_writing


@asynccontextmanager
async def on_postgres(server: PostgresServer) -> AsyncIterator[Open]:
    """A database of that server."""
    async with server.new_database() as database:
        yield database.open_for_writing


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is stored, in plain values; matches by their keys, entries by player and race."""

    banned: dict[int, bool]
    games: dict[str, tuple[Any, ...]]
    notices: list[tuple[Any, ...]]
    fines: list[tuple[Any, ...]]
    entries: dict[tuple[int, str], Form]
    changes: list[tuple[str, Form, Form]]


def foreseen(oracle: LifeOracle, ratings: Ratings) -> Facts:
    """What must be stored, by the oracle."""
    entries, changes = ratings
    return Facts(
        banned=oracle.banned,
        games={
            game.key: (
                game.state,
                game.assigned_us,
                game.deadline_us,
                game.result,
                game.ended_us,
                *(
                    (
                        half.player,
                        half.race,
                        half.told_us,
                        half.confirmed_us,
                        half.said and (half.said.result, half.said.at_us, half.said.told_us),
                        half.cancels_us,
                    )
                    for half in game.halves
                ),
            )
            for game in oracle.games.values()
        },
        notices=[(one.player, one.key, one.kind, one.at_us, one.was_reached) for one in oracle.notices],
        fines=sorted(
            (one.player, one.key, one.offence, one.at_us, one.until_us, one.pardoned_us) for one in oracle.fines
        ),
        entries=entries,
        changes=changes,
    )


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What is stored, as the ports give it."""

    seq: int
    matches: list[Match]
    notices: list[Notice]
    entries: dict[EntryId, Entry]
    journal: list[RatingChange]
    facts: Facts


class LifeLadder:
    """The use cases of matches, with a board that follows them. `restart` throws all of it away but what is stored."""

    def __init__(self, open_storage: Open, clock: FakeClock, system: RatingSystem, reachable: set[int]) -> None:
        self._open_storage = open_storage
        self._system = system
        self.clock = clock
        self.reachable = reachable
        self.backups = FakeBackups()
        self.is_open = False

    async def start(self) -> None:
        """Opens the storage and puts new services on top."""
        self.storage = await self._open_storage()
        self.is_open = True
        ladder = composed(
            CATALOG,
            self.storage,
            self.clock,
            ports={"backups": self.backups},
            system=self._system,
            countries=COUNTRIES,
            name_keys=name_keys(),
            inactivity_us=WINDOW_US,
            can_reach=lambda player: player.id in self.reachable,
            match=MatchRules(answer_report_us=ANSWER_US, tell_us=TELL_US),  # so that no two spans are the same
        )
        self.unit_of_work, self.lifecycle, self.ratings = ladder.unit_of_work, ladder.lifecycle, ladder.ratings
        self.history, self.players, self.store = ladder.matches, ladder.players, ladder.store
        self.leaderboard, self.verification = ladder.leaderboard, ladder.verification
        await self.store.load()

    async def restart(self) -> None:
        """As after the end of the process."""
        await self.stop()
        await self.start()

    async def stop(self) -> None:
        """Lets go of the storage."""
        if self.is_open and not isinstance(self.storage, FakeStorage):
            await self.storage.close()
        self.is_open = False

    async def match_id(self, key: str) -> MatchId:
        """The number of the match with this key."""
        match = await self.storage.read(lambda tx: tx.matches.by_source_key(key))
        return MatchId(0) if match is None else match.id

    async def stored(self) -> Stored:
        """Everything, of one version."""
        return await self.storage.read(_stored)


def new_table() -> BoardTable:
    return BoardTable(RACES, sorted(COUNTRIES.codes))


def _notice_ids(tx: Transaction) -> list[NoticeId]:
    if isinstance(tx, FakeTransaction):
        return list(tx.notices._kept.notices)
    return [NoticeId(one) for one in connection_of(tx).execute(select(schema.notice.c.id)).scalars()]


def _stored(tx: Transaction) -> Stored:
    matches = tx.lookups.matches(ALL)[::-1]
    keys = {match.id: match.source_key for match in matches}
    found = (tx.notices.get(one) for one in sorted(_notice_ids(tx)))
    notices = [notice for notice in found if notice is not None]
    ids = sorted(player for match in matches for player in match.player_ids)
    players = tx.players.columns()
    entries = {one.entry.id: one.entry for one in tx.entries.stored()}
    journal = tx.journal.current()
    facts = Facts(
        banned={player: bool(banned) for player, banned in zip(players.ids, players.banned, strict=True)},
        games={match.source_key: _game(match) for match in matches},
        notices=[(one.player_id, keys[one.match_id], one.kind, one.created_at_us, one.was_reached) for one in notices],
        fines=sorted(
            (one.player_id, keys[one.match_id], one.offence, one.at_us, one.until_us, one.pardoned_at_us)
            for player in dict.fromkeys(ids)
            for one in tx.penalties.of_players([PlayerId(player)], 0)
        ),
        entries={(one.player_id, one.race): form_of(one.state) for one in entries.values()},
        changes=[
            (keys[row.match_id], form_of(row.before), form_of(row.after))
            for row in journal
            if row.match_id is not None and row.before is not None
        ],
    )
    check_verdicts(tx, matches)
    return Stored(
        seq=tx.changes.last_seq(), matches=matches, notices=notices, entries=entries, journal=journal, facts=facts
    )


def check_verdicts(tx: Transaction, matches: list[Match]) -> None:
    """The shorter ways of asking for matches say what the matches themselves say."""
    over = [match for match in matches if not match.state.is_open]
    expected = {one.id: Verdict(result=one.standing_result, ended_at_us=one.ended_at_us or 0) for one in over}
    assert tx.matches.verdicts([match.id for match in over]) == expected
    assert tx.matches.completed_ids() == [match.id for match in over if match.standing_result is not None]
    busy = {player: match.id for match in matches if match.state.is_open for player in match.player_ids}
    assert tx.matches.open_of({player for match in matches for player in match.player_ids}) == busy


def form_of(state: EntryState) -> Form:
    """An entry's state in plain values."""
    return Form(state.mmr, state.skill, state.games_won, state.games_lost, state.games_drawn, state.last_played_us)


def _game(match: Match) -> tuple[Any, ...]:
    sides = (_half(side) for side in match.sides)
    return (match.state, match.assigned_at_us, match.deadline_us, match.result, match.ended_at_us, *sides)


def _half(side: MatchSide) -> tuple[Any, ...]:
    (one,) = side.players
    claim = side.claim and (side.claim.result, side.claim.at_us, side.claim.told_at_us)
    return (one.player_id, one.race, side.told_at_us, side.confirmed_at_us, claim, side.cancel_asked_at_us)
