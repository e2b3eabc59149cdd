"""How each concern of the organisers is said."""

from collections.abc import Sequence
from typing import Final, Protocol

import discord

from toprung.application.organising.concerns import (
    SETTLED,
    Conflicts,
    DeadLetters,
    ExpiredMatches,
    Parameters,
    Returns,
    UnknownMods,
)
from toprung.application.replays.replay_mods import UPLOADS_LOOKED_AT_MAX
from toprung.domain.jobs.job import JobId
from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import PlayerId
from toprung.domain.replays.replay_upload import UploadId
from toprung.interfaces.discord.messages.context import BotContext
from toprung.interfaces.discord.messages.layouts import Button, Layout, answered_elsewhere
from toprung.interfaces.discord.messages.markdown import Markdown
from toprung.interfaces.discord.organising.admin_command import RESOLVE, RETRY
from toprung.interfaces.discord.organising.admin_mods import mod_buttons
from toprung.interfaces.discord.organising.admin_players import RESTORE
from toprung.interfaces.discord.organising.admin_text import ago, entry_lines, match_line, match_lines


class ConcernDrawing(Protocol):
    """Draws one kind of concern."""

    @property
    def kind(self) -> str:
        """What its intents are called."""
        ...

    async def draw(self, parameters: Parameters) -> discord.ui.LayoutView:
        """The message."""
        ...


class ConflictConcern:
    """A match whose sides contradict each other, or of which a side could not be told."""

    kind: Final = Conflicts.kind

    def __init__(self, context: BotContext) -> None:
        self._context = context

    async def draw(self, parameters: Parameters) -> discord.ui.LayoutView:
        """See `ConcernDrawing`."""
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

    kind: Final = DeadLetters.kind

    def __init__(self, context: BotContext) -> None:
        self._context = context

    async def draw(self, parameters: Parameters) -> discord.ui.LayoutView:
        """See `ConcernDrawing`."""
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

    kind: Final = ExpiredMatches.kind

    def __init__(self, context: BotContext) -> None:
        self._context = context

    async def draw(self, parameters: Parameters) -> discord.ui.LayoutView:
        """See `ConcernDrawing`."""
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

    kind: Final = UnknownMods.kind

    def __init__(self, context: BotContext) -> None:
        self._context = context

    async def draw(self, parameters: Parameters) -> discord.ui.LayoutView:
        """See `ConcernDrawing`."""
        context, reader, upload = self._context, self._context.public_reader(), parameters["upload"]
        view = Layout(context, reader, timeout=None)
        view.begin()
        is_first, adds, settled = bool(parameters["is_first"]), parameters["adds"], parameters[SETTLED]
        buttons = mod_buttons(reader, UploadId(int(upload)), settled, is_doubtful=bool(adds))
        if settled:
            view.add_container(view.paragraph(reader.say(f"concern.mod_{settled}", upload=upload)))
            if buttons:
                view.add_row(*buttons)
            return view
        newest = await context.ladder.replays.get(UploadId(int(upload)))
        lines = [
            reader.say("concern.mod_seen", count=int(parameters["uploads"]), of=UPLOADS_LOOKED_AT_MAX),
            reader.say("concern.mod_newest", upload=upload, name=newest.player.name, files=int(parameters["files"])),
            reader.say("concern.mod_adds", count=int(adds)) if adds else reader.say("concern.mod_adds_nothing"),
            Markdown(f"-# {reader.say('concern.mod_what')}"),
        ]
        title = Markdown(f"### {reader.say('concern.mod_first' if is_first else 'concern.mod')}")
        view.add_container(view.paragraph(title, 300), view.paragraph(Markdown("\n".join(lines)), 2_000))
        view.add_row(*buttons)
        return view


class ReturnConcern:
    """Somebody who left with a rating or a ban, and came back anew with the same account; one message a return."""

    kind: Final = Returns.kind

    def __init__(self, context: BotContext) -> None:
        self._context = context

    async def draw(self, parameters: Parameters) -> discord.ui.LayoutView:
        """See `ConcernDrawing`."""
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
