"""Whose a request is: what counts as one address, and whose word is taken for another's."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toprung.interfaces.web.door.addresses import HOPS_MAX, TrustedProxies, counted_as, parse_address

PROXIES = TrustedProxies([ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("127.0.0.1")])
ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
OUTSIDE = ADDRESSES.filter(lambda address: address not in PROXIES)


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7:4711 ", "203.0.113.7"),
        ('"[2001:db8::1]:4711"', "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", None),
        ("unknown", None),
        ("_hidden", None),
        ("203.0.113", None),
        ("[2001:db8::1", "2001:db8::1"),
        ("1" * 500, None),
    ],
)
def test_addresses_are_read_as_proxies_and_sockets_write_them(written: str, address: str | None) -> None:
    parsed = parse_address(written)
    assert (None if parsed is None else str(parsed)) == address


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_a_household_has_one_share_whatever_its_machines_call_themselves(address: IPv6Address, other: int) -> None:
    neighbour = IPv6Address(int(address) >> 64 << 64 | other)
    if address.ipv4_mapped is None and neighbour.ipv4_mapped is None:
        assert counted_as(str(address)) == counted_as(str(neighbour))
    assert counted_as(str(address)) != counted_as(str(IPv6Address(int(address) ^ 1 << 64)))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_the_same_on_a_socket_for_both(address: IPv4Address) -> None:
    assert counted_as(f"::ffff:{address}") == counted_as(str(address)) == str(address)


@given(OUTSIDE, st.lists(ADDRESSES | st.text(max_size=20).filter(lambda text: "," not in text), max_size=5))
def test_the_client_is_the_last_who_is_no_proxy_whatever_he_put_before(client: str, made_up: list[str]) -> None:
    told = ", ".join([*made_up, client, "10.1.2.3"])
    assert parse_address(PROXIES.client_of("127.0.0.1", told)) == parse_address(client)


@pytest.mark.parametrize(
    ("told", "client"),
    [("10.0.0.2, 10.0.0.3", "10.0.0.2"), ("nonsense", "127.0.0.1"), ("203.0.113.7, nonsense, 10.0.0.3", "10.0.0.3")],
)
def test_what_is_no_address_ends_what_is_believed(told: str, client: str) -> None:
    assert PROXIES.client_of("127.0.0.1", told) == client


def test_a_chain_without_end_is_followed_for_a_while() -> None:
    assert PROXIES.client_of("127.0.0.1", ",".join(["203.0.113.7"] + ["10.0.0.2"] * HOPS_MAX)) == "10.0.0.2"


@given(ADDRESSES)
def test_without_proxies_nobody_is_one(address: str) -> None:
    assert address not in TrustedProxies()
