"""A small share of what `make chaos` does: the ladder holds, and ladders that are broken on purpose are caught."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from chaos import broken, kill, power_cut, writers
from chaos.experiment import SEED, Plan, Skipped
from chaos.workload import Findings
from tests.support.databases import KINDS, Database

pytest_plugins = ("tests.support.databases",)


def plan(address: str, folder: Path, *, effort: float = 1) -> Plan:
    """A plan for one database that is there already."""

    @asynccontextmanager
    async def the_database() -> AsyncIterator[str]:
        yield address

    new_database: Callable[[], AbstractAsyncContextManager[str]] = the_database
    kind = address.partition(":")[0]
    return Plan(
        seed=SEED, effort=effort, folder=folder, database=kind, new_database=new_database, told=lambda _line: None
    )


async def test_a_ladder_that_is_killed_loses_nothing_and_counts_nothing_twice(
    database: Database, tmp_path: Path
) -> None:
    found = await kill.ordeal(plan(database.url, tmp_path), "as it is", matches=30, kills=3)
    assert found.findings == Findings()
    assert (found.kills, found.verified, found.failures) == (3, 5, [])
    assert (found.acknowledged, found.reports) == (150, 60)
    assert found.duplicates > 0
    assert found.sent_again > 0


@pytest.mark.parametrize("variant", broken.BROKEN)
async def test_a_ladder_that_is_broken_on_purpose_is_caught(
    variant: str, sqlite_database: Database, tmp_path: Path
) -> None:
    found = await kill.ordeal(plan(sqlite_database.url, tmp_path), variant, matches=60, kills=4)
    findings = found.findings
    caught = {"write-behind": findings.lost, "two transactions": findings.unrated, "no unique key": findings.double}
    assert caught[variant]


def test_a_power_cut_loses_nothing_unless_commits_are_not_synced(sqlite_database: Database, tmp_path: Path) -> None:
    try:
        power_cut.compiled(tmp_path)
    except Skipped as reason:
        pytest.skip(str(reason))
    as_it_is, normal = (
        power_cut.cut_power(
            plan(f"{sqlite_database.url}-{number}", tmp_path, effort=0.1),
            power_cut.compiled(tmp_path),
            variant,
            cuts=8,
        )
        for number, variant in enumerate(("as it is", "synchronous=NORMAL"))
    )
    assert (as_it_is.cuts, as_it_is.lost, as_it_is.damaged, as_it_is.differences) == (8, 0, [], [])
    assert as_it_is.acknowledged > 0
    assert normal.lost > 0


@pytest.mark.parametrize("fault", sorted(writers.faults("sqlite") | writers.faults("postgresql")))
@pytest.mark.parametrize("kind", KINDS)
async def test_of_two_that_want_to_write_only_one_does(
    request: pytest.FixtureRequest, sqlite_database: Database, tmp_path: Path, kind: str, fault: str
) -> None:
    if fault not in writers.faults(kind):
        pytest.skip(f"this does not happen to {kind}")
    if fault == "PostgreSQL is restarted":
        pytest.skip("the other tests' server stays up; `make chaos` restarts one of its own")
    if kind == "sqlite":
        found = await writers.trials(plan(sqlite_database.url, tmp_path), fault, 2)
    else:
        async with request.getfixturevalue("postgres_server").new_database() as database:
            found = await writers.trials(plan(database.url, tmp_path), fault, 2)
    assert (found.trials, found.late, found.lost, found.stale, found.failures) == (2, [], [], 0, [])
    assert found.acks > 0
    assert found.pages > 0
