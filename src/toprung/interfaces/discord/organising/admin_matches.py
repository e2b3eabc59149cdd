"""What organisers see of a match and do about one: judge it, act for a player, open one by hand."""

from collections.abc import Sequence
from typing import Final

import discord

from toprung.application.matches.match_history import MatchView
from toprung.application.organising.match_operations import ActForPlayer, CorrectMatch, OpenMatch
from toprung.application.organising.operation import NOBODY_YET
from toprung.application.writing.audit import Attribution
from toprung.domain.errors import NotFound
from toprung.domain.matches.match import MatchId, MatchResult, MatchState, Outcome, Side
from toprung.domain.matches.match_life import TRANSITIONS, Step
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.layouts import OPTIONS_MAX, Action, Button, Select, option
from toprung.interfaces.discord.messages.markdown import Markdown, escaped
from toprung.interfaces.discord.organising.admin_text import (
    correction_lines,
    match_line,
    match_lines,
    names_of,
    race_name,
    standing,
    state_name,
    step_name,
)
from toprung.interfaces.discord.organising.organiser_layouts import Decision, DecisionView, OrganiserLayout

CONFLICTS_SHOWN_MAX: Final = 20
_SIDES: Final[tuple[Side, Side]] = (0, 1)
_STEPS: Final = (Step.CONFIRM, Step.ABORT, Step.REPORT, Step.WITHDRAW, Step.CANCEL)
_RESULTS: Final = (MatchResult.SIDE_1_WON, MatchResult.SIDE_2_WON, MatchResult.DRAW)


class MatchPanel(OrganiserLayout):
    """One match, with what can be done about it in its state."""

    def __init__(self, context: BotContext, reader: Reader, match_id: MatchId) -> None:
        super().__init__(context, reader)
        self._match_id = match_id

    async def update_view(self, interaction: discord.Interaction) -> None:
        """Draws the match as it is now."""
        view = await self.context.ladder.matches.get(self._match_id)
        self.begin()
        title = self.reader.say("admin.match_title", match=int(self._match_id))
        self.add_container(
            self.paragraph(Markdown(f"## {title}"), 200),
            self.paragraph(match_lines(self.context, self.reader, view), 3_000),
        )
        self._add_judging(view)
        offered = self._steps(view)
        if offered:
            self.add_row(Select("admin:step", self.reader.plain("admin.act_for"), offered, self._choose_step))
        await self.show(interaction)

    def _add_judging(self, view: MatchView) -> None:
        match, reader = view.match, self.reader
        allowed = TRANSITIONS[match.state]
        buttons = []
        if Step.SET_RESULT in allowed and (match.assigned_at_us is None or match.started_at_us is not None):
            names = [Markdown("?" if player is None else player.name) for player in view.players]
            for result in _RESULTS:
                label, is_so = _plain_result(reader, result, names), match.standing_result is result
                buttons.append(Button(f"admin:{result.value}", f"{label}…", self._judging(result), disabled=is_so))
        if Step.VOID in allowed:
            style = discord.ButtonStyle.danger
            buttons.append(Button("admin:void", f"{reader.plain('admin.void')}…", self._judging(None), style=style))
        buttons.append(Button("admin:again", reader.plain("admin.again"), self.update_view, emoji="🔄"))
        self.add_row(*buttons)

    def _judging(self, result: MatchResult | None) -> Action:
        async def press(interaction: discord.Interaction) -> None:
            decision = judge(self.context, self.reader, self._match_id, result)
            await DecisionView(self.context, self.reader, decision).update_view(interaction)

        return press

    def _steps(self, view: MatchView) -> list[discord.SelectOption]:
        """What either player may do now."""
        found = []
        for side in _SIDES:
            player, own = view.players[side], view.match.sides[side]
            for step in _STEPS if player is not None else ():
                if step not in TRANSITIONS[view.match.state]:
                    continue
                if (step is Step.CONFIRM and own.confirmed_at_us) or (step is Step.WITHDRAW and own.claim is None):
                    continue
                for outcome in Outcome if step is Step.REPORT else (None,):
                    label = f"{'' if player is None else player.name}: {step_name(self.reader, step, outcome)}"
                    found.append(option(label, f"{side} {step.value} {outcome.value if outcome else ''}".strip()))
        return found

    async def _choose_step(self, interaction: discord.Interaction, chosen: list[str]) -> None:
        side, step, *outcome = chosen[0].split(" ")
        decision = act(
            self.context,
            self.reader,
            self._match_id,
            1 if side == "1" else 0,
            Step(step),
            Outcome(outcome[0]) if outcome else None,
        )
        await DecisionView(self.context, self.reader, decision).update_view(interaction)


def _plain_result(reader: Reader, result: MatchResult, names: Sequence[str]) -> str:
    if result is MatchResult.DRAW:
        return reader.plain("admin.draw")
    return reader.plain("admin.won", name=names[0 if result is MatchResult.SIDE_1_WON else 1])


async def open_match_panel(
    context: BotContext, reader: Reader, interaction: discord.Interaction, match_id: MatchId
) -> None:
    """Shows a match as a new message."""
    await MatchPanel(context, reader, match_id).update_view(interaction)


class ConflictsView(OrganiserLayout):
    """The matches that wait for an organiser."""

    async def update_view(self, interaction: discord.Interaction) -> None:
        """Draws those of now."""
        page = await self.context.ladder.matches.latest(CONFLICTS_SHOWN_MAX, None, (MatchState.CONFLICT,))
        views = page.rows
        self.begin()
        reader = self.reader
        lines = [f"- {match_line(reader, view)}" for view in views] or [reader.say("admin.no_conflicts")]
        self.add_container(
            self.paragraph(Markdown(f"## {reader.say('admin.conflicts_title')}"), 200),
            self.paragraph(Markdown("\n".join(lines)), 3_500),
        )
        if views:
            options = [option(self._label(view), str(view.match.id)) for view in views[:OPTIONS_MAX]]
            self.add_row(Select("admin:conflict", reader.plain("admin.resolve"), options, self._choose))
        self.add_row(Button("admin:again", reader.plain("admin.again"), self.update_view, emoji="🔄"))
        await self.show(interaction)

    def _label(self, view: MatchView) -> str:
        first, second = ("?" if player is None else player.name for player in view.players)
        return f"#{view.match.id} {first} – {second}"

    async def _choose(self, interaction: discord.Interaction, chosen: list[str]) -> None:
        await open_match_panel(self.context, self.reader, interaction, MatchId(int(chosen[0])))


def judge(context: BotContext, reader: Reader, match_id: MatchId, result: MatchResult | None) -> Decision:
    """Judging a match (None: void), with everything that follows."""
    ladder = context.ladder

    async def preview() -> Markdown:
        operation = CorrectMatch(match_id=match_id, result=result, by=NOBODY_YET)
        outcome = await ladder.administration.preview(operation)
        return correction_lines(context, reader, outcome, await ladder.matches.get(match_id))

    async def carry_out(by: Attribution) -> Markdown:
        before = await ladder.matches.get(match_id)
        outcome = await ladder.administration.perform(CorrectMatch(match_id=match_id, result=result, by=by))
        return correction_lines(context, reader, outcome, before)

    title = reader.say("admin.match_title", match=int(match_id))
    return Decision(title=title, preview=preview, carry_out=carry_out)


def act(
    context: BotContext, reader: Reader, match_id: MatchId, side: Side, step: Step, outcome: Outcome | None
) -> Decision:
    """Doing for a player what the player may do about a match."""
    ladder = context.ladder

    def operation(view: MatchView, by: Attribution) -> ActForPlayer:
        player = view.players[side]
        if player is None:
            raise NotFound("There is no such player in match {number}.", "not_in_match", number=str(match_id))
        return ActForPlayer(match_id=match_id, player=player.name, step=step, outcome=outcome, by=by)

    async def preview() -> Markdown:
        view = await ladder.matches.get(match_id)
        asked, both = operation(view, NOBODY_YET), names_of(view, reader)
        foreseen, name = await ladder.administration.preview(asked), asked.player
        what = f"**{escaped(name)}**: {escaped(step_name(reader, step, outcome))}"
        lines = [what, f"{standing(reader, foreseen.before, both)} → {standing(reader, foreseen.after, both)}"]
        if foreseen.rated is not None:
            lines.append(correction_lines(context, reader, foreseen.rated, view))
        elif foreseen.after.state is MatchState.ABORTED:
            lines.append(f"-# {reader.say('admin.abort_costs', name=Markdown(f'**{escaped(name)}**'))}")
        return Markdown("\n".join(lines))

    async def carry_out(by: Attribution) -> Markdown:
        done = await ladder.administration.perform(operation(await ladder.matches.get(match_id), by))
        return reader.say("admin.act_done", match=int(match_id), state=state_name(reader, done.state))

    title = reader.say("admin.match_title", match=int(match_id))
    return Decision(title=title, preview=preview, carry_out=carry_out)


def create(
    context: BotContext,
    reader: Reader,
    first: tuple[str, str],
    second: tuple[str, str],
    *,
    map_name: str | None,
    key: str,
) -> Decision:
    """Opening a match by hand; each player by name and race. The key makes doing it twice harmless."""
    dossiers = context.ladder.dossiers

    async def preview() -> Markdown:
        lines = []
        for name, race in (first, second):
            dossier = await dossiers.find(name)
            code = context.ladder.catalog.race(race).code
            mmr = next((entry.mmr for entry in dossier.entries if entry.race == code), None)
            rated = "–" if mmr is None else str(mmr)
            lines.append(f"- **{escaped(dossier.player.name)}** ({race_name(context.ladder.catalog, code)}) {rated}")
            if dossier.open_match_id is not None:
                lines.append(f"  ⚠️ {reader.say('admin.open_match', match=int(dossier.open_match_id))}")
            if dossier.player.is_banned:
                lines.append(f"  ⚠️ {reader.say('profile.banned')}")
            if any(one.holds(context.ladder.clock.now_us()) for one in dossier.unpardoned):
                lines.append(f"  ⚠️ {reader.say('admin.sits_out')}")
        lines.append(reader.say("admin.create_map", map=map_name) if map_name else reader.say("admin.create_any_map"))
        lines.append(f"-# {reader.say('admin.create_what')}")
        return Markdown("\n".join(lines))

    async def carry_out(by: Attribution) -> Markdown:
        one, two = [(await dossiers.find(name)).player.name for name, _ in (first, second)]
        operation = OpenMatch(
            player_1=one, race_1=first[1], player_2=two, race_2=second[1], map_name=map_name, key=key, by=by
        )
        opened = await context.ladder.administration.perform(operation)
        return reader.say("admin.create_done", match=int(opened.match_id))

    return Decision(title=reader.say("admin.create_title"), preview=preview, carry_out=carry_out)
