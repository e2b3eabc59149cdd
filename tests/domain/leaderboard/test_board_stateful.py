"""Random lives of a ladder: the board against the reference query and against the oracle, after any writes at any time.

`test_board_seeded_bugs` shows that this machine finds what it is there to find.
"""

import random
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.domain.leaderboard import strategies as some
from tests.domain.leaderboard.oracle import Asked, bare
from tests.domain.leaderboard.strategies import COUNTRIES, NOW_US, RACES, SECOND_US, WINDOW_US
from toprung.domain.leaderboard import leaderboard as reference
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.glicko2 import SkillEstimate
from toprung.domain.ratings.rating import Entry, EntryId, EntryState, Standing

PAGES = st.sampled_from((1, 1, 2, 3, 5, 0, -7, 1_000_000_000))
PICKS = (
    st.integers(0, 2) | st.integers(0, 2) | st.integers(0, 1_000)
)  # mostly the same few, so that things happen to them in turn
LOOKS = st.booleans()
FAR_US = 40 * WINDOW_US

Rows = tuple[reference.LeaderboardRow, ...]

PLAIN_QUESTIONS = (
    Asked(),
    Asked(best_race_only=True),
    Asked(rank="D"),
    Asked(rank="C", best_race_only=True),
    Asked(rank="E", races=frozenset(RACES[1:])),
    *(Asked(countries=frozenset({country})) for country in ("KR", "US", "ZZ")),
    Asked(countries=frozenset({"KR", None}), best_race_only=True),
    *(Asked(races=frozenset({race})) for race in RACES),
    Asked(races=frozenset(RACES[:2]), best_race_only=True),
    *(Asked(min_games=number) for number in (1, 2, 4)),
    Asked(min_games=2, best_race_only=True),
    Asked(min_games=2, rank="D"),
)

changes_of_player = st.fixed_dictionaries(
    {}, optional={"name": some.names, "country": some.countries, "is_banned": st.booleans()}
)


class BoardMachine(RuleBasedStateMachine):
    """Writes go to the board and to the oracle's dicts; the clock moves without anybody being told; reads compare."""

    def __init__(self) -> None:
        super().__init__()
        self.now_us = NOW_US
        self.seq = 0
        self.rows_by_version: dict[tuple[int, str], Rows] = {}

    @initialize(
        window_us=some.windows, rebuild_above=st.sampled_from((0, 2, 64)), first_stretch=st.sampled_from((1, 1, 5, 512))
    )
    def begin(self, window_us: int | None, rebuild_above: int, first_stretch: int) -> None:
        """Small constants make a small board take the ways of a large one."""
        self.board = some.new_board(window_us, rebuild_above=rebuild_above, first_stretch=first_stretch)
        self.oracle = some.new_oracle(window_us)

    def ago_us(self, age: tuple[int, int]) -> int:
        """The moment that lies so many windows and microseconds before now."""
        windows, us = age
        return (
            self.now_us - windows * (WINDOW_US if self.oracle.inactivity_us is None else self.oracle.inactivity_us) - us
        )

    # Writing

    def put_player(self, player: Player) -> None:
        self.seq += 1
        self.oracle.players[player.id] = player
        self.board.put_player(player)

    def put_entry(self, entry: Entry) -> None:
        self.seq += 1
        self.oracle.entries[entry.id] = entry
        self.board.put_entry(entry)

    def picked_player(self, pick: int) -> Player:
        return list(self.oracle.players.values())[pick % len(self.oracle.players)]

    def picked_entry(self, pick: int) -> Entry:
        return list(self.oracle.entries.values())[pick % len(self.oracle.entries)]

    @rule(name=some.names, country=some.countries, race=some.races, mmr=some.mmrs, age=some.ages, look=LOOKS)
    def register(self, name: str, country: str | None, race: str, mmr: int, age: tuple[int, int], look: bool) -> None:
        player_id = max(self.oracle.players, default=0) + 1
        self.put_player(Player(id=PlayerId(player_id), name=name, country=country))
        entry_id = max(self.oracle.entries, default=0) + 1
        self.put_entry(some.entry(entry_id, player_id, race, mmr, self.ago_us(age)))
        self.look(if_asked=look)

    @precondition(lambda self: self.oracle.players)
    @rule(pick=PICKS, changes=changes_of_player, look=LOOKS)
    def change_player(self, pick: int, changes: dict[str, Any], look: bool) -> None:
        self.put_player(replace(self.picked_player(pick), **changes))
        self.look(if_asked=look)

    @precondition(lambda self: self.oracle.players)
    @rule(pick=PICKS, look=LOOKS)
    def ban_or_unban(self, pick: int, look: bool) -> None:
        player = self.picked_player(pick)
        self.put_player(replace(player, is_banned=not player.is_banned))
        self.look(if_asked=look)

    @precondition(lambda self: self.oracle.players)
    @rule(
        pick=PICKS,
        race=some.races,
        mmr=some.mmrs,
        games=some.games,
        age=st.none() | some.ages,
        skill=some.skills,
        look=LOOKS,
    )
    def set_entry(
        self,
        pick: int,
        race: str,
        mmr: int,
        games: tuple[int, int, int],
        age: tuple[int, int] | None,
        skill: SkillEstimate | None,
        look: bool,
    ) -> None:
        """A new entry, or a correction that may take anything back."""
        player_id = self.picked_player(pick).id
        known = [one for one in self.oracle.entries.values() if (one.player_id, one.race) == (player_id, race)]
        entry_id = known[0].id if known else EntryId(max(self.oracle.entries, default=0) + 1)
        won, lost, drawn = games
        entry = Entry(
            id=entry_id,
            player_id=player_id,
            race=race,
            state=EntryState(
                mmr=mmr,
                games_won=won,
                games_lost=lost,
                games_drawn=drawn,
                last_played_us=None if age is None else self.ago_us(age),
                skill=skill,
            ),
        )
        self.put_entry(entry)
        self.look(if_asked=look)

    @precondition(lambda self: self.oracle.entries)
    @rule(pick=PICKS, score=st.sampled_from((1.0, 0.5, 0.0)), change=st.integers(-40, 40), look=LOOKS)
    def play(self, pick: int, score: float, change: int, look: bool) -> None:
        entry = self.picked_entry(pick)
        self.put_entry(
            entry.after_game(Standing(entry.mmr + change, entry.state.skill), score=score, ended_at_us=self.now_us)
        )
        self.look(if_asked=look)

    @precondition(lambda self: self.oracle.entries)
    @rule(pick=PICKS, beyond_us=st.sampled_from((-1, 0, 1)), then_us=st.sampled_from((0, 1, SECOND_US)))
    def play_at_the_last_moment(self, pick: int, beyond_us: int, then_us: int) -> None:
        """A game just before or after its entry lapses, and a look when it would have lapsed without that game."""
        entry = self.picked_entry(pick)
        if entry.state.last_played_us is not None and self.oracle.inactivity_us is not None:
            self.now_us = entry.state.last_played_us + self.oracle.inactivity_us + beyond_us
            self.put_entry(entry.after_game(Standing(entry.mmr + 1), score=1, ended_at_us=self.now_us))
            self.now_us += then_us
            self.look()

    @precondition(lambda self: self.oracle.entries)
    @rule(pick=PICKS, us=st.sampled_from((1, 2, SECOND_US)), look=LOOKS)
    def correct_and_set_the_clock_back(self, pick: int, us: int, look: bool) -> None:
        """A correction says that an entry lapsed a moment ago, and then it is that moment again."""
        entry = self.picked_entry(pick)
        played_once = replace(
            entry.state, games_won=1, games_lost=0, games_drawn=0, last_played_us=self.ago_us((1, us))
        )
        self.put_entry(replace(entry, state=played_once))
        self.look(if_asked=look)
        self.now_us -= us
        self.look()

    @precondition(lambda self: self.oracle.entries)
    @rule(pick=PICKS, other=PICKS, shift_us=st.sampled_from((0, 1, -1, SECOND_US, -SECOND_US)), look=LOOKS)
    def draw_level(self, pick: int, other: int, shift_us: int, look: bool) -> None:
        """Two entries of the same MMR, played in the same second or just not."""
        entry, model = self.picked_entry(pick), self.picked_entry(other)
        last_played_us = None if model.state.last_played_us is None else model.state.last_played_us + shift_us
        level = replace(model.state, last_played_us=last_played_us, skill=entry.state.skill)
        self.put_entry(replace(entry, state=level))
        self.look(if_asked=look)

    @rule(seed=st.integers(0, 1_000_000), players=st.sampled_from((None, 2, 5, 12, 60)), spread=st.booleans())
    def load(self, seed: int, players: int | None, spread: bool) -> None:
        """Everything anew: as it is, or others, of one moment so that many lapse at once or spread over the window."""
        if players is not None:
            self.invent(random.Random(seed), players, spread)
        self.seq += 1
        board_players, board_entries = self.oracle.players.values(), self.oracle.entries.values()
        self.board.load(
            some.player_columns(list(board_players)), some.entry_columns(list(board_entries)), now_us=self.now_us
        )
        self.look()

    def invent(self, chance: random.Random, players: int, spread: bool) -> None:
        window_us = WINDOW_US if self.oracle.inactivity_us is None else self.oracle.inactivity_us
        self.oracle.players.clear()
        self.oracle.entries.clear()
        for player_id in chance.sample(range(1, 2 * players + 1), players):
            name, country = chance.choice("abcxyz") * 2, chance.choice(("KR", "US", "DE", "XX", "ZZ", None))
            is_banned = chance.random() < 0.1
            player = Player(id=PlayerId(player_id), name=name, country=country, is_banned=is_banned)
            self.oracle.players[player.id] = player
            for race in chance.sample(RACES, chance.randint(0, 3)):
                entry_id = len(self.oracle.entries) + 1
                age = chance.randint(-SECOND_US, window_us + SECOND_US) if spread else chance.randint(0, 2)
                mmr, won = chance.randint(1495, 1505), chance.choice((0, 1, 1, 1))
                entry = some.entry(entry_id, player_id, race, mmr, self.now_us - age, won=won)
                skill = SkillEstimate(1500.0, chance.uniform(30, 350), chance.choice((0.04, 0.06, 0.5)))
                self.oracle.entries[entry.id] = replace(
                    entry, state=replace(entry.state, skill=skill if chance.random() < 0.8 else None)
                )

    @precondition(lambda self: self.oracle.players)
    @rule(pick=PICKS)
    def refuse(self, pick: int) -> None:
        """What cannot be is refused and leaves nothing behind."""
        player = self.picked_player(pick)
        for unlawful in (
            some.entry(9_999, player.id, "random", 2000, self.now_us),
            some.entry(9_999, 9_999, RACES[0], 2000, self.now_us),
        ):
            with pytest.raises(KeyError):
                self.board.put_entry(unlawful)
        with pytest.raises(KeyError):
            self.board.put_player(replace(player, name="nobody", country="QQ", is_banned=not player.is_banned))

    # Time

    @rule(age=some.ages, backwards=st.booleans(), look=LOOKS)
    def move_clock(self, age: tuple[int, int], backwards: bool, look: bool) -> None:
        moment_us = self.ago_us(age)
        self.now_us = moment_us if backwards else 2 * self.now_us - moment_us
        self.look(if_asked=look)

    @precondition(lambda self: self.oracle.entries)
    @rule(pick=PICKS, beyond_us=st.sampled_from((0, 1, -1, SECOND_US)), look=LOOKS)
    def go_to_the_boundary(self, pick: int, beyond_us: int, look: bool) -> None:
        """The last moment at which an entry counts, or just after."""
        entry = self.picked_entry(pick)
        if entry.state.last_played_us is not None:
            self.now_us = entry.state.last_played_us + (self.oracle.inactivity_us or 0) + beyond_us
            self.look(if_asked=look)
            self.check_reference(PLAIN_QUESTIONS[pick % len(PLAIN_QUESTIONS)], from_board=look)

    @rule(and_go_there=st.booleans())
    def await_lapse(self, and_go_there: bool) -> None:
        """Nothing changes before the next lapse that the board foresees."""
        version = self.board.version(now_us=self.now_us, seq=self.seq)
        foreseen_us = self.board.next_lapse_us()
        until_us = self.now_us + FAR_US if foreseen_us is None else foreseen_us - 1
        assert until_us >= self.now_us
        assert self.oracle.ranked(until_us) == self.oracle.ranked(self.now_us)
        if foreseen_us is not None and and_go_there:
            self.now_us = foreseen_us
            is_same = self.oracle.ranked(until_us) == self.oracle.ranked(self.now_us)
            assert (self.board.version(now_us=self.now_us, seq=self.seq) == version) == is_same

    # Reading

    def look(self, *, if_asked: bool = True) -> None:
        """Asks everything that is usual."""
        if not if_asked:
            return
        some_players = list(self.oracle.players)[:3]
        for asked in PLAIN_QUESTIONS:
            rows = tuple(self.oracle.rows(asked, self.now_us))
            self.check_page(asked, rows, page=1, page_size=1_000)
            self.check_page(asked, rows, page=len(rows) // 3, page_size=2)
            self.check_standings(some_players, asked, rows, page_size=2)
        for player_id in some_players:
            name = self.oracle.players[player_id].name
            for text, with_banned in ((name, False), (name, True), (bare(name), False)):
                self.check_search(text, with_banned)
        self.check_version()

    def check_version(self) -> None:
        """One version is one ladder, and one ladder at one place in the change sequence is one version.

        But for the marks of who is unsure, which absence changes by the hour.
        """
        rows = self.oracle.rows(Asked(), self.now_us)
        whole = tuple(row._replace(deviation=None, is_provisional=False) for row in rows)
        version = self.board.version(now_us=self.now_us, seq=self.seq)
        assert self.rows_by_version.setdefault((self.seq, version), whole) == whole
        assert [rows for (seq, _), rows in self.rows_by_version.items() if seq == self.seq].count(whole) == 1
        foreseen_us = self.board.next_lapse_us()
        assert foreseen_us is None or foreseen_us > self.now_us
        assert len(self.board) == len(whole)
        assert self.board.entries == len(self.oracle.entries)

    @rule(asked=some.questions, page=PAGES, page_size=some.page_sizes)
    def ask(self, asked: Asked, page: int, page_size: int) -> None:
        rows = tuple(self.oracle.rows(asked, self.now_us))
        self.check_page(asked, rows, page, page_size)
        last = reference.page_count(len(rows), page_size)
        self.check_page(asked, rows, last, page_size)
        self.check_page(asked, rows, last // 2 + 1, page_size)
        self.check_version()

    def check_page(self, asked: Asked, rows: Rows, page: int, page_size: int) -> None:
        query = some.query_of(asked, page=page, page_size=page_size)
        answer = self.board.page(query, now_us=self.now_us, seq=self.seq)
        pages = [rows[start : start + page_size] for start in range(0, len(rows), page_size)] or [()]
        shown = 1 if page < 1 else min(page, len(pages))
        assert answer.players == pages[shown - 1]
        assert (answer.current_page, answer.total_pages, answer.total_players) == (shown, len(pages), len(rows))
        assert answer.total_ranked == len(self.oracle.ranked(self.now_us))
        assert answer.last_activity_us == self.oracle.last_activity_us(self.now_us)
        assert answer.version == self.board.version(now_us=self.now_us, seq=self.seq)

    @rule(asked=some.questions, from_board=st.booleans())
    def ask_the_reference(self, asked: Asked, from_board: bool) -> None:
        self.check_reference(asked, from_board)

    def check_reference(self, asked: Asked, from_board: bool) -> None:
        """The frame comes from the board, or from the oracle in another order."""
        frame = self.oracle.frame()
        copied = self.board.snapshot().frame()
        assert copied.sort("entry_id").equals(frame.sort("entry_id"))
        entries = copied if from_board else frame.reverse()
        ranked = reference.ranked_entries(entries, now_us=self.now_us, inactivity_us=self.oracle.inactivity_us)
        query = some.query_of(asked, page_size=1_000)
        filtered = reference.filtered_entries(ranked, query.filters)
        shown = reference.leaderboard_rows(
            filtered, page=1, page_size=1_000, certainty=some.CERTAINTY, now_us=self.now_us
        )
        assert shown == tuple(self.oracle.rows(asked, self.now_us))
        assert shown == self.board.page(query, now_us=self.now_us, seq=self.seq).players
        assert filtered.schema == pl.Schema({**ranked.schema, "filter_rank": pl.Int64(), "percentile": pl.Float64()})

    @rule(pick=PICKS, asked=some.questions, page_size=some.page_sizes)
    def find_players(self, pick: int, asked: Asked, page_size: int) -> None:
        player_ids = [*list(self.oracle.players)[pick % 7 :: 7], PlayerId(99_999)]
        self.check_standings(player_ids, asked, tuple(self.oracle.rows(asked, self.now_us)), page_size)

    def check_standings(self, player_ids: list[PlayerId], asked: Asked, rows: Rows, page_size: int) -> None:
        query = some.query_of(asked, page=5, page_size=page_size)
        for player_id in player_ids:
            found = self.board.find_player(player_id, query, now_us=self.now_us)
            assert found == self.oracle.standing(player_id, rows, page_size)

    @rule(text=some.names | st.sampled_from(("", " ", "A", "xx")), with_banned=st.booleans())
    def search(self, text: str, with_banned: bool) -> None:
        self.check_search(text, with_banned)

    def check_search(self, text: str, with_banned: bool) -> None:
        for closest in (False, True):
            found = self.board.search(text, limit=1_000, now_us=self.now_us, with_banned=with_banned, closest=closest)
            assert found == self.oracle.search(
                text, now_us=self.now_us, order=self.oracle.players, with_banned=with_banned, closest=closest
            )


def lives(examples: int, steps: int) -> settings:
    """The loaded profile, with that many lives of that many steps; nightly they are longer and more, in brief fewer."""
    profile = settings.get_current_profile_name()
    lived = {"nightly": 20 * examples, "brief": examples // 10}.get(profile, examples)
    return settings(max_examples=lived, stateful_step_count=2 * steps if profile == "nightly" else steps)


@pytest.mark.timeout(3_600)  # for the nightly profile; the quick one takes seconds
def test_the_board_agrees_with_the_reference_and_the_oracle() -> None:
    run_state_machine_as_test(BoardMachine, settings=lives(examples=150, steps=50))


def test_a_question_of_the_machine_can_hold_every_kind_of_country() -> None:
    assert COUNTRIES.expand(["ZZ"]) == frozenset({"DE", "FR", "XX", "ZZ", None})
    assert some.query_of(Asked(countries=frozenset())).filters.countries == ()
    assert some.query_of(Asked(countries=frozenset({None}))).filters.countries == (None,)
