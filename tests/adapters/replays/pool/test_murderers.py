"""What a file may do to the process that reads it, and that it does it to nobody else."""

import asyncio

import psutil  # type: ignore[import-untyped]
import pytest

from tests.adapters.replays.pool.pools import answered_by, do, limits, running_pool
from toprung.adapters.replays.child.child import UNREADABLE, UNREADABLE_SENTENCE
from toprung.adapters.replays.pool.children import ChildLimits
from toprung.adapters.replays.pool.pool import ReplayPool
from toprung.adapters.replays.pool.worker import TOO_BIG_SENTENCE
from toprung.application.ports.replays import Died, Parsed, ParseOutcome, ProtocolViolated, Refused, TimedOut, TooBig
from toprung.settings import Settings

LIMIT_SECONDS = 0.5
UNREADABLE_OUTCOME = Refused(code=UNREADABLE, sentence=UNREADABLE_SENTENCE)
NOT_ASKED = ProtocolViolated(reason="an answer to something that was not asked")
BIG = TooBig(sentence=TOO_BIG_SENTENCE)
LATE = TimedOut(seconds_max=LIMIT_SECONDS)

# What is the same with a sandbox and without one.
ANYWHERE: dict[str, ParseOutcome] = {
    "refuse": Refused(code="no_replay", sentence="This is no replay."),
    "crash": UNREADABLE_OUTCOME,
    "recurse": UNREADABLE_OUTCOME,
    "interrupt": UNREADABLE_OUTCOME,
    "system exit": UNREADABLE_OUTCOME,
    "system exit with words": UNREADABLE_OUTCOME,
    "no json": UNREADABLE_OUTCOME,
    "exit 0": Died(exit_code=0, signal=None),
    "exit 1": Died(exit_code=1, signal=None),
    "segfault": Died(exit_code=None, signal=11),
    "half a frame and go": Died(exit_code=3, signal=None),
    "hang up": Died(exit_code=None, signal=9),
    "long answer": BIG,
    "print": Parsed(payload=b'"printed"'),
    "nonsense": ProtocolViolated(reason="no answer: JSON is malformed: invalid character (byte 0)"),
    "forged": NOT_ASKED,
    "deep": ProtocolViolated(reason="no answer: Expected `object`, got `array`"),
    "ten megabytes": ProtocolViolated(reason="a frame of 10000000 bytes, where at most 1048576 are allowed"),
    "flood": ProtocolViolated(reason="no answer: Object missing required field `is`"),
}
SANDBOXED = ANYWHERE | {
    "eat": BIG,
    "stop": UNREADABLE_OUTCOME,  # it may not even stop itself
    "fork": UNREADABLE_OUTCOME,
    "abort": Died(exit_code=None, signal=11),  # it may not signal itself, and goes on to the C library's last resort
}
BARE = ANYWHERE | {
    "abort": Died(exit_code=None, signal=6),
    "answer more": Parsed(payload=b'"answered"'),
    "die later": Parsed(payload=b'"answered"'),
}
HANGING = (
    "spin",
    "hold the gil",
    "wait in c with the gil",
    "match for ever",
    "ignore sigterm",
    "sleep",
    "half a frame",
)


async def outcome_beside_others(pool: ReplayPool, murder: str) -> ParseOutcome:
    """What becomes of a murder, while innocent jobs run beside it and after it."""
    killing = asyncio.create_task(do(pool, murder))
    await asyncio.gather(answered_by(pool, "one beside"), answered_by(pool, "another beside"))
    outcome = await killing
    await answered_by(pool, "one after")
    return outcome


@pytest.mark.parametrize(("how", "expected"), [("sandboxed", SANDBOXED), ("bare", BARE)])
async def test_each_job_gets_its_own_outcome_and_the_others_theirs(how: str, expected: dict[str, ParseOutcome]) -> None:
    async with running_pool(how) as pool:
        found = {murder: await outcome_beside_others(pool, murder) for murder in expected}
        assert found == expected


@pytest.mark.parametrize(("how", "hanging"), [("sandboxed", HANGING), ("bare", (*HANGING, "stop"))])
async def test_whatever_hangs_is_killed_and_the_others_go_on(how: str, hanging: tuple[str, ...]) -> None:
    async with running_pool(how, limited=limits(job_seconds_max=LIMIT_SECONDS)) as pool:
        for murder in hanging:
            killing = asyncio.create_task(do(pool, murder))
            await answered_by(pool, "innocent")
            assert await killing == LATE, murder
        assert pool.health().retired["timeout"] == len(hanging)
        assert pool.health().outcomes == {"Parsed": len(hanging), "TimedOut": len(hanging)}


async def test_as_shipped_a_job_has_two_and_a_half_seconds() -> None:
    assert Settings.model_fields["replay_seconds_max"].default == 2.5
    async with running_pool(limited=ChildLimits(), workers=1) as pool:
        assert await do(pool, "sleep") == TimedOut(seconds_max=2.5)
        assert pool.health().retired["timeout"] == 1
        await answered_by(pool, "one after")


async def test_two_hanging_jobs_at_once_leave_the_pool_whole() -> None:
    async with running_pool(limited=limits(job_seconds_max=LIMIT_SECONDS)) as pool:
        outcomes = await asyncio.gather(*(do(pool, "spin") for _ in range(4)), *(answered_by(pool) for _ in range(4)))
        assert outcomes[:4] == [LATE] * 4
        assert pool.health().status == "ok"


async def test_what_a_job_leaves_behind_goes_with_it_where_there_is_no_sandbox() -> None:
    async with running_pool("bare", workers=1) as pool:
        outcome = await do(pool, "fork")
        assert isinstance(outcome, Parsed)
        left_behind = psutil.Process(int(outcome.payload)) if psutil.pid_exists(int(outcome.payload)) else None
    if left_behind is not None:
        _, alive = psutil.wait_procs([left_behind], timeout=10)
        assert not alive


async def test_a_child_without_a_sandbox_does_one_job_only_and_one_with_it_many() -> None:
    async with running_pool("bare", workers=1) as pool:
        assert len({await answered_by(pool) for _ in range(5)}) == 5
    async with running_pool("sandboxed", workers=1) as pool:
        await answered_by(pool)
        assert len({await answered_by(pool) for _ in range(50)}) <= 2


async def test_an_answer_is_never_taken_for_another_jobs() -> None:
    async with running_pool() as pool:
        asked = [f"job {number}" for number in range(200)]
        await asyncio.gather(*(answered_by(pool, words) for words in asked[:90]))
        for words in asked[90:]:
            await answered_by(pool, words)
