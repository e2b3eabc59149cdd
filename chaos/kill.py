"""kill -9 at random instants while both players of many matches report: nothing is lost, nothing counts twice.

A victim process with the program's own wiring is asked to open matches, to take both players' confirmations and both
players' reports: many at once, out of order and some of them twice. It is killed and started again, over and over;
after each start the ladder is verified, and what was not acknowledged is sent again. The same is done to ladders that
are broken on purpose, which must not pass.
"""

import asyncio
import random
import statistics
from dataclasses import dataclass, field
from typing import Final

from chaos.broken import BROKEN
from chaos.deliveries import Deliveries
from chaos.experiment import Claim, Plan, Results, about, claimed
from chaos.victims import Victim, begin, inspected, until_writable
from chaos.workload import Findings, made_up_matches

MATCHES: Final = 2_000
KILLS: Final = 200
BROKEN_MATCHES: Final = 300
BROKEN_KILLS: Final = 15
AT_ONCE: Final = 24
SOON_SHARE: Final = 0.7
SOON_MS, LATER_MS = 4, 40
FAILURES_MAX: Final = 100


@dataclass
class Ordeal:
    """What was done to a ladder and what came of it."""

    kills: int = 0
    acknowledged: int = 0
    reports: int = 0
    duplicates: int = 0
    sent_again: int = 0
    verified: int = 0
    on_their_way: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)


def run(plan: Plan) -> Results:
    """Kills the ladder as it is."""
    found = asyncio.run(ordeal(plan, "as it is", plan.times(MATCHES, at_least=20), plan.times(KILLS, at_least=2)))
    findings = found.findings
    return {
        "about": about(__doc__),
        **_numbers(found),
        "claims": claimed(
            Claim(
                promise="nothing acknowledged is lost",
                measured=f"{len(findings.lost)} lost of {found.acknowledged} acknowledgements, {found.reports} of "
                f"them of reports, in {found.kills} kills",
                held=not findings.lost,
            ),
            Claim(
                promise="no result is applied twice",
                measured=f"{len(findings.double)} twice, of {found.duplicates} sent twice and {found.sent_again} again "
                "after a kill",
                held=not findings.double,
            ),
            Claim(
                promise="no result stands unrated",
                measured=f"{len(findings.unrated)} unrated",
                held=not findings.unrated,
            ),
            Claim(
                promise="`toprung verify` is clean after every restart: ratings equal a recomputation",
                measured=f"{len(findings.differences)} differences in {found.verified} runs",
                held=not findings.differences,
            ),
            Claim(
                promise="nothing lawful is refused",
                measured=", ".join(found.failures[:3]) or "0 refused",
                held=not found.failures,
            ),
        ),
    }


def run_broken(plan: Plan) -> Results:
    """Kills ladders that are broken on purpose."""
    claims, numbers = [], {}
    for variant in BROKEN:
        matches, kills = plan.times(BROKEN_MATCHES, at_least=100), plan.times(BROKEN_KILLS, at_least=4)
        found = asyncio.run(ordeal(plan, variant, matches, kills))
        numbers[variant] = _numbers(found)
        claims.append(
            Claim(
                promise=f"{variant}: is caught",
                measured=f"{len(found.findings.lost)} lost, {len(found.findings.unrated)} decided but unrated, "
                f"{len(found.findings.double)} rated twice, of {matches} matches in {found.kills} kills",
                held=is_caught(found.findings),
            )
        )
    return {"variants": numbers, "claims": claimed(*claims)}


def is_caught(findings: Findings) -> bool:
    """Whether anything was found."""
    return findings != Findings()


def _numbers(found: Ordeal) -> Results:
    return {
        "kills": found.kills,
        "acknowledged": found.acknowledged,
        "reports": found.reports,
        "duplicates": found.duplicates,
        "sent_again": found.sent_again,
        "on_their_way_at_a_kill": round(statistics.mean(found.on_their_way), 1) if found.on_their_way else 0,
        "verified": found.verified,
        "lost": len(found.findings.lost),
        "unrated": len(found.findings.unrated),
        "double": len(found.findings.double),
        "differences": list(found.findings.differences[:5]),
        "failures": found.failures[:5],
    }


async def ordeal(plan: Plan, variant: str, matches: int, kills: int, *, until_caught: bool = False) -> Ordeal:
    """Delivers all reports of so many matches to a ladder that is killed so many times meanwhile.

    With `until_caught` it ends as soon as something is wrong.
    """
    chance = plan.chance(f"{plan.database} {variant}")
    deliveries = Deliveries(made_up_matches(chance, matches), chance)
    found = Ordeal()
    async with plan.new_database() as address:
        await begin(address)
        spare = await Victim.started(variant)
        try:
            for life in range(kills + 1):
                victim, spare = spare, await Victim.started(variant)
                try:
                    await until_writable(address)
                    await victim.open(address)
                    found.findings = found.findings.with_more(await inspected(address, deliveries.acknowledged))
                    found.verified += 1
                    if until_caught and is_caught(found.findings):
                        break
                    is_last = life == kills
                    answers = None if is_last else round(chance.uniform(0, 2 * deliveries.left / (kills - life)))
                    await _live(victim, deliveries, chance, answers, found)
                finally:
                    await victim.kill()
                if (life + 1) % 25 == 0:
                    plan.told(f"{variant}: {life + 1} kills, {len(deliveries.acknowledged)} acknowledged")
            await until_writable(address)
            found.findings = found.findings.with_more(await inspected(address, deliveries.acknowledged))
        finally:
            await spare.kill()
    found.verified += 1
    found.acknowledged = len(deliveries.acknowledged)
    found.reports = sum(request.step == "report" for request in deliveries.acknowledged)
    found.duplicates, found.sent_again = deliveries.duplicates, deliveries.sent_again
    return found


async def _live(
    victim: Victim, deliveries: Deliveries, chance: random.Random, answers_before_kill: int | None, found: Ordeal
) -> None:
    """Delivers until the victim is dead; without a number of answers to kill it after, until all is delivered."""
    answered, killing = 0, None
    while True:
        while deliveries.on_their_way < AT_ONCE and (one := deliveries.next()) is not None:
            victim.ask(*one)
        if killing is None and answers_before_kill is not None and answered >= answers_before_kill:
            milliseconds = chance.uniform(0, SOON_MS if chance.random() < SOON_SHARE else LATER_MS)
            killing = asyncio.create_task(victim.kill(milliseconds / 1000))
        if killing is None and not deliveries.on_their_way:
            if answers_before_kill is None:
                return
            answers_before_kill = 0
            continue
        line = await victim.line()
        if line is None:
            break
        what, number, *reason = line.split(" ", 2)
        answered += 1
        if what == "failed":
            found.failures += reason
            if len(found.failures) > FAILURES_MAX:
                raise RuntimeError(f"the victim refuses everything: {reason}")
        deliveries.answered(int(number), is_done=what == "done")
    if killing is None:
        raise RuntimeError("the victim died by itself")
    await killing
    found.kills += 1
    found.on_their_way.append(deliveries.on_their_way)
    deliveries.interrupted()
