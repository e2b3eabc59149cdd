"""Promises of verdicts, on every storage: stored with the upload, due with the verdict, gone once they are kept."""

import pytest

from tests.contracts.players.test_accounts import player_of
from tests.support.intake import MemoryIntake, hash_of, replay
from toprung.application.ports.intents import StoredIntent
from toprung.application.ports.replays import TimedOut
from toprung.application.ports.storage import Storage
from toprung.application.replays.replay_verdicts import SHOWN_WITHIN_SECONDS, ReplayVerdicts, promised_upload
from toprung.domain.errors import StorageUnavailable
from toprung.domain.replays.replay_upload import UploadState

pytest_plugins = ("tests.support.databases",)

GAME = replay()


class Post:
    """An intake on a storage, and what is to be sent."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.intake = MemoryIntake(storage=storage)
        self.verdicts = ReplayVerdicts(unit_of_work=self.intake.unit_of_work, endings=self.intake.endings)

    async def due(self, *, seconds: int = SHOWN_WITHIN_SECONDS) -> list[StoredIntent]:
        """What is due after so long."""
        now_us = self.intake.clock.advance(seconds=seconds)
        return await self.storage.read(lambda tx: tx.intents.due(now_us=now_us, limit=9))


@pytest.fixture
def post(storage: Storage) -> Post:
    return Post(storage)


async def test_a_promise_is_due_with_the_verdict_and_not_before(post: Post) -> None:
    player = await player_of(post.storage, "Maru", 7)
    receipt = await post.intake.replays.submit(player.id, None, GAME, by_discord=True)
    assert await post.due(seconds=10**6) == []
    assert await post.storage.read(lambda tx: tx.intents.waiting()) == 0
    await post.intake.work_off()
    assert await post.due(seconds=SHOWN_WITHIN_SECONDS - 1) == []
    (stored,) = await post.due(seconds=1)
    assert (promised_upload(stored), stored.intent.recipient) == (receipt.upload.id, 7)
    judged = await post.verdicts.wait(receipt.upload.id, hash_of(GAME), seconds_max=0)
    assert judged is not None
    assert (judged.upload.state, judged.promise) == (UploadState.READ, stored)
    await post.verdicts.shown(judged)
    assert await post.due() == []
    assert await post.storage.read(lambda tx: tx.intents.find(stored.intent.key)) is None


async def test_a_promise_outlives_being_given_up_and_is_due_with_the_next_verdict(post: Post) -> None:
    player = await player_of(post.storage, "Maru", 7)
    post.intake.parser.tell(GAME, TimedOut(seconds_max=2.5))
    receipt = await post.intake.replays.submit(player.id, None, GAME, by_discord=True)
    jobs = await post.intake.work_off_with_retries()
    (dead,) = await post.due()
    await post.storage.write(lambda tx: tx.intents.delivered(dead.id, revision=dead.revision, message=None))
    await post.intake.queue.retry(jobs[-1].id)
    assert await post.due() == []
    post.intake.parser.outcomes.clear()
    await post.intake.work_off()
    (again,) = await post.due()
    assert again.revision > dead.revision
    assert promised_upload(again) == receipt.upload.id


async def test_a_verdict_that_is_not_kept_is_not_to_be_told(post: Post) -> None:
    player = await player_of(post.storage, "Maru", 7)
    await post.intake.replays.submit(player.id, None, GAME, by_discord=True)
    (job,) = await post.intake.queue.claim(1, workers=1)
    post.intake.judge.failures = 1
    with pytest.raises((RuntimeError, StorageUnavailable)):
        await post.intake.queue.end(job, await post.intake.handler.handle(job))
    assert await post.due() == []


async def test_who_has_no_discord_account_is_promised_nothing(post: Post) -> None:
    player = await player_of(post.storage, "Maru")
    await post.intake.replays.submit(player.id, None, GAME, by_discord=True)
    await post.intake.work_off()
    assert await post.due() == []
