"""Why a rating changed: sentences that say what the numbers say."""

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.domain.matches.match import MatchId, MatchResult
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.engines.rating_engine import EloEngine, Glicko2Engine, RatingEngine
from toprung.domain.ratings.explanation import explain, reasons_of
from toprung.domain.ratings.glicko2 import Glicko2, SkillEstimate
from toprung.domain.ratings.rating import Elo, Entry, EntryId, EntryState, RatingChange, RatingChangeKind
from toprung.domain.ratings.rating_log import Verdict, rate

ELO: Final = EloEngine(Elo())
GLICKO2: Final = Glicko2Engine(Glicko2())
ENGINES: Final[tuple[RatingEngine, ...]] = (ELO, GLICKO2)
WON, LOST, DRAW = MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON, MatchResult.DRAW
UNSURE: Final = "; the less sure it is, the more one game moves it."

each_engine = pytest.mark.parametrize("engine", ENGINES, ids=[engine.code for engine in ENGINES])
mmrs = st.integers(500, 3_000)


def entry(number: int, mmr: int, deviation: float | None = None) -> Entry:
    skill = None if deviation is None else SkillEstimate(float(mmr), deviation, 0.06)
    return Entry(id=EntryId(number), player_id=PlayerId(number), race="zerg", state=EntryState(mmr=mmr, skill=skill))


def changes(
    engine: RatingEngine, first: Entry, second: Entry, result: MatchResult | None
) -> tuple[RatingChange, RatingChange]:
    """What the journal has of a match between these two."""
    one, other = (
        RatingChange(
            entry_id=rating.after.id,
            kind=RatingChangeKind.MATCH,
            before=rating.before.state,
            after=rating.after.state,
            at_us=1,
            match_id=MatchId(1),
            expected_score=rating.expected_score,
            deviation_before=rating.deviation_before,
        )
        for rating in rate(engine, first, second, Verdict(result=result, ended_at_us=1))
    )
    return one, other


def said(player: str, opponent: str, change: RatingChange) -> list[str]:
    return explain(player, opponent, change, reasons_of(change))


def told(engine: RatingEngine, mmr: int, opponent: int, result: MatchResult | None) -> list[str]:
    return said("Ann", "Bob", changes(engine, entry(1, mmr), entry(2, opponent), result)[0])


@each_engine
@given(mmr=mmrs, opponent=mmrs, result=st.sampled_from(MatchResult))
def test_both_sides_are_told_what_they_did_and_the_numbers_of_their_rows(
    engine: RatingEngine, mmr: int, opponent: int, result: MatchResult
) -> None:
    words = {WON: ("won", "lost"), LOST: ("lost", "won"), DRAW: ("drew", "drew")}[result]
    pair = changes(engine, entry(1, mmr), entry(2, opponent), result)
    for word, change, names in zip(words, pair, (("Ann", "Bob"), ("Bob", "Ann")), strict=True):
        sentences = said(*names, change)
        before, after = change.mmr_before, change.mmr_after
        assert before is not None
        moved = f"{after - before:+d}"
        assert sentences[0] == f"{names[0]} {word} against {names[1]} and went from {before} to {after} ({moved})."
        share = {"won": "100%", "lost": "0%", "drew": "50%"}[word]
        assert sentences[1].startswith(f"Expected to score {change.expected_score:.0%} and scored {share}: ")
        assert len(sentences) == (2 if engine is ELO else 3)
        assert all(sentence.endswith(".") for sentence in sentences)


@given(mmr=mmrs, opponent=mmrs, result=st.sampled_from(MatchResult))
def test_who_moves_by_something_that_counts_is_told_the_direction(mmr: int, opponent: int, result: MatchResult) -> None:
    change = changes(ELO, entry(1, mmr), entry(2, opponent), result)[0]
    moved = change.mmr_after - mmr
    sentence = said("Ann", "Bob", change)[1]
    if abs(moved) > 4:
        assert sentence.endswith("so the rating goes up." if moved > 0 else "so the rating goes down.")
    if abs(moved) < 4:
        assert sentence.endswith("as expected, so little changes.")


@pytest.mark.parametrize(
    ("mmr", "opponent", "result", "sentences"),
    [
        (
            1500,
            1500,
            WON,
            [
                "Ann won against Bob and went from 1500 to 1520 (+20).",
                "Expected to score 50% and scored 100%: more than expected, so the rating goes up.",
            ],
        ),
        (
            1900,
            1500,
            LOST,
            [
                "Ann lost against Bob and went from 1900 to 1865 (-35).",
                "Expected to score 86% and scored 0%: an upset, so the rating goes down.",
            ],
        ),
        (
            1600,
            1400,
            DRAW,
            [
                "Ann drew against Bob and went from 1600 to 1591 (-9).",
                "Expected to score 72% and scored 50%: less than expected, so the rating goes down.",
            ],
        ),
        (
            1500,
            1500,
            DRAW,
            [
                "Ann drew against Bob and went from 1500 to 1500 (+0).",
                "Expected to score 50% and scored 50%: as expected, so little changes.",
            ],
        ),
    ],
)
def test_an_elo_change_in_two_sentences(mmr: int, opponent: int, result: MatchResult, sentences: list[str]) -> None:
    assert told(ELO, mmr, opponent, result) == sentences


def test_an_unsure_glicko2_rating_is_told_why_it_moved_so_far() -> None:
    pair = changes(GLICKO2, entry(1, 1500), entry(2, 1500), WON)
    skill = pair[0].after.skill
    assert skill is not None
    last = f"The rating was sure to ± 350, and is now to ± {skill.deviation:.0f}{UNSURE}"
    assert said("Ann", "Bob", pair[0])[2:] == [last]


@pytest.mark.parametrize(("deviation", "is_unsure"), [(60.0, False), (160.0, False), (160.1, True), (350.0, True)])
def test_only_a_provisional_rating_is_told_that_little_is_known(deviation: float, is_unsure: bool) -> None:
    change = changes(GLICKO2, entry(1, 1500, deviation), entry(2, 1500, 60.0), WON)[0]
    last = said("Ann", "Bob", change)[-1]
    assert last.startswith(f"The rating was sure to ± {deviation:.0f}, and is now to ± ")
    assert last.endswith(UNSURE) == is_unsure


@each_engine
def test_a_void_match_is_told_in_one_sentence(engine: RatingEngine) -> None:
    assert told(engine, 1600, 1500, None) == ["Ann stays at 1600: the match is void and counts for nothing."]


@each_engine
@given(mmr=mmrs, opponent=mmrs, result=st.sampled_from(MatchResult), revision=st.integers(2, 9))
def test_a_revised_change_says_so_at_the_end(
    engine: RatingEngine, mmr: int, opponent: int, result: MatchResult, revision: int
) -> None:
    change = changes(engine, entry(1, mmr), entry(2, opponent), result)[0]
    last = f"This is revision {revision}: a correction changed this match, or one before it."
    assert said("Ann", "Bob", replace(change, revision=revision)) == [*said("Ann", "Bob", change), last]
