"""Starting, asking and killing victims, and looking at what they leave behind."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from benchmarks.machine import ROOT
from chaos.databases import run_on_postgres
from chaos.workload import START_US, Findings, Request, inspect, register_players
from toprung.adapters.clock import FixedClock
from toprung.adapters.storage.postgres.postgres_lock import WRITER_LOCK
from toprung.bootstrap.wiring import opened_storage, wire
from toprung.settings import load_settings

ANSWER_SECONDS_MAX: Final = 60


class Victim:
    """A process that is going to be killed."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def started(cls, variant: str, environment: Mapping[str, str] | None = None) -> "Victim":
        """One that waits for a database; until then it only reads the program in, so it is started beforehand."""
        command = (sys.executable, "-m", "chaos.victim", variant)
        return cls(await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, stdin=PIPE, stdout=PIPE))

    async def open(self, address: str) -> None:
        """Returns when the ladder serves."""
        self._send(address)
        line = await self.line()
        if line != "ready":
            raise RuntimeError(f"the victim did not start: {line!r}")

    def ask(self, number: int, request: Request) -> None:
        """Sends a request, to be answered with its number."""
        self._send(json.dumps({"number": number, **request.as_line()}))

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())

    async def line(self) -> str | None:
        """The next whole line that it says; None when it is dead and all that it said was read."""
        assert self._process.stdout is not None
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            line = await self._process.stdout.readline()
        return line.decode().rstrip("\n") if line.endswith(b"\n") else None

    async def end(self) -> None:
        """Lets it finish and close its database."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()

    async def kill(self, after_seconds: float = 0) -> None:
        """kill -9."""
        await asyncio.sleep(after_seconds)
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


async def begin(address: str) -> None:
    """Makes a ladder with its players."""
    settings = load_settings(database=address, inactivity_days="off")
    async with opened_storage(settings, write=True) as storage:
        await register_players((await wire(settings, storage, FixedClock(START_US), lambda _: None)).ladder)


async def inspected(address: str, acknowledged: set[Request]) -> Findings:
    """What is wrong with the ladder, seen by a reader of its own."""
    settings = load_settings(database=address, inactivity_days="off")
    async with opened_storage(settings, write=False) as storage:
        ladder = (await wire(settings, storage, FixedClock(START_US), lambda _: None)).ladder
        return await inspect(ladder, acknowledged)


async def until_writable(address: str) -> None:
    """A file's lock ends with its process; PostgreSQL needs a moment to notice, and says when it has."""
    if address.startswith("postgresql"):
        await run_on_postgres(address, "set lock_timeout = '60s'", f"select pg_advisory_lock({WRITER_LOCK})")
