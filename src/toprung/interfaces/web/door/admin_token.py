"""The admin API's token, and what becomes of those who guess at it."""

import hashlib
import hmac
import math
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Final

import structlog
from starlette.datastructures import Headers
from starlette.types import Scope

from toprung.domain.errors import ToprungError
from toprung.interfaces.web.door.addresses import counted_as
from toprung.interfaces.web.door.errors import TooManyRequests, Unauthorized
from toprung.interfaces.web.door.shares import checked_token

WRONG_MAX: Final = 10
WINDOW_SECONDS: Final = 60.0
ADDRESSES_MAX: Final = 10_000

_log = structlog.get_logger(__name__)


class AdminToken:
    """Knows the token, compares what is given in constant time, and lets an address guess only so often.

    Who has guessed wrong `wrong_max` times within `window_seconds` is not compared with at all until the first of these
    guesses is so long ago: an answer that still told right from wrong would be what is guessed for.
    """

    def __init__(
        self,
        token: str,
        *,
        clock: Callable[[], float] = monotonic,
        wrong_max: int = WRONG_MAX,
        window_seconds: float = WINDOW_SECONDS,
        addresses_max: int = ADDRESSES_MAX,
    ) -> None:
        self._expected = _digest(f"Bearer {checked_token(token)}")
        self._clock = clock
        self._wrong_max = wrong_max
        self._window_seconds = window_seconds
        self._addresses_max = addresses_max
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()

    def refusal(self, scope: Scope) -> ToprungError | None:
        """Why a request does not get through, or None where its token is right. A wrong one is counted and logged."""
        given = Headers(scope=scope).get("authorization")
        if given is None:
            return Unauthorized("The admin API needs its token, as `Authorization: Bearer ...`.", "no_token")
        client = scope.get("client")
        address = counted_as(client[0]) if client else ""
        now = self._clock()
        wrong = [at for at in self._wrong.get(address, ()) if now - at < self._window_seconds]
        if len(wrong) >= self._wrong_max:
            seconds = max(1, math.ceil(wrong[0] + self._window_seconds - now))
            return TooManyRequests(
                "Too many wrong tokens from your address; try again in {seconds} s.",
                seconds,
                "wrong_tokens",
                seconds=str(seconds),
            )
        if hmac.compare_digest(_digest(given), self._expected):
            return None
        self._remember(address, [*wrong, now])
        _log.warning("admin_token_wrong", address=address, within_the_minute=len(wrong) + 1)
        return Unauthorized(
            "This is not the admin API's token; it goes into `Authorization: Bearer ...`.", "wrong_token"
        )

    def _remember(self, address: str, wrong: list[float]) -> None:
        self._wrong[address] = wrong
        self._wrong.move_to_end(address)
        while len(self._wrong) > self._addresses_max:
            self._wrong.popitem(last=False)


def _digest(text: str) -> bytes:
    # Of equal length whatever is given, so that not even the token's length can be timed.
    return hashlib.sha256(text.encode()).digest()
