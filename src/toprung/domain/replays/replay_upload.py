"""Replay files and who uploaded them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, NewType

from toprung.domain.errors import InvalidInput
from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import PlayerId

UploadId = NewType("UploadId", int)

FILE_NAME_MAX_CODE_POINTS: Final = 100
MAGIC: Final = (b"MPQ\x1a", b"MPQ\x1b")
"""How an MPQ archive begins, without and with user data before its header."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class UploadState(StrEnum):
    """What became of an upload: taken in; read, without a match to judge; judged; or given up, as its job is."""

    RECEIVED = "received"
    READ = "read"
    VERIFIED = "verified"
    REJECTED = "rejected"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadVerdict:
    """What was found of an upload: a code for programs, a sentence for the player, and what else is known."""

    state: UploadState
    code: str
    sentence: str
    details: Mapping[str, object] = field(default_factory=dict)

    def to_json(self) -> str:
        """Everything but the state."""
        return json.dumps({**self.details, "code": self.code, "sentence": self.sentence}, ensure_ascii=False)

    @classmethod
    def from_json(cls, state: UploadState, text: str) -> "UploadVerdict":
        """The verdict again."""
        details = json.loads(text)
        return cls(state=state, code=details.pop("code"), sentence=details.pop("sentence"), details=details)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayFile:
    """A file, once, however often it was uploaded.

    `fingerprint` names the game's events and is the same where the same game was packed anew. `reading` is what the
    file says, as the JSON that its reader gave; `rejection` is the verdict, as JSON, on one that can never be read. One
    that is quarantined killed workers and is not read any more.
    """

    sha256: str
    size_bytes: int
    first_uploaded_at_us: int
    fingerprint: str | None = None
    reading: str | None = None
    rejection: str | None = None
    is_quarantined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUpload:
    """An upload that has no id yet. `file_name` is for people to look at and never a path."""

    sha256: str
    player_id: PlayerId
    match_id: MatchId | None
    file_name: str | None
    uploaded_at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayUpload:
    """Who uploaded which file, when, for which match, and what became of it; `verdict` is one as JSON."""

    id: UploadId
    sha256: str
    player_id: PlayerId
    match_id: MatchId | None
    file_name: str | None
    uploaded_at_us: int
    state: UploadState = UploadState.RECEIVED
    verdict: str | None = None

    def judged(self, verdict: UploadVerdict) -> "ReplayUpload":
        """The upload with a verdict."""
        return replace(self, state=verdict.state, verdict=verdict.to_json())

    @property
    def sentence(self) -> str:
        """What there is to say to the player."""
        if self.verdict is None:
            return "Received; it will be read in a moment."
        return UploadVerdict.from_json(self.state, self.verdict).sentence


QUARANTINED: Final = UploadVerdict(
    state=UploadState.DEAD,
    code="quarantined",
    sentence="This file could not be read without harm and is not tried again; report the result by hand.",
)
GIVEN_UP: Final = UploadVerdict(
    state=UploadState.DEAD,
    code="given_up",
    sentence="This file could not be read in several attempts; report the result by hand, or ask an organiser.",
)
READ: Final = UploadVerdict(
    state=UploadState.READ,
    code="read",
    sentence="The replay was read; it belongs to no match that could be judged by it.",
)


def check_content(data: bytes, *, bytes_max: int) -> None:
    """Raises `InvalidInput` unless the bytes begin as a replay does and are not too many. The name is not looked at."""
    if not data:
        raise InvalidInput("file", "The file is empty; choose the replay again.", "file_empty")
    if len(data) > bytes_max:
        raise InvalidInput(
            "file", "The file has more than {most} bytes; a replay has far fewer.", "file_large", most=bytes_max
        )
    if not data.startswith(MAGIC):
        raise InvalidInput(
            "file", "This is no replay: choose a file that ends in .SC2Replay, as the game saved it.", "no_replay"
        )


def is_sha256(text: str) -> bool:
    """Whether a text is a SHA-256 as it is written here: 64 digits, small letters."""
    return _SHA256.fullmatch(text) is not None


def shown_file_name(name: str | None) -> str | None:
    """The last part of a name, without what cannot be seen, cut to a sensible length; None if nothing is left."""
    if name is None:
        return None
    last = re.split(r"[/\\]", name)[-1]
    cleaned = "".join(char for char in last if char.isprintable()).strip()
    return cleaned[:FILE_NAME_MAX_CODE_POINTS] or None
