"""Looking at matches: the latest ones, one with what it did to ratings, and why."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from toprung.application.named_player import player_named
from toprung.application.ports.storage import Transaction
from toprung.application.writing.engines import Engines
from toprung.application.writing.stated_odds import Slopes
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import Conflict, NotFound
from toprung.domain.listing import LISTED_MAX, ListName, Page, key_of, page_of
from toprung.domain.matches.head_to_head import HeadToHead
from toprung.domain.matches.match import Match, MatchId, MatchState
from toprung.domain.matches.match_life import side_of
from toprung.domain.players.names import NameKeys
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.engines.rating_engine import RatingEngine
from toprung.domain.ratings.explanation import Reasons, describe, explain, reasons_of, state_words
from toprung.domain.ratings.linked.linked import Parts
from toprung.domain.ratings.rating import RatingChange
from toprung.domain.replays.replay_upload import ReplayUpload

PLAYED: Final = (MatchState.COMPLETED, MatchState.VOIDED)
REPLAYS_SHOWN_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchReplay:
    """A replay that was brought for a match, and who brought it."""

    upload: ReplayUpload
    player: Player


class MatchUnknown(NotFound):
    """There is no such match for whoever asks."""

    code = "match_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchView:
    """A match with its two players and, once it was rated, what it did to their ratings; first side first.

    A player whom the viewer may not know of is None. `replays` are the latest that were brought for it, the newest
    first. `reasons` say why the ratings changed; a list for organisers goes without.
    """

    match: Match
    players: tuple[Player | None, Player | None]
    changes: tuple[RatingChange, RatingChange] | None
    replays: tuple[MatchReplay, ...]
    reasons: tuple[Reasons | None, Reasons | None] = (None, None)

    def description(self) -> list[str]:
        """How the match stands, in plain sentences."""
        names = ["(hidden)" if player is None else player.name for player in self.players]
        return describe(names, self.match)

    def explanation(self) -> list[str]:
        """Why the two ratings changed, in plain sentences. Raises `Conflict` for a match that was never rated."""
        first, second = self.players
        if self.changes is None or first is None or second is None:
            raise Conflict(
                "Match {number} is {state} and has changed no rating.",
                "not_rated",
                number=str(self.match.id),
                state=state_words(self.match.state),
            )
        one, two = first.name, second.name
        changes, reasons = self.changes, self.reasons
        return explain(one, two, changes[0], reasons[0]) + explain(two, one, changes[1], reasons[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rivals:
    """Two players, and the first one's games against the second."""

    player: Player
    opponent: Player
    games: HeadToHead


class MatchHistory:
    """Reads matches from the database, as they count now."""

    def __init__(self, *, unit_of_work: UnitOfWork, name_keys: NameKeys, engines: Engines) -> None:
        self._unit_of_work = unit_of_work
        self._name_keys = name_keys
        self._engines = engines

    async def latest(
        self,
        limit: int,
        player_name: str | None = None,
        states: Collection[MatchState] = (),
        cursor: str | None = None,
    ) -> Page[MatchView]:
        """At most `limit` matches, of one player or of all, in these states or any, the newest first; for organisers.

        They are the first ones, or those that follow the page which came with this cursor. Raises `NotFound` for no
        such player, and `InvalidInput` for what is no cursor of this list.
        """
        limit, below = min(limit, LISTED_MAX), key_of(ListName.MATCHES, cursor)

        def work(tx: Transaction) -> Page[MatchView]:
            player_id = None if player_name is None else player_named(tx, player_name, self._name_keys).id
            found = tx.lookups.matches(limit + 1, below=below, player_id=player_id, states=states)
            page = page_of(found, limit, ListName.MATCHES, lambda match: match.id)
            return Page(rows=tuple(_views(tx, page.rows)), next=page.next)

        return await self._unit_of_work.read(work)

    async def latest_of(self, player_id: PlayerId, limit: int) -> list[MatchView]:
        """At most `limit` matches of the player with this id that were played to their end, the newest first."""
        return await self._unit_of_work.read(
            lambda tx: self._views(tx, tx.lookups.matches(min(limit, LISTED_MAX), player_id=player_id, states=PLAYED))
        )

    async def seen_by(self, match_id: MatchId, viewer: PlayerId) -> MatchView:
        """The match with this id as this player sees it: one's own as `get` gives it, of others what was played.

        Raises `MatchUnknown`, also for a match that is nobody else's business.
        """

        def work(tx: Transaction) -> MatchView:
            match = tx.matches.get(match_id)
            if match is None or not (viewer in match.player_ids or _is_public(match)):
                raise MatchUnknown(
                    "There is no match {number} of yours, nor one that was played to its end.",
                    "any",
                    number=str(match_id),
                )
            (view,) = self._views(tx, [match])
            return _as_seen_by(view, viewer) if viewer in match.player_ids else view

        return await self._unit_of_work.read(work)

    async def head_to_head(self, player: PlayerId | str, opponent: PlayerId | str) -> Rivals:
        """The games between two players, each by id or by name.

        Raises `NotFound`, and `Conflict` where both are the same one.
        """

        def work(tx: Transaction) -> Rivals:
            one, other = self._player(tx, player), self._player(tx, opponent)
            if one.id == other.id:
                raise Conflict("Nobody plays against themselves; name two different players.", "same_player")
            return Rivals(player=one, opponent=other, games=tx.lookups.head_to_head(one.id, other.id))

        return await self._unit_of_work.read(work)

    def _player(self, tx: Transaction, who: PlayerId | str) -> Player:
        if isinstance(who, str):
            return player_named(tx, who, self._name_keys)
        found = tx.players.by_ids([who]).get(who)
        if found is None:
            raise NotFound("There is no player with the id {number}.", "player_id", number=str(who))
        return found

    async def open_of(self, player_id: PlayerId) -> MatchView | None:
        """The match that this player has to confirm, play or report, as the player sees it."""

        def work(tx: Transaction) -> MatchView | None:
            match_id = tx.matches.open_of([player_id]).get(player_id)
            match = None if match_id is None else tx.matches.get(match_id)
            return None if match is None else _as_seen_by(self._views(tx, [match])[0], player_id)

        return await self._unit_of_work.read(work)

    async def get(self, match_id: MatchId, viewer_name: str | None = None) -> MatchView:
        """The match with this id, as one of its players sees it or as an organiser does (None).

        Opponents do not learn of each other before both have confirmed, and never where that did not come about.
        Raises `NotFound`, and `StepRefused` for a player who is not in it.
        """

        def work(tx: Transaction) -> MatchView:
            match = tx.matches.get(match_id)
            if match is None:
                raise NotFound("There is no match {number}.", "match", number=str(match_id))
            (view,) = self._views(tx, [match])
            return view if viewer_name is None else _as_seen_by(view, player_named(tx, viewer_name, self._name_keys).id)

        return await self._unit_of_work.read(work)

    def _views(self, tx: Transaction, matches: Sequence[Match]) -> list[MatchView]:
        """The matches, with why they changed what they changed."""
        engine, slopes = self._engines.current(tx), Slopes(tx)
        views = []
        for view in _views(tx, matches):
            changes, ended_at_us = view.changes, view.match.ended_at_us
            if changes is None or ended_at_us is None:
                views.append(view)
                continue
            slope = slopes.at(changes[0].position or 0)
            first, second = (
                reasons_of(change, slope, _parts(engine, change, participant.race, ended_at_us))
                for change, participant in zip(changes, view.match.participants, strict=True)
            )
            views.append(replace(view, reasons=(first, second)))
        return views


def _parts(engine: RatingEngine, change: RatingChange, race: str, ended_at_us: int) -> Parts | None:
    if change.before is None or change.expected_score is None:
        return None
    return engine.parts(change.before, change.after, race, ended_at_us)


def _is_public(match: Match) -> bool:
    """Whether it was played, so that who was in it is everybody's to know."""
    return match.state in PLAYED and (match.assigned_at_us is None or match.started_at_us is not None)


def _as_seen_by(view: MatchView, viewer: PlayerId) -> MatchView:
    side = side_of(view.match, viewer)
    if view.match.assigned_at_us is None or view.match.started_at_us is not None:
        return view
    first, second = view.players
    players = (first, None) if side == 0 else (None, second)
    own = tuple(replay for replay in view.replays if replay.player.id == viewer)
    return replace(view, players=players, replays=own)


def _views(tx: Transaction, matches: Sequence[Match]) -> list[MatchView]:
    ids = [match.id for match in matches]
    uploads, journal = tx.lookups.uploads_of(ids, each=REPLAYS_SHOWN_MAX), tx.lookups.changes_of(ids)
    uploaders = {upload.player_id for found in uploads.values() for upload in found}
    players = tx.players.by_ids(uploaders.union(*(match.player_ids for match in matches)))
    views = []
    for match in matches:
        first, second = (players[player_id] for player_id in match.player_ids)
        rows = journal[match.id]
        if len(rows) != (0 if match.result is None else 2):
            raise Conflict(
                "Match {number} has not the two journal rows that a match has.", "journal_rows", number=str(match.id)
            )
        changes = None if match.result is None else (rows[0], rows[1])
        replays = tuple(MatchReplay(upload=one, player=players[one.player_id]) for one in uploads[match.id])
        views.append(MatchView(match=match, players=(first, second), changes=changes, replays=replays))
    return views
