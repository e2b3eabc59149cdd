"""What every backend promises of heartbeats, and of what moves with time that was not served."""

from dataclasses import replace

from tests.contracts.matches.test_match_repositories import ended, new_match, opened, players, saved
from toprung.application.ports.intents import Intent
from toprung.application.ports.storage import Storage, Transaction
from toprung.domain.matches.challenge import ChallengeState, NewChallenge
from toprung.domain.matches.conduct import Offence, Penalty
from toprung.domain.matches.match import MatchState
from toprung.domain.matches.served_time import Heartbeat

pytest_plugins = ("tests.support.databases",)


async def test_a_heartbeat_is_the_last_one_of_its_name_and_no_change(storage: Storage) -> None:
    assert await storage.read(lambda tx: tx.heartbeats.get("deadlines")) is None
    for at_us, owed_us in ((2**60, 0), (5, -30), (7, 2**40)):
        beat = Heartbeat(at_us=at_us, owed_us=owed_us)
        committed = await storage.write(lambda tx, put=beat: tx.heartbeats.put("deadlines", put))  # type: ignore[misc]
        assert committed.changes == ()
        assert await storage.read(lambda tx: tx.heartbeats.get("deadlines")) == beat
    await storage.write(lambda tx: tx.heartbeats.put("other", Heartbeat(at_us=1)))
    assert await storage.read(lambda tx: tx.heartbeats.get("deadlines")) == Heartbeat(at_us=7, owed_us=2**40)
    assert await storage.read(lambda tx: tx.changes.last_seq()) == 0


async def test_matches_with_deadlines_are_the_open_ones_with_what_they_were_given_back(storage: Storage) -> None:
    one, other, third, fourth = await players(storage, 4)
    first = await opened(storage, new_match(one, other))
    second = await opened(storage, new_match(third, fourth))
    assert first.given_back_us == 0
    moved = replace(second, deadline_us=2**59, given_back_us=-(2**50))
    await saved(storage, moved)
    assert (await storage.write(lambda tx: tx.matches.with_deadlines())).value == [first, moved]
    await saved(storage, ended(first, MatchState.ABANDONED))
    assert await storage.read(lambda tx: tx.matches.with_deadlines()) == [moved]


async def test_penalties_that_end_after_a_moment_move_and_others_stay(storage: Storage) -> None:
    one, other = await players(storage, 2)
    matches = []
    for _ in range(2):
        match = await opened(storage, new_match(one, other))
        await saved(storage, ended(match, MatchState.ABORTED))
        matches.append(match.id)
    over, running = (
        Penalty(player_id=one, match_id=match_id, offence=Offence.ABORT, at_us=at_us, until_us=at_us + 10)
        for match_id, at_us in zip(matches, (90, 91), strict=True)
    )

    def add(tx: Transaction) -> None:
        tx.penalties.add(over)
        tx.penalties.add(running)
        tx.penalties.move(-1_000, until_after_us=100)

    await storage.write(add)
    moved = replace(running, at_us=-909, until_us=-899)
    assert await storage.read(lambda tx: tx.penalties.of_players([one], -2_000)) == [moved, over]


async def test_what_is_due_after_a_moment_moves_and_what_is_delivered_or_due_stays(storage: Storage) -> None:
    due, later, said = (Intent(key=key, kind="k", recipient=1) for key in ("due", "later", "said"))

    def want(tx: Transaction) -> None:
        tx.intents.want([due], now_us=100)
        tx.intents.want([later, said], now_us=101)
        stored = tx.intents.find("said")
        assert stored is not None
        tx.intents.delivered(stored.id, revision=stored.revision, message=(1, 2))
        tx.intents.move_due(50, due_after_us=100)

    await storage.write(want)
    for now_us, expected in ((99, []), (100, ["due"]), (150, ["due"]), (151, ["due", "later"])):
        found = await storage.read(lambda tx, at=now_us: tx.intents.due(now_us=at, limit=9))  # type: ignore[misc]
        assert [one.intent.key for one in found] == expected


async def test_open_challenges_are_found_and_keep_the_time_that_they_are_given(storage: Storage) -> None:
    one, other, third = await players(storage, 3)
    new = NewChallenge(challenger_id=one, opponent_id=other, races=("zerg",), created_at_us=1, expires_at_us=2)
    first = (await storage.write(lambda tx: tx.challenges.add(new))).value
    second = (await storage.write(lambda tx: tx.challenges.add(replace(new, opponent_id=third)))).value
    longer = replace(first, expires_at_us=2**60)
    await storage.write(lambda tx: tx.challenges.save(longer))
    assert await storage.read(lambda tx: tx.challenges.open()) == [longer, second]
    await storage.write(lambda tx: tx.challenges.save(replace(second, state=ChallengeState.EXPIRED)))
    assert await storage.read(lambda tx: tx.challenges.open()) == [longer]
