"""What must hold of matches, ratings and people, whatever happened."""

from hypothesis.stateful import (
    invariant,
)

from tests.domain.leaderboard.oracle import Asked, Oracle
from tests.domain.leaderboard.strategies import WINDOW_US
from tests.flows.life.life_machine import LAWFUL, LOSS, LifeSteps, no_progress, outcome
from tests.flows.life.life_terms import ANSWER_US, CONFIRM_US, DAY_US, MINUTE_US, OPEN, Form, Game
from tests.flows.life.linked_oracle import marked_by_belief
from tests.support.fakes.ladder import FakeStorage
from toprung.domain.leaderboard import leaderboard as reference
from toprung.domain.leaderboard.filters import Filters
from toprung.domain.leaderboard.leaderboard import LeaderboardRow
from toprung.domain.players.player import Player
from toprung.domain.ratings.rating import EntryId
from toprung.domain.ratings.rating_system import certainty_of, engine_of


class LifeChecks(LifeSteps):
    """What is compared after every step."""

    # What must hold whatever happened

    @invariant()
    def check(self) -> None:
        assert self.oracle.edges <= LAWFUL
        self.check_journal()
        self.check_people()
        self.check_board()
        assert self.run(self.ladder.verification.verify(no_progress)) == []
        for game in list(self.oracle.games.values())[-3:]:
            self.run(self.check_views(game))

    def check_journal(self) -> None:
        """One pair of rows for each match that ever had a result, each beginning where the one before ended."""
        start = engine_of(self.rated_by).start()
        ends = {entry_id: Form(start.mmr, start.skill) for entry_id in self.stored.entries}
        changes = self.stored.facts.changes
        is_apart = self.rated_by.code != "linked"  # else games with other races are heard of between an entry's own
        for row, (_, before, after) in zip(self.stored.journal, changes, strict=True):
            assert not is_apart or ends[row.entry_id] == before
            ends[row.entry_id] = after
        for (key, *one), (again, *other) in zip(changes[::2], changes[1::2], strict=True):
            assert key == again
            gains = [after.mmr - before.mmr for before, after in (one, other)]
            is_void = self.oracle.games[key].state != "completed"
            assert not is_void or gains == [0, 0]
            assert is_void or self.rated_by.code != "elo" or sum(gains) == 0
            for gain, (before, after) in zip(gains, (one, other), strict=True):
                as_told = gain >= 0 if after.won > before.won else gain <= 0 or after.lost == before.lost
                assert as_told or not is_apart
        for entry_id, entry in self.stored.entries.items():
            assert not is_apart or ends[entry_id] == self.stored.facts.entries[entry.player_id, entry.race]
            assert entry.state.games_played == entry.state.games_won + entry.state.games_lost + entry.state.games_drawn
        counted = sum(game.state == "completed" for game in self.oracle.games.values())
        assert sum(entry.state.games_played for entry in self.stored.entries.values()) == 2 * counted
        assert len({key for key, _, _ in changes}) == len(changes) // 2
        if isinstance(self.ladder.storage, FakeStorage):
            database = self.memory.database
            assert database.journal[: len(self.raw_journal)] == self.raw_journal
            self.raw_journal = list(database.journal)
            assert len(database.audit) == self.oracle.corrections + self.recomputations
            assert [change.seq for change in database.changes] == list(range(1, database.seq + 1))

    def check_people(self) -> None:
        """Nobody is in two matches, nobody banned is in one, and only who kept a match from being played is fined."""
        games = self.stored.facts.games
        busy = [half[0] for state, *_, one, other in games.values() if state in OPEN for half in (one, other)]
        assert len(busy) == len(set(busy))
        assert not [player for player in busy if self.oracle.banned[player]]
        for state, _, deadline_us, result, ended_us, *halves in games.values():
            assert (deadline_us is not None) == (ended_us is None) == (state in OPEN)
            assert state != "completed" or result is not None
            assert halves[0][0] != halves[1][0]
        for player, key, offence, at_us, until_us, _ in self.stored.facts.fines:
            state, _, _, _, ended_us, *halves = games[key]
            assert (state, at_us) == ({"abort": "aborted", "abandon": "abandoned"}[offence], ended_us)
            ((told_us, confirmed_us),) = ((half[2], half[3]) for half in halves if half[0] == player)
            assert offence == "abort" or (confirmed_us is None and at_us >= told_us + CONFIRM_US)
            assert 5 * MINUTE_US <= until_us - at_us <= DAY_US
        self.check_telling()
        fined = [key for _, key, *_ in self.stored.facts.fines]
        assert {key for key, game in games.items() if game[0] in ("aborted", "abandoned")} == set(fined)
        assert all(fined.count(key) == 1 for key in fined if games[key][0] == "aborted")

    def check_telling(self) -> None:
        """Time runs against a side only where a notice to it was settled, by being said or by its own refusal.

        And only such a side loses by time alone: a claim that nobody was told of never completes a match.
        """
        facts = self.stored.facts
        settled = {
            (player, key, kind) for player, key, kind, _, was_reached in facts.notices if was_reached is not None
        }
        for key, (state, _, _, result, ended_us, *halves) in facts.games.items():
            for half, across in (halves, halves[::-1]):
                player, _, told_us, confirmed_us, said, _ = half
                assert told_us is None or told_us == confirmed_us or (player, key, "found") in settled
                if said is not None and said[2] is not None:
                    assert (across[0], key, "claim") in settled
                is_alone = said is not None and across[4] is None and result == said[0]
                if state == "completed" and is_alone and key not in self.judged and said[0] != LOSS[halves.index(half)]:
                    assert ended_us >= said[2] + ANSWER_US

    def marked(self, row: LeaderboardRow) -> LeaderboardRow:
        """The oracle marks by deviations, which Elo has not: there, few games are what makes a rating provisional."""
        if self.rated_by.code == "linked":
            return marked_by_belief(row, self.stored.entries[EntryId(row.entry_id)], self.clock.now_us())
        is_elo = self.rated_by.code == "elo"
        return row._replace(deviation=None, is_provisional=row.games_played < 10) if is_elo else row

    def check_board(self) -> None:
        """The live board, the reference query over what is stored and the oracle's rows are one."""
        players = {
            player_id: Player(id=player_id, name=name, is_banned=self.oracle.banned[player_id])
            for player_id, name in self.names.items()
        }
        board = Oracle(WINDOW_US, players=players, entries=self.stored.entries)
        now_us, certainty = self.clock.now_us(), certainty_of(self.rated_by)
        for best_race_only in (False, True):
            page = self.run(self.ladder.leaderboard.get_leaderboard_data(best_race_only=best_race_only, page_size=40))
            rows = tuple(map(self.marked, board.rows(Asked(best_race_only=best_race_only), now_us)))
            assert page.players == rows
            assert [row.filter_rank for row in page.players] == list(range(1, page.total_players + 1))
            if rows != self.known_rows[best_race_only]:  # the reference takes the longest of all
                frame = reference.ranked_entries(board.frame(), now_us=now_us, inactivity_us=WINDOW_US)
                shown = reference.filtered_entries(frame, Filters(best_race_only=best_race_only))
                assert (
                    reference.leaderboard_rows(shown, page=1, page_size=40, certainty=certainty, now_us=now_us) == rows
                )
                self.known_rows[best_race_only] = rows
        assert self.ladder.store.seq == self.stored.seq

    async def check_views(self, game: Game) -> None:
        """Who plays whom is for the two alone, and only once both have confirmed; strangers learn nothing."""
        match_id = await self.ladder.match_id(game.key)
        for player_id, name in self.names.items():
            if player_id not in game.players:
                assert await outcome(self.ladder.history.get(match_id, name)) == "step_refused"
                continue
            view = await self.ladder.history.get(match_id, name)
            known = {player.id for player in view.players if player is not None}
            assert known == (set(game.players) if game.has_started else {player_id})
            assert view.description()
