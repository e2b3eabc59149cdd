"""What a file of games does to a ladder: whom it names, and which of its games and ratings are new."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from toprung.application.ports.players import NewPlayer
from toprung.application.ports.storage import Transaction
from toprung.application.transfer.entry_import import batches
from toprung.application.transfer.game_file import PLAYER_COLUMNS, GameRow
from toprung.application.transfer.look_alikes import ASKED
from toprung.application.transfer.table_file import ImportRefused, Problem
from toprung.application.writing.audit import Counts
from toprung.domain.events import PlayerRegistered
from toprung.domain.matches.match import FinalMatch, MatchResult, Participant
from toprung.domain.players.player import PlayerId

ROWS_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class GameChanges:
    """What a file of games does. `known` are the ids of its players who are on the ladder, by name."""

    known: Mapping[str, PlayerId]
    newcomers: Sequence[NewPlayer]
    players: Counts
    ratings: Counts
    matches: Counts


def game_changes(tx: Transaction, games: Sequence[GameRow], source: str) -> GameChanges:
    """What these games would do; nothing is written.

    Raises `ImportRefused` where a name only looks like one of the ladder's: that identifies nobody.
    """
    wanted: dict[str, tuple[NewPlayer, int, str]] = {}
    for game in games:
        for player, column in zip(game.players, PLAYER_COLUMNS, strict=True):
            wanted.setdefault(player.name, (player, game.line, column))
    known: dict[str, PlayerId] = {}
    problems: list[Problem] = []
    for batch in batches(wanted.values(), ROWS_AT_ONCE):
        found = tx.players.by_name_keys([player.name_key for player, _, _ in batch])
        for player, line, column in batch:
            named = found.get(player.name_key)
            if named is not None and named.name == player.name:
                known[player.name] = named.id
            elif named is not None:
                reason = f"{player.name!r} looks like {named.name!r} on the ladder (player {named.id}): {ASKED}"
                problems.append(Problem(line=line, column=column, reason=reason))
    if problems:
        raise ImportRefused(sorted(problems, key=lambda problem: problem.line))
    recorded: set[str] = set()
    for part in batches(games, ROWS_AT_ONCE):
        recorded |= tx.matches.known_source_keys([source_key(game, source) for game in part])
    new = [game for game in games if source_key(game, source) not in recorded]
    newcomers = [player for player, _, _ in wanted.values() if player.name not in known]
    return GameChanges(
        known=known,
        newcomers=newcomers,
        players=Counts(new=len(newcomers), unchanged=len(known)),
        ratings=_rating_counts(tx, games, new, known),
        matches=Counts(new=len(new), unchanged=len(games) - len(new)),
    )


def _rating_counts(
    tx: Transaction, games: Sequence[GameRow], new: Sequence[GameRow], known: Mapping[str, PlayerId]
) -> Counts:
    """Of the ratings that the file's games are about. Each that a new game is about is rated by it."""
    keys, played = (
        {(player.name, race) for game in some for player, race in zip(game.players, game.races, strict=True)}
        for some in (games, new)
    )
    there = 0
    for batch in batches([(known[name], race) for name, race in played if name in known], ROWS_AT_ONCE):
        there += len(tx.entries.by_keys(batch))
    return Counts(new=len(played) - there, changed=there, unchanged=len(keys) - len(played))


def register_newcomers(tx: Transaction, changes: GameChanges) -> dict[str, PlayerId]:
    """Adds those who are not on the ladder, and gives the ids of all by name."""
    players = dict(changes.known)
    for batch in batches(changes.newcomers, ROWS_AT_ONCE):
        made = tx.players.add(batch)
        players.update({player.name: player.id for player in made})
        tx.changes.record(*(PlayerRegistered(player=player) for player in made))
    return players


def source_key(game: GameRow, source: str) -> str:
    """What a game of this source is recorded under."""
    return f"{source}:{game.game_id}"


def match_of(game: GameRow, source: str, players: Mapping[str, PlayerId]) -> FinalMatch:
    """The game as a match between these players."""
    first, second = (
        Participant(player_id=players[player.name], race=race)
        for player, race in zip(game.players, game.races, strict=True)
    )
    score_1, score_2 = game.scores
    result = MatchResult.DRAW
    if score_1 != score_2:
        result = MatchResult.SIDE_1_WON if score_1 > score_2 else MatchResult.SIDE_2_WON
    return FinalMatch(
        source_key=source_key(game, source),
        sides=((first,), (second,)),
        result=result,
        ended_at_us=game.ended_at_us,
    )
