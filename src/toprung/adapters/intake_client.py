"""The intake of the running server, through its admin API."""

from typing import Final

import httpx
import msgspec

from toprung.adapters.admin_client import CONNECT_TIMEOUT_SECONDS, AdminClient
from toprung.application.ports.replays import SubmittedReplay
from toprung.domain.matches.match import MatchId

UPLOAD_TIMEOUT_SECONDS: Final = 60.0


class IntakeClient(AdminClient):
    """`Intake` through the server at `address`; otherwise as `AdminClient` is."""

    async def submit_replay(
        self,
        player_name: str,
        match_id: MatchId | None,
        data: bytes,
        file_name: str | None,
        *,
        by_discord: bool = False,  # noqa: ARG002 - what comes this way does not
    ) -> SubmittedReplay:
        """See `Intake`."""
        given = {"as": player_name, "match": None if match_id is None else str(match_id), "name": file_name}
        async with self._answering():
            response = await self._client.post(
                self._url("/replays"),
                params={name: value for name, value in given.items() if value is not None},
                content=data,
                headers={"Content-Type": "application/octet-stream"},
                timeout=httpx.Timeout(UPLOAD_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
            )
            if not response.is_success:
                raise self._refusal(response)
            return msgspec.json.decode(response.content, type=SubmittedReplay, strict=False)  # ids come as strings
