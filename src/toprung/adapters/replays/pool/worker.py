"""One replay child, as the server holds it: started, asked, watched, and killed when it is time."""

import asyncio
import os
import secrets
import signal
import socket
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from toprung.adapters.replays.protocol import (
    ANSWER_BYTES_MAX,
    CHUNK_BYTES,
    Answer,
    FrameBuffer,
    Job,
    Overgrown,
    Ping,
    Pong,
    ProtocolError,
    Read,
    Ready,
    Started,
    Unreadable,
    answer_in,
    frame,
    framed,
)
from toprung.adapters.replays.sandbox import SECCOMP
from toprung.application.ports.replays import Died, Parsed, ParseOutcome, ProtocolViolated, Refused, TimedOut, TooBig
from toprung.application.replays.pool_health import ChildHealth, ChildState

EXIT_SECONDS_MAX: Final = 0.2
"""How long a child that was asked to leave has to be gone by itself."""
LAST_WORDS_BYTES_MAX: Final = 64 * 1024
LAST_WORDS_CHARACTERS_MAX: Final = 2_000
TOO_BIG_SENTENCE: Final = "Reading this replay takes more memory than is allowed, which no replay of a real game does."


class HungUp(Exception):
    """The child closed its end, most likely by dying."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What became of a job in one child: its outcome, or None where the child was lost before the job began.

    `error` is what an unexpected exception in the parser said, for the log.
    """

    outcome: ParseOutcome | None
    error: str = ""


class Worker:
    """One child. It does one thing at a time; whoever holds it sees to that.

    It is `gone` once the process has ended, which somebody must wait for.
    """

    def __init__(
        self, process: Process, channel: tuple[asyncio.StreamReader, asyncio.StreamWriter], last_words: int, now: float
    ) -> None:
        self._process = process
        self._reader, self._writer = channel
        self._last_words = last_words
        self._buffer = FrameBuffer()
        self._started_at = now
        self._answered_at: float | None = None
        self.state: ChildState = "booting"
        self.jobs_done = 0
        self.rss_bytes = 0
        self.in_force: tuple[str, ...] = ()
        self.missing: tuple[str, ...] = ()
        self._is_killed = False
        self._is_dismissed = asyncio.Event()

    @classmethod
    async def spawn(cls, command: Sequence[str], now: float) -> "Worker":
        """A new child, which is not ready yet. Raises OSError where the system cannot start one."""
        ours, theirs = socket.socketpair()
        last_words, complaints = os.pipe()
        try:
            # A full pipe then refuses what it is told instead of making the child wait for a reader.
            os.set_blocking(complaints, False)
            os.set_blocking(last_words, False)
            process = await asyncio.create_subprocess_exec(
                *command,
                str(os.getpid()),
                stdin=theirs.fileno(),
                stdout=DEVNULL,
                stderr=complaints,
                start_new_session=True,
                env={},
                cwd="/",
            )
            channel = await asyncio.open_unix_connection(sock=ours, limit=CHUNK_BYTES)
        except BaseException:
            ours.close()
            os.close(last_words)
            raise
        finally:
            theirs.close()
            os.close(complaints)
        return cls(process, channel, last_words, now)

    @property
    def is_lost(self) -> bool:
        """Whether the child is dead, or as good as dead: there is nothing that it can be asked any more."""
        return self._is_killed or self._process.returncode is not None

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def age_seconds(self, now: float) -> float:
        """How long ago the child was started."""
        return now - self._started_at

    def health(self, now: float) -> ChildHealth:
        """How the child is, as it said itself."""
        return ChildHealth(
            pid=self.pid,
            state=self.state,
            jobs_done=self.jobs_done,
            rss_bytes=self.rss_bytes,
            age_seconds=self.age_seconds(now),
            last_answer_seconds=None if self._answered_at is None else now - self._answered_at,
        )

    async def boot(self, seconds_max: float, clock: Callable[[], float]) -> bool:
        """Waits until the child is ready; whether it is. One that is not is killed."""
        try:
            async with asyncio.timeout(seconds_max):
                answer = await self._receive()
        except (TimeoutError, HungUp, ProtocolError):
            self.kill()
            return False
        if not isinstance(answer, Ready):
            self.kill()
            return False
        self._heard(answer, clock())
        self.in_force, self.missing = answer.in_force, answer.missing
        return True

    async def ping(self, seconds_max: float, clock: Callable[[], float]) -> bool:
        """Whether the child answers. One that does not is killed."""
        job = secrets.randbits(53)
        try:
            async with asyncio.timeout(seconds_max):
                await self._send(framed(Ping(job=job)))
                answer = await self._receive()
        except (TimeoutError, HungUp, ProtocolError):
            self.kill()
            return False
        if not isinstance(answer, Pong) or answer.job != job:
            self.kill()
            return False
        self._heard(answer, clock())
        return True

    async def run(self, data: bytes, seconds_max: float, clock: Callable[[], float]) -> Attempt:
        """Has the child read these bytes, and kills it when the time is up or when it says what it should not.

        The deadline is one for all: sending, reading, answering.
        """
        # The child cannot foresee it: what an earlier job left in the channel is not taken for this one's answer.
        job = secrets.randbits(53)
        has_started = False
        try:
            async with asyncio.timeout(seconds_max):
                await self._send(framed(Job(job=job)) + frame(data))
                self._expect(await self._receive(), Started, job)
                has_started = True
                answer = await self._receive()
        except TimeoutError:
            outcome: ParseOutcome = TimedOut(seconds_max=seconds_max)
        except HungUp:
            outcome = await self._death()
        except ProtocolError as error:
            outcome = ProtocolViolated(reason=str(error))
        except BaseException:
            self.kill()  # given up in the middle of a job, it would answer whoever comes next
            raise
        else:
            return self._attempt(answer, job, clock())
        self.kill()
        return Attempt(outcome=outcome if has_started else None)

    def kill(self) -> None:
        """Ends the child and all that it started, at once and whatever it is doing."""
        self._is_killed = True
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def dismiss(self) -> None:
        """Has the child end: by itself where it listens, by SIGKILL where it does not."""
        self.state = "leaving"
        self._is_dismissed.set()
        if self.is_lost:
            return
        self._writer.close()  # it reads the end of its requests, and goes
        asyncio.get_running_loop().call_later(EXIT_SECONDS_MAX, self.kill)

    async def gone(self) -> tuple[int, str]:
        """Waits until the process has ended; its exit code, or minus the signal, and its last words."""
        code = await self._process.wait()
        if SECCOMP not in self.in_force:
            with suppress(ProcessLookupError, PermissionError):  # without the filter it may have started others
                os.killpg(self.pid, signal.SIGKILL)
        if self.state == "busy":
            await self._is_dismissed.wait()  # it may have answered before it went
        self.state = "leaving"
        self._writer.transport.abort()
        with suppress(ConnectionError):
            await self._writer.wait_closed()
        return code, self._take_last_words()

    def _attempt(self, answer: Answer, job: int, now: float) -> Attempt:
        outcome: ParseOutcome
        error = ""
        match answer:
            case Read(job=answered) if answered == job:
                outcome = Parsed(payload=bytes(answer.payload))
            case Unreadable(job=answered) if answered == job:
                outcome, error = Refused(code=answer.code, sentence=answer.sentence), answer.error
            case Overgrown(job=answered) if answered == job:
                outcome = TooBig(sentence=TOO_BIG_SENTENCE)
            case _:
                self.kill()
                return Attempt(outcome=ProtocolViolated(reason="an answer to something that was not asked"))
        self.jobs_done += 1
        self._heard(answer, now)
        if not self._buffer.is_empty():
            self.kill()  # the answer stands, but what said more than that is not asked again
        return Attempt(outcome=outcome, error=error)

    def _heard(self, answer: Ready | Pong | Read | Unreadable | Overgrown, now: float) -> None:
        self._answered_at = now
        self.rss_bytes = answer.rss_bytes

    @staticmethod
    def _expect(answer: Answer, kind: type[Started], job: int) -> None:
        if not isinstance(answer, kind) or answer.job != job:
            raise ProtocolError("an answer to something that was not asked")

    async def _death(self) -> Died:
        """How a child that hung up came to its end. One that dies by itself has its exit code before it hangs up."""
        self.kill()
        code = await self._process.wait()
        return Died(exit_code=code, signal=None) if code >= 0 else Died(exit_code=None, signal=-code)

    async def _send(self, frames: bytes) -> None:
        try:
            self._writer.write(frames)
            await self._writer.drain()
        except ConnectionError:
            raise HungUp from None

    async def _receive(self) -> Answer:
        """The next answer. Raises `HungUp` and `ProtocolError`."""
        while (body := self._buffer.take(ANSWER_BYTES_MAX)) is None:
            try:
                chunk = await self._reader.read(CHUNK_BYTES)
            except ConnectionError:
                chunk = b""
            if not chunk:
                raise HungUp
            self._buffer.feed(chunk)
        return answer_in(body)

    def _take_last_words(self) -> str:
        """What the child wrote to its standard error; the end of it where that is much."""
        try:
            said = os.read(self._last_words, LAST_WORDS_BYTES_MAX)
        except BlockingIOError:
            said = b""
        finally:
            os.close(self._last_words)
        return said.decode("utf-8", "backslashreplace")[-LAST_WORDS_CHARACTERS_MAX:]
