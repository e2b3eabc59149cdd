"""What is asked for an operation and what is said of it, read off its class: for whoever carries either over a wire."""

from dataclasses import Field, fields
from typing import Any, get_args, get_type_hints

from toprung.application.organising.operation import Foreseeable, Operation

BY = "by"


def fields_of(operation: Operation[object]) -> dict[str, Any]:
    """The operation's own fields by name, without by whom it is."""
    return {field.name: getattr(operation, field.name) for field in own_fields(type(operation))}


def own_fields(kind: type[Operation[object]]) -> tuple[Field[Any], ...]:
    """The fields of a kind of operation in their order, without by whom it is."""
    return tuple(field for field in fields(kind) if field.name != BY)


def hints_of(kind: type[object]) -> dict[str, Any]:
    """What is taken for each field, with the notes on it."""
    return get_type_hints(kind, include_extras=True)


def result_of(kind: type[Operation[object]]) -> type[Any]:
    """What a kind of operation says when it is done."""
    return _arguments(kind)[0]


def preview_of(kind: type[Foreseeable[object, object]]) -> type[Any]:
    """What a kind of operation says beforehand."""
    return _arguments(kind)[1]


def _arguments(kind: type[object]) -> tuple[type[Any], ...]:
    """What a kind of operation, or the one that it is a kind of, says of itself."""
    for base in kind.__mro__:
        for generic in getattr(base, "__orig_bases__", ()):
            if arguments := get_args(generic):
                return arguments
    raise TypeError(f"{kind.__name__} does not say what comes of it")
