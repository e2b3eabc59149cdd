"""Answers as they are kept: one file an answer, with what differs by chance from run to run masked."""

import json
import re
from pathlib import Path
from typing import Any, Final

_MASKS: Final = (
    (re.compile(r"\b[0-9a-f]{32}\b"), "<id>"),
    (re.compile(r"\b[0-9a-f]{40,64}\b"), "<hash>"),
    (re.compile(r"\b\d{17,20}\b"), "<snowflake>"),
    (re.compile(r"\b\d+(\.\d+)? ?(ms|µs|us)\b"), "<duration>"),
    (re.compile(r"\b\d+\.\d+ s\b"), "<duration>"),
    (re.compile(r'"nonce": "[^"]*"'), '"nonce": "<chance>"'),
    (re.compile(r'"timestamp": "[^"]*"'), '"timestamp": "<now>"'),
    (re.compile(r"[\w./-]*/toprung-transcript-\w+/"), "<folder>/"),
    (re.compile(r"\?v=[0-9a-f]{6,}"), "?v=<version>"),
    (re.compile(r'"[0-9a-f]{8} (?=[\d-])'), '"<fingerprint> '),
)


class Transcript:
    """A folder of answers, in the order in which they were given."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._counts: dict[str, int] = {}
        self.answers = 0

    def keep(self, room: str, title: str, *parts: str) -> None:
        """Writes one answer down: what was asked, and what came."""
        number = self._counts[room] = self._counts.get(room, 0) + 1
        self.answers += 1
        slug = re.sub(r"[^a-z0-9]+", "-", masked(title).lower()).strip("-")[:80]
        text = "\n".join((f"# {title}", *parts))
        path = self._folder / room / f"{number:03}-{slug}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(masked(text) + "\n", "utf-8")


def masked(text: str) -> str:
    """The text without what no two runs have in common."""
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text


def as_json(value: Any) -> str:
    """A value as lines that a `diff` can tell apart."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=str)
