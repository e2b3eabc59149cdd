"""What organisers see of a player and do about one: ban, pardon, set a rating."""

from collections.abc import Mapping
from typing import Final

import discord

from toprung.application.organising.operation import NOBODY_YET
from toprung.application.organising.player_operations import BanPlayer, PardonPlayer, RestorePlayer, UnbanPlayer
from toprung.application.organising.rating_operations import SetRating
from toprung.application.players.player_dossier import Dossier
from toprung.application.writing.audit import Attribution
from toprung.domain.players.departure import has_left
from toprung.domain.players.player import PlayerId
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.layouts import Button
from toprung.interfaces.discord.messages.markdown import Markdown, escaped
from toprung.interfaces.discord.organising.admin_matches import open_match_panel
from toprung.interfaces.discord.organising.admin_text import dossier_lines, entry_lines, penalty_lines, rating_lines
from toprung.interfaces.discord.organising.organiser_layouts import Deciding, Decision, DecisionView, OrganiserLayout

RESTORE: Final = "admin:give_back"


class PlayerPanel(OrganiserLayout):
    """One player, with what can be done about that player."""

    def __init__(self, context: BotContext, reader: Reader, name: str) -> None:
        super().__init__(context, reader)
        self._name = name

    async def update_view(self, interaction: discord.Interaction) -> None:
        """Draws the player as things are now."""
        dossier = await self.context.ladder.dossiers.find(self._name)
        player, say = dossier.player, self.reader.plain
        self.begin()
        self.add_container(
            self.paragraph(Markdown(f"## {escaped(player.name)}"), 200),
            self.paragraph(dossier_lines(self.context, self.reader, dossier), 3_500),
        )
        danger = discord.ButtonStyle.danger
        ban = ("admin.unban", self._unban) if player.is_banned else ("admin.ban", self._ban)
        self.add_row(
            Button("admin:ban", say(ban[0]), ban[1], style=danger),
            Button("admin:pardon", say("admin.pardon"), self._pardon, disabled=not dossier.unpardoned),
            Button("admin:restore", say("admin.restore"), self._restore, disabled=_old_of(dossier) is None),
            Button("admin:match", say("admin.see_match"), self._see_match, disabled=dossier.open_match_id is None),
            Button("admin:again", say("admin.again"), self.update_view, emoji="🔄"),
        )
        await self.show(interaction)

    async def _ban(self, interaction: discord.Interaction) -> None:
        await decide(self.context, self.reader, interaction, ban(self.context, self.reader, self._name))

    async def _unban(self, interaction: discord.Interaction) -> None:
        await decide(self.context, self.reader, interaction, unban(self.context, self.reader, self._name))

    async def _pardon(self, interaction: discord.Interaction) -> None:
        await decide(self.context, self.reader, interaction, pardon(self.context, self.reader, self._name))

    async def _restore(self, interaction: discord.Interaction) -> None:
        old = _old_of(await self.context.ladder.dossiers.find(self._name))
        if old is None:
            await self.update_view(interaction)  # it is given back by now
        else:
            await decide(self.context, self.reader, interaction, restore(self.context, self.reader, old))

    async def _see_match(self, interaction: discord.Interaction) -> None:
        match_id = (await self.context.ladder.dossiers.find(self._name)).open_match_id
        if match_id is None:
            await self.update_view(interaction)  # it is over by now
        else:
            await open_match_panel(self.context, self.reader, interaction, match_id)


async def decide(context: BotContext, reader: Reader, interaction: discord.Interaction, decision: Decision) -> None:
    """Shows a decision as a new message."""
    await DecisionView(context, reader, decision).update_view(interaction)


def _name(dossier: Dossier) -> Markdown:
    return Markdown(f"**{escaped(dossier.player.name)}**")


def ban(context: BotContext, reader: Reader, name: str) -> Decision:
    """Banning a player."""

    async def preview() -> Markdown:
        dossier = await context.ladder.dossiers.find(name)
        if dossier.player.is_banned:
            return reader.say("admin.banned_already", name=_name(dossier))
        lines = [reader.say("admin.ban_what", name=_name(dossier), count=len(dossier.entries))]
        if has_left(dossier.player) and dossier.left_at_us is None:
            lines.append(reader.say("admin.ban_nobody"))
        if dossier.open_match_id is not None:
            lines.append(reader.say("admin.ban_open_match", match=int(dossier.open_match_id)))
        return Markdown("\n".join(lines))

    async def carry_out(by: Attribution) -> Markdown:
        dossier = await context.ladder.dossiers.find(name)
        await context.ladder.administration.perform(BanPlayer(name=dossier.player.name, by=by))
        return reader.say("admin.ban_done", name=_name(dossier))

    return Decision(title=reader.say("admin.ban_title", name=name), preview=preview, carry_out=carry_out)


def unban(context: BotContext, reader: Reader, name: str) -> Decision:
    """Lifting a ban."""

    async def preview() -> Markdown:
        dossier = await context.ladder.dossiers.find(name)
        code = "admin.unban_what" if dossier.player.is_banned else "admin.not_banned"
        return reader.say(code, name=_name(dossier))

    async def carry_out(by: Attribution) -> Markdown:
        dossier = await context.ladder.dossiers.find(name)
        await context.ladder.administration.perform(UnbanPlayer(name=dossier.player.name, by=by))
        return reader.say("admin.unban_done", name=_name(dossier))

    return Decision(title=reader.say("admin.unban_title", name=name), preview=preview, carry_out=carry_out)


def pardon(context: BotContext, reader: Reader, name: str) -> Decision:
    """Lifting the penalties of a player."""

    async def preview() -> Markdown:
        dossier = await context.ladder.dossiers.find(name)
        what = reader.say("admin.pardon_what", name=_name(dossier), count=len(dossier.unpardoned))
        return Markdown(f"{what}\n{penalty_lines(reader, dossier, context.ladder.clock.now_us())}")

    async def carry_out(by: Attribution) -> Markdown:
        dossier = await context.ladder.dossiers.find(name)
        done = await context.ladder.administration.perform(PardonPlayer(name=dossier.player.name, by=by))
        return reader.say("admin.pardon_done", name=_name(dossier), count=done.pardoned)

    return Decision(title=reader.say("admin.pardon_title", name=name), preview=preview, carry_out=carry_out)


def _old_of(dossier: Dossier) -> PlayerId | None:
    """The old player whom a dossier is about, or whom the account had last; None where nobody left."""
    if dossier.left_at_us is not None:
        return dossier.player.id
    return dossier.former[-1].id if dossier.former else None


def restore(context: BotContext, reader: Reader, old: PlayerId) -> Decision:
    """Giving somebody who came back the old player back."""
    dossiers = context.ladder.dossiers

    async def preview() -> Markdown:
        dossier = await dossiers.get(old)
        now = dossier.returned_as
        if now is None:
            return reader.say("admin.restore_not", name=_name(dossier))
        lines = [
            reader.say("admin.restore_what", name=Markdown(f"**{escaped(now.name)}**"), old=_name(dossier)),
            entry_lines(context, reader, dossier.entries),
        ]
        since = (await dossiers.get(now.id)).entries
        if since:
            lines += [reader.say("admin.restore_behind"), entry_lines(context, reader, since)]
        return Markdown("\n".join(lines))

    async def carry_out(by: Attribution) -> Markdown:
        dossier = await dossiers.get(old)
        player = await context.ladder.administration.perform(RestorePlayer(name=dossier.player.name, by=by))
        return reader.say("admin.restore_done", name=Markdown(f"**{escaped(player.name)}**"))

    return Decision(title=reader.say("admin.restore_title"), preview=preview, carry_out=carry_out)


def set_rating(context: BotContext, reader: Reader, name: str, race: str, mmr: int) -> Decision:
    """Setting a rating by hand."""
    administration = context.ladder.administration

    async def operation(by: Attribution) -> SetRating:
        player = (await context.ladder.dossiers.find(name)).player
        return SetRating(name=player.name, race=race, mmr=mmr, by=by)

    async def preview() -> Markdown:
        return rating_lines(context, reader, await administration.preview(await operation(NOBODY_YET)))

    async def carry_out(by: Attribution) -> Markdown:
        return rating_lines(context, reader, await administration.perform(await operation(by)))

    return Decision(title=reader.say("admin.set_rating_title", name=name), preview=preview, carry_out=carry_out)


DECISIONS: Final[Mapping[str, Deciding]] = {
    RESTORE: lambda context, reader, number: restore(context, reader, PlayerId(number)),
}
"""By the beginning of the button's id."""
