"""The checker of requests refuses what Discord would refuse, so that its silence means something."""

from typing import Any

import pytest

from tests.interfaces.discord.discord_api import InvalidRequest, check_request

CALLBACK = "/interactions/1/token/callback"


def answer(*components: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {
        "type": 4,
        "data": {"components": list(components), "flags": 32768, "allowed_mentions": {"parse": []}, **rest},
    }


def select(options: int) -> dict[str, Any]:
    offered = [{"label": str(number), "value": str(number)} for number in range(options)]
    return {"type": 1, "components": [{"type": 3, "custom_id": "a", "options": offered}]}


def test_a_fine_message_passes() -> None:
    check_request("POST", CALLBACK, answer({"type": 10, "content": "text"}, select(25)))
    check_request("PUT", "/guilds/1/members/2/roles/3", None)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", CALLBACK, answer(select(26))),
        ("POST", CALLBACK, answer({"type": 10, "content": "x" * 4_001})),
        ("POST", CALLBACK, answer({"type": 10, "content": ""})),
        ("POST", CALLBACK, answer({"type": 10, "content": "text"}, allowed_mentions={"parse": ["everyone"]})),
        ("POST", CALLBACK, {"type": 4, "data": {"components": [{"type": 10, "content": "text"}], "flags": 32768}}),
        ("POST", "/channels/1/messages", {"content": "x" * 4_001, "allowed_mentions": {"parse": []}}),
        ("POST", "/channels/1/notices", {}),
        ("DELETE", "/channels/1/messages", None),
    ],
)
def test_what_discord_refuses_is_refused(method: str, path: str, body: object) -> None:
    with pytest.raises(InvalidRequest):
        check_request(method, path, body)
