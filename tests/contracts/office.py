"""A ladder as an organiser has it, on whatever storage is below: what leaving and coming back are tested on."""

from dataclasses import dataclass

from tests.support.composed import composed
from tests.support.fakes.ladder import FakeClock
from toprung.adapters.catalog_files import find_game, load_catalog
from toprung.application.leaderboard.data_access_service import DataAccessService
from toprung.application.organising.match_operations import ActForPlayer, CorrectMatch, OpenMatch
from toprung.application.organising.operations import Administration
from toprung.application.players.account_service import AccountService
from toprung.application.players.player_dossier import PlayerDossiers
from toprung.application.players.player_service import PlayerService
from toprung.application.ports.records import AuditRow
from toprung.application.ports.storage import Storage
from toprung.application.ratings.verification import LadderVerification
from toprung.application.writing.audit import Attribution, AuditLog
from toprung.domain.listing import LISTED_MAX
from toprung.domain.matches.match import MatchId, Outcome
from toprung.domain.matches.match_life import Step
from toprung.domain.players.departure import Departure
from toprung.domain.players.player import Player

CATALOG = load_catalog(find_game("sc_evo"))
EVE = Attribution(actor="cli:eve", reason="as asked")
ANN, BOB = 2**62, 7


@dataclass(frozen=True)
class Office:
    """A ladder as an organiser has it, and the accounts of its players."""

    storage: Storage
    clock: FakeClock
    admin: Administration
    players: PlayerService
    accounts: AccountService
    dossiers: PlayerDossiers
    audit: AuditLog
    store: DataAccessService
    verification: LadderVerification

    async def rows(self) -> list[AuditRow]:
        return list((await self.audit.latest(LISTED_MAX)).rows)

    async def player(self, discord_id: int) -> Player:
        own = await self.accounts.find(discord_id)
        assert own is not None
        return own.player

    async def departures(self) -> list[Departure]:
        return await self.storage.read(lambda tx: tx.departures.all())

    async def abandoned(self, first: str, second: str) -> MatchId:
        """A match that the second one aborted."""
        match_id = await self._opened(first, second)
        await self._act(match_id, second, Step.ABORT)
        return match_id

    async def won(self, first: str, second: str) -> MatchId:
        """A match that the first one won."""
        match_id = await self._opened(first, second)
        for name in (first, second):
            await self._act(match_id, name, Step.CONFIRM)
        await self._act(match_id, second, Step.REPORT, Outcome.LOSS)
        return match_id

    async def _opened(self, first: str, second: str) -> MatchId:
        operation = OpenMatch(player_1=first, race_1="bw_zerg", player_2=second, race_2="sc2_zerg", by=EVE)
        return (await self.admin.perform(operation)).match_id

    async def _act(self, match_id: MatchId, name: str, step: Step, outcome: Outcome | None = None) -> None:
        await self.admin.perform(ActForPlayer(match_id=match_id, player=name, step=step, outcome=outcome, by=EVE))

    async def played(self, first: str, second: str) -> MatchId:
        """A match that the first one won, corrected to void: every way in which the audit hears of players."""
        match_id = await self.won(first, second)
        await self.admin.perform(CorrectMatch(match_id=match_id, result=None, by=EVE))
        return match_id


def open_office(storage: Storage) -> Office:
    """An office on a storage."""
    clock = FakeClock()
    ladder = composed(CATALOG, storage, clock, inactivity_us=None)
    return Office(
        storage=storage,
        clock=clock,
        players=ladder.players,
        store=ladder.store,
        dossiers=ladder.dossiers,
        verification=ladder.verification,
        admin=ladder.administration,
        accounts=ladder.accounts,
        audit=ladder.audit,
    )


async def join(office: Office, discord_id: int, name: str) -> None:
    await office.accounts.answer(
        discord_id,
        language="en",
        accepts_terms=True,
        name=name,
        in_game_name="x#1",
        country="KR",
        region="KRJ",
    )
    await office.accounts.finish(discord_id)
