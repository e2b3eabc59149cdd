"""What a command prints is Korean for who wants that, in every room; codes, JSON and files stay as they are."""

import asyncio
import json
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.adapters.replays.pool.pool_health import busy_pool
from tests.interfaces.cli.ladder import Ladder, Standing, csv_of
from tests.interfaces.cli.running import NOW, invoke
from tests.support.intake import replay

GAMES = (
    "ended_at,game_id,player_1,player_2,score_1,score_2,race_1,race_2\n"
    "2026-02-28T10:00:00Z,1,Maru,Serral,1,0,sc2_terran,sc2_zerg\n"
    "2026-02-28T11:00:00Z,2,마루,Serral,1,0,sc2_terran,sc2_zerg\n"
)
RESOLVE = ("match", "resolve", "1", "--flip", "--reason", "agreed")
CREATE = ("match", "create", "Maru", "Serral", "--race-1", "sc2_terran", "--race-2", "sc2_zerg")


@pytest.fixture
def ladder(tmp_path: Path) -> Ladder:
    made = Ladder()
    (tmp_path / "games.csv").write_text(GAMES, encoding="utf-8")
    said(made, "import-games", str(tmp_path / "games.csv"))
    return made


def said(ladder: Ladder, *arguments: str, columns: int = 100, stdin: str | None = None) -> str:
    result = invoke(ladder, "--language", "ko", *arguments, columns=columns, stdin=stdin)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_the_leaderboard(ladder: Ladder) -> None:
    title, _, head, rule, *rows = said(ladder, "leaderboard", "--now", NOW, columns=120).split("\n")
    assert title == "SC: Evo Complete · 순위표"
    assert head.split() == ["#", "플레이어", "MMR", "승-패-무", "승률", "최근", "경기", "백분위"]
    assert {cell_len(row) for row in (head, rule, *rows[:3])} == {cell_len(rule)}
    assert "1일 전" in rows[0]
    assert "1쪽 중 1쪽 · 기록 3개 · 버전 " in "\n".join(rows)


def test_where_the_filters_let_nobody_through_it_is_said_which_to_drop(ladder: Ladder) -> None:
    shown = said(ladder, "leaderboard", "--now", NOW, "--race", "bw_zerg", "--min-games", "1")
    assert "SC: Evo Complete · BW Zerg · 1경기 이상\n" in shown
    assert "이 필터에 맞는 기록이 없습니다.\n  --race bw_zerg 없이: 기록 3개\n" in shown
    empty = said(Ladder(), "leaderboard")
    assert "아직 아무도 경기하지 않았습니다" in empty
    assert "  toprung demo                   가상의" in empty


def test_matches_and_why(ladder: Ladder) -> None:
    head, _, *rows = said(ladder, "match", "list").rstrip("\n").split("\n")
    assert head.split() == ["경기", "시각(UTC)", "첫째", "MMR", "둘째", "MMR"]
    assert len({cell_len(row) for row in (head, *rows)}) == 1
    why = said(ladder, "why", "1").splitlines()
    assert why[0] == "Maru 님이 Serral 님을 이겨 1500에서 1579(으)로 바뀌었습니다(+79)."
    assert why[1] == "기대 점수는 50%, 실제 점수는 100%로, 이 경기가 +79을 줍니다."
    assert len(why) == 6
    assert said(Ladder(), "match", "list") == "경기가 없습니다.\n"
    assert said(ladder, "verify") == "모두 맞습니다. 저장된 모든 레이팅이 레이팅 기록에서 나옵니다.\n"


def test_an_open_match_tells_how_it_stands_and_why_it_has_no_reasons(ladder: Ladder) -> None:
    assert said(ladder, *CREATE) == "경기 3을(를) 만들었습니다. 두 선수가 확인해야 합니다.\n"
    shown = said(ladder, "match", "show", "3")
    assert "Maru 대 Serral: 두 선수가 확인해야 합니다.\nMaru 아직 확인하지 않음.\nSerral 아직 확인하지 않음.\n" in shown
    assert "확인 대기 중" in shown
    hidden = said(ladder, "match", "show", "3", "--as", "Maru")
    assert "Maru 대 (비공개): 두 선수가" in hidden
    refused = invoke(ladder, "--language", "ko", "why", "3").stderr
    assert refused == "toprung: 경기 3은(는) 아직 레이팅을 바꾸지 않았습니다(상태: 확인 대기 중).\n"


@pytest.mark.parametrize("answer", ["y", "YES", "예", "네"])
def test_a_correction_is_shown_and_asked_about_and_every_yes_is_understood(ladder: Ladder, answer: str) -> None:
    result = invoke(ladder, "--language", "ko", *RESOLVE, stdin=f"{answer}\n")
    assert result.exit_code == 0
    assert "경기 1: Serral 상대로 Maru 승리. 실행하면: Maru 상대로 Serral 승리.\n" in result.stdout
    assert "이대로 정정할까요? [y/N]:" in result.stderr
    assert "경기 1을(를) 판정했습니다." in result.stdout


@pytest.mark.parametrize(("language", "kept"), [("ko", "바뀐 것은 없습니다."), ("en", "Nothing was changed.")])
@pytest.mark.parametrize("answer", ["n", "", "no", "아니요", "아니오"])
def test_every_no_is_understood_and_so_is_nothing(ladder: Ladder, answer: str, language: str, kept: str) -> None:
    result = invoke(ladder, "--language", language, *RESOLVE, stdin=f"{answer}\n")
    assert result.exit_code == 0
    assert result.stdout.rstrip("\n").endswith(kept)


def test_an_answer_that_is_neither_is_asked_for_again_and_the_end_of_input_changes_nothing(ladder: Ladder) -> None:
    result = invoke(ladder, "--language", "ko", *RESOLVE, stdin="maybe\n예\n")
    assert "예(y) 또는 아니요(n)로 답하세요.\n" in result.stderr
    assert "판정했습니다" in result.stdout
    result = invoke(ladder, "--language", "ko", *RESOLVE, stdin="")
    assert result.exit_code == 1
    assert result.stderr.endswith("중단했습니다.\n")
    assert invoke(ladder, *RESOLVE, stdin="").stderr.endswith("Aborted.\n")


def test_players() -> None:
    ladder = Ladder()
    assert said(ladder, "player", "add", "Maru", "--country", "KR") == (
        "Maru (KR) 추가, 번호 1: 새 플레이어 1명, 변경 0명, 그대로 0명.\n"
    )
    assert said(ladder, "player", "rename", "Maru", "마루") == "Maru의 이름이 마루 (KR)(으)로 바뀌었습니다(번호 1).\n"
    assert said(ladder, "player", "country", "마루", "none") == "마루의 나라를 지웠습니다.\n"
    assert said(ladder, "player", "pardon", "마루") == "제재 0건을 풀었습니다.\n"
    said(ladder, "player", "ban", "마루")
    head, rule, row = said(ladder, "player", "search", "마").rstrip("\n").split("\n")
    assert head.split() == ["플레이어", "id", "#", "MMR"]
    assert "정지됨" in row
    assert cell_len(head) == cell_len(rule) == cell_len(row)


def test_a_rating_set_by_hand(ladder: Ladder) -> None:
    set_rating = ("player", "set-rating", "Maru", "--race", "sc2_terran", "--mmr", "1900", "--reason", "agreed")
    result = invoke(ladder, "--language", "ko", *set_rating, stdin="y\n")
    assert "Maru, 종족 sc2_terran: 1579 -> 1900" in result.stdout
    assert "이대로 정할까요? [y/N]:" in result.stderr
    assert result.stdout.endswith("Maru의 레이팅은 이제 1900입니다.\n")


def test_ratings_and_seasons(ladder: Ladder, tmp_path: Path) -> None:
    assert said(ladder, "ratings", "recompute") == (
        "다시 계산했습니다. 모두 같습니다(새로 0개, 변경 0개, 그대로 3개).\n"
    )
    rows = [f"2026-01-{1 + number:02}T10:00:00Z,{number},Ann,Bob,{number % 2},1" for number in range(20)]
    (tmp_path / "g.csv").write_text("\n".join(["ended_at,game_id,player_1,player_2,score_1,score_2", *rows]), "utf-8")
    judged = said(ladder, "ratings", "evaluate", "--csv", str(tmp_path / "g.csv"))
    assert judged.split()[:5] == ["로그", "손실", "브라이어", "정확도", "보정"]
    assert "전체 20경기 가운데 어떤 방식도 미리 보지 못한 마지막 6경기로 평가했습니다." in judged
    assert said(ladder, "season", "list").startswith("아직 시즌이 없습니다.")


def test_uploads_and_jobs(tmp_path: Path) -> None:
    ladder, file = Ladder(), tmp_path / "game.SC2Replay"
    ladder.intake.people()
    file.write_bytes(replay())
    submit = ("replay", "submit", str(file), "--as", "Maru", "--match", "1")
    assert said(ladder, *submit) == "업로드 1: received\n받았습니다. 곧 읽습니다.\n"
    asyncio.run(ladder.intake.work_off())
    assert said(ladder, "replay", "list", columns=140).split()[:5] == ["업로드", "올린", "때(UTC)", "플레이어", "경기"]
    shown = said(ladder, "replay", "show", "1", columns=140).splitlines()
    names = [line.split("  ")[0] for line in shown]
    assert names[:9] == ["업로드", "올린 때", "경기", "파일", "sha-256", "게임", "격리", "상태", "판정"]
    assert {cell_len(line[: line.index(value)]) for line, value in zip(shown, ("1, ", "20"), strict=False)} == {9}
    assert said(ladder, "jobs", "list", columns=140).split()[:6] == ["작업", "종류", "상태", "시작", "오류", "죽음"]
    assert "완료(done)" in said(ladder, "jobs", "stats")
    absent = invoke(ladder, "--language", "ko", "replay", "inspect", str(tmp_path / "absent.SC2Replay"), columns=200)
    assert absent.stdout.endswith("  그런 파일이 없습니다. 이름과 폴더를 확인하세요.\n")


def test_the_pool() -> None:
    shown = said(Ladder(pool=busy_pool()), "pool").splitlines()
    assert shown[0] == "리플레이 풀: ok, 동시에 2개"
    assert shown[-2].startswith("작업: 실행 중 1, 대기 3. 읽음 1,241, 시간 초과 3")


def test_imports_say_what_they_did_and_what_is_wrong_with_a_line(tmp_path: Path) -> None:
    ladder, file = Ladder(), tmp_path / "new.csv"
    file.write_text(csv_of([{"player_name": "김민철"}]), encoding="utf-8")
    assert said(ladder, "import", str(file)) == (
        "new.csv에서 1줄을 가져왔습니다.\n플레이어: 새로 1, 변경 0, 그대로 0.\n"
        "레이팅: 새로 1, 변경 0, 그대로 0.\n이전 상태의 데이터베이스: ladder.db.before-import\n"
    )
    file.write_text(csv_of([{"player_name": "마루", "mmr": "x", "last_played": "yesterday"}]), encoding="utf-8")
    refused = invoke(ladder, "--language", "ko", "import", str(file), columns=140)
    assert refused.exit_code == 1
    assert refused.stderr.split()[:3] == ["줄", "열", "이유"]
    assert "'x'은(는) 정수가 아닙니다" in refused.stderr
    assert "'yesterday'은(는) 2026-01-31T18:00:00Z 같은 시각이 아닙니다" in refused.stderr


def test_the_audit_and_serving(ladder: Ladder) -> None:
    said(ladder, "player", "ban", "Maru")
    assert "ban player 1 (Maru) (이유 없음)" in said(ladder, "audit", columns=200)
    assert said(ladder, "serve") == "Toprung 제공 중: http://127.0.0.1:8000/leaderboard  (Ctrl-C로 끝냅니다)\n"
    demo = said(ladder, "demo").splitlines()
    places = {cell_len(line[: line.index(start)]) for line in demo for start in ("toprung ", "curl ") if start in line}
    assert len(places) == 1
    assert said(ladder, "db", "migrate") == "스키마를 옮겼습니다: 새 데이터베이스 -> 0001.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        *(("leaderboard", "--now", NOW, "--json"), ("match", "list", "--json"), ("match", "show", "1", "--json")),
        *(("why", "1", "--json"), ("export", "-"), ("export", "-", "--ranked", "--format", "json")),
        *(("audit", "--json"), ("pool", "--json"), ("jobs", "stats", "--json"), ("jobs", "list", "--json")),
    ],
)
def test_what_programs_read_is_the_same_in_every_language(ladder: Ladder, arguments: tuple[str, ...]) -> None:
    korean, english = said(ladder, *arguments), invoke(ladder, *arguments).stdout
    assert korean == english
    if "--json" in arguments and arguments[0] != "jobs":
        json.loads(korean)


def test_a_name_search_that_finds_several_says_so() -> None:
    ladder = Ladder().put(Standing(name="Maru", mmr=1500), Standing(name="Amaru", mmr=1400, won=0, lost=0, drawn=0))
    shown = said(ladder, "leaderboard", "--find", "aru", "--now", NOW)
    assert shown.startswith("이름에 그것이 들어가는 플레이어가 여럿입니다.")
    assert "Amaru  순위 없음" in shown
