"""A match in sentences: how it stands for whoever reads, what comes next, and why ratings changed."""

from typing import Final

from toprung.application.matches.match_history import MatchView
from toprung.domain.game.catalog import Catalog
from toprung.domain.game.map_link import MapLink
from toprung.domain.matches.match import Evidence, Match, MatchResult, MatchState, Outcome, Side, other
from toprung.domain.matches.match_life import MatchRules, as_told, at_fault, is_awaited
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.ratings.explanation import Reasons
from toprung.interfaces.discord.messages.context import Reader
from toprung.interfaces.discord.messages.markdown import Markdown, escaped

MICROSECONDS_PER_MINUTE: Final = 60 * MICROSECONDS_PER_SECOND
MICROSECONDS_PER_HOUR: Final = 60 * MICROSECONDS_PER_MINUTE
MOVED = {True: "▲", False: "▼"}


def moment(at_us: int, style: str = "R") -> Markdown:
    """A moment as Discord shows it in each reader's own time zone."""
    return Markdown(f"<t:{at_us // MICROSECONDS_PER_SECOND}:{style}>")


def outcome_of(result: MatchResult, side: Side) -> Outcome:
    """How a match ended for this side."""
    return {1.0: Outcome.WIN, 0.5: Outcome.DRAW, 0.0: Outcome.LOSS}[result.score_of(side)]


def race_name(catalog: Catalog, code: str) -> str:
    """The race as people call it; a code that the catalogue does not know any more stands for itself."""
    return next((race.name for race in catalog.races if race.code == code), code)


def map_link(reader: Reader, link: MapLink) -> Markdown:
    """Where a map is found, in a line. Discord makes no link of the game's own addresses, so those are to be copied."""
    code = "match.map_page" if link.is_web else "match.map_address"
    said = reader.say(code, address=Markdown(link.address))
    return said if link.game_region is None else Markdown(f"{escaped(link.game_region)}: {said}")


def duration(reader: Reader, us: int) -> Markdown:
    """How long something takes: in hours where these are whole, else in minutes."""
    if us % MICROSECONDS_PER_HOUR == 0:
        return reader.say("match.hours", hours=us // MICROSECONDS_PER_HOUR)
    return reader.say("match.minutes", minutes=f"{us / MICROSECONDS_PER_MINUTE:g}")


def standing(reader: Reader, match: Match, side: Side, *, now_us: int, rules: MatchRules) -> list[Markdown]:
    """What this side has to know of an open match: what was said, what to do, and until when.

    Who reads of a match or a claim is told of it by that, so the time to act is what it is from now on, where it does
    not run yet: what is said is what will be kept once this message is known to be delivered.
    """
    match = as_told(match, side, now_us, rules)
    own, across = match.sides[side], match.sides[other(side)]
    due = moment(match.deadline_us or 0)
    lines: list[Markdown] = []
    if match.state is MatchState.ASSIGNED:
        if own.confirmed_at_us is None:
            return [reader.say("match.please_confirm", due=due)]
        is_running = is_awaited(match, other(side))
        return [reader.say("match.waiting_for_opponent" if is_running else "match.waiting_for_untold", due=due)]
    if own.claim is not None:
        said = reader.say(f"match.own_claim_{outcome_of(own.claim.result, side).value}")
        if own.claim.told_at_us is not None:
            then = reader.say("match.claim_stands", due=due)
        else:
            time = duration(reader, rules.answer_us(own.claim.evidence))
            then = reader.say("match.claim_untold", due=due, time=time)
        lines.append(Markdown(f"{said} {then}"))
    if across.claim is not None:
        code = f"match.their_claim_{outcome_of(across.claim.result, other(side)).value}"
        lines.append(reader.say(code))
        if across.claim.evidence is Evidence.REPLAY:
            lines.append(reader.say("match.their_replay"))
        lines.append(reader.say("match.please_answer", due=due))
    if match.state is MatchState.IN_PROGRESS:
        lines.append(reader.say("match.please_play", due=due))
    if own.cancel_asked_at_us is not None:
        lines.append(reader.say("match.own_cancel"))
    if across.cancel_asked_at_us is not None:
        lines.append(reader.say("match.their_cancel"))
    return lines


def ending(reader: Reader, match: Match, side: Side) -> Markdown:
    """How a match that is over ended for this side."""
    if match.standing_result is not None:
        return reader.say(f"match.result_{outcome_of(match.standing_result, side).value}")
    if match.state is MatchState.ABANDONED:
        if side in at_fault(match):
            return reader.say("match.abandoned_by_you")
        confirmed = match.sides[side].confirmed_at_us is not None
        return reader.say("match.abandoned_by_other" if confirmed else "match.abandoned_untold")
    return reader.say(f"match.is_{state_code(match)}")


def state_code(match: Match) -> str:
    """What a match's state is called in the catalogues."""
    return "held_up" if match.is_held_up else match.state.value


def moved(view: MatchView, side: Side) -> Markdown | None:
    """By how much one side's rating changed, in a line; None for a match that was never rated."""
    player = view.players[side]
    if view.changes is None or player is None:
        return None
    change = view.changes[side]
    before = change.mmr_before if change.mmr_before is not None else change.mmr_after
    by = change.mmr_after - before
    sign = "±0" if by == 0 else f"{MOVED[by > 0]} {abs(by)}"
    return Markdown(f"{escaped(player.name)}: {before} → **{change.mmr_after}** ({sign})")


def reasons(reader: Reader, view: MatchView, side: Side) -> list[Markdown]:
    """Why one side's rating changed: the sentences of `domain.explanation`, in the reader's language."""
    player, opponent = view.players[side], view.players[other(side)]
    if view.changes is None or player is None or opponent is None:
        return []
    why = view.reasons[side]
    if why is None:
        return [reader.say("why.void", player=player.name, mmr=str(view.changes[side].after.mmr))]
    by = why.mmr_after - why.mmr_before
    lines = [
        reader.say(
            f"why.{why.outcome.value}",
            player=player.name,
            opponent=opponent.name,
            before=str(why.mmr_before),
            after=str(why.mmr_after),
            change=_signed(by),
        ),
        _came_of(reader, why),
    ]
    if why.deviation_before is not None and why.deviation_after is not None:
        code = "why.uncertain" if why.was_uncertain else "why.certain"
        lines.append(reader.say(code, before=round(why.deviation_before), after=round(why.deviation_after)))
    if why.revision > 1:
        lines.append(reader.say("why.revision", revision=why.revision))
    return lines


def _came_of(reader: Reader, why: Reasons) -> Markdown:
    """What was expected and came, and what the change came from where the rating system says that."""
    told: dict[str, object] = {
        "expected": f"{round(100 * why.expected_score)} %",
        "came": f"{round(100 * why.score)} %",
    }
    parts = why.parts
    if parts is None:
        return reader.say(f"why.surprise_{why.surprise.value}", **told)
    told["game"] = _signed(parts.this_game)
    names = [name for name in ("other_races", "experience") if getattr(parts, name)]
    told |= {name: _signed(getattr(parts, name)) for name in names}
    if parts.experience:
        told["games"] = str(why.games)
    return reader.say("_".join(("why.gives", *names)), **told)


def _signed(points: int) -> Markdown:
    return Markdown(f"{points:+d}".replace("-", "−"))
