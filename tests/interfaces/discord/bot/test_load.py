"""Many open leaderboards, pressed at random while matches finish: every press is answered, once, as Discord wants it.

The program runs in a process of its own, whole, with its site and its database; what plays Discord is in this one, so
that how late the program's event loop is says something of the program.

`python -m tests.interfaces.discord.bot.test_load [BOARDS] [PRESSES] [PRESSES_PER_SECOND]` does the same and says how
long it took: first at that pace, then one on every board at once.
"""

import asyncio
import json
import random
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from tests.interfaces.discord.bot.discord_api import check_request
from tests.interfaces.discord.bot.loopback import LoopbackDiscord
from tests.interfaces.discord.ladder import CATALOG

ROOT: Final = Path(__file__).parents[4]
BOARDS, PRESSES = 20, 100
FIRST_USER = 2**50
ANSWER_SECONDS_MAX: Final = 60.0


@asynccontextmanager
async def program(discord: LoopbackDiscord) -> AsyncIterator[Process]:
    """The program, with its bot ready."""
    with tempfile.TemporaryDirectory(prefix="toprung-load-") as folder:
        async with discord.listening() as port:
            module = ("-m", "tests.interfaces.discord.bot.load_program", str(port), str(Path(folder) / "ladder.db"))
            process = await asyncio.create_subprocess_exec(sys.executable, *module, cwd=ROOT, stdin=PIPE, stdout=PIPE)
            try:
                async with asyncio.timeout(ANSWER_SECONDS_MAX):
                    await discord.until(lambda: 2 in discord.opcodes)
                yield process
            finally:
                assert process.stdin is not None
                process.stdin.close()
                await process.wait()


async def lateness(process: Process) -> dict[str, float]:
    """How late the program's event loop was since this was last asked, in seconds."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"\n")
    late: dict[str, float] = json.loads(await process.stdout.readline())
    return late


async def opened(discord: LoopbackDiscord, boards: int) -> list[str]:
    """So many leaderboards, each somebody's: the keys of their messages."""
    commands = [discord.command(FIRST_USER + number, "leaderboard") for number in range(boards)]
    for command in commands:
        await discord.dispatch("INTERACTION_CREATE", command)
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        await discord.until(lambda: all(command["id"] in discord.messages for command in commands))
    return [command["id"] for command in commands]


async def pressed(
    discord: LoopbackDiscord, boards: Sequence[str], presses: int, per_second: float | None
) -> list[float]:
    """Presses at random, so many a second or all at once; how long each waited for its one answer, in seconds."""
    chance, loop = random.Random(3), asyncio.get_running_loop()
    sent_at: dict[str, float] = {}
    due = loop.time()
    for _ in range(presses):
        board = chance.randrange(len(boards))
        press = random_press(discord, chance, FIRST_USER + board, discord.messages[boards[board]])
        if per_second is not None:
            due, is_time = due + chance.expovariate(per_second), asyncio.Event()
            loop.call_at(due, is_time.set)
            await is_time.wait()
        sent_at[press["id"]] = loop.time()
        await discord.dispatch("INTERACTION_CREATE", press)
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        await discord.until(lambda: sent_at.keys() <= discord.messages.keys())
    answers = [one for one in discord.received if "/callback" in one.path]
    answered = {one.path.split("/")[2]: one.at for one in answers}
    assert len(answers) == len(answered), "something was answered twice"
    return sorted(answered[key] - at for key, at in sent_at.items())


def random_press(discord: LoopbackDiscord, chance: random.Random, user: int, message: Any) -> dict[str, Any]:
    """What somebody does with a leaderboard."""
    kind = chance.choice(("next", "previous", "rank", "best", "clear", "races", "countries_0", "me"))
    values = {
        "races": chance.sample(CATALOG.race_codes, 2),
        "countries_0": chance.sample(CATALOG.common_countries[:25], 3),
    }.get(kind)
    return dict(discord.press(user, message, f"leaderboard:{kind}", values))


async def test_every_press_is_answered_once_and_as_discord_wants_it() -> None:
    discord = LoopbackDiscord(is_checking=False)
    async with program(discord) as process:
        boards = await opened(discord, BOARDS)
        waited = await pressed(discord, boards, PRESSES, None)
        late = await lateness(process)
    assert len(waited) == PRESSES
    assert late["ticks"] > 0
    for one in discord.received:
        check_request(one.method, one.path, one.body)


async def measure(boards: int, presses: int, per_second: float) -> None:
    """Says what it took."""
    discord = LoopbackDiscord(is_checking=False)
    async with program(discord) as process:
        opened_boards = await opened(discord, boards)
        await lateness(process)
        for number, pace in ((presses, per_second), (boards, None)):
            waited = await pressed(discord, opened_boards, number, pace)
            late = await lateness(process)
            said = "all at once" if pace is None else f"{pace:g} a second"
            sys.stdout.write(
                f"{number} presses on {boards} leaderboards, {said}: answered after p50 {waited[number // 2]:.3f} s, "
                f"p99 {waited[int(number * 0.99)]:.3f} s, at most {waited[-1]:.3f} s; "
                f"loop late p99 {late['p99']:.4f} s, at most {late['max']:.4f} s\n"
            )
    for one in discord.received:
        check_request(one.method, one.path, one.body)
    sys.stdout.write(f"{len(discord.received)} requests, each as Discord's description wants it\n")


def main() -> None:
    """Measures."""
    boards, presses, per_second = (float(text) for text in (sys.argv[1:] + ["200", "1000", "100"][len(sys.argv) - 1 :]))
    asyncio.run(measure(int(boards), int(presses), per_second))


if __name__ == "__main__":
    main()
