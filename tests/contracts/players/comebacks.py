"""What players and organisers do where somebody left and comes back."""

from tests.contracts.office import ANN, EVE, Office
from toprung.application.matches.match_readiness import NotReady
from toprung.application.organising.match_operations import CorrectMatch, OpenMatch
from toprung.application.organising.transfer_operations import ImportEntries
from toprung.application.transfer.entry_file import COLUMNS
from toprung.application.writing.audit import Attribution
from toprung.domain.matches.match import MatchId
from toprung.domain.players.player import PlayerId

CAT = 8
FIRST, SECOND, THIRD = PlayerId(1), PlayerId(2), PlayerId(3)


async def in_order(office: Office) -> None:
    """Holds the ladder against all that must be so of one."""
    assert await office.verification.verify(lambda _done, _total: None) == []


async def opened(office: Office, first: str, second: str) -> MatchId:
    operation = OpenMatch(player_1=first, race_1="bw_zerg", player_2=second, race_2="bw_zerg", by=EVE)
    return (await office.admin.perform(operation)).match_id


async def can_play(office: Office, name: str, opponent: str = "Bobbin") -> bool:
    """Whether somebody may begin a match; one that was begun is void again."""
    try:
        match_id = await opened(office, name, opponent)
    except NotReady:
        return False
    await office.admin.perform(CorrectMatch(match_id=match_id, result=None, by=EVE))
    return True


def csv(name: str, *, account: int | None = None, race: str = "bw_zerg") -> str:
    cells = dict.fromkeys(COLUMNS, "")
    cells |= dict.fromkeys(("games_won", "games_lost", "games_drawn", "games_played"), "0")
    cells |= {"discord_id": str(account or ""), "player_name": name, "country": "KR", "race": race, "mmr": "1500"}
    return f"{','.join(COLUMNS)}\n{','.join(cells.values())}\n"


async def imported(office: Office, text: str) -> None:
    await office.admin.perform(ImportEntries(text=text, by=Attribution(actor="toprung")), lambda _done, _total: None)


async def renamed(office: Office, name: str) -> None:
    await office.accounts.answer(ANN, name=name)
    await office.accounts.finish(ANN)
