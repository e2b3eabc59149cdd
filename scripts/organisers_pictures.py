"""What organisers see, for `scripts/pictures.py`."""

from pathlib import Path
from typing import Final

from tests.interfaces.discord.conftest import World
from tests.interfaces.discord.ladder import discord_ladder
from tests.interfaces.discord.organisers import Office, mod, office_of, played, shown
from toprung.application.writing.audit import Attribution
from toprung.domain.matches.match import MatchResult, Outcome
from toprung.domain.matches.match_life import Step
from toprung.domain.moment import to_datetime
from toprung.domain.replays.replay_upload import UploadId
from toprung.interfaces.discord.organising.match_log import MatchLogChannel

import simcord  # isort: skip - after the bot, which loads discord.py without its warning

SCENES: Final = (
    ("admin-preview", "en"),
    ("admin-player", "en"),
    ("admin-match-ko", "ko"),
    ("conflict-announced", "en"),
    ("match-log", "en"),
    ("unknown-mod", "en"),
)


async def organisers_pictures(folder: Path) -> None:
    """Takes them."""
    for name, language in SCENES:
        ladder = discord_ladder(channel_language=language)
        await ladder.store.load()
        bot = ladder.new_bot()
        async with simcord.run(bot.client) as env:
            guild = env.create_guild("Evo ladder")
            organiser = guild.add_member(env.create_user("organiser", global_name="Mara"))
            world = World(env, ladder, bot, guild.create_text_channel("ladder"), guild, organiser, organiser, {})
            office = await office_of(world)
            await ladder.joined(organiser.id, "Mara", language=language)
            target, channel = await scene(office, name)
            async with env.preview(
                channel,
                viewers=[organiser],
                width=760,
                height=1_000,
                presentation_time=to_datetime(ladder.clock.now_us()),
            ) as preview:
                path = folder / f"{name}.png"
                await preview.screenshot(path, viewer=organiser, target=target, allow_incomplete=True)
                print(path)


async def scene(office: Office, name: str) -> tuple[simcord.ResponseMessage, simcord.ChannelHandle]:
    """Arranges one, and gives the message and where it stands."""
    world, ladder = office.world, office.world.ladder
    one = await ladder.joined(901, "별빛", country="KR")
    two = await ladder.joined(902, "Novamar", country="PL")
    three = await ladder.joined(903, "Байкал", country="DE")
    for winner, loser in ((one, two), (two, three), (one, three), (two, one)):
        await ladder.play(winner.id, loser.id, times=2)
    if name == "match-log":
        log = MatchLogChannel(office.bot.client.context, office.bot.queue, office.log_channel.id)
        await log.look()
        for winner, loser in ((one, two), (three, one), (two, three), (one, three)):
            match = await office.started(winner, loser)
            await ladder.lifecycle.act(match.id, loser.id, Step.REPORT, Outcome.LOSS)
        match_ids = sorted(ladder.storage.database.played.matches)
        await ladder.ratings.correct(match_ids[-3], MatchResult.DRAW, Attribution(actor="cli", reason="replay"))
        await ladder.ratings.correct(match_ids[-2], None, Attribution(actor="cli", reason="wrong map"))
        await log.look()
        await office.bot.queue.deliver_due()
        return office.messages(office.log_channel)[-1], office.log_channel
    if name == "unknown-mod":
        await played(office, one, mod(*range(12)), times=40)
        await ladder.mods.approve(UploadId(1), Attribution(actor="cli", reason="the official release"))
        await played(office, three, mod(*range(13)))
        (announced,) = await office.look()
        return announced, office.organisers_channel
    if name == "admin-player":
        match = await office.opened(two, three)
        await ladder.lifecycle.act(match.id, two.id, Step.ABORT)
        return shown(await office.admin("player", name="Novamar")), world.channel
    match_id = await office.conflict(one, two)
    (announced,) = await office.look()
    ladder.clock.advance(seconds=600)
    if name == "conflict-announced":
        return announced, office.organisers_channel
    panel = shown(await office.admin("match", number=int(match_id)))
    if name == "admin-match-ko":
        return panel, world.channel
    preview = shown(await world.alice.click(panel, custom_id="admin:side_2_won"))
    return preview, world.channel
