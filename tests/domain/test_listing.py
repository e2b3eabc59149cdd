"""Cursors: what names the end of a page, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.domain.errors import InvalidInput
from toprung.domain.listing import ListName, cursor_of, key_of, page_of

names = st.sampled_from(ListName)
keys = st.integers(1, 2**63 - 1)


@given(name=names, key=keys)
def test_a_cursor_gives_back_its_key_in_its_own_list_alone(name: ListName, key: int) -> None:
    cursor = cursor_of(name, key)
    assert key_of(name, cursor) == key
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&? ")  # it goes into an address as it is
    for other in set(ListName) - {name}:
        with pytest.raises(InvalidInput, match="no cursor of this list"):
            key_of(other, cursor)


@pytest.mark.parametrize(
    "cursor",
    [
        *("", " ", "m", "1", "m1", "=", "====", "bTE=", "bTE ", " bTE", "bTE\n", "BTE", "bTF", "달빛", "\ud800", "\0"),
        cursor_of(ListName.MATCHES, 5).upper(),
        cursor_of(ListName.MATCHES, 7) * 50,
        cursor_of(ListName.MATCHES, 2**63),
        cursor_of(ListName.MATCHES, 0),
        cursor_of(ListName.MATCHES, -1),
        *("bTA1", "bSs1", "bSA1", "bTFfMA", "bdmh"),  # m05, m+5, m 5, m1_0, m and another alphabet's digit
    ],
)
def test_what_nobody_was_given_is_no_cursor(cursor: str) -> None:
    with pytest.raises(InvalidInput, match="no cursor of this list"):
        key_of(ListName.MATCHES, cursor)


@given(name=names, text=st.text(max_size=60))
def test_whatever_is_given_is_a_key_or_refused(name: ListName, text: str) -> None:
    try:
        key = key_of(name, text)
    except InvalidInput:
        return
    assert key is not None
    assert cursor_of(name, key) == text


def test_no_cursor_is_the_beginning() -> None:
    assert key_of(ListName.JOBS, None) is None


@given(
    keys=st.lists(keys, unique=True, max_size=30).map(lambda found: sorted(found, reverse=True)),
    limit=st.integers(1, 8),
)
def test_pages_in_a_row_are_the_whole_list(keys: list[int], limit: int) -> None:
    seen: list[int] = []
    below: int | None = None
    while True:
        rest = [key for key in keys if below is None or key < below]
        page = page_of(rest[: limit + 1], limit, ListName.AUDIT, lambda key: key)
        assert len(page.rows) == min(limit, len(rest))
        seen += page.rows
        if page.next is None:
            break
        below = key_of(ListName.AUDIT, page.next)
    assert seen == keys


def test_a_page_of_nothing_has_no_next() -> None:
    assert page_of([3, 2], 0, ListName.AUDIT, lambda key: key).next is None
