"""The data beside the checkout that a few tests read: the one place that knows where it is.

`TOPRUNG_TEST_SHARED` names its folder, relative to the checkout if it is no absolute path. Unset, that is `../shared`;
set but empty, there is none. Every test must pass without it, and those that truly need it skip and say so.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
VARIABLE: Final = "TOPRUNG_TEST_SHARED"
DEFAULT: Final = "../shared"


def data_folder(environment: Mapping[str, str]) -> Path | None:
    """Where the shared data should be by these variables; None where there shall be none."""
    named = environment.get(VARIABLE, DEFAULT).strip()
    return ROOT / named / "data" if named else None


DATA: Final = data_folder(os.environ)


def shared_files(pattern: str) -> list[Path]:
    """The files of the shared data that match, in order; none where there is no such data."""
    return [] if DATA is None else sorted(path for path in DATA.glob(pattern) if path.is_file())


def absence_of(pattern: str) -> str:
    """Why a test that needs these files is skipped."""
    where = f"{VARIABLE} is set empty" if DATA is None else f"not in {DATA.resolve()} ({VARIABLE})"
    return f"needs {pattern} of the shared data: {where}"


def needs_shared(pattern: str) -> pytest.MarkDecorator:
    """Marks a test that makes no sense without these files."""
    return pytest.mark.skipif(not shared_files(pattern), reason=absence_of(pattern))
