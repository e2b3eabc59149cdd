"""What organisers read: players, matches and what a decision would do, in the reader's language."""

from collections.abc import Sequence
from typing import Final

from toprung.application.matches.match_history import MatchView
from toprung.application.players.player_dossier import Dossier
from toprung.application.ratings.rating_adjustment import RatingSetOutcome
from toprung.application.ratings.rating_service import CorrectionOutcome, Move
from toprung.domain.game.catalog import Catalog
from toprung.domain.matches.match import Evidence, Match, MatchResult, MatchState, Outcome
from toprung.domain.matches.match_life import Step
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.domain.players.countries import flag_emoji
from toprung.domain.ratings.rating import Entry
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.markdown import Markdown, escaped

MOVES_SHOWN_MAX: Final = 12
PENALTIES_SHOWN_MAX: Final = 5
ENTRIES_SHOWN_MAX: Final = 8
FORMER_SHOWN_MAX: Final = 5


def ago(at_us: int | None) -> Markdown:
    """A moment as each reader's Discord says it."""
    return Markdown("–" if at_us is None else f"<t:{at_us // MICROSECONDS_PER_SECOND}:R>")


def race_name(catalog: Catalog, code: str) -> Markdown:
    """A race's name; the code of one that this game does not have any more."""
    return escaped(next((race.name for race in catalog.races if race.code == code), code))


def names_of(view: MatchView, reader: Reader) -> tuple[Markdown, Markdown]:
    """The names of a match's two players, in bold."""
    shown = [
        reader.say("admin.hidden") if player is None else Markdown(f"**{escaped(player.name)}**")
        for player in view.players
    ]
    return shown[0], shown[1]


def result_words(reader: Reader, result: MatchResult | None, names: Sequence[Markdown]) -> Markdown:
    """How a match counts, with the winner's name."""
    if result is None:
        return reader.say("admin.void")
    if result is MatchResult.DRAW:
        return reader.say("admin.draw")
    return reader.say("admin.won", name=names[0 if result is MatchResult.SIDE_1_WON else 1])


def state_name(reader: Reader, state: MatchState) -> Markdown:
    """A state of a match in words."""
    return reader.say(f"match_state.{state.value}")


def step_name(reader: Reader, step: Step, outcome: Outcome | None) -> str:
    """What a player does about a match, in words, for a control."""
    return reader.plain(f"match_step.{step.value}" if outcome is None else f"match_step.report_{outcome.value}")


def standing(reader: Reader, match: Match, names: Sequence[Markdown]) -> Markdown:
    """The state of a match, and the result that counts."""
    result = match.standing_result
    said = state_name(reader, match.state)
    return said if result is None else Markdown(f"{said}: {result_words(reader, result, names)}")


def match_lines(context: BotContext, reader: Reader, view: MatchView) -> Markdown:
    """A match with all that its sides said and what it did to ratings."""
    match, catalog, names = view.match, context.ladder.catalog, names_of(view, reader)
    races = [race_name(catalog, one.race) for one in match.participants]
    lines = [f"{names[0]} ({races[0]}) – {names[1]} ({races[1]})", standing(reader, match, names)]
    where = [escaped(part) for part in (match.map_name, match.server) if part]
    if where:
        lines.append(f"-# {' · '.join(where)}")
    moments = (("assigned", match.assigned_at_us), ("ended", match.ended_at_us), ("deadline", match.deadline_us))
    told = [reader.say(f"admin.{name}", when=ago(at)) for name, at in moments if at is not None]
    lines.append(f"-# {' · '.join(told)}")
    for side, name in zip(match.sides, names, strict=True):
        said = []
        if side.claim is not None:
            code = "admin.claim_replay" if side.claim.evidence is Evidence.REPLAY else "admin.claim"
            said.append(reader.say(code, result=result_words(reader, side.claim.result, names)))
        elif match.state is MatchState.ASSIGNED:
            said.append(reader.say("admin.unconfirmed" if side.confirmed_at_us is None else "admin.confirmed"))
        if side.cancel_asked_at_us is not None:
            said.append(reader.say("admin.cancel_asked"))
        lines += [f"- {name} {one}" for one in said]
    for change, name in zip(view.changes or (), names, strict=False):
        before = None if change.before is None else change.before.mmr
        lines.append(f"- {name}: {mmr_move(reader, before, change.mmr_after)}")
    return Markdown("\n".join(lines))


def match_line(reader: Reader, view: MatchView) -> Markdown:
    """A match in one line."""
    names = names_of(view, reader)
    return Markdown(f"`#{view.match.id}` {names[0]} – {names[1]} · {standing(reader, view.match, names)}")


def mmr_move(reader: Reader, before: int | None, after: int) -> Markdown:
    """How an MMR moves."""
    if before is None:
        return reader.say("admin.first_rating", mmr=Markdown(str(after)))
    return Markdown(f"{before} → **{after}** ({after - before:+d})")


def correction_lines(context: BotContext, reader: Reader, outcome: CorrectionOutcome, view: MatchView) -> Markdown:
    """What judging a match does: how it counts, and who moves by how much."""
    names = names_of(view, reader)
    before = standing(reader, view.match, names)
    lines = [f"{before} → {result_words(reader, outcome.after, names)}", ""]
    moved = [move for move in outcome.moves if move.mmr_before != move.mmr_after]
    lines += [_move(context, reader, move) for move in moved[:MOVES_SHOWN_MAX]]
    if len(moved) > MOVES_SHOWN_MAX:
        lines.append(f"- {reader.say('admin.moves_more', count=len(moved) - MOVES_SHOWN_MAX)}")
    if not moved:
        lines.append(reader.say("admin.no_moves"))
    if outcome.before is not None:
        lines.append(f"-# {reader.say('admin.rated_anew', count=outcome.rated_anew)}")
    if view.match.state.is_open and outcome.after is None:
        lines.append(f"-# {reader.say('admin.void_open')}")
    return Markdown("\n".join(lines))


def _move(context: BotContext, reader: Reader, move: Move) -> str:
    race = race_name(context.ladder.catalog, move.race)
    return f"- **{escaped(move.player_name)}** ({race}) {mmr_move(reader, move.mmr_before, move.mmr_after)}"


def rating_lines(context: BotContext, reader: Reader, outcome: RatingSetOutcome) -> Markdown:
    """What setting a rating does."""
    race = race_name(context.ladder.catalog, outcome.race)
    moved = mmr_move(reader, outcome.mmr_before, outcome.mmr_after)
    lines = [f"**{escaped(outcome.player_name)}** ({race}) {moved}"]
    if outcome.deviation_after is not None:
        before = "–" if outcome.deviation_before is None else str(round(2 * outcome.deviation_before))
        after = round(2 * outcome.deviation_after)
        lines.append(reader.say("admin.deviation", before=Markdown(before), after=Markdown(str(after))))
    lines.append(f"-# {reader.say('admin.set_rating_rule')}")
    return Markdown("\n".join(lines))


def dossier_lines(context: BotContext, reader: Reader, dossier: Dossier) -> Markdown:
    """Who a player is, as far as an organiser needs to know."""
    player, now_us = dossier.player, context.ladder.clock.now_us()
    country = context.ladder.country_names.name(player.country, reader.locale)
    account = "–" if player.discord_id is None else f"<@{player.discord_id}>"
    in_game = ", ".join(escaped(name) for name in player.in_game_names) or "–"
    lines = [
        f"{flag_emoji(player.country)} {escaped(country)} · {account}",
        reader.say("admin.in_game", names=Markdown(in_game)),
    ]
    if player.is_banned:
        lines.append(f"**{reader.say('profile.banned')}**")
    if dossier.open_match_id is not None:
        lines.append(reader.say("admin.open_match", match=int(dossier.open_match_id)))
    if dossier.left_at_us is not None:
        lines.append(reader.say("admin.has_left", when=ago(dossier.left_at_us)))
    if dossier.returned_as is not None:
        lines.append(reader.say("admin.returned_as", name=dossier.returned_as.name))
    if dossier.former:
        names = ", ".join(escaped(one.name) for one in dossier.former[-FORMER_SHOWN_MAX:])
        lines.append(reader.say("admin.former", names=Markdown(names)))
    lines += ["", f"**{reader.say('admin.entries')}**", entry_lines(context, reader, dossier.entries)]
    lines += ["", f"**{reader.say('admin.penalties')}**", penalty_lines(reader, dossier, now_us)]
    if dossier.matches:
        lines += ["", f"**{reader.say('profile.matches')}**"]
        lines += [f"- {match_line(reader, view)}" for view in dossier.matches]
    return Markdown("\n".join(lines))


def entry_lines(context: BotContext, reader: Reader, entries: Sequence[Entry]) -> Markdown:
    """Ratings, as many as are shown."""
    lines = [
        f"- {race_name(context.ladder.catalog, entry.race)} **{entry.mmr}** · "
        f"{entry.state.games_won}–{entry.state.games_lost}–{entry.state.games_drawn}"
        for entry in entries[:ENTRIES_SHOWN_MAX]
    ]
    return Markdown("\n".join(lines) or reader.say("profile.no_games"))


def penalty_lines(reader: Reader, dossier: Dossier, now_us: int) -> Markdown:
    """The penalties of a player, the newest first."""
    lines = []
    for one in dossier.penalties[::-1][:PENALTIES_SHOWN_MAX]:
        state = "admin.pardoned" if one.pardoned_at_us is not None else "admin.penalty_over"
        code = "admin.penalty_holds" if one.holds(now_us) else state
        offence = reader.say(f"offence.{one.offence.value}", match=int(one.match_id))
        lines.append(f"- {offence} · {ago(one.at_us)} · {reader.say(code, until=ago(one.until_us))}")
    left_out = len(dossier.penalties) - PENALTIES_SHOWN_MAX
    if left_out > 0:
        lines.append(f"- {reader.say('admin.penalties_more', count=left_out)}")
    return Markdown("\n".join(lines) or reader.say("admin.no_penalties"))
