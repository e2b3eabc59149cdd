"""The table of states in the docs is the one that the program goes by."""

import re
from pathlib import Path

from toprung.domain.matches.match_life import TRANSITIONS
from toprung.settings import ENV_PREFIX, Settings

PAGE = Path(__file__).parents[2] / "docs" / "matches.md"


def test_the_documented_transitions_are_those_of_the_program() -> None:
    rows = re.findall(r"^\| (\w+) \| (\w+) \| ([\w, ]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    documented = [(state, step, targets.split(", ")) for state, step, targets in rows if state != "state"]
    program = [
        (state.value, step.value, [target.value for target in targets])
        for state, steps in TRANSITIONS.items()
        for step, targets in steps.items()
    ]
    assert sorted(documented) == sorted(program)


def test_the_documented_settings_exist() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(rf"{ENV_PREFIX}(\w+)", text))
    assert named
    assert named <= {name.upper() for name in Settings.model_fields}
