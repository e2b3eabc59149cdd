"""Leaving the ladder, coming back with the same account, and being given the old entry back.

Who leaves stays a player without a name; a departure says by keyed hash whose account that was. Whoever comes with the
same account is the same person: banned where the other was, held by its penalties, bound by its last change of name.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Final

from toprung.application.ports.storage import Transaction
from toprung.application.writing.audit import Attribution, about, audit, forget_names
from toprung.domain.errors import Conflict
from toprung.domain.events import PlayerBanned, PlayerRenamed, PlayerUnbanned
from toprung.domain.game.catalog import Catalog
from toprung.domain.matches.challenge import ChallengeState
from toprung.domain.players.departure import (
    DEPARTURES_KEPT_DAYS,
    DEPARTURES_KEPT_US,
    HASH_KEY_BYTES,
    HASH_KEY_NOTE,
    Departure,
    account_hash,
    key_of,
    name_hash,
    nameless,
)
from toprung.domain.players.names import NameKeys
from toprung.domain.players.player import Player, PlayerId

THE_LADDER: Final = Attribution(actor="ladder")
"""Who does what nobody asked for."""


class NotBack(Conflict):
    """There is no old entry to give back, or nobody to give it to. `reason` is `away`, `unknown` or `several`."""

    code = "not_back"

    def __init__(self, reason: str, sentence: str, **parameters: object) -> None:
        super().__init__(sentence, reason, **parameters)


class Departures:
    """What leaving and coming back do, each within a transaction. `new_key` gives so many bytes by chance."""

    def __init__(self, *, name_keys: NameKeys, catalog: Catalog, new_key: Callable[[int], bytes]) -> None:
        self._name_keys = name_keys
        self._catalog = catalog
        self._new_key = new_key

    def leave(self, tx: Transaction, player: Player, *, renamed_at_us: int | None, now_us: int) -> None:
        """Takes a player's name, account and handles out of the ladder.

        Of the account nothing is kept where nobody needs protection by it: where the player was never in a match, has
        no rating and no ban, may choose another name at any time (`renamed_at_us` is None), and leaves the first time.
        """
        if player.discord_id is not None:
            key = self._key(tx)
            kept = Departure(
                player_id=player.id,
                account_hash=account_hash(key, player.discord_id),
                name_hash=name_hash(key, player.name),
                left_at_us=now_us,
                renamed_at_us=renamed_at_us,
            )
            is_known = bool(tx.departures.of_accounts([kept.account_hash]))
            if is_known or player.is_banned or renamed_at_us is not None or self._has_played(tx, player.id):
                tx.departures.save(kept)
            tx.departures.set_returned(kept.account_hash, None)
        self._take_out(tx, player)
        self.prune(tx, now_us)

    def last(self, tx: Transaction, discord_id: int) -> Departure | None:
        """How this account left the last time; None where it did not, or where nothing is kept of that."""
        found = self._of_account(tx, discord_id)
        return found[-1] if found else None

    def was_called(self, tx: Transaction, departure: Departure, name: str) -> bool:
        """Whether a player had this name when leaving."""
        return departure.name_hash == name_hash(self._key(tx), name)

    def admit(self, tx: Transaction, discord_ids: Collection[int], now_us: int) -> None:
        """Meets the players who have these Discord accounts as those who were here before; again it is harmless.

        Who was banned stays banned, and organisers find in the audit who that was.
        """
        key = tx.notes.get(HASH_KEY_NOTE)
        if key is None:
            return  # nobody has left yet
        accounts = {account_hash(bytes.fromhex(key), discord_id): discord_id for discord_id in discord_ids}
        former: dict[int, list[Departure]] = {}
        for departure in tx.departures.of_accounts(accounts):
            former.setdefault(accounts[departure.account_hash], []).append(departure)
        for discord_id, player in tx.players.by_discord_ids(former).items():
            if any(one.returned_as != player.id for one in former[discord_id]):
                self._meet(tx, player, former[discord_id], now_us)

    def _meet(self, tx: Transaction, player: Player, former: Sequence[Departure], now_us: int) -> None:
        tx.departures.set_returned(former[-1].account_hash, player.id)
        known = tx.players.by_ids(tx.departures.same_person(player.id)).values()
        is_banned = any(one.is_banned for one in known)
        self.set_banned(tx, player.id, is_banned=is_banned)
        ids = [one.player_id for one in former]
        audit(tx, THE_LADDER, "return", about(player.id), now_us=now_us, former=ids, is_banned=is_banned)

    def set_banned(self, tx: Transaction, player_id: PlayerId, *, is_banned: bool) -> list[PlayerId]:
        """Bans a person, or lifts the ban: the player and all whom the same account is or was; gives who those are."""
        tx.players.get(player_id)  # so that whoever comes back meanwhile is seen
        person = tx.departures.same_person(player_id)
        for player in tx.players.by_ids(person).values():
            if player.is_banned != is_banned:
                changed = replace(player, is_banned=is_banned)
                tx.players.save(changed, key_of(changed, self._name_keys))
                tx.changes.record(PlayerBanned(player=changed) if is_banned else PlayerUnbanned(player=changed))
        return person

    def pair(self, tx: Transaction, player: Player) -> tuple[Player, Departure]:
        """Whom an account has now, and the old player who can be given back to it.

        `player` is either of the two: the one it has, where there is one old player only, or the old one.
        Raises `NotBack`.
        """
        departure = tx.departures.get(player.id)
        if departure is not None:
            if departure.returned_as is None:
                sentence = "{name} has not come back. They have to join again first; then it can be given back."
                raise NotBack("away", sentence, name=player.name)
            return tx.players.by_ids([departure.returned_as])[departure.returned_as], departure
        found = tx.departures.returned_as(player.id)
        if not found:
            days = DEPARTURES_KEPT_DAYS
            sentence = "Nothing is known of {name} having been here before. That is kept for {count} days."
            raise NotBack("unknown", sentence, name=player.name, count=days)
        if len(found) > 1:
            names = ", ".join(nameless(Player(id=one.player_id, name="")).name for one in found)
            sentence = "{name} was here before more than once; name the one to give back: {names}."
            raise NotBack("several", sentence, name=player.name, names=names)
        return player, found[0]

    def give_back(self, tx: Transaction, current: Player, old: Departure, now_us: int) -> Player:
        """Gives an account its old player back, under the name that it has now; the player whom it had stays behind."""
        account = tx.accounts.by_player_ids([current.id]).get(current.id)
        left = Departure(
            player_id=current.id,
            account_hash=old.account_hash,
            name_hash=name_hash(self._key(tx), current.name),
            left_at_us=now_us,
            renamed_at_us=None if account is None else account.renamed_at_us,
        )
        self._take_out(tx, current)
        tx.departures.remove(old.player_id)
        tx.departures.save(left)
        tx.departures.set_returned(old.account_hash, old.player_id)
        back = replace(current, id=old.player_id)
        tx.players.save(back, key_of(back, self._name_keys))
        if account is not None:
            tx.accounts.save(replace(account, player_id=back.id))
        tx.changes.record(PlayerRenamed(player=back))
        return back

    def prune(self, tx: Transaction, now_us: int) -> int:
        """Removes what has been kept for long enough; gives how much that was."""
        return tx.departures.prune(now_us - DEPARTURES_KEPT_US)

    def _of_account(self, tx: Transaction, discord_id: int) -> list[Departure]:
        key = tx.notes.get(HASH_KEY_NOTE)
        return [] if key is None else tx.departures.of_accounts([account_hash(bytes.fromhex(key), discord_id)])

    def _key(self, tx: Transaction) -> bytes:
        """The key of the hashes, made once. It is a row, so that it goes wherever the database goes."""
        kept = tx.notes.get(HASH_KEY_NOTE)
        return bytes.fromhex(kept or tx.notes.keep(HASH_KEY_NOTE, self._new_key(HASH_KEY_BYTES).hex()))

    def _has_played(self, tx: Transaction, player_id: PlayerId) -> bool:
        entries = tx.entries.by_keys([(player_id, race) for race in self._catalog.race_codes])
        return bool(entries or tx.lookups.matches(1, player_id=player_id))

    def _take_out(self, tx: Transaction, player: Player) -> None:
        tx.notices.settle_all_of(player.id)
        tx.replays.forget_file_names(player.id)
        for challenge in tx.challenges.open_of(player.id):
            tx.challenges.save(replace(challenge, state=ChallengeState.EXPIRED))
        nobody = nameless(player)
        tx.accounts.remove(player.id)
        tx.players.save(nobody, key_of(nobody, self._name_keys))
        tx.changes.replace_player(nobody)
        forget_names(tx, nobody)
        tx.changes.record(PlayerRenamed(player=nobody))
