"""A long list of games, played through the write path of a game that is made by data alone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.databases import Database, OpenLadder, opened_ladder
from tests.support.game_files import GameFile, each_game_file, results
from toprung.application.organising.transfer_operations import ImportGames
from toprung.application.transfer.import_service import ImportSummary
from toprung.application.writing.audit import Attribution, Counts

pytest_plugins = ("tests.support.databases",)

HALO2: Final = str(Path(__file__).parents[2] / "examples" / "games" / "halo2")
PAGE_SIZE: Final = 200


@pytest.fixture
async def opened(database: Database) -> AsyncIterator[OpenLadder]:
    async with opened_ladder(database, game=HALO2, inactivity_days="off", rating_system="elo") as found:
        yield found


@each_game_file
async def test_the_games_are_played_and_add_up(opened: OpenLadder, games: GameFile) -> None:
    text = await asyncio.to_thread(games.read)
    administration = opened.ladder.administration
    summary = await administration.perform(ImportGames(text=text, source="halo2", by=Attribution(actor="toprung")))
    new = Counts(new=games.players)
    assert summary == ImportSummary(rows=games.games, players=new, ratings=new, matches=Counts(new=games.games))

    won, lost, drawn = results(text)
    assert (len(won | lost | drawn), drawn.total()) == (games.players, 2 * games.draws)

    stored, journal = await opened.storage.read(lambda tx: (list(tx.entries.stored()), tx.journal.current()))
    assert len(stored) == games.players
    for one in stored:
        entry, name = one.entry, one.player.name
        assert (entry.state.games_won, entry.state.games_lost, entry.state.games_drawn) == (
            won[name],
            lost[name],
            drawn[name],
        )
    assert sum(entry.entry.mmr - 1500 for entry in stored) == 0
    assert len(journal) == 2 * games.games
    assert sum(row.mmr_after - (row.mmr_before or 0) for row in journal) == 0

    leaderboard = opened.ladder.leaderboard
    first = await leaderboard.get_leaderboard_data(page_size=PAGE_SIZE)
    assert (first.total_players, first.total_pages) == (games.players, -(-games.players // PAGE_SIZE))
    numbers = range(1, first.total_pages + 1)
    pages = [await leaderboard.get_leaderboard_data(current_page=page, page_size=PAGE_SIZE) for page in numbers]
    listed = [row for page in pages for row in page.players]
    assert [row.global_rank for row in listed] == list(range(1, games.players + 1))
    assert {row.player_name for row in listed} == {entry.player.name for entry in stored}
    assert [row.mmr for row in listed] == sorted((entry.entry.mmr for entry in stored), reverse=True)

    again = await administration.perform(ImportGames(text=text, source="halo2", by=Attribution(actor="toprung")))
    assert (again.players.new, again.matches.new) == (0, 0)
    assert await leaderboard.get_leaderboard_data(page_size=PAGE_SIZE) == first
