"""What a file of entries does to a ladder: whom its lines mean, what they change, and the writing of that."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Final, TypeVar

from toprung.application.ports.players import NewPlayer
from toprung.application.ports.progress import Progress
from toprung.application.ports.storage import Transaction
from toprung.application.transfer.entry_file import EntryRow
from toprung.application.transfer.look_alikes import ASKED
from toprung.application.transfer.table_file import ImportRefused, Problem
from toprung.application.writing.audit import Counts
from toprung.application.writing.given_ratings import GivenRating, RatingGiver
from toprung.domain.events import EntriesImported
from toprung.domain.players.departure import has_left
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.engines.rating_engine import RatingEngine
from toprung.domain.ratings.glicko2 import SkillEstimate
from toprung.domain.ratings.rating import Entry, EntryState, RatingChangeKind, Standing

T = TypeVar("T")

ROWS_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryChanges:
    """What a file changes. `players` are those of its names who are known, as they are."""

    players: Mapping[str, Player]
    changed_players: Sequence[tuple[Player, EntryRow]]
    new_players: Sequence[EntryRow]
    new_entries: Sequence[EntryRow]
    changed_entries: Sequence[tuple[Entry, Entry]]
    rows: int

    @property
    def player_counts(self) -> Counts:
        """Of the file's players."""
        changed = len(self.changed_players)
        return Counts(new=len(self.new_players), changed=changed, unchanged=len(self.players) - changed)

    @property
    def rating_counts(self) -> Counts:
        """Of the file's ratings."""
        new, changed = len(self.new_entries), len(self.changed_entries)
        return Counts(new=new, changed=changed, unchanged=self.rows - new - changed)


def entry_changes(tx: Transaction, rows: Sequence[EntryRow], start: Standing) -> EntryChanges:
    """What these rows would change, `start` being what the rating system gives a newcomer; nothing is written.

    Raises `ImportRefused` with every row that contradicts the ladder.
    """
    first_rows: dict[str, EntryRow] = {}
    for row in rows:
        first_rows.setdefault(row.name, row)
    players: dict[str, Player] = {}
    problems: list[Problem] = []
    for batch in batches(first_rows.values(), ROWS_AT_ONCE):
        _identify(tx, batch, players, problems)
    problems += _meant_twice(players, first_rows)
    if problems:
        raise ImportRefused(sorted(problems, key=lambda problem: problem.line))
    new_entries: list[EntryRow] = []
    changed_entries: list[tuple[Entry, Entry]] = []
    for batch in batches(rows, ROWS_AT_ONCE):
        keys = [(players[row.name].id, row.race) for row in batch if row.name in players]
        known = tx.entries.by_keys(keys) if keys else {}
        for row in batch:
            player = players.get(row.name)
            entry = None if player is None else known.get((player.id, row.race))
            if entry is None:
                new_entries.append(row)
            elif (after := replace(entry, state=_state(row, entry.state, start))) != entry:
                changed_entries.append((entry, after))
    return EntryChanges(
        players=players,
        changed_players=[
            (player, first_rows[name])
            for name, player in players.items()
            if _brought_up_to_date(player, first_rows[name]) != player
        ],
        new_players=[row for name, row in first_rows.items() if name not in players],
        new_entries=new_entries,
        changed_entries=changed_entries,
        rows=len(rows),
    )


def write_entry_changes(
    tx: Transaction, changes: EntryChanges, engine: RatingEngine, *, now_us: int, progress: Progress
) -> None:
    """Writes them. A row that changes nothing leaves nothing behind, so that earlier matches can still be corrected."""
    players = dict(changes.players)
    for player, row in changes.changed_players:
        players[row.name] = _brought_up_to_date(player, row)
        tx.players.save(players[row.name], row.name_key)
    # Those with ids of their own before the others, who may be given any that is free.
    for batch in batches(sorted(changes.new_players, key=lambda row: row.player_id is None), ROWS_AT_ONCE):
        made = tx.players.add([_new_player(row) for row in batch])
        players.update({row.name: player for row, player in zip(batch, made, strict=True)})
    done, start, giver = changes.rating_counts.unchanged, engine.start(), RatingGiver(tx, engine, now_us)
    new = (_given(players[row.name].id, row.race, None, _state(row, None, start)) for row in changes.new_entries)
    changed = (_given(after.player_id, after.race, before, after.state) for before, after in changes.changed_entries)
    for some in batches(chain(new, changed), ROWS_AT_ONCE):
        giver.give(RatingChangeKind.IMPORT, some)
        done += len(some)
        progress(done, changes.rows)
    if changes.player_counts.touched or changes.rating_counts.touched:
        tx.changes.record(EntriesImported(entries=changes.rating_counts.touched))


def _identify(tx: Transaction, rows: Sequence[EntryRow], players: dict[str, Player], problems: list[Problem]) -> None:
    """Adds to `players` whom these rows mean, and to `problems` where that contradicts the ladder or is a question.

    A player id and a Discord id say who somebody is, and so does a name, letter by letter. A name that only looks like
    one never does.
    """
    by_key = tx.players.by_name_keys([row.name_key for row in rows])
    by_account = tx.players.by_discord_ids([row.discord_id for row in rows if row.discord_id is not None])
    by_id = tx.players.by_ids([row.player_id for row in rows if row.player_id is not None])
    for row in rows:
        named = by_key.get(row.name_key)
        account = None if row.discord_id is None else by_account.get(row.discord_id)
        if row.player_id is not None:
            known = by_id.get(row.player_id)
            fault = _fault_of_id(row, row.player_id, known, named, account)
        else:
            known, fault = _known_by_name_or_account(row, named, account)
        if fault is not None:
            problems.append(fault)
        elif known is not None:
            players[row.name] = known


def _fault_of_id(
    row: EntryRow, player_id: PlayerId, known: Player | None, named: Player | None, account: Player | None
) -> Problem | None:
    """What contradicts the player id of a row; one that nobody has is a newcomer's."""
    column, reason = "player_id", None
    if known is not None and has_left(known):
        reason = f"player {player_id} left the ladder; take the line out"
    elif known is not None and known.name != row.name:
        reason = (
            f"player {player_id} is {known.name!r} on this ladder, not {row.name!r}; mend the name, or leave the cell "
            "empty where the file is of another ladder"
        )
    elif known is None and named is not None and named.name == row.name:
        reason = f"{row.name!r} is player {named.id} on this ladder, not {player_id}; mend the cell or leave it empty"
    elif known is None and named is not None:
        column, reason = "player_name", _asked(row, named)
    elif account is not None and (known is None or account.id != known.id):
        column, reason = "discord_id", f"{row.discord_id} is {account.name!r} on this ladder (player {account.id})"
    elif known is not None and None not in (row.discord_id, known.discord_id) and row.discord_id != known.discord_id:
        column, reason = "discord_id", f"{row.name!r} has another Discord account on this ladder"
    return None if reason is None else Problem(line=row.line, column=column, reason=reason)


def _known_by_name_or_account(
    row: EntryRow, named: Player | None, account: Player | None
) -> tuple[Player | None, Problem | None]:
    """Whom a row without a player id means, None for a newcomer; or what is wrong with it.

    The account goes first, and the name follows; a name without an account yet is given that of the row.
    """
    if named is not None and named.name != row.name and (account is None or account.id != named.id):
        return None, Problem(line=row.line, column="player_name", reason=_asked(row, named))
    player = named if row.discord_id is None else account
    if player is None and named is not None and named.discord_id is None:
        player = named
    if named is not None and (player is None or player.id != named.id):
        reason = f"{row.name!r} is taken by another player on this ladder, who has another Discord account or none"
        return None, Problem(line=row.line, column="player_name", reason=reason)
    return player, None


def _asked(row: EntryRow, named: Player) -> str:
    return f"{row.name!r} looks like {named.name!r} on the ladder (player {named.id}): {ASKED}"


def _meant_twice(players: Mapping[str, Player], first_rows: Mapping[str, EntryRow]) -> Iterator[Problem]:
    """Where two names of the file, each found by its own sign, are one player."""
    seen: dict[PlayerId, EntryRow] = {}
    for name, player in players.items():
        row = first_rows[name]
        first = seen.setdefault(player.id, row)
        if first is not row:
            reason = f"{name!r} is the player whom line {first.line} calls {first.name!r}"
            yield Problem(line=row.line, column="player_name", reason=reason)


def _given(player_id: PlayerId, race: str, entry: Entry | None, state: EntryState) -> GivenRating:
    return GivenRating(player_id=player_id, race=race, entry=entry, state=state)


def _new_player(row: EntryRow) -> NewPlayer:
    return NewPlayer(
        id=row.player_id, name=row.name, name_key=row.name_key, country=row.country, discord_id=row.discord_id
    )


def _brought_up_to_date(player: Player, row: EntryRow) -> Player:
    discord_id = player.discord_id if row.discord_id is None else row.discord_id
    return replace(player, name=row.name, country=row.country, discord_id=discord_id)


def _state(row: EntryRow, before: EntryState | None, start: Standing) -> EntryState:
    return replace(
        before or EntryState(mmr=row.mmr),
        mmr=row.mmr,
        skill=_skill(row, before, start),
        games_won=row.games_won,
        games_lost=row.games_lost,
        games_drawn=row.games_drawn,
        last_played_us=row.last_played_us,
    )


def _skill(row: EntryRow, before: EntryState | None, start: Standing) -> SkillEstimate | None:
    """What is believed of the entry once the row counts; None is as unsure as a newcomer.

    A row that says no deviation says nothing of how sure its MMR is: one that is what it was keeps the belief, a new
    one begins without. The exact rating counts where the MMR is rounded from it, so that who changes an MMR in a file
    need not know of it. A system that knows no deviation takes none.
    """
    if start.skill is None:
        return None if before is None else before.skill
    same = before.skill if before is not None and before.mmr == row.mmr else None
    if row.deviation is None:
        return same
    rating = float(row.mmr) if same is None else same.rating
    if row.rating is not None and round(row.rating) == row.mmr:
        rating = row.rating
    volatility = start.skill.volatility if row.volatility is None else row.volatility
    return SkillEstimate(rating, row.deviation, volatility)


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in their order, at most `size` at a time."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
