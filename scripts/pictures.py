"""Renders the bot's messages as Discord shows them: `scripts/pictures.py [FOLDER]`, by default `docs/images/discord`.

A simulated Discord draws them in the Chromium that is there; no network and no token is used.
"""

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from playwright.async_api import BrowserType  # noqa: E402

from scripts.organisers_pictures import organisers_pictures  # noqa: E402
from tests.interfaces.discord.ladder import DiscordLadder, discord_ladder  # noqa: E402
from toprung.domain.matches.match import Outcome, Participant  # noqa: E402
from toprung.domain.matches.match_life import Step  # noqa: E402
from toprung.domain.moment import to_datetime  # noqa: E402
from toprung.domain.players.player import PlayerId  # noqa: E402
from toprung.interfaces.discord.bot.bot import DiscordBot  # noqa: E402

import simcord  # noqa: E402  # isort: skip - after the bot, which loads discord.py without its warning

FOLDER: Final = ROOT / "docs" / "images" / "discord"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS: Final = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run")
WIDTH: Final = 760
HEIGHT: Final = 1_600
ENTRIES: Final = 2_000


def use_installed_browser() -> None:
    """Makes the simulated Discord start the Chromium that is installed."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit("pictures: no Chromium here; install Debian's chromium and fonts-noto-cjk")
    launch = BrowserType.launch

    async def launch_installed(self: BrowserType, **options: Any) -> Any:
        return await launch(self, **{**options, "executable_path": browser, "args": ARGUMENTS})

    BrowserType.launch = launch_installed  # type: ignore[method-assign]


class Studio:
    """A simulated Discord with a season behind it, and somebody who looks at it."""

    def __init__(self, env: simcord.Env, ladder: DiscordLadder) -> None:
        self.env, self.ladder = env, ladder

    async def take(self, path: Path, *, language: str, scene: str) -> None:
        """Takes one picture."""
        guild = self.env.create_guild("Evo ladder")
        channel, name = guild.create_text_channel("ladder"), "별빛" if language == "ko" else "Novamar"
        user = self.env.create_user("reader", global_name=name)
        actor = guild.add_member(user)
        player = await self.ladder.joined(user.id, name, language=language)
        rivals = sorted(self.ladder.storage.database.players)[:24]
        for place, rival in enumerate(rivals):
            self.ladder.clock.advance(seconds=18_000)
            pair = (rival, player.id) if place % 4 == 1 else (player.id, rival)
            await self.ladder.play(*pair, race="sc2_protoss")
        self.ladder.clock.advance(seconds=5_000)
        result = await self._scene(actor, channel, scene)
        async with self.env.preview(
            channel,
            viewers=[actor],
            width=WIDTH,
            height=HEIGHT,
            presentation_time=to_datetime(self.ladder.clock.now_us()),
        ) as preview:
            await preview.screenshot(path, viewer=actor, target=result, allow_incomplete=True)
        print(path)

    async def _scene(self, actor: simcord.MemberActor, channel: simcord.ChannelHandle, scene: str) -> Any:
        if scene == "profile":
            return await actor.slash(channel, "profile")
        if scene == "setup":
            result = await actor.slash(channel, "setup")
            return result.response
        result = await actor.slash(channel, "leaderboard")
        shown = result.response
        if shown is None:
            raise RuntimeError("the bot did not answer")
        if scene in ("filtered", "empty"):
            await actor.select(shown, ["bw_zerg", "sc2_zerg"], custom_id="leaderboard:races")
            await actor.select(shown, ["KR", "DE", "PL"], custom_id="leaderboard:countries_0")
            await actor.click(shown, custom_id="leaderboard:best")
        if scene == "empty":
            await actor.select(shown, ["SG"], custom_id="leaderboard:countries_1")
            await actor.select(shown, [], custom_id="leaderboard:countries_0")
            await actor.click(shown, custom_id="leaderboard:rank")
        if scene == "page 30":
            await actor.select(shown, ["26"], custom_id="leaderboard:page")
            for _ in range(4):
                await actor.click(shown, custom_id="leaderboard:next")
        if scene == "me":
            await actor.click(shown, custom_id="leaderboard:me")
        return result.response


class MatchStudio:
    """Two players, and what one of them is told of their match."""

    def __init__(self, env: simcord.Env, ladder: DiscordLadder, bot: DiscordBot) -> None:
        self.env, self.ladder, self.bot = env, ladder, bot

    async def take(self, path: Path, *, language: str, scene: str) -> None:
        """Takes one picture: of the last thing that the first player was told."""
        own = "별빛" if language == "ko" else "Novamar"
        users = [self.env.create_user(own, global_name=own), self.env.create_user("Kestrel", global_name="Kestrel")]
        reader = await self.ladder.joined(users[0].id, own, language=language)
        rival = await self.ladder.joined(users[1].id, "Kestrel", country="PL")
        for place, other in enumerate(sorted(self.ladder.storage.database.players)[:12]):
            self.ladder.clock.advance(seconds=9_000)
            pair = (other, reader.id) if place % 3 == 1 else (reader.id, other)
            await self.ladder.play(*pair, race="bw_zerg")
            await self.ladder.play(*reversed(pair), race="sc2_protoss")
            await self.ladder.play(rival.id, other, race="sc2_protoss")
        self.ladder.clock.advance(seconds=600)
        await self._scene(users, reader.id, rival.id, scene)
        await self.bot.queue.deliver_due()
        channel = users[0].dm_channel
        message = self.env.backend.get_message(channel.id, channel.history()[-1].id)
        shown = simcord.ResponseMessage(self.env, message)
        async with self.env.preview(
            channel,
            viewers=[users[0]],
            width=WIDTH,
            height=900,
            presentation_time=to_datetime(self.ladder.clock.now_us()),
        ) as preview:
            await preview.screenshot(path, viewer=users[0], target=shown, allow_incomplete=True)
        print(path)

    async def _scene(self, users: list[simcord.UserHandle], reader: PlayerId, rival: PlayerId, scene: str) -> None:
        if scene == "challenge":
            await self.ladder.challenges.make(rival, reader, ("sc2_protoss", "bw_terran"))
            return
        lifecycle = self.ladder.lifecycle
        first = Participant(player_id=reader, race="bw_zerg")
        match = await lifecycle.open(first, Participant(player_id=rival, race="sc2_protoss"))
        if scene == "found":
            return
        for player in (reader, rival):
            await lifecycle.act(match.id, player, Step.CONFIRM)
        if scene == "in progress":
            return
        await lifecycle.act(match.id, rival, Step.REPORT, Outcome.WIN)
        if scene == "claim":
            return
        if scene == "sure":
            await self.bot.queue.deliver_due()
            channel = users[0].dm_channel
            claim = self.env.backend.get_message(channel.id, channel.history()[-1].id)
            await users[0].click(simcord.ResponseMessage(self.env, claim), custom_id=f"match:{match.id}:won")
            return
        outcome = Outcome.WIN if scene == "conflict" else Outcome.LOSS
        await lifecycle.act(match.id, reader, Step.REPORT, outcome)


SCENES: Final = (
    ("leaderboard", "en", "first"),
    ("leaderboard-ko", "ko", "me"),
    ("leaderboard-filtered", "en", "filtered"),
    ("leaderboard-empty", "en", "empty"),
    ("leaderboard-page-30", "en", "page 30"),
    ("profile", "en", "profile"),
    ("profile-ko", "ko", "profile"),
    ("setup", "en", "setup"),
)
MATCH_SCENES: Final = (
    ("challenge", "en", "challenge"),
    ("match-found", "en", "found"),
    ("match-in-progress", "en", "in progress"),
    ("match-in-progress-ko", "ko", "in progress"),
    ("match-claim", "en", "claim"),
    ("match-sure", "en", "sure"),
    ("match-result", "en", "result"),
    ("match-conflict", "en", "conflict"),
)


async def main(folder: Path) -> None:
    """Takes all pictures."""
    use_installed_browser()
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    await players_pictures(folder)
    await organisers_pictures(folder)


async def players_pictures(folder: Path) -> None:
    """What players see."""
    for name, language, scene in SCENES:
        ladder = discord_ladder()
        await ladder.fill(ENTRIES)
        async with simcord.run(ladder.new_bot().client) as env:
            await Studio(env, ladder).take(folder / f"{name}.png", language=language, scene=scene)
    for name, language, scene in MATCH_SCENES:
        ladder = discord_ladder()
        await ladder.fill(ENTRIES)
        bot = ladder.new_bot()
        async with simcord.run(bot.client) as env:
            await MatchStudio(env, ladder, bot).take(folder / f"{name}.png", language=language, scene=scene)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
