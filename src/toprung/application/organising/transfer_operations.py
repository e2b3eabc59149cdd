"""What organisers bring in: a ladder's entries, or a list of games."""

from dataclasses import dataclass
from typing import Annotated, Final

from toprung.application.organising.operation import AT_A_TERMINAL, Carries, Desk, Operation, Route, Spec, Taken
from toprung.application.ports.progress import Progress
from toprung.application.transfer.import_service import FILE_NAME_MAX_CODE_POINTS, ImportSummary
from toprung.domain.errors import Conflict

SOURCE_MAX_CODE_POINTS: Final = 100

FileName = Annotated[str, Taken(max_length=FILE_NAME_MAX_CODE_POINTS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportEntries(Operation[ImportSummary]):
    """Imports a CSV of entries, all rows or none; `file` is what it is called."""

    text: str
    file: FileName = ""

    async def carry_out(self, desk: Desk, tell: Progress) -> ImportSummary:
        """See `ImportService.import_entries`."""
        return await desk.imports.import_entries(self.text, tell, self.by, self.file)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportGames(Operation[ImportSummary]):
    """Plays a CSV of games through the ladder; `file` is what it is called."""

    text: str
    source: Annotated[
        str,
        Taken(min_length=1, max_length=SOURCE_MAX_CODE_POINTS, description="Say where the games come from"),
    ]
    file: FileName = ""

    async def carry_out(self, desk: Desk, tell: Progress) -> ImportSummary:
        """See `ImportService.import_games`."""
        return await desk.imports.import_games(self.text, self.source, tell, self.by, self.file)


TRANSFER_OPERATIONS: tuple[Spec, ...] = (
    Spec(
        kind=ImportEntries,
        actions=frozenset({"import_entries"}),
        ways_in=AT_A_TERMINAL,
        route=Route(
            path="/import-entries",
            name="import_entries",
            summary="Import a CSV of entries, all rows or none",
            refusals=(Conflict,),
            carries=Carries.CSV,
            takes_long=True,
        ),
        moves_ratings=True,
        makes_copy=True,
    ),
    Spec(
        kind=ImportGames,
        actions=frozenset({"import_games"}),
        ways_in=AT_A_TERMINAL,
        route=Route(
            path="/import-games",
            name="import_games",
            summary="Play a CSV of games through the ladder",
            refusals=(Conflict,),
            carries=Carries.CSV,
            takes_long=True,
        ),
        moves_ratings=True,
        makes_copy=True,
    ),
)
