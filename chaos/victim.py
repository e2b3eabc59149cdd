"""A process that does what it is told until it is killed: a ladder as it is served, without the site.

Run as `python -m chaos.victim VARIANT`. Then lines on its standard input: a database's address, and once it has said
"ready", requests as JSON. It says the number of each request when its use case has returned, and never before.
"""

import asyncio
import json
import logging
import os
import sys
from typing import Any

import structlog

from chaos import broken
from chaos.workload import START_US, Request, perform
from toprung.adapters.clock import FixedClock
from toprung.bootstrap.wiring import Ladder, opened_storage, wire
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
        ladder = await wire(settings, broken.STORAGES[variant](storage), FixedClock(START_US), lambda _: None)
        ladder.bus.subscribe(ladder.store.on_changes)
        await ladder.store.load()
        say("ready")
        running: set[asyncio.Task[None]] = set()
        async for line in requests:
            task = asyncio.create_task(answer(ladder, json.loads(line), is_hasty=variant == "write-behind"))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)
        await ladder.unit_of_work.drain()


async def answer(ladder: Ladder, asked: dict[str, Any], *, is_hasty: bool) -> None:
    """Does what is asked and then says so; a hasty one says so first."""
    number = asked.pop("number")
    request = Request.from_line(asked)
    if is_hasty:
        say(f"done {number}")
        await perform(ladder, request)
        return
    try:
        await perform(ladder, request)
    except Exception as error:  # noqa: BLE001 - told to whoever asked, who decides what it means
        say(f"failed {number} {type(error).__name__}: {error}")
    else:
        say(f"done {number}")


def say(line: str) -> None:
    """Writes a line at once and as a whole."""
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(main(sys.argv[1]))
