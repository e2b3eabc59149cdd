"""What a replay says of a game, and why a file may say nothing."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from toprung.domain.errors import ToprungError
from toprung.domain.moment import MICROSECONDS_PER_SECOND

REPLAY_BYTES_MAX: Final = 5 * 1024 * 1024
"""The largest file that is read at all; the largest of 317 real replays has 292 kB."""

FRAMES_PER_SECOND: Final = 22.4
"""Frames that the game plays in a second of real time at the speed "Faster", which every ladder game has."""

READER: Final = 2
"""Which reader made a reading: one more whenever the same bytes are read otherwise than before, so that what an older
one said of a file is not believed any longer. The first took the lobby and the details to be in one order."""


class UnreadableReplay(ToprungError):
    """A file that is no replay, or none that can be judged; each reason is a class of its own."""

    code = "unreadable_replay"
    sentence: ClassVar[str] = "The replay cannot be read; choose the .SC2Replay file as the game saved it."

    def __init__(self) -> None:
        super().__init__(self.sentence)


class NotAReplay(UnreadableReplay):
    """The file begins otherwise than every replay does."""

    code = "not_a_replay"
    sentence = "The file is not a StarCraft II replay; choose the .SC2Replay file that the game saved."


class ReplayTooBig(UnreadableReplay):
    """The file is larger than the limit for replays."""

    code = "too_big"
    sentence = "The file is larger than a replay may be; choose the .SC2Replay file as the game saved it."


class ReplayTruncated(UnreadableReplay):
    """The file ends before what it announces."""

    code = "truncated"
    sentence = "The replay is cut short; copy it again from the game's replay folder, and use that copy."


class ReplayBomb(UnreadableReplay):
    """The file unpacks to, claims or nests more than the limits allow."""

    code = "bomb"
    sentence = "The replay unpacks to more than any game needs; choose the .SC2Replay file as the game saved it."


class ReplayUnsupported(UnreadableReplay):
    """The file is packed in a way that no game client uses."""

    code = "unsupported"
    sentence = (
        "The replay is packed in a way that is not understood; choose the .SC2Replay file as the game saved it, "
        "or report the result by hand."
    )


class ReplayDamaged(UnreadableReplay):
    """The file contradicts its own format."""

    code = "damaged"
    sentence = "The replay is damaged; copy it again from the game's replay folder, or report the result by hand."


class ReplayInvalid(UnreadableReplay):
    """The file was understood, and says what no game can have been."""

    code = "invalid"
    sentence = (
        "The replay says what no game can have been; choose the .SC2Replay file as the game saved it, "
        "or report the result by hand."
    )


class PlayerResult(StrEnum):
    """How the game ended for one player, as far as the replay states it."""

    WIN = "win"
    LOSS = "loss"
    DRAW = "draw"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPlayer:
    """One player of a replay.

    `race_text` is the race that was played as the recording client called it, in its language; `race` is its code in
    the catalogue, None where that does not know the text. `picked_race` is the code of what was chosen in the
    lobby, which for the random pick is not what was played; None where it is not known. `handle` names the account
    (`2-S2-1-278321`); None for computers and in replays that were made anonymous. `team` counts from 0.
    """

    name: str
    handle: str | None
    race_text: str
    race: str | None
    picked_race: str | None
    result: PlayerResult
    is_computer: bool
    team: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReading:
    """What one replay says. It is unsigned: all of it is a claim by whoever brings the file.

    The map's and the mods' handles are hashes of the data that the game was played with. `ended_at_us` is when the
    recording client wrote the file, by its own clock. `speed`, `privacy` and `category` are English words whatever
    client recorded; None where the file does not say. `fingerprint` is the SHA-256 of what happened in the game, in
    hexadecimal: the same for the same recording however it is packed.
    """

    players: tuple[ReplayPlayer, ...]
    observers: tuple[str, ...]
    map_name: str
    map_handle: str
    mod_handles: tuple[str, ...]
    frames: int
    ended_at_us: int
    region: str
    speed: str | None
    privacy: str | None
    category: str | None
    is_matchmade: bool
    release: str
    build: int
    fingerprint: str
    reader: int = READER

    @property
    def length_seconds(self) -> float:
        """How long the game took, in seconds of real time at the speed "Faster"."""
        return self.frames / FRAMES_PER_SECOND

    @property
    def started_at_us(self) -> int:
        """When the game began: its end with its length taken off."""
        return self.ended_at_us - round(self.length_seconds * MICROSECONDS_PER_SECOND)
