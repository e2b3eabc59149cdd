"""What became of a replay, in the reader's language."""

from typing import Final

from toprung.domain.replays.replay_checks import Check, CheckCode, CheckStatus
from toprung.domain.replays.replay_findings import Findings
from toprung.domain.replays.replay_upload import ReplayUpload, UploadVerdict
from toprung.interfaces.discord.messages.context import Reader
from toprung.interfaces.discord.messages.markdown import Markdown, escaped

TEXT_CHARACTERS_MAX: Final = 70
NOT_VERIFIED: Final = "not_verified"

_GATING_IF_UNKNOWN: Final = frozenset({CheckCode.PLAYERS, CheckCode.RACES})


def verdict_text(reader: Reader, upload: ReplayUpload, *, answer_minutes: float) -> Markdown:
    """The verdict on an upload, with a line for each check that speaks against it; one without a text as it is."""
    if upload.verdict is None:
        return escaped(upload.sentence)
    verdict = UploadVerdict.from_json(upload.state, upload.verdict)
    code = f"replay.verdict.{verdict.code}"
    if not reader.texts.has(code):
        return escaped(verdict.sentence)
    said = reader.say(code, number=str(upload.match_id or "–"), minutes=f"{answer_minutes:g}")
    findings = Findings.from_details(verdict.details)
    if verdict.code != NOT_VERIFIED or findings is None:
        return said
    return Markdown("\n".join([*(_check_text(reader, one) for one in findings.checks if _speaks_against(one)), said]))


def _speaks_against(check: Check) -> bool:
    return check.status is CheckStatus.FAILED or (
        check.status is CheckStatus.UNKNOWN and check.code in _GATING_IF_UNKNOWN
    )


def _check_text(reader: Reader, check: Check) -> Markdown:
    expected, found = (", ".join(map(_shown, texts)) or "–" for texts in (check.expected, check.found))
    return Markdown(f"- {reader.say(f'replay.check.{check.code}.{check.status}', expected=expected, found=found)}")


def _shown(text: str) -> str:
    """A text from a replay, no longer than a line can bear."""
    return text if len(text) <= TEXT_CHARACTERS_MAX else f"{text[:TEXT_CHARACTERS_MAX]}…"
