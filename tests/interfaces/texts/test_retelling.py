"""Sentences that come in English from elsewhere are known again by their form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.domain.errors import filled, placeholders
from toprung.domain.matches.match import MatchState
from toprung.domain.ratings.explanation import state_words
from toprung.domain.replays.replay import UnreadableReplay
from toprung.domain.replays.replay_checks import CHECK_SENTENCES
from toprung.domain.replays.replay_upload import GIVEN_UP, QUARANTINED, READ
from toprung.interfaces.texts.retelling import SAID, Retelling
from toprung.interfaces.texts.texts import load_texts

TEXTS = load_texts()
GROUPS = ("cli.stands.", "cli.difference.", "cli.state.", "cli.verdict.", "problem.", "why.")
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), min_size=1).filter(
    lambda text: ". " not in f"{text} " and text == text.strip()
)
NAMES = st.sampled_from(["Maru", "마루", "a b", "[red]", "{name}", "4711", "void", "x:y", "-1"])


def korean(sentence: str, *groups: str) -> str:
    return Retelling(TEXTS, *groups).retold(sentence, "ko")


@pytest.mark.parametrize("group", GROUPS)
@given(data=st.data())
def test_whatever_is_filled_in_a_form_is_known_again_and_no_english_is_left(group: str, data: st.DataObject) -> None:
    code, forms = data.draw(st.sampled_from(list(TEXTS.messages(group))))
    form = forms[-1]
    values = {name: data.draw(NAMES) for name in placeholders(form)}
    retold = korean(filled(form, values), group)
    assert retold != filled(form, values)
    assert any("가" <= char <= "힣" for char in retold), (code, retold)


@given(VALUES, VALUES)
def test_what_players_wrote_comes_back_letter_by_letter(one: str, other: str) -> None:
    sentence = f"{one} against {other}: both have to confirm."
    retold = korean(sentence, "cli.stands.")
    assert retold in {f"{one} 대 {other}: 두 선수가 확인해야 합니다.", sentence} or " against " in one + other


def test_a_name_that_is_a_word_of_the_catalogue_stays_a_name() -> None:
    assert korean("over against a draw: void won.", "cli.stands.") == "over 대 a draw: void 승리."


def test_several_sentences_are_known_one_by_one() -> None:
    told = "The replay fits match 7 and is kept. Match 7 is over and its result stands; an organiser can correct it."
    retold = korean(told, "cli.verdict.", "error.")
    assert retold.startswith("리플레이가 경기 7와(과) 일치하며 보관됩니다. 경기 7")


def test_what_is_not_known_and_all_that_is_for_english_readers_stays() -> None:
    assert korean("Nobody ever said this. Nor that.", *GROUPS) == "Nobody ever said this. Nor that."
    assert Retelling(TEXTS, *GROUPS).retold("Ann against Bob: over.", "en") == "Ann against Bob: over."


def test_every_sentence_of_the_domain_is_known() -> None:
    checks = ("cli.check.", "replay.check.")
    sentences: list[tuple[str, tuple[str, ...]]]
    sentences = [(sentence, checks) for told in CHECK_SENTENCES.values() for sentence in told.values()]
    sentences += [(one.sentence, ("cli.verdict.",)) for one in (READ, GIVEN_UP, QUARANTINED)]
    sentences += [(kind.sentence, ("cli.inspect.", "error.")) for kind in UnreadableReplay.__subclasses__()]
    sentences += [(state_words(state), ("cli.state.",)) for state in MatchState]
    filled_in = [
        (filled(text, {name: f"<{name}>" for name in placeholders(text) if name != SAID}), groups)
        for text, groups in sentences
    ]
    assert len(filled_in) > 40
    assert not [sentence for sentence, groups in filled_in if korean(sentence, *groups) == sentence]
