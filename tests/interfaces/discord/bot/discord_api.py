"""What Discord's own description of its API says of the bot's requests.

`discord_openapi.json` is the part of that description which the bot uses; `scripts/make_discord_part.py` makes it.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DOCUMENT: Final = Path(__file__).parent / "discord_openapi.json"
_URI: Final = "urn:discord"
_ORIGIN: Final = f"{DOCUMENT.name} has; what Discord has beyond it is added in scripts/make_discord_part.py"
_SNOWFLAKE_KEY: Final = re.compile(r"(^|_)ids?$|^users$")


class InvalidRequest(AssertionError):
    """Discord's description does not allow this request."""


@cache
def _document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return loaded


@cache
def _registry() -> Registry[Any]:
    resource: Resource[Any] = Resource.from_contents(_document(), default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource(_URI, resource)
    return registry


@cache
def _routes() -> list[tuple[re.Pattern[str], str]]:
    """Every path as a pattern; those with the fewest parameters first: `@original` goes before an id."""
    paths = sorted(_document()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\{[a-z_]+\}", "[^/]+", path)), path) for path in paths]


@cache
def _validator(path: str, method: str) -> Draft202012Validator | None:
    operation = _document()["paths"][path].get(method.lower())
    if operation is None:
        raise InvalidRequest(f"{method} {path} is no operation that {_ORIGIN}")
    if "application/json" not in operation.get("requestBody", {}).get("content", {}):
        return None
    pointer = path.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
    schema = f"{_URI}#/paths/{pointer}/{method.lower()}/requestBody/content/application~1json/schema"
    return Draft202012Validator({"$ref": schema}, registry=_registry())


def check_request(method: str, path: str, body: object) -> None:
    """Raises `InvalidRequest`, saying where, for what the description does not allow."""
    path = path.partition("?")[0]
    found = next((template for pattern, template in _routes() if pattern.fullmatch(path)), None)
    if found is None:
        raise InvalidRequest(f"{path} is no path that {_ORIGIN}")
    validator = _validator(found, method)
    if validator is None or body is None:
        return
    errors = sorted(validator.iter_errors(_normalised(body)), key=lambda error: len(list(error.absolute_path)))
    if errors:
        deepest = errors[0]
        while deepest.context:
            deepest = max(deepest.context, key=lambda error: len(list(error.absolute_path)))
        where = "/".join(map(str, deepest.absolute_path))
        raise InvalidRequest(f"{method} {found} at {where}: {deepest.message[:500]}")
    check_mentions(method, found, body)


def check_mentions(method: str, path: str, body: object) -> None:
    """Raises `InvalidRequest` for a message that could mention anybody but the one user whom it means to.

    That one is allowed by id in a new message of a channel, and stands in its text, since Discord pings nobody else.
    """
    message = body.get("data") if isinstance(body, dict) and "callback" in path else body
    if not isinstance(message, dict) or not ({"components", "content", "embeds"} & message.keys()):
        return
    if "title" in message and "custom_id" in message:
        return  # a modal, which mentions nobody
    allowed = message.get("allowed_mentions", {})
    users = allowed.get("users", [])
    if allowed.get("parse") != [] or allowed.get("roles") or allowed.get("replied_user") or len(users) > 1:
        raise InvalidRequest(f"{method} {path} may mention: {allowed}")
    if users and (method != "POST" or not path.startswith("/channels/")):
        raise InvalidRequest(f"{method} {path} mentions where nobody is to be pinged: {allowed}")
    if users and "\n".join(_texts(message)).count(f"<@{users[0]}>") != 1:
        raise InvalidRequest(f"{method} {path} allows a mention that its text does not hold once: {allowed}")


def _texts(value: object, key: str = "") -> Iterator[str]:
    """Every text that Discord reads mentions in: a message's own, and those of its components."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _texts(part, name)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, key)
    elif isinstance(value, str) and key == "content":
        yield value


def _normalised(value: object, key: str = "") -> object:
    """The body with the two things that the description and Discord do not agree on as the description has them.

    discord.py sends snowflakes as numbers, which Discord takes; and the ids of attachments count the uploaded files.
    """
    if isinstance(value, dict):
        files = {"id": str(value["id"])} if key == "attachments" and "id" in value else {}
        return {name: _normalised(part, name) for name, part in (value | files).items()}
    if isinstance(value, list):
        return [_normalised(part, key) for part in value]
    if isinstance(value, int) and not isinstance(value, bool) and _SNOWFLAKE_KEY.search(key) and value >= 2**22:
        return str(value)
    return value
