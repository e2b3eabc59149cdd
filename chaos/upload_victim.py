"""A server that takes replays in until it is killed. `python -m chaos.upload_victim DATABASE-URL TOKEN`.

Everything is as `toprung serve` has it, down to the socket, but for two things: what reads replays answers by a number
in the file and takes a moment for it, and what judges them leaves a row in the audit that can be counted afterwards.
"""

import asyncio
import hashlib
import json
import random
import sys
from contextlib import closing
from typing import Final

import structlog

from chaos.upload_files import kind_of
from toprung.adapters.clock import SystemClock
from toprung.adapters.replay_facts import ReplayFacts, decode_facts
from toprung.application.ports import AuditRow, Transaction
from toprung.application.replay_job import UnboundReplays
from toprung.application.replay_parsing import Died, Parsed, ParseOutcome, Refused, TimedOut
from toprung.bootstrap.intake import make_intake
from toprung.bootstrap.wiring import opened_storage, wire
from toprung.domain.replay_upload import ReplayUpload, UploadVerdict
from toprung.interfaces.web.app import create_app
from toprung.interfaces.web.live import BoardHub
from toprung.interfaces.web.server import address_of, listen, serve
from toprung.interfaces.web.uploads import UploadLimits
from toprung.settings import load_settings

JUDGED: Final = "judged"
READING_SECONDS_MAX: Final = 0.05


class NumberReader:
    """Implements `ReplayParser`: what becomes of a file is a matter of what stands in it."""

    async def parse(self, data: bytes) -> ParseOutcome:
        """See `ReplayParser`."""
        await asyncio.sleep(random.random() * READING_SECONDS_MAX)
        match kind_of(data):
            case "refused":
                return Refused(code="damaged", sentence="The replay is damaged.")
            case "kills":
                return Died(exit_code=None, signal=11)
            case "hangs":
                return TimedOut(seconds_max=2.5)
            case _:
                return Parsed(payload=json.dumps({"fingerprint": hashlib.sha256(data).hexdigest()}).encode())


class CountedJudge:
    """Implements `ReplayJudge`: every judgement leaves a row."""

    def judge(self, tx: Transaction, upload: ReplayUpload, reading: ReplayFacts) -> UploadVerdict:
        """See `ReplayJudge`."""
        subject = str(upload.id)
        tx.append_to_audit(AuditRow(at_us=0, actor="", action=JUDGED, subject=subject, reason="", details=""))
        return UnboundReplays().judge(tx, upload, reading)


async def main(url: str, token: str) -> None:
    """Serves, says where, and goes on until the end."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    settings = load_settings(database=url)
    with closing(listen("127.0.0.1", 0)) as listener:
        async with opened_storage(settings, write=True) as storage:
            ladder = await wire(settings, storage, SystemClock(), lambda _: None)
            hub = BoardHub(ladder.services.leaderboard, ladder.clock.now_us)
            intake = make_intake(ladder, parser=NumberReader(), decode=decode_facts, judge=CountedJudge())
            await ladder.store.load()
            app = create_app(
                ladder.services,
                hub=hub,
                intake=intake.service,
                upload_limits=UploadLimits(),
                admin_token=token,
                health=dict,
                metrics=lambda: (b"", "text/plain"),
            )

            async def started() -> None:
                intake.start()
                print(address_of(listener), flush=True)

            try:
                await serve(app, listener, close_streams=hub.close, started=started)
            finally:
                await intake.close()
                await ladder.unit_of_work.drain()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
