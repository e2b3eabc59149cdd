"""Each constant has a range, and what lies outside it is refused in a sentence that names both."""

import math
from dataclasses import replace

import pytest

from toprung.domain.errors import InvalidInput
from toprung.domain.ratings.linked.constants import RANGES, LinkedConstants

DEFAULT = LinkedConstants()


@pytest.mark.parametrize("name", RANGES)
def test_what_is_out_of_range_is_refused_by_name(name: str) -> None:
    least, most = RANGES[name]
    for value in (least, most):
        assert getattr(replace(DEFAULT, **{name: value}), name) == value
    for value in (least - 0.01, most + 0.01, math.inf, -math.inf, math.nan):
        with pytest.raises(InvalidInput, match=name) as refused:
            replace(DEFAULT, **{name: value})
        assert refused.value.field == name
        assert f"from {least:g} to {most:g}" in str(refused.value)


def test_the_defaults_are_the_measured_ones() -> None:
    assert [getattr(DEFAULT, name) for name in RANGES] == [180, 90, 3.5, 0.7, 5, 10, 12]
    assert DEFAULT.variance_max == 180 * 180 + 90 * 90
