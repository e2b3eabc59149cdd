"""What is said of a replay, in the language of whoever runs the command."""

from typing import Final

from toprung.domain.replays.replay_checks import Check, check_sentence
from toprung.interfaces.cli.terminal.language import retold

_CHECKS: Final = ("cli.check.", "replay.check.")
_REFUSALS: Final = ("cli.inspect.", "error.")
_VERDICTS: Final = ("cli.verdict.", "replay.verdict.", *_CHECKS, *_REFUSALS)


def verdict_text(sentence: str) -> str:
    """The verdict on an upload, whose sentence is kept in English."""
    return retold(sentence, *_VERDICTS)


def check_text(check: Check) -> str:
    """What one of the checks found."""
    return retold(check_sentence(check), *_CHECKS)


def refusal_text(sentence: str) -> str:
    """Why a file could not be read."""
    return retold(sentence, *_REFUSALS)
