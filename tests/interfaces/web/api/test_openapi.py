"""The API against its own description, by schemathesis."""

import asyncio
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.interfaces.web.ladder import ADMIN_TOKEN, Ladder
from toprung.interfaces.web.door.front_door import DoorRules

EXAMPLES_PER_OPERATION = 40


def made_ladder() -> Ladder:
    # It is asked with wrong tokens as well, and often.
    ladder = Ladder(door=DoorRules(wrong_tokens_max=1_000_000))
    ladder.fill(30)
    return ladder


ladder = made_ladder()
schema = schemathesis.openapi.from_asgi("/openapi.json", ladder.app)


@schema.parametrize()
@settings(
    max_examples=EXAMPLES_PER_OPERATION,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_api_does_what_it_says(case: Any) -> None:
    excluded: list[Any] = []
    if case.method == "POST":
        # What a name may hold is more than a schema can say: a body that fits it may be refused all the same.
        excluded.append(positive_data_acceptance)
    if {"as_of", "movement_since", "cursor"} & (case.query or {}).keys():
        # That a moment must have been, and lie before another one, no schema can say; nor which cursors were given out.
        excluded.append(positive_data_acceptance)
    if {"season", "days"} <= (case.query or {}).keys():
        excluded.append(positive_data_acceptance)  # one of the two, which no schema of single parameters can say
    if "/import-" in case.path or case.path.endswith("/replays"):
        # Every body is a text; what is wrong in it is said in the last line of the answer.
        excluded.append(negative_data_rejection)
    if any(value in ([], {}) for value in (case.query or {}).values()):
        # A list of nothing is not to be seen in an address.
        excluded.append(negative_data_rejection)
    case.call_and_validate(headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}, excluded_checks=excluded)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    async def read() -> dict[str, Any]:
        async with ladder.client() as client:
            response: httpx.Response = await client.get("/openapi.json")
            return dict(response.json())

    return asyncio.run(read())


def test_the_leaderboard_is_described_in_full(document: dict[str, Any]) -> None:
    operation = document["paths"]["/api/v1/leaderboard"]["get"]
    assert {parameter["name"] for parameter in operation["parameters"]} == {
        *("race", "country", "rank", "best_race_only", "page", "page_size", "If-None-Match"),
        *("as_of", "corrected", "movement_since", "min_games"),
    }
    assert set(operation["responses"]) == {"200", "304", "422", "429", "503"}
    assert operation["responses"]["200"]["headers"]["ETag"]
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
    assert document["components"]["schemas"][answer]["required"] == [
        *("players", "total_pages", "current_page", "total_players", "version")
    ]


def test_one_shape_of_error_everywhere(document: dict[str, Any]) -> None:
    shapes = {
        response["content"]["application/json"]["schema"]["$ref"]
        for path in document["paths"].values()
        for operation in path.values()
        for status, response in operation["responses"].items()
        if status[0] in "45" and "/healthz" not in document["paths"]
    }
    assert shapes <= {"#/components/schemas/ErrorAnswer"}
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_the_admin_api_says_that_it_needs_its_token(document: dict[str, Any]) -> None:
    paths = {path: item for path, item in document["paths"].items() if path.startswith("/api/v1/admin/")}
    assert len(paths) == 30
    for item in paths.values():
        for operation in item.values():
            assert operation["security"] == [{"HTTPBearer": []}]
            assert "401" in operation["responses"]
