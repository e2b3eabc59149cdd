"""Telling players the verdict on what they handed in: a promise that is a row, and kept once.

The transaction that takes an upload in stores the promise, with nothing to say yet. The one that judges the upload
wants the verdict said, a little later: meanwhile whoever still looks at the answer to the command sees it there, and
then nothing is left to be sent. A promise goes when it is kept, unless the upload can be judged anew without being
handed in again; then it stays, and the next verdict is said as well.
"""

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from toprung.application.jobs.job_endings import JobEndings
from toprung.application.ports.intents import Intent, Priority, StoredIntent
from toprung.application.ports.storage import Transaction
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import NotFound
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.replays.replay_upload import ReplayUpload, UploadId, UploadState

KIND: Final = "replay_verdict"
SHOWN_WITHIN_SECONDS: Final = 10
"""How long a verdict is left to whoever watches the answer to the command, before it is sent."""

_MAY_BE_JUDGED_ANEW: Final = (UploadState.RECEIVED, UploadState.DEAD)
_UPLOAD: Final = "upload"
_VERDICTS: Final = "verdicts"
"""The parameter that counts the verdicts since the upload was handed in, so that each of them is said."""


def promised_upload(stored: StoredIntent) -> UploadId:
    """Which upload an intent of this kind is about."""
    return UploadId(int(stored.intent.parameters[_UPLOAD]))


def is_kept_for_good(upload: ReplayUpload) -> bool:
    """Whether no further verdict can follow unless the upload is handed in again."""
    return upload.state not in _MAY_BE_JUDGED_ANEW


def promise_verdict(tx: Transaction, upload: ReplayUpload, now_us: int) -> None:
    """Promises the verdict to the upload's player, unless that player has no Discord account by now."""
    player = tx.players.get(upload.player_id)
    if player is None or player.discord_id is None:
        return
    intent = Intent(
        key=_key(upload.id),
        kind=KIND,
        recipient=player.discord_id,
        is_direct=True,
        priority=Priority.MATCH,
        parameters={_UPLOAD: str(upload.id), _VERDICTS: "0"},
    )
    tx.intents.want([intent], now_us=now_us)
    stored = tx.intents.find(intent.key)
    if stored is not None:  # that there is no verdict yet is said by the receipt
        tx.intents.delivered(stored.id, revision=stored.revision, message=None)


def tell_verdict(tx: Transaction, upload: ReplayUpload, now_us: int) -> None:
    """Wants the verdict on an upload said, where it was promised. Called where the verdict is stored."""
    promise = tx.intents.find(_key(upload.id))
    if promise is None:
        return
    said = promise.intent.parameters
    counted = {**said, _VERDICTS: str(int(said[_VERDICTS]) + 1)}
    due_us = now_us + SHOWN_WITHIN_SECONDS * MICROSECONDS_PER_SECOND
    tx.intents.want([replace(promise.intent, parameters=counted)], now_us=due_us)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An upload with its verdict, and the promise of it as it was then, if it was promised and not kept before."""

    upload: ReplayUpload
    promise: StoredIntent | None


class ReplayVerdicts:
    """Waiting for a verdict, and keeping the promise of it by showing it."""

    def __init__(self, *, unit_of_work: UnitOfWork, endings: JobEndings) -> None:
        self._unit_of_work = unit_of_work
        self._endings = endings

    async def wait(self, upload_id: UploadId, sha256: str, *, seconds_max: float) -> Judged | None:
        """The upload of this file once it is judged; None if that takes longer. Raises `NotFound`."""

        def look(tx: Transaction) -> Judged:
            upload = tx.replays.upload(upload_id)
            if upload is None:
                raise NotFound("There is no upload {upload}.", "upload", upload=str(upload_id))
            return Judged(upload=upload, promise=tx.intents.find(_key(upload_id)))

        until = asyncio.get_running_loop().time() + seconds_max
        with self._endings.listening(sha256) as ended:
            while True:
                ended.clear()
                found = await self._unit_of_work.read(look)
                if found.upload.state is not UploadState.RECEIVED:
                    return found
                try:
                    async with asyncio.timeout_at(until):
                        await ended.wait()
                except TimeoutError:
                    return None

    async def shown(self, judged: Judged) -> None:
        """Notes that the player was shown this verdict, so that it is not sent as well."""
        promise = judged.promise
        if promise is None:
            return

        def work(tx: Transaction) -> None:
            if is_kept_for_good(judged.upload):
                tx.intents.remove(promise.id, revision=promise.revision)
            else:
                tx.intents.delivered(promise.id, revision=promise.revision, message=None)

        await self._unit_of_work.run(work)


def _key(upload_id: UploadId) -> str:
    return f"{KIND} {upload_id}"
