"""What an uploaded replay means for its match: where it fits, it is its uploader's claim, and nothing more."""

from collections.abc import Iterable, Mapping
from typing import Final

from toprung.application.matches.handle_binding import bind_handles
from toprung.application.matches.match_steps import MatchSteps
from toprung.application.ports.clock import Clock
from toprung.application.ports.storage import Transaction
from toprung.domain.game.catalog import Catalog
from toprung.domain.matches.match import Evidence, Match, MatchId, MatchState, Participant, Side
from toprung.domain.matches.match_life import StepRefused, report
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.replays.replay import ReplayReading
from toprung.domain.replays.replay_checks import (
    Check,
    ExpectedGame,
    ExpectedSide,
    ReplayPolicy,
    check_sentence,
    judge,
)
from toprung.domain.replays.replay_findings import Findings
from toprung.domain.replays.replay_upload import READ, ReplayUpload, UploadState, UploadVerdict

TEXT_SHOWN_MAX_CODE_POINTS: Final = 70
_MICROSECONDS_PER_MINUTE: Final = 60_000_000


class ReplayClaims:
    """Judges uploads. What a replay leads to is written in the transaction that it is judged in."""

    def __init__(self, *, steps: MatchSteps, catalog: Catalog, policy: ReplayPolicy, clock: Clock) -> None:
        self._steps = steps
        self._catalog = catalog
        self._policy = policy
        self._clock = clock

    def judge(self, tx: Transaction, upload: ReplayUpload, reading: ReplayReading) -> UploadVerdict:
        """See `Judge`. A replay that does not fit changes nothing: its match waits for reports by hand."""
        if upload.match_id is None:
            return READ
        now_us = self._clock.now_us()
        match = self._steps.current(tx, upload.match_id, now_us)
        side = match.side_of(upload.player_id)
        if side is None:
            return _rejected("not_a_participant", f"Only the two players of match {match.id} can bring a replay of it.")
        if match.started_at_us is None:  # nothing is compared: what was expected would tell a hidden opponent's name
            return _rejected("not_begun", f"Match {match.id} was not begun here, so no replay can be of it.")
        # Locks both, so that one game brought for two matches of theirs at the same instant is seen in one of them.
        players = tx.players.by_ids(match.player_ids)
        expected = self._expected(tx, match, players, match.started_at_us, upload.uploaded_at_us)
        seen_in = _seen_in(tx, match.id, reading.fingerprint)
        judgement = judge(reading, expected, self._policy, seen_in=seen_in)
        findings = Findings(
            match_id=match.id,
            side=side,
            result=judgement.result,
            checks=judgement.checks,
            handles=(None, None)
            if judgement.players is None
            else (judgement.players[0].handle, judgement.players[1].handle),
        )
        if not judgement.is_verified:
            return _rejected("not_verified", self._refusal(judgement.in_the_way), findings.to_details())
        return self._claimed(tx, upload, match, findings, now_us)

    def _claimed(
        self, tx: Transaction, upload: ReplayUpload, match: Match, findings: Findings, now_us: int
    ) -> UploadVerdict:
        fits = f"The replay fits match {match.id}"
        if findings.result is None:
            sentence = f"{fits}, and states no winner; report the result by hand."
            return _verified("no_winner", sentence, findings)
        # Kept before the step, which looks for what speaks for the result.
        tx.replays.save_upload(upload.judged(_verified("verified", f"{fits}.", findings)))
        try:
            after = report(match, findings.side, findings.result, now_us, self._steps.rules, Evidence.REPLAY)
        except StepRefused as refusal:
            return _verified("kept", f"{fits} and is kept. {refusal}", findings)
        after = self._steps.take(tx, match, after, now_us)
        bind_handles(tx, after)
        code, said = self._said(match, after, findings.side)
        return _verified(code, f"{fits}{said}", findings)

    def _said(self, before: Match, after: Match, side: Side) -> tuple[str, str]:
        """A code for what a claim came to, and how the sentence about it ends."""
        if after.state is MatchState.CONFLICT:
            return "conflict", " and contradicts your opponent; both claims are kept, and an organiser decides."
        if after.state is not MatchState.COMPLETED or after.result is None:
            minutes = self._steps.rules.answer_replay_us / _MICROSECONDS_PER_MINUTE
            return "claimed", (
                ". Your opponent is asked to agree or to disagree; without an answer its result stands "
                f"{minutes:g} minutes after they were told."
            )
        if before.state is MatchState.COMPLETED:
            return "borne_out", ", which is over, and bears out its result."
        outcome = {1.0: "you won", 0.0: "you lost"}.get(after.result.score_of(side), "it was a draw")
        return "completed", f", which is completed: {outcome}."

    def _expected(
        self, tx: Transaction, match: Match, players: Mapping[PlayerId, Player], start_us: int, end_us: int
    ) -> ExpectedGame:
        first, second = (self._expected_side(one, players[one.player_id]) for one in match.participants)
        maps = (one for season in self._catalog.seasons for one in season.maps if one.name == match.map_name)
        names = {name for one in maps for name in (one.name, one.full_name)}
        return ExpectedGame(
            sides=(first, second),
            map_names=frozenset(names if match.map_name is None else names | {match.map_name}),
            mod_handle_sets=frozenset(version.handles for version in tx.replays.mod_versions()),
            window_start_us=start_us,
            window_end_us=end_us,
        )

    def _expected_side(self, participant: Participant, player: Player) -> ExpectedSide:
        return ExpectedSide(
            names=frozenset(player.in_game_names or (player.name,)),
            handles=frozenset(player.handles),
            race=participant.race,
            is_random=any(race.is_random for race in self._catalog.races if race.code == participant.race),
        )

    def _refusal(self, in_the_way: Iterable[Check]) -> str:
        races = {race.code: race.name for race in self._catalog.races}
        reasons = " ".join(
            check_sentence(check, shown=lambda text: _shown(races.get(text, text))) for check in in_the_way
        )
        return f"{reasons} The match stays as it is, and its result can be reported by hand."


def _seen_in(tx: Transaction, match_id: MatchId, fingerprint: str) -> MatchId | None:
    """Another match that a recording of this game was verified for."""
    for file in tx.replays.files_of_game(fingerprint):
        for upload in tx.replays.uploads_of_file(file.sha256, UploadState.VERIFIED):
            if upload.match_id is not None and upload.match_id != match_id:
                return upload.match_id
    return None


def _shown(text: str) -> str:
    """A text from a replay, no longer than a sentence can bear."""
    return text if len(text) <= TEXT_SHOWN_MAX_CODE_POINTS else f"{text[:TEXT_SHOWN_MAX_CODE_POINTS]}…"


def _verified(code: str, sentence: str, findings: Findings) -> UploadVerdict:
    return UploadVerdict(state=UploadState.VERIFIED, code=code, sentence=sentence, details=findings.to_details())


def _rejected(code: str, sentence: str, details: Mapping[str, object] | None = None) -> UploadVerdict:
    return UploadVerdict(state=UploadState.REJECTED, code=code, sentence=sentence, details=details or {})
