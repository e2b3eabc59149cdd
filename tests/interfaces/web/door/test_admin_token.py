"""The admin API's token: strong, compared blindly, guessed at seldom, and never told."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Scope
from structlog.testing import capture_logs

from tests.interfaces.web.ladder import ADMIN_TOKEN, Ladder
from toprung.interfaces.web.door.admin_token import WRONG_MAX, AdminToken
from toprung.interfaces.web.door.errors import TooManyRequests, Unauthorized
from toprung.interfaces.web.door.shares import TOKEN_CODE_POINTS_MIN, checked_token

RIGHT = f"Bearer {ADMIN_TOKEN}"


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def asked(authorization: str | None, address: str = "203.0.113.7") -> Scope:
    headers = [] if authorization is None else [(b"authorization", authorization.encode("latin-1"))]
    return {"type": "http", "path": "/api/v1/admin/pool", "headers": headers, "client": (address, 1)}


@pytest.mark.parametrize(
    "token",
    [
        *("", "a", "hunter2", "x" * 15, "x" * 40, "abababababababababab", "a token with spaces in it"),
        *("열여섯글자보다훨씬긴토큰이지만머리글에못쓴다", "a-token-with-a-line\nbreak-in-it", "\x00" * 20, " " * 20),
    ],
)
def test_a_weak_token_is_refused_without_being_repeated(token: str) -> None:
    with pytest.raises(ValueError, match="the token") as refused:
        AdminToken(token)
    assert not token.strip() or len(token) < 3 or token not in str(refused.value)


@given(st.text(string.ascii_letters + string.digits, min_size=TOKEN_CODE_POINTS_MIN, max_size=200))
def test_a_token_of_many_signs_is_taken(token: str) -> None:
    if len(set(token)) > 8:
        assert checked_token(token) == token
        assert AdminToken(token).refusal(asked(f"Bearer {token}")) is None


@given(st.text(st.characters(max_codepoint=255), max_size=60).filter(lambda text: text != RIGHT))
def test_nothing_but_the_token_gets_through(text: str) -> None:
    assert isinstance(AdminToken(ADMIN_TOKEN).refusal(asked(text)), Unauthorized)


def test_who_guesses_is_not_even_compared_with_until_a_minute_is_over() -> None:
    clock = Clock()
    token = AdminToken(ADMIN_TOKEN, clock=clock)
    for _ in range(WRONG_MAX):
        assert isinstance(token.refusal(asked("Bearer wrong")), Unauthorized)
        clock.seconds += 1
    for guess in ("Bearer wrong", RIGHT):
        refused = token.refusal(asked(guess))
        assert isinstance(refused, TooManyRequests)
        assert refused.retry_after_seconds == 60 - WRONG_MAX
    assert token.refusal(asked(RIGHT, "203.0.113.8")) is None
    clock.seconds += 60 - WRONG_MAX
    assert token.refusal(asked(RIGHT)) is None


@given(st.lists(st.floats(0, 30), min_size=60, max_size=120))
def test_no_more_guesses_are_compared_in_a_minute_however_they_are_spread(waits: list[float]) -> None:
    clock = Clock()
    token = AdminToken(ADMIN_TOKEN, clock=clock)
    compared: list[float] = []
    for wait in waits:
        clock.seconds += wait
        if isinstance(token.refusal(asked("Bearer wrong")), Unauthorized):
            compared.append(clock.seconds)
    for at in compared:
        assert sum(at <= other < at + 60 for other in compared) <= WRONG_MAX


def test_a_household_guesses_as_one_and_asking_without_a_token_is_no_guess() -> None:
    token = AdminToken(ADMIN_TOKEN, clock=Clock())
    for number in range(5 * WRONG_MAX):
        assert isinstance(token.refusal(asked(None, f"2001:db8::{number + 1:x}")), Unauthorized)
    for number in range(WRONG_MAX):
        token.refusal(asked("Bearer wrong", f"2001:db8::{number + 1:x}"))
    assert isinstance(token.refusal(asked("Bearer wrong", "2001:db8::ffff")), TooManyRequests)
    assert token.refusal(asked(RIGHT, "2001:db8:0:1::1")) is None


def test_a_crowd_of_guessers_takes_no_more_memory_than_is_kept_for_it() -> None:
    token = AdminToken(ADMIN_TOKEN, clock=Clock(), addresses_max=100)
    for number in range(1_000):
        token.refusal(asked("Bearer wrong", f"10.0.{number // 256}.{number % 256}"))
    assert len(token._wrong) == 100


async def test_a_wrong_token_is_logged_with_its_address_and_never_itself() -> None:
    with capture_logs() as logged:
        async with Ladder().client() as client:
            answers = [
                await client.get("/api/v1/admin/pool", headers={"Authorization": f"Bearer gue{number}ss"})
                for number in range(WRONG_MAX + 5)
            ]
            right = await client.get("/api/v1/admin/pool", headers={"Authorization": RIGHT})
    assert [answer.status_code for answer in answers] == [401] * WRONG_MAX + [429] * 5
    assert right.status_code == 429
    assert right.json()["error"]["code"] == "too_many_requests"
    assert 1 <= int(right.headers["retry-after"]) <= 60
    told = [entry for entry in logged if entry["event"] == "admin_token_wrong"]
    assert [entry["address"] for entry in told] == ["127.0.0.1"] * WRONG_MAX
    assert "gue" not in str(logged)
    assert ADMIN_TOKEN not in str(logged)
