"""`toprung audit`, and the reasons that other commands take for it."""

import json
import re

from tests.interfaces.cli.ladder import Ladder
from tests.interfaces.cli.running import invoke, refusal


def said(ladder: Ladder, *arguments: str) -> str:
    result = invoke(ladder, *arguments, columns=200)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def test_what_was_done_at_a_terminal_is_listed_with_who_and_why() -> None:
    ladder = Ladder()
    assert said(ladder, "audit") == "No organiser has done anything yet.\n"
    for name in ("Maru", "Serral"):
        said(ladder, "player", "add", name, "--reason", "is new")
    said(ladder, "player", "rename", "Maru", "마루", "--reason", "asked for it")
    said(ladder, "player", "country", "마루", "KR", "--reason", "moved")
    said(ladder, "player", "ban", "Serral")
    said(ladder, "player", "unban", "Serral", "--reason", "appeal")
    said(ladder, "player", "pardon", "Serral", "--reason", "a power cut")
    create = ("match", "create", "마루", "Serral", "--race-1", "sc2_terran", "--race-2", "sc2_zerg")
    said(ladder, *create, "--reason", "the final")
    said(ladder, "match", "confirm", "1", "--as", "Serral", "--reason", "is on a phone")
    rows = json.loads(said(ladder, "audit", "--json"))
    assert [(row["action"], row["reason"]) for row in rows][::-1] == [
        ("register", "is new"),
        ("register", "is new"),
        ("rename", "asked for it"),
        ("set_country", "moved"),
        ("ban", ""),
        ("unban", "appeal"),
        ("pardon", "a power cut"),
        ("open_match", "the final"),
        ("confirm", "is on a phone"),
    ]
    assert all(row["actor"].startswith("cli") for row in rows)
    listed = said(ladder, "audit", "--limit", "3")
    assert listed.count("confirm match 1: is on a phone") == 1
    assert "unban" not in listed
    whole = said(ladder, "audit")
    assert "ban player 2 (Serral) (no reason given)" in whole
    assert "rename player 1 (마루): asked for it" in whole
    assert "    player: Serral, before: assigned, after: assigned" in whole


def test_the_audit_goes_on_where_its_cursor_says() -> None:
    ladder = Ladder()
    for name in ("Maru", "Serral", "Rogue"):
        said(ladder, "player", "add", name)
    first = invoke(ladder, "audit", "--limit", "2", "--json")
    (cursor,) = re.findall(r"--cursor (\S+)", first.stderr)
    rest = json.loads(said(ladder, "audit", "--json", "--cursor", cursor))
    assert [row["subject"] for row in [*json.loads(first.stdout), *rest]] == ["player 3", "player 2", "player 1"]
    assert "no cursor of this list" in refusal(ladder, "audit", "--cursor", "bTE")


def test_a_reason_that_cannot_be_kept_is_refused_and_nothing_is_done() -> None:
    ladder = Ladder()
    assert "reason" in refusal(ladder, "player", "add", "Maru", "--reason", "x" * 501)
    assert said(ladder, "audit") == "No organiser has done anything yet.\n"
    said(ladder, "player", "add", "Maru")
    assert "reason" in refusal(ladder, "player", "ban", "Maru", "--reason", "x" * 501)
    assert [row["action"] for row in json.loads(said(ladder, "audit", "--json"))] == ["register"]


def test_who_moved_by_a_correction_is_told_by_name() -> None:
    ladder = Ladder()
    for name in ("Maru", "Serral"):
        said(ladder, "player", "add", name)
    create = ("match", "create", "Maru", "Serral", "--race-1", "sc2_terran", "--race-2", "sc2_zerg")
    said(ladder, *create)
    for name in ("Maru", "Serral"):
        said(ladder, "match", "confirm", "1", "--as", name)
    said(ladder, "match", "report", "1", "loss", "--as", "Maru")
    said(ladder, "match", "resolve", "1", "--winner", "Maru", "--reason", "misread", "--yes")
    whole = said(ladder, "audit")
    assert "correct_match match 1: misread" in whole
    assert re.search(r"^    Maru, sc2_terran: 1[0-9]{3} to 1[0-9]{3}$", whole, re.MULTILINE)
    assert re.search(r"^    Serral, sc2_zerg: 1[0-9]{3} to 1[0-9]{3}$", whole, re.MULTILINE)
