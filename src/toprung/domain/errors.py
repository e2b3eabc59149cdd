"""What can be refused, as exceptions that carry a sentence for a person and a stable code for a program."""

import re
from collections.abc import Mapping
from typing import ClassVar, Final

_PLACEHOLDER: Final = re.compile(r"\{([a-z_0-9]+)\}")


class ToprungError(Exception):
    """Something was refused. `str()` of it is one sentence that says what is wrong and what to do about it.

    That sentence is English, for logs and for who knows no better one. `code`, `reason` and `parameters` say the same
    to a program: by them the texts of the front ends say it in the reader's language. A sentence that has parameters
    names them in braces, and holds nothing else that differs from one time to the next.
    """

    code: ClassVar[str] = "error"

    def __init__(self, sentence: str, reason: str = "", /, **parameters: object) -> None:
        told = {name: shown(value) for name, value in parameters.items()}
        super().__init__(filled(sentence, told) if told else sentence)
        self.reason = reason
        self.parameters: Mapping[str, object] = parameters


def filled(sentence: str, parameters: Mapping[str, str]) -> str:
    """A sentence with its parameters in place, whatever these hold. Raises KeyError for one that is missing."""
    return _PLACEHOLDER.sub(lambda found: parameters[found[1]], sentence)


def placeholders(sentence: str) -> list[str]:
    """The names of the parameters that a sentence has."""
    return _PLACEHOLDER.findall(sentence)


def shown(value: object) -> str:
    """A parameter as a sentence has it: a count with its thousands apart, a measure without zeros at its end."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value)


class InvalidInput(ToprungError):
    """A value is outside what the field allows."""

    code = "invalid_input"

    def __init__(self, field: str, sentence: str, reason: str = "", /, **parameters: object) -> None:
        super().__init__(sentence, reason, **({"field": field, **parameters} if reason else parameters))
        self.field = field


class NotFound(ToprungError):
    """Something that was named does not exist."""

    code = "not_found"


class Conflict(ToprungError):
    """The request contradicts what is already so (a name that is taken, say)."""

    code = "conflict"


class StorageUnavailable(ToprungError):
    """The database refused or could not be reached; nothing of the request was kept and it may be tried again."""

    code = "storage_unavailable"


class OutcomeUnknown(ToprungError):
    """The database was asked to keep the request, and its answer was lost: it may be kept or not.

    It is no refusal, and must not simply be done again: whoever asked has to look first.
    """

    code = "outcome_unknown"


class WriterPresent(ToprungError):
    """Another process is writing to this database, and only one may."""

    code = "writer_present"


class WriterLost(StorageUnavailable):
    """This process may not write to its database any more, and has to end; nothing of the request was kept."""

    code = "writer_lost"


class GameMismatch(ToprungError):
    """The database belongs to another game than the one that was asked for."""

    code = "game_mismatch"


class Busy(ToprungError):
    """So much is waiting to be done that no more is taken in; nothing of the request was kept."""

    code = "busy"


class LimitReached(ToprungError):
    """Somebody has used up what is theirs for now; nothing of the request was kept."""

    code = "limit_reached"
