"""Replays that are handed in by the command."""

from dataclasses import dataclass

import pytest

from tests.interfaces.discord.conftest import World
from tests.interfaces.discord.ladder import REPLAY_BYTES_MAX
from tests.interfaces.discord.test_matches import Pair, pair, said
from toprung.domain.match import MatchId
from toprung.domain.player import PlayerId
from toprung.domain.replay import UnreadableReplay
from toprung.domain.replay_checks import CHECK_SENTENCES, Check, CheckCode, CheckStatus
from toprung.domain.replay_findings import Findings
from toprung.domain.replay_upload import (
    GIVEN_UP,
    QUARANTINED,
    READ,
    ReplayUpload,
    UploadId,
    UploadState,
    UploadVerdict,
)
from toprung.domain.replay_upload import MAGIC as MAGICS
from toprung.interfaces.discord import replay_command
from toprung.interfaces.texts.texts import load_texts

import simcord  # isort: skip

__all__ = ["pair"]

MAGIC = MAGICS[0]


async def hand_in(world: World, data: bytes, **options: int) -> simcord.InteractionResult:
    return await world.alice.slash(world.channel, "replay", file=("game.SC2Replay", data), **options)


async def test_a_replay_goes_to_the_intake_for_the_open_match(
    world: World, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_command, "LOOKS_MAX", 0)
    await pair.begin()
    result = await hand_in(world, MAGIC + b"x")
    assert "Replay 1 is received" in said(result)
    assert result.ephemeral
    assert world.ladder.intake.taken == [("Novamar", pair.number, MAGIC + b"x", "game.SC2Replay")]
    world.check_requests()


async def test_the_verdict_takes_the_place_of_the_receipt(
    world: World, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    failed = Check(code=CheckCode.MAP, status=CheckStatus.FAILED, expected=("Khione",), found=("@everyone *here*",))
    findings = Findings(match_id=MatchId(1), side=0, result=None, checks=(failed,), handles=(None, None))
    verdict = UploadVerdict(
        state=UploadState.REJECTED, code="not_verified", sentence="as it is", details=findings.to_details()
    )

    @dataclass
    class Seen:
        upload: ReplayUpload

    async def get(upload_id: UploadId) -> Seen:
        looks.append(upload_id)
        waiting = ReplayUpload(
            id=upload_id,
            sha256="0" * 64,
            player_id=PlayerId(1),
            match_id=MatchId(1),
            file_name=None,
            uploaded_at_us=0,
        )
        return Seen(waiting if len(looks) == 1 else waiting.judged(verdict))

    monkeypatch.setattr(replay_command, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(world.ladder.services.replays, "get", get)
    assert pair.alice
    text = said(await hand_in(world, MAGIC))
    assert r"The map was to be Khione, and \@everyone \*here\* was played." in text
    assert "can be reported by hand" in text
    assert looks == [1, 1]


def test_every_verdict_and_every_check_that_can_stand_in_the_way_has_a_text() -> None:
    texts = load_texts()
    for check in CheckCode:
        for status in (CheckStatus.FAILED, CheckStatus.UNKNOWN):
            code = f"replay.check.{check.value}.{status.value}"
            english = CHECK_SENTENCES[check][status].replace("{", "").replace("}", "")
            assert texts.text(code, "en", expected="expected", found="found") == english
    codes = {kind.code for kind in UnreadableReplay.__subclasses__()}
    codes |= {READ.code, QUARANTINED.code, GIVEN_UP.code, "claimed", "completed", "conflict", "borne_out", "kept"}
    codes |= {"no_winner", "not_a_participant", "not_begun", "not_verified"}
    assert not [code for code in codes if not texts.has(f"replay.verdict.{code}")]


async def test_what_is_no_replay_or_too_large_is_refused(world: World, pair: Pair) -> None:
    await pair.open()
    assert "no replay" in said(await hand_in(world, b"PK"))
    requests = len(world.env.http_requests)
    assert "at most" in said(await hand_in(world, MAGIC + bytes(REPLAY_BYTES_MAX)))
    assert not [one for one in world.env.http_requests[requests:] if "attachments" in one.path]
    assert "no such match" in said(await hand_in(world, MAGIC, number=7))
    carol = world.guild.add_member(world.env.create_user("carol"))
    assert "not on the ladder" in said(await carol.slash(world.channel, "replay", file=("x", MAGIC)))
    assert world.ladder.intake.taken == []
