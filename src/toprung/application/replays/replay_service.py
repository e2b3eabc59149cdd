"""Taking replays in: what is said to be received is on disk, with a job that will not be forgotten."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from toprung.application.jobs.job_queue import PENDING_MAX
from toprung.application.named_player import player_named
from toprung.application.ports.clock import Clock
from toprung.application.ports.replays import ReplayArchive
from toprung.application.ports.storage import Transaction
from toprung.application.replays.replay_verdicts import promise_verdict, tell_verdict
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import Busy, Conflict, LimitReached, NotFound
from toprung.domain.jobs.job import JobKind, JobState, NewJob
from toprung.domain.listing import LISTED_MAX, ListName, Page, key_of, page_of
from toprung.domain.matches.match import MatchId, MatchState
from toprung.domain.moment import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from toprung.domain.players.names import NameKeys
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.replays.replay import REPLAY_BYTES_MAX
from toprung.domain.replays.replay_upload import (
    GIVEN_UP,
    QUARANTINED,
    NewUpload,
    ReplayFile,
    ReplayUpload,
    UploadId,
    UploadState,
    UploadVerdict,
    check_content,
    shown_file_name,
)

ENDED_SECONDS_AGO_MAX: Final = 24 * 60 * 60
"""How long ago the match ended, at most, that a replay is taken to be of where no match is named."""

MATCHES_LOOKED_AT_MAX: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeLimits:
    """How large a replay may be, how much a player may upload within a day, and how many replays may wait."""

    replay_bytes_max: int = REPLAY_BYTES_MAX
    player_bytes_per_day_max: int = 50 * 1024 * 1024
    pending_max: int = PENDING_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What is kept of an upload; not new where this player brought this file for this match before."""

    upload: ReplayUpload
    is_new: bool


class ReplayService:
    """Takes replays in. `announce` is called after each commit that may have given the queue something to do."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        archive: ReplayArchive,
        clock: Clock,
        announce: Callable[[], None],
        limits: IntakeLimits,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._archive = archive
        self._clock = clock
        self._announce = announce
        self._limits = limits

    async def submit(
        self,
        player_id: PlayerId,
        match_id: MatchId | None,
        data: bytes,
        file_name: str | None = None,
        *,
        by_discord: bool = False,
    ) -> Receipt:
        """Keeps a replay and promises that it will be judged: when this returns, both survive whatever happens.

        Without a match it is of the one that the player is in, or else of the latest that ended within a day. A file
        that is known gets the answer that it had, but is compared anew with a match that it did not fit. A player who
        hands it in on Discord is promised to be told the verdict there.

        Raises `InvalidInput` for what is no replay or is too large, `NotFound` for a player or match that is not there,
        `Conflict` for a player who is banned, `LimitReached` for one who uploaded too much today, `Busy` while too much
        waits, and `StorageUnavailable`; then nothing is kept.
        """
        check_content(data, bytes_max=self._limits.replay_bytes_max)
        file = ReplayFile(
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            first_uploaded_at_us=self._clock.now_us(),
        )
        new = NewUpload(
            sha256=file.sha256,
            player_id=player_id,
            match_id=match_id,
            file_name=shown_file_name(file_name),
            uploaded_at_us=file.first_uploaded_at_us,
        )
        # Asked before the bytes are kept as well, so that what is refused does not fill the disk.
        known = await self._unit_of_work.read(lambda tx: self._admitted(tx, _of_match(tx, new), file))
        if known is not None and not (by_discord and known.state is UploadState.RECEIVED):
            return Receipt(upload=known, is_new=False)
        await self._archive.put(file.sha256, data)
        receipt = await self._unit_of_work.run(lambda tx: self._take_in(tx, new, file, by_discord=by_discord))
        self._announce()
        return receipt

    def _admitted(self, tx: Transaction, new: NewUpload, file: ReplayFile) -> ReplayUpload | None:
        """The upload, where it is there already. Raises for what may not be taken in."""
        player = tx.players.get(new.player_id)
        if player is None:
            raise NotFound("There is no player with the id {number}.", "player_id", number=str(new.player_id))
        if new.match_id is not None and tx.matches.get(new.match_id) is None:
            raise NotFound("There is no match {number}.", "match", number=str(new.match_id))
        known = tx.replays.same_upload(new.sha256, new.player_id, new.match_id)
        if known is not None and not _is_worth_another_look(tx, known):
            return known
        if player.is_banned:
            raise Conflict("{name} is banned and cannot upload replays.", "banned_upload", name=player.name)
        used = tx.replays.bytes_uploaded(new.player_id, since_us=new.uploaded_at_us - MICROSECONDS_PER_DAY)
        if used + file.size_bytes > self._limits.player_bytes_per_day_max:
            raise LimitReached(
                "{name} uploaded {used} MB within a day, and {most} MB is the most; try again tomorrow.",
                "upload_bytes",
                name=player.name,
                used=f"{used / 2**20:.1f}",
                most=str(self._limits.player_bytes_per_day_max // 2**20),
            )
        if tx.jobs.count_pending() >= self._limits.pending_max:
            raise Busy(
                "{most} replays are waiting to be read, which is the most; try again in a few minutes.",
                "replays_waiting",
                most=self._limits.pending_max,
            )
        return None

    def _take_in(self, tx: Transaction, given: NewUpload, file: ReplayFile, *, by_discord: bool) -> Receipt:
        new = _of_match(tx, given)
        known = self._admitted(tx, new, file)  # which has the player to itself from here on
        if known is not None:
            if by_discord and known.state is UploadState.RECEIVED:
                promise_verdict(tx, known, new.uploaded_at_us)
            return Receipt(upload=known, is_new=False)
        stored = tx.replays.file(new.sha256)
        if stored is None:
            tx.replays.add_file(file)
            stored = file
        before = tx.replays.same_upload(new.sha256, new.player_id, new.match_id)
        again = None if before is None else replace(before, state=UploadState.RECEIVED, verdict=None)
        upload = again or tx.replays.add_upload(new)
        tx.replays.save_upload(upload)
        if by_discord:
            promise_verdict(tx, upload, new.uploaded_at_us)
        verdict = _known_verdict(tx, stored, new)
        if verdict is not None:
            upload = upload.judged(verdict)
            tx.replays.save_upload(upload)
            tell_verdict(tx, upload, new.uploaded_at_us)
        return Receipt(upload=upload, is_new=before is None)


_MAY_BE_MEANT: Final = (MatchState.COMPLETED, MatchState.CONFLICT, MatchState.EXPIRED)


def _of_match(tx: Transaction, new: NewUpload) -> NewUpload:
    """The upload for the match that it is meant for, where its player did not say."""
    if new.match_id is not None:
        return new
    open_match = tx.matches.open_of([new.player_id]).get(new.player_id)
    if open_match is not None:
        return replace(new, match_id=open_match)
    since_us = new.uploaded_at_us - ENDED_SECONDS_AGO_MAX * MICROSECONDS_PER_SECOND
    for match in tx.lookups.matches(MATCHES_LOOKED_AT_MAX, player_id=new.player_id, states=_MAY_BE_MEANT):
        if match.assigned_at_us is not None and (match.ended_at_us or 0) >= since_us:
            return replace(new, match_id=match.id)
    return new


def _is_worth_another_look(tx: Transaction, known: ReplayUpload) -> bool:
    """Whether the file was read and did not fit its match: an in-game name may be right by now, a mod approved."""
    file = tx.replays.file(known.sha256)
    return known.state is UploadState.REJECTED and file is not None and file.rejection is None


def _known_verdict(tx: Transaction, file: ReplayFile, new: NewUpload) -> UploadVerdict | None:
    """What is known of a file that can have no other end; otherwise there is a job for it afterwards."""
    if file.is_quarantined:
        return QUARANTINED
    if file.rejection is not None:
        return UploadVerdict.from_json(UploadState.REJECTED, file.rejection)
    job = tx.jobs.enqueue(
        NewJob(
            kind=JobKind.REPLAY,
            payload=file.sha256,
            dedup_key=file.sha256,
            player_id=new.player_id,
            enqueued_at_us=new.uploaded_at_us,
        )
    )
    return GIVEN_UP if job.state is JobState.DEAD else None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadView:
    """An upload with its file and its player."""

    upload: ReplayUpload
    file: ReplayFile
    player: Player


class ReplayHistory:
    """Looking at uploads."""

    def __init__(self, *, unit_of_work: UnitOfWork, name_keys: NameKeys) -> None:
        self._unit_of_work = unit_of_work
        self._name_keys = name_keys

    async def latest(
        self,
        limit: int,
        player_name: str | None = None,
        match_id: MatchId | None = None,
        cursor: str | None = None,
    ) -> Page[UploadView]:
        """At most `limit` uploads, of one player or of all, for one match or for any, the newest first.

        They are the first ones, or those that follow the page which came with this cursor. Raises `NotFound` for no
        such player, and `InvalidInput` for what is no cursor of this list.
        """
        limit, below = min(limit, LISTED_MAX), key_of(ListName.UPLOADS, cursor)

        def work(tx: Transaction) -> Page[UploadView]:
            player_id = None if player_name is None else player_named(tx, player_name, self._name_keys).id
            found = tx.lookups.uploads(limit + 1, below=below, player_id=player_id, match_id=match_id)
            page = page_of(found, limit, ListName.UPLOADS, lambda pair: pair[0].id)
            players = tx.players.by_ids({upload.player_id for upload, _ in page.rows})
            views = (UploadView(upload=one, file=file, player=players[one.player_id]) for one, file in page.rows)
            return Page(rows=tuple(views), next=page.next)

        return await self._unit_of_work.read(work)

    async def get(self, upload_id: UploadId) -> UploadView:
        """The upload with this id. Raises `NotFound`."""

        def work(tx: Transaction) -> UploadView:
            upload = tx.replays.upload(upload_id)
            file = None if upload is None else tx.replays.file(upload.sha256)
            if upload is None or file is None:
                raise NotFound("There is no upload {upload}.", "upload", upload=str(upload_id))
            return UploadView(upload=upload, file=file, player=tx.players.by_ids([upload.player_id])[upload.player_id])

        return await self._unit_of_work.read(work)
