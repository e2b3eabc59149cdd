"""What every backend tells of the games that are looked at: those that count, as they were shown, and their replays."""

from dataclasses import replace
from typing import Final

import pytest

from tests.contracts.office import CATALOG, EVE
from tests.contracts.storage.test_lookups import Counting
from tests.support.composed import composed
from tests.support.fakes.ladder import FakeClock
from toprung.application.ladder import Ladder
from toprung.application.organising.match_operations import CorrectMatch
from toprung.application.ports.lookups import VerifiedReplay
from toprung.application.ports.storage import Storage, Transaction
from toprung.domain.matches.match import FinalMatch, MatchId, MatchResult, Participant
from toprung.domain.matches.watch.games import WatchedGame
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.players.player import PlayerId
from toprung.domain.replays.replay_upload import NewUpload, ReplayFile, UploadState, UploadVerdict

pytest_plugins = ("tests.support.databases",)

NOW_US: Final = FakeClock().now_us()
DAY: Final = MICROSECONDS_PER_DAY
EVER: Final = {"since_us": 0, "until_us": 2**60}
WON, LOST, DRAW = MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON, MatchResult.DRAW


@pytest.fixture
async def ladder(storage: Storage) -> Ladder:
    """A ladder of three players."""
    made = composed(CATALOG, storage, FakeClock(), inactivity_us=None)
    for name in ("Ann", "Bob", "Cid"):
        await made.players.register(name)
    return made


async def play(ladder: Ladder, number: int, one: int, other: int, result: MatchResult, races: tuple[str, str]) -> None:
    """Records a game that ended so many days before now."""
    sides = [(Participant(player_id=PlayerId(who), race=race),) for who, race in zip((one, other), races, strict=True)]
    match = FinalMatch(
        source_key=f"game {number}", sides=(sides[0], sides[1]), result=result, ended_at_us=NOW_US - (9 - number) * DAY
    )
    assert await ladder.recorder.record(match) is not None


async def watched(storage: Storage, limit: int = 99, **between: int) -> list[WatchedGame]:
    return await storage.read(lambda tx: tx.lookups.watched_games(limit, **(EVER | between)))


async def four(ladder: Ladder) -> None:
    """Two games of Ann and Bob, one of Bob and Cid, and one of Ann with another race."""
    await play(ladder, 1, 1, 2, WON, ("bw_zerg", "sc2_zerg"))
    await play(ladder, 3, 2, 3, DRAW, ("sc2_zerg", "sc2_zerg"))
    await play(ladder, 2, 2, 1, LOST, ("sc2_zerg", "bw_zerg"))
    await play(ladder, 4, 1, 2, LOST, ("sc2_terran", "sc2_zerg"))


async def test_games_are_told_in_the_order_of_their_ends_with_what_was_shown_before(
    storage: Storage, ladder: Ladder
) -> None:
    await four(ladder)
    games = await watched(storage)
    assert [(game.match_id, game.player_1, game.player_2, game.score_1) for game in games] == [
        (1, 1, 2, 1.0),
        (3, 2, 1, 0.0),
        (2, 2, 3, 0.5),
        (4, 1, 2, 0.0),
    ]
    assert [(game.race_1, game.race_2) for game in games][2:] == [("sc2_zerg", "sc2_zerg"), ("sc2_terran", "sc2_zerg")]
    assert [game.ended_at_us for game in games] == [NOW_US - days * DAY for days in (8, 7, 6, 5)]
    assert games[1].mmr_2 != games[0].mmr_1 == 1500
    views = {view.match.id: view for view in (await ladder.matches.latest(9)).rows}
    for game in games:
        changes = views[game.match_id].changes
        assert changes is not None
        assert (game.mmr_1, game.mmr_2) == (changes[0].mmr_before, changes[1].mmr_before)
    assert all(game.length_seconds is None for game in games)


async def test_the_last_games_of_a_stretch_are_told(storage: Storage, ladder: Ladder) -> None:
    await four(ladder)
    assert [game.match_id for game in await watched(storage, 2)] == [2, 4]
    ends = [NOW_US - days * DAY for days in (8, 7, 6, 5)]
    assert [game.match_id for game in await watched(storage, since_us=ends[1], until_us=ends[3])] == [3, 2]
    assert [game.match_id for game in await watched(storage, since_us=ends[1] + 1, until_us=ends[3] + 1)] == [2, 4]
    assert await watched(storage, since_us=ends[3] + 1) == []


async def test_a_voided_game_is_not_told_and_a_corrected_one_as_corrected_with_what_was_shown_then(
    storage: Storage, ladder: Ladder
) -> None:
    await four(ladder)
    before = {game.match_id: game for game in await watched(storage)}
    for match_id, result in ((1, None), (3, WON)):
        await ladder.administration.perform(CorrectMatch(match_id=MatchId(match_id), result=result, by=EVE))
    after = {game.match_id: game for game in await watched(storage)}
    expected = {match_id: game for match_id, game in before.items() if match_id != 1}
    assert after == expected | {MatchId(3): before[MatchId(3)]._replace(score_1=1.0)}


async def test_it_is_one_question_each(storage: Storage, ladder: Ladder) -> None:
    await four(ladder)
    counting = Counting(storage)
    await counting.read(lambda tx: tx.lookups.watched_games(99, since_us=0, until_us=2**60))
    await counting.read(lambda tx: tx.lookups.verified_replays(99, since_us=0, until_us=2**60))
    assert counting.calls == 2
    assert counting.statements in {0, 2}


async def test_verified_replays_of_those_games_are_told_in_the_order_in_which_they_came(
    storage: Storage, ladder: Ladder
) -> None:
    await four(ladder)
    verdict = UploadVerdict(state=UploadState.VERIFIED, code="verified", sentence="It fits.")

    def upload(tx: Transaction) -> None:
        rows = (
            (4, UploadState.VERIFIED),
            (1, UploadState.VERIFIED),
            (None, UploadState.READ),
            (4, UploadState.REJECTED),
        )
        for number, (match_id, state) in enumerate(rows):
            sha256 = f"{number:064x}"
            tx.replays.add_file(
                ReplayFile(sha256=sha256, size_bytes=1, first_uploaded_at_us=1, reading=f'{{"frames": {number}}}')
            )
            of_match = None if match_id is None else MatchId(match_id)
            new = NewUpload(sha256=sha256, player_id=PlayerId(1), match_id=of_match, file_name=None, uploaded_at_us=1)
            tx.replays.save_upload(tx.replays.add_upload(new).judged(replace(verdict, state=state)))

    await storage.write(upload)
    kept = verdict.to_json()
    told = [VerifiedReplay(MatchId(4), kept, '{"frames": 0}'), VerifiedReplay(MatchId(1), kept, '{"frames": 1}')]

    async def found(limit: int = 99, **between: int) -> list[VerifiedReplay]:
        return await storage.read(lambda tx: tx.lookups.verified_replays(limit, **(EVER | between)))

    assert await found() == told
    assert await found(1) == told[1:]
    assert await found(since_us=NOW_US - 8 * DAY + 1) == told[:1]
    await ladder.administration.perform(CorrectMatch(match_id=MatchId(4), result=None, by=EVE))
    assert await found() == told[1:]
