"""What the command line says."""

import itertools
import json
from pathlib import Path
from typing import Final

from typer.testing import CliRunner

from scripts.transcript.ladder import BEGINNING, MOMENT
from scripts.transcript.pages import Transcript
from toprung.bootstrap.builder import Bootstrap
from toprung.interfaces.cli.app import create_cli

_GROUPS: Final = ("", "db", "player", "match", "ratings", "replay", "jobs", "season")
_COMMANDS: Final = (
    *("serve", "demo", "leaderboard", "import", "import-games", "export", "why", "verify", "pool", "audit"),
    *("player search", "player ban", "player set-rating", "match list", "match create", "match report"),
    *("match resolve", "ratings evaluate", "replay inspect", "replay submit", "season start", "season board"),
)
_ENTRIES: Final = "player,country,race,mmr,games_won,games_lost,games_drawn,last_played\n"


class CommandLine:
    """Runs commands on one ladder and keeps what they print."""

    def __init__(self, transcript: Transcript, folder: Path) -> None:
        self._transcript, self._folder = transcript, folder
        self._options = ("--database", f"sqlite:///{folder / 'ladder.db'}")

    def run(self, *arguments: str, columns: int = 100, stdin: str | None = None, on_ladder: bool = True) -> str:
        """Keeps what one command prints, and its exit code; a minute later it is a minute later."""
        MOMENT.forward()
        environment = {"COLUMNS": str(columns), "TERM": "dumb", "NO_COLOR": "1", "FORCE_COLOR": None}
        given = (*arguments, *self._options) if on_ladder else arguments
        result = CliRunner(env=environment).invoke(create_cli(Bootstrap), given, input=stdin, prog_name="toprung")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        title = f"toprung {' '.join(arguments)}" + ("" if columns == 100 else f" ({columns} columns)")
        self._transcript.keep(
            "cli", title, f"exit {result.exit_code}", "--- stdout", result.stdout, "--- stderr", result.stderr
        )
        return result.stdout

    def help(self) -> None:
        """Every help text of groups, and of the commands with most to say."""
        for group in _GROUPS:
            self.run(*group.split(), "--help", on_ladder=False)
        for command in _COMMANDS:
            self.run(*command.split(), "--help", on_ladder=False)

    def read(self) -> None:
        """The commands that only look."""
        run = self.run
        arguments: tuple[str, ...]
        now = ("--now", BEGINNING)
        for columns in (60, 80, 100, 160):
            run("leaderboard", *now, columns=columns)
        for arguments in (
            ("--race", "sc2_zerg"), ("--race", "zerg", "--race", "bw_terran"), ("--country", "KR"), ("--rank", "S"),
            ("--country", "kr", "--country", "de", "--rank", "A"), ("--best-race-only",), ("--page", "2"),
            ("--best-race-only", "--race", "bw_protoss", "--rank", "B"), ("--page", "999"), ("--page-size", "7"),
            ("--find", "star"), ("--find", "별빛"), ("--find", "nobody at all"), ("--find", "a", "--country", "KR"),
            ("--race", "xx"), ("--country", "qq"), ("--rank", "Z"), ("--page", "0"), ("--page-size", "0"),
            ("--as-of", "2026-02-01"), ("--as-of", "2026-02-01", "--corrected"), ("--as-of", "2030-01-01"),
            ("--movement-since", "7d"), ("--movement-since", "2026-02-20"), ("--movement-since", "soon"),
            ("--json",), ("--json", "--race", "sc2_terran", "--page-size", "3"), ("--country", "IS", "--rank", "S"),
            ("--inactivity-days", "off"), ("--inactivity-days", "3"), ("--json", "--find", "kry"),
        ):  # fmt: skip
            run("leaderboard", *now, *arguments)
        for text in ("star", "별", "zer", "x", "", "S" * 70):
            run("player", "search", text, *now)
        for arguments in ((), ("--limit", "3"), ("--state", "completed", "--limit", "2"), ("--state", "lost"),
                          ("--player", "nobody"), ("--limit", "2", "--json"), ("--limit", "0")):  # fmt: skip
            run("match", "list", *arguments)
        for arguments in (("7",), ("7", "--json"), ("99999",), ("seven",)):
            run("match", "show", *arguments)
        for arguments in (("1",), ("1", "--json"), ("99999",)):
            run("why", *arguments)
        for arguments in (("verify",), ("audit",), ("audit", "--json", "--limit", "2"), ("jobs", "list"),
                          ("jobs", "stats"), ("jobs", "show", "1"), ("replay", "list"), ("replay", "show", "1"),
                          ("replay", "mods"), ("season", "list"), ("pool",), ("ratings", "evaluate"),
                          ("ratings", "evaluate", "--json")):  # fmt: skip
            run(*arguments)

    def write(self) -> None:
        """The organiser's commands, each as it should be and wrong."""
        run, why = self.run, ("--reason", "agreed by both")
        run("player", "add", "Novamar", "--country", "KR", *why)
        run("player", "add", "N0vamar")
        run("player", "add", "<b>*Kestrel*</b>", "--country", "pl")
        run("player", "add", "a\u202eb")
        run("player", "add", "=1+1")
        run("player", "rename", "=1+1", "Falke", *why)
        run("player", "rename", "nobody", "Falke")
        run("player", "country", "Falke", "DE")
        run("player", "country", "Falke", "Atlantis")
        run("match", "create", "Novamar", "Falke", "--race-1", "bw_zerg", "--race-2", "sc2_terran", *why)
        number = _latest(self.run("match", "list", "--limit", "1", "--json"))
        run("match", "create", "Novamar", "Falke", "--race-1", "bw_zerg", "--race-2", "sc2_terran")
        run("match", "show", number, "--as", "Falke")
        run("match", "confirm", number, "--as", "Falke")
        run("match", "confirm", number, "--as", "Novamar")
        run("match", "report", number, "won", "--as", "Novamar")
        run("match", "report", number, "sideways", "--as", "Novamar")
        run("match", "withdraw", number, "--as", "Novamar")
        run("match", "report", number, "won", "--as", "Novamar")
        run("match", "report", number, "won", "--as", "Falke")
        run("match", "show", number)
        run("match", "list", "--state", "conflict")
        run("match", "resolve", number, "--winner", "Falke", *why, stdin="n\n")
        run("match", "resolve", number, "--winner", "Falke", *why, "--yes")
        run("match", "show", number, "--as", "Novamar")
        run("match", "resolve", number, "--flip", *why, "--yes")
        run("match", "resolve", number, "--void", "--yes", *why)
        run("match", "resolve", number, "--void", "--draw", "--yes", *why)
        run("match", "resolve", "99999", "--void", "--yes", *why)
        run("match", "resolve", "12", "--draw", "--yes", *why)
        run("why", "12")
        run("match", "create", "Novamar", "Falke", "--race-1", "bw_zerg", "--race-2", "sc2_terran", "--map", "nowhere")
        run("match", "create", "Novamar", "Falke", "--race-1", "bw_zerg", "--race-2", "sc2_terran", "--key", "cup 1")
        number = _latest(self.run("match", "list", "--limit", "1", "--json"))
        run("match", "abort", number, "--as", "Falke")
        run("match", "abort", number, "--as", "Novamar")
        run("player", "pardon", "Falke", *why)
        run("player", "set-rating", "Falke", "--race", "sc2_terran", "--mmr", "1900", *why, stdin="y\n")
        run("player", "set-rating", "Falke", "--race", "sc2_terran", "--mmr", "99999", *why, "--yes")
        run("player", "ban", "Falke", *why)
        run("leaderboard", "--find", "Falke")
        run("player", "search", "Falke")
        run("player", "unban", "Falke")
        run("player", "restore", "Falke")
        run("season", "start", "s1", "--reason", "spring", "--name", "Spring", "--reset-deviation", "200")
        run("season", "start", "s2", "--reason", "again")
        run("season", "end", "--reason", "done")
        run("season", "list")
        run("season", "board", "s1")
        run("season", "board", "s9")
        run("ratings", "recompute", *why)
        run("verify")
        run("audit", "--limit", "100")
        run("audit", "--limit", "100", "--json")

    def files(self) -> None:
        """Exports and imports, good and bad."""
        run, folder = self.run, self._folder
        run("export", "-")
        run("export", str(folder / "out.csv"))
        run("export", str(folder / "out.csv"))
        run("export", str(folder / "out.csv"), "--force")
        run("export", "-", "--ranked", "--race", "sc2_zerg", "--format", "json")
        run("import", str(folder / "out.csv"))
        self._import("good.csv", _ENTRIES + "Newcomer,KR,bw_zerg,1501,3,2,0,2026-02-20T10:00:00Z\n")
        self._import("bad.csv", _ENTRIES + "Newcomer,QQ,orc,x,3,2,0,yesterday\n,,,,,,,\n")
        self._import("alike.csv", _ENTRIES + "Novamar,KR,bw_zerg,1500,0,0,0,\nN0vamar,KR,bw_zerg,1500,0,0,0,\n")
        self._import("header.csv", "who,what\n1,2\n")
        run("import", str(folder / "absent.csv"))
        games = "ended_at,player_1,race_1,player_2,race_2,result,map\n"
        self._import("games.csv", games + "2026-02-28T10:00:00Z,Novamar,bw_zerg,Falke,sc2_terran,1,\n", "import-games")
        self._import("games_bad.csv", games + "2026,A,orc,A,orc,9,\n", "import-games")
        run("verify")

    def _import(self, name: str, text: str, command: str = "import") -> None:
        (self._folder / name).write_text(text, "utf-8")
        source = ("--source", "test") if command == "import-games" else ()
        for _ in itertools.repeat(None, 2):
            self.run(command, str(self._folder / name), *source)


def _latest(listed: str) -> str:
    return str(json.loads(listed)["matches"][0]["match_id"])
