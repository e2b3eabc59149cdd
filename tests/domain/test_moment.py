from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.domain.moment import (
    MICROSECONDS_PER_DAY,
    MICROSECONDS_PER_SECOND,
    from_datetime,
    from_iso,
    to_datetime,
    to_iso,
)

LAST_US = 253_370_764_800 * MICROSECONDS_PER_SECOND - 1  # 9998-12-31T23:59:59.999999Z

moments = st.integers(0, LAST_US) | st.sampled_from((0, 1, LAST_US))
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(moments)
def test_a_moment_comes_back_from_a_datetime_and_from_iso(moment_us: int) -> None:
    assert from_datetime(to_datetime(moment_us)) == moment_us
    assert from_iso(to_iso(moment_us)) == moment_us


@given(moments, zones)
def test_a_moment_is_the_same_in_every_zone(moment_us: int, zone: timezone) -> None:
    there = to_datetime(moment_us).astimezone(zone)
    assert from_datetime(there) == moment_us
    assert from_iso(there.isoformat()) == moment_us


@given(moments, moments)
def test_moments_are_ordered_as_their_datetimes(first_us: int, second_us: int) -> None:
    assert (first_us < second_us) == (to_datetime(first_us) < to_datetime(second_us))


def test_the_constants_are_what_their_names_say() -> None:
    assert to_datetime(MICROSECONDS_PER_SECOND) == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert to_datetime(MICROSECONDS_PER_DAY) == datetime(1970, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment_us", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000001Z"),
        (1_790_251_200_000_000, "2026-09-24T12:00:00Z"),
        (LAST_US, "9998-12-31T23:59:59.999999Z"),
    ],
)
def test_a_moment_is_written_in_utc_with_a_fraction_only_where_there_is_one(moment_us: int, text: str) -> None:
    assert to_iso(moment_us) == text


@pytest.mark.parametrize(
    "text",
    [
        "2026-09-24T12:00:00",
        "2026-09-24 12:00",
        "2026-09-24T14:00:00+02:00",
        "20260924T120000Z",
        "2026-09-24T12:00:00.0Z",
    ],
)
def test_common_ways_to_write_a_time_mean_the_same(text: str) -> None:
    assert from_iso(text) == 1_790_251_200_000_000


@pytest.mark.parametrize("text", ["", "soon", "24.9.2026", "2026-02-30", "2026-09-24T25:00:00Z", "1790251200"])
def test_what_is_no_time_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time like 2026-01-31T18:00:00Z"):
        from_iso(text)


@pytest.mark.parametrize(
    "text",
    ["1969-12-31T23:59:59.999999Z", "9999-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"],
)
def test_a_time_outside_the_known_years_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="between the years 1970 and 9998"):
        from_iso(text)


def test_a_datetime_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        from_datetime(datetime(2026, 9, 24, 12))  # noqa: DTZ001 - a naive one is what is refused
