"""The checker of requests refuses what Discord would refuse, so that its silence means something."""

import json
from typing import Any

import pytest

from scripts.make_discord_part import COMPONENT, OPERATIONS, part_of, references
from tests.interfaces.discord.bot.discord_api import DOCUMENT, InvalidRequest, check_request
from tests.support.shared import needs_shared, shared_files

WHOLE = "discord/openapi.json"
PART: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
CALLBACK = "/interactions/1/token/callback"


def answer(*components: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {
        "type": 4,
        "data": {"components": list(components), "flags": 32768, "allowed_mentions": {"parse": []}, **rest},
    }


def message(text: str, **allowed: Any) -> dict[str, Any]:
    return {
        "components": [{"type": 10, "content": text}],
        "flags": 32768,
        "allowed_mentions": {"parse": [], **allowed},
    }


def select(options: int) -> dict[str, Any]:
    offered = [{"label": str(number), "value": str(number)} for number in range(options)]
    return {"type": 1, "components": [{"type": 3, "custom_id": "a", "options": offered}]}


def test_a_fine_message_passes() -> None:
    check_request("POST", CALLBACK, answer({"type": 10, "content": "text"}, select(25)))
    check_request("PUT", "/guilds/1/members/2/roles/3", None)
    check_request("POST", "/channels/1/messages", message("<@7> is asked", users=["7"]))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", CALLBACK, answer(select(26))),
        ("POST", CALLBACK, answer({"type": 10, "content": "x" * 4_001})),
        ("POST", CALLBACK, answer({"type": 10, "content": ""})),
        ("POST", CALLBACK, answer({"type": 10, "content": "text"}, allowed_mentions={"parse": ["everyone"]})),
        ("POST", CALLBACK, {"type": 4, "data": {"components": [{"type": 10, "content": "text"}], "flags": 32768}}),
        ("POST", "/channels/1/messages", {"content": "x" * 4_001, "allowed_mentions": {"parse": []}}),
        ("POST", "/channels/1/messages", message("<@7>", users=["7", "8"])),
        ("POST", "/channels/1/messages", message("<@8>", users=["7"])),
        ("POST", "/channels/1/messages", message("\\<\\@7\\>", users=["7"])),
        ("POST", "/channels/1/messages", message("<@7> <@7>", users=["7"])),
        ("POST", "/channels/1/messages", message("<@7> <@&9>", users=["7"], roles=["9"])),
        ("POST", "/channels/1/messages", message("<@7>", users=["7"], replied_user=True)),
        ("PATCH", "/channels/1/messages/2", message("<@7>", users=["7"])),
        ("POST", CALLBACK, {"type": 4, "data": message("<@7>", users=["7"])}),
        ("POST", "/channels/1/notices", {}),
        ("POST", "/channels/1/messages/2", {}),
        ("PUT", "/guilds/1/onboarding", {}),
        ("DELETE", "/channels/1/messages", None),
    ],
)
def test_what_discord_refuses_is_refused(method: str, path: str, body: object) -> None:
    with pytest.raises(InvalidRequest):
        check_request(method, path, body)


def test_an_operation_that_the_part_lacks_says_how_to_add_it() -> None:
    for method, path in (("PUT", "/guilds/1/onboarding"), ("GET", "/channels/1/messages")):
        with pytest.raises(InvalidRequest, match=r"scripts/make_discord_part\.py"):
            check_request(method, path, None)


def test_the_part_has_the_bots_operations_and_all_that_they_lead_to() -> None:
    assert {(path, method) for path, methods in PART["paths"].items() for method in methods} == set(OPERATIONS)
    components = {f"{COMPONENT}{kind}/{name}" for kind, named in PART["components"].items() for name in named}
    assert set(references(PART)) == components


def test_discords_licence_goes_with_the_part() -> None:
    assert PART["info"]["license"] == {"name": "MIT", "identifier": "MIT"}
    notice = DOCUMENT.with_name("discord_openapi-LICENSE.txt").read_text(encoding="utf-8")
    assert json.dumps(PART["info"]["license"]) in notice
    assert "Permission is hereby granted, free of charge" in notice


@needs_shared(WHOLE)
def test_the_part_is_the_whole_documents() -> None:
    (whole,) = shared_files(WHOLE)
    assert part_of(json.loads(whole.read_text(encoding="utf-8"))) == PART


def test_a_part_of_a_made_document_leaves_out_what_is_not_led_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.make_discord_part.OPERATIONS", (("/told", "post"),))
    used = {"$ref": "#/components/schemas/Used"}
    body = {"content": {"application/json": {"schema": used}, "multipart/form-data": {"schema": {}}}, "required": True}
    answers = {"200": {"$ref": "#/components/schemas/Other"}}
    operation = {"operationId": "tell", "requestBody": body, "responses": answers}
    used_twice = {"type": "array", "items": {"anyOf": [used, {"$ref": "#/components/schemas/Deep"}]}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "made"},
        "servers": [],
        "paths": {"/told": {"post": operation, "get": {}}, "/other": {"post": operation}},
        "components": {"schemas": {"Used": used_twice, "Deep": {"type": "string"}, "Other": {}}},
    }
    assert part_of(document) == {
        "openapi": "3.1.0",
        "info": {"title": "made"},
        "paths": {
            "/told": {
                "post": {
                    "operationId": "tell",
                    "requestBody": {"content": {"application/json": {"schema": used}}},
                }
            }
        },
        "components": {"schemas": {"Deep": {"type": "string"}, "Used": used_twice}},
    }
    del document["paths"]["/told"]["post"]  # type: ignore[index]
    with pytest.raises(SystemExit, match="POST /told"):
        part_of(document)
