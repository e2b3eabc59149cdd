"""No name that a player can have, and no name that slipped through, breaks a message; every row is always there."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.interfaces.discord.ladder import CATALOG, TEXTS
from toprung.domain.errors import InvalidInput
from toprung.domain.leaderboard.leaderboard import LeaderboardRow
from toprung.domain.players.countries import flag_emoji
from toprung.domain.players.names import clean_name
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.rating import MMR_MAX, MMR_MIN, EntryId
from toprung.interfaces.discord.leaderboard.leaderboard_text import ROWS_CHARACTERS_MAX, board_rows, page_choices
from toprung.interfaces.discord.messages.context import Reader
from toprung.interfaces.discord.messages.layouts import OPTIONS_MAX
from toprung.interfaces.discord.messages.markdown import cells, clipped, escaped, fitted, in_code, length

ROW = LeaderboardRow(
    1, 1, "S", 100.0, EntryId(1), PlayerId(1), "x", "KR", CATALOG.race_codes[0], 1500, 1, 1, 0, 0, 1, None, True
)  # fmt: skip
MENTION = re.compile(r"(?<!\\)(@(everyone|here)|<[@#:a/t])")
LINK = re.compile(r"(?<!\\)https?://")

texts = st.text(st.characters(codec="utf-8"), max_size=60)
hostile = st.sampled_from(
    [
        *(
            "@everyone",
            "<@123>",
            "<#1>",
            "<:a:1>",
            "<t:0:R>",
            "https://x.yz",
            "**b**",
            "`",
            "``",
            "||s||",
            "# h",
            "> q",
        ),
        *(
            "- l",
            "1. l",
            "\\",
            "\\@here",
            "[a](b)",
            "~~s~~",
            "__u__",
            "-# s",
            "</help:1>",
            "مرحبا",
            "龙",
            "\N{GRINNING FACE}",
        ),
    ]
)


@st.composite
def names(draw: st.DrawFn) -> str:
    """Names that the ladder lets in, as nasty as they get."""
    raw = "".join(draw(st.lists(hostile | st.text(max_size=6), min_size=1, max_size=8))) + "x"
    try:
        return clean_name(raw[:24])
    except InvalidInput:
        return "x" + "\\" * 23


def unescaped(text: str) -> str:
    """What Discord shows of escaped text."""
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text)


@given(text=texts | names())
@example(text="\\@everyone")
def test_escaped_text_shows_itself_and_means_nothing(text: str) -> None:
    shown = escaped(text)
    assert not MENTION.search(shown.replace("\\\\", ""))
    assert not LINK.search(shown)
    bare = unescaped(shown).strip("\N{FIRST STRONG ISOLATE}\N{POP DIRECTIONAL ISOLATE}")
    assert bare == "".join(char if char.isprintable() else " " for char in text).strip(
        "\N{FIRST STRONG ISOLATE}\N{POP DIRECTIONAL ISOLATE}"
    )
    assert not re.search(r"(?<!\\)[*_~`|<>\[\]#@]", shown.replace("\\\\", ""))


@given(text=texts, width=st.integers(2, 30))
def test_code_spans_hold_what_they_are_given_in_exactly_their_width(text: str, width: int) -> None:
    text = "".join(char for char in text if unicodedata.category(char)[0] != "C")
    shown = in_code(text, width)
    assert "`" not in shown
    assert "\n" not in shown
    if unicodedata.is_normalized("NFC", text) and cells(text) and "\N{FIRST STRONG ISOLATE}" not in shown:
        assert cells(fitted(text.replace("`", "'"), width)) == width


@given(text=texts, limit=st.integers(0, 40))
def test_clipped_text_keeps_to_its_limit_and_ends_on_no_backslash(text: str, limit: int) -> None:
    kept = clipped(text, limit)
    assert length(kept) <= limit
    assert kept == text or not kept.endswith("\\…")


@given(
    shown=st.lists(names(), min_size=1, max_size=40),
    rank=st.integers(1, 10**7),
    mmr=st.sampled_from((MMR_MIN, MMR_MAX, 0, 1500)),
    everybody_found=st.booleans(),
)
@example(shown=["\\" * 23 + "x"] * 40, rank=10**7, mmr=MMR_MIN, everybody_found=True)
@example(shown=["\N{GRINNING FACE}" * 23 + "x"] * 40, rank=10**7, mmr=MMR_MIN, everybody_found=True)
def test_every_row_is_there_whatever_the_names(shown: list[str], rank: int, mmr: int, *, everybody_found: bool) -> None:
    rows = [replace_row(name, rank + place, mmr) for place, name in enumerate(shown)]
    text = board_rows(rows, CATALOG, found={PlayerId(1)} if everybody_found else ())
    lines = text.split("\n")
    assert len(lines) == len(rows)
    assert length(text) <= ROWS_CHARACTERS_MAX
    for line, row in zip(lines, rows, strict=True):
        assert line.startswith(f"`{row.global_rank:>{len(str(rows[-1].global_rank))}}` ")
        assert f" {row.mmr}` {flag_emoji('KR')} " in line
        assert line.count("`") - line.count("\\`") == 4
    assert len({line.index(flag_emoji("KR")) for line in lines}) == 1


def replace_row(name: str, rank: int, mmr: int) -> LeaderboardRow:
    return ROW._replace(player_name=name, global_rank=rank, mmr=mmr)


@pytest.mark.parametrize("total", [1, 2, 24, 25, 26, 51, 1_000, 25_000])
@given(data=st.data())
def test_the_pages_offered_lead_everywhere(total: int, data: st.DataObject) -> None:
    current, wanted = data.draw(st.integers(1, total)), data.draw(st.integers(1, total))
    for _ in range(20 if total > OPTIONS_MAX else 1):
        offered = page_choices(current, total)
        assert len(offered) == min(total, OPTIONS_MAX)
        assert offered == sorted(set(offered))
        assert {current, 1, total, min(current + 1, total), max(current - 1, 1)} <= set(offered)
        current = min(offered, key=lambda page: abs(page - wanted))
    assert current == wanted


@given(name=names())
def test_a_sentence_escapes_what_it_is_given_and_a_label_does_not(name: str) -> None:
    reader = Reader(discord_id=1, player_id=None, language="en", locale="en", texts=TEXTS)
    assert reader.say("leaderboard.not_found", name=name) == f"Nobody has a name like “{escaped(name)}”."
    assert name in reader.plain("leaderboard.not_found", name=name)
