"""The 6,028 real games of August 2004, played through the write path of a game that is made by data alone."""

import asyncio
import csv
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from tests.databases import Database, OpenLadder, opened_ladder
from toprung.application.transfer.import_service import ImportSummary

pytest_plugins = ("tests.databases",)

ROOT: Final = Path(__file__).parents[2]
GAMES: Final = ROOT.parent / "shared" / "data" / "ratings" / "halo2_head_to_head.csv"
HALO2: Final = str(ROOT / "examples" / "games" / "halo2")

pytestmark = pytest.mark.skipif(not GAMES.is_file(), reason=f"the real games are not at {GAMES}")


@pytest.fixture
async def opened(database: Database) -> AsyncIterator[OpenLadder]:
    async with opened_ladder(database, game=HALO2, inactivity_days="off", rating_system="elo") as found:
        yield found


async def test_the_real_games_are_played_and_add_up(opened: OpenLadder) -> None:
    text = await asyncio.to_thread(GAMES.read_text, encoding="utf-8")
    administration = opened.ladder.services.administration
    summary = await administration.import_games(text, "halo2", lambda done, total: None)
    assert summary == ImportSummary(rows=6028, players_added=1653, entries_added=0, matches_added=6028, backup=None)

    won: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    drawn: Counter[str] = Counter()
    for game in csv.DictReader(text.splitlines()):
        one, other, difference = game["player_1"], game["player_2"], int(game["score_1"]) - int(game["score_2"])
        if difference == 0:
            drawn.update((one, other))
        else:
            won[one if difference > 0 else other] += 1
            lost[other if difference > 0 else one] += 1
    assert (len(won | lost | drawn), drawn.total()) == (1653, 2 * 312)

    stored, journal = await opened.storage.read(lambda tx: (list(tx.entries.stored()), tx.journal()))
    assert len(stored) == 1653
    for one in stored:
        entry, name = one.entry, one.player.name
        assert (entry.games_won, entry.games_lost, entry.games_drawn) == (won[name], lost[name], drawn[name])
    assert sum(entry.entry.mmr - 1500 for entry in stored) == 0
    assert len(journal) == 2 * 6028
    assert sum(row.mmr_after - (row.mmr_before or 0) for row in journal) == 0

    leaderboard = opened.ladder.services.leaderboard
    first = await leaderboard.get_leaderboard_data(page_size=200)
    assert (first.total_players, first.total_pages) == (1653, 9)
    pages = [await leaderboard.get_leaderboard_data(current_page=page, page_size=200) for page in range(1, 10)]
    listed = [row for page in pages for row in page.players]
    assert [row.global_rank for row in listed] == list(range(1, 1654))
    assert {row.player_name for row in listed} == {entry.player.name for entry in stored}
    assert [row.mmr for row in listed] == sorted((entry.entry.mmr for entry in stored), reverse=True)

    again = await administration.import_games(text, "halo2", lambda done, total: None)
    assert (again.players_added, again.matches_added) == (0, 0)
    assert await leaderboard.get_leaderboard_data(page_size=200) == first
