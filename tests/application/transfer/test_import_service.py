"""Imports: all rows or none, said line by line; games played in order, and on from where it stopped."""

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

import pytest

from tests.support.databases import Database, OpenLadder, opened_ladder
from tests.support.fakes.matches import final
from toprung.adapters.storage.postgres.postgres import PostgresStorage
from toprung.adapters.storage.repositories.match_repository import SqlMatchRepository
from toprung.application.matches.match_service import BATCH_MATCHES_MAX
from toprung.application.organising.transfer_operations import ImportEntries, ImportGames
from toprung.application.transfer.entry_file import COLUMNS
from toprung.application.transfer.entry_import import ROWS_AT_ONCE
from toprung.application.transfer.import_service import ImportSummary
from toprung.application.transfer.table_file import ImportRefused
from toprung.application.writing.audit import Attribution, Counts
from toprung.domain.errors import StorageUnavailable
from toprung.domain.events import EntriesImported
from toprung.domain.matches.match import FinalMatch, MatchId
from toprung.domain.moment import from_iso
from toprung.domain.players.player import Player
from toprung.domain.ratings.rating import Entry, RatingChangeKind

pytest_plugins = ("tests.support.databases",)

HEADER: Final = ",".join(COLUMNS)
HALO2: Final = str(Path(__file__).parents[3] / "examples" / "games" / "halo2")
ROWS: Final = 1_000
PLAYED: Final = "2026-09-20T10:00:00Z"


def row(name: str, *, race: str = "bw_zerg", mmr: int = 1500, account: str = "", country: str = "KR") -> str:
    return f"{account},{name},{country},{race},{mmr},3,1,1,1,{PLAYED}"


def many_rows(mmr: int = 1500) -> list[str]:
    return [row(f"Player {number:04}", mmr=mmr + number, account=str(10**17 + number)) for number in range(ROWS)]


@pytest.fixture
async def opened(database: Database) -> AsyncIterator[OpenLadder]:
    async with opened_ladder(database) as found:
        yield found


@pytest.fixture
async def halo2(database: Database) -> AsyncIterator[OpenLadder]:
    async with opened_ladder(database, game=HALO2, inactivity_days="off", rating_system="elo") as found:
        yield found


async def imported(opened: OpenLadder, *rows: str) -> ImportSummary:
    text = "\n".join((HEADER, *rows))
    return await opened.ladder.administration.perform(ImportEntries(text=text, by=Attribution(actor="toprung")))


async def problems_of(opened: OpenLadder, *rows: str) -> list[tuple[int, str, str]]:
    with pytest.raises(ImportRefused) as raised:
        await imported(opened, *rows)
    return [(problem.line, problem.column, problem.reason) for problem in raised.value.problems]


async def contents(opened: OpenLadder) -> list[tuple[Player, Entry]]:
    return [(one.player, one.entry) for one in await opened.storage.read(lambda tx: list(tx.entries.stored()))]


async def test_three_bad_rows_among_a_thousand_are_all_listed_and_nothing_is_imported(opened: OpenLadder) -> None:
    rows = many_rows()
    rows[3] = rows[3].replace("bw_zerg", "orc")
    rows[500] = rows[500].replace(",2000,", ",twenty,")
    rows[999] = rows[999].replace("2026-09-20", "2026-13-45")
    found = await problems_of(opened, *rows)
    assert [problem[:2] for problem in found] == [(5, "race"), (502, "mmr"), (1001, "last_played")]
    assert [word in problem[2] for word, problem in zip(("orc", "twenty", "2026-13-45"), found, strict=True)] == [
        True
    ] * 3
    seq, players, journal = await opened.storage.read(
        lambda tx: (tx.changes.last_seq(), tx.players.columns(), tx.journal.current())
    )
    assert (seq, list(players.ids), journal, await contents(opened)) == (0, [], [], [])


async def test_a_thousand_good_rows_are_imported_and_then_brought_up_to_date(opened: OpenLadder) -> None:
    progress: list[tuple[int, int]] = []
    text = "\n".join((HEADER, *many_rows()))
    summary = await opened.ladder.administration.perform(
        ImportEntries(text=text, by=Attribution(actor="toprung")), lambda done, total: progress.append((done, total))
    )
    assert summary == ImportSummary(rows=ROWS, players=Counts(new=ROWS), ratings=Counts(new=ROWS))
    assert progress == [(done, ROWS) for done in range(ROWS_AT_ONCE, ROWS + 1, ROWS_AT_ONCE)]
    before = await contents(opened)
    assert [entry.mmr for _, entry in before] == list(range(1500, 1500 + ROWS))
    assert [player.name for player, _ in before] == [f"Player {number:04}" for number in range(ROWS)]
    assert [player.id for player, _ in before] == sorted(player.id for player, _ in before)  # in the file's order

    later = [*many_rows(mmr=1600), row("Newcomer"), row("Player 0007", race="bw_terran", account=str(10**17 + 7))]
    summary = await imported(opened, *later)
    assert (summary.rows, summary.players.new, summary.ratings.new) == (ROWS + 2, 1, 2)
    after = await contents(opened)
    assert [entry.id for _, entry in after[:ROWS]] == [entry.id for _, entry in before]
    assert [entry.mmr for _, entry in after[:ROWS]] == list(range(1600, 1600 + ROWS))
    assert (after[ROWS + 1][0].id, after[ROWS + 1][1].race) == (after[7][0].id, "bw_terran")


async def test_the_journal_says_where_imported_ratings_come_from(opened: OpenLadder) -> None:
    await imported(opened, row("Ann", mmr=1500), row("Bob", mmr=-5))
    await imported(opened, row("Ann", mmr=1700))
    journal = await opened.storage.read(lambda tx: tx.journal.current())
    assert [(one.mmr_before, one.mmr_after) for one in journal] == [(None, 1500), (None, -5), (1500, 1700)]
    assert {(one.kind, one.match_id) for one in journal} == {(RatingChangeKind.IMPORT, None)}
    changes = await opened.storage.read(lambda tx: tx.changes.since(0))
    assert [change.event for change in changes or ()] == [EntriesImported(entries=2), EntriesImported(entries=1)]


async def test_what_an_import_does_not_name_stays_as_it_is(opened: OpenLadder) -> None:
    ann = await opened.ladder.players.register("Ann", country="US", region="NAW", discord_id=5, handles=("h",))
    await opened.ladder.players.ban(ann.id)
    bob = await opened.ladder.players.register("Bob", country="US")
    await imported(opened, row("ANN", country="", account="5"))
    stored = await opened.storage.read(lambda tx: [tx.players.get(one.id) for one in (ann, bob)])
    assert stored == [
        Player(id=ann.id, name="ANN", country=None, region="NAW", discord_id=5, handles=("h",), is_banned=True),
        bob,
    ]


async def test_a_discord_account_says_who_somebody_is_and_the_name_follows(opened: OpenLadder) -> None:
    ann = await opened.ladder.players.register("Ann", discord_id=5)
    bob = await opened.ladder.players.register("Bob")
    await imported(opened, row("Anna", account="5"), row("Bob", account="6"))
    stored = await opened.storage.read(lambda tx: tx.players.by_discord_ids([5, 6]))
    assert (stored[5].id, stored[5].name) == (ann.id, "Anna")
    assert stored[6].id == bob.id


async def test_rows_that_contradict_the_ladder_are_all_listed_in_their_order(opened: OpenLadder) -> None:
    """One near the beginning and one near the end: further apart than rows are written at once."""
    await opened.ladder.players.register("Ann", discord_id=5)
    await opened.ladder.players.register("Bob", discord_id=6)
    others = [row(f"p{number}") for number in range(2 * ROWS_AT_ONCE)]
    found = await problems_of(opened, row("ann", account="7"), *others, row("Bob", account="5"), row("Cid"))
    assert [problem[:2] for problem in found] == [(2, "player_name"), (2 * ROWS_AT_ONCE + 3, "player_name")]
    assert "'ann' looks like 'Ann' on the ladder" in found[0][2]
    names = await opened.storage.read(lambda tx: list(tx.players.columns().names))
    assert (names, await contents(opened)) == (["Ann", "Bob"], [])


async def test_where_a_row_stands_in_the_file_does_not_decide_whether_it_is_lawful(opened: OpenLadder) -> None:
    """A name that the same file sets free is still taken, beside its owner's row and far behind it alike."""
    await opened.ladder.players.register("Ann", discord_id=5)
    others = [row(f"p{number}") for number in range(ROWS_AT_ONCE)]
    near = await problems_of(opened, row("Cid", account="5"), row("Ann", account="7"), *others)
    far = await problems_of(opened, row("Cid", account="5"), *others, row("Ann", account="7"))
    assert [problem[2] for problem in near] == [problem[2] for problem in far]


async def test_entries_without_games_are_imported_with_a_time_and_without(opened: OpenLadder) -> None:
    await imported(opened, ",Ann,,bw_zerg,1500,0,0,0,0,", f",Ann,,bw_terran,1500,0,0,0,0,{PLAYED}")
    assert [entry.state.last_played_us for _, entry in await contents(opened)] == [None, from_iso(PLAYED)]
    page = await opened.ladder.leaderboard.get_leaderboard_data()
    assert page.total_players == 0


async def test_an_empty_file_and_a_file_with_a_byte_order_mark_are_imported(opened: OpenLadder) -> None:
    assert (await imported(opened)).rows == 0
    summary = await opened.ladder.administration.perform(
        ImportEntries(text=f"\ufeff{HEADER}\r\n{row('Ann')}\r\n", by=Attribution(actor="toprung"))
    )
    assert summary.rows == 1


async def test_a_backup_is_made_before_an_import_where_there_is_something_to_lose(opened: OpenLadder) -> None:
    assert (await imported(opened, row("Ann"))).backup is None
    second = await imported(opened, row("Bob"))
    if isinstance(opened.storage, PostgresStorage):
        assert second.backup is None
        return
    assert second.backup is not None
    rows = await Database("sqlite", f"sqlite:///{second.backup}").run("select name from player")
    assert rows == [("Ann",)]


async def test_a_file_that_is_refused_costs_no_backup(opened: OpenLadder, database: Database) -> None:
    await imported(opened, row("Ann"))
    with pytest.raises(ImportRefused):
        await imported(opened, row("Bob", race="orc"))
    if database.kind == "sqlite":
        assert [path.name for path in database.path.parent.iterdir() if "backup" in path.name] == []


def games(*lines: str, races: bool = False) -> str:
    header = "ended_at,game_id,player_1,player_2,score_1,score_2" + (",race_1,race_2" if races else "")
    return "\n".join((header, *lines))


def many_games(many: int) -> list[str]:
    """The later a game stands in the file, the earlier it was played."""
    return [
        f"2026-09-01T{(many - n) // 3600:02}:{(many - n) // 60 % 60:02}:{(many - n) % 60:02}Z,"
        f"{n},p{n % 7},p{(n + 1 + n % 3) % 7 + 7},{n % 5},{n % 4}"
        for n in range(many)
    ]


async def play(opened: OpenLadder, text: str, source: str = "file") -> ImportSummary:
    return await opened.ladder.administration.perform(
        ImportGames(text=text, source=source, by=Attribution(actor="toprung"))
    )


async def test_games_are_played_in_the_order_of_their_ends_and_once(halo2: OpenLadder) -> None:
    lines = [
        "2026-09-02T10:00:00Z,2,Bob,Ann,7,5",
        "2026-09-01T10:00:00Z,1,Ann,Bob,3,3",
        "2026-09-03T10:00:00Z,3,Ann,Cid,1,2",
    ]
    summary = await play(halo2, games(*lines))
    assert (summary.rows, summary.players.new, summary.matches.new) == (3, 3, 3)
    matches = await halo2.storage.read(lambda tx: [final(one) for one in tx.matches.completed()])
    assert [match.source_key for match in matches] == ["file:1", "file:2", "file:3"]
    entries = {player.name: entry for player, entry in await contents(halo2)}
    results = {
        name: (one.state.games_won, one.state.games_lost, one.state.games_drawn) for name, one in entries.items()
    }
    assert list(results.values()) == [(0, 2, 1), (1, 0, 1), (1, 0, 0)]
    again = await play(halo2, games(*lines, "2026-09-04T10:00:00Z,4,Cid,Bob,1,2"))
    assert (again.rows, again.players.new, again.matches.new) == (4, 0, 1)
    elsewhere = await play(halo2, games(*lines), source="another file")
    assert elsewhere.matches.new == 3


@pytest.mark.parametrize("other", ["ANN", "\N{CYRILLIC CAPITAL LETTER A}nn", "aNn"])
async def test_a_game_of_a_name_that_looks_like_one_of_the_ladder_is_a_question(halo2: OpenLadder, other: str) -> None:
    ann = await halo2.ladder.players.register("Ann")
    with pytest.raises(ImportRefused) as raised:
        await play(halo2, games("2026-09-01T10:00:00Z,1,Bob,Cid,1,0", f"2026-09-02T10:00:00Z,2,Bob,{other},1,0"))
    (problem,) = raised.value.problems
    assert (problem.line, problem.column) == (3, "player_2")
    assert f"{other!r} looks like 'Ann' on the ladder (player {ann.id})" in problem.reason
    found = await halo2.storage.read(
        lambda tx: (tx.matches.count(), list(tx.players.columns().names), [one.row for one in tx.lookups.audit(9)])
    )
    assert found == (0, ["Ann"], [])


async def test_a_list_of_games_says_what_it_did_and_so_does_the_audit(halo2: OpenLadder) -> None:
    first = games("2026-09-01T10:00:00Z,1,Ann,Bob,1,0")
    both = games("2026-09-01T10:00:00Z,1,Ann,Bob,1,0", "2026-09-02T10:00:00Z,2,Cid,Bob,1,0")
    for text, players, ratings, matches in (
        (first, Counts(new=2), Counts(new=2), Counts(new=1)),
        (both, Counts(new=1, unchanged=2), Counts(new=1, changed=1, unchanged=1), Counts(new=1, unchanged=1)),
        (both, Counts(unchanged=3), Counts(unchanged=3), Counts(unchanged=2)),
    ):
        summary = await play(halo2, text)
        assert (summary.players, summary.ratings, summary.matches) == (players, ratings, matches)
        (row,) = await halo2.storage.read(lambda tx: [one.row for one in tx.lookups.audit(1)])
        details = json.loads(row.details)
        assert (row.action, details["sha256"]) == ("import_games", hashlib.sha256(text.encode()).hexdigest())
        assert [details[name] for name in ("players", "ratings", "games")] == [
            asdict(one) for one in (players, ratings, matches)
        ]
    assert summary.backup is None


async def test_games_of_one_moment_stay_in_the_order_of_the_file(halo2: OpenLadder) -> None:
    await play(halo2, games(*(f"2026-09-01T10:00:00Z,{name},Ann,Bob,1,0" for name in "zay")))
    matches = await halo2.storage.read(lambda tx: [final(one) for one in tx.matches.completed()])
    assert [match.source_key for match in matches] == ["file:z", "file:a", "file:y"]


async def test_games_that_stopped_half_way_go_on_from_there(
    halo2: OpenLadder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = games(*many_games(BATCH_MATCHES_MAX + 200))
    add = SqlMatchRepository.add
    calls: list[int] = []

    def failing_the_second_time(
        self: SqlMatchRepository, matches: list[FinalMatch], *, recorded_at_us: int
    ) -> list[MatchId]:
        calls.append(len(matches))
        if len(calls) == 2:
            raise StorageUnavailable("The disk is full.")
        return add(self, matches, recorded_at_us=recorded_at_us)

    monkeypatch.setattr(SqlMatchRepository, "add", failing_the_second_time)
    with pytest.raises(StorageUnavailable):
        await play(halo2, text)
    assert await halo2.storage.read(lambda tx: tx.matches.count()) == BATCH_MATCHES_MAX
    summary = await play(halo2, text)
    assert (summary.players.new, summary.matches.new) == (0, 200)
    interrupted = [(player.name, entry.mmr, entry.state.games_played) for player, entry in await contents(halo2)]
    journal = await halo2.storage.read(lambda tx: tx.journal.current())
    assert len(journal) == 2 * (BATCH_MATCHES_MAX + 200)
    assert sum(one.mmr_after - (one.mmr_before or 0) for one in journal) == 0
    monkeypatch.undo()
    untouched = Database("sqlite", f"sqlite:///{tmp_path / 'in one go.db'}")
    async with opened_ladder(untouched, game=HALO2, rating_system="elo") as other:
        await play(other, text)
        in_one_go = [(player.name, entry.mmr, entry.state.games_played) for player, entry in await contents(other)]
    assert sorted(interrupted) == sorted(in_one_go)


async def test_a_game_of_several_races_is_played_with_those_that_the_file_names(opened: OpenLadder) -> None:
    line = "2026-09-01T10:00:00Z,1,Ann,Bob,1,0"
    with pytest.raises(ImportRefused):
        await play(opened, games(line))
    await play(opened, games(f"{line},bw_zerg,sc2_terran", races=True))
    assert [(player.name, entry.race) for player, entry in await contents(opened)] == [
        ("Ann", "bw_zerg"),
        ("Bob", "sc2_terran"),
    ]
