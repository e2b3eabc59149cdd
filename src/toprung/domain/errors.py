"""What can be refused, as exceptions that carry a sentence for a person and a stable code for a program."""

from typing import ClassVar


class ToprungError(Exception):
    """Something was refused. `str()` of it is one sentence that says what is wrong and what to do about it."""

    code: ClassVar[str] = "error"


class InvalidInput(ToprungError):
    """A value is outside what the field allows."""

    code = "invalid_input"

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
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
