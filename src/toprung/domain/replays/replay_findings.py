"""What comparing an upload with its match found, as the upload's verdict keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from toprung.domain.matches.match import MatchId, MatchResult, Side
from toprung.domain.replays.replay_checks import Check, CheckCode, CheckStatus
from toprung.domain.replays.replay_upload import ReplayUpload, UploadVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a replay says of a match, and how it fits.

    `side` is the uploader's. `result` is None where the replay does not fit or states none. `handles` name the accounts
    of the first and of the second side, where the players could be told apart and have accounts.
    """

    match_id: MatchId
    side: Side
    result: MatchResult | None
    checks: tuple[Check, ...]
    handles: tuple[str | None, str | None]

    def to_details(self) -> dict[str, object]:
        """The findings as a verdict's details, which are JSON values."""
        return {
            "match_id": self.match_id,
            "side": self.side,
            "result": self.result,
            "checks": [
                {"code": check.code, "status": check.status, "expected": check.expected, "found": check.found}
                for check in self.checks
            ],
            "handles": self.handles,
        }

    @classmethod
    def from_details(cls, details: Mapping[str, object]) -> "Findings | None":
        """The findings again; None for a verdict that came without comparing."""
        if "checks" not in details:
            return None
        kept = cast("Mapping[str, Any]", details)  # written by `to_details`, and by nothing else
        first, second = kept["handles"]
        return cls(
            match_id=MatchId(kept["match_id"]),
            side=kept["side"],
            result=None if kept["result"] is None else MatchResult(kept["result"]),
            checks=tuple(
                Check(
                    code=CheckCode(check["code"]),
                    status=CheckStatus(check["status"]),
                    expected=tuple(check["expected"]),
                    found=tuple(check["found"]),
                )
                for check in kept["checks"]
            ),
            handles=(first, second),
        )


def findings_of(upload: ReplayUpload) -> Findings | None:
    """What was found of an upload; None where it was not compared with a match."""
    if upload.verdict is None:
        return None
    return Findings.from_details(UploadVerdict.from_json(upload.state, upload.verdict).details)
