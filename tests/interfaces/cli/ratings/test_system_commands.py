"""`toprung ratings systems|use|fit --apply` as an organiser sees them."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interfaces.cli.ladder import Ladder
from tests.interfaces.cli.running import invoke, refusal
from toprung.application.ports.ratings import StoredRatingSystem
from toprung.domain.ratings.rating_system import RatingSystem, rating_system

WHY = ("--reason", "measured on our games")
HEADER = "ended_at,game_id,player_1,player_2,score_1,score_2,race_1,race_2"


def some_games(count: int) -> Iterator[str]:
    """Games of eight players, of whom the earlier in the alphabet wins more often."""
    chance = random.Random(7)
    for number in range(count):
        first, second = chance.sample("ABCDEFGH", 2)
        score = "1,0" if chance.random() < (0.8 if first < second else 0.2) else "0,1"
        day = f"2025-{1 + number // 20:02}-{1 + number % 20:02}T10:00:00Z"
        yield f"{day},{number},Player {first},Player {second},{score},sc2_zerg,sc2_terran"


def said(ladder: Ladder, *arguments: str, stdin: str | None = None) -> str:
    result = invoke(ladder, *arguments, stdin=stdin)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def systems(ladder: Ladder) -> list[RatingSystem]:
    return [one.system for one in ladder.storage.database.systems]


def ratings(ladder: Ladder) -> dict[int, int]:
    return {entry_id: entry.mmr for entry_id, entry in ladder.storage.database.entries.items()}


@pytest.fixture
def ladder(tmp_path: Path) -> Ladder:
    """A ladder with a hundred and twenty games, rated by Glicko-2."""
    ladder = Ladder()
    ladder.storage.database.systems.append(StoredRatingSystem(version=1, system=rating_system("glicko2"), at_us=0))
    file = tmp_path / "games.csv"
    file.write_text("\n".join((HEADER, *some_games(120))) + "\n", encoding="utf-8")
    said(ladder, "import-games", str(file), "--source", "cup")
    return ladder


def test_another_system_shows_who_moves_asks_and_can_be_undone(ladder: Ladder) -> None:
    before = ratings(ladder)
    kept = said(ladder, "ratings", "use", "elo", "--set", "k_factor=24", *WHY, stdin="n\n")
    assert "glicko2 -> elo" in kept
    assert "k_factor 24" in kept
    assert "ratings would change" in kept
    assert kept.endswith("Nothing was changed.\n")
    assert (ratings(ladder), len(systems(ladder))) == (before, 1)
    done = said(ladder, "ratings", "use", "elo", "--set", "k_factor=24", *WHY, stdin="y\n")
    assert "`toprung ratings use 1` goes back" in done
    assert ratings(ladder) != before
    assert systems(ladder)[1] == rating_system("elo", {"k_factor": 24})
    said(ladder, "ratings", "use", "1", *WHY, "--yes")
    assert ratings(ladder) == before
    assert [one.code for one in systems(ladder)] == ["glicko2", "elo", "glicko2"]
    listed = json.loads(said(ladder, "ratings", "systems", "--json"))
    assert [(one["version"], one["system"]) for one in listed] == [(1, "glicko2"), (2, "elo"), (3, "glicko2")]
    assert listed[1]["constants"]["k_factor"] == 24
    shown = said(ladder, "ratings", "systems").splitlines()
    assert [line.split()[0] for line in shown[::2]] == ["1", "2", "3"]
    assert "k_factor=24" in shown[3]
    assert said(ladder, "verify").startswith("All adds up")


def test_chosen_constants_are_applied_where_that_is_asked_for(ladder: Ladder) -> None:
    chosen = json.loads(said(ladder, "ratings", "fit", "--json"))["glicko2"]
    done = said(ladder, "ratings", "fit", "--apply", "glicko2", *WHY, "--yes")
    assert "The ladder is rated by glicko2 now (version 2)" in done
    assert systems(ladder)[1] == RatingSystem(code="glicko2", constants=chosen)
    assert said(ladder, "verify").startswith("All adds up")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("use", "elo"), "Say why with --reason"),
        (("use", "glicko2", *WHY), "already; there is nothing to do"),
        (("use", "7", *WHY), "no version 7"),
        (("use", "trueskill", *WHY), "no rating system 'trueskill'; there are linked, glicko2, elo"),
        (("use", "elo", "--set", "k_factor", *WHY), "write it like tau=0.5"),
        (("use", "elo", "--set", "k=3", *WHY), "no constant 'k'; it has k_factor"),
        (("use", "glicko2", "--set", "tau=nan", *WHY), "tau must be a number from 0.05 to 5"),
        (("fit", "--apply", "trueskill", *WHY), "no rating system 'trueskill'"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_changes_nothing(
    ladder: Ladder, arguments: tuple[str, ...], words: str
) -> None:
    before = ratings(ladder)
    assert words in refusal(ladder, "ratings", *arguments)
    assert (ratings(ladder), len(systems(ladder))) == (before, 1)
