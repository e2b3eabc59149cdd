"""What the server and a replay child say to each other: JSON in frames, each four bytes of length and that many bytes.

The child reads hostile files, so what comes from it is a hostile file too: lengths are checked before anything is kept,
messages before anything is believed, and nothing is ever unpickled. A job's bytes follow their `Job` as a frame of
their own.
"""

import struct
from typing import Annotated, Final

import msgspec

HEADER_BYTES_MAX: Final = 4 * 1024
ANSWER_BYTES_MAX: Final = 1024 * 1024
CHUNK_BYTES: Final = 64 * 1024

CODE_CHARACTERS_MAX: Final = 64
SENTENCE_CHARACTERS_MAX: Final = 500
LABELS_MAX: Final = 32

_LENGTH: Final = struct.Struct(">I")

JobId = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
Bytes = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
Label = Annotated[str, msgspec.Meta(max_length=CODE_CHARACTERS_MAX)]
Labels = Annotated[tuple[Label, ...], msgspec.Meta(max_length=LABELS_MAX)]
Sentence = Annotated[str, msgspec.Meta(max_length=SENTENCE_CHARACTERS_MAX)]


class ProtocolError(Exception):
    """The other side said what the protocol does not allow."""


class _Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="is"):
    pass


class Ping(_Message, frozen=True, tag="ping"):
    """Asks an idle child whether it is well."""

    job: JobId


class Job(_Message, frozen=True, tag="job"):
    """Announces a replay, whose bytes are the next frame."""

    job: JobId


class Ready(_Message, frozen=True, tag="ready"):
    """The child's first words: what holds it in, what this platform lacks of that, and its resident memory."""

    in_force: Labels
    missing: Labels
    rss_bytes: Bytes


class Pong(_Message, frozen=True, tag="pong"):
    """The answer to a ping."""

    job: JobId
    rss_bytes: Bytes


class Started(_Message, frozen=True, tag="started"):
    """The child has all of a job's bytes and begins: whatever happens from here on is that job's doing."""

    job: JobId


class Read(_Message, frozen=True, tag="read"):
    """What the replay says, as any JSON; whoever uses it validates it first."""

    job: JobId
    rss_bytes: Bytes
    payload: msgspec.Raw


class Unreadable(_Message, frozen=True, tag="unreadable"):
    """The replay was refused, with a code for programs and a sentence for a person.

    `error` is for the log: what the parser raised where that was no refusal of its own.
    """

    job: JobId
    rss_bytes: Bytes
    code: Label
    sentence: Sentence
    error: Sentence


class Overgrown(_Message, frozen=True, tag="overgrown"):
    """The replay needs more memory, or a longer answer, than a child may have."""

    job: JobId
    rss_bytes: Bytes


Request = Ping | Job
Answer = Ready | Pong | Started | Read | Unreadable | Overgrown

_requests: Final = msgspec.json.Decoder(Request)
_answers: Final = msgspec.json.Decoder(Answer)


def frame(body: bytes) -> bytes:
    """The body with its length before it."""
    return _LENGTH.pack(len(body)) + body


def framed(message: Request | Answer) -> bytes:
    """A message as a frame."""
    return frame(msgspec.json.encode(message))


def request_in(body: bytes) -> Request:
    """The request that a frame's body is. Raises `ProtocolError`."""
    try:
        request: Request = _requests.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise ProtocolError(f"no request: {error}") from None
    return request


def answer_in(body: bytes) -> Answer:
    """The answer that a frame's body is. Raises `ProtocolError`."""
    try:
        answer: Answer = _answers.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise ProtocolError(f"no answer: {error}") from None
    return answer


class FrameBuffer:
    """Bytes as they came, given back as whole frames. It holds one frame at most, and what came with its end."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, chunk: bytes) -> None:
        """Adds what came."""
        self._bytes += chunk

    def take(self, bytes_max: int) -> bytes | None:
        """The next frame's body; None until it is whole. Raises `ProtocolError` once one says that it is longer."""
        if len(self._bytes) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._bytes)
        if length > bytes_max:
            raise ProtocolError(f"a frame of {length} bytes, where at most {bytes_max} are allowed")
        end = _LENGTH.size + length
        if len(self._bytes) < end:
            return None
        body = bytes(memoryview(self._bytes)[_LENGTH.size : end])
        del self._bytes[:end]
        return body

    def is_empty(self) -> bool:
        """Whether nothing is left over."""
        return not self._bytes
