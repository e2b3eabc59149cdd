"""Bugs that are seeded on purpose, for the tests of the tests: a function with one line of difference."""

import inspect
import sys
import textwrap
from collections.abc import Callable
from types import FunctionType
from typing import cast

import pytest

Seed = Callable[[pytest.MonkeyPatch], None]


def line(function: Callable[..., object], right: str, wrong: str) -> Seed:
    """A function in whose text `wrong` stands for `right`."""
    where = cast("FunctionType", function)

    def seed(patch: pytest.MonkeyPatch) -> None:
        module = sys.modules[where.__module__]
        source = textwrap.dedent(inspect.getsource(where))
        assert source.count(right) == 1, f"{right!r} is not a line of {where.__qualname__} any more; seed the bug anew"
        made: dict[str, FunctionType] = {}
        exec(compile(source.replace(right, wrong), "<seeded bug>", "exec"), vars(module), made)
        owner, _, name = where.__qualname__.rpartition(".")
        if owner:
            patch.setattr(getattr(module, owner), name, made[name])
            return
        for other in [one for key, one in sys.modules.items() if key.startswith("toprung.")]:
            if vars(other).get(name) is function:  # wherever it was imported by name
                patch.setattr(other, name, made[name])

    return seed


def both(*seeds: Seed) -> Seed:
    """Several differences that make up one bug."""

    def seed(patch: pytest.MonkeyPatch) -> None:
        for one in seeds:
            one(patch)

    return seed
