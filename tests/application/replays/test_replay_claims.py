"""What an uploaded replay means for its match: see `application/replays/replay_claims.py`."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fakes.ladder import FakeTransaction
from tests.support.played import MARU, SERRAL, TERRAN, ZERG, PlayedMatch, verdict_of
from tests.support.replays.archives import Method, bzipped, deflated
from tests.support.replays.synthetic_replay import SyntheticPlayer
from toprung.domain.errors import Conflict
from toprung.domain.matches.match import Evidence, FinalMatch, MatchId, MatchResult, MatchState, Outcome, Participant
from toprung.domain.matches.match_life import void
from toprung.domain.matches.notice import NoticeKind
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.players.player import PlayerId
from toprung.domain.replays.mod_version import ModVersion
from toprung.domain.replays.replay_checks import CheckCode, CheckStatus
from toprung.domain.replays.replay_findings import findings_of
from toprung.domain.replays.replay_upload import UploadState

CID = PlayerId(3)
VERIFIED, REJECTED = UploadState.VERIFIED, UploadState.REJECTED
KNOWN_HANDLES = {"Maru": ("2-S2-1-101",), "Serral": ("2-S2-1-202",), "Cid": ()}
NO_HANDLES = {"Maru": (), "Serral": (), "Cid": ()}


@pytest.fixture
async def played() -> PlayedMatch:
    table = PlayedMatch()
    await table.begun()
    return table


async def test_a_losers_own_replay_completes_the_match(played: PlayedMatch) -> None:
    upload = await played.upload(SERRAL, played.replay("Maru"))
    assert (upload.state, verdict_of(upload).code, upload.match_id) == (VERIFIED, "completed", 1)
    assert upload.sentence == "The replay fits match 1, which is completed: you lost."
    assert (played.state(), played.match().result, played.rated) == (MatchState.COMPLETED, MatchResult.SIDE_1_WON, 2)
    kinds = [(one.player_id, one.kind) for one in played.intake.storage.database.played.notices.values()]
    assert kinds[-2:] == [(MARU, NoticeKind.RESULT), (SERRAL, NoticeKind.RESULT)]


async def test_a_winners_replay_is_a_claim_that_stands_once_the_other_one_let_15_minutes_pass() -> None:
    played = PlayedMatch(can_reach=lambda _player: True)
    await played.begun()
    upload = await played.upload(MARU, played.replay("Maru"))
    assert (upload.state, verdict_of(upload).code) == (VERIFIED, "claimed")
    assert "15 minutes after they were told" in upload.sentence
    claim = played.match().sides[0].claim
    assert claim is not None
    assert (played.state(), claim.evidence, claim.told_at_us) == (MatchState.REPORTED, Evidence.REPLAY, None)
    played.clock.advance(seconds=3600)
    await played.lifecycle.pass_deadlines()
    assert played.state() is MatchState.REPORTED  # nobody has told the other one yet
    (notice,) = [one for one in await played.lifecycle.pending_notices() if one.kind is NoticeKind.CLAIM]
    await played.lifecycle.settle_notice(notice.id, was_reached=True)
    played.clock.advance(seconds=15 * 60, us=-1)
    await played.lifecycle.pass_deadlines()
    assert played.state() is MatchState.REPORTED
    played.clock.advance(us=1)
    await played.lifecycle.pass_deadlines()
    assert (played.state(), played.match().result, played.rated) == (MatchState.COMPLETED, MatchResult.SIDE_1_WON, 2)
    assert played.handles() == NO_HANDLES  # silence stands by nothing


async def test_an_opponent_who_disputes_a_claim_makes_a_conflict(played: PlayedMatch) -> None:
    await played.upload(MARU, played.replay("Maru"))
    await played.report(SERRAL, Outcome.WIN)
    assert (played.state(), played.rated) == (MatchState.CONFLICT, 0)


@pytest.mark.parametrize("winner", ["Maru", "Serral", "draw"])
@pytest.mark.parametrize("first", [MARU, SERRAL])
async def test_both_sides_replays_that_agree_complete_it_once(
    played: PlayedMatch, winner: str, first: PlayerId
) -> None:
    for player_id in (first, SERRAL if first == MARU else MARU):
        assert (await played.upload(player_id, played.replay(winner))).state is VERIFIED
    assert (played.state(), played.rated) == (MatchState.COMPLETED, 2)
    assert played.handles() == KNOWN_HANDLES


async def test_replays_that_contradict_each_other_are_a_conflict_with_both_kept(played: PlayedMatch) -> None:
    mine = await played.upload(MARU, played.replay("Maru"))
    other = await played.upload(SERRAL, played.replay("Serral", tracker_events=b"two changed bytes"))
    assert (played.state(), played.rated) == (MatchState.CONFLICT, 0)
    assert {mine.state, other.state} == {VERIFIED}
    assert "contradicts your opponent" in other.sentence
    claims = [side.claim for side in played.match().sides]
    assert [claim and claim.result for claim in claims] == [MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON]
    assert len(played.intake.archive.kept) == 2
    assert played.handles() == NO_HANDLES


async def test_the_same_game_packed_anew_is_the_same_claim(played: PlayedMatch) -> None:
    first = await played.upload(MARU, played.replay("Maru"))
    before = played.match()
    again = await played.upload(MARU, played.replay("Maru", method=bzipped))
    assert first.sha256 != again.sha256
    assert (again.state, played.match(), played.rated) == (VERIFIED, before, 0)


async def test_a_game_counts_for_one_match(played: PlayedMatch) -> None:
    data = played.replay("Maru")
    await played.upload(SERRAL, data)
    await played.begun()
    played.clock.advance(seconds=-19 * 60)  # by a clock that is wrong, it was played in the second match as well
    again = await played.upload(MARU, played.replay("Maru", method=bzipped), MatchId(2))
    assert "This recording was brought for match 1 before" in again.sentence
    assert (again.state, played.state(2), played.rated) == (REJECTED, MatchState.IN_PROGRESS, 2)


Changes = Callable[[PlayedMatch], dict[str, Any]]
REFUSED: list[tuple[CheckCode, str, Changes]] = [
    (CheckCode.MAP, "Death Valley was played", lambda _: {"map_name": "Death Valley"}),
    (
        CheckCode.RACES,
        "SC2 Protoss, SC2 Zerg was played",
        lambda _: {"players": (replace(TERRAN, race="Protoss", picked_race="Prot"), ZERG)},
    ),
    (
        CheckCode.PLAYERS,
        "the replay's players are Maru, Reynor",
        lambda _: {"players": (TERRAN, replace(ZERG, name="Reynor"))},
    ),
    (
        CheckCode.TIME_WINDOW,
        "the game was played from 2026-09-23T12:03:20Z to 2026-09-23T12:20:00Z",
        lambda it: {"ended_at_us": it.clock.now_us() - 86_400_000_000},
    ),
    (
        CheckCode.TIME_WINDOW,
        "the game was played",
        lambda it: {"ended_at_us": it.clock.now_us() + 121 * MICROSECONDS_PER_SECOND},
    ),
    (CheckCode.SPEED, "was to be Faster, and was Normal", lambda _: {"speed": "Norm"}),
    (
        CheckCode.COMPUTERS,
        "The computer played in the game: A.I.",
        lambda _: {"players": (TERRAN, ZERG, SyntheticPlayer(name="A.I.", uid=0, is_computer=True))},
    ),
]


@pytest.mark.parametrize(("code", "words", "changes"), REFUSED)
async def test_what_does_not_fit_is_refused_with_a_sentence_and_leaves_the_match_open(
    played: PlayedMatch, code: CheckCode, words: str, changes: Changes
) -> None:
    upload = await played.upload(SERRAL, played.replay("Maru", **changes(played)))
    assert (upload.state, verdict_of(upload).code) == (REJECTED, "not_verified")
    assert words in upload.sentence
    assert upload.sentence.endswith("its result can be reported by hand.")
    found = findings_of(upload)
    assert found is not None
    assert {check.code for check in found.checks} == set(CheckCode)
    assert {check.code for check in found.checks if check.status is CheckStatus.FAILED} >= {code}
    assert (found.result, found.side) == (None, 1)
    assert (played.state(), played.rated) == (MatchState.IN_PROGRESS, 0)
    await played.report(SERRAL, Outcome.LOSS)
    assert played.state() is MatchState.COMPLETED


async def test_an_approved_mod_with_something_added_is_a_fake_and_any_other_is_unknown(played: PlayedMatch) -> None:
    own = tuple(sha256(text).hexdigest() for text in (b"Standard Data: Void.SC2Mod", b"mod"))
    added = sha256(b"added").hexdigest()
    unknown = await played.upload(MARU, played.replay("Maru"))
    assert unknown.state is VERIFIED
    version = ModVersion(handles=frozenset(own), upload_id=unknown.id, approved_at_us=0)
    FakeTransaction(played.intake.storage.database).replays.add_mod_version(version)
    fake = await played.upload(SERRAL, played.replay("Serral", mod_hashes=(*own, added)))
    assert (fake.state, played.state()) == (REJECTED, MatchState.REPORTED)
    assert f"not the real one: {added} was added" in fake.sentence
    assert (await played.upload(SERRAL, played.replay("Maru", mod_hashes=own))).state is VERIFIED


async def test_a_replay_that_states_no_winner_decides_nothing_and_is_no_draw(played: PlayedMatch) -> None:
    upload = await played.upload(MARU, played.replay(None))
    assert (upload.state, verdict_of(upload).code) == (VERIFIED, "no_winner")
    assert "report the result by hand" in upload.sentence
    assert (played.state(), played.match().sides[0].claim) == (MatchState.IN_PROGRESS, None)


async def test_a_replay_after_its_time_is_kept_and_says_what_an_organiser_can_do(played: PlayedMatch) -> None:
    data = played.replay("Maru")
    played.clock.advance(days=1)
    upload = await played.upload(SERRAL, data, MatchId(1))
    assert (upload.state, verdict_of(upload).code, played.state()) == (VERIFIED, "kept", MatchState.EXPIRED)
    assert "was not reported in time; an organiser can still set its result" in upload.sentence
    assert played.rated == 0


async def test_a_replay_of_a_match_that_is_over_is_kept_as_evidence(played: PlayedMatch) -> None:
    await played.report(SERRAL, Outcome.LOSS)
    agreeing = await played.upload(MARU, played.replay("Maru"))
    assert verdict_of(agreeing).code == "borne_out"
    opposite = await played.upload(SERRAL, played.replay("Serral", tracker_events=b"changed"))
    assert (opposite.state, verdict_of(opposite).code) == (VERIFIED, "kept")
    assert "its result stands; an organiser can correct it" in opposite.sentence
    assert (played.match().result, played.rated) == (MatchResult.SIDE_1_WON, 2)


async def test_a_void_match_stays_void(played: PlayedMatch) -> None:
    steps = played.steps

    def work(tx: FakeTransaction) -> None:
        match = steps.current(tx, MatchId(1), played.clock.now_us())
        steps.take(tx, match, void(match, played.clock.now_us()), played.clock.now_us())

    await played.intake.unit_of_work.run(work)  # type: ignore[arg-type]  # what the fake storage gives
    upload = await played.upload(SERRAL, played.replay("Maru"), MatchId(1))
    assert (upload.state, verdict_of(upload).code, played.state()) == (VERIFIED, "kept", MatchState.VOIDED)


async def test_a_match_that_was_not_begun_tells_nothing_of_the_opponent() -> None:
    played = PlayedMatch()
    await played.begun(is_confirmed=False)
    upload = await played.upload(MARU, played.replay("Maru"))
    assert (upload.state, upload.match_id, verdict_of(upload).code) == (REJECTED, 1, "not_begun")
    assert "Serral" not in (upload.verdict or "")
    assert played.state() is MatchState.ASSIGNED


async def test_only_its_players_can_bring_a_replay_of_a_match_and_nobody_who_is_banned(played: PlayedMatch) -> None:
    upload = await played.upload(CID, played.replay("Maru"), MatchId(1))
    assert (upload.state, verdict_of(upload).code, verdict_of(upload).details) == (REJECTED, "not_a_participant", {})
    players = played.intake.storage.database.players
    players[SERRAL] = replace(players[SERRAL], is_banned=True)
    with pytest.raises(Conflict, match="banned"):
        await played.upload(SERRAL, played.replay("Maru"))
    assert played.state() is MatchState.IN_PROGRESS


async def test_a_bare_word_gives_way_to_ones_own_replay_that_says_the_opposite(played: PlayedMatch) -> None:
    await played.report(MARU, Outcome.WIN)
    upload = await played.upload(MARU, played.replay("Serral"))
    assert verdict_of(upload).code == "completed"
    assert (played.state(), played.match().result, played.rated) == (MatchState.COMPLETED, MatchResult.SIDE_2_WON, 2)


async def test_ones_word_borne_out_by_ones_replay_has_the_replays_deadline(played: PlayedMatch) -> None:
    await played.report(MARU, Outcome.WIN)
    played.clock.advance(seconds=1)
    await played.upload(MARU, played.replay("Maru"))
    assert played.match().deadline_us == played.clock.now_us() + 15 * 60 * MICROSECONDS_PER_SECOND


async def test_a_name_that_was_set_late_makes_the_same_file_fit(played: PlayedMatch) -> None:
    data = played.replay(
        "Maru", players=(replace(TERRAN, name="MaruBarcode", result="win"), replace(ZERG, result="loss"))
    )
    first = await played.upload(SERRAL, data)
    assert first.state is REJECTED
    players = played.intake.storage.database.players
    players[MARU] = replace(players[MARU], in_game_names=("marubarcode#123",))
    again = await played.upload(SERRAL, data)
    assert (again.id, again.state, played.state()) == (first.id, VERIFIED, MatchState.COMPLETED)


async def test_a_replay_without_a_match_is_of_the_latest_one_if_that_ended_within_a_day(played: PlayedMatch) -> None:
    data = played.replay("Maru")
    ann, bob = (Participant(player_id=one, race="sc2_zerg") for one in (MARU, SERRAL))
    imported = FinalMatch(source_key="file", sides=((ann,), (bob,)), result=MatchResult.DRAW, ended_at_us=1)
    await played.report(SERRAL, Outcome.LOSS)
    await played.intake.unit_of_work.run(lambda tx: tx.matches.add([imported], recorded_at_us=1))
    assert (await played.upload(MARU, data)).match_id == 1
    played.clock.advance(days=1, seconds=1)
    assert (await played.upload(SERRAL, data)).match_id is None
    assert (await played.upload(CID, data)).state is UploadState.READ
    of_a_file = await played.upload(MARU, data, MatchId(2))
    assert verdict_of(of_a_file).code == "not_begun"


async def test_handles_are_bound_whatever_comes_last(played: PlayedMatch) -> None:
    await played.upload(MARU, played.replay("Maru"))
    assert played.handles() == NO_HANDLES
    await played.report(SERRAL, Outcome.LOSS)
    assert played.handles() == KNOWN_HANDLES


async def test_handles_are_bound_by_a_replay_after_both_words(played: PlayedMatch) -> None:
    await played.report(MARU, Outcome.WIN)
    await played.report(SERRAL, Outcome.LOSS)
    assert played.handles() == NO_HANDLES
    await played.upload(SERRAL, played.replay("Maru"))
    assert played.handles() == KNOWN_HANDLES


async def test_a_losers_own_replay_alone_binds_nothing(played: PlayedMatch) -> None:
    await played.upload(SERRAL, played.replay("Maru"))
    assert played.handles() == NO_HANDLES


async def test_a_handle_that_is_somebodys_stays_so_and_who_has_one_gets_no_other(played: PlayedMatch) -> None:
    players = played.intake.storage.database.players
    players[CID] = replace(players[CID], handles=("2-S2-1-101",))
    players[SERRAL] = replace(players[SERRAL], handles=("2-S2-1-999",))
    for player_id in (MARU, SERRAL):
        await played.upload(player_id, played.replay("Maru"))
    assert played.handles() == {"Maru": (), "Serral": ("2-S2-1-999",), "Cid": ("2-S2-1-101",)}


async def test_replays_that_name_different_accounts_bind_none(played: PlayedMatch) -> None:
    await played.upload(MARU, played.replay("Maru"))
    forged = (replace(TERRAN, result="win", uid=666), replace(ZERG, result="loss"))
    await played.upload(SERRAL, played.replay("Maru", players=forged))
    assert (played.state(), played.handles()) == (MatchState.COMPLETED, NO_HANDLES)


Said = tuple[PlayerId, str | None, Method | None]
"""Who says what, and how a replay of it is packed; None for a bare word."""

WORDS = {"Maru": (Outcome.WIN, Outcome.LOSS), "Serral": (Outcome.LOSS, Outcome.WIN), "draw": (Outcome.DRAW,) * 2}
replays: st.SearchStrategy[Said] = st.tuples(
    st.sampled_from((MARU, SERRAL, CID)),
    st.sampled_from((*WORDS, None)),
    st.sampled_from((deflated, bzipped)),
)
bare_words: st.SearchStrategy[Said] = st.tuples(
    st.sampled_from((MARU, SERRAL)), st.sampled_from(list(WORDS)), st.none()
)


@given(st.lists(replays | bare_words, max_size=8), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_whatever_is_said_in_whatever_order_the_match_is_rated_once_at_most_and_every_upload_is_answered(
    said: list[Said], at_a_time: int
) -> None:
    async def run() -> None:
        played = PlayedMatch()
        await played.begun()
        for start in range(0, len(said), at_a_time):
            await asyncio.gather(*(_say(played, one) for one in said[start : start + at_a_time]))
            await played.intake.work_off()
        uploads = played.intake.storage.database.replay_uploads.values()
        assert all(upload.state in {VERIFIED, REJECTED} for upload in uploads)
        match = played.match()
        assert played.rated == (2 if match.state is MatchState.COMPLETED else 0)
        games = [entry.state.games_played for entry in played.intake.storage.database.entries.values()]
        assert games == ([1, 1] if played.rated else [])
        if match.state is MatchState.COMPLETED:
            first, second = (None if side.claim is None else side.claim.result for side in match.sides)
            is_admitted = first is MatchResult.SIDE_2_WON or second is MatchResult.SIDE_1_WON
            assert is_admitted or (first is not None and first is second)

    asyncio.run(run())


async def _say(played: PlayedMatch, said: Said) -> None:
    player_id, winner, method = said
    if method is not None:
        data = played.replay(winner, method=method)
        await played.intake.replays.submit(player_id, MatchId(1), data)
    elif winner is not None:
        with suppress(Conflict):  # said before, or over
            await played.report(player_id, WORDS[winner][0 if player_id == MARU else 1])
