"""`toprung ratings …` as somebody at a terminal sees it."""

import json
from pathlib import Path

import pytest

from tests.interfaces.cli.ladder import Ladder
from tests.interfaces.cli.running import invoke, refusal
from tests.support.game_files import made_games, needs_real_games, real_games


def said(*arguments: str) -> str:
    """What `toprung ratings …` prints; it must end well."""
    result = invoke(Ladder(), "ratings", *arguments)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def games_file(folder: Path, lines: list[str]) -> str:
    file = folder / "games.csv"
    file.write_text("ended_at,game_id,player_1,player_2,score_1,score_2\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return str(file)


def few_games(count: int) -> list[str]:
    return [f"2026-01-{1 + number:02}T10:00:00Z,{number},Ann,Bob,{number % 2},1" for number in range(count)]


def test_the_report_for_programs_has_every_system_and_measure(tmp_path: Path) -> None:
    report = json.loads(said("evaluate", "--json", "--csv", games_file(tmp_path, few_games(20))))
    assert (report["games"], report["scored_games"]) == (20, 6)
    assert set(report["engines"]) == {"glicko2", "elo", "coin_flip", "win_rate"}
    for engine in report["engines"].values():
        assert set(engine) == {"log_loss", "brier", "accuracy", "calibration_slope", "parameters"}
    assert report["engines"]["coin_flip"]["log_loss"] == pytest.approx(0.693147, abs=1e-6)


def test_the_report_for_people_names_the_systems(tmp_path: Path) -> None:
    shown = said("evaluate", "--csv", games_file(tmp_path, few_games(20)))
    assert "glicko2" in shown
    assert "Scored on the last 6 of 20 games" in shown


def test_chosen_constants_can_be_read_by_programs(tmp_path: Path) -> None:
    chosen = json.loads(said("fit", "--json", "--csv", games_file(tmp_path, few_games(20))))
    assert chosen["glicko2"]["start_deviation"] > 0
    assert chosen["elo"]["scale"] == 500


def test_bad_lines_are_listed_and_too_few_games_refused(tmp_path: Path) -> None:
    bad = games_file(tmp_path, [*few_games(12), "soon,13,Ann,Bob,1,0", "2026-01-01T00:00:00Z,14,Ann,Ann,1,0"])
    told = invoke(Ladder(), "ratings", "evaluate", "--csv", bad)
    assert told.exit_code == 1
    assert "2 problems" in told.stderr
    assert "at least 10" in refusal(Ladder(), "ratings", "evaluate", "--csv", games_file(tmp_path, few_games(3)))


def test_made_games_are_foretold_nearly_as_well_as_by_who_knows_the_strengths(tmp_path: Path) -> None:
    games = made_games(seed=3, players=40, games=900, last=270)
    file = tmp_path / "games.csv"
    file.write_text(games.text, encoding="utf-8")
    report = json.loads(said("evaluate", "--fit", "--json", "--csv", str(file)))
    unfitted = json.loads(said("evaluate", "--json", "--csv", str(file)))["engines"]
    assert (report["games"], report["scored_games"]) == (900, 270)
    loss = {name: engine["log_loss"] for name, engine in report["engines"].items()}
    assert games.true_log_loss <= loss["glicko2"] <= games.true_log_loss + 0.03
    assert loss["glicko2"] <= min(loss["elo"], loss["coin_flip"] - 0.1, unfitted["glicko2"]["log_loss"] + 0.01)


@needs_real_games
def test_real_games_are_foretold_as_well_as_the_ladder_promises() -> None:
    report = json.loads(said("evaluate", "--fit", "--json", "--csv", real_games()))
    engines = report["engines"]
    assert engines["glicko2"]["log_loss"] <= 0.590
    unfitted = json.loads(said("evaluate", "--json", "--csv", real_games()))["engines"]
    assert unfitted["elo"]["log_loss"] == pytest.approx(0.617, abs=0.0005)
    assert engines["glicko2"]["log_loss"] <= unfitted["glicko2"]["log_loss"]
