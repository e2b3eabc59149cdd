"""A process that writes to a ladder and shows its board, without a pause and as long as it may.

Run as `python -m chaos.writing_victim NAME`. Lines on its standard input: `open ADDRESS`, which it tries until it is
the writer, and `close`. What it says is below; moments are the system's monotonic clock, which all processes share.
"""

import asyncio
import logging
import os
import sys
from contextlib import suppress
from itertools import count
from time import monotonic

import structlog

from toprung.adapters.clock import SystemClock
from toprung.adapters.storage.postgres.postgres import FOUND_NOT_KEPT
from toprung.application.ladder import Ladder
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.storage import Transaction
from toprung.bootstrap.wiring import AnyStorage, opened_storage, wire
from toprung.domain.errors import OutcomeUnknown, ToprungError, WriterPresent
from toprung.domain.events import PlayerRegistered
from toprung.settings import load_settings

TRY_EVERY_SECONDS = 0.05
WRITE_EVERY_SECONDS = 0.01
PAGE_EVERY_SECONDS = 0.02
WRITES_AT_ONCE = 3

_numbers = count(1)


async def main(name: str) -> None:
    """Does what it is told until its input ends."""
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    working: asyncio.Task[None] | None = None
    say("ready")
    async for line in lines:
        order, _, address = line.decode().strip().partition(" ")
        if working is not None:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working
        working = asyncio.create_task(work(name, address)) if order == "open" else None
        if order == "close":
            say("closed")


async def work(name: str, address: str) -> None:
    """Becomes the writer, and writes until it is told that it may not any more."""
    settings = load_settings(database=address, inactivity_days="off")
    while True:
        try:
            async with opened_storage(settings, write=True) as storage:
                ladder = (await wire(settings, storage, SystemClock(), lambda _: None)).ladder
                await ladder.store.load()
                assert storage.hold is not None
                say(f"open {monotonic()} {storage.hold.epoch}")
                await write_until_lost(name, ladder, storage)
                await ladder.unit_of_work.drain()
        except WriterPresent:
            await asyncio.sleep(TRY_EVERY_SECONDS)
        except ToprungError as error:
            say(f"trouble {monotonic()} {error}")
            await asyncio.sleep(TRY_EVERY_SECONDS)
        else:
            say(f"over {monotonic()}")
            return


async def write_until_lost(name: str, ladder: Ladder, storage: AnyStorage) -> None:
    """Writes and shows until the hold is lost; says `lost MOMENT`."""
    hold = storage.hold
    assert hold is not None
    tasks = [asyncio.create_task(write(name, ladder, storage)) for _ in range(WRITES_AT_ONCE)]
    tasks.append(asyncio.create_task(show(ladder)))
    try:
        await asyncio.shield(hold.lost)
        say(f"lost {monotonic()}")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def write(name: str, ladder: Ladder, storage: AnyStorage) -> None:
    """Says of each write `ack BEGAN ENDED SEQ NAME`, or the same without the place where it was not acknowledged.

    That is `no` for what was refused, `found` where it had to be looked up that it was not kept, or `unknown`.
    """
    hold = storage.hold
    assert hold is not None
    while True:
        number, epoch, began = next(_numbers), hold.epoch, monotonic()
        player = f"{epoch} {name} {number}"

        def add(tx: Transaction, player: str = player) -> int:
            (added,) = tx.players.add([NewPlayer(name=player, name_key=player)])
            tx.changes.record(PlayerRegistered(player=added))
            return tx.changes.last_seq() + 1

        try:
            seq = await ladder.unit_of_work.run(add)
        except OutcomeUnknown:
            say(f"unknown {began} {monotonic()} {player}")
        except ToprungError as error:
            kind = "found" if str(error) == FOUND_NOT_KEPT else "no"
            say(f"{kind} {began} {monotonic()} {player}")
        else:
            say(f"ack {began} {monotonic()} {seq} {player}")
        await asyncio.sleep(WRITE_EVERY_SECONDS)


async def show(ladder: Ladder) -> None:
    """Says `page MOMENT SEQ` of each page of the board, and `nopage MOMENT` where there is none."""
    while True:
        asked = monotonic()
        try:
            await ladder.leaderboard.version()
            say(f"page {asked} {ladder.store.seq}")
        except ToprungError:
            say(f"nopage {asked}")
        await asyncio.sleep(PAGE_EVERY_SECONDS)


def say(line: str) -> None:
    """Writes a line at once and as a whole."""
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # of what was refused while it was told to stop
    asyncio.run(main(sys.argv[1]))
