"""What the API's description says of matches."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from toprung.domain.matches.match import Evidence, MatchResult, MatchState
from toprung.domain.replays.replay_upload import UploadState
from toprung.interfaces.web.api.openapi import PLAYER_ID_PATTERN
from toprung.interfaces.web.api.paging import NextCursor

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ClaimAnswer(_Answer):
    """What one side says of a match. `other_side_told_at` is from when the other side's time to answer runs."""

    result: MatchResult
    evidence: Evidence
    claimed_at: Time
    other_side_told_at: Time | None


class SideAnswer(_Answer):
    """One side of a match. The ratings are there once the match was rated."""

    player_id: str = Field(pattern=PLAYER_ID_PATTERN)
    player_name: str
    race: str
    confirmed_at: Time | None
    claim: ClaimAnswer | None
    cancel_asked_at: Time | None
    mmr_before: int | None
    mmr_after: int | None


class MatchReplayAnswer(_Answer):
    """A replay that was brought for a match, and what is said of it."""

    upload_id: str
    player_name: str
    state: UploadState
    sentence: str


class MapLinkAnswer(_Answer):
    """Where a map is found: a page, or an address for the game's chat. `game_region` is null for everywhere."""

    game_region: str | None
    address: str


class MatchAnswer(_Answer):
    """A match. `result` is null where none counts; `deadline` is when an open match moves on by itself.

    `map_links` and `chat_channel` are there while it is open, where the game's data has them. `replays` are the latest
    20, newest first.
    """

    match_id: str
    state: MatchState
    result: MatchResult | None
    map_name: str | None
    map_links: list[MapLinkAnswer]
    server: str | None
    chat_channel: str | None
    assigned_at: Time | None
    started_at: Time | None
    deadline: Time | None
    ended_at: Time | None
    sides: list[SideAnswer]
    replays: list[MatchReplayAnswer]


class MatchesAnswer(_Answer):
    """Matches, the newest first."""

    matches: list[MatchAnswer]
    next: NextCursor


class WhyAnswer(_Answer):
    """A few plain sentences."""

    match_id: str
    sentences: list[str]
