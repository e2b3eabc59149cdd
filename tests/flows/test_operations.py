"""Every operation of organisers: what each leaves in the audit, who may, what it moves, where it is asked for."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

import toprung.interfaces
from tests.interfaces.cli.ladder import Ladder as CommandLine
from tests.interfaces.cli.ladder import csv_of
from tests.interfaces.cli.running import invoke
from tests.interfaces.web.ladder import ADMIN_TOKEN, Ladder
from tests.support.intake import MemoryIntake, replay
from toprung.adapters.admin_client import AdminClient, AdminRefused
from toprung.adapters.catalog_files import find_game, load_catalog
from toprung.application.organising.announcement_operation import Announce
from toprung.application.organising.match_operations import ActForPlayer, CorrectMatch, OpenMatch
from toprung.application.organising.operation import NOBODY_YET, Carries, Foreseeable, FrontEnd, Operation, Spec
from toprung.application.organising.operations import OPERATIONS
from toprung.application.organising.player_operations import (
    BanPlayer,
    PardonPlayer,
    RegisterPlayer,
    RenamePlayer,
    RestorePlayer,
    SetCountry,
    UnbanPlayer,
)
from toprung.application.organising.rating_operations import (
    ChangeRatingSystem,
    EndSeason,
    RecomputeRatings,
    SetRating,
    StartSeason,
)
from toprung.application.organising.replay_operations import ApproveMod, RetryJob, UnlistMod
from toprung.application.organising.transfer_operations import ImportEntries, ImportGames
from toprung.application.ports.records import AuditRow
from toprung.application.ports.replays import Died
from toprung.application.writing.audit import Attribution
from toprung.domain.errors import Conflict
from toprung.domain.jobs.job import JobId
from toprung.domain.matches.match import FinalMatch, MatchId, MatchResult, Outcome, Participant
from toprung.domain.matches.match_life import Step
from toprung.domain.moment import to_iso
from toprung.domain.players.player import PlayerId
from toprung.domain.ratings.rating import EntryId
from toprung.domain.replays.replay_upload import UploadId

CATALOG = load_catalog(find_game("sc_evo"))
INTERFACES = Path(toprung.interfaces.__file__).parent
ADDRESS = "http://127.0.0.1:8123"
EVE = Attribution(actor="cli:eve", reason="as asked")

Example = Callable[[MemoryIntake, Attribution], Awaitable[Operation[object]]]


async def arranged(made: MemoryIntake | None = None) -> MemoryIntake:
    """A ladder, new unless one is given, with a finished match, 1, and one that is played, 2."""
    made = made or MemoryIntake(catalog=CATALOG)
    cases = made.ladder
    await cases.store.load()
    players = [(await cases.players.register(name)).id for name in ("Maru", "Serral", "Clem", "herO")]
    sides = [Participant(player_id=player, race="sc2_terran") for player in players]
    match = FinalMatch(
        source_key="cup",
        sides=((sides[0],), (sides[1],)),
        result=MatchResult.SIDE_1_WON,
        ended_at_us=cases.clock.now_us(),
    )
    await cases.recorder.record(match)
    opened = await cases.lifecycle.open(sides[2], sides[3])
    for player in players[2:]:
        await cases.lifecycle.act(opened.id, player, Step.CONFIRM)
    return made


def at_once(make: Callable[[Attribution], Operation[object]]) -> Example:
    """An operation that needs nothing more."""

    async def made(_made: MemoryIntake, by: Attribution) -> Operation[object]:
        return make(by)

    return made


async def a_return(made: MemoryIntake, by: Attribution) -> Operation[object]:
    accounts = made.ladder.accounts
    for name in ("Old", "New"):
        await accounts.answer(
            7, language="en", accepts_terms=True, name=name, in_game_name="x#1", country="KR", region="KRJ"
        )
        await accounts.finish(7)
        if name == "Old":
            await made.ladder.administration.perform(SetRating(name="Old", race="bw_zerg", mmr=1600, by=EVE))
            await accounts.forget(7)
    return RestorePlayer(name="New", by=by)


async def a_wrong_rating(made: MemoryIntake, by: Attribution) -> Operation[object]:
    entries = made.storage.database.entries
    entries[EntryId(2)] = replace(entries[EntryId(2)], state=replace(entries[EntryId(2)].state, mmr=9999))
    return RecomputeRatings(by=by)


async def a_running_season(made: MemoryIntake, by: Attribution) -> Operation[object]:
    await made.ladder.seasons.start("s1", "One", reset_to=None, by=EVE)
    return EndSeason(by=by)


async def an_upload(made: MemoryIntake, by: Attribution) -> Operation[object]:
    await made.replays.submit(PlayerId(1), None, replay())
    await made.work_off()
    return ApproveMod(upload_id=UploadId(1), by=by)


async def an_approved_upload(made: MemoryIntake, by: Attribution) -> Operation[object]:
    await made.ladder.administration.perform(await an_upload(made, EVE))
    return UnlistMod(upload_id=UploadId(1), by=by)


async def a_dead_letter(made: MemoryIntake, by: Attribution) -> Operation[object]:
    made.parser.tell(replay(), Died(exit_code=1, signal=None))
    await made.replays.submit(PlayerId(1), None, replay())
    await made.work_off_with_retries()
    return RetryJob(job_id=JobId(1), by=by)


async def some_games(made: MemoryIntake, by: Attribution) -> Operation[object]:
    header = "ended_at,game_id,player_1,player_2,score_1,score_2,race_1,race_2"
    text = f"{header}\n{to_iso(made.ladder.clock.now_us())},7,Maru,Serral,2,1,sc2_terran,sc2_terran\n"
    return ImportGames(text=text, source="cup", file="a & b.csv", by=by)


ENTRIES = csv_of([{"player_name": "Maru", "race": "sc2_terran", "mmr": 1777}])

EXAMPLES: dict[type[Operation[object]], Example] = {
    ImportEntries: at_once(lambda by: ImportEntries(text=ENTRIES, by=by)),
    ImportGames: some_games,
    RegisterPlayer: at_once(lambda by: RegisterPlayer(name="별빛", country="kr", by=by)),
    RenamePlayer: at_once(lambda by: RenamePlayer(name="Maru", new_name="마루", by=by)),
    SetCountry: at_once(lambda by: SetCountry(name="Maru", country=None, by=by)),
    BanPlayer: at_once(lambda by: BanPlayer(name="Clem", by=by)),
    UnbanPlayer: at_once(lambda by: UnbanPlayer(name="Maru", by=by)),
    PardonPlayer: at_once(lambda by: PardonPlayer(name="Maru", by=by)),
    RestorePlayer: a_return,
    OpenMatch: at_once(
        lambda by: OpenMatch(player_1="Maru", race_1="bw_zerg", player_2="Serral", race_2="sc2_zerg", by=by)
    ),
    ActForPlayer: at_once(
        lambda by: ActForPlayer(match_id=MatchId(2), player="Clem", step=Step.REPORT, outcome=Outcome.LOSS, by=by)
    ),
    CorrectMatch: at_once(lambda by: CorrectMatch(match_id=MatchId(1), result=None, by=by)),
    SetRating: at_once(lambda by: SetRating(name="Maru", race="sc2_terran", mmr=1999, by=by)),
    RecomputeRatings: a_wrong_rating,
    ChangeRatingSystem: at_once(lambda by: ChangeRatingSystem(system="elo", constants={"k_factor": 24}, by=by)),
    StartSeason: at_once(lambda by: StartSeason(code="s1", name="One", by=by)),
    EndSeason: a_running_season,
    ApproveMod: an_upload,
    UnlistMod: an_approved_upload,
    RetryJob: a_dead_letter,
    Announce: at_once(lambda by: Announce(channel_id=7, text="Cup on Sunday", by=by)),
}

every = pytest.mark.parametrize("spec", OPERATIONS, ids=lambda spec: spec.kind.__name__)


def ratings(made: MemoryIntake) -> dict[tuple[PlayerId, str], int]:
    return {(entry.player_id, entry.race): entry.mmr for entry in made.storage.database.entries.values()}


def audit(made: MemoryIntake) -> list[AuditRow]:
    return list(made.storage.database.audit)


def client_of(site: Ladder, token: str = ADMIN_TOKEN) -> AdminClient:
    return AdminClient(ADDRESS, token, httpx.ASGITransport(site.app))


def test_the_list_and_the_examples_have_the_same_operations() -> None:
    assert [spec.kind for spec in OPERATIONS] == list(EXAMPLES)


@every
async def test_it_leaves_one_row_in_the_audit_that_says_what_who_and_why(spec: Spec) -> None:
    made = await arranged()
    operation = await EXAMPLES[spec.kind](made, EVE)
    before = audit(made)
    await made.ladder.administration.perform(operation)
    (row,) = audit(made)[len(before) :]
    assert row.action in spec.actions
    assert (row.actor, row.reason) == (EVE.actor, EVE.reason)
    told = await asyncio.to_thread(invoke, CommandLine(intake=made), "audit")
    assert told.exit_code == 0, told.stderr
    assert f"{row.action} {row.subject}" in told.stdout


@every
async def test_what_moves_ratings_can_be_looked_at_before_or_leaves_a_copy(spec: Spec) -> None:
    made = await arranged()
    operation = await EXAMPLES[spec.kind](made, EVE)
    before, copies = ratings(made), list(made.backups.reasons)
    if isinstance(operation, Foreseeable):
        writes = made.storage.writes
        await made.ladder.administration.preview(replace(operation, by=NOBODY_YET))
        assert (made.storage.writes, ratings(made)) == (writes, before)
    await made.ladder.administration.perform(operation)
    assert (ratings(made) != before) is spec.moves_ratings
    assert (made.backups.reasons != copies) is spec.makes_copy
    assert not spec.moves_ratings or spec.makes_copy or isinstance(operation, Foreseeable)


@every
async def test_the_api_lets_nobody_do_it_without_the_token(spec: Spec) -> None:
    site = Ladder()
    made = await arranged(site.intake)
    operation = await EXAMPLES[spec.kind](made, EVE)
    before = made.storage.writes
    kind = Conflict if spec.route is None else AdminRefused
    async with client_of(site, "a guess") as client:
        with pytest.raises(kind):
            await client.perform(operation)
    assert made.storage.writes == before


@every
async def test_a_client_does_the_same_as_the_process_that_holds_the_ladder(spec: Spec) -> None:
    if spec.route is None:
        return
    by = Attribution(actor="api") if spec.route.carries is Carries.NOTHING else EVE
    site = Ladder()
    here, there = await arranged(MemoryIntake(catalog=CATALOG, clock=site.clock)), await arranged(site.intake)
    done = await here.ladder.administration.perform(await EXAMPLES[spec.kind](here, by))
    async with client_of(site) as client:
        told = await client.perform(await EXAMPLES[spec.kind](there, by))
    assert type(told) is type(done)
    assert (audit(there), ratings(there)) == (audit(here), ratings(here))


@every
def test_it_is_asked_for_where_it_is_said_to_be(spec: Spec) -> None:
    found = {FrontEnd.API} if spec.route is not None else set[FrontEnd]()
    for front_end in (FrontEnd.CLI, FrontEnd.DISCORD):
        files = [path for path in (INTERFACES / front_end.value).rglob("*.py") if makes(path, spec.kind)]
        if files:
            found.add(front_end)
        if front_end is FrontEnd.DISCORD:  # the one room whose every control asks for an organiser
            assert {path.parent.name for path in files} <= {"organising"}
    assert found == spec.ways_in


def makes(path: Path, kind: type[Operation[object]]) -> bool:
    """Whether a module makes such an operation."""
    return re.search(rf"\b{kind.__name__}\(", path.read_text("utf-8")) is not None
