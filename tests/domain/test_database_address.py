"""A database's password is not shown, however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.domain.database_address import HIDDEN, secrets_in, without_password

SECRET = "hunter2-and-more"

TEXTS = (
    f"postgresql://ann:{SECRET}@db.example/ladder",
    f"postgresql+asyncpg://ann:{SECRET}@127.0.0.1:5432/ladder?host=/run",
    f"postgres://:{SECRET}@/ladder",
    f"cannot connect to (postgresql://ann:{SECRET}@db/ladder): refused",
    f"postgresql://db/ladder?user=ann&password={SECRET}",
    f"postgresql://db/ladder?password={SECRET}&sslmode=require",
    f"postgresql://db/ladder?sslpassword={SECRET}",
    f"host=db user=ann password={SECRET} dbname=ladder",
    f"host=db password = '{SECRET} with \\' blanks' dbname=ladder",
    f"PGPASSWORD={SECRET} toprung serve",
    f"postgresql://ann:{SECRET}/with?all#signs@{SECRET}@db/ladder",
)


@pytest.mark.parametrize("text", TEXTS)
def test_a_password_is_hidden_wherever_it_stands(text: str) -> None:
    shown = without_password(text)
    assert SECRET not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:///toprung.db",
        "postgresql://ann@db/ladder",
        "postgresql://db:5432/ladder?host=/run/postgresql",
        "Serral beat Maru; see http://127.0.0.1:8000/leaderboard?page=2",
        "write to ann@example.org",
    ],
)
def test_what_holds_no_password_stays_as_it_is(text: str) -> None:
    assert without_password(text) == text


@pytest.mark.parametrize(
    ("address", "secrets"),
    [
        ("postgresql://ann:p%40ss%2Fword@db/ladder", {"p%40ss%2Fword", "p@ss/word"}),
        ("postgresql://ann:p@ss/word@db/ladder", {"p@ss/word"}),
        ("postgresql://db/ladder?password=one+two&x=1", {"one+two", "one two"}),
        ("postgresql://db/ladder?pass%77ord=secret", {"secret"}),
        ("postgresql://ann@db/ladder", set()),
        ("sqlite:///toprung.db", set()),
        ("postgresql://ann:abc@db/ladder", set()),  # every other word has it
    ],
)
def test_the_secrets_of_an_address_are_known_as_written_and_as_meant(address: str, secrets: set[str]) -> None:
    assert secrets_in(address) == secrets
    for secret in secrets:
        assert secret not in without_password(f"password authentication failed: {secret!s}.", secrets)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=4))
def test_any_password_in_an_address_is_hidden(password: str) -> None:
    address = f"postgresql://ann:{password}@db/ladder"
    assert without_password(address) == f"postgresql://ann:{HIDDEN}@db/ladder"
