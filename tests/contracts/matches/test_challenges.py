"""What every backend promises of challenges, and of what is not told any more."""

from dataclasses import replace

from tests.contracts.players.test_accounts import player_of
from toprung.application.ports.matches import NewNotice
from toprung.application.ports.storage import Storage
from toprung.domain.matches.challenge import ChallengeId, ChallengeState, NewChallenge
from toprung.domain.matches.match import NewMatch, Participant
from toprung.domain.matches.notice import NoticeId, NoticeKind

pytest_plugins = ("tests.support.databases",)


async def test_a_challenge_is_kept_until_it_is_answered(storage: Storage) -> None:
    players = [await player_of(storage, name) for name in ("Novamar", "별빛", "Kestrel")]
    first, second, third = (player.id for player in players)
    new = NewChallenge(
        challenger_id=first, opponent_id=second, races=("bw_zerg", "sc2_zerg"), created_at_us=1, expires_at_us=2**50,
        channel_id=2**62,
    )  # fmt: skip
    one = (await storage.write(lambda tx: tx.challenges.add(new))).value
    back = replace(new, challenger_id=second, opponent_id=first, channel_id=None)
    two = (await storage.write(lambda tx: tx.challenges.add(back))).value
    assert (one.races, one.channel_id, two.channel_id, one.state) == (new.races, 2**62, None, ChallengeState.OPEN)
    assert await storage.read(lambda tx: tx.challenges.get(one.id)) == one
    assert await storage.read(lambda tx: tx.challenges.get(ChallengeId(99))) is None
    for player_id, expected in ((first, [one, two]), (second, [one, two]), (third, [])):
        assert await storage.read(lambda tx, who=player_id: tx.challenges.open_of(who)) == expected  # type: ignore[misc]
    declined = replace(one, state=ChallengeState.DECLINED)
    await storage.write(lambda tx: tx.challenges.save(declined))
    assert await storage.read(lambda tx: tx.challenges.get(one.id)) == declined
    assert await storage.read(lambda tx: tx.challenges.open_of(first)) == [two]
    again = (await storage.write(lambda tx: tx.challenges.add(new))).value  # since the first one is over
    assert again.id not in (one.id, two.id)


async def test_a_challenge_is_found_by_the_match_that_came_of_it(storage: Storage) -> None:
    first, second = [(await player_of(storage, name)).id for name in ("Novamar", "별빛")]
    new = NewChallenge(
        challenger_id=first, opponent_id=second, races=("bw_zerg",), created_at_us=1, expires_at_us=2, channel_id=3
    )
    challenge = (await storage.write(lambda tx: tx.challenges.add(new))).value
    sides = ((Participant(player_id=first, race="zerg"),), (Participant(player_id=second, race="zerg"),))
    opened = NewMatch(source_key="any", sides=sides, assigned_at_us=1, deadline_us=9)
    match = (await storage.write(lambda tx: tx.matches.open(opened))).value
    assert await storage.read(lambda tx: tx.challenges.of_match(match.id)) is None
    accepted = replace(challenge, state=ChallengeState.ACCEPTED, match_id=match.id)
    await storage.write(lambda tx: tx.challenges.save(accepted))
    assert await storage.read(lambda tx: tx.challenges.of_match(match.id)) == accepted


async def test_notices_have_ids_in_their_order_and_can_be_settled_for_a_player(storage: Storage) -> None:
    players = [await player_of(storage, name) for name in ("Novamar", "별빛")]
    first, second = (Participant(player_id=player.id, race="bw_zerg") for player in players)
    new = NewMatch(source_key="k", sides=((first,), (second,)), assigned_at_us=1, deadline_us=2)
    match = (await storage.write(lambda tx: tx.matches.open(new))).value
    notices = [
        NewNotice(player_id=player.id, match_id=match.id, kind=kind, created_at_us=1)
        for kind in (NoticeKind.FOUND, NoticeKind.ABANDONED)
        for player in players
    ]
    ids = (await storage.write(lambda tx: tx.notices.add(notices))).value
    assert (await storage.write(lambda tx: tx.notices.add([]))).value == []
    pending = await storage.read(lambda tx: tx.notices.pending(10))
    assert [notice.id for notice in pending] == ids
    assert [(notice.player_id, notice.kind) for notice in pending] == [(one.player_id, one.kind) for one in notices]
    await storage.write(lambda tx: tx.notices.settle_all_of(players[0].id))
    left: list[NoticeId] = [notice.id for notice in await storage.read(lambda tx: tx.notices.pending(10))]
    assert left == [ids[1], ids[3]]
