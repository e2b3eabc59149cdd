"""A process that does nothing but notice how late it is woken: what the machine does to an event loop by itself.

Run as `python -m chaos.idle`. It says "ready", ticks until its standard input ends, and says the longest delay in
milliseconds.
"""

import asyncio
import sys
from time import perf_counter
from typing import Final

TICK_SECONDS: Final = 0.005


async def longest_delay_ms(over: asyncio.Event) -> float:
    """How much later than asked a timer came at worst, until it is over."""
    longest = 0.0
    while not over.is_set():
        started = perf_counter()
        await asyncio.sleep(TICK_SECONDS)
        longest = max(longest, (perf_counter() - started - TICK_SECONDS) * 1000)
    return longest


async def main() -> None:
    """Ticks until the input ends."""
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), over.set)
    print("ready", flush=True)
    print(await longest_delay_ms(over))


if __name__ == "__main__":
    asyncio.run(main())
