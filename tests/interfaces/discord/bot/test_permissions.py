"""Every organisers' command and control against everybody who might press it: only organisers of now get anywhere."""

import copy
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any, Final

import discord
import pytest
from structlog.testing import capture_logs

from tests.interfaces.discord.conftest import World
from tests.interfaces.discord.layout import controls
from tests.interfaces.discord.organisers import Office, mod, office_of, played, said, shown
from tests.interfaces.discord.organising.test_organisers_channel import buried
from toprung.domain.matches.match import MatchId, Outcome
from toprung.domain.matches.match_life import Step
from toprung.interfaces.discord.messages.organisers import NotAnOrganiser, Organisers

import simcord  # isort: skip
from simcord.actors import _component_interaction  # isort: skip - a press that Discord's client would not offer

REFUSAL: Final = "Only the organisers of this ladder"
REFUSED: Final = ("stranger", "player", "banned player", "former by role", "former by id", "other server")
ALLOWED: Final = ("by id", "by role")
COMMANDS: Final[dict[str, dict[str, Any]]] = {
    "player": {"name": "Novamar"},
    "match": {"number": 1},
    "create-match": {"player_1": "Novamar", "race_1": "bw_zerg", "player_2": "별빛*_~", "race_2": "bw_zerg"},
    "conflicts": {},
    "void": {"number": 1},
    "set-rating": {"name": "Novamar", "race": "bw_zerg", "mmr": 1700},
    "ban": {"name": "Novamar"},
    "unban": {"name": "Novamar"},
    "pardon": {"name": "Novamar"},
    "announce": {},
}


@dataclass
class Court:
    """An office with a match in conflict, an open one, a dead letter, and everybody who might press something."""

    office: Office
    conflict_id: MatchId
    open_id: MatchId
    job_id: int
    people: dict[str, simcord.MemberActor]
    elsewhere: simcord.ChannelHandle

    def channel_of(self, who: str) -> simcord.ChannelHandle:
        return self.elsewhere if who == "other server" else self.office.world.channel

    def state(self) -> str:
        """All that a press could change."""
        database = self.office.world.ladder.storage.database
        kept = (database.players, database.played, database.entries, database.audit, database.intents, database.jobs)
        return repr(copy.deepcopy((*kept, database.mod_versions)))

    def drop_roles(self, who: str) -> None:
        """Takes every role from somebody, as the server's owner does."""
        member = self.office.world.env.backend.get_guild(self.office.world.guild.id).members[self.people[who].id]
        member.role_ids.clear()


@pytest.fixture
async def court(world: World) -> AsyncIterator[Court]:
    office = await office_of(world)
    ladder, env, guild = world.ladder, world.env, world.guild
    one, two = await office.two()
    conflict_id = await office.conflict(one, two)
    aborted = await office.opened(one, two)
    await ladder.lifecycle.act(aborted.id, two.id, Step.ABORT)
    ladder.clock.advance(days=1)
    match = await office.started(one, two)
    await ladder.lifecycle.act(match.id, one.id, Step.REPORT, Outcome.WIN)
    job_id = await buried(office, one.id)
    await played(office, one, mod(1), times=3)
    other = env.create_guild("elsewhere")
    people = {
        "by id": world.alice,
        "stranger": world.bob,
        "player": guild.add_member(env.create_user("player")),
        "banned player": guild.add_member(env.create_user("banned")),
        "by role": guild.add_member(env.create_user("helper"), roles=[office.role]),
        "former by role": guild.add_member(env.create_user("former"), roles=[office.role]),
        "former by id": guild.add_member(env.create_user("former by id")),
        "other server": other.add_member(world.alice.user),
    }
    await ladder.joined(people["player"].id, "Player")
    await ladder.players.ban((await ladder.joined(people["banned player"].id, "Banned")).id)
    court = Court(office, conflict_id, match.id, job_id, people, other.create_text_channel("elsewhere"))
    court.drop_roles("former by role")
    yield court
    world.check_requests()


def options_of(court: Court, command: str, who: str) -> dict[str, Any]:
    return {"channel": court.channel_of(who)} if command == "announce" else COMMANDS[command]


async def test_the_matrix_knows_every_command(court: Court) -> None:
    group = court.office.bot.client.tree.get_command("admin")
    assert isinstance(group, discord.app_commands.Group)
    assert {command.name for command in group.commands} == COMMANDS.keys()
    assert group.guild_only


@pytest.mark.parametrize("who", [*REFUSED, *ALLOWED])
async def test_commands(court: Court, who: str) -> None:
    before = court.state()
    for command in COMMANDS:
        with capture_logs() as logs:
            result = await court.people[who].slash(
                court.channel_of(who), f"admin {command}", **options_of(court, command, who)
            )
        is_refused = REFUSAL in said(result)
        assert is_refused == (who in REFUSED), (command, said(result))
        assert result.ephemeral or result.modal is not None
        logged = [entry["asked_for"] for entry in logs if entry["event"] == "organiser_refused"]
        assert logged == ([f"admin {command}"] if is_refused else [])
    assert court.state() == before


@pytest.mark.parametrize("who", [who for who in REFUSED if who != "other server"])
@pytest.mark.parametrize("panel", ["player", "match", "conflicts", "ban", "void"])
async def test_a_forged_press_on_each_control_of_an_organisers_message(court: Court, who: str, panel: str) -> None:
    given = {"match": {"number": int(court.open_id)}, "void": {"number": int(court.open_id)}}
    message = shown(await court.office.admin(panel, **given.get(panel, COMMANDS[panel])))
    before, stored = court.state(), court.office.world.env.backend.get_message(message.channel_id, message.id)
    for custom_id, control in controls(message).items():
        data: dict[str, Any] = {"custom_id": custom_id, "component_type": control["type"], "id": control["id"]}
        if control["type"] == discord.ComponentType.select.value:
            data["values"] = [control["options"][0]["value"]]
        with capture_logs() as logs:
            result = await _component_interaction(court.people[who], stored, data)
        assert REFUSAL in said(result), custom_id
        assert result.modal is None
        assert [entry["asked_for"] for entry in logs if entry["event"] == "organiser_refused"] == [custom_id]
    assert court.state() == before
    assert controls(message)


@pytest.mark.parametrize("who", REFUSED[:-1] + ALLOWED)
async def test_the_buttons_in_the_organisers_channel(court: Court, who: str) -> None:
    by_control = {name: message for message in await court.office.look() for name in controls(message)}
    assert {name.rpartition(":")[0] for name in by_control} == {"admin:resolve", "admin:retry", "admin:approve_mod"}
    before = court.state()
    for custom_id, message in by_control.items():
        result = await court.people[who].click(message, custom_id=custom_id)
        assert (REFUSAL in said(result)) == (who in REFUSED)
    assert court.state() == before  # each is looked at or asked for a reason first


async def test_who_loses_the_role_between_the_preview_and_the_reason_changes_nothing(court: Court) -> None:
    helper, channel = court.people["by role"], court.office.world.channel
    preview = shown(await helper.slash(channel, "admin ban", name="Novamar"))
    text = await helper.slash(channel, "admin announce", channel=channel)
    by_control = {name: message for message in await court.office.look() for name in controls(message)}
    retry = await helper.click(by_control[f"admin:retry:{court.job_id}"], custom_id=f"admin:retry:{court.job_id}")
    mod_preview = shown(await helper.click(by_control["admin:approve_mod:3"], custom_id="admin:approve_mod:3"))
    approval = await helper.click(mod_preview, custom_id="admin:go")
    form = await helper.click(preview, custom_id="admin:go")
    before = court.state()
    court.drop_roles("by role")
    assert REFUSAL in said(await helper.submit_modal(form, {"reason": "because"}))
    assert REFUSAL in said(await helper.submit_modal(text, {"text": "hello"}))
    assert REFUSAL in said(await helper.submit_modal(retry, {"reason": "because"}))
    assert REFUSAL in said(await helper.submit_modal(approval, {"reason": "because"}))
    assert REFUSAL in said(await helper.click(preview, custom_id="admin:leave"))
    assert court.state() == before


async def test_who_is_taken_out_of_the_settings_is_refused_on_messages_from_before(court: Court) -> None:
    office = court.office
    preview = shown(await office.admin("ban", name="Novamar"))
    organisers = Organisers(server_id=office.world.guild.id, role_id=office.role.id)
    office.world.ladder = replace(office.world.ladder, organisers=organisers)
    await office.restart()
    before = court.state()
    assert REFUSAL in said(await office.world.alice.click(preview, custom_id="admin:go"))
    assert REFUSAL in said(await office.world.alice.slash(office.world.channel, "admin conflicts"))
    assert court.state() == before


@dataclass
class Press:
    """As much of an interaction as the check looks at."""

    user: Any
    guild_id: int | None
    command: None = None
    data: None = None


@dataclass
class Account:
    """Somebody in a direct message, who has no roles."""

    id: int


@pytest.mark.parametrize("guild_id", [None, 8])
def test_in_a_direct_message_and_in_another_server_there_are_no_organisers(guild_id: int | None) -> None:
    organisers = Organisers(server_id=7, user_ids=frozenset({1}), role_id=5)
    organisers.require(Press(Account(1), 7))  # type: ignore[arg-type]  # all that is looked at
    with pytest.raises(NotAnOrganiser):
        organisers.require(Press(Account(1), guild_id))  # type: ignore[arg-type]


def test_without_a_server_there_are_none_at_all() -> None:
    with pytest.raises(NotAnOrganiser):
        Organisers(user_ids=frozenset({1})).require(Press(Account(1), None))  # type: ignore[arg-type]
