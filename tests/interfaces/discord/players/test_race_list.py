"""Several races in one text: what is understood, and what is offered while somebody types."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.interfaces.discord.ladder import CATALOG
from toprung.application.matches.challenge_service import ChallengeRefused
from toprung.domain.game.catalog import MAX_RACES, Catalog, Race
from toprung.interfaces.discord.messages.layouts import OPTION_CHARACTERS_MAX, OPTIONS_MAX
from toprung.interfaces.discord.players.race_list import completions, races_of

LONG = Catalog(
    code="long",
    name="Long",
    races=tuple(
        Race(code=f"race_{i}".ljust(32, "x"), name=f"Race {i} ".ljust(64, "y"), short=f"{i:02}")
        for i in range(MAX_RACES)
    ),
)
COMMAS = Catalog(code="commas", name="Commas", races=(Race(code="one", name="Orc, green", short="O"), *CATALOG.races))
catalogs = st.sampled_from([CATALOG, LONG, COMMAS])
written = st.sampled_from([text for race in CATALOG.races for text in (race.code, race.name.upper(), *race.aliases)])


@given(st.lists(written, max_size=8), st.sampled_from([",", " , ", "\uff0c", "\u3001", "\uff1b", ";", ",,"]))
def test_races_are_understood_by_any_of_their_names_in_order_and_once(names: list[str], between: str) -> None:
    wanted = [race.code for name in names if (race := CATALOG.race_by_alias(name)) is not None]
    assert races_of(CATALOG, between.join(names)) == tuple(dict.fromkeys(wanted))


@given(catalogs, st.text(max_size=60))
def test_any_other_text_is_refused_with_what_there_is_and_never_taken_for_less(catalog: Catalog, text: str) -> None:
    parts = [part.strip() for part in re.split("[,;\uff0c\uff1b\u3001]", text)]
    if all(not part or catalog.race_by_alias(part) for part in parts):
        assert set(races_of(catalog, text)) <= set(catalog.race_codes)
        return
    with pytest.raises(ChallengeRefused) as refused:
        races_of(catalog, text)
    assert refused.value.reason == "no_race"
    assert all(race.name in str(refused.value) for race in catalog.races)


@given(catalogs, st.text(max_size=40) | st.lists(written, max_size=6).map(",".join))
def test_what_is_offered_fits_into_discord_and_is_understood(catalog: Catalog, typed: str) -> None:
    offered = completions(catalog, typed)
    assert len(offered) <= OPTIONS_MAX
    assert len({choice.value for choice in offered}) == len(offered)
    for choice in offered:
        assert 1 <= len(choice.name) <= OPTION_CHARACTERS_MAX
        assert 1 <= len(choice.value) <= OPTION_CHARACTERS_MAX
        codes = races_of(catalog, choice.value)
        assert ", ".join(codes) == choice.value


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("", [race.name for race in CATALOG.races]),
        ("bw", ["BW Terran", "BW Zerg", "BW Protoss"]),
        ("SC1异虫", ["BW Zerg (SC1异虫)"]),
        ("bw_terran, BW Z", ["BW Terran, BW Zerg"]),
        ("murloc", []),
        ("murloc, bw", []),
        ("bw zerg, bw zerg", ["BW Zerg"]),
    ],
)
def test_the_last_part_is_completed(typed: str, names: list[str]) -> None:
    assert [choice.name for choice in completions(CATALOG, typed)][: len(names) or None] == names


def test_a_list_can_stay_as_it_is_or_go_on() -> None:
    names = [choice.name for choice in completions(CATALOG, "BW Zerg, ")]
    assert names[:2] == ["BW Zerg", "BW Zerg, BW Terran"]
    assert len(names) == len(CATALOG.races)
    names = [choice.name for choice in completions(CATALOG, "zerg")]
    assert names[:2] == ["SC2 Zerg", "BW Zerg"]
    assert "SC2 Zerg, BW Terran" in names
    assert "SC2 Zerg, SC2 Zerg" not in names


def test_a_list_that_is_too_long_for_a_choice_is_not_offered() -> None:
    three = ", ".join(LONG.race_codes[:3])
    assert len(three) == OPTION_CHARACTERS_MAX
    assert [choice.value for choice in completions(LONG, f"{three}, ")] == [three]
    assert len(races_of(LONG, f"{three}, {LONG.race_codes[3]}")) == 4  # it can be written all the same


def test_a_race_whose_name_holds_a_comma_can_be_chosen() -> None:
    assert races_of(COMMAS, "Orc, green") == ("one",)
