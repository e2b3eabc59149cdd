"""What becomes of uploads when the server is killed: `python -m chaos.uploads --database sqlite`.

Players upload replays, some at a time, some of them the same file twice; at a random instant the whole server is killed
with SIGKILL, and started again on the same database. Who was not answered uploads again. In the end every upload that
was acknowledged has to be read, rejected with a reason, or in the dead letters; what was judged was judged once.
"""

import argparse
import asyncio
import contextlib
import json
import random
import secrets
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Final, Protocol, cast

import httpx
from sqlalchemy import text

from chaos.upload_files import file_of, kind_of
from chaos.upload_victim import JUDGED
from tests.databases import _started_server
from toprung.adapters.clock import SystemClock
from toprung.adapters.replay_archive import ReplayFolder
from toprung.adapters.storage import postgres
from toprung.adapters.storage.transaction import SqlTransaction
from toprung.application.ports import Transaction
from toprung.bootstrap.wiring import opened_storage, wire
from toprung.domain.job import DEATHS_MAX, JobState
from toprung.domain.replay_upload import UploadId, UploadState
from toprung.settings import load_settings

Results = dict[str, Any]

ROOT: Final = Path(__file__).parents[1]
UPLOADS: Final = 300
PLAYERS: Final = 8
AT_A_TIME: Final = 4
UPLOADS_PER_LIFE_MAX: Final = 20
KILL_AFTER_SECONDS_MAX: Final = 0.1
"""How long after the upload by which it is chosen a server lives at most."""

DRAIN_SECONDS_MAX: Final = 90.0
ENDS: Final = {
    "read": {UploadState.READ},
    "refused": {UploadState.REJECTED},
    "kills": {UploadState.DEAD},
    "hangs": {UploadState.DEAD},
}


class Plan(Protocol):
    """What the experiment is given."""

    @property
    def database(self) -> str:
        """The kind of database."""
        ...

    @property
    def new_database(self) -> Callable[[], AbstractAsyncContextManager[str]]:
        """Gives the address of an empty database."""
        ...

    @property
    def told(self) -> Callable[[str], None]:
        """Shows a line of progress."""
        ...

    def times(self, wanted: float) -> int:
        """How often to do what a full run does so often."""
        ...

    def chance(self, purpose: str) -> random.Random:
        """Chance for one purpose."""
        ...


@dataclass
class Ordeal:
    """What was acknowledged so far, by upload number, and what it took."""

    uploads: int
    chance: random.Random
    acknowledged: dict[int, tuple[UploadId, bytes]] = field(default_factory=dict)
    kills: int = 0
    kills_in_flight: int = 0
    seconds_to_serve: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.files = [file_of(number, self.chance) for number in range(self.uploads)]
        for number in range(9, self.uploads, 10):  # the same bytes from somebody else
            self.files[number] = self.files[number - 9]

    def missing(self) -> list[int]:
        """The uploads that are not acknowledged."""
        return [number for number in range(self.uploads) if number not in self.acknowledged]


class Victim:
    """The server, and what it said of its address."""

    def __init__(self, process: Process, address: str, token: str) -> None:
        self.process = process
        self.address = address
        self.headers = {"Authorization": f"Bearer {token}"}

    @classmethod
    async def started(cls, url: str) -> "Victim":
        """One that answers."""
        token = secrets.token_urlsafe(16)
        command = (sys.executable, "-m", "chaos.upload_victim", url, token)
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE, stderr=DEVNULL)
        assert process.stdout is not None
        address = (await process.stdout.readline()).decode().strip()
        if not address:
            raise RuntimeError("the server did not start")
        return cls(process, address, token)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """Somebody who asks it."""
        async with httpx.AsyncClient(
            base_url=f"{self.address}/api/v1/admin", headers=self.headers, timeout=60, trust_env=False
        ) as client:
            yield client

    async def kill(self) -> None:
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await self.process.wait()


def run(plan: Plan) -> Results:
    """The experiment on one kind of database."""
    return asyncio.run(_run(plan))


async def _run(plan: Plan) -> Results:
    with tempfile.TemporaryDirectory(prefix="toprung-uploads-") as folder:
        async with plan.new_database() as url:
            return await ordeal(url, Path(folder), plan.times(UPLOADS), plan.chance("uploads"), plan.told)


async def ordeal(url: str, folder: Path, uploads: int, chance: random.Random, told: Callable[[str], None]) -> Results:
    """Uploads, kills, and what is found in the end."""
    started = perf_counter()
    with contextlib.ExitStack() as environment:
        environment.enter_context(_variable("TOPRUNG_REPLAY_FOLDER", str(folder)))
        await _register_players(url)
        it = Ordeal(uploads, chance)
        while it.missing():
            await _one_life(url, it)
            told(f"{len(it.acknowledged)} of {uploads} acknowledged, {it.kills} kills")
        await _until_free(url)
        victim = await Victim.started(url)
        drained_seconds = await _drained(victim)
        exit_code = await victim.stop()
        found = await _inspected(url, it)
    return {
        "uploads": uploads,
        "kills": it.kills,
        "kills_while_uploads_were_in_flight": it.kills_in_flight,
        "drained_seconds": round(drained_seconds, 2),
        "exit_code_of_the_last": exit_code,
        **found,
        "seconds": round(perf_counter() - started, 1),
        "claims": _claims(found, it, exit_code),
    }


def _claims(found: Results, it: Ordeal, exit_code: int) -> list[Results]:
    ends = ", ".join(f"{number} {state}" for state, number in found["ends"].items())
    deaths, stuck, lost = found["deaths_max"], found["stuck_jobs"], found["bytes_lost"]
    faults = found["lost"] + found["unfinished"] + found["with_another_end_than_their_file"]
    return [
        {
            "promise": "Every acknowledged upload ends read, rejected with a reason, or in the dead letters.",
            "measured": f"{it.uploads} acknowledged through {it.kills} kills: {ends}; {faults} otherwise",
            "held": faults == 0 and it.kills > 0 and exit_code == 0 and not found["without_a_reason"],
        },
        {
            "promise": "Every job is done once.",
            "measured": f"{found['judged']} judgements, {found['judged_twice']} of an upload that had one",
            "held": found["judged_twice"] == 0 and found["judged"] == found["ends"].get("read", 0),
        },
        {
            "promise": "No job is stuck, no file lost, and no file kills more than three workers.",
            "measured": f"{stuck} stuck, {lost} lost, at most {deaths} deaths of one",
            "held": stuck == lost == 0 and deaths <= DEATHS_MAX,
        },
    ]


async def _one_life(url: str, it: Ordeal) -> None:
    """A server from its start to its sudden end."""
    begun = perf_counter()
    await _until_free(url)
    victim = await Victim.started(url)
    it.seconds_to_serve.append(perf_counter() - begun)
    waiting = it.missing()
    it.chance.shuffle(waiting)
    last = it.chance.randrange(min(UPLOADS_PER_LIFE_MAX, len(waiting)) + 1)
    is_time = asyncio.Event()
    async with victim.client() as client:
        enough = len(it.acknowledged) + last
        uploaders = [asyncio.create_task(_upload(client, it, waiting, enough, is_time)) for _ in range(AT_A_TIME)]
        if last:
            await is_time.wait()
        await asyncio.sleep(it.chance.random() * KILL_AFTER_SECONDS_MAX)
        it.kills_in_flight += any(not task.done() for task in uploaders)
        await victim.kill()
        it.kills += 1
        await asyncio.gather(*uploaders)


async def _upload(
    client: httpx.AsyncClient, it: Ordeal, waiting: list[int], enough: int, is_time: asyncio.Event
) -> None:
    while waiting:
        number = waiting.pop()
        try:
            response = await client.post(f"/replays?as=player{number % PLAYERS}", content=it.files[number])
        except httpx.HTTPError:
            return  # killed: whether it was taken in is not known, and it is uploaded again
        if response.status_code != 200:
            raise RuntimeError(f"an upload was refused: {response.text}")
        it.acknowledged[number] = (UploadId(int(response.json()["upload_id"])), it.files[number])
        if len(it.acknowledged) >= enough:
            is_time.set()


async def _drained(victim: Victim) -> float:
    """How long it takes until nothing waits any more."""
    started = perf_counter()
    async with victim.client() as client, asyncio.timeout(DRAIN_SECONDS_MAX):
        while True:
            stats = (await client.get("/jobs/stats")).json()
            if not stats["ready"] + stats["leased"]:
                return perf_counter() - started
            await asyncio.sleep(0.05)


async def _inspected(url: str, it: Ordeal) -> Results:
    def look(tx: Transaction) -> Results:
        ends: Counter[str] = Counter()
        found: Counter[str] = Counter()
        for upload_id, data in it.acknowledged.values():
            upload = tx.replays.upload(upload_id)
            if upload is None:
                found["lost"] += 1
                continue
            ends[upload.state.value] += 1
            found["unfinished"] += upload.state is UploadState.RECEIVED
            found["without_a_reason"] += upload.verdict is None
            found["with_another_end_than_their_file"] += upload.state not in ENDS[kind_of(data)]
        query = text("select subject, count(*) from audit where action = :action group by subject")
        connection = cast("SqlTransaction", tx)._connection
        judged = {row[0]: int(row[1]) for row in connection.execute(query, {"action": JUDGED})}
        jobs = tx.jobs.latest(10_000)
        return {
            "ends": dict(ends),
            **{
                name: found[name]
                for name in ("lost", "unfinished", "without_a_reason", "with_another_end_than_their_file")
            },
            "judged": sum(judged.values()),
            "judged_twice": sum(times > 1 for times in judged.values()),
            "jobs": dict(Counter(job.state.value for job in jobs)),
            "jobs_interrupted": sum(job.interruptions > 0 for job in jobs),
            "stuck_jobs": sum(job.state in {JobState.READY, JobState.LEASED} for job in jobs),
            "deaths_max": max((job.deaths for job in jobs), default=0),
            "hashes": sorted({job.payload for job in jobs}),
        }

    settings = load_settings(database=url)
    async with opened_storage(settings, write=False) as storage:
        results: Results = await storage.read(look)
    archive = ReplayFolder(settings.replay_archive)
    kept = [await archive.get(sha256) for sha256 in results.pop("hashes")]
    results["bytes_lost"] = sum(data is None for data in kept)
    return results


async def _register_players(url: str) -> None:
    settings = load_settings(database=url)
    async with opened_storage(settings, write=True) as storage:
        ladder = await wire(settings, storage, SystemClock(), lambda _: None)
        for number in range(PLAYERS):
            await ladder.players.register(f"player{number}")


async def _until_free(url: str) -> None:
    """A file's lock ends with its process; PostgreSQL needs a moment to notice, and says when it has."""
    if url.startswith("postgresql"):
        import asyncpg

        connection = await asyncpg.connect(url)
        try:
            await connection.execute("set lock_timeout = '60s'")
            await connection.execute(f"select pg_advisory_lock({postgres.WRITER_LOCK})")
        finally:
            await connection.close()


@contextlib.contextmanager
def _variable(name: str, value: str) -> Any:
    import os

    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@dataclass(frozen=True)
class _Alone:
    """A plan for this experiment alone."""

    database: str
    effort: float
    seed: int

    @property
    def told(self) -> Callable[[str], None]:
        return lambda line: print(line, file=sys.stderr, flush=True)

    @property
    def new_database(self) -> Callable[[], AbstractAsyncContextManager[str]]:
        return lambda: _new_database(self.database)

    def times(self, wanted: float) -> int:
        return max(1, round(wanted * self.effort))

    def chance(self, purpose: str) -> random.Random:
        return random.Random(f"{self.seed} {purpose}")


@asynccontextmanager
async def _new_database(kind: str) -> AsyncIterator[str]:
    """An empty database. The PostgreSQL server belongs to this process and not to those that are killed."""
    with tempfile.TemporaryDirectory(prefix="toprung-pg-") as folder:
        if kind == "sqlite":
            yield f"sqlite:///{folder}/ladder.db"
            return
        with _variable("XDG_RUNTIME_DIR", folder):
            server = _started_server(Path(folder) / "data")
        try:
            server.psql("create database uploads;")
            yield server.get_uri("uploads")
        finally:
            server.cleanup()


def main() -> None:
    """Runs it alone and prints what was found; ends with 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m chaos.uploads", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "postgres"), default="sqlite")
    parser.add_argument("--effort", type=float, default=1.0, help=f"a share of the {UPLOADS} uploads")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    kind = "sqlite" if arguments.database == "sqlite" else "postgresql"
    results = run(_Alone(kind, arguments.effort, arguments.seed))
    print(json.dumps(results, indent=1))
    sys.exit(0 if all(claim["held"] for claim in results["claims"]) else 1)


if __name__ == "__main__":
    main()
