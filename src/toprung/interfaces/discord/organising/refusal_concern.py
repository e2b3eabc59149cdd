"""What an organiser has to mend before the bot can do its work, said in the organisers' channel."""

from collections.abc import Collection
from typing import Final

import discord

from toprung.application.ports.storage import Transaction
from toprung.interfaces.discord.messages.context import BotContext
from toprung.interfaces.discord.messages.layouts import Layout
from toprung.interfaces.discord.messages.markdown import Markdown
from toprung.interfaces.discord.organising.concerns import SETTLED, Parameters
from toprung.interfaces.discord.sending.refusals import Hindrance, refusal_sentence

KIND: Final = "refusal"
SHOWN_MAX: Final = 5
"""So many are said at a time."""


class RefusalConcern:
    """Something that Discord refuses until an organiser mends it, each once, however many messages it holds up.

    What is meant for the organisers' channel itself is left out: where that is refused, nothing can be said in it.
    """

    kind: Final = KIND

    def __init__(self, context: BotContext, kinds_of_the_channel: Collection[str]) -> None:
        self._context = context
        self._left_out = frozenset({*kinds_of_the_channel, KIND})

    def wanted(self, tx: Transaction, _now_us: int, said: Collection[Parameters]) -> dict[str, Parameters]:
        """See `Concern`."""
        found = (one for one in tx.intents.hindered() if one.intent.kind not in self._left_out)
        current = list(dict.fromkeys(one.hindrance for one in found if one.hindrance is not None))
        wanted: dict[str, Parameters] = {
            f"{KIND} {hindrance}": {"hindrance": hindrance, SETTLED: ""} for hindrance in current[:SHOWN_MAX]
        }
        for one in said:
            settled = "" if one["hindrance"] in current else "yes"
            wanted.setdefault(f"{KIND} {one['hindrance']}", {**one, SETTLED: settled})
        return wanted

    async def draw(self, parameters: Parameters) -> discord.ui.LayoutView:
        """See `Concern`."""
        reader = self._context.public_reader()
        view = Layout(self._context, reader, timeout=None)
        view.begin()
        said = refusal_sentence(reader, Hindrance.of(parameters["hindrance"]))
        title = reader.say("concern.refusal_over" if parameters[SETTLED] else "concern.refusal")
        view.add_container(view.paragraph(Markdown(f"### {title}"), 300), view.paragraph(said, 1_000))
        return view
