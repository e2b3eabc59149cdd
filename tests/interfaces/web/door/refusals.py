"""Refusals without a site around them."""

from starlette.responses import PlainTextResponse

from toprung.interfaces.texts.texts import load_texts
from toprung.interfaces.web.door.errors import Refusals
from toprung.interfaces.web.door.speech import Speeches


def plain_refusals() -> Refusals:
    """Refusals whose pages are the bare sentence."""
    return Refusals(
        lambda _, status, sentence: PlainTextResponse(sentence, status),
        Speeches(load_texts()),
    )
