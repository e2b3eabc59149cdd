"""The names that the site answers to, and the address at which it is known."""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from toprung.interfaces.web.door.addresses import parse_address

LOCAL_ENDINGS: Final = (".localhost", ".local", ".lan", ".home.arpa", ".internal", ".test")
"""Names that no public name server knows."""
ANY: Final = "*"

_LABEL: Final = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?")
_HEADER: Final = re.compile(r"(?P<host>\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(:[0-9]{1,5})?", re.IGNORECASE)
_NAME_CODE_POINTS_MAX: Final = 253


def parse_host_pattern(text: str) -> str:
    """A name, an address, `*.name` for all below it, or `*`, in one spelling. Raises ValueError with a sentence."""
    wanted = text.strip().lower()
    if wanted == ANY:
        return ANY
    star, name = ("*.", wanted[2:]) if wanted.startswith("*.") else ("", wanted)
    address = parse_address(name) if not star else None
    if address is not None and name.strip("[]").count(":") != 1:
        return str(address)
    try:
        name = name.encode("idna").decode()
    except UnicodeError:
        name = ""
    if len(name) > _NAME_CODE_POINTS_MAX or not _NAME.fullmatch(name):
        raise ValueError(f"{text.strip()[:100]!r} is no name like ladder.example.org; leave scheme, port and path away")
    return star + name.rstrip(".")


def parse_site_url(text: str) -> str:
    """The address of a site, like `https://ladder.example.org`, in one spelling. Raises ValueError with a sentence."""
    said = f"{text.strip()[:200]!r} is no address like https://ladder.example.org"
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise ValueError(said) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(said)
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"{said}; it has no path, no query and no name of a user")
    host = parse_host_pattern(parts.hostname)
    if host.startswith(ANY):
        raise ValueError(said)
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" if port is None else f"{parts.scheme}://{host}:{port}"


class AllowedHosts:
    """What may stand in a request's `Host`. Another site's name there is a browser that was lured here, or a trick.

    Where no names are given, it is every name and address that is of one's own network only, so that a ladder can be
    tried out; what this machine's connection is made to is allowed always, and so is this machine to itself.
    """

    def __init__(self, patterns: Collection[str] = (), *, site_url: str | None = None) -> None:
        known = {ANY} & set(patterns)
        self._is_any = bool(known)
        self._is_open_at_home = not patterns
        self._names = {pattern for pattern in patterns if not pattern.startswith(ANY)}
        self._endings = tuple(pattern[1:] for pattern in patterns if pattern.startswith("*."))
        if site_url is not None:
            self._names.add(parse_host_pattern(urlsplit(site_url).hostname or ""))

    def allows(self, host_header: str, own_address: str = "") -> bool:
        """Whether a request with this `Host`, on a connection made to `own_address`, is meant for this site."""
        found = _HEADER.fullmatch(host_header)
        if found is None:
            return False
        if self._is_any:
            return True
        name = found["host"].lower().rstrip(".")
        address = parse_address(name)
        if address is not None:
            name = str(address)
            is_home = self._is_open_at_home and not address.is_global
            return is_home or address.is_loopback or name in self._names or address == parse_address(own_address)
        if name == "localhost" or name in self._names or name.endswith(self._endings or ("\0",)):
            return True
        return self._is_open_at_home and ("." not in name or name.endswith(LOCAL_ENDINGS))
