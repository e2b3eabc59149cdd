"""What a step in the life of a match brings with it, in the transaction that makes the step."""

from collections.abc import Callable
from dataclasses import replace

from toprung.application.matches.handle_binding import bind_handles
from toprung.application.matches.match_notices import notice_intent
from toprung.application.matches.match_rating import Decided, MatchRater
from toprung.application.ports.matches import NewNotice
from toprung.application.ports.storage import Transaction
from toprung.domain.errors import NotFound
from toprung.domain.events import MatchAborted, MatchMoved
from toprung.domain.matches.conduct import REMEMBERED_US, Offence, Penalty, PenaltyRules, strikes
from toprung.domain.matches.match import Match, MatchId, MatchState, NewMatch, Side, other
from toprung.domain.matches.match_life import MatchRules, at_fault, found, pass_deadlines, side_of, told
from toprung.domain.matches.notice import NoticeId, NoticeKind, notices_of
from toprung.domain.players.player import Player, PlayerId

Reach = Callable[[Player], bool]
"""Whether anything here can send a player a message."""


class MatchSteps:
    """Stores a match that went a step further, with the ratings, penalties, notices and events that this means."""

    def __init__(self, *, rater: MatchRater, rules: MatchRules, penalties: PenaltyRules, can_reach: Reach) -> None:
        self._rater = rater
        self._penalties = penalties
        self._can_reach = can_reach
        self.rules = rules

    def open(self, tx: Transaction, new: NewMatch, now_us: int) -> Match:
        """A new match, stored and told."""
        opened = tx.matches.open(new)
        match = self._tell(tx, None, opened, now_us)
        if match != opened:
            tx.matches.save(match)
        tx.changes.record(MatchMoved(match_id=match.id, state=match.state, deadline_us=match.deadline_us))
        return match

    def current(self, tx: Transaction, match_id: MatchId, now_us: int) -> Match:
        """The match with this id after every deadline that has passed. Raises `NotFound`."""
        match = tx.matches.get(match_id)
        if match is None:
            raise NotFound("There is no match {number}.", "match", number=str(match_id))
        return self.take(tx, match, pass_deadlines(match, now_us), now_us)

    def take(
        self, tx: Transaction, before: Match, after: Match, now_us: int, *, aborted_by: Side | None = None
    ) -> Match:
        """Stores what came of a match, and gives it as stored. Does nothing if the match is unchanged.

        A match that is completed for the first time is rated. One that was rated before is not: judging it anew is for
        the rating log.
        """
        if after == before:
            return after
        after = self._tell(tx, before, after, now_us)
        tx.matches.save(after)
        if after.state is MatchState.COMPLETED and before.result is None:
            self._rate(tx, after, now_us)
            bind_handles(tx, after)
        if after.state is not before.state:
            for side in at_fault(after, aborted_by):
                self._punish(tx, after, side)
        if after.state is MatchState.ABORTED:
            tx.changes.record(MatchAborted(match_id=after.id, player_ids=after.player_ids))
        tx.changes.record(MatchMoved(match_id=after.id, state=after.state, deadline_us=after.deadline_us))
        return after

    def _rate(self, tx: Transaction, match: Match, now_us: int) -> None:
        if match.result is None or match.ended_at_us is None:
            raise ValueError("a completed match has a result and an end")
        decided = Decided(
            match_id=match.id, participants=match.participants, result=match.result, ended_at_us=match.ended_at_us
        )
        self._rater.rate(tx, [decided], now_us)

    def _punish(self, tx: Transaction, match: Match, side: Side) -> None:
        player_id, at_us = match.player_ids[side], match.ended_at_us or 0
        since_us = at_us - REMEMBERED_US
        person = tx.departures.same_person(player_id)  # who left and came back has the habits of before
        offences = [one.at_us for one in tx.penalties.of_players(person, since_us) if one.pardoned_at_us is None]
        before = strikes(offences, tx.matches.completed_moments(person, since_us), at_us)
        offence = Offence.ABORT if match.state is MatchState.ABORTED else Offence.ABANDON
        tx.penalties.add(
            Penalty(
                player_id=player_id,
                match_id=match.id,
                offence=offence,
                at_us=at_us,
                until_us=at_us + self._penalties.duration_us(offence, before),
            )
        )

    def _tell(self, tx: Transaction, before: Match | None, after: Match, now_us: int) -> Match:
        """Stores what the players are to be told; one whom nothing here can reach counts as told at once."""
        notices = notices_of(before, after)
        if not notices:
            return after
        players = tx.players.by_ids(after.player_ids)
        stored = []
        for side, kind in notices:
            player_id = after.player_ids[side]
            notice = NewNotice(player_id=player_id, match_id=after.id, kind=kind, created_at_us=now_us)
            if not self._can_reach(players[player_id]):
                notice = replace(notice, was_reached=False)
                after = self._after_telling(after, side, kind, now_us)
            stored.append(notice)
        ids = tx.notices.add(stored)
        pairs = zip(ids, stored, strict=True)
        intents = [
            intent
            for notice_id, notice in pairs
            if notice.was_reached is None
            and (intent := notice_intent(notice_id, notice, players[notice.player_id])) is not None
        ]
        if intents:
            tx.intents.want(intents, now_us=now_us)
        return after

    def settle(self, tx: Transaction, notice_id: NoticeId, now_us: int, *, was_reached: bool) -> None:
        """Says that a player was told, or out of reach by a refusal of their own; their time to act runs from here.

        Nothing else settles a notice: whoever was not told for another reason loses nothing by it. Raises `NotFound`.
        Settling one again changes nothing.
        """
        notice = tx.notices.get(notice_id)
        if notice is None:
            raise NotFound("There is no notice {number}.", "notice", number=str(notice_id))
        if notice.was_reached is not None:
            return
        tx.notices.settle(notice_id, was_reached=was_reached)
        if notice.kind not in {NoticeKind.FOUND, NoticeKind.CLAIM}:
            return
        match = self.current(tx, notice.match_id, now_us)
        side = side_of(match, notice.player_id)
        claim = match.sides[other(side)].claim
        if notice.kind is NoticeKind.FOUND or (claim is not None and claim.at_us == notice.created_at_us):
            self.take(tx, match, self._after_telling(match, side, notice.kind, now_us), now_us)

    def let_go(self, tx: Transaction, notice_id: NoticeId) -> None:
        """Says that there is nothing left to tell by a notice; no time runs because of that. Raises `NotFound`."""
        notice = tx.notices.get(notice_id)
        if notice is None:
            raise NotFound("There is no notice {number}.", "notice", number=str(notice_id))
        if notice.was_reached is None:
            tx.notices.settle(notice_id, was_reached=False)

    def _after_telling(self, match: Match, side: Side, kind: NoticeKind, now_us: int) -> Match:
        """The match when this side knows of it, or of what the other side claims."""
        if kind is NoticeKind.FOUND:
            return found(match, side, now_us, self.rules)
        return told(match, other(side), now_us, self.rules) if kind is NoticeKind.CLAIM else match


def held_by_penalty(tx: Transaction, player_id: PlayerId, now_us: int) -> Penalty | None:
    """The penalty that keeps a player from matches longest at this moment, also one from before the player left."""
    penalties = tx.penalties.of_players(tx.departures.same_person(player_id), now_us - REMEMBERED_US)
    return max((one for one in penalties if one.holds(now_us)), key=lambda one: one.until_us, default=None)
