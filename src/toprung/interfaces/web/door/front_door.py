"""Before anything is answered: whom a request is from, whether it is meant for this site, and whether there is room."""

from collections import Counter
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from toprung.domain.errors import Busy, ToprungError
from toprung.interfaces.web.door.addresses import TrustedProxies, counted_as
from toprung.interfaces.web.door.admin_token import WRONG_MAX, AdminToken
from toprung.interfaces.web.door.errors import HostRefused, Refusals, TooManyRequests
from toprung.interfaces.web.door.hosts import AllowedHosts
from toprung.interfaces.web.door.security import ADMIN_PREFIX
from toprung.interfaces.web.door.shares import CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS

HEALTH_PATH: Final = "/healthz"
ROOM_SOON_SECONDS: Final = 5

_SCHEMES: Final = frozenset({"http", "https"})
_HOST_SHOWN_CODE_POINTS: Final = 100

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorRules:
    """Who is let in: whose word is taken, which names the site has, and how much one address may have at a time.

    A client behind a trusted proxy counts by its own address, an IPv6 one with its whole /64. `site_url` is the address
    at which the public knows the site; without it nothing here says an address of its own. `wrong_tokens_max` is how
    often an address may guess at the admin token in a minute.
    """

    proxies: TrustedProxies = field(default_factory=TrustedProxies)
    hosts: AllowedHosts = field(default_factory=AllowedHosts)
    site_url: str | None = None
    connections_max: int = CONNECTIONS_MAX
    connections_per_address: int = CONNECTIONS_PER_ADDRESS
    wrong_tokens_max: int = WRONG_MAX


class Forwarded:
    """Puts in place of a trusted proxy's address and scheme those of whom it speaks for; others are not believed."""

    def __init__(self, app: ASGIApp, proxies: TrustedProxies) -> None:
        self._app = app
        self._proxies = proxies
        self._has_warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs the application."""
        if scope["type"] == "http" and scope.get("client"):
            peer, port = scope["client"]
            headers = Headers(scope=scope)
            forwarded_for = ",".join(headers.getlist("x-forwarded-for"))
            if peer in self._proxies:
                if forwarded_for:
                    scope["client"] = (self._proxies.client_of(peer, forwarded_for), port)
                proto = headers.get("x-forwarded-proto", "").strip().lower()
                if proto in _SCHEMES:
                    scope["scheme"] = proto
            elif forwarded_for and not self._has_warned:
                self._warn(peer)
        await self._app(scope, receive, send)

    def _warn(self, peer: str) -> None:
        """Says once that somebody near, who looks like a proxy, is not taken for one: all visitors count as one."""
        try:
            self._has_warned = not ip_address(peer).is_global
        except ValueError:
            return
        if self._has_warned:
            hint = "if this is your proxy, add it to TOPRUNG_TRUSTED_PROXIES: until then its visitors count as one"
            _log.warning("forwarded_header_not_believed", peer=peer, hint=hint)


class FrontDoor:
    """Refuses requests for other sites, and those of an address, or of all, that has as many open as it may.

    Health, and organisers with the right token, are answered even then.
    """

    def __init__(self, app: ASGIApp, rules: DoorRules, token: AdminToken, refusals: Refusals) -> None:
        self._app = app
        self._rules = rules
        self._token = token
        self._refusals = refusals
        self._inside: Counter[str] = Counter()
        self._inside_in_all = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs the application, or answers 421, 429 or 503."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        address = counted_as(client[0]) if client else ""
        error = self._host_error(scope) or self._room_error(scope, address)
        if error is not None:
            await self._refusals.of(scope, error)(scope, receive, send)
            return
        self._inside[address] += 1
        self._inside_in_all += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside_in_all -= 1
            self._inside[address] -= 1
            if not self._inside[address]:
                del self._inside[address]

    def _host_error(self, scope: Scope) -> ToprungError | None:
        host = Headers(scope=scope).get("host")
        server = scope.get("server")
        if host is None or self._rules.hosts.allows(host, server[0] if server else ""):
            return None
        shown = ascii(host[:_HOST_SHOWN_CODE_POINTS])
        return HostRefused(
            "This ladder does not answer to the name {host}. Who runs it can add the name to TOPRUNG_ALLOWED_HOSTS.",
            host=shown,
        )

    def _room_error(self, scope: Scope, address: str) -> ToprungError | None:
        is_address_full = self._inside[address] >= self._rules.connections_per_address
        if not is_address_full and self._inside_in_all < self._rules.connections_max:
            return None
        if scope["path"] == HEALTH_PATH:
            return None
        if scope["path"].startswith(ADMIN_PREFIX):
            return self._token.refusal(scope)
        if is_address_full:
            return TooManyRequests(
                "Too many requests of your address are open; end one first.", ROOM_SOON_SECONDS, "requests"
            )
        return Busy("Too many are here at this moment; try again in a few seconds.", "requests")
