"""Settings: from the environment, a file and the command line; what is wrong is named where it was said."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.domain.errors import InvalidInput
from toprung.domain.moment import MICROSECONDS_PER_DAY
from toprung.domain.replays.replay_checks import CheckCode, ReplayPolicy
from toprung.settings import ENV_PREFIX, Settings, load_settings


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No variable of ours and no `.env` file of whoever runs the tests."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{ENV_PREFIX}{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)
    yield
    monkeypatch.undo()


def test_without_any_setting_a_ladder_is_a_file_in_the_folder() -> None:
    settings = load_settings()
    assert (settings.database, settings.sqlite_path) == ("sqlite:///toprung.db", Path("toprung.db"))
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.inactivity_us == 14 * MICROSECONDS_PER_DAY
    assert settings.common_countries is None


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("TOPRUNG_PORT=1\nTOPRUNG_HOST=::1\nTOPRUNG_GAME=sc2\nOTHER=x\n", encoding="utf-8")
    monkeypatch.setenv("TOPRUNG_PORT", "2")
    monkeypatch.setenv("TOPRUNG_HOST", "")  # an empty variable is none
    settings = load_settings(port=3, database=None)
    assert (settings.port, settings.host, settings.game) == (3, "::1", "sc2")
    assert load_settings().port == 2


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///ladder.db", Path("ladder.db")),
        ("sqlite:////var/lib/ladder.db", Path("/var/lib/ladder.db")),
        ("sqlite:///a folder/별.db", Path("a folder/별.db")),
        ("postgresql://user@host/name", None),
        ("postgresql://user@/name?host=/tmp", None),
    ],
)
def test_a_database_is_a_file_or_a_server(url: str, path: Path | None) -> None:
    settings = load_settings(database=url)
    assert (settings.database, settings.sqlite_path) == (url, path)


def test_the_short_name_of_postgresql_means_the_same() -> None:
    assert load_settings(database="postgres://host/name").database == "postgresql://host/name"


@pytest.mark.parametrize(
    "url",
    ["", "ladder.db", "sqlite://ladder.db", "sqlite:///", "mysql://host/name", "postgresql://", "postgresql:host"],
)
def test_anything_else_is_no_database(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match="--database: a database is sqlite:///path or postgresql://"):
        load_settings(database=url)
    if url:
        monkeypatch.setenv("TOPRUNG_DATABASE", url)
        with pytest.raises(InvalidInput, match=r"^TOPRUNG_DATABASE: a database is"):
            load_settings()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "http"),
        ("INACTIVITY_DAYS", "0"),
        ("INACTIVITY_DAYS", "36501"),
        ("INACTIVITY_DAYS", "nan"),
        ("INACTIVITY_DAYS", "never"),
        ("LOG_LEVEL", "loud"),
        ("REPLAY_GATES", "colour"),
    ],
)
def test_a_bad_value_fails_at_the_start_and_names_the_variable(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"TOPRUNG_{variable}", value)
    with pytest.raises(InvalidInput, match=f"^TOPRUNG_{variable}: .*{value}") as raised:
        load_settings()
    assert raised.value.field == variable.lower()
    with pytest.raises(InvalidInput, match=f"^--{variable.lower().replace('_', '-')}: "):
        load_settings(**{variable.lower(): value})


@pytest.mark.parametrize(("text", "window_us"), [("off", None), ("1", 86_400_000_000), ("0.5", 43_200_000_000)])
def test_the_inactivity_window_is_days_or_off(
    text: str, window_us: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOPRUNG_INACTIVITY_DAYS", text)
    assert load_settings().inactivity_us == window_us


@given(days=st.floats(0, 36_500, exclude_min=True))
def test_the_window_in_microseconds_is_the_window_in_days(days: float) -> None:
    assert load_settings(inactivity_days=days).inactivity_us == pytest.approx(days * MICROSECONDS_PER_DAY, abs=0.5)


def test_countries_are_codes_with_commas_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPRUNG_COMMON_COUNTRIES", " kr, US,,de ")
    assert load_settings().common_countries == ("KR", "US", "DE")


def test_a_token_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPRUNG_ADMIN_TOKEN", "hunter2-hunter2-hunter2")
    settings = load_settings()
    assert settings.admin_token is not None
    assert settings.admin_token.get_secret_value() == "hunter2-hunter2-hunter2"
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("token", ["a", "hunter2", "fifteen-letters", "hunter2 " * 5, "x" * 50])
def test_a_weak_token_is_refused_at_the_start_and_not_repeated(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPRUNG_ADMIN_TOKEN", token)
    with pytest.raises(InvalidInput, match=r"^TOPRUNG_ADMIN_TOKEN: the token") as refused:
        load_settings()
    assert token == "a" or token not in str(refused.value)


def test_proxies_hosts_and_the_site_have_one_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPRUNG_TRUSTED_PROXIES", " 127.0.0.1, 172.18.0.1/16,,::1")
    monkeypatch.setenv("TOPRUNG_ALLOWED_HOSTS", " Ladder.example.org,*.Example.net")
    monkeypatch.setenv("TOPRUNG_SITE_URL", "https://Ladder.example.org/")
    settings = load_settings()
    assert [str(network) for network in settings.trusted_proxies] == ["127.0.0.1/32", "172.18.0.0/16", "::1/128"]
    assert settings.allowed_hosts == ("ladder.example.org", "*.example.net")
    assert settings.site_url == "https://ladder.example.org"
    assert (settings.connections_per_address, settings.streams_per_address) == (100, 20)


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("TRUSTED_PROXIES", "caddy", "'caddy' is no address like"),
        ("TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/99", "'10.0.0.0/99' is no address like"),
        ("ALLOWED_HOSTS", "https://ladder.example.org", "leave scheme, port and path away"),
        ("SITE_URL", "ladder.example.org", "no address like https://ladder.example.org"),
        ("CONNECTIONS_PER_ADDRESS", "0", "greater than or equal to 1"),
        ("STREAMS_PER_ADDRESS", "many", "valid integer"),
    ],
)
def test_what_is_no_proxy_host_or_site_is_refused_with_a_sentence(
    variable: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"TOPRUNG_{variable}", value)
    with pytest.raises(InvalidInput, match=f"^TOPRUNG_{variable}: .*{sentence}"):
        load_settings()


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1


def test_a_refused_database_is_not_repeated_since_it_may_hold_a_password() -> None:
    with pytest.raises(InvalidInput) as refused:
        load_settings(database="mysql://me:hunter2@host/ladder")
    assert "hunter2" not in str(refused.value)


def test_the_checks_that_gate_are_codes_with_commas_between(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().replay_policy == ReplayPolicy()
    monkeypatch.setenv("TOPRUNG_REPLAY_GATES", " map, Players,,")
    assert load_settings().replay_policy == ReplayPolicy(gates=frozenset({CheckCode.MAP, CheckCode.PLAYERS}))


def test_organisers_are_ids_or_a_role_of_one_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPRUNG_DISCORD_SERVER", "7")
    monkeypatch.setenv("TOPRUNG_DISCORD_ADMINS", " 123, 456,,")
    monkeypatch.setenv("TOPRUNG_DISCORD_ADMIN_ROLE", "9")
    settings = load_settings()
    assert (settings.discord_admins, settings.discord_admin_role) == (frozenset({123, 456}), 9)
    monkeypatch.delenv("TOPRUNG_DISCORD_SERVER")
    with pytest.raises(InvalidInput, match="TOPRUNG_DISCORD_SERVER as well"):
        load_settings()
    monkeypatch.delenv("TOPRUNG_DISCORD_ADMINS")
    with pytest.raises(InvalidInput, match="TOPRUNG_DISCORD_ADMIN_ROLE"):
        load_settings()


def test_settings_do_not_show_the_databases_password_when_they_are_printed() -> None:
    shown = repr(load_settings(database="postgresql://ann:hunter2-x@db/ladder"))
    assert "hunter2-x" not in shown
    assert "inactivity_days" in shown
