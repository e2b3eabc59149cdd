"""What every backend promises of open matches, penalties and notices."""

from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.fakes.matches import final
from toprung.application.ports.matches import NewNotice
from toprung.application.ports.players import NewPlayer
from toprung.application.ports.storage import Storage, Transaction
from toprung.domain.matches.conduct import Offence, Penalty
from toprung.domain.matches.match import (
    Claim,
    Evidence,
    FinalMatch,
    Match,
    MatchId,
    MatchResult,
    MatchSide,
    MatchState,
    NewMatch,
    Participant,
)
from toprung.domain.matches.notice import NoticeId, NoticeKind
from toprung.domain.players.player import PlayerId

pytest_plugins = ("tests.support.databases",)

_numbers = count(1)
moments = st.integers(0, 2**60)
claims = st.builds(
    Claim,
    result=st.sampled_from(MatchResult),
    evidence=st.sampled_from(Evidence),
    at_us=moments,
    told_at_us=st.none() | moments,
)


async def players(storage: Storage, many: int) -> list[PlayerId]:
    new = [NewPlayer(name=f"p{number}", name_key=f"p{number}") for number in (next(_numbers) for _ in range(many))]
    return [player.id for player in (await storage.write(lambda tx: tx.players.add(new))).value]


def new_match(one: PlayerId, other: PlayerId, *, deadline_us: int = 2_000) -> NewMatch:
    sides = ((Participant(player_id=one, race="zerg"),), (Participant(player_id=other, race="terran"),))
    return NewMatch(
        source_key=f"key {next(_numbers)}",
        sides=sides,
        assigned_at_us=1_000,
        deadline_us=deadline_us,
        map_name="Khione",
        server="krw",
    )


async def opened(storage: Storage, new: NewMatch) -> Match:
    return (await storage.write(lambda tx: tx.matches.open(new))).value


async def saved(storage: Storage, match: Match) -> None:
    await storage.write(lambda tx: tx.matches.save(match))


def ended(match: Match, state: MatchState, *, at_us: int = 5_000, result: MatchResult | None = None) -> Match:
    return replace(match, state=state, result=result, ended_at_us=at_us, deadline_us=None)


async def test_an_opened_match_is_found_as_given_by_number_and_by_key(storage: Storage) -> None:
    one, other = await players(storage, 2)
    new = new_match(one, other)
    match = await opened(storage, new)
    assert match == Match(
        id=match.id,
        source_key=new.source_key,
        sides=(MatchSide(players=new.sides[0]), MatchSide(players=new.sides[1])),
        state=MatchState.ASSIGNED,
        assigned_at_us=1_000,
        deadline_us=2_000,
        map_name="Khione",
        server="krw",
    )
    assert await storage.read(lambda tx: tx.matches.get(match.id)) == match
    assert await storage.read(lambda tx: tx.matches.by_source_key(new.source_key)) == match
    assert await storage.read(lambda tx: tx.matches.by_source_key("another")) is None
    assert await storage.read(lambda tx: tx.matches.get(MatchId(match.id + 1))) is None


@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_saved_match_is_found_as_saved_whatever_was_said_of_it(storage: Storage, data: st.DataObject) -> None:
    one, other = await players(storage, 2)
    match = await opened(storage, new_match(one, other))
    state = data.draw(st.sampled_from(MatchState))
    sides = tuple(
        MatchSide(
            players=side.players,
            told_at_us=data.draw(st.none() | moments),
            confirmed_at_us=data.draw(st.none() | moments),
            claim=data.draw(st.none() | claims),
            cancel_asked_at_us=data.draw(st.none() | moments),
        )
        for side in match.sides
    )
    changed = replace(
        match,
        sides=(sides[0], sides[1]),
        state=state,
        deadline_us=data.draw(moments) if state.is_open else None,
        result=data.draw(st.sampled_from(MatchResult) if state is MatchState.COMPLETED else st.none()),
        ended_at_us=None if state.is_open else data.draw(moments),
    )
    await saved(storage, changed)
    assert await storage.read(lambda tx: tx.matches.get(match.id)) == changed
    busy = await storage.read(lambda tx: tx.matches.open_of([one, other]))
    assert busy == (dict.fromkeys((one, other), match.id) if state.is_open else {})


async def test_a_player_cannot_be_in_two_open_matches(storage: Storage) -> None:
    one, two, three = await players(storage, 3)
    match = await opened(storage, new_match(one, two))
    second = new_match(two, three)
    with pytest.raises(Exception):  # noqa: B017 - each backend refuses in its own way: what counts is that it does
        await opened(storage, second)
    assert await storage.read(lambda tx: tx.matches.open_of([one, two, three])) == {one: match.id, two: match.id}
    await saved(storage, ended(match, MatchState.ABORTED))
    again = await opened(storage, second)
    assert await storage.read(lambda tx: tx.matches.open_of([one, two, three])) == {two: again.id, three: again.id}


async def test_deadlines_are_found_in_their_order_and_only_those_that_have_passed(storage: Storage) -> None:
    assert await storage.read(lambda tx: tx.matches.next_deadline_us()) is None
    ids = await players(storage, 6)
    late = await opened(storage, new_match(ids[0], ids[1], deadline_us=3_000))
    early = await opened(storage, new_match(ids[2], ids[3], deadline_us=1_500))
    gone = await opened(storage, new_match(ids[4], ids[5], deadline_us=1_000))
    await saved(storage, ended(gone, MatchState.VOIDED))

    async def due(now_us: int, limit: int = 10) -> list[MatchId]:
        return await storage.read(lambda tx: tx.matches.due(now_us, limit))

    assert await due(1_499) == []
    assert await due(1_500) == [early.id]
    assert await due(9_000) == [early.id, late.id]
    assert await due(9_000, 1) == [early.id]
    assert await storage.read(lambda tx: tx.matches.next_deadline_us()) == 1_500


async def test_only_completed_matches_count_and_the_rest_is_listed_by_state_and_player(storage: Storage) -> None:
    ids = await players(storage, 4)
    won = FinalMatch(
        source_key=f"cup {next(_numbers)}",
        sides=((Participant(player_id=ids[0], race="zerg"),), (Participant(player_id=ids[1], race="terran"),)),
        result=MatchResult.SIDE_1_WON,
        ended_at_us=7_000,
    )
    (imported,) = (await storage.write(lambda tx: tx.matches.add([won], recorded_at_us=1))).value
    conflict = await opened(storage, new_match(ids[0], ids[2]))
    await saved(storage, ended(conflict, MatchState.CONFLICT))
    drawn = await opened(storage, new_match(ids[0], ids[3]))
    await saved(storage, ended(drawn, MatchState.COMPLETED, at_us=9_000, result=MatchResult.DRAW))
    open_one = await opened(storage, new_match(ids[1], ids[2]))
    completed = await storage.read(lambda tx: list(tx.matches.completed()))
    assert [match.id for match in completed] == [imported, drawn.id]
    assert final(completed[0]) == won
    assert await storage.read(lambda tx: tx.matches.completed_ids()) == [imported, drawn.id]
    verdicts = await storage.read(lambda tx: tx.matches.verdicts([imported, conflict.id, drawn.id]))
    results = {match_id: verdict.result for match_id, verdict in verdicts.items()}
    assert results == {imported: MatchResult.SIDE_1_WON, conflict.id: None, drawn.id: MatchResult.DRAW}

    async def listed(player_id: PlayerId | None, *states: MatchState) -> list[int]:
        return [
            one.id for one in await storage.read(lambda tx: tx.lookups.matches(10, player_id=player_id, states=states))
        ]

    assert await listed(None) == [open_one.id, drawn.id, conflict.id, imported]
    assert await listed(None, MatchState.CONFLICT) == [conflict.id]
    assert await listed(ids[0], MatchState.CONFLICT, MatchState.COMPLETED) == [drawn.id, conflict.id, imported]
    assert await listed(ids[2]) == [open_one.id, conflict.id]
    assert await storage.read(lambda tx: tx.matches.completed_moments([ids[0]], 7_000)) == [7_000, 9_000]
    assert await storage.read(lambda tx: tx.matches.completed_moments([ids[0]], 7_001)) == [9_000]
    assert await storage.read(lambda tx: tx.matches.completed_moments([ids[2]], 0)) == []


async def test_penalties_are_a_players_own_from_a_moment_on_and_can_be_pardoned(storage: Storage) -> None:
    one, other = await players(storage, 2)
    matches = []
    for _ in range(3):
        match = await opened(storage, new_match(one, other))
        await saved(storage, ended(match, MatchState.ABORTED))
        matches.append(match.id)

    def penalty(player_id: PlayerId, match_id: MatchId, at_us: int) -> Penalty:
        return Penalty(player_id=player_id, match_id=match_id, offence=Offence.ABORT, at_us=at_us, until_us=at_us + 300)

    given_ = [penalty(one, matches[1], 200), penalty(one, matches[0], 100), penalty(other, matches[2], 150)]

    def work(tx: Transaction) -> None:
        for each in given_:
            tx.penalties.add(each)

    await storage.write(work)
    assert await storage.read(lambda tx: tx.penalties.of_players([one], 0)) == [given_[1], given_[0]]
    assert await storage.read(lambda tx: tx.penalties.of_players([one], 101)) == [given_[0]]
    with pytest.raises(Exception):  # noqa: B017 - see above
        await storage.write(lambda tx: tx.penalties.add(given_[0]))
    assert (await storage.write(lambda tx: tx.penalties.pardon([one], 250))).value == 2
    assert (await storage.write(lambda tx: tx.penalties.pardon([one], 260))).value == 0
    pardoned = await storage.read(lambda tx: tx.penalties.of_players([one], 0))
    assert pardoned == [replace(each, pardoned_at_us=250) for each in (given_[1], given_[0])]
    assert await storage.read(lambda tx: tx.penalties.of_players([other], 0)) == [given_[2]]


async def test_notices_wait_in_their_order_until_they_are_settled(storage: Storage) -> None:
    one, other = await players(storage, 2)
    match = await opened(storage, new_match(one, other))
    new = [
        NewNotice(player_id=one, match_id=match.id, kind=NoticeKind.FOUND, created_at_us=1),
        NewNotice(player_id=other, match_id=match.id, kind=NoticeKind.FOUND, created_at_us=1, was_reached=False),
        NewNotice(player_id=one, match_id=match.id, kind=NoticeKind.CLAIM, created_at_us=2),
    ]
    await storage.write(lambda tx: tx.notices.add(new))
    await storage.write(lambda tx: tx.notices.add([]))
    waiting = await storage.read(lambda tx: tx.notices.pending(10))
    assert [(one_.player_id, one_.kind, one_.created_at_us) for one_ in waiting] == [
        (one, NoticeKind.FOUND, 1),
        (one, NoticeKind.CLAIM, 2),
    ]
    assert await storage.read(lambda tx: tx.notices.pending(1)) == waiting[:1]
    await storage.write(lambda tx: tx.notices.settle(waiting[0].id, was_reached=True))
    assert await storage.read(lambda tx: tx.notices.pending(10)) == waiting[1:]
    assert await storage.read(lambda tx: tx.notices.get(waiting[0].id)) == replace(waiting[0], was_reached=True)
    assert await storage.read(lambda tx: tx.notices.get(NoticeId(10**6))) is None
