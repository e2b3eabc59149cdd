"""A look at a ladder's games: which stretch, how long games took, who is named by replays, and what is said of it."""

import json
from collections.abc import Callable
from itertools import combinations
from typing import Final

import pytest

from tests.support.composed import composed
from tests.support.fakes.ladder import FakeClock, FakeStorage
from toprung.adapters.catalog_files import find_game, load_catalog
from toprung.application.ladder import Ladder
from toprung.application.organising.concerns import SETTLED, UNUSUAL_MATCHES_MAX, Unusual
from toprung.application.ports.storage import Transaction
from toprung.application.ratings.watch_service import WatchService
from toprung.application.writing.audit import Attribution
from toprung.domain.errors import InvalidInput, NotFound
from toprung.domain.matches.match import FinalMatch, MatchId, MatchResult, Participant, Side
from toprung.domain.matches.watch.limits import DAYS_DEFAULT, WatchLimits
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.players.departure import Departure
from toprung.domain.players.player import PlayerId
from toprung.domain.replays.replay import FRAMES_PER_SECOND
from toprung.domain.replays.replay_findings import Findings
from toprung.domain.replays.replay_upload import NewUpload, ReplayFile, UploadState, UploadVerdict

CATALOG: Final = load_catalog(find_game("sc_evo"))
NAMES: Final = ("Ann", "Bob", "Cid", "Dan", "Eve", "Fay", "Gil", "Hal", "Ida", "Jon")
TRADED: Final = 40
EVE: Final = Attribution(actor="cli:eve", reason="it is time")
HOUR: Final = MICROSECONDS_PER_DAY // 24


class Played:
    """A ladder on which everybody plays everybody and wins by turns."""

    def __init__(self, limits: WatchLimits | None = None) -> None:
        self.storage, self.clock = FakeStorage(), FakeClock()
        self.ladder: Ladder = composed(
            CATALOG, self.storage, self.clock, inactivity_us=None, watch=limits or WatchLimits()
        )
        self.games = 0

    async def begin(self) -> None:
        for name in NAMES:
            await self.ladder.players.register(name)
        for turn in range(8):
            await self.play([(one, other, turn % 2 == 0) for one, other in combinations(range(1, 11), 2)])

    async def play(self, results: list[tuple[int, int, bool]]) -> None:
        """Games of players with these ids, the first of whom wins or loses, a minute after each other until now."""
        matches = []
        for back, (one, other, is_won) in enumerate(reversed(results)):
            self.games += 1
            sides = [(Participant(player_id=PlayerId(who), race="bw_zerg"),) for who in (one, other)]
            matches.append(
                FinalMatch(
                    source_key=f"game {self.games}",
                    sides=(sides[0], sides[1]),
                    result=MatchResult.SIDE_1_WON if is_won else MatchResult.SIDE_2_WON,
                    ended_at_us=self.clock.now_us() - back * 60_000_000,
                )
            )
        await self.ladder.recorder.record_batch(matches[::-1])
        self.clock.advance(seconds=3_600 * 6)

    async def trade(self) -> None:
        await self.play([(3, 7, True)] * TRADED)

    async def bring(self, match_id: int, *handles: str | None, seconds: float, side: Side = 0) -> None:
        """A verified replay of a match."""
        findings = Findings(
            match_id=MatchId(match_id), side=side, result=None, checks=(), handles=(handles[0], handles[1])
        )
        verdict = UploadVerdict(state=UploadState.VERIFIED, code="kept", sentence="x", details=findings.to_details())
        frames = round(seconds * FRAMES_PER_SECOND)

        def work(tx: Transaction) -> None:
            sha256 = f"{match_id:063x}{side}"
            reading = json.dumps({"frames": frames})
            tx.replays.add_file(ReplayFile(sha256=sha256, size_bytes=1, first_uploaded_at_us=1, reading=reading))
            player = PlayerId(1)
            new = NewUpload(
                sha256=sha256, player_id=player, match_id=MatchId(match_id), file_name=None, uploaded_at_us=1
            )
            tx.replays.save_upload(tx.replays.add_upload(new).judged(verdict))

        await self.storage.write(work)


@pytest.fixture
async def played() -> Played:
    made = Played()
    await made.begin()
    return made


async def test_a_trade_is_found_with_names_of_today_and_nothing_is_written(played: Played) -> None:
    await played.trade()
    seq = await played.storage.read(lambda tx: tx.changes.last_seq())
    report = await played.ladder.watch.report()
    (pair,) = report.looked.pairs
    assert [report.names[player] for player in pair.players] == ["Cid", "Gil"]
    assert (pair.games, pair.points, pair.other_games) == (TRADED + 8, TRADED + 4, (64, 64))
    assert report.looked.games == played.games
    assert pair.match_ids[-1] == played.games
    assert not report.is_cut
    assert await played.storage.read(lambda tx: tx.changes.last_seq()) == seq
    assert not played.storage.database.audit


async def test_a_season_that_runs_is_looked_at_and_else_the_last_90_days(played: Played) -> None:
    await played.trade()
    report = await played.ladder.watch.report()
    assert report.period.season is None
    assert report.period.until_us - report.period.since_us == DAYS_DEFAULT * MICROSECONDS_PER_DAY + 1
    await played.ladder.seasons.start("next", "Next", reset_to=None, by=EVE)
    assert (await played.ladder.watch.report()).looked.games == 0
    played.clock.advance(seconds=3_600)
    await played.play([(1, 2, True)] * 3)
    report = await played.ladder.watch.report()
    assert report.period.season is not None
    assert (report.period.season.code, report.looked.games) == ("next", 3)
    assert (await played.ladder.watch.report(days=30)).looked.games == played.games
    await played.ladder.seasons.end(by=EVE)
    played.clock.advance(seconds=3_600)
    await played.play([(1, 2, True)] * 2)
    assert (await played.ladder.watch.report(season="NEXT")).looked.games == 3
    played.clock.advance(seconds=86_400 * DAYS_DEFAULT)
    assert (await played.ladder.watch.report()).looked.games == 0


async def test_what_cannot_be_looked_at_is_refused(played: Played) -> None:
    with pytest.raises(NotFound, match="no season 'summer'"):
        await played.ladder.watch.report(season="summer")
    with pytest.raises(InvalidInput, match="1 to 32"):
        await played.ladder.watch.report(season="*")
    with pytest.raises(InvalidInput, match="not both"):
        await played.ladder.watch.report(season="summer", days=3)


async def test_of_very_many_games_the_last_ones_are_looked_at(played: Played) -> None:
    await played.trade()
    for games_max, is_cut in ((TRADED, True), (played.games, False)):
        watch = WatchService(
            unit_of_work=played.ladder.unit_of_work, clock=played.clock, limits=WatchLimits(), games_max=games_max
        )
        report = await watch.report()
        assert (report.looked.games, report.is_cut) == (games_max, is_cut)
        assert {pair.players for pair in report.looked.pairs} <= {(3, 7)}


async def test_replays_tell_how_long_games_took(played: Played) -> None:
    await played.trade()
    first = played.games - TRADED + 1
    for match_id in range(first, first + 20):
        await played.bring(match_id, None, None, seconds=60 if match_id % 2 else 900)
        await played.bring(match_id, None, None, seconds=1, side=1)  # the first that came counts
    (pair,) = (await played.ladder.watch.report()).looked.pairs
    assert (pair.known_lengths, pair.short_games) == (20, 10)
    voided = next(match_id for match_id in range(first, first + 20) if match_id % 2)
    await played.ladder.ratings.correct(MatchId(voided), None, EVE)
    (pair,) = (await played.ladder.watch.report()).looked.pairs
    assert (pair.known_lengths, pair.short_games) == (19, 9)


async def test_an_account_of_two_players_is_found_unless_one_is_the_other_come_back(played: Played) -> None:
    await played.bring(1, "2-S2-1-7", None, seconds=900)
    await played.bring(2, None, "2-S2-1-8", seconds=900)
    assert (await played.ladder.watch.report()).looked.accounts == ()
    await played.bring(3, None, "2-S2-1-7", seconds=900)
    report = await played.ladder.watch.report()
    (account,) = report.looked.accounts
    assert (account.handle, account.match_ids) == ("2-S2-1-7", (1, 3))
    matches = await played.storage.read(lambda tx: [tx.matches.get(MatchId(number)) for number in (1, 3)])
    assert account.players == tuple(match.player_ids[side] for side, match in enumerate(matches) if match is not None)
    assert set(account.players) <= set(report.names)
    one, other = account.players
    left = Departure(
        player_id=one, account_hash="a", name_hash="n", left_at_us=1, renamed_at_us=None, returned_as=other
    )
    await played.storage.write(lambda tx: tx.departures.save(left))
    assert (await played.ladder.watch.report()).looked.accounts == ()


async def test_limits_are_rules_of_the_ladder() -> None:
    strict = Played(WatchLimits(pair_signal=99, player_signal=99))
    await strict.begin()
    await strict.trade()
    report = await strict.ladder.watch.report()
    assert (report.looked.pairs, report.looked.pairs_looked_at) == ((), 45)


def news(played: Played, concern: Unusual) -> Callable[[Transaction], dict[str, dict[str, str]]]:
    return lambda tx: {key: dict(value) for key, value in concern.wanted(tx, played.clock.now_us(), ()).items()}


async def test_organisers_are_told_of_each_once_a_day_at_most(played: Played) -> None:
    concern = Unusual(played.ladder.watch)
    assert await played.storage.read(news(played, concern)) == {}
    await played.trade()
    assert await played.storage.read(news(played, concern)) == {}  # looked at six hours ago
    played.clock.advance(seconds=86_400)
    told = await played.storage.read(news(played, concern))
    (said,) = told.values()
    assert list(told) == ["unusual pair 3 7"]
    assert (said["players"], said["games"], said["points"], said["others"]) == ("3 7", "48", "44", "64 64")
    assert len(said["matches"].split()) == UNUSUAL_MATCHES_MAX
    assert (said["matches_more"], said[SETTLED]) == ("18", "")
    assert all(len(value) < 400 for value in said.values())
    await played.play([(3, 7, False)] * TRADED)
    played.clock.advance(seconds=86_400)
    now_us = played.clock.now_us()
    over = await played.storage.read(lambda tx: concern.wanted(tx, now_us, [said]))
    assert over == {"unusual pair 3 7": {**said, SETTLED: "yes"}}


async def test_the_concern_keeps_to_its_key_whoever_is_named_first(played: Played) -> None:
    await played.play([(3, 7, False)] * TRADED)
    told = await played.storage.read(news(played, Unusual(played.ladder.watch)))
    assert {key: one["players"] for key, one in told.items()} == {"unusual pair 3 7": "7 3"}
