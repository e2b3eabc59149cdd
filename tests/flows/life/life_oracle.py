"""The life of matches in plain lists and dicts: slow, obvious, and written from the rules rather than from the code.

States, steps, results and kinds of notice are their stored words. Every method either does all that it says or raises
`Refused`, after which the caller keeps the copy from before, unless the refusal says that deadlines are kept.
"""

from dataclasses import dataclass, field

from tests.flows.life.life_terms import (
    ANSWER_US,
    CONFIRM_US,
    FIRST_FINE_US,
    LONGEST_FINE_US,
    NEVER_PLAYED,
    OPEN,
    PLAYED,
    POINTS,
    REPORT_US,
    RESULT_OF,
    TELL_US,
    Fine,
    Form,
    Game,
    Half,
    Ratings,
    Refused,
    Said,
    System,
    Told,
    strikes,
)


@dataclass
class LifeOracle:
    """Everything that is, and what may be done to it."""

    banned: dict[int, bool]
    reachable: set[int]
    games: dict[str, Game] = field(default_factory=dict)
    notices: list[Told] = field(default_factory=list)
    fines: list[Fine] = field(default_factory=list)
    rated: list[str] = field(default_factory=list)
    """The keys of the matches that ever had a result, in the order in which they first got it."""

    corrections: int = 0
    edges: set[tuple[str, str, str]] = field(default_factory=set)
    """The edges of the table of states that were taken: from, by, to."""

    # What players do

    def open(self, key: str, sides: tuple[tuple[int, str], tuple[int, str]], now_us: int) -> None:
        (one, race_1), (other, race_2) = sides
        if one == other:
            raise Refused("invalid_input")
        known = self.games.get(key)
        if known is not None:
            if [(half.player, half.race) for half in known.halves] != list(sides):
                raise Refused("conflict")
            return
        for game in self.games.values():
            if game.state in OPEN and {one, other} & set(game.players):
                self._pass(game, now_us)
        for player in (one, other):
            if player not in self.banned:
                raise Refused("not_found")
            fined = any(
                fine.pardoned_us is None and fine.at_us <= now_us < fine.until_us
                for fine in self.fines
                if fine.player == player
            )
            if self.banned[player] or fined or self.open_games(player):
                raise Refused("conflict")
        game = Game(key, (Half(one, race_1), Half(other, race_2)), now_us, deadline_us=now_us + TELL_US)
        self.games[key] = game
        self._tell(game, "found", now_us)

    def open_games(self, player: int) -> list[Game]:
        return [game for game in self.games.values() if game.state in OPEN and player in game.players]

    def step(self, key: str, player: int, what: str, says: str | None, now_us: int) -> None:
        game = self.games[key]
        self._pass(game, now_us)
        try:
            self._step(game, player, what, says, now_us)
        except Refused as refused:
            raise Refused(refused.code, keeps_deadlines=True) from refused

    def _step(self, game: Game, player: int, what: str, says: str | None, now_us: int) -> None:
        if player not in game.players:
            raise Refused("step_refused")
        side = game.players.index(player)
        if what == "report":
            self._report(game, side, RESULT_OF[side, str(says)], now_us)
        else:
            {"confirm": self._confirm, "abort": self._abort, "withdraw": self._withdraw, "cancel": self._cancel}[what](
                game, side, now_us
            )

    def _confirm(self, game: Game, side: int, now_us: int) -> None:
        own = game.halves[side]
        if own.confirmed_us is not None:
            return
        self._only_in(game, "assigned")
        own.confirmed_us = now_us
        if own.told_us is None:
            own.told_us = now_us
        if game.has_started:
            self._move(game, "confirm", "in_progress", now_us + REPORT_US)
            self._tell(game, "in_progress", now_us)
        else:
            waits_us = max(game.assigned_us + TELL_US, now_us + CONFIRM_US)
            self._move(game, "confirm", "assigned", game.deadline_us if game.late else waits_us)

    def _abort(self, game: Game, side: int, now_us: int) -> None:
        if game.state == "aborted":
            return
        self._only_in(game, "assigned")
        self._end(game, "abort", "aborted", now_us)
        self._tell(game, "aborted", now_us)
        self._fine(game.players[side], game.key, "abort", now_us)

    def _report(self, game: Game, side: int, result: str, now_us: int) -> None:
        own, across = game.halves[side], game.halves[1 - side]
        if (own.said and own.said.result == result) or (game.state == "completed" and game.result == result):
            return
        self._only_in(game, *PLAYED)
        if own.said and result != RESULT_OF[side, "loss"]:
            raise Refused("step_refused")
        own.said, own.cancels_us = Said(result, now_us), None
        if result == RESULT_OF[side, "loss"] or (across.said and across.said.result == result):
            self._complete(game, "report", result, now_us, now_us)
        elif across.said:
            self._end(game, "report", "conflict", now_us)
            self._tell(game, "conflict", now_us)
        else:
            self._move(game, "report", "reported", now_us + TELL_US)
            self._tell(game, "claim", now_us, across)

    def _withdraw(self, game: Game, side: int, now_us: int) -> None:
        own, across = game.halves[side], game.halves[1 - side]
        if game.state == "in_progress" and own.said is None:
            return
        self._only_in(game, "reported")
        if own.said is None:
            raise Refused("step_refused")
        own.said = None
        began_us = max(half.confirmed_us or 0 for half in game.halves)
        self._move(game, "withdraw", "in_progress", began_us + REPORT_US)
        self._tell(game, "withdrawn", now_us, across)

    def _cancel(self, game: Game, side: int, now_us: int) -> None:
        own, across = game.halves[side], game.halves[1 - side]
        if own.cancels_us is not None and game.state in (*PLAYED, "voided"):
            return
        self._only_in(game, *PLAYED)
        own.cancels_us = now_us
        if across.cancels_us is None:
            self._move(game, "cancel", game.state, game.deadline_us)
            self._tell(game, "cancel_asked", now_us, across)
        else:
            self._end(game, "cancel", "voided", now_us)
            self._tell(game, "voided", now_us)

    # What time does

    def pass_deadlines(self, now_us: int) -> None:
        late = [game for game in self.games.values() if game.deadline_us is not None and game.deadline_us <= now_us]
        for game in sorted(late, key=lambda game: game.deadline_us or 0):
            self._pass(game, now_us)

    def _pass(self, game: Game, now_us: int) -> None:
        """What deadlines do is dated by the deadline, however late somebody looks; notices are of now."""
        while game.deadline_us is not None and game.deadline_us <= now_us:
            due_us = game.deadline_us
            if game.state == "assigned":
                how = "abandoned" if game.late else "conflict"
                self._end(game, "deadline", how, due_us)
                self._tell(game, how, now_us)
                for half in game.late:
                    self._fine(half.player, game.key, "abandon", due_us)
            elif game.state == "in_progress":
                self._end(game, "deadline", "expired", due_us)
                self._tell(game, "expired", now_us)
            else:
                (said,) = (half.said for half in game.halves if half.said)
                if said.told_us is None:
                    self._end(game, "deadline", "conflict", due_us)
                    self._tell(game, "conflict", now_us)
                else:
                    self._complete(game, "deadline", said.result, due_us, now_us)

    def settle(self, place: int, now_us: int, *, was_reached: bool) -> None:
        notice = self.notices[place]
        if notice.was_reached is not None:
            return
        notice.was_reached = was_reached
        game = self.games[notice.key]
        if notice.kind in ("found", "claim"):
            self._pass(game, now_us)
        if notice.kind == "found":
            self._knows(game, game.halves[game.players.index(notice.player)], now_us)
        if notice.kind == "claim":
            said = game.halves[1 - game.players.index(notice.player)].said
            if game.state == "reported" and said and said.at_us == notice.at_us and said.told_us is None:
                said.told_us, game.deadline_us = now_us, now_us + ANSWER_US

    def _knows(self, game: Game, half: Half, now_us: int) -> None:
        """From now on somebody's two minutes to confirm run; where the other one's do as well, the later end counts."""
        if game.state != "assigned" or half.told_us is not None:
            return
        until_us = now_us + CONFIRM_US
        game.deadline_us = max(until_us, game.deadline_us or 0) if game.late else until_us
        half.told_us = now_us

    # What organisers do

    def judge(self, key: str, result: str | None, now_us: int) -> None:
        game = self.games[key]
        self._pass(game, now_us)
        if game.state == ("voided" if result is None else "completed") and (result is None or game.result == result):
            raise Refused("invalid_input")
        if game.state in NEVER_PLAYED or (result is not None and not game.has_started):
            raise Refused("step_refused")
        self.corrections += 1
        was_judged = game.result is not None
        ended_us = now_us if game.ended_us is None else game.ended_us
        if result is None:
            self._end(game, "void", "voided", ended_us)
            self._tell(game, "corrected" if was_judged else "voided", now_us)
        else:
            self._complete(game, "set_result", result, ended_us, now_us)

    def ban(self, player: int, now_us: int) -> None:
        self.banned[player] = True
        for game in self.open_games(player):
            self._pass(game, now_us)
            if game.state in OPEN:
                self._end(game, "void", "voided", now_us)
                self._tell(game, "voided", now_us)

    def pardon(self, player: int, now_us: int) -> None:
        for fine in self.fines:
            if fine.player == player and fine.pardoned_us is None:
                fine.pardoned_us = now_us

    # What all of this is made of

    def _only_in(self, game: Game, *states: str) -> None:
        if game.state not in states:
            raise Refused("step_refused")

    def _move(self, game: Game, by: str, state: str, deadline_us: int | None) -> None:
        self.edges.add((game.state, by, state))
        game.state, game.deadline_us = state, deadline_us

    def _end(self, game: Game, by: str, state: str, ended_us: int) -> None:
        self._move(game, by, state, None)
        game.ended_us = ended_us

    def _complete(self, game: Game, by: str, result: str, ended_us: int, now_us: int) -> None:
        was_judged = game.result is not None
        self._end(game, by, "completed", ended_us)
        game.result = result
        if not was_judged:
            self.rated.append(game.key)
        self._tell(game, "corrected" if was_judged else "result", now_us)

    def _tell(self, game: Game, kind: str, now_us: int, *whom: Half) -> None:
        for half in whom or game.halves:
            notice = Told(half.player, game.key, kind, now_us)
            self.notices.append(notice)
            if half.player not in self.reachable:
                notice.was_reached = False
                if kind == "found":
                    self._knows(game, half, now_us)
                if kind == "claim":
                    (said,) = (one.said for one in game.halves if one.said)
                    said.told_us, game.deadline_us = now_us, now_us + ANSWER_US

    def _fine(self, player: int, key: str, offence: str, at_us: int) -> None:
        offences = [fine.at_us for fine in self.fines if fine.player == player and fine.pardoned_us is None]
        games = [game.ended_us or 0 for game in self.games.values() if game.state == "completed"
                 and player in game.players]  # fmt: skip
        length_us = min(FIRST_FINE_US[offence] * 2 ** strikes(offences, games, at_us), LONGEST_FINE_US)
        self.fines.append(Fine(player, key, offence, at_us, at_us + length_us))

    # What comes of it

    def ratings(self, system: System, start: Form) -> Ratings:
        """Every entry, and every change of one in order, from the results as they stand: played from the beginning."""
        entries: dict[tuple[int, str], Form] = {}
        changes = []
        for key in self.rated:
            game = self.games[key]
            seats = [(half.player, half.race) for half in game.halves]
            before = [entries.get(seat, start) for seat in seats]
            after = before
            if game.state == "completed":
                points, ended_us = POINTS[str(game.result)], game.ended_us or 0
                numbers = system(before[0], before[1], points, ended_us)
                after = [
                    Form(
                        mmr,
                        skill,
                        form.won + (share == 1),
                        form.lost + (share == 0),
                        form.drawn + (share == 0.5),
                        max(ended_us, form.last_us or 0),
                    )
                    for form, (mmr, skill), share in zip(before, numbers, (points, 1 - points), strict=True)
                ]
            for seat, old, new in zip(seats, before, after, strict=True):
                entries[seat] = new
                changes.append((key, old, new))
        return entries, changes
