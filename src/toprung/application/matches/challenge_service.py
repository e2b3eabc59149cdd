"""Challenges: how a match begins where there is no queue. Each is a row with a deadline, and each method one step."""

from dataclasses import dataclass, replace
from typing import Final

from toprung.application.matches.match_lifecycle import Choose, MatchLifecycle
from toprung.application.matches.match_readiness import locked_players
from toprung.application.ports.clock import Clock
from toprung.application.ports.intents import Ending, Intent, Priority, StoredIntent
from toprung.application.ports.storage import Transaction
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import Conflict, InvalidInput, LimitReached
from toprung.domain.game.catalog import Catalog
from toprung.domain.matches.challenge import Challenge, ChallengeId, ChallengeState, NewChallenge
from toprung.domain.matches.match import Match, MatchId, Participant
from toprung.domain.players.player import Player, PlayerId

KIND: Final = "challenge"
OPEN_CHALLENGES_MAX: Final = 5
"""How many challenges of one player may wait for an answer, so that nobody writes to everybody."""


_ASKED, _IN_CHANNEL, _OVER, _OVER_IN_CHANNEL = "asked", "in channel", "over", "over in channel"
_WITHOUT_MATCH: Final = frozenset({ChallengeState.DECLINED, ChallengeState.EXPIRED})


class ChallengeRefused(Conflict):
    """A challenge cannot be made or answered. `reason` is a word for why."""

    code = "challenge_refused"

    def __init__(self, reason: str, sentence: str, **parameters: object) -> None:
        super().__init__(sentence, reason, **parameters)


class TooManyChallenges(LimitReached):
    """A player has as many open challenges as anybody may have."""

    code = "too_many_challenges"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeView:
    """A challenge with its two players."""

    challenge: Challenge
    challenger: Player
    opponent: Player


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeNote:
    """What an intent of this kind says: which challenge, and whether to the challenger or to the other one."""

    challenge_id: ChallengeId
    is_to_challenger: bool


def challenge_note(stored: StoredIntent) -> ChallengeNote:
    """What an intent of this kind says."""
    said = stored.intent.parameters
    return ChallengeNote(challenge_id=ChallengeId(int(said["challenge"])), is_to_challenger=said["to"] == "challenger")


def is_news(state: ChallengeState, *, is_to_challenger: bool) -> bool:
    """Whether there is something to say of a challenge: to be answered by the one, or without a match for the other."""
    return state in (_WITHOUT_MATCH if is_to_challenger else {ChallengeState.OPEN})


class ChallengeService:
    """Makes and answers challenges."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        clock: Clock,
        catalog: Catalog,
        lifecycle: MatchLifecycle,
        choose: Choose,
        answer_us: int,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._catalog = catalog
        self._lifecycle = lifecycle
        self._choose = choose
        self._answer_us = answer_us

    async def check(self, challenger_id: PlayerId, opponent_id: PlayerId) -> None:
        """Raises what `make` would raise about the two players."""
        now_us = self._clock.now_us()
        await self._unit_of_work.run(lambda tx: self._ready(tx, challenger_id, opponent_id, now_us))

    async def make(
        self, challenger_id: PlayerId, opponent_id: PlayerId, races: tuple[str, ...], *, channel_id: int | None = None
    ) -> ChallengeView:
        """Challenges a player and wants that player told. The same challenge again is the one that waits already.

        Raises `ChallengeRefused` for oneself and for an opponent who cannot be told, `NotReady` for a player who cannot
        play now, `TooManyChallenges`, and `UnknownRace`.
        """
        if not races:
            raise InvalidInput("race", "Name the race that you will play.", "own_race")
        codes = tuple(dict.fromkeys(self._catalog.race(race).code for race in races))
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> ChallengeView:
            challenger, opponent = self._ready(tx, challenger_id, opponent_id, now_us)
            waiting = [one for one in self._open(tx, challenger_id, now_us) if one.challenger_id == challenger_id]
            for one in waiting:
                if one.opponent_id == opponent_id:
                    return ChallengeView(challenge=one, challenger=challenger, opponent=opponent)
            if len(waiting) >= OPEN_CHALLENGES_MAX:
                raise TooManyChallenges(
                    "{most} of your challenges wait for an answer; let one end first.", "most", most=OPEN_CHALLENGES_MAX
                )
            new = NewChallenge(
                challenger_id=challenger_id,
                opponent_id=opponent_id,
                races=codes,
                created_at_us=now_us,
                expires_at_us=now_us + self._answer_us,
                channel_id=channel_id,
            )
            challenge = tx.challenges.add(new)
            tx.intents.want([_to_opponent(challenge, opponent)], now_us=now_us)
            # Nothing to say before then, so this row is also the deadline's.
            tx.intents.want([_to_challenger(challenge, challenger)], now_us=challenge.expires_at_us)
            return ChallengeView(challenge=challenge, challenger=challenger, opponent=opponent)

        return await self._unit_of_work.run(work)

    async def accept(self, challenge_id: ChallengeId, player_id: PlayerId, race: str) -> Match:
        """The match that comes of a challenge, which the opponent plays with this race. Again gives the same match.

        Raises `ChallengeRefused`, `NotReady`, and `UnknownRace`.
        """
        own_race = self._catalog.race(race).code
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> Match:
            challenge = self._answerable(tx, challenge_id, player_id, now_us)
            if challenge.match_id is not None:
                match = tx.matches.get(challenge.match_id)
                if match is not None:
                    return match
            _require_open(challenge)
            challenger = Participant(player_id=challenge.challenger_id, race=self._choose(challenge.races))
            opponent = Participant(player_id=challenge.opponent_id, race=own_race)
            match = self._lifecycle.opening(challenger, opponent, source_key=f"challenge {challenge.id}")(tx)
            tx.challenges.save(replace(challenge, state=ChallengeState.ACCEPTED, match_id=match.id))
            return match

        return await self._unit_of_work.run(work)

    async def decline(self, challenge_id: ChallengeId, player_id: PlayerId) -> None:
        """Says no to a challenge, and wants the challenger told. Again does nothing. Raises `ChallengeRefused`."""
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> None:
            challenge = self._answerable(tx, challenge_id, player_id, now_us)
            if challenge.state is ChallengeState.DECLINED:
                return
            _require_open(challenge)
            declined = replace(challenge, state=ChallengeState.DECLINED)
            tx.challenges.save(declined)
            challenger = tx.players.by_ids([challenge.challenger_id])[challenge.challenger_id]
            tx.intents.want([_to_challenger(declined, challenger)], now_us=now_us)

        await self._unit_of_work.run(work)

    async def view(self, challenge_id: ChallengeId) -> ChallengeView:
        """How a challenge stands. Raises `ChallengeRefused` for one that is not there."""
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> ChallengeView:
            challenge = _get(tx, challenge_id).at(now_us)
            players = tx.players.by_ids([challenge.challenger_id, challenge.opponent_id])
            return ChallengeView(
                challenge=challenge,
                challenger=players[challenge.challenger_id],
                opponent=players[challenge.opponent_id],
            )

        return await self._unit_of_work.read(work)

    def settle(self, tx: Transaction, stored: StoredIntent, ending: Ending) -> None:
        """Where somebody takes no direct messages, what concerns them is said in the channel of the challenge."""
        if ending is not Ending.REFUSED or not stored.intent.is_direct:
            return
        note = challenge_note(stored)
        challenge = _get(tx, note.challenge_id).at(self._clock.now_us())
        if is_news(challenge.state, is_to_challenger=note.is_to_challenger):
            self._say_in_channel(tx, challenge, to="challenger" if note.is_to_challenger else "opponent")

    def tell_in_channel(self, tx: Transaction, match_id: MatchId, player_id: PlayerId) -> None:
        """Where a challenger takes no direct messages, the channel of the challenge says what came of it.

        Does nothing for another match, or for the other player, who accepted it themselves.
        """
        challenge = tx.challenges.of_match(match_id)
        if challenge is not None and challenge.challenger_id == player_id:
            self._say_in_channel(tx, challenge, to="challenger")

    def _say_in_channel(self, tx: Transaction, challenge: Challenge, *, to: str) -> None:
        if challenge.channel_id is not None:
            tx.intents.want([_in_channel(challenge, challenge.channel_id, to=to)], now_us=self._clock.now_us())

    def _ready(
        self, tx: Transaction, challenger_id: PlayerId, opponent_id: PlayerId, now_us: int
    ) -> tuple[Player, Player]:
        if challenger_id == opponent_id:
            raise ChallengeRefused("oneself", "Challenge somebody else; nobody plays against themselves.")
        challenger, opponent = locked_players(tx, (challenger_id, opponent_id))
        if opponent.discord_id is None:
            sentence = "{name} has not joined with a Discord account and cannot be challenged here."
            raise ChallengeRefused("out_of_reach", sentence, name=opponent.name)
        self._lifecycle.require_ready(tx, (challenger, opponent), now_us)
        return challenger, opponent

    def _open(self, tx: Transaction, player_id: PlayerId, now_us: int) -> list[Challenge]:
        """The open challenges of a player; those whose time is up are kept as such from here on."""
        still_open = []
        for kept in tx.challenges.open_of(player_id):
            challenge = kept.at(now_us)
            if challenge.state is ChallengeState.OPEN:
                still_open.append(challenge)
            else:
                tx.challenges.save(challenge)
        return still_open

    def _answerable(self, tx: Transaction, challenge_id: ChallengeId, player_id: PlayerId, now_us: int) -> Challenge:
        challenge = _get(tx, challenge_id).at(now_us)
        if challenge.opponent_id != player_id:
            raise ChallengeRefused("stranger", "Only the player who was challenged can answer this.")
        return challenge


def give_back(tx: Transaction, by_us: int | None, now_us: int, answer_us: int) -> int:
    """Gives open challenges back what was not served of the time to answer them, and says how many; None gives all."""
    still_open = tx.challenges.open()
    for challenge in still_open:
        moved = challenge.given_back(by_us, now_us, answer_us)
        tx.challenges.save(moved)
        over = tx.intents.find(_key(moved, _OVER))
        if over is not None:
            tx.intents.put_off(over.id, until_us=moved.expires_at_us, attempts=over.attempts)
        said = [tx.intents.find(_key(moved, what)) for what in (_ASKED, _IN_CHANNEL)]
        drawn = [
            replace(one.intent, parameters={**one.intent.parameters, "until": str(moved.expires_at_us)})
            for one in said
            if one is not None and one.message is not None
        ]
        tx.intents.want(drawn, now_us=now_us)
    return len(still_open)


def _get(tx: Transaction, challenge_id: ChallengeId) -> Challenge:
    challenge = tx.challenges.get(challenge_id)
    if challenge is None:
        raise ChallengeRefused("gone", "There is no such challenge any more.")
    return challenge


def _require_open(challenge: Challenge) -> None:
    if challenge.state is not ChallengeState.OPEN:
        raise ChallengeRefused(challenge.state.value, "This challenge is {state} already.", state=challenge.state.value)


def _to_opponent(challenge: Challenge, opponent: Player) -> Intent:
    return _intent(challenge, _ASKED, to="opponent", recipient=opponent.discord_id or 0, is_direct=True)


def _in_channel(challenge: Challenge, channel_id: int, *, to: str) -> Intent:
    what = _OVER_IN_CHANNEL if to == "challenger" else _IN_CHANNEL
    return _intent(challenge, what, to=to, recipient=channel_id, is_direct=False)


def _to_challenger(challenge: Challenge, challenger: Player) -> Intent:
    return _intent(challenge, _OVER, to="challenger", recipient=challenger.discord_id or 0, is_direct=True)


def _key(challenge: Challenge, what: str) -> str:
    return f"challenge {challenge.id} {what}"


def _intent(challenge: Challenge, what: str, *, to: str, recipient: int, is_direct: bool) -> Intent:
    return Intent(
        key=_key(challenge, what),
        kind=KIND,
        recipient=recipient,
        is_direct=is_direct,
        priority=Priority.MATCH,
        parameters={"challenge": str(challenge.id), "to": to, "state": challenge.state.value},
    )
