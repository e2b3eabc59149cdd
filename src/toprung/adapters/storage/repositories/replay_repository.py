"""Replay files and uploads in the database."""

import json
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from toprung.adapters.storage.tables import schema
from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import PlayerId
from toprung.domain.replays.mod_version import ModVersion
from toprung.domain.replays.replay_upload import NewUpload, ReplayFile, ReplayUpload, UploadId, UploadState


class SqlReplayRepository:
    """Implements `ReplayRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def file(self, sha256: str) -> ReplayFile | None:
        """See `ReplayRepository`."""
        query = select(schema.replay_file).where(schema.replay_file.c.sha256 == sha256)
        row = self._connection.execute(query).first()
        return None if row is None else ReplayFile(**row._mapping)

    def add_file(self, file: ReplayFile) -> None:
        """See `ReplayRepository`."""
        self._connection.execute(insert(schema.replay_file), asdict(file))

    def save_file(self, file: ReplayFile) -> None:
        """See `ReplayRepository`."""
        table = schema.replay_file
        self._connection.execute(update(table).where(table.c.sha256 == file.sha256), asdict(file))

    def files_of_game(self, fingerprint: str) -> list[ReplayFile]:
        """See `ReplayRepository`."""
        table = schema.replay_file
        query = select(table).where(table.c.fingerprint == fingerprint)
        query = query.order_by(table.c.first_uploaded_at_us, table.c.sha256)
        return [ReplayFile(**row._mapping) for row in self._connection.execute(query)]

    def add_upload(self, new: NewUpload) -> ReplayUpload:
        """See `ReplayRepository`."""
        table = schema.replay_upload
        values = {**asdict(new), "state": UploadState.RECEIVED.value}
        return to_upload(self._connection.execute(insert(table).returning(table), values).one())

    def save_upload(self, upload: ReplayUpload) -> None:
        """See `ReplayRepository`."""
        table = schema.replay_upload
        values = {"match_id": upload.match_id, "state": upload.state.value, "verdict": upload.verdict}
        self._connection.execute(update(table).where(table.c.id == upload.id), values)

    def forget_file_names(self, player_id: PlayerId) -> None:
        """See `ReplayRepository`."""
        table = schema.replay_upload
        self._connection.execute(update(table).where(table.c.player_id == player_id).values(file_name=None))

    def upload(self, upload_id: UploadId) -> ReplayUpload | None:
        """See `ReplayRepository`."""
        found = self._uploads(select(schema.replay_upload).where(schema.replay_upload.c.id == upload_id))
        return found[0] if found else None

    def same_upload(self, sha256: str, player_id: PlayerId, match_id: MatchId | None) -> ReplayUpload | None:
        """See `ReplayRepository`."""
        table = schema.replay_upload
        query = select(table).where(
            table.c.sha256 == sha256,
            table.c.player_id == player_id,
            table.c.match_id.is_(None) if match_id is None else table.c.match_id == match_id,
        )
        found = self._uploads(query.order_by(table.c.id).limit(1))
        return found[0] if found else None

    def uploads_of_file(self, sha256: str, state: UploadState | None = None) -> list[ReplayUpload]:
        """See `ReplayRepository`."""
        table = schema.replay_upload
        query = select(table).where(table.c.sha256 == sha256).order_by(table.c.id)
        return self._uploads(query if state is None else query.where(table.c.state == state.value))

    def uploads_of_match(self, match_id: MatchId, state: UploadState) -> list[ReplayUpload]:
        """See `ReplayRepository`."""
        table = schema.replay_upload
        query = select(table).where(table.c.match_id == match_id, table.c.state == state.value)
        return self._uploads(query.order_by(table.c.id))

    def bytes_uploaded(self, player_id: PlayerId, *, since_us: int) -> int:
        """See `ReplayRepository`."""
        upload, file = schema.replay_upload, schema.replay_file
        query = (
            select(func.coalesce(func.sum(file.c.size_bytes), 0))
            .select_from(upload.join(file, upload.c.sha256 == file.c.sha256))
            .where(upload.c.player_id == player_id, upload.c.uploaded_at_us >= since_us)
        )
        return int(self._connection.execute(query).scalar_one())

    def latest_read(self, limit: int) -> list[tuple[UploadId, str]]:
        """See `ReplayRepository`."""
        upload, file = schema.replay_upload, schema.replay_file
        query = select(upload.c.id, upload.c.sha256).select_from(upload.join(file, upload.c.sha256 == file.c.sha256))
        query = query.where(file.c.reading.is_not(None)).order_by(upload.c.id.desc()).limit(limit)
        return [(UploadId(row.id), row.sha256) for row in self._connection.execute(query)]

    def mod_versions(self) -> list[ModVersion]:
        """See `ReplayRepository`."""
        table = schema.mod_version
        return [
            ModVersion(
                handles=frozenset(json.loads(row.handles)),
                upload_id=UploadId(row.upload_id),
                approved_at_us=row.approved_at_us,
            )
            for row in self._connection.execute(select(table).order_by(table.c.approved_at_us, table.c.key))
        ]

    def add_mod_version(self, version: ModVersion) -> None:
        """See `ReplayRepository`."""
        values = {
            "key": version.key,
            "handles": json.dumps(sorted(version.handles)),
            "upload_id": version.upload_id,
            "approved_at_us": version.approved_at_us,
        }
        self._connection.execute(insert(schema.mod_version), values)

    def remove_mod_version(self, version: ModVersion) -> None:
        """See `ReplayRepository`."""
        self._connection.execute(delete(schema.mod_version).where(schema.mod_version.c.key == version.key))

    def _uploads(self, query: Select[Any]) -> list[ReplayUpload]:
        return [to_upload(row) for row in self._connection.execute(query)]


def to_upload(row: Row[Any]) -> ReplayUpload:
    """The upload in a row of the table."""
    return ReplayUpload(
        id=UploadId(row.id),
        sha256=row.sha256,
        player_id=PlayerId(row.player_id),
        match_id=None if row.match_id is None else MatchId(row.match_id),
        file_name=row.file_name,
        uploaded_at_us=row.uploaded_at_us,
        state=UploadState(row.state),
        verdict=row.verdict,
    )
