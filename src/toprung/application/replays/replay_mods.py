"""The versions of the mod: which are seen in replays, and which an organiser approved."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from toprung.application.ports.clock import Clock
from toprung.application.ports.storage import AuditRow, Transaction
from toprung.application.reasons import checked_reason
from toprung.application.unit_of_work import UnitOfWork
from toprung.domain.errors import Conflict, NotFound
from toprung.domain.mod_version import ModVersion
from toprung.domain.replay import ReplayReading
from toprung.domain.replay_upload import UploadId

UPLOADS_LOOKED_AT_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenMod:
    """A set of files that games were played with.

    `uploads` is how many of the latest uploads had it, `upload_id` the newest of them. `adds` is how many files it has
    more than the approved version that is nearest to it, where there is one that it has all files of: a fake, if any.
    """

    handles: frozenset[str]
    uploads: int
    upload_id: UploadId
    is_approved: bool
    adds: int | None


class ReplayMods:
    """Looks at versions of the mod, and approves them. `decode` makes a reading of what is kept of a file."""

    def __init__(self, *, unit_of_work: UnitOfWork, clock: Clock, decode: Callable[[bytes], ReplayReading]) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._decode = decode

    async def seen(self) -> list[SeenMod]:
        """The sets that the latest uploads had and those that are approved, the most frequent first."""

        def work(tx: Transaction) -> list[SeenMod]:
            approved = {version.handles: version.upload_id for version in tx.replays.mod_versions()}
            counted: Counter[frozenset[str]] = Counter()
            newest: dict[frozenset[str], UploadId] = {}
            for upload_id, reading in tx.replays.latest_readings(UPLOADS_LOOKED_AT_MAX):
                handles = frozenset(self._decode(reading.encode()).mod_handles)
                counted[handles] += 1
                newest.setdefault(handles, upload_id)
            examples = {**approved, **newest}
            seen = [
                SeenMod(
                    handles=handles,
                    uploads=counted[handles],
                    upload_id=upload_id,
                    is_approved=handles in approved,
                    adds=min((len(handles - known) for known in approved if known < handles), default=None),
                )
                for handles, upload_id in examples.items()
            ]
            return sorted(seen, key=lambda one: (-one.uploads, one.upload_id))

        return await self._unit_of_work.read(work)

    async def approve(self, upload_id: UploadId, *, reason: str, actor: str) -> ModVersion:
        """Approves the version that this upload was played with, and gives it; doing it again changes nothing.

        Raises `NotFound`, `Conflict` for an upload that was not read, and `InvalidInput` for a reason that is missing.
        """
        kept_reason = checked_reason(reason)
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> ModVersion:
            upload = tx.replays.upload(upload_id)
            if upload is None:
                raise NotFound(f"There is no upload {upload_id}; `toprung replay mods` names one for each version.")
            file = tx.replays.file(upload.sha256)
            if file is None or file.reading is None:
                raise Conflict(f"Upload {upload_id} was not read, so which mod it was played with is not known.")
            handles = frozenset(self._decode(file.reading.encode()).mod_handles)
            for known in tx.replays.mod_versions():
                if known.handles == handles:
                    return known
            version = ModVersion(handles=handles, upload_id=upload_id, approved_at_us=now_us)
            tx.replays.add_mod_version(version)
            tx.append_to_audit(
                AuditRow(
                    at_us=now_us,
                    actor=actor,
                    action="approve_mod",
                    subject=f"upload {upload_id}",
                    reason=kept_reason,
                    details=json.dumps({"key": version.key, "handles": sorted(handles)}),
                )
            )
            return version

        return await self._unit_of_work.run(work)
