"""A player's own account: setting it up step by step, changing it, and taking one's data out of the ladder."""

from dataclasses import asdict, dataclass, replace
from typing import Final

from toprung.application.players.departures import Departures
from toprung.application.ports.clock import Clock
from toprung.application.ports.players import Account, NewPlayer, SetupDraft
from toprung.application.ports.storage import Transaction
from toprung.application.writing.audit import REGISTER, Attribution, Counts, about, audit
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import Conflict, InvalidInput, NotFound
from toprung.domain.events import PlayerCountryChanged, PlayerRegistered, PlayerRenamed
from toprung.domain.game.catalog import Catalog
from toprung.domain.matches.match import MatchId
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.players.countries import Countries
from toprung.domain.players.departure import is_reserved
from toprung.domain.players.names import NameKeys, clean_name
from toprung.domain.players.player import Player

RENAME_COOLDOWN_DAYS: Final = 30
SETUP: Final = "setup"
"""The actor of the audit where players register themselves."""

STEPS: Final = ("language", "terms", "name", "in_game_name", "country", "region")


class InOpenMatch(Conflict):
    """Somebody who is in an open match cannot leave before it has ended: the opponent is owed its end."""

    def __init__(self, match_id: MatchId) -> None:
        super().__init__("You are in match {number}, which has to end first.", "open_match", number=str(match_id))


class SetupIncomplete(InvalidInput):
    """The set-up cannot be finished yet; `missing` are the steps of `STEPS` without an answer."""

    code = "setup_incomplete"

    def __init__(self, missing: tuple[str, ...]) -> None:
        sentence = "Setup is not finished. Still missing: {missing}."
        super().__init__("setup", sentence, missing=", ".join(missing))
        self.missing = missing


class NameTaken(Conflict):
    """The name, or one that looks the same, belongs to somebody else."""

    code = "name_taken"


class RenameTooSoon(Conflict):
    """The name was changed not long ago; `parameters` say how many days are left."""

    code = "rename_too_soon"

    def __init__(self, days_left: int) -> None:
        super().__init__("A name cannot be changed again so soon: wait {count} more days.", count=days_left)


class NotSetUp(NotFound):
    """This Discord account has no player on the ladder."""

    code = "not_set_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAccount:
    """A player and what the player's account says. An imported player who never set anything up has no account."""

    player: Player
    account: Account | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Naming:
    """Whether a name is another one than before, and when the person last took another one; None where never."""

    is_another: bool
    renamed_at_us: int | None


class AccountService:
    """What one can do about oneself. Each method is one transaction; a Discord id says who asks."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        clock: Clock,
        catalog: Catalog,
        countries: Countries,
        name_keys: NameKeys,
        departures: Departures,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._departures = departures
        self._clock = clock
        self._catalog = catalog
        self._countries = countries
        self._name_keys = name_keys

    async def find(self, discord_id: int) -> OwnAccount | None:
        """The player of a Discord account; None where there is none yet."""
        return await self._unit_of_work.read(lambda tx: _find(tx, discord_id))

    async def draft(self, discord_id: int) -> SetupDraft:
        """The set-up as far as it got; for who is set up, as it was finished."""
        return await self._unit_of_work.read(lambda tx: _draft(tx, discord_id))

    async def answer(
        self,
        discord_id: int,
        *,
        language: str | None = None,
        accepts_terms: bool = False,
        name: str | None = None,
        in_game_name: str | None = None,
        country: str | None = None,
        region: str | None = None,
    ) -> SetupDraft:
        """The set-up with some steps answered; what is not given stays.

        Raises `InvalidName`, `InvalidInput`, `NameTaken` and `RenameTooSoon`, with nothing kept.
        """
        given = {
            "language": language,
            "name": None if name is None else clean_name(name),
            "in_game_name": None if in_game_name is None else clean_name(in_game_name),
            "country": None if country is None else self._countries.parse(country),
            "region": None if region is None else self._catalog.region(region).code,
        }
        changes = {step: value for step, value in given.items() if value is not None}

        def work(tx: Transaction) -> SetupDraft:
            draft = replace(_draft(tx, discord_id), **changes)  # type: ignore[arg-type]  # names of its own fields
            if accepts_terms and draft.terms_accepted_at_us is None:
                draft = replace(draft, terms_accepted_at_us=self._clock.now_us())
            self._check_name(tx, draft, _find(tx, discord_id))
            tx.accounts.save_draft(draft)
            return draft

        return await self._unit_of_work.run(work)

    async def finish(self, discord_id: int) -> OwnAccount:
        """The player that the answers make, new or changed. Raises as `answer` does, and `SetupIncomplete`.

        Who was here before with the same account stays banned if banned, and has every penalty that still holds.
        """

        def work(tx: Transaction) -> OwnAccount:
            draft, before = _draft(tx, discord_id), _find(tx, discord_id)
            missing = self.missing(draft)
            if missing:
                raise SetupIncomplete(missing)
            self._check_name(tx, draft, before)
            naming = self._naming(tx, draft, before)
            player = self._registered(tx, draft) if before is None else self._changed(tx, draft, before.player)
            account = Account(
                player_id=player.id,
                language=draft.language or "",
                terms_accepted_at_us=draft.terms_accepted_at_us or 0,
                renamed_at_us=self._clock.now_us() if naming.is_another else naming.renamed_at_us,
            )
            tx.accounts.save(account)
            tx.accounts.remove_draft(discord_id)
            counts = Counts(new=1) if before is None else _changes(before.player, player)
            # Nobody is named but by the player's number: the row outlives a deletion.
            by, now_us = Attribution(actor=SETUP), self._clock.now_us()
            audit(tx, by, REGISTER, about(player.id), now_us=now_us, players=asdict(counts))
            return OwnAccount(player=player, account=account)

        return await self._unit_of_work.run(work)

    def missing(self, draft: SetupDraft) -> tuple[str, ...]:
        """The steps that still want an answer; a game without regions does not ask for one."""
        answers = {
            "language": draft.language,
            "terms": draft.terms_accepted_at_us,
            "name": draft.name,
            "in_game_name": draft.in_game_name,
            "country": draft.country,
            "region": draft.region if self._catalog.regions else "",
        }
        return tuple(step for step in STEPS if answers[step] is None)

    async def set_country(self, discord_id: int, country: str) -> Player:
        """The player with another country. Raises `NotSetUp` and `InvalidInput`."""
        code = self._countries.parse(country)

        def work(tx: Transaction) -> Player:
            own = _find(tx, discord_id)
            if own is None:
                raise NotSetUp("You are not on the ladder yet.")
            player = replace(own.player, country=code)
            self._save(tx, player)
            tx.changes.record(PlayerCountryChanged(player=player))
            return player

        return await self._unit_of_work.run(work)

    async def forget(self, discord_id: int) -> None:
        """Takes a person's name, accounts and handles out of the ladder; games and ratings stay, under no name.

        The audit keeps what organisers did to the player, without the names that it had (see `forget_names`). What was
        still to be told is not told any more, open challenges end, and replays stay without the names that their files
        had. A ban, penalties and the last change of name stay known by a keyed hash of the account (see `Departures`).
        Raises `NotSetUp` where there is nothing to take out, and `InOpenMatch`.
        """

        def work(tx: Transaction) -> None:
            own, draft = _find(tx, discord_id), tx.accounts.draft(discord_id)
            if own is None and draft is None:
                raise NotSetUp("You are not on the ladder yet.")
            if own is not None:
                tx.players.get(own.player.id)  # so that no match is opened meanwhile
                match_id = tx.matches.open_of([own.player.id]).get(own.player.id)
                if match_id is not None:
                    raise InOpenMatch(match_id)
            tx.accounts.remove_draft(discord_id)
            tx.intents.remove_of_recipient(discord_id)
            if own is not None:
                now_us = self._clock.now_us()
                renamed_at_us = None if own.account is None else own.account.renamed_at_us
                still_holds = self._cooldown_left_us(renamed_at_us) > 0
                self._departures.leave(
                    tx, own.player, renamed_at_us=renamed_at_us if still_holds else None, now_us=now_us
                )

        await self._unit_of_work.run(work)

    def _registered(self, tx: Transaction, draft: SetupDraft) -> Player:
        name = draft.name or ""
        new = NewPlayer(
            name=name,
            name_key=self._name_keys.key(name),
            country=draft.country,
            region=draft.region,
            discord_id=draft.discord_id,
            in_game_names=(draft.in_game_name or "",),
        )
        (player,) = tx.players.add([new])
        tx.changes.record(PlayerRegistered(player=player))
        self._departures.admit(tx, [draft.discord_id], self._clock.now_us())
        return tx.players.by_ids([player.id])[player.id]

    def _changed(self, tx: Transaction, draft: SetupDraft, before: Player) -> Player:
        kept = before.in_game_names[1:]
        player = replace(
            before,
            name=draft.name or before.name,
            country=draft.country,
            region=draft.region,
            in_game_names=tuple(dict.fromkeys((draft.in_game_name or "", *kept))),
        )
        self._save(tx, player)
        if player.name != before.name:
            tx.changes.record(PlayerRenamed(player=player))
        elif player.country != before.country:
            tx.changes.record(PlayerCountryChanged(player=player))
        return player

    def _check_name(self, tx: Transaction, draft: SetupDraft, own: OwnAccount | None) -> None:
        if draft.name is None or (own is not None and own.player.name == draft.name):
            return
        key = self._name_keys.key(draft.name)
        owner = tx.players.by_name_keys([key]).get(key)
        is_others = owner is not None and (own is None or owner.id != own.player.id)
        if is_others or is_reserved(draft.name, self._name_keys):
            raise NameTaken(
                "The name {name} is taken, or looks too much like one that is; choose another.", name=draft.name
            )
        naming = self._naming(tx, draft, own)
        left_us = self._cooldown_left_us(naming.renamed_at_us)
        if naming.is_another and left_us > 0:
            raise RenameTooSoon(-(-left_us // MICROSECONDS_PER_DAY))

    def _naming(self, tx: Transaction, draft: SetupDraft, own: OwnAccount | None) -> "_Naming":
        """How the name of a draft follows on the one before; on the last one of all, for who left and comes back."""
        if own is not None:
            renamed_at_us = None if own.account is None else own.account.renamed_at_us
            return _Naming(is_another=draft.name != own.player.name, renamed_at_us=renamed_at_us)
        past = self._departures.last(tx, draft.discord_id)
        if past is None:
            return _Naming(is_another=False, renamed_at_us=None)
        is_another = not self._departures.was_called(tx, past, draft.name or "")
        return _Naming(is_another=is_another, renamed_at_us=past.renamed_at_us)

    def _cooldown_left_us(self, renamed_at_us: int | None) -> int:
        """How long the name cannot be changed yet, in microseconds; not above 0 where it can."""
        if renamed_at_us is None:
            return 0
        return renamed_at_us + RENAME_COOLDOWN_DAYS * MICROSECONDS_PER_DAY - self._clock.now_us()

    def _save(self, tx: Transaction, player: Player) -> None:
        tx.players.save(player, self._name_keys.key(player.name))


def _changes(before: Player, after: Player) -> Counts:
    return Counts(unchanged=1) if before == after else Counts(changed=1)


def _find(tx: Transaction, discord_id: int) -> OwnAccount | None:
    player = tx.players.by_discord_ids([discord_id]).get(discord_id)
    if player is None:
        return None
    return OwnAccount(player=player, account=tx.accounts.by_player_ids([player.id]).get(player.id))


def _draft(tx: Transaction, discord_id: int) -> SetupDraft:
    """The draft that is kept, else one made from the player and account as they are."""
    kept, own = tx.accounts.draft(discord_id), _find(tx, discord_id)
    if kept is not None or own is None:
        return kept or SetupDraft(discord_id=discord_id)
    player, account = own.player, own.account
    return SetupDraft(
        discord_id=discord_id,
        language=None if account is None else account.language,
        terms_accepted_at_us=None if account is None else account.terms_accepted_at_us,
        name=player.name,
        in_game_name=player.in_game_names[0] if player.in_game_names else None,
        country=player.country,
        region=player.region,
    )
