"""Ratings that are set and seasons that start, on both databases, by both rating systems."""

import json
from typing import Any

import pytest

from tests.flows.seasons.lives import Life, page_of, verified
from tests.support.databases import Database
from tests.support.fakes.ladder import Listener
from toprung.application.organising.operation import NOBODY_YET
from toprung.application.organising.rating_operations import EndSeason, SetRating, StartSeason
from toprung.application.writing.audit import Attribution
from toprung.domain.errors import Conflict, InvalidInput, NotFound
from toprung.domain.events import LadderReloaded, RatingSet

pytest_plugins = ("tests.support.databases",)


async def test_a_rating_that_is_set_is_previewed_told_audited_and_shown(life: Life, database: Database) -> None:
    administration = life.opened.ladder.administration
    listener = Listener()
    life.opened.ladder.bus.subscribe(listener.hear)
    preview = await administration.preview(SetRating(name="Ann", race="bw_zerg", mmr=1777, by=NOBODY_YET))
    assert listener.heard == []
    outcome = await administration.perform(
        SetRating(name="Ann", race="bw_zerg", mmr=1777, by=Attribution(actor="Eve", reason=" a smurf "))
    )
    assert outcome == preview
    (event,) = [change.event for change in listener.heard]
    assert isinstance(event, RatingSet)
    assert (event.entry.mmr, event.entry.state.games_played) == (1777, outcome.games_played)
    is_glicko2 = life.opened.wired.settings.rating_system == "glicko2"
    assert outcome.deviation_after == (350.0 if is_glicko2 else None)
    shown = next(row for row in (await page_of(life.opened)).players if row.entry_id == event.entry.id)
    assert (shown.mmr, shown.deviation) == (1777, 350 if is_glicko2 else None)
    rows = await database.run("select actor, action, subject, reason, details from audit order by id desc limit 1")
    assert rows[0][:4] == ("Eve", "set_rating", "player 1", "a smurf")
    assert json.loads(rows[0][4])["mmr_after"] == 1777
    with pytest.raises(InvalidInput, match="already"):
        await administration.perform(
            SetRating(name="Ann", race="bw_zerg", mmr=1777, by=Attribution(actor="Eve", reason="again"))
        )
    assert await verified(life.opened) == []


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"mmr": 1_000_001}, "mmr"),
        ({"mmr": -1_000_001}, "mmr"),
        ({"race": "no_race"}, "race"),
        ({"reason": " "}, "reason"),
        ({"reason": "\u202e"}, "reason"),
    ],
)
async def test_a_rating_that_cannot_be_set_changes_nothing(
    life: Life, database: Database, values: dict[str, Any], field: str
) -> None:
    before = await database.run("select count(*) from rating_journal")
    given: dict[str, Any] = {"name": "Ann", "race": "bw_zerg", "mmr": 1500, "reason": "r"} | values
    by = Attribution(actor="Eve", reason=given.pop("reason"))
    with pytest.raises(InvalidInput) as refused:
        await life.opened.ladder.administration.perform(SetRating(**given, by=by))
    assert refused.value.field == field
    with pytest.raises(NotFound):
        await life.opened.ladder.administration.perform(SetRating(**(given | {"name": "Nobody"}), by=by))
    assert await database.run("select count(*) from rating_journal") == before


async def test_seasons_follow_one_another_and_are_audited(life: Life, database: Database) -> None:
    services = life.opened.ladder
    seasons = await services.seasons.all()
    assert [(season.code, season.ended_at_us is None) for season in seasons] == [("s1", False), ("s2", True)]
    assert seasons[0].ended_at_us == seasons[1].started_at_us
    with pytest.raises(Conflict, match="s2 is running"):
        await services.administration.perform(
            StartSeason(code="s3", name="Three", reset_deviation=None, by=Attribution(actor="Eve", reason="r"))
        )
    ended = await services.administration.perform(EndSeason(by=Attribution(actor="Eve", reason="over")))
    assert (ended.code, ended.ended_at_us) == ("s2", life.clock.now_us())
    with pytest.raises(Conflict, match="No season is running"):
        await services.administration.perform(EndSeason(by=Attribution(actor="Eve", reason="over")))
    with pytest.raises(Conflict, match="s1 already"):
        await services.administration.perform(
            StartSeason(code="S1", name="One", reset_deviation=None, by=Attribution(actor="Eve", reason="r"))
        )
    for code, name, reset_to, reason, field in (
        ("a b", "A", None, "r", "code"),
        ("a", "", None, "r", "name"),
        ("a", "A", 351.0, "r", "reset_deviation"),
        ("a", "A", float("nan"), "r", "reset_deviation"),
        ("a", "A", None, "", "reason"),
    ):
        with pytest.raises(InvalidInput) as refused:
            await services.administration.perform(
                StartSeason(code=code, name=name, reset_deviation=reset_to, by=Attribution(actor="Eve", reason=reason))
            )
        assert refused.value.field == field
    actions = await database.run("select action from audit where action like '%season' order by id")
    assert [action for (action,) in actions] == ["start_season", "end_season", "start_season", "end_season"]
    assert await services.seasons.get("S1") == seasons[0]
    with pytest.raises(NotFound):
        await services.seasons.get("s9")


async def test_a_new_season_makes_ratings_less_sure_and_moves_nobody(life: Life) -> None:
    opened = life.opened
    await opened.ladder.administration.perform(EndSeason(by=Attribution(actor="Eve", reason="over")))
    before = (await page_of(opened)).players
    listener = Listener()
    opened.ladder.bus.subscribe(listener.hear)
    started = await opened.ladder.administration.perform(
        StartSeason(code="s3", name="Three", reset_deviation=340.0, by=Attribution(actor="Eve", reason="r"))
    )
    after = (await page_of(opened)).players
    assert [row[:15] for row in after] == [row[:15] for row in before]
    if opened.wired.settings.rating_system == "elo":
        assert (started.entries_reset, listener.heard, started.season.reset_deviation) == (0, [], None)
        return
    assert all(row.deviation is not None and row.deviation >= 340 for row in after)
    assert [change.event for change in listener.heard] == [LadderReloaded(entries=started.entries_reset)]
    assert started.entries_reset > 0
    assert await verified(opened) == []
