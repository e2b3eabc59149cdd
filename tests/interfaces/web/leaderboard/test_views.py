"""The small things that pages are made of."""

import pytest

from tests.interfaces.web.ladder import HOUR_US, NOW_US
from toprung.adapters.catalog_files import find_game, load_catalog
from toprung.domain.leaderboard.filters import Filters
from toprung.interfaces.texts.texts import load_texts
from toprung.interfaces.texts.wording import Wording
from toprung.interfaces.web.leaderboard.filters import BoardState
from toprung.interfaces.web.leaderboard.views import RaceMarks, page_links
from toprung.interfaces.web.site.assets import Assets
from toprung.interfaces.web.site.wording import inactivity_rule

ENGLISH = Wording(load_texts(), "en", "site")


@pytest.mark.parametrize(
    ("current", "total", "shown"),
    [
        (1, 1, "1"),
        (1, 3, "1 2 3"),
        (1, 9, "1 2 3 - 9"),
        (3, 9, "1 2 3 4 - 9"),
        (5, 9, "1 - 4 5 6 - 9"),
        (7, 9, "1 - 6 7 8 9"),
        (9, 9, "1 - 7 8 9"),
        (4, 6, "1 2 3 4 5 6"),
        (500, 1000, "1 - 499 500 501 - 1000"),
    ],
)
def test_a_pager_shows_both_ends_and_what_is_near(current: int, total: int, shown: str) -> None:
    links = page_links(BoardState(filters=Filters(rank="A")), current, total)
    assert " ".join("-" if link.number is None else str(link.number) for link in links) == shown
    assert [link.number for link in links if link.is_current] == [current]
    assert all(link.url.startswith("/leaderboard?rank=A") for link in links if link.number is not None)


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (-1, "just now"),
        (0.016, "just now"),
        (0.5, "30 min ago"),
        (23.9, "23 h ago"),
        (24, "1 d ago"),
        (60 * 24, "60 d ago"),
        (61 * 24, "12 Jan 2026"),
    ],
)
def test_how_long_ago(hours: float, said: str) -> None:
    assert ENGLISH.ago(NOW_US - round(hours * HOUR_US), NOW_US) == said


@pytest.mark.parametrize(("days", "said"), [(14, "14 days"), (1, "1 day"), (0.5, "0.5 days")])
def test_the_inactivity_rule_in_words(days: float, said: str) -> None:
    assert inactivity_rule(ENGLISH, days) == f"Only players with a game in the last {said} are ranked."


def test_marks_tell_families_by_colour_and_styles_by_shape() -> None:
    marks = RaceMarks(load_catalog(find_game("sc_evo")))
    assert marks["bw_zerg"].hue == marks["sc2_zerg"].hue != marks["bw_terran"].hue
    assert [marks[code].is_second_style for code in ("bw_zerg", "sc2_zerg")] == [False, True]


def test_unknown_countries_have_a_plain_flag() -> None:
    assets = Assets()
    plain = assets.flag_url(None)
    assert plain == assets.flag_url("XX") == assets.flag_url("ZZ") == assets.flag_url("../../app")
    assert assets.flag_url("XK") != plain
