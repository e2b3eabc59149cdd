"""The client of a running server's intake, against the API itself and a server that is gone."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.interfaces.web.ladder import ADMIN_TOKEN, INTAKE_LIMITS, Ladder
from tests.support.intake import REPLAY_BYTES_MAX, hash_of, replay
from toprung.adapters.admin_client import AdminRefused
from toprung.adapters.intake_client import IntakeClient
from toprung.application.organising.replay_operations import RetryJob
from toprung.application.ports.replays import Died
from toprung.application.replays.replay_service import IntakeLimits
from toprung.application.writing.audit import Attribution
from toprung.domain.errors import Busy, Conflict, InvalidInput, LimitReached, NotFound, StorageUnavailable
from toprung.domain.jobs.job import JobId, JobState
from toprung.domain.matches.match import MatchId
from toprung.domain.replays.replay_upload import UploadState

ADDRESS = "http://127.0.0.1:8123"
CLI = Attribution(actor="cli")


@pytest.fixture
def intake() -> IntakeLimits:
    """The intake's limits; a test that needs others parametrizes them."""
    return INTAKE_LIMITS


@pytest.fixture
def ladder(intake: IntakeLimits) -> Ladder:
    ladder = Ladder(intake=intake)
    ladder.intake.people()
    return ladder


@pytest.fixture
async def client(ladder: Ladder) -> AsyncIterator[IntakeClient]:
    async with IntakeClient(ADDRESS, ADMIN_TOKEN, httpx.ASGITransport(ladder.app)) as it:
        yield it


async def test_it_gives_what_the_intake_itself_gives(ladder: Ladder, client: IntakeClient) -> None:
    name = "a&b=c#d 별.SC2Replay"
    told = await client.submit_replay("Maru", MatchId(1), replay(), name)
    assert (told.upload_id, told.state, told.sha256) == (1, UploadState.RECEIVED, hash_of(replay()))
    assert ladder.intake.upload().file_name == name
    again = await client.submit_replay("Maru", MatchId(1), replay(), None)
    assert again == await ladder.intake.service.submit_replay("Maru", MatchId(1), replay(), None)


async def test_a_dead_letter_is_put_back(ladder: Ladder, client: IntakeClient) -> None:
    ladder.intake.parser.tell(replay(), Died(exit_code=1, signal=None))
    await client.submit_replay("Maru", None, replay(), None)
    with pytest.raises(Conflict, match="only a dead one"):
        await client.perform(RetryJob(job_id=JobId(1), by=CLI))
    await ladder.intake.work_off_with_retries()
    await client.perform(RetryJob(job_id=JobId(1), by=CLI))
    assert ladder.intake.job().state is JobState.READY
    with pytest.raises(NotFound):
        await client.perform(RetryJob(job_id=JobId(2), by=CLI))


async def test_refusals_are_raised_as_they_are_there(ladder: Ladder, client: IntakeClient) -> None:
    with pytest.raises(InvalidInput, match="no replay"):
        await client.submit_replay("Maru", None, b"nothing", None)
    with pytest.raises(InvalidInput, match="at most"):
        await client.submit_replay("Maru", None, b"MPQ\x1b" + bytes(REPLAY_BYTES_MAX), None)
    with pytest.raises(NotFound):
        await client.submit_replay("Nobody", None, replay(), None)


@pytest.mark.parametrize("intake", [IntakeLimits(pending_max=1, player_bytes_per_day_max=100)])
async def test_limits_are_raised_as_they_are_there(client: IntakeClient) -> None:
    await client.submit_replay("Maru", None, replay(1), None)
    with pytest.raises(Busy):
        await client.submit_replay("Serral", None, replay(2), None)
    with pytest.raises(LimitReached):
        await client.submit_replay("Maru", None, replay(2), None)


async def test_a_wrong_token(ladder: Ladder) -> None:
    async with IntakeClient(ADDRESS, "a guess", httpx.ASGITransport(ladder.app)) as client:
        with pytest.raises(AdminRefused):
            await client.submit_replay("Maru", None, replay(), None)


async def test_a_server_that_is_gone() -> None:
    async with IntakeClient("http://127.0.0.1:1", ADMIN_TOKEN) as client:
        with pytest.raises(StorageUnavailable, match="is it still running"):
            await client.submit_replay("Maru", None, replay(), None)
