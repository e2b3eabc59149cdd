"""What wants an organiser: conflicts, dead letters, expired matches, unknown mods, who left and came back."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Final, Protocol

import discord

from toprung.application.ports.storage import Transaction
from toprung.application.replays.replay_mods import UPLOADS_LOOKED_AT_MAX, SeenMod
from toprung.domain.jobs.job import JobId, JobState
from toprung.domain.matches.match import Match, MatchId, MatchState
from toprung.domain.moment import to_datetime
from toprung.domain.players.player import PlayerId
from toprung.domain.replays.replay_upload import UploadId
from toprung.interfaces.discord.messages.context import BotContext
from toprung.interfaces.discord.messages.layouts import Button, Layout, answered_elsewhere
from toprung.interfaces.discord.messages.markdown import Markdown
from toprung.interfaces.discord.organising.admin_command import APPROVE_MOD, RESOLVE, RESTORE, RETRY
from toprung.interfaces.discord.organising.admin_text import FORMER_SHOWN_MAX, ago, entry_lines, match_line, match_lines

FOUND_MAX: Final = 50
EXPIRED_LOOKED_AT_MAX: Final = 200
EXPIRED_SHOWN_MAX: Final = 12
UNKNOWN_MODS_MAX: Final = 5
"""So many unknown versions stand in the channel at a time, those that most games were played with."""

FIRST_UPLOADS_MIN: Final = 3
"""So many uploads with one version it takes to propose it as the first that is approved."""

SETTLED: Final = "settled"
"""The parameter that says that a concern is over."""

Parameters = Mapping[str, str]


class Concern(Protocol):
    """One kind of concern. What is said is drawn anew whenever its parameters change."""

    @property
    def kind(self) -> str:
        """What its intents are called."""
        ...

    def wanted(self, tx: Transaction, now_us: int, said: Collection[Parameters]) -> dict[str, Parameters]:
        """What is to be said, by key: of every concern there is now, and of those that were said and may be over."""
        ...

    async def draw(self, parameters: Parameters) -> discord.ui.LayoutView:
        """The message."""
        ...


class ConflictConcern:
    """A match whose sides contradict each other, or of which a side could not be told."""

    kind: Final = "conflict"

    def __init__(self, context: BotContext) -> None:
        self._context = context

    def wanted(self, tx: Transaction, now_us: int, said: Collection[Parameters]) -> dict[str, Parameters]:
        """See `Concern`."""
        ids = {match.id for match in tx.matches.latest(FOUND_MAX, None, (MatchState.CONFLICT,))}
        ids |= {MatchId(int(one["match"])) for one in said}
        found = [match for match in map(tx.matches.get, sorted(ids)) if match is not None]
        return {f"{self.kind} {match.id}": self._parameters(match) for match in found}

    def _parameters(self, match: Match) -> Parameters:
        settled = "" if match.state is MatchState.CONFLICT else match.state.value
        return {"match": str(match.id), SETTLED: settled}

    async def draw(self, parameters: Parameters) -> discord.ui.LayoutView:
        """See `Concern`."""
        context, reader = self._context, self._context.public_reader()
        number = int(parameters["match"])
        view, shown = Layout(context, reader, timeout=None), await context.ladder.matches.get(MatchId(number))
        view.begin()
        is_over = bool(parameters[SETTLED])
        code = "concern.held_up" if shown.match.is_held_up else "concern.conflict"
        title = reader.say("concern.conflict_over" if is_over else code, match=number)
        text = match_line(reader, shown) if is_over else match_lines(context, reader, shown)
        if shown.match.is_held_up:
            text = Markdown(f"{text}\n-# {reader.say('concern.held_up_what')}")
        view.add_container(view.paragraph(Markdown(f"### {title}"), 300), view.paragraph(text, 3_000))
        if not is_over:
            label, style = reader.plain("admin.resolve"), discord.ButtonStyle.primary
            view.add_row(Button(f"{RESOLVE}:{number}", label, answered_elsewhere, style=style))
        return view


class DeadLetterConcern:
    """A job that was given up."""

    kind: Final = "dead_letter"

    def __init__(self, context: BotContext) -> None:
        self._context = context

    def wanted(self, tx: Transaction, now_us: int, said: Collection[Parameters]) -> dict[str, Parameters]:
        """See `Concern`."""
        ids = {job.id for job in tx.jobs.latest(FOUND_MAX, JobState.DEAD)} | {JobId(int(one["job"])) for one in said}
        wanted: dict[str, Parameters] = {}
        for job_id in sorted(ids):
            job = tx.jobs.get(job_id)
            is_dead = job is not None and job.state is JobState.DEAD
            wanted[f"{self.kind} {job_id}"] = {"job": str(job_id), SETTLED: "" if is_dead else "yes"}
        return wanted

    async def draw(self, parameters: Parameters) -> discord.ui.LayoutView:
        """See `Concern`."""
        context, reader, number = self._context, self._context.public_reader(), int(parameters["job"])
        view = Layout(context, reader, timeout=None)
        view.begin()
        if parameters[SETTLED]:
            view.add_container(view.paragraph(reader.say("concern.dead_letter_over", job=number)))
            return view
        job = await context.ladder.jobs.get(JobId(number))
        title = reader.say("concern.dead_letter", job=number)
        said = reader.say("concern.dead_letter_what", kind=job.kind.value, error=job.last_error or "–")
        view.add_container(view.paragraph(Markdown(f"### {title}"), 300), view.paragraph(said, 2_000))
        label, style = reader.plain("admin.retry"), discord.ButtonStyle.primary
        view.add_row(Button(f"{RETRY}:{number}", label, answered_elsewhere, style=style))
        return view


class ExpiredConcern:
    """The matches of a day that nobody reported, in one message."""

    kind: Final = "expired"

    def __init__(self, context: BotContext) -> None:
        self._context = context

    def wanted(self, tx: Transaction, now_us: int, said: Collection[Parameters]) -> dict[str, Parameters]:
        """See `Concern`. A day is over when the one after it is."""
        today = to_datetime(now_us).date()
        days = {(today - timedelta(days=before)).isoformat(): list[MatchId]() for before in (1, 0)}
        for match in tx.matches.latest(EXPIRED_LOOKED_AT_MAX, None, (MatchState.EXPIRED,)):
            day = to_datetime(match.ended_at_us or 0).date().isoformat()
            if day in days:
                days[day].append(match.id)
        known = {one["day"]: one for one in said}
        wanted: dict[str, Parameters] = {}
        for day in sorted(days.keys() | known.keys()):
            if day not in days:
                wanted[self._key(day)] = {**known[day], SETTLED: "yes"}
            elif days[day] or day in known:
                shown = " ".join(str(match_id) for match_id in days[day][:EXPIRED_SHOWN_MAX])
                wanted[self._key(day)] = {"day": day, "count": str(len(days[day])), "matches": shown, SETTLED: ""}
        return wanted

    def _key(self, day: str) -> str:
        return f"{self.kind} {day}"

    async def draw(self, parameters: Parameters) -> discord.ui.LayoutView:
        """See `Concern`."""
        context, reader = self._context, self._context.public_reader()
        view, count = Layout(context, reader, timeout=None), int(parameters["count"])
        view.begin()
        title = reader.say("concern.expired", count=count, day=parameters["day"])
        ids: Sequence[str] = parameters["matches"].split()
        lines = [f"- {match_line(reader, await context.ladder.matches.get(MatchId(int(one))))}" for one in ids]
        if count > len(ids):
            lines.append(f"- {reader.say('concern.expired_more', count=count - len(ids))}")
        lines.append(f"-# {reader.say('concern.expired_what')}")
        view.add_container(view.paragraph(Markdown(f"### {title}"), 300), view.paragraph(Markdown("\n".join(lines))))
        return view


class UnknownModConcern:
    """A version of the mod that games are played with and nobody approved.

    Where none is approved yet, every version is unknown and in nobody's way: then only the one that most games are
    played with is proposed, once a few are.
    """

    kind: Final = "unknown_mod"

    def __init__(self, context: BotContext) -> None:
        self._context = context

    def wanted(self, tx: Transaction, now_us: int, said: Collection[Parameters]) -> dict[str, Parameters]:
        """See `Concern`. One that others crowd out is over as well."""
        seen = self._context.ladder.mods.look(tx)
        approved = {one.key for one in seen if one.is_approved}
        unknown = [one for one in seen if not one.is_approved]
        if approved:
            unknown = unknown[:UNKNOWN_MODS_MAX]
        else:
            unknown = [one for one in unknown[:1] if one.uploads >= FIRST_UPLOADS_MIN]
        wanted = {f"{self.kind} {one.key}": self._parameters(one) for one in unknown}
        for one in said:
            settled = "approved" if one["mod"] in approved else "gone"
            wanted.setdefault(f"{self.kind} {one['mod']}", {**one, SETTLED: settled})
        return wanted

    def _parameters(self, seen: SeenMod) -> Parameters:
        return {
            "mod": seen.key,
            "upload": str(seen.upload_id),
            "uploads": str(seen.uploads),
            "files": str(len(seen.handles)),
            "adds": "" if seen.adds is None else str(seen.adds),
            "is_first": "" if seen.approved_versions else "yes",
            SETTLED: "",
        }

    async def draw(self, parameters: Parameters) -> discord.ui.LayoutView:
        """See `Concern`."""
        context, reader, upload = self._context, self._context.public_reader(), parameters["upload"]
        view = Layout(context, reader, timeout=None)
        view.begin()
        if parameters[SETTLED]:
            view.add_container(view.paragraph(reader.say(f"concern.mod_{parameters[SETTLED]}", upload=upload)))
            return view
        newest = await context.ladder.replays.get(UploadId(int(upload)))
        is_first, adds = bool(parameters["is_first"]), parameters["adds"]
        lines = [
            reader.say("concern.mod_seen", count=int(parameters["uploads"]), of=UPLOADS_LOOKED_AT_MAX),
            reader.say("concern.mod_newest", upload=upload, name=newest.player.name, files=int(parameters["files"])),
            reader.say("concern.mod_adds", count=int(adds)) if adds else reader.say("concern.mod_adds_nothing"),
            Markdown(f"-# {reader.say('concern.mod_what')}"),
        ]
        title = Markdown(f"### {reader.say('concern.mod_first' if is_first else 'concern.mod')}")
        view.add_container(view.paragraph(title, 300), view.paragraph(Markdown("\n".join(lines)), 2_000))
        label, style = (
            reader.plain("admin.approve_mod"),
            discord.ButtonStyle.danger if adds else discord.ButtonStyle.primary,
        )
        view.add_row(Button(f"{APPROVE_MOD}:{upload}", label, answered_elsewhere, style=style))
        return view


class ReturnConcern:
    """Somebody who left with a rating or a ban, and came back anew with the same account; one message a return."""

    kind: Final = "return"

    def __init__(self, context: BotContext) -> None:
        self._context = context

    def wanted(self, tx: Transaction, now_us: int, said: Collection[Parameters]) -> dict[str, Parameters]:
        """See `Concern`. Who has an older player than the one who left was given that one back, which is no news."""
        former: dict[PlayerId, list[PlayerId]] = {}
        for one in tx.departures.returned(FOUND_MAX):
            if one.returned_as is not None and one.player_id < one.returned_as and self._matters(tx, one.player_id):
                former.setdefault(one.returned_as, []).append(one.player_id)
        wanted: dict[str, Parameters] = {
            self._key(str(player_id)): {
                "player": str(player_id),
                "former": " ".join(str(one) for one in sorted(old)[-FORMER_SHOWN_MAX:]),
                SETTLED: "",
            }
            for player_id, old in former.items()
        }
        for earlier in said:
            wanted.setdefault(self._key(earlier["player"]), {**earlier, SETTLED: "yes"})
        return wanted

    def _key(self, player: str) -> str:
        return f"{self.kind} {player}"

    def _matters(self, tx: Transaction, player_id: PlayerId) -> bool:
        old = tx.players.by_ids([player_id])[player_id]
        races = self._context.ladder.catalog.race_codes
        return old.is_banned or bool(tx.entries.by_keys([(player_id, race) for race in races]))

    async def draw(self, parameters: Parameters) -> discord.ui.LayoutView:
        """See `Concern`."""
        context, reader, dossiers = self._context, self._context.public_reader(), self._context.ladder.dossiers
        view, number = Layout(context, reader, timeout=None), PlayerId(int(parameters["player"]))
        view.begin()
        if parameters[SETTLED]:
            view.add_container(view.paragraph(reader.say("concern.return_over", player=int(number))))
            return view
        new = (await dossiers.get(number)).player
        lines = [Markdown(f"**{reader.say('profile.banned')}**")] if new.is_banned else []
        former = [await dossiers.get(PlayerId(int(one))) for one in parameters["former"].split()]
        for old in former:
            lines.append(reader.say("concern.return_as", old=old.player.name, when=ago(old.left_at_us)))
            lines.append(entry_lines(context, reader, old.entries))
        lines.append(Markdown(f"-# {reader.say('concern.return_what')}"))
        title = Markdown(f"### {reader.say('concern.return', name=new.name)}")
        view.add_container(view.paragraph(title, 300), view.paragraph(Markdown("\n".join(lines)), 2_000))
        label, style = reader.plain("admin.restore"), discord.ButtonStyle.primary
        labels = [label] if len(former) == 1 else [f"{old.player.name}: {label}" for old in former]
        view.add_row(
            *(
                Button(f"{RESTORE}:{old.player.id}", shown, answered_elsewhere, style=style)
                for old, shown in zip(former, labels, strict=True)
            )
        )
        return view
