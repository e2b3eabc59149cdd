"""Ladders on both databases that are played, corrected, adjusted and reset; then looked back at and taken apart."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.databases import Database, OpenLadder, opened_ladder
from tests.support.fakes.ladder import FakeClock, Listener
from toprung.application.organising.operation import NOBODY_YET
from toprung.application.organising.player_operations import BanPlayer, RenamePlayer
from toprung.application.organising.rating_operations import EndSeason, SetRating, StartSeason
from toprung.application.organising.transfer_operations import ImportEntries
from toprung.application.transfer.entry_file import COLUMNS
from toprung.application.writing.audit import Attribution
from toprung.domain.errors import Conflict, InvalidInput, NotFound
from toprung.domain.events import LadderReloaded, RatingSet
from toprung.domain.leaderboard.leaderboard import LeaderboardPage, LeaderboardRow, Movement
from toprung.domain.leaderboard.past import PastMoment, Since, parse_since
from toprung.domain.matches.match import FinalMatch, MatchId, MatchResult, Participant
from toprung.domain.moment import MICROSECONDS_PER_DAY, to_iso
from toprung.domain.players.player import PlayerId

pytest_plugins = ("tests.support.databases",)

WON, LOST, DRAW = MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON, MatchResult.DRAW
RESULTS: Final = (WON, LOST, DRAW)
NAMES: Final = ("Ann", "Bob", "Cid", "Dan", "Eve")
RACES: Final = ("bw_zerg", "sc2_terran")
SYSTEMS: Final = ("glicko2", "elo")
HOUR_US: Final = MICROSECONDS_PER_DAY // 24

EVE = Attribution(actor="Eve", reason="r")


@dataclass(frozen=True)
class Played:
    """A match at this moment, with what it is corrected to later, if it is."""

    one: int
    other: int
    result: MatchResult
    races: tuple[str, str] = RACES


@dataclass(frozen=True)
class Set:
    """A rating that is set by hand."""

    who: int
    race: str
    mmr: int


@dataclass(frozen=True)
class Started:
    """A season that starts, the one that runs being ended."""

    deviation: float | None


@dataclass(frozen=True)
class Imported:
    """A file with one entry."""

    who: int
    mmr: int


@dataclass(frozen=True)
class Corrected:
    """An earlier match that is judged anew."""

    match: int
    result: MatchResult | None


Step = Played | Set | Started | Imported | Corrected

players = st.integers(1, len(NAMES))
played = st.builds(
    lambda one, shift, result, race: Played(one, (one + shift - 1) % len(NAMES) + 1, result, (race, RACES[0])),
    players,
    st.integers(1, len(NAMES) - 1),
    st.sampled_from(RESULTS),
    st.sampled_from(RACES),
)
steps = st.one_of(
    *[played] * 4,
    st.builds(Set, players, st.sampled_from(RACES), st.integers(1000, 2000)),
    st.builds(Started, st.sampled_from((150.0, 300.0, None))),
    st.builds(Imported, players, st.integers(1000, 2000)),
    *[st.builds(Corrected, st.integers(1, 8), st.sampled_from((*RESULTS, None)))] * 2,
)


def some_life() -> list[Step]:
    """A ladder's life in which everything happens, the same in every run."""
    chance = Random(7)
    life: list[Step] = []
    for number in range(30):
        one, other = chance.sample(range(1, len(NAMES) + 1), 2)
        life.append(Played(one, other, chance.choice(RESULTS), (chance.choice(RACES), chance.choice(RACES))))
        if number == 8:
            life += [Set(2, RACES[0], 1900), Started(150.0), Imported(3, 1750)]
        if number == 15:
            life += [Corrected(3, None), Corrected(9, WON), Set(1, RACES[1], 1200)]
        if number == 22:
            life += [Started(200.0), Corrected(3, LOST), Corrected(12, DRAW)]
    return life


class Life:
    """A ladder that lives through steps, an hour after the other, and remembers each board that there was."""

    def __init__(self, opened: OpenLadder, clock: FakeClock) -> None:
        self.opened = opened
        self.clock = clock
        self.matches: list[MatchId] = []
        self.results: list[MatchResult | None] = []
        self.boards: list[tuple[int, tuple[LeaderboardRow, ...]]] = []
        self.seasons = 0

    async def begin(self) -> None:
        for name in NAMES:
            await self.opened.ladder.players.register(name, country="KR")
        await self.look()

    async def look(self) -> None:
        """Remembers the board as it is, and goes on an hour."""
        self.boards.append((self.clock.now_us(), (await page_of(self.opened)).players))
        self.clock.advance(us=HOUR_US)

    async def take(self, step: Step) -> None:
        administration = self.opened.ladder.administration
        if isinstance(step, Played):
            number = len(self.matches) + 1
            sides = [(Participant(player_id=PlayerId(who), race=race),) for who, race in self._sides(step)]
            match = FinalMatch(
                source_key=f"game {number}",
                sides=(sides[0], sides[1]),
                result=step.result,
                ended_at_us=self.clock.now_us(),
            )
            recorded = await self.opened.ladder.recorder.record(match)
            assert recorded is not None
            self.matches.append(recorded.match_id)
            self.results.append(step.result)
        elif isinstance(step, Set):
            with suppress(InvalidInput):  # it is set so already
                await administration.perform(
                    SetRating(
                        name=NAMES[step.who - 1], race=step.race, mmr=step.mmr, by=Attribution(actor="Eve", reason="r")
                    )
                )
        elif isinstance(step, Started):
            if self.seasons:
                await administration.perform(EndSeason(by=Attribution(actor="Eve", reason="over")))
            self.seasons += 1
            code = f"s{self.seasons}"
            await administration.perform(
                StartSeason(
                    code=code, name=code, reset_deviation=step.deviation, by=Attribution(actor="Eve", reason="new")
                )
            )
        elif isinstance(step, Imported):
            day = to_iso(self.clock.now_us() - MICROSECONDS_PER_DAY)
            line = f",{NAMES[step.who - 1]},KR,bw_zerg,{step.mmr},9,5,3,1,{day}"
            await administration.perform(
                ImportEntries(text="\n".join((",".join(COLUMNS), line)), by=Attribution(actor="toprung"))
            )
        elif step.match <= len(self.matches) and self.results[step.match - 1] is not step.result:
            self.results[step.match - 1] = step.result
            await self.opened.ladder.ratings.correct(
                self.matches[step.match - 1], step.result, Attribution(actor="Eve", reason="seen")
            )
        await self.look()

    @staticmethod
    def _sides(step: Played) -> list[tuple[int, str]]:
        return [(step.one, step.races[0]), (step.other, step.races[1])]


def no_progress(done: int, total: int) -> None:
    pass


async def page_of(
    opened: OpenLadder, past: PastMoment | None = None, since: Since | None = None, *, corrected: bool = False
) -> LeaderboardPage:
    return await opened.ladder.leaderboard.get_leaderboard_data(
        page_size=1_000, past=past, movement_since=since, is_movement_corrected=corrected
    )


async def lived(opened: OpenLadder, clock: FakeClock, life: Sequence[Step]) -> Life:
    one = Life(opened, clock)
    await one.begin()
    for step in life:
        await one.take(step)
    return one


async def verified(opened: OpenLadder) -> list[str]:
    return await opened.ladder.verification.verify(no_progress)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=SYSTEMS)
async def life(request: pytest.FixtureRequest, database: Database, clock: FakeClock) -> AsyncIterator[Life]:
    async with opened_ladder(database, clock=clock, rating_system=request.param) as opened:
        yield await lived(opened, clock, some_life())


async def test_every_board_there_was_is_found_again_as_it_stood(life: Life, database: Database) -> None:
    async with opened_ladder(database, clock=life.clock, read_only=True) as other:
        for at_us, rows in life.boards:
            past = PastMoment(at_us=at_us)
            assert (await page_of(life.opened, past)).players == rows
            assert (await page_of(other, past)).players == rows


async def test_the_corrected_past_is_that_of_a_ladder_that_was_right_from_the_start(life: Life, tmp_path: Path) -> None:
    numbers = iter(life.results)
    right: list[Step] = []
    for step in some_life():
        if isinstance(step, Played):
            result = next(numbers)
            right.append(replace(step, result=result or WON))
        else:
            right.append(Corrected(99, None) if isinstance(step, Corrected) else step)  # an hour in which nothing is
    assert None not in life.results
    clock = FakeClock()
    path = Database("sqlite", f"sqlite:///{tmp_path / 'right.db'}")
    system = life.opened.wired.settings.rating_system
    async with opened_ladder(path, clock=clock, rating_system=system) as opened:
        other = await lived(opened, clock, right)
    differing = 0
    for (at_us, rows), (_, then) in zip(other.boards, life.boards, strict=True):
        assert (await page_of(life.opened, PastMoment(at_us=at_us, is_corrected=True))).players == rows
        differing += rows != then
    assert differing, "some board of the past was wrong"


@pytest.mark.parametrize("system", SYSTEMS)
@given(life=st.lists(steps, min_size=3, max_size=14))
@settings(max_examples=15)
async def test_any_life_is_found_again_recomputed_and_verified(
    system: str, life: list[Step], tmp_path_factory: pytest.TempPathFactory
) -> None:
    clock = FakeClock()
    database = Database("sqlite", f"sqlite:///{tmp_path_factory.mktemp('life') / 'ladder.db'}")
    async with opened_ladder(database, clock=clock, rating_system=system) as opened:
        one = await lived(opened, clock, life)
        for at_us, rows in one.boards:
            assert (await page_of(opened, PastMoment(at_us=at_us))).players == rows
        assert await verified(opened) == []
        before = await database.run("select * from rating_journal"), await database.run("select * from entry")
        assert (await opened.ladder.ratings.recompute(no_progress)).changed == 0
        assert before == (await database.run("select * from rating_journal"), await database.run("select * from entry"))


async def test_a_look_back_sees_no_correction_that_is_written_later(life: Life) -> None:
    at_us = life.clock.now_us()
    life.clock.advance(us=HOUR_US)
    past, corrected = PastMoment(at_us=at_us), PastMoment(at_us=at_us, is_corrected=True)
    before = (await page_of(life.opened, past)).players
    assert (await page_of(life.opened, corrected)).players == before
    await life.take(Corrected(1, LOST if life.results[0] is WON else WON))
    assert (await page_of(life.opened, past)).players == before
    now = (await page_of(life.opened)).players
    assert now != before
    assert [(row.entry_id, row.mmr) for row in (await page_of(life.opened, corrected)).players] == [
        (row.entry_id, row.mmr) for row in now
    ]


async def test_movement_is_the_difference_of_two_boards(life: Life) -> None:
    then_us, then = life.boards[12]
    page = await page_of(life.opened, since=parse_since(to_iso(then_us)))
    ranks = {row.entry_id: row for row in then}
    assert page.movements is not None
    assert page.since_us == then_us
    expected = [
        Movement(places=ranks[row.entry_id].global_rank - row.global_rank, mmr=row.mmr - ranks[row.entry_id].mmr)
        if row.entry_id in ranks
        else None
        for row in page.players
    ]
    assert list(page.movements) == expected
    assert any(movement and movement.places for movement in expected)
    assert None in expected


async def test_movement_may_be_looked_at_between_two_moments_of_the_past(life: Life) -> None:
    (early_us, early), (late_us, late) = life.boards[10], life.boards[20]
    page = await page_of(life.opened, PastMoment(at_us=late_us), parse_since("10h"))
    assert page.since_us == early_us
    assert page.players == late
    ranks = {row.entry_id: row.global_rank for row in early}
    assert page.movements is not None
    for row, movement in zip(page.players, page.movements, strict=True):
        assert (movement is None) == (row.entry_id not in ranks)
        assert movement is None or movement.places == ranks[row.entry_id] - row.global_rank


async def test_inactivity_is_judged_at_the_moment(life: Life) -> None:
    at_us, rows = life.boards[-1]
    life.clock.advance(days=60)
    assert (await page_of(life.opened)).players == ()
    assert (await page_of(life.opened, PastMoment(at_us=at_us))).players == rows


async def test_names_countries_and_bans_are_those_of_today(life: Life) -> None:
    at_us, rows = life.boards[-1]
    life.clock.advance(days=1)
    past = PastMoment(at_us=at_us)
    assert (await page_of(life.opened, past)).players == rows
    await life.opened.ladder.administration.perform(RenamePlayer(name="Ann", new_name="Anna", by=EVE))
    renamed = (await page_of(life.opened, past)).players
    assert {row.player_name for row in renamed} == {"Anna", *NAMES[1:]}
    await life.opened.ladder.administration.perform(BanPlayer(name="Bob", by=EVE))
    assert {row.player_name for row in (await page_of(life.opened, past)).players} == {"Anna", *NAMES[2:]}


async def test_a_version_of_the_past_stays_while_the_ladder_goes_on_and_changes_when_the_past_does(life: Life) -> None:
    past = PastMoment(at_us=life.boards[3][0])
    first = await page_of(life.opened, past)
    await life.take(Played(1, 2, WON))
    again = await page_of(life.opened, past)
    assert again.tag == first.tag
    await life.opened.ladder.administration.perform(BanPlayer(name="Bob", by=EVE))
    assert (await page_of(life.opened, past)).tag != first.tag


@pytest.mark.parametrize("ahead", [1, MICROSECONDS_PER_DAY])
async def test_the_future_is_not_looked_at(life: Life, ahead: int) -> None:
    now_us = life.clock.now_us()
    with pytest.raises(InvalidInput, match="in the future") as refused:
        await page_of(life.opened, PastMoment(at_us=now_us + ahead))
    assert refused.value.field == "as_of"
    for since in (to_iso(now_us), to_iso(now_us + ahead), "9999w"):
        with pytest.raises(InvalidInput) as refused:
            await page_of(life.opened, since=parse_since(since))
        assert refused.value.field == "movement_since"


async def test_before_the_first_game_nobody_was_ranked(life: Life) -> None:
    page = await page_of(life.opened, PastMoment(at_us=life.boards[0][0] - 1))
    assert (page.players, page.total_ranked, page.last_activity_us) == ((), 0, None)


async def test_a_player_is_found_on_a_board_of_the_past(life: Life) -> None:
    at_us, rows = life.boards[15]
    leaderboard = life.opened.ladder.leaderboard
    for row in rows:
        standing = await leaderboard.find_player(row.player_id, past=PastMoment(at_us=at_us), page_size=2)
        assert standing is not None
        best = next(one for one in rows if one.player_id == row.player_id)
        assert (standing.page, standing.row) == ((best.global_rank + 1) // 2, best)
    nobody = await leaderboard.find_player(PlayerId(99), past=PastMoment(at_us=at_us))
    assert nobody is None


async def test_a_rating_that_is_set_is_previewed_told_audited_and_shown(life: Life, database: Database) -> None:
    administration = life.opened.ladder.administration
    listener = Listener()
    life.opened.ladder.bus.subscribe(listener.hear)
    preview = await administration.preview(SetRating(name="Ann", race="bw_zerg", mmr=1777, by=NOBODY_YET))
    assert listener.heard == []
    outcome = await administration.perform(
        SetRating(name="Ann", race="bw_zerg", mmr=1777, by=Attribution(actor="Eve", reason=" a smurf "))
    )
    assert outcome == preview
    (event,) = [change.event for change in listener.heard]
    assert isinstance(event, RatingSet)
    assert (event.entry.mmr, event.entry.state.games_played) == (1777, outcome.games_played)
    is_glicko2 = life.opened.wired.settings.rating_system == "glicko2"
    assert outcome.deviation_after == (350.0 if is_glicko2 else None)
    shown = next(row for row in (await page_of(life.opened)).players if row.entry_id == event.entry.id)
    assert (shown.mmr, shown.deviation) == (1777, 350 if is_glicko2 else None)
    rows = await database.run("select actor, action, subject, reason, details from audit order by id desc limit 1")
    assert rows[0][:4] == ("Eve", "set_rating", "player 1", "a smurf")
    assert json.loads(rows[0][4])["mmr_after"] == 1777
    with pytest.raises(InvalidInput, match="already"):
        await administration.perform(
            SetRating(name="Ann", race="bw_zerg", mmr=1777, by=Attribution(actor="Eve", reason="again"))
        )
    assert await verified(life.opened) == []


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"mmr": 1_000_001}, "mmr"),
        ({"mmr": -1_000_001}, "mmr"),
        ({"race": "no_race"}, "race"),
        ({"reason": " "}, "reason"),
        ({"reason": "\u202e"}, "reason"),
    ],
)
async def test_a_rating_that_cannot_be_set_changes_nothing(
    life: Life, database: Database, values: dict[str, Any], field: str
) -> None:
    before = await database.run("select count(*) from rating_journal")
    given: dict[str, Any] = {"name": "Ann", "race": "bw_zerg", "mmr": 1500, "reason": "r"} | values
    by = Attribution(actor="Eve", reason=given.pop("reason"))
    with pytest.raises(InvalidInput) as refused:
        await life.opened.ladder.administration.perform(SetRating(**given, by=by))
    assert refused.value.field == field
    with pytest.raises(NotFound):
        await life.opened.ladder.administration.perform(SetRating(**(given | {"name": "Nobody"}), by=by))
    assert await database.run("select count(*) from rating_journal") == before


async def test_seasons_follow_one_another_and_are_audited(life: Life, database: Database) -> None:
    services = life.opened.ladder
    seasons = await services.seasons.all()
    assert [(season.code, season.ended_at_us is None) for season in seasons] == [("s1", False), ("s2", True)]
    assert seasons[0].ended_at_us == seasons[1].started_at_us
    with pytest.raises(Conflict, match="s2 is running"):
        await services.administration.perform(
            StartSeason(code="s3", name="Three", reset_deviation=None, by=Attribution(actor="Eve", reason="r"))
        )
    ended = await services.administration.perform(EndSeason(by=Attribution(actor="Eve", reason="over")))
    assert (ended.code, ended.ended_at_us) == ("s2", life.clock.now_us())
    with pytest.raises(Conflict, match="No season is running"):
        await services.administration.perform(EndSeason(by=Attribution(actor="Eve", reason="over")))
    with pytest.raises(Conflict, match="s1 already"):
        await services.administration.perform(
            StartSeason(code="S1", name="One", reset_deviation=None, by=Attribution(actor="Eve", reason="r"))
        )
    for code, name, reset_to, reason, field in (
        ("a b", "A", None, "r", "code"),
        ("a", "", None, "r", "name"),
        ("a", "A", 351.0, "r", "reset_deviation"),
        ("a", "A", float("nan"), "r", "reset_deviation"),
        ("a", "A", None, "", "reason"),
    ):
        with pytest.raises(InvalidInput) as refused:
            await services.administration.perform(
                StartSeason(code=code, name=name, reset_deviation=reset_to, by=Attribution(actor="Eve", reason=reason))
            )
        assert refused.value.field == field
    actions = await database.run("select action from audit where action like '%season' order by id")
    assert [action for (action,) in actions] == ["start_season", "end_season", "start_season", "end_season"]
    assert await services.seasons.get("S1") == seasons[0]
    with pytest.raises(NotFound):
        await services.seasons.get("s9")


async def test_a_new_season_makes_ratings_less_sure_and_moves_nobody(life: Life) -> None:
    opened = life.opened
    await opened.ladder.administration.perform(EndSeason(by=Attribution(actor="Eve", reason="over")))
    before = (await page_of(opened)).players
    listener = Listener()
    opened.ladder.bus.subscribe(listener.hear)
    started = await opened.ladder.administration.perform(
        StartSeason(code="s3", name="Three", reset_deviation=340.0, by=Attribution(actor="Eve", reason="r"))
    )
    after = (await page_of(opened)).players
    assert [row[:15] for row in after] == [row[:15] for row in before]
    if opened.wired.settings.rating_system == "elo":
        assert (started.entries_reset, listener.heard, started.season.reset_deviation) == (0, [], None)
        return
    assert all(row.deviation is not None and row.deviation >= 340 for row in after)
    assert [change.event for change in listener.heard] == [LadderReloaded(entries=started.entries_reset)]
    assert started.entries_reset > 0
    assert await verified(opened) == []
