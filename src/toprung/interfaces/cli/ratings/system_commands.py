"""`toprung ratings systems|use`: what a ladder is rated by, and changing that."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from toprung.domain.errors import InvalidInput
from toprung.domain.moment import to_iso
from toprung.interfaces.cli.terminal.actor import Reason, attributed
from toprung.interfaces.cli.terminal.language import words
from toprung.interfaces.cli.terminal.output import (
    confirmed,
    print_bytes,
    progress_bar,
    reporting,
    run,
    say,
    say_text,
    stdout,
)
from toprung.interfaces.cli.terminal.parameters import Database, Game, options
from toprung.interfaces.cli.terminal.performing import performed, previewed

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from toprung.application.ports.ratings import StoredRatingSystem
    from toprung.application.ratings.system_service import SystemChange
    from toprung.interfaces.cli.terminal.builder import Builder, Options

MOVES_SHOWN_MAX: Final = 20

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def add_system_commands(ratings: typer.Typer, builder: "Callable[[], Builder]") -> None:
    """Adds the commands."""

    @ratings.command()
    def systems(
        as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """List what the ladder has been rated by so far; the last one counts."""
        with reporting():
            versions = _versions(builder(), options(database=database, game=game))
            if as_json:
                print_bytes(json.dumps([_shape(one) for one in versions], indent=2).encode() + b"\n")
                return
            for one in versions:
                say(stdout(), f"{one.version}  {to_iso(one.at_us)[:10]}  ", (one.system.code, "bold"))
                say(stdout(), f"   {_listed(one.system.constants)}")

    @ratings.command()
    def use(
        system: Annotated[
            str,
            typer.Argument(metavar="SYSTEM", help="glicko2, elo, or the number of an earlier version to go back to."),
        ],
        constants: Annotated[
            list[str] | None,
            typer.Option("--set", metavar="NAME=VALUE", help="A constant that is not to be the usual one; repeatable."),
        ] = None,
        reason: Reason = "",
        yes: Yes = False,
        database: Database = None,
        game: Game = None,
    ) -> None:
        """Rate the ladder by another system or other constants: every game is rated again. Shows who moves first."""
        with reporting():
            opened = options(database=database, game=game)
            given = _constants(constants or ())
            if system.isdecimal():
                system, given = _earlier(_versions(builder(), opened), int(system), given)
            apply_system(builder(), opened, system, given, reason=reason, yes=yes)


def apply_system(
    builder: "Builder", opened: "Options", system: str, constants: Mapping[str, float], *, reason: str, yes: bool
) -> None:
    """Shows who would move, asks, and has the ladder rated by this system. Raises what that raises."""
    from toprung.application.organising.rating_operations import ChangeRatingSystem

    refuse_what_cannot_be(system, reason)
    operation = ChangeRatingSystem(system=system, constants=constants, by=attributed(reason))
    _show(previewed(builder, opened, operation))
    if not yes and not confirmed(words("cli.ratings.ask_system")):
        say_text(stdout(), "admin.nothing_changed")
        return
    with progress_bar(words("cli.progress.log"), words("cli.progress.rows")) as tell:
        done = performed(builder, opened, operation, tell)
    say_text(
        stdout(),
        "cli.ratings.system_changed",
        system=done.system,
        version=str(done.version),
        before=str(done.version - 1),
        count=len(done.moves),
    )


def refuse_what_cannot_be(system: str, reason: str) -> None:
    """Raises `InvalidInput` for no reason and for a system that there is not, before anything takes long."""
    from toprung.domain.ratings.rating_system import rating_system

    if not reason.strip():
        raise InvalidInput("reason", "Say why with --reason TEXT; it is kept with the change.", "say_why_system")
    rating_system(system)


def _show(change: "SystemChange") -> None:
    say(stdout(), f"{change.system_before} -> ", (change.system, "bold"))
    for name, value in change.constants.items():
        before = change.constants_before.get(name)
        if before != value:
            said = "" if before is None else f"{before:g} -> "
            say(stdout(), f"  {name} {said}{value:g}")
    for move in change.moves[:MOVES_SHOWN_MAX]:
        gain = move.mmr_after - move.mmr_before
        moved = f" {move.race}: {move.mmr_before} -> {move.mmr_after} ({gain:+d})"
        say(stdout(), (move.player_name, "bold"), moved)
    if len(change.moves) > MOVES_SHOWN_MAX:
        say_text(stdout(), "cli.ratings.more_move", count=len(change.moves) - MOVES_SHOWN_MAX)
    say_text(stdout(), "cli.ratings.would_move", count=len(change.moves), unchanged=change.entries_unchanged)


def _versions(builder: "Builder", opened: "Options") -> "list[StoredRatingSystem]":
    async def read() -> "list[StoredRatingSystem]":
        async with builder.reading(opened) as reading:
            return await reading.ladder.systems.all()

    return run(read())


def _constants(texts: "list[str] | tuple[str, ...]") -> dict[str, float]:
    """What `--set` says. Raises `InvalidInput` for what is no name and number."""
    given: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            given[name.strip()] = float(value)
        except ValueError:
            raise InvalidInput(
                "set",
                "{text} is not a constant with its value; write it like tau=0.5.",
                "constant_form",
                text=repr(text),
            ) from None
    return given


def _earlier(
    versions: "list[StoredRatingSystem]", number: int, given: Mapping[str, float]
) -> tuple[str, dict[str, float]]:
    """The system and constants of an earlier version, with these changes. Raises `InvalidInput` for one unknown."""
    found = next((one for one in versions if one.version == number), None)
    if found is None:
        raise InvalidInput(
            "system", "There is no version {number} of the rating system.", "system_version", number=str(number)
        )
    return found.system.code, {**found.system.constants, **given}


def _shape(one: "StoredRatingSystem") -> object:
    return {
        "version": one.version,
        "system": one.system.code,
        "constants": dict(one.system.constants),
        "since": to_iso(one.at_us),
    }


def _listed(constants: Mapping[str, float]) -> str:
    return "  ".join(f"{name}={value:g}" for name, value in constants.items())
