"""What every backend promises of accounts, drafts and intents."""

from dataclasses import replace

from toprung.application.ports.intents import Intent, Priority, StoredIntent
from toprung.application.ports.players import Account, NewPlayer, SetupDraft
from toprung.application.ports.storage import Storage, Transaction
from toprung.domain.events import PlayerRegistered, PlayerRenamed
from toprung.domain.players.player import Player

pytest_plugins = ("tests.support.databases",)

BOARD = Intent(key="board 7", kind="board", recipient=7, priority=Priority.LEADERBOARD, parameters={"version": "1"})
FOUND = Intent(key="match 1 for 2", kind="found", recipient=2**62, is_direct=True, parameters={"match": "1"})


async def player_of(storage: Storage, name: str, discord_id: int | None = None) -> Player:
    new = NewPlayer(name=name, name_key=name.casefold(), discord_id=discord_id, in_game_names=("bnet#123",))

    def work(tx: Transaction) -> Player:
        (player,) = tx.players.add([new])
        tx.changes.record(PlayerRegistered(player=player))
        return player

    return (await storage.write(work)).value


async def want(storage: Storage, *intents: Intent, now_us: int = 0) -> None:
    await storage.write(lambda tx: tx.intents.want(intents, now_us=now_us))


async def due(storage: Storage, now_us: int = 0) -> list[StoredIntent]:
    return await storage.read(lambda tx: tx.intents.due(now_us=now_us, limit=10))


async def test_an_account_is_found_as_it_was_last_saved_and_gone_when_removed(storage: Storage) -> None:
    player = await player_of(storage, "별빛")
    account = Account(player_id=player.id, language="ko", terms_accepted_at_us=5)
    for saved in (account, replace(account, language="en", renamed_at_us=9)):
        await storage.write(lambda tx, saved=saved: tx.accounts.save(saved))  # type: ignore[misc]
        assert await storage.read(lambda tx: tx.accounts.by_player_ids([player.id])) == {player.id: saved}
    await storage.write(lambda tx: tx.accounts.remove(player.id))
    assert await storage.read(lambda tx: tx.accounts.by_player_ids([player.id])) == {}


async def test_a_draft_is_kept_per_discord_account(storage: Storage) -> None:
    first = SetupDraft(discord_id=2**62, language="ko", name="별빛", terms_accepted_at_us=7)
    other = SetupDraft(discord_id=2)
    for draft in (first, other, replace(other, country="KR", region="KRJ", in_game_name="x")):
        await storage.write(lambda tx, draft=draft: tx.accounts.save_draft(draft))  # type: ignore[misc]
        assert await storage.read(lambda tx, draft=draft: tx.accounts.draft(draft.discord_id)) == draft  # type: ignore[misc]
    await storage.write(lambda tx: tx.accounts.remove_draft(2))
    assert await storage.read(lambda tx: (tx.accounts.draft(2), tx.accounts.draft(2**62))) == (None, first)


async def test_who_has_a_discord_account_is_listed(storage: Storage) -> None:
    await player_of(storage, "imported")
    player = await player_of(storage, "별빛", discord_id=2**62)
    assert await storage.read(lambda tx: tx.players.discord_ids()) == {player.id: 2**62}


async def test_intents_come_by_priority_and_once(storage: Storage) -> None:
    await want(storage, BOARD, FOUND)
    found, board = await due(storage)
    assert (found.intent, board.intent) == (FOUND, BOARD)
    await storage.write(lambda tx: tx.intents.delivered(found.id, revision=found.revision, message=(3, 4)))
    await want(storage, FOUND, BOARD)  # which is so already, or waits already
    assert await due(storage) == [board]
    assert await storage.read(lambda tx: (tx.intents.waiting(), tx.intents.next_due_us())) == (1, 0)
    assert await storage.read(lambda tx: tx.intents.due(now_us=0, limit=9, passed_over=[7])) == []


async def test_what_is_due_to_some_users_of_some_kinds(storage: Storage) -> None:
    later, first = (
        Intent(key=f"notice {number}", kind="notice", recipient=9, is_direct=True, priority=priority)
        for number, priority in ((2, Priority.MATCH), (1, Priority.ROLE))
    )
    in_channel = replace(first, key="in a channel of that number", is_direct=False)
    others = replace(first, key="another's", recipient=8), replace(first, key="of another kind", kind="role")
    await want(storage, first)
    await storage.write(lambda tx: tx.intents.want([later, in_channel, *others], now_us=2))
    found = await storage.read(lambda tx: tx.intents.due_of({"notice"}, {9}, now_us=10, limit=9))
    assert [stored.intent for stored in found] == [first, later]
    assert await storage.read(lambda tx: tx.intents.due_of({"notice"}, {9}, now_us=10, limit=1)) == found[:1]
    assert await storage.read(lambda tx: tx.intents.due_of({"notice"}, set(), now_us=10, limit=9)) == []
    await storage.write(lambda tx: tx.intents.give_up(found[0].id, reason="closed"))
    assert await storage.read(lambda tx: tx.intents.due_of({"notice"}, {9}, now_us=1, limit=9)) == []


async def test_wanting_something_else_under_a_key_is_one_edit_of_the_message_that_said_it(storage: Storage) -> None:
    await want(storage, BOARD)
    (first,) = await due(storage)
    await storage.write(lambda tx: tx.intents.delivered(first.id, revision=1, message=(7, 70)))
    for version in ("2", "3"):
        await want(storage, replace(BOARD, parameters={"version": version}), now_us=1)
    (again,) = await due(storage, 1)
    assert again.message == (7, 70)
    assert again.intent.parameters == {"version": "3"}
    await want(storage, replace(BOARD, parameters={"version": "4"}))  # while revision 3 is on its way
    await storage.write(lambda tx: tx.intents.delivered(again.id, revision=again.revision, message=(7, 70)))
    assert [row.intent.parameters["version"] for row in await due(storage)] == ["4"]
    await want(storage, replace(BOARD, recipient=8))
    assert [row.message for row in await due(storage)] == [None]


async def test_one_that_is_put_off_given_up_or_lost_its_message(storage: Storage) -> None:
    await want(storage, BOARD)
    (stored,) = await due(storage)
    await storage.write(lambda tx: tx.intents.put_off(stored.id, until_us=50, attempts=2))
    assert await due(storage, 49) == []
    assert [row.attempts for row in await due(storage, 50)] == [2]
    await storage.write(lambda tx: tx.intents.give_up(stored.id, reason="closed"))
    assert await due(storage, 50) == []
    assert await storage.read(lambda tx: tx.intents.next_due_us()) is None
    await want(storage, replace(BOARD, parameters={}), now_us=60)
    (again,) = await due(storage, 60)
    await storage.write(lambda tx: tx.intents.delivered(again.id, revision=again.revision, message=(7, 70)))
    await storage.write(lambda tx: tx.intents.lost_message(again.id))
    assert [(row.message, row.revision) for row in await due(storage, 60)] == [(None, again.revision + 1)]
    await storage.write(lambda tx: tx.intents.remove(again.id, revision=again.revision))  # which it is past by now
    assert await storage.read(lambda tx: tx.intents.waiting()) == 1
    await storage.write(lambda tx: tx.intents.remove(again.id, revision=again.revision + 1))
    assert await storage.read(lambda tx: tx.intents.waiting()) == 0


async def test_kinds_rest_for_a_recipient_or_for_all(storage: Storage) -> None:
    role, other_role = (replace(FOUND, key=f"role {who}", kind="role", recipient=who) for who in (5, 6))
    same_place = replace(FOUND, key="another kind", kind="note", recipient=5)
    await want(storage, role, other_role, same_place)

    async def left(*resting: tuple[str, int | None]) -> set[str]:
        found = await storage.read(lambda tx: tx.intents.due(now_us=0, limit=9, resting=resting))
        return {stored.intent.key for stored in found}

    assert await left() == {"role 5", "role 6", "another kind"}
    assert await left(("role", 5)) == {"role 6", "another kind"}
    assert await left(("role", None)) == {"another kind"}
    assert await left(("role", 5), ("role", 6), ("note", 5)) == set()
    assert await left(("note", None), ("role", 7)) == {"role 5", "role 6"}
    many = [("role", who) for who in range(100, 1_600)]
    assert await left(*many) == {"role 5", "role 6", "another kind"}


async def test_what_hinders_an_intent_is_noted_until_it_is_delivered(storage: Storage) -> None:
    await want(storage, BOARD, FOUND)
    (found, board) = await due(storage)

    async def hindered() -> list[tuple[str, str | None]]:
        rows = await storage.read(lambda tx: tx.intents.hindered())
        return [(row.intent.key, row.hindrance) for row in rows]

    assert await hindered() == []
    for stored in (found, board):
        await storage.write(
            lambda tx, one=stored: tx.intents.put_off(one.id, until_us=5, attempts=1, hindrance="403 1 x")  # type: ignore[misc]
        )
    assert sorted(await hindered()) == sorted([(found.intent.key, "403 1 x"), (board.intent.key, "403 1 x")])
    await storage.write(lambda tx: tx.intents.put_off(found.id, until_us=9, attempts=2))
    assert (found.intent.key, "403 1 x") in await hindered()  # trouble of another kind says nothing of the first
    await storage.write(lambda tx: tx.intents.put_off(found.id, until_us=9, attempts=3, hindrance="403 2 x"))
    await storage.write(lambda tx: tx.intents.delivered(board.id, revision=board.revision, message=(7, 70)))
    assert await hindered() == [(found.intent.key, "403 2 x")]
    await want(storage, replace(BOARD, parameters={"version": "new"}))
    assert await hindered() == [(found.intent.key, "403 2 x")]
    await storage.write(lambda tx: tx.intents.give_up(found.id, reason="too often"))
    assert await hindered() == []


async def test_an_intent_is_found_by_its_key_whether_delivered_or_not(storage: Storage) -> None:
    await want(storage, BOARD, FOUND)
    (found, board) = await due(storage)
    await storage.write(lambda tx: tx.intents.delivered(board.id, revision=1, message=(7, 70)))
    assert await storage.read(lambda tx: tx.intents.find(FOUND.key)) == found
    assert await storage.read(lambda tx: tx.intents.find(BOARD.key)) == replace(board, message=(7, 70))
    assert await storage.read(lambda tx: tx.intents.find("another")) is None


async def test_what_is_for_a_person_goes_with_the_person(storage: Storage) -> None:
    await want(storage, FOUND, replace(FOUND, key="other", is_direct=False))
    await storage.write(lambda tx: tx.intents.remove_of_recipient(FOUND.recipient))
    assert [row.intent.key for row in await due(storage)] == ["other"]


async def test_what_changes_said_of_a_player_is_replaced_everywhere(storage: Storage) -> None:
    player, other = await player_of(storage, "별빛", 2**62), await player_of(storage, "other", 3)
    await storage.write(lambda tx: tx.changes.record(PlayerRenamed(player=replace(player, name="달빛"))))
    nobody = Player(id=player.id, name="Deleted player")
    await storage.write(lambda tx: tx.changes.replace_player(nobody))
    changes = await storage.read(lambda tx: tx.changes.since(0))
    assert changes is not None
    assert [change.event for change in changes] == [
        PlayerRegistered(player=nobody),
        PlayerRegistered(player=other),
        PlayerRenamed(player=nobody),
    ]


async def test_intents_of_a_kind_are_all_there_whether_delivered_or_not(storage: Storage) -> None:
    assert await storage.read(lambda tx: tx.intents.of_kind("board")) == []
    await want(storage, BOARD, FOUND, replace(BOARD, key="board 9", recipient=9))
    (first, *_) = await storage.read(lambda tx: tx.intents.of_kind("board"))
    await storage.write(lambda tx: tx.intents.delivered(first.id, revision=1, message=(7, 70)))
    await storage.write(lambda tx: tx.intents.give_up(first.id, reason="closed"))
    kept = await storage.read(lambda tx: tx.intents.of_kind("board"))
    assert [(row.intent.key, row.message) for row in kept] == [("board 7", (7, 70)), ("board 9", None)]
