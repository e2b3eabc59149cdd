"""What a message shows and offers, found in its components."""

from collections.abc import Iterator
from typing import Any

import simcord

TEXT = 10


def walk(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every component, whatever holds it."""
    for component in components:
        yield component
        yield from walk(component.get("components", []))


def text_of(message: simcord.ResponseMessage) -> str:
    """All its text."""
    return "\n".join(part["content"] for part in walk(message.components) if part["type"] == TEXT)


def controls(message: simcord.ResponseMessage) -> dict[str, dict[str, Any]]:
    """Its buttons and selects by their custom ids."""
    return {part["custom_id"]: part for part in walk(message.components) if "custom_id" in part}


def options(message: simcord.ResponseMessage, custom_id: str) -> list[dict[str, Any]]:
    """What a select offers."""
    offered: list[dict[str, Any]] = controls(message)[custom_id]["options"]
    return offered
