"""What an organiser has to mend before the bot can do its work, said in the organisers' channel."""

from typing import Final

import discord

from toprung.application.organising.concerns import SETTLED, Parameters, Refusals
from toprung.interfaces.discord.messages.context import BotContext
from toprung.interfaces.discord.messages.layouts import Layout
from toprung.interfaces.discord.messages.markdown import Markdown
from toprung.interfaces.discord.sending.refusals import Hindrance, refusal_sentence


class RefusalConcern:
    """Something that Discord refuses until an organiser mends it."""

    kind: Final = Refusals.kind

    def __init__(self, context: BotContext) -> None:
        self._context = context

    async def draw(self, parameters: Parameters) -> discord.ui.LayoutView:
        """See `ConcernDrawing`."""
        reader = self._context.public_reader()
        view = Layout(self._context, reader, timeout=None)
        view.begin()
        said = refusal_sentence(reader, Hindrance.of(parameters["hindrance"]))
        title = reader.say("concern.refusal_over" if parameters[SETTLED] else "concern.refusal")
        view.add_container(view.paragraph(Markdown(f"### {title}"), 300), view.paragraph(said, 1_000))
        return view
