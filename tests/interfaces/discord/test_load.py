"""Many open leaderboards, pressed at random while matches finish: every press is answered, once.

`python -m tests.interfaces.discord.test_load [BOARDS] [PRESSES]` does the same and says how long it took.
"""

import asyncio
import random
import sys
import time
from typing import Any

from tests.interfaces.discord.ladder import CATALOG, DiscordLadder
from tests.interfaces.discord.loopback import LoopbackDiscord, connected

BOARDS, PRESSES = 40, 200
FIRST_USER = 2**50


async def press_at_random(boards: int, presses: int) -> tuple[list[float], list[float]]:
    """How long each press waited for its answer and by how much the loop was late, in seconds."""
    chance = random.Random(3)
    ladder, discord = DiscordLadder(), LoopbackDiscord(is_checking=False)
    await ladder.fill(2_000)
    ids = sorted(ladder.storage.database.players)
    lags: list[float] = []
    sent_at: dict[str, float] = {}

    async def watch_the_loop() -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, woken = loop.time() + 0.01, asyncio.Event()
            loop.call_at(due, woken.set)
            await woken.wait()
            lags.append(loop.time() - due)

    def random_press(user: int, message: Any) -> dict[str, Any]:
        kind = chance.choice(("next", "previous", "rank", "best", "clear", "races", "countries_0", "me"))
        values = {
            "races": chance.sample(CATALOG.race_codes, 2),
            "countries_0": chance.sample(CATALOG.common_countries[:25], 3),
        }.get(kind)
        return dict(discord.press(user, message, f"leaderboard:{kind}", values))

    async with connected(discord, ladder.new_bot()):
        commands = [discord.command(FIRST_USER + number, "leaderboard") for number in range(boards)]
        for command in commands:
            await discord.dispatch("INTERACTION_CREATE", command)
        await discord.until(lambda: all(command["id"] in discord.messages for command in commands))
        watching = asyncio.create_task(watch_the_loop())
        made: list[dict[str, Any]] = []
        for number in range(presses):
            board = chance.randrange(boards)
            press = random_press(FIRST_USER + board, discord.messages[commands[board]["id"]])
            made.append(press)
            sent_at[press["id"]] = asyncio.get_running_loop().time()
            await discord.dispatch("INTERACTION_CREATE", press)
            if number % 20 == 0:
                await ladder.play(*chance.sample(ids, 2))
            await asyncio.sleep(0)
        await discord.until(lambda: {one["id"] for one in made} <= discord.messages.keys())
        watching.cancel()
    answered = {one.path.split("/")[2]: one.at for one in discord.received if "/callback" in one.path}
    assert len([one for one in discord.received if "/callback" in one.path]) == boards + presses
    return [answered[key] - at for key, at in sent_at.items()], lags


async def test_every_press_is_answered_once() -> None:
    waited, _ = await press_at_random(BOARDS, PRESSES)
    assert len(waited) == PRESSES


def main() -> None:
    """Measures."""
    boards, presses = (int(text) for text in (*sys.argv[1:], "200", "4000")[:2])
    started = time.perf_counter()
    waited, lags = asyncio.run(press_at_random(boards, presses))
    waited.sort()
    lags.sort()
    sys.stdout.write(
        f"{presses} presses on {boards} leaderboards in {time.perf_counter() - started:.1f} s: "
        f"p50 {waited[len(waited) // 2]:.3f} s, p99 {waited[int(len(waited) * 0.99)]:.3f} s, max {waited[-1]:.3f} s; "
        f"loop late p99 {lags[int(len(lags) * 0.99)]:.4f} s, max {lags[-1]:.4f} s\n"
    )


if __name__ == "__main__":
    main()
