"""Seasons: starting one, which makes ratings less sure, and ending it, which fixes its last board."""

from dataclasses import dataclass, replace

from toprung.application.ports.clock import Clock
from toprung.application.ports.storage import Transaction
from toprung.application.writing.audit import Attribution, audit
from toprung.application.writing.engines import Engines
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.errors import Conflict, NotFound
from toprung.domain.events import LadderReloaded
from toprung.domain.ratings.engines.rating_engine import RatingEngine
from toprung.domain.ratings.rating import RatingChange, RatingChangeKind
from toprung.domain.ratings.season import LadderSeason, SeasonId, reset_deviation, season_code, season_name


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonStarted:
    """A season that begins, and how many ratings it made less sure."""

    season: LadderSeason
    entries_reset: int


class SeasonService:
    """At most one season runs at a time. Between two of them the ladder goes on as ever."""

    def __init__(self, *, unit_of_work: UnitOfWork, clock: Clock, engines: Engines) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._engines = engines

    async def all(self) -> list[LadderSeason]:
        """Every season, the oldest first."""
        return await self._unit_of_work.read(lambda tx: tx.seasons.all())

    async def get(self, code: str) -> LadderSeason:
        """The season with this code. Raises `NotFound` and `InvalidInput`."""
        wanted = season_code(code)
        found = next((season for season in await self.all() if season.code == wanted), None)
        if found is None:
            raise NotFound("There is no season {season}.", "season", season=repr(wanted))
        return found

    async def start(self, code: str, name: str, *, reset_to: float | None, by: Attribution) -> SeasonStarted:
        """Starts a season. Deviations below `reset_to` grow to that; with None, or without deviations, nothing does.

        Raises `InvalidInput`, and `Conflict` where a season runs or had this code.
        """
        code, name, explained = season_code(code), season_name(name), by.explained()
        wanted = None if reset_to is None else reset_deviation(reset_to)
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> SeasonStarted:
            tx.journal.exclude_other_ratings()
            known = tx.seasons.all()
            running = _running(known)
            if running is not None:
                raise Conflict("The season {season} is running; end it first.", "season_running", season=running.code)
            if code in {season.code for season in known}:
                raise Conflict(
                    "There was a season {season} already; give the new one another code.",
                    "season_code_used",
                    season=code,
                )
            deviation = None if self._engines.current(tx).start().skill is None else wanted
            season = tx.seasons.add(code, name, started_at_us=now_us, reset_deviation=deviation)
            entries_reset = 0
            if deviation is not None:
                entries_reset = _reset(tx, self._engines.current(tx), season.id, deviation, now_us)
            details = {"name": name, "reset_deviation": deviation, "entries_reset": entries_reset}
            audit(tx, explained, "start_season", f"season {code}", now_us=now_us, **details)
            return SeasonStarted(season=season, entries_reset=entries_reset)

        return await self._unit_of_work.run(work)

    async def end(self, by: Attribution) -> LadderSeason:
        """Ends the season that runs. Raises `Conflict` where none does, and `InvalidInput` for a missing reason."""
        explained = by.explained()
        now_us = self._clock.now_us()

        def work(tx: Transaction) -> LadderSeason:
            tx.journal.exclude_other_ratings()
            season = _running(tx.seasons.all())
            if season is None:
                raise Conflict("No season is running.", "no_season")
            ended_at_us = max(now_us, season.started_at_us)  # the clock may have been set back meanwhile
            tx.seasons.end(season.id, ended_at_us)
            audit(tx, explained, "end_season", f"season {season.code}", now_us=now_us)
            return replace(season, ended_at_us=ended_at_us)

        return await self._unit_of_work.run(work)


def _running(seasons: list[LadderSeason]) -> LadderSeason | None:
    return next((season for season in seasons if season.ended_at_us is None), None)


def _reset(tx: Transaction, engine: RatingEngine, season_id: SeasonId, deviation: float, now_us: int) -> int:
    """Writes a row for each entry, also where nothing changes now: a correction before it may leave it surer."""
    entries = [stored.entry for stored in tx.entries.stored()]
    known = {entry.player_id: entry.state.belief for entry in entries}
    resets = []
    for entry in entries:
        before = replace(entry, state=engine.refreshed(entry.state, entry.race, known[entry.player_id]))
        after = replace(entry, state=engine.reset(before.state, entry.race, deviation))
        known[entry.player_id] = after.state.belief
        resets.append((before, after))
    now = [
        replace(after, state=engine.refreshed(after.state, after.race, known[after.player_id])) for _, after in resets
    ]
    changed = [after for before, after in zip(entries, now, strict=True) if after != before]
    tx.entries.save(changed)
    tx.journal.append(
        [
            RatingChange(
                entry_id=before.id,
                kind=RatingChangeKind.SEASON,
                before=before.state,
                after=after.state,
                at_us=now_us,
                season_id=season_id,
            )
            for before, after in resets
        ]
    )
    if changed:
        tx.changes.record(LadderReloaded(entries=len(changed)))
    return len(changed)
