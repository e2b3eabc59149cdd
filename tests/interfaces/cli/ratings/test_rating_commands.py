"""`toprung ratings …` as somebody at a terminal sees it."""

import json
import random
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


def judged(file: Path) -> dict[str, dict[str, dict[str, float]]]:
    """What `ratings evaluate` says of a file."""
    found: dict[str, dict[str, dict[str, float]]] = json.loads(said("evaluate", "--json", "--csv", str(file)))
    return found


def games_file(folder: Path, lines: list[str]) -> str:
    file = folder / "games.csv"
    file.write_text("ended_at,game_id,player_1,player_2,score_1,score_2\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return str(file)


def few_games(count: int) -> list[str]:
    return [f"2026-01-{1 + number:02}T10:00:00Z,{number},Ann,Bob,{number % 2},1" for number in range(count)]


def test_the_report_for_programs_has_every_system_and_measure(tmp_path: Path) -> None:
    report = json.loads(said("evaluate", "--json", "--csv", games_file(tmp_path, few_games(20))))
    assert (report["games"], report["scored_games"]) == (20, 6)
    assert list(report["engines"]) == ["linked", "glicko2", "elo", "coin_flip", "win_rate"]
    for engine in report["engines"].values():
        assert set(engine) == {"log_loss", "brier", "accuracy", "calibration_slope", "parameters"}
    assert report["engines"]["coin_flip"]["log_loss"] == pytest.approx(0.693147, abs=1e-6)


def test_the_report_for_people_names_the_systems(tmp_path: Path) -> None:
    shown = said("evaluate", "--csv", games_file(tmp_path, few_games(20)))
    assert "glicko2" in shown
    assert "Scored on the last 6 of 20 games" in shown


def test_chosen_constants_can_be_read_by_programs(tmp_path: Path) -> None:
    file = tmp_path / "games.csv"
    file.write_text(made_games(seed=2, players=10, games=100, last=1).text, encoding="utf-8")
    chosen = json.loads(said("fit", "--json", "--csv", str(file)))
    assert list(chosen) == ["linked", "glicko2", "elo"]
    assert chosen["linked"]["experience_rise"] == 10
    assert chosen["glicko2"]["start_deviation"] > 0
    assert chosen["elo"]["scale"] == 500


def test_bad_lines_are_listed_and_too_few_games_refused(tmp_path: Path) -> None:
    bad = games_file(tmp_path, [*few_games(12), "soon,13,Ann,Bob,1,0", "2026-01-01T00:00:00Z,14,Ann,Ann,1,0"])
    told = invoke(Ladder(), "ratings", "evaluate", "--csv", bad)
    assert told.exit_code == 1
    assert "2 problems" in told.stderr
    assert "at least 10" in refusal(Ladder(), "ratings", "evaluate", "--csv", games_file(tmp_path, few_games(3)))


def test_constants_are_not_chosen_by_a_few_games(tmp_path: Path) -> None:
    for command in (("fit",), ("evaluate", "--fit")):
        sentence = refusal(Ladder(), "ratings", *command, "--csv", games_file(tmp_path, few_games(20)))
        assert "There are 20 games; at least 100 are needed to choose constants by." in sentence


def test_a_file_may_name_races_maps_and_sides(tmp_path: Path) -> None:
    chance = random.Random(5)
    races, sides = ("Terran", "zerg", "-", ""), ("home", "Away", "")
    header = "ended_at,game_id,player_1,player_2,score_1,score_2,race_1,race_2,map,side_1\n"
    lines = []
    for number, game in enumerate(made_games(seed=2, players=10, games=60, last=1).text.splitlines()[1:]):
        side = sides[number % 3]
        lines.append(f"{game},{chance.choice(races)},{chance.choice(races)},Lost Temple,{side}\n")
    played = [line.split(",", 6) for line in lines]
    loss = []
    for written in (lines, [",".join([*cells, rest.casefold().replace("-", "")]) for *cells, rest in played]):
        file = tmp_path / "games.csv"
        file.write_text(header + "".join(written), encoding="utf-8")
        loss.append({name: one["log_loss"] for name, one in judged(file)["engines"].items()})
    assert loss[0] == loss[1]
    plain = tmp_path / "plain.csv"
    plain.write_text("".join(line.rsplit(",", 4)[0] + "\n" for line in (header.strip(), *lines)), encoding="utf-8")
    one_race = {name: one["log_loss"] for name, one in judged(plain)["engines"].items()}
    assert one_race["win_rate"] == loss[0]["win_rate"]
    assert all(one_race[name] != loss[0][name] for name in ("linked", "glicko2", "elo"))


def test_an_unknown_side_and_too_many_races_are_refused_by_line(tmp_path: Path) -> None:
    header = "ended_at,game_id,player_1,player_2,score_1,score_2,race_1,race_2,side_1\n"
    file = tmp_path / "games.csv"
    lines = [f"{game},a,b,{side}\n" for game, side in zip(few_games(12), ["left", *["home"] * 11], strict=True)]
    file.write_text(header + "".join(lines), encoding="utf-8")
    told = invoke(Ladder(), "ratings", "evaluate", "--csv", str(file))
    assert told.exit_code == 1
    assert "1 problem" in told.stderr
    assert "side_1" in told.stderr
    games = made_games(seed=2, players=10, games=80, last=1).text.splitlines()[1:]
    file.write_text(header + "".join(f"{game},r{n},b,\n" for n, game in enumerate(games)), encoding="utf-8")
    told = invoke(Ladder(), "ratings", "evaluate", "--csv", str(file))
    assert "1 problem" in told.stderr
    assert "64 different races" in " ".join(told.stderr.split())


def test_a_ladder_is_judged_by_what_it_expected_itself(tmp_path: Path) -> None:
    file = tmp_path / "games.csv"
    header, *games = made_games(seed=4, players=12, games=200, last=1).text.splitlines()
    lines = [f"{header},race_1,race_2", *[f"{game},sc2_zerg,sc2_zerg" for game in games]]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    ladder = Ladder()
    imported = invoke(ladder, "import-games", str(file))
    assert imported.exit_code == 0, imported.stderr
    result = invoke(ladder, "ratings", "evaluate", "--json")
    assert result.exit_code == 0, result.stderr
    engines = json.loads(result.stdout)["engines"]
    assert list(engines) == ["ladder", "linked", "glicko2", "elo", "coin_flip", "win_rate"]
    parameters = [engines[name].pop("parameters") for name in ("ladder", "linked")]
    assert parameters[0] == parameters[1]
    assert engines["ladder"] == pytest.approx(engines["linked"])
    shown = invoke(ladder, "ratings", "evaluate").stdout
    assert "what this ladder itself told, rated by linked" in shown


def test_made_games_are_foretold_nearly_as_well_as_by_who_knows_the_strengths(tmp_path: Path) -> None:
    games = made_games(seed=3, players=40, games=900, last=270)
    file = tmp_path / "games.csv"
    file.write_text(games.text, encoding="utf-8")
    report = json.loads(said("evaluate", "--fit", "--json", "--csv", str(file)))
    unfitted = json.loads(said("evaluate", "--json", "--csv", str(file)))["engines"]
    assert (report["games"], report["scored_games"]) == (900, 270)
    loss = {name: engine["log_loss"] for name, engine in report["engines"].items()}
    assert games.true_log_loss <= loss["glicko2"] <= games.true_log_loss + 0.03
    assert games.true_log_loss <= loss["linked"] <= games.true_log_loss + 0.03
    assert loss["linked"] <= min(loss["elo"], unfitted["linked"]["log_loss"] + 0.01)
    assert loss["glicko2"] <= min(loss["elo"], loss["coin_flip"] - 0.1, unfitted["glicko2"]["log_loss"] + 0.01)


@needs_real_games
@pytest.mark.timeout(900)
def test_real_games_are_foretold_as_well_as_the_ladder_promises() -> None:
    report = json.loads(said("evaluate", "--fit", "--json", "--csv", real_games()))
    engines = report["engines"]
    assert engines["glicko2"]["log_loss"] <= 0.590
    assert engines["linked"]["log_loss"] <= 0.586
    unfitted = json.loads(said("evaluate", "--json", "--csv", real_games()))["engines"]
    assert unfitted["elo"]["log_loss"] == pytest.approx(0.617, abs=0.0005)
    assert engines["glicko2"]["log_loss"] <= unfitted["glicko2"]["log_loss"]
    assert unfitted["linked"]["log_loss"] <= 0.587
    for slope in (one["linked"]["calibration_slope"] for one in (engines, unfitted)):
        assert 0.88 <= slope <= 1.12
