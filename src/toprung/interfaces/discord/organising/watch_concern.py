"""What a look at the season found unusual, said in the organisers' channel; it accuses nobody."""

from collections.abc import Sequence
from typing import Final

import discord

from toprung.application.organising.concerns import SETTLED, Parameters, Unusual
from toprung.domain.players.player import PlayerId
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.layouts import Layout
from toprung.interfaces.discord.messages.markdown import Markdown, escaped
from toprung.interfaces.discord.organising.admin_text import race_name


class UnusualConcern:
    """A pair, a player or an account that is worth a second look."""

    kind: Final = Unusual.kind

    def __init__(self, context: BotContext) -> None:
        self._context = context

    async def draw(self, parameters: Parameters) -> discord.ui.LayoutView:
        """See `ConcernDrawing`."""
        context, reader = self._context, self._context.public_reader()
        ids = [PlayerId(int(one)) for one in parameters["players"].split()]
        names = await context.ladder.watch.names(ids)
        shown = [Markdown(f"**{escaped(names[one])}**") for one in ids]
        view, what = Layout(context, reader, timeout=None), parameters["what"]
        view.begin()
        if parameters[SETTLED]:
            view.add_container(
                view.paragraph(reader.say(f"concern.unusual_{what}_over", names=_together(shown)), 1_000)
            )
            return view
        lines = self._lines(reader, parameters, shown)
        matches = Markdown(" ".join(f"#{one}" for one in parameters["matches"].split()))
        lines.append(reader.say("watch.matches", matches=matches))
        if parameters["matches_more"] != "0":
            lines.append(reader.say("watch.matches_more", count=int(parameters["matches_more"])))
        if what != "account":
            lines.append(
                Markdown(f"-# {reader.say(f'watch.{what}_by_chance', by_chance=Markdown(parameters['by_chance']))}")
            )
        lines.append(Markdown(f"-# {reader.say('watch.nobody')}"))
        title = Markdown(f"### {reader.say(f'concern.unusual_{what}')}")
        view.add_container(view.paragraph(title, 300), view.paragraph(Markdown("\n".join(lines)), 3_000))
        return view

    def _lines(self, reader: Reader, found: Parameters, names: Sequence[Markdown]) -> list[Markdown]:
        what = found["what"]
        if what == "account":
            return [reader.say("watch.account", handle=found["handle"], names=_together(names))]
        counts = {name: Markdown(found[name]) for name in ("games", "points", "expected", "other_points")}
        whom = dict(zip(("first", "second"), names, strict=False))
        others = dict(zip(("first_others", "second_others"), found["others"].split(), strict=False))
        lines = [reader.say(f"watch.{what}", **counts, **whom, **others)]
        races = [race_name(self._context.ladder.catalog, code) for code in found["races"].split()]
        if races:
            lines.append(reader.say("watch.races", **whom, first_race=races[0], second_race=races[1]))
        if found["known"] != "0":
            lines.append(reader.say("watch.short", short=found["short"], known=found["known"]))
        return lines


def _together(names: Sequence[Markdown]) -> Markdown:
    return Markdown(", ".join(names))
