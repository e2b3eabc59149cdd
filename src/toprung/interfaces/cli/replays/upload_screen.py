"""Uploads and versions of the mod as a terminal shows them."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console

from toprung.application.replays.replay_mods import SeenMod
from toprung.application.replays.replay_service import UploadView
from toprung.domain.moment import to_datetime
from toprung.domain.replays.replay_checks import CheckStatus
from toprung.domain.replays.replay_findings import findings_of
from toprung.interfaces.cli.replays.verdict_text import check_text, verdict_text
from toprung.interfaces.cli.terminal.language import words
from toprung.interfaces.cli.terminal.output import line, padded, say, say_text
from toprung.interfaces.cli.terminal.tables import plain_table, show_facts

HASH_SHOWN: Final = 12

_STYLES: Final = {"dead": "bold red", "verified": "green", "read": "green", "rejected": "red", "received": "cyan"}
_CHECK_STYLES: Final = {CheckStatus.OK: "green", CheckStatus.FAILED: "red", CheckStatus.UNKNOWN: "yellow"}
_CHECK_CELLS: Final = 7


def show_uploads(console: Console, views: Sequence[UploadView]) -> None:
    """Prints uploads as a table."""
    if not views:
        say_text(console, "cli.upload.none")
        return
    table = plain_table(
        *("cli.heading.upload", "cli.heading.uploaded", "cli.heading.player", "cli.heading.match"),
        *("cli.heading.state", "cli.heading.bytes", "cli.heading.sha256"),
        to_the_right=("cli.heading.upload", "cli.heading.match", "cli.heading.bytes"),
    )
    for view in views:
        upload = view.upload
        table.add_row(
            line(str(upload.id)),
            line(_time(upload.uploaded_at_us)[:-3]),
            line(view.player.name),
            line("" if upload.match_id is None else str(upload.match_id)),
            line((upload.state.value, _STYLES[upload.state.value])),
            line(f"{view.file.size_bytes:,}"),
            line(upload.sha256[:HASH_SHOWN]),
        )
    console.print(table)


def show_upload(console: Console, view: UploadView) -> None:
    """Prints one upload with what is known of its file."""
    upload, file = view.upload, view.file
    facts = {
        "cli.heading.upload": words("cli.upload.by", id=str(upload.id), player=view.player.name),
        "cli.upload.uploaded": _time(upload.uploaded_at_us),
        "cli.heading.match": words("cli.none") if upload.match_id is None else str(upload.match_id),
        "cli.upload.file": words(
            "cli.upload.file_is", name=upload.file_name or words("cli.upload.no_name"), bytes=file.size_bytes
        ),
        "cli.heading.sha256": file.sha256,
        "cli.upload.game": file.fingerprint or words("cli.upload.not_read"),
        "cli.upload.quarantined": words("cli.yes" if file.is_quarantined else "cli.no"),
        "cli.heading.state": upload.state.value,
        "cli.upload.verdict": verdict_text(upload.sentence),
    }
    show_facts(console, facts)
    findings = findings_of(upload)
    if findings is not None:
        say(console)
        for check in findings.checks:
            status = padded(words(f"cli.check_status.{check.status}"), _CHECK_CELLS)
            say(console, (f"{status}  ", _CHECK_STYLES[check.status]), check_text(check))


def show_mods(console: Console, mods: Sequence[SeenMod]) -> None:
    """Prints versions of the mod as a table."""
    if not mods:
        say_text(console, "cli.mod.none")
        return
    counts = ("cli.heading.upload", "cli.heading.uploads", "cli.heading.files")
    table = plain_table(*counts, "cli.heading.mod", to_the_right=counts)
    for mod in mods:
        if mod.is_approved:
            known = (words("cli.mod.approved"), "green")
        elif mod.adds is None:
            known = (words("cli.mod.unknown"), "yellow")
        else:
            known = (words("cli.mod.adds", files=str(mod.adds)), "red")
        table.add_row(line(str(mod.upload_id)), line(str(mod.uploads)), line(str(len(mod.handles))), line(known))
    console.print(table)


def _time(moment_us: int) -> str:
    return f"{to_datetime(moment_us):%Y-%m-%d %H:%M:%S}"
