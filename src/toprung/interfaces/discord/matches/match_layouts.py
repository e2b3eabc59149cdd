"""A match as one of its players sees it: one message for every state, with the controls that the state allows.

A control carries the number of the match and what it does, and nothing else: who presses, and whether that may be done
now, is asked of the ladder at every press. So a message works after any restart, and an old one does no harm.
"""

from dataclasses import dataclass
from typing import Any, Final

import discord

from toprung.application.matches.match_history import MatchView
from toprung.application.players.profile_service import ProfileEntry
from toprung.domain.matches.match import MatchId, MatchState, Outcome, Side, other
from toprung.domain.matches.match_life import Move, Step, allowed
from toprung.domain.matches.notice import NoticeKind
from toprung.domain.players.countries import flag_emoji
from toprung.domain.players.player import Player, PlayerId
from toprung.interfaces.discord.leaderboard.leaderboard_text import LETTER_MARKS
from toprung.interfaces.discord.matches.match_text import (
    ending,
    map_link,
    moved,
    outcome_of,
    race_name,
    reasons,
    standing,
    state_code,
)
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.layouts import Button, Layout, answered_elsewhere
from toprung.interfaces.discord.messages.markdown import Markdown, escaped

PREFIX: Final = "match"
FACTS_CHARACTERS_MAX: Final = 1_800  # room for all links of a map
_ANSWERS: Final = {"won": Outcome.WIN, "lost": Outcome.LOSS, "draw": Outcome.DRAW}
ICONS: Final = {
    MatchState.ASSIGNED: "⚔️",
    MatchState.IN_PROGRESS: "🎮",
    MatchState.REPORTED: "📣",
    MatchState.COMPLETED: "🏁",
    MatchState.ABORTED: "🚫",
    MatchState.ABANDONED: "⌛",
    MatchState.CONFLICT: "⚠️",
    MatchState.EXPIRED: "⌛",
    MatchState.VOIDED: "⚫",
}
_HEADLINES: Final = frozenset({NoticeKind.WITHDRAWN, NoticeKind.CANCEL_ASKED, NoticeKind.CORRECTED})
_STYLES: Final = {
    "confirm": discord.ButtonStyle.success,
    "won": discord.ButtonStyle.success,
    "lost": discord.ButtonStyle.danger,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchCard:
    """What a message about a match shows; `side` is the reader's, None for somebody who only looks.

    `opponent` is the rating that the other side plays with; None where it is not known, or not to be known.
    """

    view: MatchView
    side: Side | None
    opponent: ProfileEntry | None = None


async def match_card(context: BotContext, view: MatchView, player_id: PlayerId | None) -> MatchCard:
    """The match with what else is to be shown of it to this player."""
    side = None if player_id is None else view.match.side_of(player_id)
    opponent = None if side is None else view.players[other(side)]
    entry = None
    if side is not None and opponent is not None and view.match.state.is_open:
        entry = await context.ladder.profiles.standing(opponent.id, view.match.participants[other(side)].race)
    return MatchCard(view=view, side=side, opponent=entry)


ACTIONS: Final = {
    Move(Step.CONFIRM): "confirm",
    Move(Step.ABORT): "abort",
    Move(Step.REPORT, Outcome.WIN): "won",
    Move(Step.REPORT, Outcome.LOSS): "lost",
    Move(Step.REPORT, Outcome.DRAW): "draw",
    Move(Step.WITHDRAW): "withdraw",
    Move(Step.CANCEL): "cancel",
}
"""What each move is called in the controls of messages: those that were sent before must answer for ever."""


def actions(card: MatchCard) -> tuple[str, ...]:
    """What the reader may do about the match now."""
    if card.side is None:
        return ()
    return tuple(ACTIONS[move] for move in allowed(card.view.match, card.side))


def control(match_id: MatchId, action: str, text: str, style: discord.ButtonStyle | None = None) -> Button:
    """The button that does something about a match."""
    style = style or _STYLES.get(action, discord.ButtonStyle.secondary)
    return Button(f"{PREFIX}:{match_id}:{action}", text, answered_elsewhere, style=style)


class MatchLayout(Layout):
    """One match, drawn once. Its controls outlive it: the bot answers them by what they carry."""

    def __init__(self, context: BotContext, reader: Reader, card: MatchCard) -> None:
        super().__init__(context, reader, timeout=None)
        self.stop()
        self.begin()
        self._card = card

    def draw(self, kind: NoticeKind | None = None) -> "MatchLayout":
        """The match as it stands, headed by what happened, where that does not show."""
        self.add_match(kind)
        self.add_controls()
        return self

    def draw_question(self, action: str, leads_to: MatchState) -> "MatchLayout":
        """Asks once more about what would end the match, and so cannot be taken back."""
        reader, match_id = self.reader, self._card.view.match.id
        why = "match.ask_conflict" if leads_to is MatchState.CONFLICT else "match.ask_why"
        head = f"## ❓ {reader.say(f'match.ask_{action}', number=str(match_id))}"
        self.add_container(self.paragraph(Markdown(f"{head}\n{reader.say(why)}")))
        yes = control(match_id, f"{action}_sure", reader.plain("match.yes_sure"), discord.ButtonStyle.danger)
        self.add_row(yes, control(match_id, "show", reader.plain("match.back")))
        return self

    def draw_done(self, code: str) -> "MatchLayout":
        """One line in the place of a match that another message says more about."""
        self.add_container(self.paragraph(self.reader.say(code, number=str(self._card.view.match.id))))
        return self

    def add_match(self, kind: NoticeKind | None = None) -> None:
        """Adds the match's own block."""
        reader, match, side = self.reader, self._card.view.match, self._card.side
        title = reader.say(f"match.title_{state_code(match)}", number=str(match.id))
        head = f"## {ICONS[match.state]} {title}"
        if kind in _HEADLINES:
            head += f"\n**{reader.say(f'match.news_{kind.value}')}**"
        parts: list[discord.ui.Item[Any]] = [self.paragraph(Markdown(head), 400)]
        facts = self._facts()
        if facts:
            parts += [discord.ui.Separator(), self.paragraph(Markdown("\n".join(facts)), FACTS_CHARACTERS_MAX)]
        if match.state.is_open and side is not None:
            now_us, rules = self.context.ladder.clock.now_us(), self.context.ladder.steps.rules
            said = standing(reader, match, side, now_us=now_us, rules=rules)
            parts += [discord.ui.Separator(), self.paragraph(Markdown("\n".join(said)), 1_200)]
        elif not match.state.is_open:
            parts += [discord.ui.Separator(), *self._end()]
        self.add_container(*parts)

    def add_controls(self) -> None:
        """Adds what the reader may do now."""
        offered = actions(self._card)
        if offered:
            self.add_row(*(self._control(action) for action in offered))

    def _control(self, action: str) -> Button:
        """A control; to what the other side reported, an answer is said to agree with it or to dispute it."""
        match, side, say = self._card.view.match, self._card.side, self.reader.plain
        claim = None if side is None else match.sides[other(side)].claim
        if claim is None or side is None or action not in _ANSWERS or match.sides[side].claim is not None:
            return control(match.id, action, say(f"match.do_{action}"))
        agrees = _ANSWERS[action] is outcome_of(claim.result, side)
        text = say("match.agree" if agrees else "match.dispute", answer=say(f"match.do_{action}"))
        style = discord.ButtonStyle.success if agrees else discord.ButtonStyle.secondary
        return control(match.id, action, text, style)

    def _facts(self) -> list[str]:
        reader, match, side = self.reader, self._card.view.match, self._card.side
        sides: tuple[Side, ...] = (0, 1) if side is None else (other(side),)
        lines = []
        for one in sides:
            player = self._card.view.players[one]
            if player is None:
                lines.append(str(reader.say("match.opponent_hidden")))
            else:
                code = "match.opponent" if side is not None else "match.player"
                lines.append(f"{reader.say(code)} {self._player(player, match.participants[one].race)}")
        if side is not None:
            race = race_name(self.context.ladder.catalog, match.participants[side].race)
            lines.append(str(reader.say("match.own_race", race=race)))
        is_known = match.started_at_us is not None or match.assigned_at_us is None
        if is_known and match.map_name is not None:
            lines.append(str(reader.say("match.map", map=match.map_name)))
            if side is not None and match.state.is_open:
                lines += self._where_to_find(match.map_name)
        if is_known and match.server is not None:
            servers = {server.code: server.name for server in self.context.ladder.catalog.servers}
            lines.append(str(reader.say("match.server", server=servers.get(match.server, match.server))))
        channel = self.context.ladder.catalog.chat_channel(match.id)
        if side is not None and match.started_at_us is not None and match.state.is_open and channel is not None:
            lines.append(str(reader.say("match.chat_channel", channel=channel)))
        return lines

    def _where_to_find(self, map_name: str) -> list[str]:
        """The links of the map for the match's server, else what to search for."""
        reader, catalog = self.reader, self.context.ladder.catalog
        links = catalog.map_links(map_name, self._card.view.match.server)
        if not links:
            full_name = next((one.full_name for one in catalog.current_maps if one.name == map_name), map_name)
            return [] if full_name == map_name else [f"-# {reader.say('match.map_search', name=full_name)}"]
        lines = [str(map_link(reader, link)) for link in links]
        if not all(link.is_web for link in links):
            lines.append(f"-# {reader.say('match.map_address_how')}")
        return lines

    def _player(self, player: Player, race: str) -> str:
        shown = f"{flag_emoji(player.country)} **{escaped(player.name)}** · {escaped(self._race(race))}"
        entry = self._card.opponent
        if entry is not None and entry.entry.player_id == player.id:
            shown += f" · **{entry.entry.mmr}** MMR"
            if entry.row is not None:
                letter = entry.row.letter_rank
                shown += f" · {LETTER_MARKS[letter]} **{letter}** · #{entry.row.global_rank:,}"
        if self._card.side is not None and self._card.view.match.state.is_open and player.in_game_names:
            shown += f"\n{self.reader.say('match.in_game', name=player.in_game_names[0])}"
        return shown

    def _race(self, code: str) -> str:
        return race_name(self.context.ladder.catalog, code)

    def _end(self) -> list[discord.ui.Item[Any]]:
        reader, view, side = self.reader, self._card.view, self._card.side
        lines = [ending(reader, view.match, side)] if side is not None else [self._public_ending()]
        sides: tuple[Side, Side] = (0, 1) if side in (None, 0) else (1, 0)
        lines += [line for one in sides if (line := moved(view, one)) is not None]
        parts: list[discord.ui.Item[Any]] = [self.paragraph(Markdown("\n".join(lines)), 900)]
        why = [line for one in (sides if side is None else sides[:1]) for line in reasons(reader, view, one)]
        if why:
            said = "\n".join((f"**{reader.say('match.why')}**", *why))
            parts += [discord.ui.Separator(), self.paragraph(Markdown(said), 1_400)]
        return parts

    def _public_ending(self) -> Markdown:
        view = self._card.view
        result = view.match.standing_result
        if result is None:
            return self.reader.say(f"match.is_{state_code(view.match)}")
        if result.score_of_side_1 == 0.5:
            return self.reader.say("match.public_draw")
        winner = view.players[0 if result.score_of_side_1 == 1 else 1]
        return self.reader.say("match.public_won", name="?" if winner is None else winner.name)
