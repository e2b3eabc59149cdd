"""Carrying out an organiser's operation, by the running server where there is one."""

from typing import TYPE_CHECKING, TypeVar

from toprung.interfaces.cli.terminal.output import run

if TYPE_CHECKING:  # these modules load Polars, which `toprung --help` should not wait for
    from toprung.application.organising.operation import Foreseeable, Operation
    from toprung.application.ports.progress import Progress
    from toprung.interfaces.cli.terminal.builder import Builder, Options

R = TypeVar("R")
P = TypeVar("P")


def performed(builder: "Builder", opened: "Options", operation: "Operation[R]", tell: "Progress | None" = None) -> R:
    """Does it, telling how far it is, and gives what came of it. Raises what it raises."""
    return run(_perform(builder, opened, operation, tell))


def previewed(builder: "Builder", opened: "Options", operation: "Foreseeable[object, P]") -> P:
    """What it would do as things are now; the ladder is only read. Raises what it raises."""
    return run(_preview(builder, opened, operation))


async def _perform(builder: "Builder", opened: "Options", operation: "Operation[R]", tell: "Progress | None") -> R:
    from toprung.application.organising.operations import in_silence, spec_of

    needs_server = spec_of(operation).needs_server
    async with builder.administering(opened, needs_server=needs_server) as administration:
        return await administration.perform(operation, tell or in_silence)


async def _preview(builder: "Builder", opened: "Options", operation: "Foreseeable[object, P]") -> P:
    async with builder.reading(opened) as reading:
        return await reading.ladder.administration.preview(operation)
