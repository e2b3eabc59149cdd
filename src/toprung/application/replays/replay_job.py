"""What is done for an uploaded replay: it is read by somebody who can be killed, then each of its uploads is judged."""

from collections.abc import Callable
from dataclasses import replace

from toprung.application.jobs.job_queue import Handled, JobHandler
from toprung.application.ports.clock import Clock
from toprung.application.ports.replays import (
    Died,
    Parsed,
    ParseOutcome,
    ProtocolViolated,
    Refused,
    ReplayArchive,
    ReplayParser,
    Returned,
    TimedOut,
    TooBig,
    Unavailable,
)
from toprung.application.ports.storage import Transaction
from toprung.application.replays.replay_verdicts import tell_verdict
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import ToprungError
from toprung.domain.jobs.job import Failed, Finished, Job, Released, WorkerDied
from toprung.domain.replays.replay import READER, ReplayReading
from toprung.domain.replays.replay_upload import (
    GIVEN_UP,
    QUARANTINED,
    ReplayFile,
    ReplayUpload,
    UploadState,
    UploadVerdict,
)

Judge = Callable[[Transaction, ReplayUpload, ReplayReading], UploadVerdict]
"""The verdict on an upload by what its file says; all that follows from it is written in the same transaction."""


class ReplayJobHandler(JobHandler):
    """What is done for replays. A job's payload is the file's SHA-256.

    `decode` makes a reading of what a parser gave and raises a `ToprungError` for what no replay can say.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        archive: ReplayArchive,
        parser: ReplayParser,
        decode: Callable[[bytes], ReplayReading],
        judge: Judge,
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._archive = archive
        self._parser = parser
        self._decode = decode
        self._judge = judge
        self._clock = clock

    async def handle(self, job: Job) -> Handled:
        """See `JobHandler`. A file that was read before is only judged, unless an older reader read it."""
        file = await self._unit_of_work.read(lambda tx: tx.replays.file(job.payload))
        if file is None:
            return Handled(Failed("The file of this job is not known."))
        if file.is_quarantined:
            return Handled(Finished(), self._marking(file.sha256, QUARANTINED))
        if file.rejection is not None:
            verdict = UploadVerdict.from_json(UploadState.REJECTED, file.rejection)
            return Handled(Finished(), self._marking(file.sha256, verdict))
        if file.reading is not None and self._is_current(file.reading.encode()):
            return self._read(file, file.reading.encode())
        data = await self._archive.get(file.sha256)
        if data is None:
            return Handled(Failed("The archive does not have the file's bytes, or not as they were."))
        return self._handled(file, await self._parser.parse(data))

    def _handled(self, file: ReplayFile, outcome: ParseOutcome) -> Handled:
        match outcome:
            case Parsed(payload=payload):
                return self._read(file, payload)
            case Refused(code=code, sentence=sentence):
                return self._rejected(file, code, sentence)
            case TooBig(sentence=sentence):
                return self._rejected(file, "too_big", sentence)
            case TimedOut(seconds_max=seconds):
                return Handled(Failed(f"Reading took longer than {seconds:g} s."))
            case Died(exit_code=exit_code, signal=signal):
                how = f"signal {signal}" if exit_code is None else f"exit code {exit_code}"
                return Handled(WorkerDied(f"The reading process ended by {how}."))
            case ProtocolViolated(reason=reason):
                return Handled(WorkerDied(f"The reading process did not keep to its protocol: {reason}"))
            case Returned():
                return Handled(Released())
            case Unavailable(retry_after_seconds=seconds):
                return Handled(Released(), pause_seconds=seconds)

    def _is_current(self, payload: bytes) -> bool:
        try:
            return self._decode(payload).reader == READER
        except ToprungError:
            return False

    def _read(self, file: ReplayFile, payload: bytes) -> Handled:
        try:
            reading = self._decode(payload)
        except ToprungError as error:
            return self._rejected(file, error.code, str(error))
        read = replace(file, fingerprint=reading.fingerprint, reading=payload.decode())

        def effect(tx: Transaction) -> None:
            tx.replays.save_file(read)
            self._give(tx, file.sha256, lambda upload: self._judge(tx, upload, reading))

        return Handled(Finished(), effect)

    def _rejected(self, file: ReplayFile, code: str, sentence: str) -> Handled:
        verdict = UploadVerdict(state=UploadState.REJECTED, code=code, sentence=sentence)
        mark = self._marking(file.sha256, verdict)

        def effect(tx: Transaction) -> None:
            tx.replays.save_file(replace(file, rejection=verdict.to_json(), reading=None))
            mark(tx)

        return Handled(Finished(), effect)

    def _marking(self, sha256: str, verdict: UploadVerdict) -> Callable[[Transaction], None]:
        """What gives every upload of a file that waits this verdict."""
        return lambda tx: self._give(tx, sha256, lambda _: verdict)

    def _give(self, tx: Transaction, sha256: str, verdict_of: Callable[[ReplayUpload], UploadVerdict]) -> None:
        """Gives every upload of a file that waits its verdict, and wants it told to whoever was promised it."""
        for upload in tx.replays.uploads_of_file(sha256, UploadState.RECEIVED):
            judged = upload.judged(verdict_of(upload))
            tx.replays.save_upload(judged)
            tell_verdict(tx, judged, self._clock.now_us())

    def bury(self, tx: Transaction, job: Job) -> None:
        """See `JobHandler`. A file that killed workers is quarantined."""
        file = tx.replays.file(job.payload)
        if file is not None and job.is_poison:
            tx.replays.save_file(replace(file, is_quarantined=True))
        self._marking(job.payload, QUARANTINED if job.is_poison else GIVEN_UP)(tx)

    def revive(self, tx: Transaction, job: Job) -> None:
        """See `JobHandler`. The file is let out of its quarantine, and its uploads wait again."""
        file = tx.replays.file(job.payload)
        if file is not None and file.is_quarantined:
            tx.replays.save_file(replace(file, is_quarantined=False))
        for upload in tx.replays.uploads_of_file(job.payload, UploadState.DEAD):
            tx.replays.save_upload(replace(upload, state=UploadState.RECEIVED, verdict=None))
