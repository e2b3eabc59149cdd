"""The versions of the mod: which are seen in replays, and which an organiser approved."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from toprung.application.ports.clock import Clock
from toprung.application.ports.storage import Transaction
from toprung.application.writing.audit import Attribution, audit
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import Conflict, NotFound, ToprungError
from toprung.domain.replays.mod_version import ModVersion, mod_key
from toprung.domain.replays.replay import ReplayReading
from toprung.domain.replays.replay_upload import ReplayFile, UploadId

UPLOADS_LOOKED_AT_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenMod:
    """A set of files that games were played with.

    `uploads` is how many of the latest uploads had it, `upload_id` the newest of them. `adds` is how many files it has
    more than the approved version that is nearest to it, where there is one that it has all files of: a fake, if any.
    `approved_versions` is how many versions are approved in all.
    """

    handles: frozenset[str]
    uploads: int
    upload_id: UploadId
    is_approved: bool
    adds: int | None
    approved_versions: int

    @property
    def key(self) -> str:
        """The name of the set."""
        return mod_key(self.handles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlisted:
    """How many files the version has that is off the list now, and whether it was on it before."""

    upload_id: UploadId
    files: int
    was_listed: bool


class ReplayMods:
    """Looks at versions of the mod, approves them, and takes them off the list again.

    `decode` makes a reading of what is kept of a file.

    What files a game was played with is remembered for the uploads that were looked at last, by the hash of the replay,
    which says the same for ever. So each is decoded once, and looking again costs one query.
    """

    def __init__(self, *, unit_of_work: UnitOfWork, clock: Clock, decode: Callable[[bytes], ReplayReading]) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._decode = decode
        self._decoded: dict[str, frozenset[str] | None] = {}

    async def seen(self) -> list[SeenMod]:
        """The sets that the latest uploads had and those that are approved, the most frequent first."""
        return await self._unit_of_work.read(self.look)

    def look(self, tx: Transaction) -> list[SeenMod]:
        """See `seen`."""
        approved = _approved(tx)
        counted: Counter[frozenset[str]] = Counter()
        newest: dict[frozenset[str], UploadId] = {}
        for upload_id, handles in self._latest(tx):
            counted[handles] += 1
            newest.setdefault(handles, upload_id)
        examples = {**approved, **newest}
        seen = [_seen(handles, counted[handles], upload_id, approved) for handles, upload_id in examples.items()]
        return sorted(seen, key=lambda one: (-one.uploads, one.upload_id))

    async def of_upload(self, upload_id: UploadId) -> SeenMod:
        """The set that this upload was played with. Raises `NotFound`, and `Conflict` for one that was not read."""

        def work(tx: Transaction) -> SeenMod:
            handles = self._of_upload(tx, upload_id)
            uploads = sum(handles == other for _, other in self._latest(tx))
            return _seen(handles, uploads, upload_id, _approved(tx))

        return await self._unit_of_work.read(work)

    def _latest(self, tx: Transaction) -> list[tuple[UploadId, frozenset[str]]]:
        """The latest uploads with the set of each, the newest first. What this version cannot decode is left out."""
        latest = tx.replays.latest_read(UPLOADS_LOOKED_AT_MAX)
        known = self._decoded
        shared = {handles: handles for handles in known.values()}  # so that each set is kept once
        decoded: dict[str, frozenset[str] | None] = {}
        for sha256 in dict.fromkeys(sha256 for _, sha256 in latest):
            handles = known[sha256] if sha256 in known else self._handles(tx.replays.file(sha256))
            decoded[sha256] = shared.setdefault(handles, handles)
        self._decoded = decoded
        return [(upload_id, handles) for upload_id, sha256 in latest if (handles := decoded[sha256]) is not None]

    def _handles(self, file: ReplayFile | None) -> frozenset[str] | None:
        """The set of a file; None where it was not read, or says what this version does not understand."""
        if file is None or file.reading is None:
            return None
        try:
            return frozenset(self._decode(file.reading.encode()).mod_handles)
        except ToprungError:
            return None

    def _of_upload(self, tx: Transaction, upload_id: UploadId) -> frozenset[str]:
        upload = tx.replays.upload(upload_id)
        if upload is None:
            raise NotFound("There is no upload {upload}.", "upload_of_mod", upload=str(upload_id))
        handles = self._handles(tx.replays.file(upload.sha256))
        if handles is None:
            raise Conflict(
                "Upload {upload} was not read, so which mod it was played with is not known.",
                "upload_unread",
                upload=str(upload_id),
            )
        return handles

    async def approve(self, upload_id: UploadId, by: Attribution) -> ModVersion:
        """Approves the version that this upload was played with, and gives it; doing it again changes nothing.

        Raises `NotFound`, `Conflict` for an upload that was not read, and `InvalidInput` for a reason that is missing.
        """
        explained = by.explained()
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> ModVersion:
            handles = self._of_upload(tx, upload_id)
            for known in tx.replays.mod_versions():
                if known.handles == handles:
                    return known
            version = ModVersion(handles=handles, upload_id=upload_id, approved_at_us=now_us)
            tx.replays.add_mod_version(version)
            details = {"key": version.key, "handles": sorted(handles)}
            audit(tx, explained, "approve_mod", f"upload {upload_id}", now_us=now_us, **details)
            return version

        return await self._unit_of_work.run(work)

    async def unlist(self, upload_id: UploadId, by: Attribution) -> Unlisted:
        """Takes the version that this upload was played with off the list; where it is not on it, nothing is changed.

        Replays that were judged keep their verdicts. Raises what `approve` raises.
        """
        explained = by.explained()
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> Unlisted:
            handles = self._of_upload(tx, upload_id)
            listed = next((known for known in tx.replays.mod_versions() if known.handles == handles), None)
            if listed is not None:
                tx.replays.remove_mod_version(listed)
                details = {"key": listed.key, "handles": sorted(handles)}
                audit(tx, explained, "unlist_mod", f"upload {upload_id}", now_us=now_us, **details)
            return Unlisted(upload_id=upload_id, files=len(handles), was_listed=listed is not None)

        return await self._unit_of_work.run(work)


def _approved(tx: Transaction) -> dict[frozenset[str], UploadId]:
    return {version.handles: version.upload_id for version in tx.replays.mod_versions()}


def _seen(handles: frozenset[str], uploads: int, upload_id: UploadId, approved: Collection[frozenset[str]]) -> SeenMod:
    return SeenMod(
        handles=handles,
        uploads=uploads,
        upload_id=upload_id,
        is_approved=handles in approved,
        adds=min((len(handles - known) for known in approved if known < handles), default=None),
        approved_versions=len(approved),
    )
