"""Matches, penalties and notices in memory: the part of the fakes that keeps `application/ports/matches.py`."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from toprung.application.ports.matches import NewNotice
from toprung.domain.matches.conduct import Penalty
from toprung.domain.matches.match import FinalMatch, Match, MatchId, MatchSide, MatchState, NewMatch
from toprung.domain.matches.notice import Notice, NoticeId
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.rating_log import Verdict


@dataclass
class FakeMatches:
    """What of a fake database belongs to matches. Every value is frozen, so that copying it is shallow."""

    matches: dict[MatchId, Match] = field(default_factory=dict)
    penalties: list[Penalty] = field(default_factory=list)
    notices: dict[NoticeId, Notice] = field(default_factory=dict)

    def copied(self) -> "FakeMatches":
        """A copy that can be changed without changing this one."""
        return FakeMatches(dict(self.matches), list(self.penalties), dict(self.notices))


class FakeMatchRepository:
    """Implements `MatchRepository`."""

    def __init__(self, kept: FakeMatches) -> None:
        self._kept = kept

    def known_source_keys(self, keys: Collection[str]) -> set[str]:
        return {match.source_key for match in self._kept.matches.values()} & set(keys)

    def add(self, matches: Sequence[FinalMatch], *, recorded_at_us: int) -> list[MatchId]:
        """See `MatchRepository`. When a match was recorded is not kept."""
        if self.known_source_keys([match.source_key for match in matches]):
            raise AssertionError("a source key names one match")
        ids = []
        for match in matches:
            ids.append(self._new_id())
            first, second = (MatchSide(players=side) for side in match.sides)
            self._kept.matches[ids[-1]] = Match(
                id=ids[-1],
                source_key=match.source_key,
                sides=(first, second),
                state=MatchState.COMPLETED,
                result=match.result,
                ended_at_us=match.ended_at_us,
                map_name=match.map_name,
            )
        return ids

    def open(self, new: NewMatch) -> Match:
        if self.known_source_keys([new.source_key]):
            raise AssertionError("a source key names one match")
        if self.open_of([one.player_id for side in new.sides for one in side]):
            raise AssertionError("a player is in one open match at most")
        first, second = (MatchSide(players=side) for side in new.sides)
        match = Match(
            id=self._new_id(),
            source_key=new.source_key,
            sides=(first, second),
            state=MatchState.ASSIGNED,
            assigned_at_us=new.assigned_at_us,
            deadline_us=new.deadline_us,
            map_name=new.map_name,
            server=new.server,
        )
        self._kept.matches[match.id] = match
        return match

    def _new_id(self) -> MatchId:
        return MatchId(len(self._kept.matches) + 1)

    def save(self, match: Match) -> None:
        if match.state.is_open != (match.deadline_us is not None):
            raise AssertionError("an open match has a deadline, and no other")
        if match.state is MatchState.COMPLETED and (match.result is None or match.ended_at_us is None):
            raise AssertionError("a completed match has a result and an end")
        self._kept.matches[match.id] = match

    def get(self, match_id: MatchId) -> Match | None:
        return self._kept.matches.get(match_id)

    def by_source_key(self, key: str) -> Match | None:
        return next((match for match in self._kept.matches.values() if match.source_key == key), None)

    def open_of(self, player_ids: Collection[PlayerId]) -> dict[PlayerId, MatchId]:
        busy = {
            one: match.id for match in self._kept.matches.values() if match.state.is_open for one in match.player_ids
        }
        return {player_id: busy[player_id] for player_id in player_ids if player_id in busy}

    def completed(self) -> Iterator[Match]:
        return iter([match for match in self._kept.matches.values() if match.state is MatchState.COMPLETED])

    def completed_ids(self) -> list[MatchId]:
        return [match.id for match in self.completed()]

    def completed_moments(self, player_ids: Collection[PlayerId], since_us: int) -> list[int]:
        moments = (match.ended_at_us or 0 for match in self.completed() if set(player_ids) & set(match.player_ids))
        return sorted(moment for moment in moments if moment >= since_us)

    def verdicts(self, match_ids: Collection[MatchId]) -> dict[MatchId, Verdict]:
        found = (self._kept.matches[match_id] for match_id in match_ids)
        return {one.id: Verdict(result=one.standing_result, ended_at_us=one.ended_at_us or 0) for one in found}

    def due(self, now_us: int, limit: int) -> list[MatchId]:
        passed = [(deadline, match_id) for deadline, match_id in self._deadlines() if deadline <= now_us]
        return [match_id for _, match_id in sorted(passed)][:limit]

    def with_deadlines(self) -> list[Match]:
        return [match for match in self._kept.matches.values() if match.deadline_us is not None]

    def next_deadline_us(self) -> int | None:
        return min((deadline for deadline, _ in self._deadlines()), default=None)

    def _deadlines(self) -> list[tuple[int, MatchId]]:
        return [(one.deadline_us, one.id) for one in self._kept.matches.values() if one.deadline_us is not None]

    def count(self) -> int:
        return len(self._kept.matches)


class FakePenaltyRepository:
    """Implements `PenaltyRepository`."""

    def __init__(self, kept: FakeMatches) -> None:
        self._kept = kept

    def add(self, penalty: Penalty) -> None:
        if any((one.player_id, one.match_id) == (penalty.player_id, penalty.match_id) for one in self._kept.penalties):
            raise AssertionError("a player gets one penalty a match at most")
        self._kept.penalties.append(penalty)

    def of_players(self, player_ids: Collection[PlayerId], since_us: int) -> list[Penalty]:
        found = [one for one in self._kept.penalties if one.player_id in player_ids and one.at_us >= since_us]
        return sorted(found, key=lambda one: (one.at_us, one.match_id))

    def pardon(self, player_ids: Collection[PlayerId], now_us: int) -> int:
        kept = self._kept.penalties
        wanted = [at for at, one in enumerate(kept) if one.player_id in player_ids and one.pardoned_at_us is None]
        for at in wanted:
            kept[at] = replace(kept[at], pardoned_at_us=now_us)
        return len(wanted)

    def move(self, by_us: int, *, until_after_us: int) -> None:
        for at, one in enumerate(self._kept.penalties):
            if one.until_us > until_after_us:
                moved = replace(one, at_us=one.at_us + by_us, until_us=one.until_us + by_us)
                self._kept.penalties[at] = moved


class FakeNoticeRepository:
    """Implements `NoticeRepository`."""

    def __init__(self, kept: FakeMatches) -> None:
        self._kept = kept

    def add(self, notices: Sequence[NewNotice]) -> list[NoticeId]:
        before = len(self._kept.notices)
        for new in notices:
            notice_id = NoticeId(len(self._kept.notices) + 1)
            self._kept.notices[notice_id] = Notice(
                id=notice_id,
                player_id=new.player_id,
                match_id=new.match_id,
                kind=new.kind,
                created_at_us=new.created_at_us,
                was_reached=new.was_reached,
            )
        return list(self._kept.notices)[before:]

    def get(self, notice_id: NoticeId) -> Notice | None:
        return self._kept.notices.get(notice_id)

    def pending(self, limit: int) -> list[Notice]:
        return [notice for notice in self._kept.notices.values() if notice.was_reached is None][:limit]

    def settle(self, notice_id: NoticeId, *, was_reached: bool) -> None:
        self._kept.notices[notice_id] = replace(self._kept.notices[notice_id], was_reached=was_reached)

    def settle_all_of(self, player_id: PlayerId) -> None:
        for notice in list(self._kept.notices.values()):
            if notice.player_id == player_id and notice.was_reached is None:
                self.settle(notice.id, was_reached=False)


def final(match: Match) -> FinalMatch:
    """A completed match as it may have come in."""
    if match.result is None or match.ended_at_us is None:
        raise AssertionError("a completed match has a result and an end")
    return FinalMatch(
        source_key=match.source_key,
        sides=(match.sides[0].players, match.sides[1].players),
        result=match.result,
        ended_at_us=match.ended_at_us,
        map_name=match.map_name,
    )
