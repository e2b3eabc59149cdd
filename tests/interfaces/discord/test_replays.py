"""Replays that are handed in by the command."""

import pytest

from tests.interfaces.discord.conftest import World
from tests.interfaces.discord.ladder import REPLAY_BYTES_MAX
from tests.interfaces.discord.test_matches import Pair, pair, said
from toprung.domain.replay_upload import MAGIC as MAGICS
from toprung.domain.replay_upload import UploadId, UploadState
from toprung.interfaces.discord import replay_command

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
    world.ladder.intake.state = UploadState.VERIFIED
    assert "It is \\*the\\* match" in said(await hand_in(world, MAGIC + b"y", number=1))
    world.check_requests()


async def test_the_verdict_takes_the_place_of_the_receipt(
    world: World, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    class Seen:
        @property
        def upload(self) -> "Seen":
            return self

        state = UploadState.REJECTED
        sentence = "It is of another match."

    async def get(upload_id: UploadId) -> Seen:
        looks.append(upload_id)
        return Seen()

    monkeypatch.setattr(replay_command, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(world.ladder.services.replays, "get", get)
    assert pair.alice
    assert "It is of another match" in said(await hand_in(world, MAGIC))
    assert looks == [1]


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
