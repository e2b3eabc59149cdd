"""What the Discord bot sends: every request to Discord, of a simulated one, while people press what it offers."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

from pydantic import SecretStr

from scripts.transcript.ladder import MOMENT, opened
from scripts.transcript.pages import Transcript, as_json
from toprung.bootstrap.discord_bot import discord_bot
from toprung.interfaces.discord.bot import bot as bot_module
from toprung.interfaces.discord.bot.bot import DiscordBot
from toprung.settings import Settings

import simcord  # isort: skip - after the bot, which loads discord.py without its warning

BUTTON: Final = 2
SELECT: Final = 3
PRESSES_MAX: Final = 14


class Server:
    """A server with an organiser and two players, and what the bot sends there."""

    def __init__(
        self,
        transcript: Transcript,
        env: simcord.Env,
        bot: DiscordBot,
        guild: simcord.GuildHandle,
        users: list[simcord.UserHandle],
    ) -> None:
        self._transcript, self._env, self._bot = transcript, env, bot
        self._seen = 0
        self.channel, self.users = guild.create_text_channel("ladder"), users
        self.alice, self.bob, self.carol = (guild.add_member(user) for user in users)

    async def settle(self, title: str) -> None:
        """Keeps what was sent since the last time."""
        await self._bot.queue.deliver_due()
        requests = self._env.http_requests
        new, self._seen = requests[self._seen :], len(requests)
        sent = [as_json({"method": one.method, "path": one.path, "json": one.json}) for one in new]
        self._transcript.keep("discord", title, *(sent or ["nothing"]))

    async def say(self, who: simcord.MemberActor, command: str, **options: Any) -> simcord.InteractionResult | None:
        """Somebody uses a command."""
        MOMENT.forward(90)
        try:
            result = await who.slash(self.channel, command, **options)
        except Exception as error:  # noqa: BLE001 - what the bot refuses is raised here too
            result = None
            title = f"/{command} {options or ''} raised {type(error).__name__}"
        else:
            title = f"/{command} {options or ''}"
        await self.settle(title)
        return result

    async def press_all(self, who: simcord.MemberActor, result: simcord.InteractionResult | None, name: str) -> None:
        """Presses what the answer offers, one after the other, and chooses the first of every list."""
        if result is None or result.response is None:
            return
        message, pressed = result.response, set[str]()
        for _ in range(PRESSES_MAX):
            offered = [one for one in _controls(message.components) if one["custom_id"] not in pressed]
            offered = [one for one in offered if not one.get("disabled")]
            if not offered:
                return
            control = offered[0]
            pressed.add(control["custom_id"])
            await self.press(who, message, control, name)

    async def press(
        self,
        who: simcord.MemberActor | simcord.UserHandle,
        message: Any,
        control: dict[str, Any],
        name: str,
        **fields: str,
    ) -> None:
        """Presses one button or chooses the first of one list, and fills in the form that may come."""
        MOMENT.forward(5)
        custom_id, title = control["custom_id"], f"{name} press {control['custom_id']}"
        try:
            if control["type"] == SELECT:
                result = await who.select(message, [control["options"][0]["value"]], custom_id=custom_id)
            else:
                result = await who.click(message, custom_id=custom_id)
            if result.modal is not None and fields:
                await who.submit_modal(result, fields)
        except Exception as error:  # noqa: BLE001 - what the bot refuses is raised here too
            title += f" raised {type(error).__name__}"
        await self.settle(title)

    async def join(self, who: simcord.MemberActor, name: str, country: str, language: str) -> None:
        """Somebody goes through the set-up."""
        result = await self.say(who, "setup")
        assert result is not None
        assert result.response is not None
        panel = result.response
        steps: list[tuple[str, list[str] | dict[str, str] | None]] = [
            ("setup:language", [language]), ("setup:terms", None),
            ("setup:name", {"name": name, "in_game_name": f"{name[:12]}#1234"}),
            ("setup:country_0", [country]), ("setup:region", ["KRJ"]), ("setup:finish", None),
        ]  # fmt: skip
        for custom_id, value in steps:
            if isinstance(value, list):
                await who.select(panel, value, custom_id=custom_id)
            else:
                form = await who.click(panel, custom_id=custom_id)
                if value is not None:
                    await who.submit_modal(form, value)
            await self.settle(f"setup of {name}: {custom_id}")

    async def press_told(self, who: int, action: str) -> None:
        """Somebody presses a control of what they were told last."""
        message = await self.last_told(who)
        for control in () if message is None else _controls(message.components):
            if any(part.startswith(action) for part in control["custom_id"].split(":")):
                await self.press(self.users[who], message, control, f"user {who}")
                return
        await self.settle(f"user {who} is not offered {action}")

    async def last_told(self, who: int) -> simcord.ResponseMessage | None:
        """The last direct message that somebody was sent."""
        channel = self.users[who].dm_channel
        history = channel.history()
        if not history:
            return None
        return simcord.ResponseMessage(self._env, self._env.backend.get_message(channel.id, history[-1].id))


def _controls(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        if "custom_id" in component:
            yield component
        yield from _controls(component.get("components", []))


async def ask_bot(transcript: Transcript, settings: Settings) -> None:
    """Goes through the bot as people do."""
    made: list[DiscordBot] = []

    @asynccontextmanager
    async def not_connected(bot: DiscordBot) -> AsyncIterator[None]:
        made.append(bot)
        yield

    bot_module.running = not_connected
    settings = settings.model_copy(update={"discord_token": SecretStr("token")})
    async with opened(settings) as wired:
        ladder = wired.ladder
        async with discord_bot(ladder, settings):
            env = simcord.Env(made[0].client, settle_timeout=120.0)
            await env.start()
            guild = env.create_guild("Evo ladder")
            users = [env.create_user(name, global_name=name) for name in ("alice", "bob", "carol")]
            organisers, log = guild.create_text_channel("organisers"), guild.create_text_channel("log")
        update = {
            "discord_server": guild.id,
            "discord_admins": frozenset({users[0].id}),
            "discord_organisers_channel": organisers.id,
            "discord_match_log_channel": log.id,
        }
        try:
            async with discord_bot(ladder, settings.model_copy(update=update)):
                await env.restart_bot(made[1].client)
                await _scenes(Server(transcript, env, made[1], guild, users))
        finally:
            await env.shutdown()


async def _scenes(server: Server) -> None:
    say, press_all, alice, bob, carol = server.say, server.press_all, server.alice, server.bob, server.carol
    await server.settle("commands")
    for command in ("leaderboard", "help", "profile", "matches"):
        await press_all(carol, await say(carol, command), f"carol {command}")
    await server.join(alice, "Byul", "KR", "ko")
    await server.join(bob, "Nova*mar*", "PL", "en")
    for who, name in ((alice, "alice"), (bob, "bob")):
        for command in ("leaderboard", "profile", "help", "matches"):
            await press_all(who, await say(who, command), f"{name} {command}")
    await say(bob, "setcountry", country="DE")
    await say(bob, "setcountry", country="Atlantis")
    await _matches(server)
    await _organisers(server)
    await say(bob, "leaderboard")
    await press_all(carol, await say(carol, "delete-my-data"), "carol deletes")
    await press_all(bob, await say(bob, "delete-my-data"), "bob deletes")


async def _matches(server: Server) -> None:
    for outcomes in (("won", "lost"), ("won", "won")):
        result = await server.say(server.alice, "challenge", player=server.users[1])
        await server.press_all(server.alice, result, "challenge")
        await server.press_told(1, "accept")
        for who in (0, 1):
            await server.press_told(who, "confirm")
        for who in (0, 1):
            await server.press_told(who, outcomes[who])
    for actor, command in ((server.bob, "matches"), (server.alice, "matches"), (server.bob, "profile")):
        await server.press_all(actor, await server.say(actor, command), command)


async def _organisers(server: Server) -> None:
    say, alice, reason = server.say, server.alice, {"reason": "agreed by both"}
    await say(server.bob, "admin player", name="Byul")
    for command, options in (
        ("player", {"name": "Novamar"}), ("player", {"name": "nobody at all"}), ("match", {"number": 1501}),
        ("match", {"number": 99999}), ("conflicts", {}), ("void", {"number": 9}), ("ban", {"name": "Westwind"}),
        ("unban", {"name": "Westwind"}), ("pardon", {"name": "Falke"}),
        ("set-rating", {"name": "Novamar", "race": "bw_zerg", "mmr": 1650}),
        ("create-match", {"player_1": "Novamar", "race_1": "bw_zerg", "player_2": "Falke", "race_2": "sc2_terran"}),
    ):  # fmt: skip
        result = await say(alice, f"admin {command}", **options)
        if result is None or result.response is None:
            continue
        for control in list(_controls(result.response.components)):
            if control["custom_id"] in ("admin:go", "admin:leave") or control["type"] == SELECT:
                fields = reason if control["custom_id"] == "admin:go" else {}
                await server.press(alice, result.response, control, f"admin {command}", **fields)
    await say(alice, "admin announce", channel=server.channel)
