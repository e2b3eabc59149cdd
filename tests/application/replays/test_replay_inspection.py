"""What becomes of a replay that somebody wants to look at, whatever becomes of its reader."""

import json

import pytest

from tests.support.replays.archives import InProcessParser
from tests.support.replays.synthetic_replay import SyntheticGame, replay_of
from toprung.adapters.catalog_files import find_game, load_catalog
from toprung.adapters.replays.reading import decode_reading
from toprung.application.ports.replays import (
    Died,
    Parsed,
    ParseOutcome,
    ProtocolViolated,
    Refused,
    ReplayParser,
    Returned,
    TimedOut,
    TooBig,
    Unavailable,
)
from toprung.application.replays.replay_inspection import ReplayInspector
from toprung.domain.replays.replay import ReplayReading

CATALOG = load_catalog(find_game("sc2"))
BYTES_MAX = 10_000


class OutcomeParser:
    """Implements `ReplayParser`: every replay comes out the same."""

    def __init__(self, outcome: ParseOutcome) -> None:
        self._outcome = outcome
        self.asked = 0

    async def parse(self, data: bytes) -> ParseOutcome:
        self.asked += 1
        return self._outcome


def inspector(parser: ReplayParser) -> ReplayInspector:
    return ReplayInspector(parser=parser, decode=lambda answer: decode_reading(answer, CATALOG), bytes_max=BYTES_MAX)


async def test_a_replay_is_read() -> None:
    found = await inspector(InProcessParser()).inspect(replay_of(SyntheticGame()))
    assert isinstance(found, ReplayReading)
    assert [player.race for player in found.players] == ["terran", "zerg"]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Parsed(payload=b"{}"), "invalid"),
        (Parsed(payload=json.dumps({"players": "all"}).encode()), "invalid"),
        (Refused(code="bomb", sentence="It is a bomb."), "bomb"),
        (TooBig(sentence="It takes too much."), "too_big"),
        (TimedOut(seconds_max=2.5), "timed_out"),
        (Died(exit_code=None, signal=11), "crashed"),
        (ProtocolViolated(reason="nonsense"), "crashed"),
        (Returned(), "unavailable"),
        (Unavailable(retry_after_seconds=5.0), "unavailable"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
async def test_every_other_outcome_is_a_refusal_with_a_code_and_a_sentence(outcome: ParseOutcome, code: str) -> None:
    found = await inspector(OutcomeParser(outcome)).inspect(b"x")
    assert isinstance(found, Refused)
    assert found.code == code
    assert found.sentence.endswith(".")


async def test_a_file_that_is_too_large_is_not_even_read() -> None:
    parser = OutcomeParser(Refused(code="not_a_replay", sentence="No."))
    found = await inspector(parser).inspect(b"x" * (BYTES_MAX + 1))
    assert isinstance(found, Refused)
    assert (found.code, parser.asked) == ("too_big", 0)
    await inspector(parser).inspect(b"x" * BYTES_MAX)
    assert parser.asked == 1
