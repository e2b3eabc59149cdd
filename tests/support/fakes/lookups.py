"""What lists, histories and statistics ask, in memory: see `application/ports/lookups.py`."""

from collections.abc import Collection

from tests.support.fakes.database import FakeDatabase
from tests.support.fakes.ratings import FakeJournalRepository
from toprung.application.ports.lookups import Forecasts, StoredAuditRow, VerifiedReplay
from toprung.domain.jobs.job import Job, JobState, JobStats
from toprung.domain.matches.head_to_head import HeadToHead
from toprung.domain.matches.match import Match, MatchId, MatchState, Participant
from toprung.domain.matches.watch.games import WatchedGame
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.rating import EntryId, RatingChange
from toprung.domain.replays.replay_upload import ReplayFile, ReplayUpload, UploadState


class FakeLookups:
    """Implements `Lookups`."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database

    def matches(
        self,
        limit: int,
        *,
        below: int | None = None,
        player_id: PlayerId | None = None,
        states: Collection[MatchState] = (),
    ) -> list[Match]:
        found = [
            match
            for match_id, match in sorted(self._database.played.matches.items(), reverse=True)
            if (below is None or match_id < below) and (player_id is None or player_id in match.player_ids)
            if not states or match.state in states
        ]
        return found[:limit]

    def head_to_head(self, player_id: PlayerId, opponent_id: PlayerId) -> HeadToHead:
        counted = dict.fromkeys(("won", "lost", "drawn"), 0)
        last_played_us: int | None = None
        for match in self._database.played.matches.values():
            if match.player_ids not in ((player_id, opponent_id), (opponent_id, player_id)):
                continue
            if match.state is not MatchState.COMPLETED or match.result is None or match.ended_at_us is None:
                continue
            score = match.result.score_of_side_1
            own = score if match.player_ids[0] == player_id else 1 - score
            counted["drawn" if own == 0.5 else "won" if own == 1 else "lost"] += 1
            last_played_us = max(last_played_us or 0, match.ended_at_us)
        return HeadToHead(**counted, last_played_us=last_played_us)

    def watched_games(self, limit: int, *, since_us: int, until_us: int) -> list[WatchedGame]:
        games, shown = [], self._shown_before()
        for match in self._counted(since_us, until_us):
            assert match.result is not None
            assert match.ended_at_us is not None
            one, two = match.participants
            mmr_1, mmr_2 = (shown.get((match.id, side)) for side in (one, two))
            games.append(
                WatchedGame(
                    match_id=match.id,
                    player_1=one.player_id,
                    player_2=two.player_id,
                    race_1=one.race,
                    race_2=two.race,
                    score_1=match.result.score_of_side_1,
                    mmr_1=mmr_1,
                    mmr_2=mmr_2,
                    ended_at_us=match.ended_at_us,
                )
            )
        return sorted(games, key=lambda game: (game.ended_at_us, game.match_id))[-limit:]

    def verified_replays(self, limit: int, *, since_us: int, until_us: int) -> list[VerifiedReplay]:
        counted = {match.id for match in self._counted(since_us, until_us)}
        found = [
            VerifiedReplay(upload.match_id, upload.verdict or "", self._database.replay_files[upload.sha256].reading)
            for _, upload in sorted(self._database.replay_uploads.items())
            if upload.state is UploadState.VERIFIED and upload.match_id in counted
        ]
        return found[-limit:]

    def _counted(self, since_us: int, until_us: int) -> list[Match]:
        matches = self._database.played.matches.values()
        return [
            match
            for match in matches
            if match.state is MatchState.COMPLETED and since_us <= (match.ended_at_us or 0) < until_us
        ]

    def _shown_before(self) -> dict[tuple[MatchId | None, Participant], int | None]:
        """What was shown of a side when a match was rated for the first time."""
        entries = self._database.entries
        return {
            (row.match_id, Participant(player_id=entries[row.entry_id].player_id, race=entries[row.entry_id].race)): (
                row.mmr_before
            )
            for row in self._database.journal
            if row.revision == 1
        }

    def changes_of(self, match_ids: Collection[MatchId]) -> dict[MatchId, list[RatingChange]]:
        found: dict[MatchId, list[RatingChange]] = {match_id: [] for match_id in match_ids}
        for row in FakeJournalRepository(self._database).current():
            if row.match_id in found:
                found[row.match_id].append(row)
        return found

    def forecasts(self, *, before: int, limit: int) -> Forecasts:
        sides: dict[MatchId, RatingChange] = {}
        for row in FakeJournalRepository(self._database).current():
            if row.match_id is not None and row.expected_score is not None and (row.position or 0) < before:
                sides.setdefault(row.match_id, row)
        games = [(row.position or 0, (row.expected_score or 0.0, _score(row))) for row in sides.values()]
        return Forecasts(games=len(games), last=games[max(0, len(games) - limit) :])

    def uploads_of(self, match_ids: Collection[MatchId], *, each: int) -> dict[MatchId, list[ReplayUpload]]:
        uploads = {match_id: self.uploads(each, match_id=match_id) for match_id in match_ids}
        return {match_id: [upload for upload, _ in found] for match_id, found in uploads.items()}

    def uploads(
        self,
        limit: int,
        *,
        below: int | None = None,
        player_id: PlayerId | None = None,
        match_id: MatchId | None = None,
    ) -> list[tuple[ReplayUpload, ReplayFile]]:
        found = [
            (upload, self._database.replay_files[upload.sha256])
            for upload_id, upload in sorted(self._database.replay_uploads.items(), reverse=True)
            if (below is None or upload_id < below) and player_id in {None, upload.player_id}
            if match_id in {None, upload.match_id}
        ]
        return found[:limit]

    def mmr_histories(self, entry_ids: Collection[EntryId], *, each: int) -> dict[EntryId, list[tuple[int, int]]]:
        journal = FakeJournalRepository(self._database).current()
        rows = {entry_id: [row for row in journal if row.entry_id == entry_id] for entry_id in entry_ids}
        return {
            entry_id: [(row.after.last_played_us or row.at_us, row.mmr_after) for row in found[-each:]]
            for entry_id, found in rows.items()
        }

    def jobs(self, limit: int, *, below: int | None = None, state: JobState | None = None) -> list[Job]:
        found = [
            job
            for job_id, job in sorted(self._database.jobs.items(), reverse=True)
            if (below is None or job_id < below) and state in {None, job.state}
        ]
        return found[:limit]

    def job_stats(self, *, yesterday_us: int) -> JobStats:
        jobs = {state: [job for job in self._database.jobs.values() if job.state is state] for state in JobState}
        return JobStats(
            **{state.value: len(found) for state, found in jobs.items()},
            dead_since_yesterday=sum((job.finished_at_us or 0) >= yesterday_us for job in jobs[JobState.DEAD]),
            oldest_ready_at_us=min((job.enqueued_at_us for job in jobs[JobState.READY]), default=None),
        )

    def audit(self, limit: int, *, below: int | None = None) -> list[StoredAuditRow]:
        rows = [StoredAuditRow(id=number, row=row) for number, row in enumerate(self._database.audit, 1)]
        return [one for one in rows[::-1] if below is None or one.id < below][:limit]


def _score(row: RatingChange) -> float:
    assert row.before is not None
    if row.after.games_drawn > row.before.games_drawn:
        return 0.5
    return float(row.after.games_won > row.before.games_won)
