"""The child that reads replays: `python -I -B -m toprung.adapters.replays.child.child PARENT-PID`, started by the pool.

A process of its own that shares nothing with the server but one socket, which is its standard input. It imports what it
needs, gives up everything else (`sandbox`), says that it is ready, and then answers one request at a time.
"""

import faulthandler
import os
import resource
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Final

import msgspec

from toprung.adapters.replays import sandbox
from toprung.adapters.replays.protocol import (
    ANSWER_BYTES_MAX,
    CHUNK_BYTES,
    CODE_CHARACTERS_MAX,
    HEADER_BYTES_MAX,
    SENTENCE_CHARACTERS_MAX,
    Answer,
    FrameBuffer,
    Job,
    Overgrown,
    Ping,
    Pong,
    Read,
    Ready,
    Request,
    Started,
    Unreadable,
    framed,
    request_in,
)
from toprung.adapters.replays.sandbox import Confinement
from toprung.domain.replays.replay import REPLAY_BYTES_MAX

PARSER_MODULE: Final = "toprung.adapters.replays.child.parser"
UNREADABLE: Final = "unreadable"
UNREADABLE_SENTENCE: Final = "The replay could not be read: it is damaged, or of a kind that is not known here."
CHANNEL: Final = 3
"""The descriptor of the socket once it is no longer standard input."""

Parse = Callable[[bytes], object]
"""Gives what a replay says, as JSON can say it. An exception with a `code` is a refusal, and its text the reason."""


class Channel:
    """Frames over the socket to the server, one after the other."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._buffer = FrameBuffer()

    def receive(self, bytes_max: int) -> bytes | None:
        """The next frame's body; None when the server has hung up. Raises `ProtocolError`."""
        while (body := self._buffer.take(bytes_max)) is None:
            chunk = os.read(self._descriptor, CHUNK_BYTES)
            if not chunk:
                return None
            self._buffer.feed(chunk)
        return body

    def request(self) -> Request | None:
        """The next request; None when the server has hung up. Raises `ProtocolError`."""
        body = self.receive(HEADER_BYTES_MAX)
        return None if body is None else request_in(body)

    def send(self, frame: bytes) -> None:
        """Sends a frame. Raises OSError when the server has hung up."""
        rest = memoryview(frame)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]


class MemoryGauge:
    """How much memory this process has resident. Opened before the sandbox closes the door, read after."""

    def __init__(self) -> None:
        try:
            self._statm = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._statm = -1

    def rss_bytes(self) -> int:
        """In bytes; the most there ever was where the system does not say how much there is."""
        if self._statm < 0:
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return int(os.pread(self._statm, 128, 0).split()[1]) * resource.getpagesize()


def serve(load: Callable[[], Parse], *, parent_pid: int, confine: Callable[[int], Confinement]) -> None:
    """Answers requests until the server hangs up. `load` imports the parser, before `confine` closes the door."""
    channel = _take_channel()
    gauge = MemoryGauge()
    parse = load()
    confinement = confine(parent_pid)
    # What brings this process down is written to the pipe behind descriptor 2; a parser's chatter would only fill it.
    faulthandler.enable(file=2, all_threads=False)
    sys.stderr = sys.stdout
    rss_bytes = gauge.rss_bytes()
    channel.send(framed(Ready(in_force=confinement.in_force, missing=confinement.missing, rss_bytes=rss_bytes)))
    while (request := channel.request()) is not None:
        match request:
            case Ping(job=job):
                channel.send(framed(Pong(job=job, rss_bytes=gauge.rss_bytes())))
            case Job(job=job):
                data = channel.receive(REPLAY_BYTES_MAX)
                if data is None:
                    return
                sandbox.allow_cpu_for_a_job()
                channel.send(framed(Started(job=job)))
                channel.send(_answer(parse, job, data, gauge))


def _take_channel() -> Channel:
    """Moves the socket away from the standard streams, where a parser's print could speak in the child's name."""
    os.dup2(0, CHANNEL, inheritable=False)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(nothing, stream)
    os.close(nothing)
    return Channel(CHANNEL)


def _answer(parse: Parse, job: int, data: bytes, gauge: MemoryGauge) -> bytes:
    """The frame that answers a job, whatever happens in the parser."""
    answer: Answer | None = None
    try:
        payload = msgspec.json.encode(parse(data))
        if len(payload) <= ANSWER_BYTES_MAX - HEADER_BYTES_MAX:
            answer = Read(job=job, rss_bytes=gauge.rss_bytes(), payload=msgspec.Raw(payload))
    except MemoryError:
        pass  # nothing is made of it here, where the parser's own memory is still held by the traceback
    except BaseException as error:  # noqa: BLE001 - a file can make a parser raise anything, SystemExit among it
        answer = _refusal(job, error, gauge)
    return framed(answer or Overgrown(job=job, rss_bytes=gauge.rss_bytes()))


def _refusal(job: int, error: BaseException, gauge: MemoryGauge) -> Unreadable:
    code = getattr(error, "code", None)
    is_typed = isinstance(error, Exception) and isinstance(code, str)
    return Unreadable(
        job=job,
        rss_bytes=gauge.rss_bytes(),
        code=_clean(str(code), CODE_CHARACTERS_MAX) if is_typed else UNREADABLE,
        sentence=_text(error) if is_typed else UNREADABLE_SENTENCE,
        error="" if is_typed else _clean(f"{type(error).__name__}: {_text(error)}", SENTENCE_CHARACTERS_MAX),
    )


def _text(error: BaseException) -> str:
    """The exception's text; none where even asking for it fails."""
    try:
        return _clean(str(error), SENTENCE_CHARACTERS_MAX)
    except Exception:  # noqa: BLE001 - whoever made the file may have made the text
        return ""


def _clean(text: str, characters_max: int) -> str:
    """The text as JSON can carry it, and no longer than the protocol lets it be."""
    return text[:characters_max].encode("utf-8", "replace").decode()


def _load_parser() -> Parse:
    parse: Parse = import_module(PARSER_MODULE).parse_replay
    return parse


def main() -> None:
    """Runs the child."""
    serve(_load_parser, parent_pid=int(sys.argv[1]), confine=lambda parent_pid: sandbox.enter(parent_pid=parent_pid))


if __name__ == "__main__":
    main()
