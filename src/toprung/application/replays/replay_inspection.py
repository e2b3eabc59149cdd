"""Looking at what a replay says, without a match to compare it with."""

from collections.abc import Callable
from typing import assert_never

from toprung.application.ports.replays import (
    Died,
    Parsed,
    ProtocolViolated,
    Refused,
    ReplayParser,
    Returned,
    TimedOut,
    TooBig,
    Unavailable,
)
from toprung.domain.replays.replay import ReplayReading, ReplayTooBig, UnreadableReplay

_BY_HAND = "choose the .SC2Replay file as the game saved it, or report the result by hand."


class ReplayInspector:
    """Reads replays of at most `bytes_max` bytes. `decode` makes a reading of a parser's answer, or raises."""

    def __init__(self, *, parser: ReplayParser, decode: Callable[[bytes], ReplayReading], bytes_max: int) -> None:
        self._parser = parser
        self._decode = decode
        self.bytes_max = bytes_max

    async def inspect(self, data: bytes) -> ReplayReading | Refused:
        """What the replay says, or why nothing can be said of it. Whatever the bytes are, it does not raise."""
        if len(data) > self.bytes_max:
            return _refused(ReplayTooBig())
        outcome = await self._parser.parse(data)
        match outcome:
            case Parsed(payload=payload):
                try:
                    return self._decode(payload)
                except UnreadableReplay as error:
                    return _refused(error)
            case Refused():
                return outcome
            case TooBig(sentence=sentence):
                return Refused(code=ReplayTooBig.code, sentence=sentence)
            case TimedOut(seconds_max=seconds):
                sentence = f"Reading the replay takes longer than {seconds:g} seconds, which no game needs; {_BY_HAND}"
                return Refused(code="timed_out", sentence=sentence)
            case Died() | ProtocolViolated():
                return Refused(code="crashed", sentence=f"The replay crashes whatever reads it; {_BY_HAND}")
            case Unavailable(sentence=sentence):
                return Refused(code="unavailable", sentence=sentence)
            case Returned():
                return Refused(code="unavailable", sentence="The reading was stopped; try again.")
        assert_never(outcome)


def _refused(error: UnreadableReplay) -> Refused:
    return Refused(code=error.code, sentence=str(error))
