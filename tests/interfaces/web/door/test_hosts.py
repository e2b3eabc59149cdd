"""The names that the site answers to."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.interfaces.web.door.hosts import AllowedHosts, parse_host_pattern, parse_site_url

AT_HOME = (
    *("127.0.0.1:8000", "localhost", "LOCALHOST:80", "[::1]:8000", "192.168.1.20:8000", "10.3.4.5", "100.64.7.8"),
    *("my-pc:8000", "ladder.local", "nas.lan:8000", "[fd00::1]", "ladder.localhost", "172.18.0.3", "localhost."),
)
ELSEWHERE = (
    *(
        "evil.example",
        "evil.example:80",
        "203.0.113.7.evil.example",
        "8.8.8.8",
        "[2606:4700::1]:80",
        "localhost.evil",
    ),
    *("", " ", "a b", "localhost@evil.example", "evil.example/localhost", "localhost:80:80", "localhost:http", "[::1"),
    *("127.0.0.1.evil.example", "evil.example\\@localhost", "evil.example#.local", "ladder.local,evil.example"),
    "\u202eevil.com",
)


@pytest.mark.parametrize("host", AT_HOME)
def test_a_newcomer_reaches_the_site_from_this_machine_and_the_same_network(host: str) -> None:
    assert AllowedHosts().allows(host)


@pytest.mark.parametrize("host", ELSEWHERE)
@pytest.mark.parametrize("names", [(), ("ladder.example.org",)])
def test_other_sites_names_and_what_is_no_name_are_refused(host: str, names: tuple[str, ...]) -> None:
    assert not AllowedHosts(names).allows(host)


def test_named_hosts_are_the_only_ones_but_for_this_machine_itself() -> None:
    hosts = AllowedHosts(("ladder.example.org", "*.ladders.example"), site_url="https://play.example:8443")
    for host in (
        "ladder.example.org",
        "Ladder.Example.org:443",
        "sc.ladders.example",
        "play.example",
        "127.0.0.1:8000",
    ):
        assert hosts.allows(host)
    for host in ("my-pc", "192.168.1.20", "ladders.example", "notladders.example", "x.ladder.example.org"):
        assert not hosts.allows(host)


def test_an_address_that_the_connection_was_made_to_is_no_name_that_anybody_gave() -> None:
    assert AllowedHosts(("ladder.example.org",)).allows("8.8.4.4:8000", "8.8.4.4")
    assert not AllowedHosts().allows("8.8.4.4:8000", "8.8.8.8")


def test_a_star_is_every_name_but_still_a_name() -> None:
    assert AllowedHosts(("*",)).allows("evil.example")
    assert not AllowedHosts(("*",)).allows("evil.example/..")


@pytest.mark.parametrize(
    ("given_as", "meant"),
    [
        (" Ladder.Example.org. ", "ladder.example.org"),
        ("*.Example.org", "*.example.org"),
        ("스타.example", "xn--9t4b21x.example"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("192.0.2.1", "192.0.2.1"),
        ("*", "*"),
    ],
)
def test_names_have_one_spelling(given_as: str, meant: str) -> None:
    assert parse_host_pattern(given_as) == meant


@pytest.mark.parametrize(
    "text",
    ["https://a.example.org", "a.example.org:443", "a/b", "a b", "*.*", "-a", "a..b", "10.0.0.1:80", "", "x" * 300],
)
def test_what_is_no_name_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"no name like ladder\.example\.org"):
        parse_host_pattern(text)


@given(st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=20))
def test_a_name_that_is_allowed_is_allowed(label: str) -> None:
    name = f"x{label}.example"
    assert AllowedHosts((parse_host_pattern(name),)).allows(name)
    assert not AllowedHosts((parse_host_pattern(name),)).allows(f"y{name}")


@pytest.mark.parametrize(
    ("given_as", "meant"),
    [
        ("https://Ladder.Example.org/", "https://ladder.example.org"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[2001:DB8::1]:8000", "http://[2001:db8::1]:8000"),
    ],
)
def test_a_site_has_one_address(given_as: str, meant: str) -> None:
    assert parse_site_url(given_as) == meant


@pytest.mark.parametrize(
    "text",
    [
        *("ladder.example.org", "ftp://ladder.example.org", "https://", "https://*", "https://*.example.org"),
        *("https://a@b.example", "https://b.example/x", "https://b.example?x", "https://b.example:99999", "//x"),
        *("javascript:alert(1)", "https://[::1", "https://a b"),
    ],
)
def test_what_is_no_address_of_a_site_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"no (address|name) like"):
        parse_site_url(text)
