"""`toprung replay submit|list|show|mods|approve-mod|unlist-mod`: uploads, what became of them, their mods."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from toprung.domain.errors import InvalidInput
from toprung.domain.listing import Page
from toprung.domain.matches.match import MatchId
from toprung.domain.replays.replay_upload import UploadId
from toprung.interfaces.cli.terminal.actor import attributed
from toprung.interfaces.cli.terminal.output import print_bytes, reporting, run, say, say_next, say_text, stdout
from toprung.interfaces.cli.terminal.parameters import Cursor, Database, Game, Limit, options
from toprung.interfaces.cli.terminal.performing import performed

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from collections.abc import Sequence

    from toprung.application.ports.replays import SubmittedReplay
    from toprung.application.replays.replay_mods import SeenMod
    from toprung.application.replays.replay_service import UploadView
    from toprung.interfaces.cli.terminal.builder import Builder, Options

READ_BYTES_MAX: Final = 64 * 1024 * 1024
"""What is not even read: the server's own limit is lower, and its sentence says which."""

_Json = Annotated[bool, typer.Option("--json", help="For programs.")]
_Match = Annotated[
    int | None, typer.Option("--match", metavar="N", help="The match that they are of.", min=1, max=2**63 - 1)
]
_UploadNumber = Annotated[int, typer.Argument(metavar="UPLOAD", help="The upload's number.", min=1, max=2**63 - 1)]


def add_replay_upload_commands(replay: typer.Typer, builder: "Callable[[], Builder]") -> None:
    """Adds the commands to the group `toprung replay`."""

    @replay.command()
    def submit(
        file: Annotated[Path, typer.Argument(metavar="FILE", help="The replay.", show_default=False)],
        player: Annotated[str, typer.Option("--as", metavar="PLAYER", help="Who uploads it.")],
        match: _Match = None,
        as_json: _Json = False,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Upload a replay as a player, through the running server."""
        with reporting():
            from toprung.interfaces.job_shapes import submitted_shape

            data, opened = _bytes_of(file), options(database=database, game=game)
            match_id = None if match is None else MatchId(match)
            submitted = run(_submit(builder(), opened, player, match_id, data, file.name))
            if as_json:
                print_bytes(json.dumps(submitted_shape(submitted)).encode() + b"\n")
                return
            from toprung.interfaces.cli.replays.verdict_text import verdict_text

            code = "cli.upload.submitted" if submitted.is_new else "cli.upload.known"
            say_text(stdout(), code, upload=str(submitted.upload_id), state=(submitted.state.value, "bold"))
            say(stdout(), verdict_text(submitted.sentence))

    _add_looking(replay, builder)
    _add_mods(replay, builder)


def _add_looking(replay: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @replay.command(name="list")
    def list_uploads(
        player: Annotated[str | None, typer.Option("--player", metavar="NAME", help="Only this player's.")] = None,
        match: _Match = None,
        limit: Limit = 20,
        cursor: Cursor = None,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """List the latest uploads, the newest first."""
        with reporting():
            from toprung.interfaces.cli.replays.upload_screen import show_uploads

            opened, match_id = options(database=database, game=game), None if match is None else MatchId(match)
            page = run(_latest(builder(), opened, limit, cursor, player, match_id))
            show_uploads(stdout(), page.rows)
            say_next(page.next)

    @replay.command()
    def show(number: _UploadNumber, database: Database = None, game: Game = None) -> None:
        """Show one upload and what became of it."""
        with reporting():
            from toprung.interfaces.cli.replays.upload_screen import show_upload

            show_upload(stdout(), run(_upload(builder(), options(database=database, game=game), UploadId(number))))


def _add_mods(replay: typer.Typer, builder: "Callable[[], Builder]") -> None:
    @replay.command()
    def mods(database: Database = None, game: Game = None) -> None:
        """List the versions of the mod that the latest 1,000 uploads were played with, and those that are approved."""
        with reporting():
            from toprung.interfaces.cli.replays.upload_screen import show_mods

            show_mods(stdout(), run(_mods(builder(), options(database=database, game=game))))

    @replay.command(name="approve-mod")
    def approve_mod(
        number: _UploadNumber,
        reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept with the approval.")] = "",
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Approve the version of the mod that an upload was played with; from then on more files make it a fake."""
        with reporting():
            from toprung.application.organising.replay_operations import ApproveMod

            operation = ApproveMod(upload_id=UploadId(number), by=attributed(reason))
            files = performed(builder(), options(database=database, game=game), operation).files
            say_text(stdout(), "cli.mod.now_approved", upload=str(number), files=str(files))

    @replay.command(name="unlist-mod")
    def unlist_mod(
        number: _UploadNumber,
        reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; the audit keeps it.")] = "",
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Take the version of the mod that an upload was played with off the list of approved ones again.

        Replays that were judged keep their verdicts.
        """
        with reporting():
            from toprung.application.organising.replay_operations import UnlistMod

            operation = UnlistMod(upload_id=UploadId(number), by=attributed(reason))
            done = performed(builder(), options(database=database, game=game), operation)
            code = "cli.mod.unlisted" if done.was_listed else "cli.mod.not_listed"
            say_text(stdout(), code, upload=str(number), files=str(done.files))


def _bytes_of(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(READ_BYTES_MAX + 1)
    except OSError as error:
        raise InvalidInput(
            "file",
            "Cannot read {file}: {problem}.",
            "replay_unreadable_file",
            file=str(file),
            problem=str(error.strerror or error),
        ) from None
    if len(data) > READ_BYTES_MAX:
        raise InvalidInput(
            "file",
            "{file} has more than {most} bytes; a replay has far fewer.",
            "replay_large_file",
            file=str(file),
            most=READ_BYTES_MAX,
        )
    return data


async def _submit(
    builder: "Builder", opened: "Options", player: str, match_id: MatchId | None, data: bytes, name: str
) -> "SubmittedReplay":
    async with builder.submitting(opened) as intake:
        return await intake.submit_replay(player, match_id, data, name)


async def _latest(
    builder: "Builder",
    opened: "Options",
    limit: int,
    cursor: str | None,
    player: str | None,
    match_id: MatchId | None,
) -> "Page[UploadView]":
    async with builder.reading(opened) as reading:
        return await reading.ladder.replays.latest(limit, player, match_id, cursor)


async def _upload(builder: "Builder", opened: "Options", upload_id: UploadId) -> "UploadView":
    async with builder.reading(opened) as reading:
        return await reading.ladder.replays.get(upload_id)


async def _mods(builder: "Builder", opened: "Options") -> "Sequence[SeenMod]":
    async with builder.reading(opened) as reading:
        return await reading.ladder.mods.seen()
