"""Reduces Discord's OpenAPI document to what the bot's requests are held against in tests.

    python scripts/make_discord_part.py openapi.json > tests/interfaces/discord/bot/discord_openapi.json

The original is specs/openapi.json of https://github.com/discord/discord-api-spec; the same input gives the same output.
Kept are the operations below with the JSON bodies of their requests, and every schema that these lead to. An operation
that the bot comes to use is added here.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OPERATIONS = (
    ("/applications/{application_id}/commands", "put"),
    ("/channels/{channel_id}/messages", "post"),
    ("/channels/{channel_id}/messages/{message_id}", "delete"),
    ("/channels/{channel_id}/messages/{message_id}", "patch"),
    ("/guilds/{guild_id}/members/{user_id}", "get"),
    ("/guilds/{guild_id}/members/{user_id}/roles/{role_id}", "delete"),
    ("/guilds/{guild_id}/members/{user_id}/roles/{role_id}", "put"),
    ("/interactions/{interaction_id}/{interaction_token}/callback", "post"),
    ("/oauth2/applications/@me", "get"),
    ("/users/@me", "get"),
    ("/users/@me/channels", "post"),
    ("/webhooks/{webhook_id}/{webhook_token}", "post"),
    ("/webhooks/{webhook_id}/{webhook_token}/messages/@original", "patch"),
    ("/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", "patch"),
)
COMPONENT = "#/components/"


def part_of(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the operations above only, and with those components only that they lead to."""
    paths: dict[str, Any] = {}
    for path, method in OPERATIONS:
        try:
            paths.setdefault(path, {})[method] = _request_of(document["paths"][path][method])
        except KeyError as error:
            raise SystemExit(f"{method.upper()} {path} is not in the document: {error} is missing") from error
    wanted, found = set(references(paths)), set()
    while wanted:
        found |= wanted
        wanted = {further for one in wanted for further in references(_component(document, one))} - found
    components: dict[str, Any] = {}
    for reference in sorted(found):
        kind, name = reference.removeprefix(COMPONENT).split("/")
        components.setdefault(kind, {})[name] = _component(document, reference)
    return {"openapi": document["openapi"], "info": document["info"], "paths": paths, "components": components}


def references(value: object) -> Iterator[str]:
    """Every reference in a piece of the document."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def _request_of(operation: dict[str, Any]) -> dict[str, Any]:
    """The operation without its answers, and of its request's bodies the one in JSON."""
    kept = {"operationId": operation["operationId"]}
    json_body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if json_body is not None:
        kept["requestBody"] = {"content": {"application/json": json_body}}
    return kept


def _component(document: dict[str, Any], reference: str) -> Any:
    kind, name = reference.removeprefix(COMPONENT).split("/")
    return document["components"][kind][name]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    whole = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    sys.stdout.write(json.dumps(part_of(whole), ensure_ascii=False, indent=1) + "\n")
