"""What becomes of uploads when the server is killed.

Players of begun matches upload replays, some at a time, some of them the same file twice, some that contradict each
other, some poison; at a random instant the whole server is killed with SIGKILL, and started again on the same database.
Who was not answered uploads again. In the end every upload that was acknowledged has to be verified, rejected with a
reason, or in the dead letters; each match was rated once at most, and the ladder adds up.
"""

import asyncio
import contextlib
import random
import secrets
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Final, cast

import httpx
from sqlalchemy import text

from chaos.experiment import Plan, Results
from chaos.upload_files import MAP, RACES, UPLOADS_PER_MATCH, BegunMatch, uploads_of
from toprung.adapters.clock import SystemClock
from toprung.adapters.replays.replay_archive import ReplayFolder
from toprung.adapters.storage.postgres.postgres_lock import WRITER_LOCK
from toprung.adapters.storage.transaction import SqlTransaction
from toprung.application.ports.storage import Transaction
from toprung.bootstrap.wiring import opened_storage, wire
from toprung.domain.jobs.job import DEATHS_MAX, JobState
from toprung.domain.matches.match import Match, MatchResult, MatchState, Participant
from toprung.domain.matches.match_life import Step
from toprung.domain.replays.replay_upload import UploadId, UploadState
from toprung.settings import load_settings

ROOT: Final = Path(__file__).parents[1]
UPLOADS: Final = 300
AT_A_TIME: Final = 4
UPLOADS_PER_LIFE_MAX: Final = 20
KILL_AFTER_SECONDS_MAX: Final = 0.1
"""How long after the upload by which it is chosen a server lives at most."""

DRAIN_SECONDS_MAX: Final = 90.0


@dataclass
class Ordeal:
    """What was acknowledged so far, by upload number, and what it took."""

    matches: list[BegunMatch]
    chance: random.Random
    acknowledged: dict[int, UploadId] = field(default_factory=dict)
    kills: int = 0
    kills_in_flight: int = 0
    seconds_to_serve: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.planned = [upload for match in self.matches for upload in uploads_of(match, self.chance)]

    def missing(self) -> list[int]:
        """The uploads that are not acknowledged."""
        return [number for number in range(len(self.planned)) if number not in self.acknowledged]


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
        it = Ordeal(await _begun_matches(url, -(-uploads // UPLOADS_PER_MATCH)), chance)
        while it.missing():
            await _one_life(url, it)
            told(f"{len(it.acknowledged)} of {len(it.planned)} acknowledged, {it.kills} kills")
        await _until_free(url)
        victim = await Victim.started(url)
        drained_seconds = await _drained(victim)
        exit_code = await victim.stop()
        found = await _inspected(url, it)
    return {
        "uploads": len(it.planned),
        "matches": len(it.matches),
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
    matches = ", ".join(f"{number} {state}" for state, number in found["match_states"].items())
    deaths, stuck, lost = found["deaths_max"], found["stuck_jobs"], found["bytes_lost"]
    faults = found["lost"] + found["unfinished"] + found["with_another_end_than_their_file"]
    return [
        {
            "promise": "Every acknowledged upload ends verified, rejected with a reason, or in the dead letters.",
            "measured": f"{len(it.planned)} acknowledged through {it.kills} kills: {ends}; {faults} otherwise",
            "held": faults == 0 and it.kills > 0 and exit_code == 0 and not found["without_a_reason"],
        },
        {
            "promise": "Each match is rated once at most, as its players' replays say, and the ladder adds up.",
            "measured": f"{len(it.matches)} matches: {matches}; {found['rated_twice']} rated twice, "
            f"{found['with_another_result']} with another result, {found['differences']} differences from the log",
            "held": found["rated_twice"] == found["with_another_result"] == found["differences"] == 0,
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
            upload = it.planned[number]
            asked = {"as": upload.player, "match": str(upload.match_id)}
            response = await client.post("/replays", params=asked, content=upload.data)
        except httpx.HTTPError:
            return  # killed: whether it was taken in is not known, and it is uploaded again
        if response.status_code != 200:
            raise RuntimeError(f"an upload was refused: {response.text}")
        it.acknowledged[number] = UploadId(int(response.json()["upload_id"]))
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
        for number, upload_id in it.acknowledged.items():
            upload = tx.replays.upload(upload_id)
            if upload is None:
                found["lost"] += 1
                continue
            ends[upload.state.value] += 1
            found["unfinished"] += upload.state is UploadState.RECEIVED
            found["without_a_reason"] += upload.verdict is None
            found["with_another_end_than_their_file"] += upload.state is not it.planned[number].end
        query = text("select match_id, count(*) from rating_journal group by match_id")
        connection = cast("SqlTransaction", tx).connection
        rows = {row[0]: int(row[1]) for row in connection.execute(query)}
        stored = {one.id: match for one in it.matches if (match := tx.matches.get(one.id)) is not None}
        jobs = tx.lookups.jobs(10_000)
        return {
            "ends": dict(ends),
            **{
                name: found[name]
                for name in ("lost", "unfinished", "without_a_reason", "with_another_end_than_their_file")
            },
            "match_states": dict(Counter(match.state.value for match in stored.values())),
            "rated_twice": sum(number > 2 for number in rows.values()),
            "with_another_result": sum(not _is_right(one, stored[one.id], rows.get(one.id, 0)) for one in it.matches),
            "jobs": dict(Counter(job.state.value for job in jobs)),
            "jobs_interrupted": sum(job.interruptions > 0 for job in jobs),
            "stuck_jobs": sum(job.state in {JobState.READY, JobState.LEASED} for job in jobs),
            "dead_for": dict(Counter(job.last_error for job in jobs if job.state is JobState.DEAD)),
            "deaths_max": max((job.deaths for job in jobs), default=0),
            "hashes": sorted({job.payload for job in jobs}),
        }

    settings = load_settings(database=url)
    async with opened_storage(settings, write=False) as storage:
        results: Results = await storage.read(look)
        ladder = (await wire(settings, storage, SystemClock(), lambda _: None)).ladder
        await ladder.store.load()
        results["differences"] = len(await ladder.verification.verify(lambda _done, _total: None))
    archive = ReplayFolder(settings.replay_archive)
    kept = [await archive.get(sha256) for sha256 in results.pop("hashes")]
    results["bytes_lost"] = sum(data is None for data in kept)
    return results


def _is_right(begun: BegunMatch, match: Match, journal_rows: int) -> bool:
    """Whether the match ended as its players' replays say: where one lost and said so, the other one won."""
    if match.state is MatchState.COMPLETED:
        return match.result is MatchResult.SIDE_1_WON and journal_rows == 2
    return begun.is_disputed and match.state is MatchState.CONFLICT and journal_rows == 0


async def _begun_matches(url: str, count: int) -> list[BegunMatch]:
    """So many matches that have begun, each of two players of its own."""
    settings = load_settings(database=url)
    begun = []
    async with opened_storage(settings, write=True) as storage:
        ladder = (await wire(settings, storage, SystemClock(), lambda _: None)).ladder
        for number in range(count):
            players = [await ladder.players.register(f"{role}{number}") for role in ("winner", "loser")]
            first, second = (
                Participant(player_id=player.id, race=race) for player, race in zip(players, RACES, strict=True)
            )
            match = await ladder.lifecycle.open(first, second, map_name=MAP)
            for player in players:
                match = await ladder.lifecycle.act(match.id, player.id, Step.CONFIRM)
            winner, loser = (player.name for player in players)
            begun.append(BegunMatch(id=match.id, winner=winner, loser=loser, started_at_us=match.started_at_us or 0))
    return begun


async def _until_free(url: str) -> None:
    """A file's lock ends with its process; PostgreSQL needs a moment to notice, and says when it has."""
    if url.startswith("postgresql"):
        import asyncpg

        connection = await asyncpg.connect(url)
        try:
            await connection.execute("set lock_timeout = '60s'")
            await connection.execute(f"select pg_advisory_lock({WRITER_LOCK})")
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
