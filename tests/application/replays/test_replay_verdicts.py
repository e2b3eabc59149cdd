"""Whoever was promised a verdict is told it: see `replay_verdicts.py` in `application/replays`."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.intake import MemoryIntake, hash_of, replay, until
from toprung.application.ports.intents import StoredIntent
from toprung.application.ports.replays import Refused, TimedOut
from toprung.application.ports.storage import Transaction
from toprung.application.replays.replay_verdicts import (
    KIND,
    SHOWN_WITHIN_SECONDS,
    Judged,
    ReplayVerdicts,
    is_kept_for_good,
    promised_upload,
)
from toprung.domain.jobs.job import JobState
from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.replays.replay_upload import READ, ReplayUpload, UploadId, UploadState

ANN, BOB, MATCH = PlayerId(1), PlayerId(2), MatchId(1)
GAME = replay()
MISFIT = replace(READ, state=UploadState.REJECTED, code="not_verified")

_DOINGS = ("discord", "api", "work", "work", "watch", "send", "send", "note")
_STEPS = (*_DOINGS, "crash", "retry", "unreadable", "misfit", "fits")


class Evening:
    """One replay, its player, and a send queue that only counts what it sends, in two steps, as sending takes time."""

    def __init__(self) -> None:
        self.intake = MemoryIntake().people()
        self.intake.storage.database.players[ANN] = Player(id=ANN, name="Maru", discord_id=7)
        self.verdicts = ReplayVerdicts(unit_of_work=self.intake.unit_of_work, endings=self.intake.endings)
        self.intake.judge.verdict = MISFIT
        self.judged = 0
        """How many verdicts there were; the counters and the promise are of the latest."""
        self.sent: Counter[int] = Counter()
        self.shown: set[int] = set()
        self.crashes = 0
        self.is_promised = False
        self.sending: StoredIntent | None = None

    def upload(self) -> ReplayUpload | None:
        return self.intake.storage.database.replay_uploads.get(UploadId(1))

    async def step(self, name: str) -> None:
        """One of `_STEPS`."""
        match name:
            case "discord" | "api":
                await self.intake.replays.submit(ANN, MATCH, GAME, by_discord=name == "discord")
                upload = self.upload()
                if name == "discord" and upload is not None and upload.state is UploadState.RECEIVED:
                    self.is_promised = True
            case "work":
                before = self.upload()
                await self.intake.work_off_with_retries()
                if before is not None and before.state is UploadState.RECEIVED:
                    self.judged += 1
            case "watch":
                if self.upload() is not None:
                    await self.watch()
            case "send":
                await self.send()
            case "note" if self.sending is not None:
                stored, self.sending = self.sending, None
                await self.intake.unit_of_work.run(lambda tx: self.note(tx, stored))
            case "crash" if self.sending is not None:
                self.sending, self.crashes = None, self.crashes + 1
            case "retry" if [job.state for job in self.intake.all_jobs[-1:]] == [JobState.DEAD]:
                await self.intake.queue.retry(self.intake.all_jobs[-1].id)
            case "unreadable":
                self.intake.parser.tell(GAME, TimedOut(seconds_max=2.5))
            case "misfit" | "fits":
                self.intake.parser.outcomes.clear()
                self.intake.judge.verdict = MISFIT if name == "misfit" else READ

    async def watch(self) -> None:
        """The player looks at the answer."""
        judged = await self.verdicts.wait(UploadId(1), hash_of(GAME), seconds_max=0)
        if judged is not None:
            await self.verdicts.shown(judged)
            self.shown.add(self.judged)
            self.told(judged.upload)

    async def send(self) -> None:
        """Sends what is due, as `VerdictDeliverer` does."""
        if self.sending is not None:
            return
        self.intake.clock.advance(seconds=SHOWN_WITHIN_SECONDS)
        now_us = self.intake.clock.now_us()
        due: Sequence[StoredIntent] = await self.intake.storage.read(lambda tx: tx.intents.due(now_us=now_us, limit=9))
        for stored in due:
            assert (stored.intent.kind, promised_upload(stored), stored.intent.recipient) == (KIND, 1, 7)
            upload = self.upload()
            assert upload is not None
            if upload.state is not UploadState.RECEIVED:
                self.sent[self.judged] += 1
                assert self.judged not in self.shown
                assert self.sent[self.judged] <= 1 + self.crashes
                self.told(upload)
            self.sending = stored

    def told(self, upload: ReplayUpload) -> None:
        if upload.state is not UploadState.DEAD:
            self.is_promised = False

    def note(self, tx: Transaction, stored: StoredIntent) -> None:
        upload = tx.replays.upload(UploadId(1))
        assert upload is not None
        if is_kept_for_good(upload):
            tx.intents.remove(stored.id, revision=stored.revision)
        else:
            tx.intents.delivered(stored.id, revision=stored.revision, message=None)

    async def end(self) -> None:
        """Lets everything come to rest; then whoever was promised the last verdict was told it."""
        was_promised = self.is_promised
        for name in ("note", "work", "send", "note"):
            await self.step(name)
        if was_promised:
            assert self.judged in self.shown or self.sent[self.judged]
            sent = self.sent.total()
            await self.step("send")
            assert (self.sending, self.sent.total()) == (None, sent)


@given(st.lists(st.sampled_from(_STEPS), max_size=30))
@example(["discord", "work", "send", "discord", "work", "note"])  # handed in anew while the message is on its way
@example(["unreadable", "discord", "work", "watch", "send", "fits", "retry"])
@example(["unreadable", "discord", "work", "send", "note", "fits", "retry"])
@example(["discord", "work", "send", "crash", "send", "note"])
def test_whoever_was_promised_a_verdict_is_told_the_last_one_and_each_once(steps: list[str]) -> None:
    async def lived() -> None:
        evening = Evening()
        for name in steps:
            await evening.step(name)
        await evening.end()

    asyncio.run(lived())


async def test_a_verdict_that_is_known_at_the_receipt_is_promised_as_well() -> None:
    evening = Evening()
    refused = Refused(code="damaged", sentence="The file is damaged.")
    evening.intake.parser.tell(GAME, refused)
    await evening.intake.replays.submit(BOB, MATCH, GAME)
    await evening.intake.work_off()
    receipt = await evening.intake.replays.submit(ANN, MATCH, GAME, by_discord=True)
    assert receipt.upload.state is UploadState.REJECTED
    due_us = evening.intake.clock.advance(seconds=SHOWN_WITHIN_SECONDS)
    (stored,) = await evening.intake.storage.read(lambda tx: tx.intents.due(now_us=due_us, limit=9))
    assert promised_upload(stored) == receipt.upload.id
    judged = await evening.verdicts.wait(receipt.upload.id, hash_of(GAME), seconds_max=0)
    assert judged is not None
    await evening.verdicts.shown(judged)
    assert not evening.intake.storage.database.intents


async def test_who_waits_hears_of_the_end_at_once_and_is_not_listed_afterwards() -> None:
    evening = Evening()
    await evening.step("discord")
    waiting = asyncio.ensure_future(evening.verdicts.wait(UploadId(1), hash_of(GAME), seconds_max=3_600))
    await until(lambda: bool(evening.intake.endings._listening))
    evening.intake.endings.announce(replace(evening.intake.job(), payload="another file"))
    evening.intake.endings.announce(evening.intake.job())  # an attempt that came to nothing
    await evening.intake.work_off()
    judged = await waiting
    assert isinstance(judged, Judged)
    assert judged.upload.state is UploadState.REJECTED
    assert not evening.intake.endings._listening
