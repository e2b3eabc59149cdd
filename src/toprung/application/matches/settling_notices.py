"""What follows for a match from how a message about it ended."""

from toprung.application.jobs.outbox import Settling
from toprung.application.matches.challenge_service import ChallengeService
from toprung.application.matches.match_notices import notice_of
from toprung.application.matches.match_steps import MatchSteps
from toprung.application.ports.clock import Clock
from toprung.application.ports.intents import Ending, StoredIntent
from toprung.application.ports.storage import Transaction
from toprung.domain.matches.notice import NoticeKind


def settling_notices(steps: MatchSteps, challenges: ChallengeService, clock: Clock) -> Settling:
    """Settles a notice in the transaction in which its intent ends."""

    def settle(tx: Transaction, stored: StoredIntent, ending: Ending) -> None:
        notice_id, player_id, match_id, kind = notice_of(stored)
        if ending is Ending.NOTHING_TO_SAY:
            steps.let_go(tx, notice_id)
            return
        steps.settle(tx, notice_id, clock.now_us(), was_reached=ending is Ending.SAID)
        if ending is Ending.REFUSED and kind is NoticeKind.FOUND:
            challenges.tell_in_channel(tx, match_id, player_id)

    return settle
