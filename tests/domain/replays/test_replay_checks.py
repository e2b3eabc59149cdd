"""Judging a replay against a match."""

import string
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toprung.domain.matches.match import MatchId, MatchResult
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.replays.replay import PlayerResult, ReplayPlayer, ReplayReading
from toprung.domain.replays.replay_checks import (
    CHECK_SENTENCES,
    CheckCode,
    CheckStatus,
    ExpectedGame,
    ExpectedSide,
    Judgement,
    ReplayPolicy,
    check_sentence,
    judge,
    name_key,
)

POLICY = ReplayPolicy()
STRICT = ReplayPolicy(gates=frozenset(CheckCode), gates_if_unknown=frozenset(CheckCode))
RACES = ("bw_terran", "bw_zerg", "sc2_protoss", "random")
W, L, D, U = PlayerResult.WIN, PlayerResult.LOSS, PlayerResult.DRAW, PlayerResult.UNKNOWN

names = st.text("abcdefgXYZ가나다éß", min_size=1, max_size=12)
handles = st.builds("2-S2-1-{}".format, st.integers(1, 10**6))
hashes = st.integers(0, 10**6).map(lambda number: sha256(number.to_bytes(4)).hexdigest())
FEW = settings(max_examples=max(20, settings().max_examples // 5))


@dataclass(frozen=True, kw_only=True)
class Played:
    """A match and an honest replay of it."""

    expected: ExpectedGame
    reading: ReplayReading


@st.composite
def played(draw: st.DrawFn) -> Played:
    """A match, and a replay that was built from it."""
    first, second = draw(st.lists(names, min_size=2, max_size=2, unique_by=name_key))
    accounts = draw(st.lists(handles, min_size=2, max_size=2, unique=True))
    sides: list[ExpectedSide] = []
    players: list[ReplayPlayer] = []
    for name, account, outcome in zip((first, second), accounts, draw(st.sampled_from([(W, L), (L, W)])), strict=True):
        race = draw(st.sampled_from(RACES))
        dealt = draw(st.sampled_from(RACES[:3])) if race == "random" else race
        by_name = draw(st.booleans())
        side = ExpectedSide(
            names=frozenset({name, "Another#12"}) if by_name else frozenset({"Old name"}),
            handles=frozenset() if by_name and draw(st.booleans()) else frozenset({account}),
            race=race,
            is_random=race == "random",
        )
        sides.append(side)
        shown = name.upper() if by_name and name_key(name.upper()) == name_key(name) else name
        players.append(
            ReplayPlayer(
                name=shown,
                handle=account,
                race_text=dealt.title(),
                race=dealt,
                picked_race=race,
                result=outcome,
                is_computer=False,
                team=len(players),
            )
        )
    start_us = draw(st.integers(10**15, 2 * 10**15))
    frames = draw(st.integers(0, 100_000))
    mods = draw(st.lists(hashes, min_size=1, max_size=4, unique=True))
    reading = ReplayReading(
        players=tuple(draw(st.permutations(players))),
        observers=(),
        map_name=draw(names),
        map_handle=draw(hashes),
        mod_handles=tuple(mods),
        frames=frames,
        ended_at_us=start_us + round(frames / 22.4 * MICROSECONDS_PER_SECOND),
        region="eu",
        speed="Faster",
        privacy="Normal",
        category="Private",
        is_matchmade=False,
        release="5.0.15.95299",
        build=95_299,
        fingerprint=draw(hashes),
    )
    expected = ExpectedGame(
        sides=(sides[0], sides[1]),
        map_names=frozenset({"Short", reading.map_name}),
        mod_handle_sets=frozenset({frozenset(mods), frozenset({draw(hashes)})}),
        window_start_us=reading.started_at_us - draw(st.integers(0, 10**9)),
        window_end_us=reading.ended_at_us + draw(st.integers(0, 10**9)),
    )
    return Played(expected=expected, reading=reading)


def judged(game: Played, policy: ReplayPolicy = STRICT, *, seen_in: MatchId | None = None) -> Judgement:
    return judge(game.reading, game.expected, policy, seen_in=seen_in)


def statuses(judgement: Judgement) -> dict[CheckCode, CheckStatus]:
    return {check.code: check.status for check in judgement.checks}


@given(played())
def test_a_replay_of_the_match_verifies(game: Played) -> None:
    found = judged(game)
    assert statuses(found) == dict.fromkeys(CheckCode, CheckStatus.OK)
    assert found.is_verified
    assert found.players is not None
    won = MatchResult.SIDE_1_WON if found.players[0].result is W else MatchResult.SIDE_2_WON
    assert found.result is won
    for player, side in zip(found.players, game.expected.sides, strict=True):
        assert player.handle in side.handles or name_key(player.name) in map(name_key, side.names)


@given(played())
def test_sides_are_told_apart_whatever_their_order(game: Played) -> None:
    turned = replace(game.reading, players=game.reading.players[::-1])
    swapped = replace(game.expected, sides=game.expected.sides[::-1])
    found = judged(game)
    assert judged(replace(game, reading=turned)) == replace(found, checks=judged(replace(game, reading=turned)).checks)
    other = judged(replace(game, expected=swapped))
    assert other.players == (None if found.players is None else found.players[::-1])
    assert {found.result, other.result} == {MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON}


Deviation = Callable[[ReplayReading], ReplayReading]


def _with_first(**changes: object) -> Deviation:
    def deviate(reading: ReplayReading) -> ReplayReading:
        first, *others = reading.players
        return replace(reading, players=(replace(first, **changes), *others))  # type: ignore[arg-type]

    return deviate


def _with_computer(reading: ReplayReading) -> ReplayReading:
    machine = replace(reading.players[0], name="A.I. 1 (Elite)", handle=None, is_computer=True)
    return replace(reading, players=(*reading.players, machine))


DAY_US = 86_400 * MICROSECONDS_PER_SECOND
DEVIATIONS: dict[str, tuple[CheckCode, Deviation]] = {
    "another race": (CheckCode.RACES, _with_first(race="sc2_zerg", picked_race="sc2_zerg")),
    "another map": (CheckCode.MAP, lambda reading: replace(reading, map_name="Elsewhere")),
    "something added": (
        CheckCode.MOD,
        lambda reading: replace(reading, mod_handles=(*reading.mod_handles, "f" * 63 + "g")),
    ),
    "too early": (CheckCode.TIME_WINDOW, lambda reading: replace(reading, ended_at_us=reading.ended_at_us - DAY_US)),
    "too late": (CheckCode.TIME_WINDOW, lambda reading: replace(reading, ended_at_us=reading.ended_at_us + DAY_US)),
    "longer than the window": (CheckCode.TIME_WINDOW, lambda reading: replace(reading, frames=reading.frames + 90_000)),
    "an observer": (CheckCode.OBSERVERS, lambda reading: replace(reading, observers=("Caster",))),
    "slower": (CheckCode.SPEED, lambda reading: replace(reading, speed="Slower")),
    "secret": (CheckCode.PRIVACY, lambda reading: replace(reading, privacy="No Match History")),
    "a computer": (CheckCode.COMPUTERS, _with_computer),
}


@pytest.mark.parametrize("deviation", DEVIATIONS)
@FEW
@given(game=played())
def test_a_single_deviation_fails_its_check_and_no_other(deviation: str, game: Played) -> None:
    code, deviate = DEVIATIONS[deviation]
    found = judged(replace(game, reading=deviate(game.reading)))
    wanted = dict.fromkeys(CheckCode, CheckStatus.OK) | {code: CheckStatus.FAILED}
    assert statuses(found) == wanted
    assert [check.code for check in found.in_the_way] == [code]
    assert found.result is None
    lenient = judged(replace(game, reading=deviate(game.reading)), ReplayPolicy(gates=frozenset()))
    assert lenient.is_verified
    assert lenient.result is not None


@given(played())
def test_a_stranger_fails_the_players_and_leaves_the_races_open(game: Played) -> None:
    reading = _with_first(name="Stranger", handle="2-S2-1-0")(game.reading)
    found = judged(replace(game, reading=reading))
    assert statuses(found) == dict.fromkeys(CheckCode, CheckStatus.OK) | {
        CheckCode.PLAYERS: CheckStatus.FAILED,
        CheckCode.RACES: CheckStatus.UNKNOWN,
    }
    assert found.result is None
    assert judged(replace(game, reading=reading), ReplayPolicy(gates=frozenset())).result is None


@given(played(), st.integers(1, 99))
def test_a_recording_counts_in_one_match(game: Played, other: int) -> None:
    found = judged(game, POLICY, seen_in=MatchId(other))
    assert [(check.code, check.found) for check in found.in_the_way] == [(CheckCode.UNSEEN, (str(other),))]
    assert found.result is None


@given(played(), st.tuples(st.sampled_from(PlayerResult), st.sampled_from(PlayerResult)))
def test_a_winner_is_stated_or_there_is_none(game: Played, results: tuple[PlayerResult, PlayerResult]) -> None:
    reading = game.reading
    one, other = reading.players
    stated = replace(reading, players=(replace(one, result=results[0]), replace(other, result=results[1])))
    found = judged(replace(game, reading=stated))
    assert found.is_verified
    if sorted(results) == sorted((W, L)):
        assert found.result in {MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON}
    else:
        assert found.result is (MatchResult.DRAW if results == (D, D) else None)


@given(played())
def test_a_race_that_the_catalogue_does_not_know_is_unknown(game: Played) -> None:
    found = judged(replace(game, reading=_with_first(race=None, picked_race=None, race_text="Ξενος")(game.reading)))
    assert statuses(found)[CheckCode.RACES] is CheckStatus.UNKNOWN
    assert [check.code for check in found.in_the_way] == [CheckCode.RACES]
    assert "Ξενος" in found.in_the_way[0].found


@given(played())
def test_an_unknown_version_of_the_mod_is_unknown_and_in_nobody_s_way(game: Played) -> None:
    for known in (frozenset[frozenset[str]](), frozenset({frozenset(game.reading.mod_handles) | {"more"}})):
        found = judged(replace(game, expected=replace(game.expected, mod_handle_sets=known)), POLICY)
        assert statuses(found)[CheckCode.MOD] is CheckStatus.UNKNOWN
        assert found.is_verified


@given(played())
def test_a_map_in_the_client_s_language_is_known_by_its_handle(game: Played) -> None:
    renamed = replace(game.reading, map_name="데스밸리")
    assert not judged(replace(game, reading=renamed)).is_verified
    known = replace(game.expected, map_handles=frozenset({game.reading.map_handle}))
    assert judged(Played(reading=renamed, expected=known)).is_verified
    free = replace(game.expected, map_names=frozenset())
    assert statuses(judged(Played(reading=renamed, expected=free)))[CheckCode.MAP] is CheckStatus.UNKNOWN


@given(played(), st.integers(-300, 300))
def test_clocks_may_be_wrong_by_the_tolerance(game: Played, seconds: int) -> None:
    reading = game.reading
    exact = replace(game.expected, window_start_us=reading.started_at_us, window_end_us=reading.ended_at_us)
    moved = replace(reading, ended_at_us=reading.ended_at_us + seconds * MICROSECONDS_PER_SECOND)
    found = judged(Played(reading=moved, expected=exact), POLICY)
    assert found.is_verified == (abs(seconds) <= POLICY.clock_tolerance_seconds)


def side(*texts: str, account: str | None = None) -> ExpectedSide:
    bound = frozenset() if account is None else frozenset({account})
    return ExpectedSide(names=frozenset(texts), handles=bound, race="bw_zerg")


def player(name: str, account: str | None) -> ReplayPlayer:
    return ReplayPlayer(
        name=name,
        handle=account,
        race_text="BW Zerg",
        race="bw_zerg",
        picked_race=None,
        result=U,
        is_computer=False,
        team=0,
    )


@pytest.mark.parametrize(
    ("sides", "players", "status"),
    [
        ((side("A"), side("B")), (player("B", None), player("a", None)), CheckStatus.OK),
        ((side("A#1234"), side("B")), (player("A", "1"), player("B", "2")), CheckStatus.OK),
        ((side("A", account="1"), side("B")), (player("Renamed", "1"), player("B", None)), CheckStatus.OK),
        ((side("A", account="1"), side("B")), (player("A", "9"), player("B", None)), CheckStatus.OK),
        ((side("A", account="1"), side("A", account="2")), (player("A", "2"), player("A", "1")), CheckStatus.OK),
        ((side("A"), side("A")), (player("A", "2"), player("A", "1")), CheckStatus.UNKNOWN),
        ((side(), side("B")), (player("A", None), player("B", None)), CheckStatus.UNKNOWN),
        ((side("A", account="1"), side("B")), (player("B", "1"), player("A", None)), CheckStatus.FAILED),
        ((side("A"), side("B")), (player("A", None), player("A", None)), CheckStatus.FAILED),
        ((side("A"), side("B")), (player("A", None),), CheckStatus.FAILED),
        ((side("A"), side("B")), (player("A", None), player("B", None), player("C", None)), CheckStatus.FAILED),
        ((side("A"), side("B")), (player("", None), player("", None)), CheckStatus.FAILED),
    ],
)
@FEW
@given(game=played())
def test_who_is_who(
    game: Played,
    sides: tuple[ExpectedSide, ExpectedSide],
    players: tuple[ReplayPlayer, ...],
    status: CheckStatus,
) -> None:
    changed = Played(
        expected=replace(game.expected, sides=sides),
        reading=replace(game.reading, players=players),
    )
    found = judged(changed, POLICY)
    assert statuses(found)[CheckCode.PLAYERS] is status
    assert found.is_verified == (status is CheckStatus.OK)
    assert (found.players is not None) == (status is CheckStatus.OK)
    assert found.result is None


# Sentences


@pytest.mark.parametrize("code", CheckCode)
@pytest.mark.parametrize("status", CheckStatus)
def test_every_outcome_has_a_sentence_with_known_parameters(code: CheckCode, status: CheckStatus) -> None:
    template = CHECK_SENTENCES[code][status]
    named = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
    assert named <= {"expected", "found"}
    assert template.endswith(".")


@given(played(), st.text("{}<>%\\@", min_size=1, max_size=10))
def test_a_sentence_takes_whatever_a_player_wrote_as_text(game: Played, hostile: str) -> None:
    found = judged(replace(game, reading=replace(game.reading, observers=(hostile,))))
    (check,) = (check for check in found.checks if check.code is CheckCode.OBSERVERS)
    assert check_sentence(check) == f"Others were in the game to watch: {hostile}."
    assert check_sentence(check, shown=lambda _: "·") == "Others were in the game to watch: ·."
    translated = {code: dict.fromkeys(CheckStatus, "관전자: {found}") for code in CheckCode}
    assert check_sentence(check, sentences=translated) == f"관전자: {hostile}"
