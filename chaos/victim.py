"""A process that does what it is told until it is killed: a ladder as it is served, without the site.

Run as `python -m chaos.victim VARIANT`. Then lines on its standard input: a database's address, and once it has said
"ready", requests as JSON. It says the number of each request when its use case has returned, and never before.
"""

import asyncio
import json
import logging
import os
import sys
from contextlib import suppress

import structlog

from chaos import broken
from chaos.workload import START_US, Request, perform
from toprung.adapters.clock import FixedClock
from toprung.application.ladder import Ladder
from toprung.bootstrap.wiring import opened_storage, wire
from toprung.domain.errors import ToprungError
from toprung.settings import load_settings

LINE_BYTES_MAX = 1 << 20


async def main(variant: str) -> None:
    """Waits for an address, opens the ladder there, and serves requests until the input ends."""
    requests = asyncio.StreamReader(limit=LINE_BYTES_MAX)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(requests), sys.stdin)
    address = (await requests.readline()).decode().strip()
    if not address:
        return
    if variant == "synchronous=NORMAL":
        broken.sync_now_and_then()
    settings = load_settings(database=address, inactivity_days="off")
    async with opened_storage(settings, write=True) as storage:
        ladder = (await wire(settings, broken.STORAGES[variant](storage), FixedClock(START_US), lambda _: None)).ladder
        await ladder.store.load()
        say("ready")
        if variant == "write-behind":
            await write_behind(ladder, requests)
            return
        running: set[asyncio.Task[None]] = set()
        async for line in requests:
            task = asyncio.create_task(answer(ladder, *read(line)))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)
        await ladder.unit_of_work.drain()


async def answer(ladder: Ladder, number: int, request: Request) -> None:
    """Does what is asked and then says so."""
    try:
        await perform(ladder, request)
    except Exception as error:  # noqa: BLE001 - told to whoever asked, who decides what it means
        say(f"failed {number} {type(error).__name__}: {error}")
    else:
        say(f"done {number}")


async def write_behind(ladder: Ladder, requests: asyncio.StreamReader) -> None:
    """Broken: says that all is done at once, and writes it down in order when it gets to it."""
    behind: asyncio.Queue[Request | None] = asyncio.Queue()

    async def write() -> None:
        while (request := await behind.get()) is not None:
            with suppress(ToprungError, LookupError):
                await perform(ladder, request)

    writing = asyncio.create_task(write())
    async for line in requests:
        number, request = read(line)
        behind.put_nowait(request)
        say(f"done {number}")
    behind.put_nowait(None)
    await writing


def read(line: bytes) -> tuple[int, Request]:
    """A request and its number."""
    asked = json.loads(line)
    return asked.pop("number"), Request.from_line(asked)


def say(line: str) -> None:
    """Writes a line at once and as a whole."""
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(main(sys.argv[1]))
