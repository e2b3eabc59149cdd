"""What is refused is said in every language: each place that makes an error is held against the catalogues."""

import re

import pytest

from tests.interfaces.texts.error_sites import ErrorSite, error_sites
from toprung.adapters.storage.hold.failures import storage_failure
from toprung.domain.errors import Conflict, InvalidInput, NotFound, StorageUnavailable, placeholders
from toprung.domain.matches.match import MatchId
from toprung.domain.matches.match_life import StepRefused
from toprung.interfaces.texts.texts import CATALOGUES_FOLDER, Texts, load_texts, read_catalogue

FRONTS = ("discord", "cli")
# What only a program or its log reads: the replay pool and its child speak by codes.
UNSEEN = frozenset({"unreadable_replay"})
ENGLISH = read_catalogue(CATALOGUES_FOLDER / "en.po")
COMMAND = re.compile(r"`toprung |(?<![\w-])--[a-z]|(?<![\w<{./])/(?:setup|matches|replay|profile|admin|challenge)\b")


@pytest.fixture(scope="module")
def texts() -> Texts:
    return load_texts()


@pytest.fixture(scope="module")
def sites() -> list[ErrorSite]:
    return error_sites()


def is_written_down(site: ErrorSite) -> bool:
    return site.reason is not None and site.sentence is not None and " " in site.sentence


def key(site: ErrorSite) -> str:
    return f"error.{site.code}" + (f".{site.reason}" if site.reason else "")


def test_every_error_that_the_source_makes_is_in_the_catalogues_in_its_own_words(sites: list[ErrorSite]) -> None:
    written = [site for site in sites if is_written_down(site)]
    assert len(written) > 200
    assert not [site for site in written if site.sentence not in ENGLISH.forms.get(key(site), ())]


def test_an_error_whose_reason_is_known_only_later_is_there_for_some_reason(sites: list[ErrorSite]) -> None:
    codes = {found[1] for code in ENGLISH.forms if (found := re.fullmatch(r"error\.([a-z_]+)(?:\..+)?", code))}
    assert not {site.code for site in sites} - codes - UNSEEN


def test_no_sentence_below_the_front_ends_names_a_command(sites: list[ErrorSite]) -> None:
    naming = [
        site
        for site in sites
        if site.sentence and not site.place.startswith("interfaces/") and COMMAND.search(site.sentence)
    ]
    assert not naming


def test_what_a_front_end_says_in_its_own_way_is_there_for_all(texts: Texts) -> None:
    own = [code for code in ENGLISH.forms if code.startswith(tuple(f"{front}.error." for front in FRONTS))]
    codes = {site.code for site in error_sites()}
    assert own
    assert not [code for code in own if code.split(".")[2] not in codes]


def test_the_front_ends_own_sentence_goes_first(texts: Texts) -> None:
    error = NotFound("There is no match {number}.", "match", number="7")
    assert texts.error(error, "en") == str(error) == "There is no match 7."
    assert texts.error(error, "en", "cli") == "There is no match 7; `toprung match list` shows the latest ones."
    assert texts.error(error, "ko", "cli") == "경기 7은(는) 없습니다. `toprung match list`가 최근 경기를 보여 줍니다."
    assert texts.error(error, "ko", "site") == "경기 7은(는) 없습니다."


def test_what_is_missing_is_said_in_its_own_words(texts: Texts) -> None:
    """An error that another process told has its sentence, in whatever language, and not its parameters."""
    for error in (
        Conflict("{name} is {what}", "busy"),
        StepRefused("말이 {됩니다}", "begun"),
        NotFound("{x}", "nothing"),
    ):
        assert texts.error(error, "ko", "cli") == str(error)


@pytest.mark.parametrize("name", ["{name}", "{}", "{0}", "%s", "<b>", "{race", "‮{number}"])
def test_what_somebody_typed_is_no_placeholder(texts: Texts, name: str) -> None:
    error = InvalidInput("race", "{field}: no {race} here.", "unheard_of", race=name)
    assert str(error) == f"race: no {name} here."
    error = InvalidInput("race", "There is no race {race}; {races}.", "race", race=name, races="a, b")
    assert name in texts.error(error, "ko")
    assert name in texts.error(error, "en")


def test_an_error_carries_what_its_sentence_says() -> None:
    refused = StepRefused("Match {number} has begun.", "begun", MatchId(1_234))
    assert (str(refused), refused.reason, dict(refused.parameters)) == (
        "Match 1234 has begun.",
        "begun",
        {"number": "1234"},
    )
    with pytest.raises(KeyError):
        StorageUnavailable("There is {nothing} here.", "x", number=1)


def test_a_drivers_error_has_a_sentence_in_every_language(texts: Texts) -> None:
    for told in ("database or disk is full", "attempt to write a readonly database", "gibberish {problem}"):
        error = storage_failure(OSError(told))
        assert texts.error(error, "en") == str(error)
        assert texts.error(error, "ko") != str(error)


def test_the_sentences_of_errors_have_the_parameters_that_the_source_gives(sites: list[ErrorSite]) -> None:
    for site in sites:
        if is_written_down(site):
            (form, *_) = ENGLISH.forms[key(site)]
            assert set(placeholders(site.sentence or "")) == set(placeholders(form)), site
