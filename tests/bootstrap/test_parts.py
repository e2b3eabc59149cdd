"""The parts of a process: they stop in reverse, each once, whatever fails."""

import pytest
from structlog.testing import capture_logs

from toprung.bootstrap.parts import Parts


class Told:
    """A part that says what it does, and fails at what it is told to fail at."""

    def __init__(self, name: str, said: list[str], *, fails: str = "") -> None:
        self._name, self._said, self._fails = name, said, fails

    async def start(self) -> None:
        self._say("start")

    async def stop(self) -> None:
        self._say("stop")

    def _say(self, what: str) -> None:
        if self._fails == what:
            raise RuntimeError(f"{self._name} does not {what}")
        self._said.append(f"{what} {self._name}")


async def test_parts_stop_in_reverse_also_those_that_were_started_later() -> None:
    said: list[str] = []
    async with Parts() as parts:
        await parts.start(Told("a", said), Told("b", said))
        await parts.start(Told("c", said))
        said.append("serve")
    assert said == ["start a", "start b", "start c", "serve", "stop c", "stop b", "stop a"]


async def test_one_that_does_not_stop_is_logged_and_holds_up_no_other() -> None:
    said: list[str] = []
    with capture_logs() as logs:
        async with Parts() as parts:
            await parts.start(Told("a", said), Told("b", said, fails="stop"), Told("c", said))
    assert said[-2:] == ["stop c", "stop a"]
    assert [(one["event"], one["part"]) for one in logs] == [("part_not_stopped", "Told")]


async def test_where_one_does_not_start_those_before_it_stop_and_those_after_it_never_were() -> None:
    said: list[str] = []
    with pytest.raises(RuntimeError, match="b does not start"):
        async with Parts() as parts:
            await parts.start(Told("a", said), Told("b", said, fails="start"), Told("c", said))
    assert said == ["start a", "stop a"]


async def test_whatever_ends_the_serving_the_parts_stop() -> None:
    said: list[str] = []

    async def serve() -> None:
        async with Parts() as parts:
            await parts.start(Told("a", said))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await serve()
    assert said == ["start a", "stop a"]
