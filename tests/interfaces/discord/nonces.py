"""What Discord makes of nonces, for whatever plays Discord in a test.

Its documentation says of `enforce_nonce`: where the same author created a message with the same nonce in the past few
minutes, that message is returned and no new one is created. Nobody is told of it, neither who sent it nor who was to
read it. In which channel the message was does not matter by these words, so it does not here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

from simcord.http import router

import pytest  # isort: skip

REMEMBERED_SECONDS: Final = 300.0
CHARACTERS_MAX: Final = 25
_SENDING: Final = ["channels", "{channel_id}", "messages"]


@dataclass
class RememberedNonces:
    """The nonces of one author. `swallowed` are those that came again, so that the message with them was not posted."""

    now_seconds: Callable[[], float] = monotonic
    swallowed: list[str] = field(default_factory=list)
    _posted: dict[str, tuple[float, Any]] = field(default_factory=dict)

    def post(self, body: Any, create: Callable[[], Any]) -> Any:
        """The message that Discord returns for a request to post one; created only where its nonce is new."""
        nonce = str((body or {}).get("nonce") or "")
        assert len(nonce) <= CHARACTERS_MAX, f"Discord refuses the nonce {nonce}"
        if not nonce or not body.get("enforce_nonce"):
            return create()
        at, earlier = self._posted.get(nonce, (float("-inf"), None))
        if self.now_seconds() - at <= REMEMBERED_SECONDS:
            self.swallowed.append(nonce)
            return earlier
        message = create()
        self._posted[nonce] = self.now_seconds(), message
        return message


def remembered_by_simcord(monkeypatch: pytest.MonkeyPatch) -> RememberedNonces:
    """Has simcord, which ignores nonces, answer them as Discord does."""
    nonces = RememberedNonces()
    routes = router._ROUTES["POST"]
    (place,) = (place for place, (template, _) in enumerate(routes) if template == _SENDING)
    template, send = routes[place]

    def send_once(ctx: router.RequestContext) -> Any:
        return nonces.post(ctx.json, lambda: send(ctx))

    monkeypatch.setitem(router._ROUTES, "POST", [*routes[:place], (template, send_once), *routes[place + 1 :]])
    return nonces
