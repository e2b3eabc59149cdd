"""A ladder exported and imported, here and elsewhere: the same bytes and board, and a log that can be judged."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.flows.life.strategies import NOW_US, name_keys, names
from tests.support.databases import KINDS, Database, OpenLadder, PostgresServer, opened_ladder
from tests.support.fakes.ladder import FakeClock
from toprung.application.organising.transfer_operations import ImportEntries
from toprung.application.transfer.entry_file import COLUMNS, OPTIONAL_COLUMNS
from toprung.application.transfer.import_service import ImportSummary
from toprung.application.transfer.table_file import ImportRefused
from toprung.application.writing.audit import Attribution, Counts
from toprung.domain.leaderboard.leaderboard import LeaderboardPage
from toprung.domain.matches.match import FinalMatch, MatchId, MatchResult, Participant
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.players.player import Player, PlayerId

pytest_plugins = ("tests.support.databases",)

HEADER: Final = ",".join((*COLUMNS, *OPTIONAL_COLUMNS))
RACES: Final = ("bw_zerg", "sc2_terran")
SYSTEMS: Final = ("glicko2", "elo")
DISCORD_ID: Final = 700_000_000_000_000_001

ladders_of_names = st.lists(names, min_size=3, max_size=6, unique_by=name_keys().key)
games = st.lists(
    st.tuples(st.integers(0, 5), st.integers(1, 5), st.integers(0, 3), st.sampled_from(list(MatchResult))),
    min_size=2,
    max_size=12,
)
Games = list[tuple[int, int, int, MatchResult]]


def nothing(done: int, total: int) -> None:
    pass


@asynccontextmanager
async def database_of(kind: str, server: PostgresServer | None) -> AsyncIterator[Database]:
    if server is not None and kind == "postgresql":
        async with server.new_database() as database:
            yield database
        return
    with TemporaryDirectory(prefix="toprung-") as folder:
        yield Database("sqlite", f"sqlite:///{folder}/ladder.db")


@asynccontextmanager
async def ladder_on(database: Database, system: str) -> AsyncIterator[OpenLadder]:
    async with opened_ladder(database, clock=FakeClock(NOW_US), rating_system=system, inactivity_days="off") as opened:
        yield opened


async def played(opened: OpenLadder, chosen: list[str], plan: Games) -> list[MatchId]:
    """Registers these players, plays these games between them, and gives the matches."""
    players = [
        await opened.ladder.players.register(name, country="KR" if number % 2 else None, discord_id=_account(number))
        for number, name in enumerate(chosen)
    ]
    recorded = await opened.ladder.recorder.record_batch(
        [
            _game(
                number,
                players[one % len(players)],
                players[(one + 1 + apart % (len(players) - 1)) % len(players)],
                races,
                result,
            )
            for number, (one, apart, races, result) in enumerate(plan)
        ]
    )
    return [one.match_id for one in recorded if one is not None]


def _account(number: int) -> int | None:
    return DISCORD_ID + number if number % 3 else None


def _game(number: int, one: Player, other: Player, races: int, result: MatchResult) -> FinalMatch:
    first, second = (
        Participant(player_id=one.id, race=RACES[races % 2]),
        Participant(player_id=other.id, race=RACES[races // 2]),
    )
    ended_at_us = NOW_US - (40 - number) * MICROSECONDS_PER_DAY - number
    return FinalMatch(source_key=f"g{number}", sides=((first,), (second,)), result=result, ended_at_us=ended_at_us)


async def page_of(opened: OpenLadder) -> LeaderboardPage:
    return await opened.ladder.leaderboard.get_leaderboard_data(page_size=1_000)


async def shown(opened: OpenLadder) -> list[tuple[Any, ...]]:
    """The board with its certainty, without the numbers that a database allots to entries."""
    return [
        (
            *(row.global_rank, row.letter_rank, row.player_id, row.player_name, row.country, row.race, row.mmr),
            *(row.games_won, row.games_lost, row.games_drawn, row.last_played_us, row.deviation, row.is_provisional),
        )
        for row in (await page_of(opened)).players
    ]


async def exported(opened: OpenLadder) -> str:
    return await opened.ladder.exports.entries_csv()


async def imported(opened: OpenLadder, text: str) -> ImportSummary:
    return await opened.ladder.administration.perform(ImportEntries(text=text, by=Attribution(actor="toprung")))


async def verified(opened: OpenLadder) -> list[str]:
    return await opened.ladder.verification.verify(nothing)


async def log_of(opened: OpenLadder) -> tuple[Any, ...]:
    """Whatever an import of what is so already must leave alone."""
    return await opened.storage.read(
        lambda tx: (tx.journal.history(), list(tx.entries.stored()), tx.changes.last_seq())
    )


async def leave(opened: OpenLadder, discord_id: int) -> None:
    await opened.ladder.accounts.forget(discord_id)


async def back_into_itself(opened: OpenLadder, first: MatchId) -> None:
    """Imports what the ladder exports, and then judges its first match anew."""
    before, text, log = await shown(opened), await exported(opened), await log_of(opened)
    summary = await imported(opened, text)
    assert (summary.players.touched, summary.ratings.touched) == (0, 0)
    assert summary.ratings.unchanged == summary.rows == text.count("\n") - 1
    assert await log_of(opened) == log
    assert await exported(opened) == text
    assert await shown(opened) == before
    assert await verified(opened) == []
    await opened.ladder.ratings.correct(first, None, Attribution(actor="Eve", reason="it was never played"))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=ladders_of_names, plan=games, system=st.sampled_from(SYSTEMS))
async def test_an_export_goes_back_into_its_ladder_and_into_a_new_one(
    request: pytest.FixtureRequest, kind: str, chosen: list[str], plan: Games, system: str
) -> None:
    server = request.getfixturevalue("postgres_server") if kind == "postgresql" else None
    async with database_of(kind, server) as here, database_of(kind, server) as there:
        async with ladder_on(here, system) as opened:
            matches = await played(opened, chosen, plan)
            await opened.ladder.players.ban(PlayerId(1))
            await leave(opened, DISCORD_ID + 1)
            assert "Deleted player" not in await exported(opened)
            await back_into_itself(opened, matches[0])
            after_correction, text = await shown(opened), await exported(opened)
            assert await verified(opened) == []
        async with ladder_on(there, system) as opened:
            summary = await imported(opened, text)
            assert summary.ratings == Counts(new=summary.rows)
            assert await exported(opened) == text
            left = {row[3] for row in after_correction if row[3].startswith("Deleted player")}
            banned_here = {chosen[0]}
            assert _without_ranks(await shown(opened), banned_here) == _without_ranks(after_correction, left)
            assert await verified(opened) == []
            again = await imported(opened, text)
            assert (again.players.touched, again.ratings.touched) == (0, 0)
            assert await exported(opened) == text


def _without_ranks(rows: list[tuple[Any, ...]], without: set[str]) -> list[tuple[Any, ...]]:
    """The rows of all others: bans are not in the file, and who left is not either, so that ranks differ by those."""
    return [row[2:] for row in rows if row[3] not in without]


@pytest.fixture(params=SYSTEMS)
async def opened(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[OpenLadder]:
    """Three players and some games."""
    async with ladder_on(database, request.param) as found:
        plan = [(number, 1, number % 4, list(MatchResult)[number % 3]) for number in range(9)]
        await played(found, ["Ann", "José", "=1+1"], plan)
        yield found


async def test_a_correction_after_an_import_of_the_same_gives_what_it_would_have_given_without(
    opened: OpenLadder, tmp_path: Any
) -> None:
    system = await opened.storage.read(lambda tx: tx.systems.all()[-1].system.code)
    async with ladder_on(Database("sqlite", f"sqlite:///{tmp_path / 'untouched.db'}"), system or "") as untouched:
        plan = [(number, 1, number % 4, list(MatchResult)[number % 3]) for number in range(9)]
        (first, *_) = await played(untouched, ["Ann", "José", "=1+1"], plan)
        await untouched.ladder.ratings.correct(first, None, Attribution(actor="Eve", reason="never played"))
        right = await shown(untouched)
    await imported(opened, await exported(opened))
    await imported(opened, await exported(opened))
    await opened.ladder.ratings.correct(first, None, Attribution(actor="Eve", reason="never played"))
    assert await shown(opened) == right


def changed(text: str, name: str, race: str, **cells: str) -> str:
    """The file with these cells in the row of that player and race."""
    rows = list(csv.DictReader(io.StringIO(text)))
    (row,) = [one for one in rows if (one["player_name"], one["race"]) == (name, race)]
    row.update(cells)
    return as_text(rows)


def without(text: str, *columns: str) -> str:
    """The file without these columns, as older versions wrote it."""
    return as_text(
        [{key: value for key, value in row.items() if key not in columns} for row in csv.DictReader(io.StringIO(text))]
    )


def as_text(rows: list[dict[str, str]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


async def test_one_row_that_differs_is_all_that_an_import_changes(opened: OpenLadder) -> None:
    text, (history, stored, _) = await exported(opened), await log_of(opened)
    summary = await imported(opened, changed(text, "Ann", "bw_zerg", mmr="2500"))
    assert summary.ratings == Counts(changed=1, unchanged=summary.rows - 1)
    assert summary.players == Counts(unchanged=3)
    now, entries, _ = await log_of(opened)
    assert now[: len(history)] == history
    assert [(row.mmr_after, row.kind.value) for row in now[len(history) :]] == [(2500, "import")]
    differing = [
        (one.entry.state.skill, other.entry.state.skill)
        for one, other in zip(stored, entries, strict=True)
        if one != other
    ]
    assert len(differing) == 1
    for before, after in differing:  # how sure it is was in the file, and not changed there
        assert (before is None) == (after is None)
        assert before is None or after is None or (after.deviation, after.rating) == (before.deviation, 2500.0)
    assert await verified(opened) == []


@pytest.mark.parametrize(
    "columns", [OPTIONAL_COLUMNS, ("deviation", "volatility", "rating"), ("player_id",), ("rating",)]
)
async def test_a_file_of_an_older_version_changes_nothing_either(opened: OpenLadder, columns: tuple[str, ...]) -> None:
    text, log = await exported(opened), await log_of(opened)
    summary = await imported(opened, without(text, *columns))
    assert summary.ratings == Counts(unchanged=summary.rows)
    assert await log_of(opened) == log


async def test_an_mmr_that_differs_without_a_deviation_is_as_unsure_as_a_newcomers(opened: OpenLadder) -> None:
    await imported(opened, without(changed(await exported(opened), "Ann", "bw_zerg", mmr="1999"), *OPTIONAL_COLUMNS))
    stored = await opened.storage.read(lambda tx: [one.entry for one in tx.entries.stored() if one.entry.mmr == 1999])
    assert [entry.state.skill for entry in stored] == [None]


async def test_another_country_is_a_player_changed_and_no_rating(opened: OpenLadder) -> None:
    history = (await log_of(opened))[0]
    rows = list(csv.DictReader(io.StringIO(await exported(opened))))
    for row in rows:
        row["country"] = "FI" if row["player_name"] == "José" else row["country"]
    summary = await imported(opened, as_text(rows))
    assert (summary.players, summary.ratings.touched) == (Counts(changed=1, unchanged=2), 0)
    assert (await log_of(opened))[0] == history
    assert {row.country for row in (await page_of(opened)).players if row.player_name == "José"} == {"FI"}


async def test_who_left_is_in_no_export_and_comes_back_by_no_import(opened: OpenLadder) -> None:
    old = await exported(opened)
    await leave(opened, DISCORD_ID + 1)
    text = await exported(opened)
    assert "José" in old
    assert not any(word in text for word in ("José", "Deleted player", str(DISCORD_ID + 1)))
    frame = await opened.ladder.exports.entries_frame()
    assert frame.height == text.count("\n") - 1
    with pytest.raises(ImportRefused) as raised:
        await imported(opened, old)
    assert {problem.reason for problem in raised.value.problems} == {"player 2 left the ladder; take the line out"}
    older = without(old, *OPTIONAL_COLUMNS).replace("José", "Deleted player 2")
    with pytest.raises(ImportRefused) as raised:
        await imported(opened, older)
    assert {problem.column for problem in raised.value.problems} == {"player_name"}


def line(name: str, *, number: str = "", account: str = "", mmr: int = 1500, race: str = "bw_zerg") -> str:
    return f"{account},{name},,{race},{mmr},0,0,0,0,,{number},,,"


async def problems_of(opened: OpenLadder, *lines: str) -> list[tuple[int, str, str]]:
    log = await log_of(opened)
    with pytest.raises(ImportRefused) as raised:
        await imported(opened, "\n".join((HEADER, *lines)))
    assert await log_of(opened) == log
    return [(one.line, one.column, one.reason) for one in raised.value.problems]


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        (line("Anna", number="1"), "player_id", "player 1 is 'Ann' on this ladder, not 'Anna'"),
        (line("JosÃ©", number="2"), "player_id", "player 2 is 'José' on this ladder, not 'JosÃ©'"),
        (line("Ann", number="3"), "player_id", "player 3 is '=1+1' on this ladder, not 'Ann'"),
        (line("ANN", number="1"), "player_id", "player 1 is 'Ann' on this ladder, not 'ANN'"),
        (line("Ann", number="77"), "player_id", "'Ann' is player 1 on this ladder, not 77"),
        (line("aNN", number="77"), "player_name", "'aNN' looks like 'Ann' on the ladder (player 1)"),
        (line("aNN"), "player_name", "'aNN' looks like 'Ann' on the ladder (player 1)"),
        (line("Ann", number="1", account=str(DISCORD_ID + 1)), "discord_id", "'José' on this ladder (player 2)"),
        (line("José", number="2", account="5"), "discord_id", "'José' has another Discord account"),
        (line("New", number="77", account=str(DISCORD_ID + 1)), "discord_id", "'José' on this ladder (player 2)"),
        (line("Ann", account=str(DISCORD_ID + 1)), "player_name", "taken by another player"),
        (line("New", number="0"), "player_id", "0 is not between 1 and 1000000000"),
        (line("New", number="1e3"), "player_id", "'1e3' is not a whole number"),
    ],
)
async def test_an_id_and_a_name_that_contradict_each_other_are_refused(
    opened: OpenLadder, row: str, column: str, words: str
) -> None:
    ((number, found, reason),) = await problems_of(opened, line("Bob"), row)
    assert (number, found) == (3, column)
    assert words in reason


async def test_two_names_that_mean_one_player_are_refused(opened: OpenLadder) -> None:
    found = await problems_of(opened, line("Renamed", account=str(DISCORD_ID + 1)), line("José"))
    assert found == [(3, "player_name", "'José' is the player whom line 2 calls 'Renamed'")]


async def test_new_players_take_the_ids_of_the_file_and_later_ones_come_after(database: Database) -> None:
    async with ladder_on(database, "glicko2") as opened:
        rows = (line("Bob"), line("Ann", number="2"), line("Cid", number="1"), line("Dan", number="900"))
        await imported(opened, "\n".join((HEADER, *rows)))
        later = await opened.ladder.players.register("Eve")
        ids = {name: (await opened.ladder.players.by_name(name)).id for name in ("Ann", "Bob", "Cid", "Dan")}
        assert ids == {"Cid": 1, "Ann": 2, "Dan": 900, "Bob": 901}
        assert later.id == 902
        assert await verified(opened) == []


async def test_a_copy_is_made_where_something_changes_and_not_otherwise(opened: OpenLadder) -> None:
    text = await exported(opened)
    assert (await imported(opened, text)).backup is None
    summary = await imported(
        opened, changed(text, "Ann", "bw_zerg", games_won="99", games_played=await _with(text, 99))
    )
    assert (summary.backup is not None) == hasattr(opened.storage, "_copies")


async def _with(text: str, won: int) -> str:
    (row,) = [
        one for one in csv.DictReader(io.StringIO(text)) if (one["player_name"], one["race"]) == ("Ann", "bw_zerg")
    ]
    return await asyncio.to_thread(lambda: str(won + int(row["games_lost"]) + int(row["games_drawn"])))


async def test_the_audit_says_what_each_file_did(opened: OpenLadder) -> None:
    text = await exported(opened)
    await imported(opened, text)
    await imported(opened, changed(text, "Ann", "bw_zerg", mmr="2500"))
    rows = await opened.storage.read(lambda tx: [one.row for one in tx.lookups.audit(2)])
    told = [json.loads(row.details)["ratings"] for row in reversed(rows)]
    many = text.count("\n") - 1
    assert {row.action for row in rows} == {"import_entries"}
    assert told == [
        {"new": 0, "changed": 0, "unchanged": many},
        {"new": 0, "changed": 1, "unchanged": many - 1},
    ]
