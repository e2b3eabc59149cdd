"""Whether a replay is of a match: checks that say what was expected and what was found, and what follows of them."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from toprung.domain.matches.match import MatchId, MatchResult
from toprung.domain.moment import MICROSECONDS_PER_SECOND, to_iso
from toprung.domain.replays.replay import PlayerResult, ReplayPlayer, ReplayReading


class CheckCode(StrEnum):
    """What is compared."""

    PLAYERS = "players"
    RACES = "races"
    MAP = "map"
    MOD = "mod"
    TIME_WINDOW = "time_window"
    OBSERVERS = "observers"
    SPEED = "speed"
    PRIVACY = "privacy"
    COMPUTERS = "computers"
    UNSEEN = "unseen"


class CheckStatus(StrEnum):
    """How a check came out. Unknown means that what is known does not suffice to say."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One comparison. What was expected and found are texts; those from the replay are a player's to choose."""

    code: CheckCode
    status: CheckStatus
    expected: tuple[str, ...] = ()
    found: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedSide:
    """One side of the match: its player's names in the game, the accounts known to be theirs, and the race's code.

    With `is_random` the race is the random pick, and whichever was dealt is right.
    """

    names: frozenset[str]
    handles: frozenset[str]
    race: str
    is_random: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedGame:
    """The game that the match was to be.

    `map_names` are all names of the map, short and full; without names and handles no map was set. `mod_handle_sets`
    are the exact sets of handles of the versions of the mod that organisers approved. The game is to begin and to end
    within the window.
    """

    sides: tuple[ExpectedSide, ExpectedSide]
    map_names: frozenset[str]
    mod_handle_sets: frozenset[frozenset[str]]
    window_start_us: int
    window_end_us: int
    map_handles: frozenset[str] = frozenset()


_DEFAULT_GATES: Final = frozenset(CheckCode) - {CheckCode.OBSERVERS, CheckCode.PRIVACY}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPolicy:
    """Which checks a replay must pass, and what the game's settings are to be.

    A check of `gates` that fails keeps a replay from being verified, one of `gates_if_unknown` also if it cannot be
    decided; all others only inform. Players' clocks may be wrong by `clock_tolerance_seconds`.
    """

    gates: frozenset[CheckCode] = _DEFAULT_GATES
    gates_if_unknown: frozenset[CheckCode] = frozenset({CheckCode.PLAYERS, CheckCode.RACES})
    speeds: frozenset[str] = frozenset({"Faster"})
    privacies: frozenset[str] = frozenset({"Normal"})
    clock_tolerance_seconds: int = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a replay is worth for a match.

    `in_the_way` are the checks that keep it from being verified. `result` is what a verified replay states; None where
    it states no winner, which is not a draw, or where it is not verified. `players` are the replay's players of the
    first and of the second side, where they could be told apart.
    """

    checks: tuple[Check, ...]
    in_the_way: tuple[Check, ...]
    result: MatchResult | None
    players: tuple[ReplayPlayer, ReplayPlayer] | None

    @property
    def is_verified(self) -> bool:
        """Whether the replay is of the match, as far as the checks that matter can say."""
        return not self.in_the_way


def judge(
    reading: ReplayReading,
    expected: ExpectedGame,
    policy: ReplayPolicy,
    *,
    seen_in: MatchId | None,
) -> Judgement:
    """Compares a replay with a match. `seen_in` is another match that the same recording was brought for before."""
    players, players_check = _players(reading, expected)
    checks = (
        players_check,
        _races(reading, players, expected),
        _map(reading, expected),
        _mod(reading, expected),
        _time_window(reading, expected, policy),
        _none_of(CheckCode.OBSERVERS, reading.observers),
        _one_of(CheckCode.SPEED, policy.speeds, reading.speed),
        _one_of(CheckCode.PRIVACY, policy.privacies, reading.privacy),
        _none_of(CheckCode.COMPUTERS, tuple(player.name for player in reading.players if player.is_computer)),
        _none_of(CheckCode.UNSEEN, () if seen_in is None else (str(seen_in),)),
    )
    in_the_way = tuple(
        check
        for check in checks
        if (check.status is CheckStatus.FAILED and check.code in policy.gates)
        or (check.status is CheckStatus.UNKNOWN and check.code in policy.gates & policy.gates_if_unknown)
    )
    result = None if in_the_way or players is None else _stated_result(*players)
    return Judgement(checks=checks, in_the_way=in_the_way, result=result, players=players)


def name_key(name: str) -> str:
    """The text that is equal for one in-game name written differently: case, composition, white space, `#1234`."""
    bare, mark, number = name.rpartition("#")
    kept = bare if bare and mark and number.isdecimal() else name
    return unicodedata.normalize("NFC", " ".join(unicodedata.normalize("NFC", kept).casefold().split()))


def _players(reading: ReplayReading, expected: ExpectedGame) -> tuple[tuple[ReplayPlayer, ReplayPlayer] | None, Check]:
    """The players of the two sides, by account where it is known and else by name, and the check of it."""
    found = [player for player in reading.players if not player.is_computer]
    names = tuple(player.name for player in found)
    wanted = tuple(" / ".join(sorted(side.names)) for side in expected.sides)

    def check(status: CheckStatus) -> Check:
        return Check(code=CheckCode.PLAYERS, status=status, expected=wanted, found=names)

    if len(found) != 2:
        return None, check(CheckStatus.FAILED)
    one, other = found
    first, second = expected.sides
    ways = [(a, b) for a, b in ((one, other), (other, one)) if _is_of(a, first, second) and _is_of(b, second, first)]
    if len(ways) == 1:
        return ways[0], check(CheckStatus.OK)
    is_open = len(ways) == 2 or not all(side.names or side.handles for side in expected.sides)
    return None, check(CheckStatus.UNKNOWN if is_open else CheckStatus.FAILED)


def _is_of(player: ReplayPlayer, side: ExpectedSide, opposite: ExpectedSide) -> bool:
    if player.handle in side.handles:
        return True
    return player.handle not in opposite.handles and name_key(player.name) in map(name_key, side.names)


def _races(reading: ReplayReading, players: tuple[ReplayPlayer, ReplayPlayer] | None, expected: ExpectedGame) -> Check:
    wanted = tuple(side.race for side in expected.sides)
    if players is None:
        played = tuple(player.race or player.race_text for player in reading.players)
        return Check(code=CheckCode.RACES, status=CheckStatus.UNKNOWN, expected=wanted, found=played)
    known = [
        player.picked_race if side.is_random else player.race
        for player, side in zip(players, expected.sides, strict=True)
    ]
    found = tuple(race or player.race_text for race, player in zip(known, players, strict=True))
    if any(race is not None and race != side.race for race, side in zip(known, expected.sides, strict=True)):
        status = CheckStatus.FAILED
    else:
        status = CheckStatus.UNKNOWN if None in known else CheckStatus.OK
    return Check(code=CheckCode.RACES, status=status, expected=wanted, found=found)


def _map(reading: ReplayReading, expected: ExpectedGame) -> Check:
    if not expected.map_names and not expected.map_handles:
        status = CheckStatus.UNKNOWN
    else:
        is_named = name_key(reading.map_name) in map(name_key, expected.map_names)
        is_right = is_named or reading.map_handle in expected.map_handles
        status = CheckStatus.OK if is_right else CheckStatus.FAILED
    wanted = " / ".join(sorted(expected.map_names))
    return Check(code=CheckCode.MAP, status=status, expected=(wanted,) if wanted else (), found=(reading.map_name,))


def _mod(reading: ReplayReading, expected: ExpectedGame) -> Check:
    """Only the exact set of an approved version is right. One with something added is a fake; any other is unknown."""
    found = frozenset(reading.mod_handles)
    if found in expected.mod_handle_sets:
        return Check(code=CheckCode.MOD, status=CheckStatus.OK)
    added = [tuple(sorted(found - known)) for known in expected.mod_handle_sets if known < found]
    if added:
        return Check(code=CheckCode.MOD, status=CheckStatus.FAILED, found=min(added, key=lambda one: (len(one), one)))
    return Check(code=CheckCode.MOD, status=CheckStatus.UNKNOWN, found=tuple(sorted(found)))


def _time_window(reading: ReplayReading, expected: ExpectedGame, policy: ReplayPolicy) -> Check:
    tolerance_us = policy.clock_tolerance_seconds * MICROSECONDS_PER_SECOND
    is_within = (
        expected.window_start_us - tolerance_us <= reading.started_at_us
        and reading.ended_at_us <= expected.window_end_us + tolerance_us
    )
    return Check(
        code=CheckCode.TIME_WINDOW,
        status=CheckStatus.OK if is_within else CheckStatus.FAILED,
        expected=(_span(expected.window_start_us, expected.window_end_us),),
        found=(_span(reading.started_at_us, reading.ended_at_us),),
    )


def _span(start_us: int, end_us: int) -> str:
    start, end = (to_iso(at_us // MICROSECONDS_PER_SECOND * MICROSECONDS_PER_SECOND) for at_us in (start_us, end_us))
    return f"{start} to {end}"


def _one_of(code: CheckCode, allowed: frozenset[str], found: str | None) -> Check:
    wanted = tuple(sorted(allowed))
    if found is None:
        return Check(code=code, status=CheckStatus.UNKNOWN, expected=wanted)
    status = CheckStatus.OK if found in allowed else CheckStatus.FAILED
    return Check(code=code, status=status, expected=wanted, found=(found,))


def _none_of(code: CheckCode, found: tuple[str, ...]) -> Check:
    return Check(code=code, status=CheckStatus.FAILED if found else CheckStatus.OK, found=found)


_RESULTS: Final = {
    (PlayerResult.WIN, PlayerResult.LOSS): MatchResult.SIDE_1_WON,
    (PlayerResult.LOSS, PlayerResult.WIN): MatchResult.SIDE_2_WON,
    (PlayerResult.DRAW, PlayerResult.DRAW): MatchResult.DRAW,
}


def _stated_result(first: ReplayPlayer, second: ReplayPlayer) -> MatchResult | None:
    """The result that the replay states of both players; None where it states less, or what cannot be."""
    return _RESULTS.get((first.result, second.result))


CHECK_SENTENCES: Final[Mapping[CheckCode, Mapping[CheckStatus, str]]] = {
    CheckCode.PLAYERS: {
        CheckStatus.OK: "The players are the match's: {found}.",
        CheckStatus.FAILED: "The match is between {expected}, and the replay's players are {found}.",
        CheckStatus.UNKNOWN: "Who of {found} is who in the match cannot be told; set your in-game name.",
    },
    CheckCode.RACES: {
        CheckStatus.OK: "The races are the match's: {found}.",
        CheckStatus.FAILED: "The match is {expected}, and {found} was played.",
        CheckStatus.UNKNOWN: "The match is {expected}; what was played, {found}, cannot be compared with it.",
    },
    CheckCode.MAP: {
        CheckStatus.OK: "The map is the match's: {found}.",
        CheckStatus.FAILED: "The map was to be {expected}, and {found} was played.",
        CheckStatus.UNKNOWN: "No map was set; {found} was played.",
    },
    CheckCode.MOD: {
        CheckStatus.OK: "The mod is an approved version.",
        CheckStatus.FAILED: "The mod is not the real one: {found} was added to it.",
        CheckStatus.UNKNOWN: "This version of the mod is not known yet; an organiser will look at it.",
    },
    CheckCode.TIME_WINDOW: {
        CheckStatus.OK: "The game was played while the match was on, from {found}.",
        CheckStatus.FAILED: "The match was on from {expected}, and the game was played from {found}.",
        CheckStatus.UNKNOWN: "When the game was played is not known.",
    },
    CheckCode.OBSERVERS: {
        CheckStatus.OK: "Nobody watched.",
        CheckStatus.FAILED: "Others were in the game to watch: {found}.",
        CheckStatus.UNKNOWN: "Whether somebody watched is not known.",
    },
    CheckCode.SPEED: {
        CheckStatus.OK: "The speed is right: {found}.",
        CheckStatus.FAILED: "The speed was to be {expected}, and was {found}.",
        CheckStatus.UNKNOWN: "The speed was to be {expected}, and the replay does not say what it was.",
    },
    CheckCode.PRIVACY: {
        CheckStatus.OK: "The privacy setting is right: {found}.",
        CheckStatus.FAILED: "The privacy setting was to be {expected}, and was {found}.",
        CheckStatus.UNKNOWN: "The privacy setting was to be {expected}, and the replay does not say what it was.",
    },
    CheckCode.COMPUTERS: {
        CheckStatus.OK: "Nobody but people played.",
        CheckStatus.FAILED: "The computer played in the game: {found}.",
        CheckStatus.UNKNOWN: "Whether the computer played is not known.",
    },
    CheckCode.UNSEEN: {
        CheckStatus.OK: "The recording was not used before.",
        CheckStatus.FAILED: "This recording was brought for match {found} before, and counts once.",
        CheckStatus.UNKNOWN: "Whether the recording was used before is not known.",
    },
}
"""A sentence for each outcome, with what was `{expected}` and `{found}`; a translation has the same keys and names."""


def check_sentence(
    check: Check,
    *,
    sentences: Mapping[CheckCode, Mapping[CheckStatus, str]] = CHECK_SENTENCES,
    shown: Callable[[str], str] = str,
) -> str:
    """What a check says to a person. `shown` makes a text harmless for where it is seen: players wrote some of them."""
    expected, found = (", ".join(map(shown, texts)) or "–" for texts in (check.expected, check.found))
    return sentences[check.code][check.status].format(expected=expected, found=found)
