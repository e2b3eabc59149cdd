"""`/leaderboard`: the ladder with its filters, pages, search and the reader's own place."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from toprung.domain.leaderboard.leaderboard import LeaderboardPage, LeaderboardRow, PlayerStanding
from toprung.domain.leaderboard.ranks import LETTERS
from toprung.domain.players.countries import OTHER, flag_emoji
from toprung.domain.players.player import PlayerId
from toprung.interfaces.discord.leaderboard.leaderboard_text import (
    ROWS_CHARACTERS_MAX,
    board_rows,
    listed,
    page_choices,
)
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.layouts import OPTIONS_MAX, Button, Form, Layout, Select, option
from toprung.interfaces.discord.messages.markdown import Markdown
from toprung.interfaces.filter_arguments import FilterArguments

FILTER_NAMES_SHOWN_MAX: Final = 12
HEADER_CHARACTERS_MAX: Final = 700
OTHERS_FOUND_MAX: Final = 4


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What a drawing shows, gathered before anything is drawn."""

    page: LeaderboardPage
    own: LeaderboardRow | None
    without: Sequence[tuple[str, int]]
    """Where nothing is shown: each filter that something would be shown without, and how much."""


class LeaderboardView(Layout):
    """One reader's leaderboard: what it is filtered by and the page it is on. Nobody else's press changes it."""

    def __init__(self, context: BotContext, reader: Reader, *, ephemeral: bool = False) -> None:
        super().__init__(context, reader)
        self.country_filter: list[str] = []
        self.race_filter: list[str] = []
        self.best_race_only = False
        self.rank_filter: str | None = None
        self.current_page = 1
        self._found: PlayerId | None = None
        self._notice: Markdown | None = None
        self._version: str | None = None
        self._ephemeral = ephemeral
        self._drawing = asyncio.Lock()

    @property
    def filters(self) -> FilterArguments:
        """The filters, as the service takes them."""
        return {
            "country_filter": tuple(self.country_filter),
            "race_filter": tuple(self.race_filter),
            "best_race_only": self.best_race_only,
            "rank_filter": self.rank_filter,
        }

    def copy_for(self, reader: Reader) -> "LeaderboardView":
        """The same filters and page, for somebody else and only for their eyes."""
        view = LeaderboardView(self.context, reader, ephemeral=True)
        view.country_filter, view.race_filter = list(self.country_filter), list(self.race_filter)
        view.best_race_only, view.rank_filter = self.best_race_only, self.rank_filter
        view.current_page = self.current_page
        return view

    async def update_view(self, interaction: discord.Interaction) -> None:
        """Draws the ladder as it now is and answers the interaction with it: the only way this view is ever drawn."""
        async with self._drawing:
            async with self.context.drawing:
                drawn = await self._gather()
                self.current_page = drawn.page.current_page
                if self._notice is None and self._version not in (None, drawn.page.version):
                    self._notice = self.reader.say("leaderboard.moved")
                self._version = drawn.page.version
                self._draw(drawn)
                self._notice = None
            await self.show(interaction, ephemeral=self._ephemeral)

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Lets the owner through; anybody else gets a leaderboard of their own."""
        if not await super().interaction_check(interaction):
            return False
        if interaction.user.id == self.reader.discord_id:
            return True
        await self.copy_for(await self.context.reader(interaction)).update_view(interaction)
        return False

    async def _gather(self) -> _Drawn:
        leaderboard = self.context.ladder.leaderboard
        page = await leaderboard.get_leaderboard_data(**self.filters, current_page=self.current_page)
        own: PlayerStanding | None = None
        if self.reader.player_id is not None:
            own = await leaderboard.find_player(self.reader.player_id)
        without = [] if page.players else await self._what_to_clear()
        return _Drawn(page, None if own is None else own.row, without)

    async def _what_to_clear(self) -> list[tuple[str, int]]:
        nothing: FilterArguments = {
            "country_filter": (),
            "race_filter": (),
            "best_race_only": False,
            "rank_filter": None,
        }
        found: list[tuple[str, int]] = []
        for name, label in self._filter_labels():
            without: Any = {**self.filters, name: nothing[name]}  # type: ignore[literal-required]
            page = await self.context.ladder.leaderboard.get_leaderboard_data(**without, page_size=1)
            if page.total_players:
                found.append((label, page.total_players))
        return found

    def _filter_labels(self) -> list[tuple[str, str]]:
        """Each active filter: its argument's name, and how it is said."""
        ladder, reader = self.context.ladder, self.reader
        labels: list[tuple[str, str]] = []
        if self.rank_filter:
            labels.append(("rank_filter", reader.say("leaderboard.filter_rank", rank=self.rank_filter)))
        if self.race_filter:
            names = [race.name for race in ladder.catalog.races if race.code in self.race_filter]
            shown = listed(names, FILTER_NAMES_SHOWN_MAX)
            labels.append(("race_filter", reader.say("leaderboard.filter_race", races=shown)))
        if self.country_filter:
            names = [ladder.country_names.name(code, reader.locale) for code in self.country_filter]
            shown = listed(names, FILTER_NAMES_SHOWN_MAX)
            labels.append(("country_filter", reader.say("leaderboard.filter_country", countries=shown)))
        if self.best_race_only:
            labels.append(("best_race_only", reader.say("leaderboard.filter_best_race")))
        return labels

    def _draw(self, drawn: _Drawn) -> None:
        self.begin()
        reader, page = self.reader, drawn.page
        header = f"## 🏆 {reader.say('leaderboard.title', game=self.context.ladder.catalog.name)}"
        labels = [label for _, label in self._filter_labels()]
        if labels:
            header += f"\n{reader.say('leaderboard.filters')} {' · '.join(labels)}"
        if self._notice:
            header += f"\n> {self._notice}"
        shown = [self.paragraph(Markdown(header), HEADER_CHARACTERS_MAX)]
        if page.players:
            found = {self.reader.player_id, self._found}
            rows = board_rows(page.players, self.context.ladder.catalog, found=found - {None})
            shown.append(self.paragraph(rows, ROWS_CHARACTERS_MAX))
        else:
            shown.append(self.paragraph(self._empty_text(drawn)))
        footer = self.paragraph(Markdown(self._footer(drawn)))
        self.add_container(*shown, discord.ui.Separator(), footer)
        self._draw_controls(page)

    def _empty_text(self, drawn: _Drawn) -> Markdown:
        reader = self.reader
        if not self._filter_labels():
            return reader.say("leaderboard.nobody")
        lines = [reader.say("leaderboard.empty")]
        for label, count in drawn.without:
            lines.append(Markdown(f"- {reader.say('leaderboard.empty_without', filter=Markdown(label), count=count)}"))
        if not drawn.without:
            lines.append(reader.say("leaderboard.empty_clear_all"))
        return Markdown("\n".join(lines))

    def _footer(self, drawn: _Drawn) -> str:
        reader, page = self.reader, drawn.page
        pages = reader.say("leaderboard.page", page=page.current_page, pages=page.total_pages)
        counted = reader.say(
            "leaderboard.players" if self.best_race_only else "leaderboard.entries", count=page.total_players
        )
        total = reader.say("leaderboard.of_total", total=page.total_ranked)
        lines = [f"{pages} · {counted}" + (f" {total}" if page.total_players != page.total_ranked else "")]
        if drawn.own is not None:
            race = next(race.name for race in self.context.ladder.catalog.races if race.code == drawn.own.race)
            top = f"{max(100 * drawn.own.global_rank / max(1, page.total_ranked), 0.1):.1f}"
            lines.append(
                reader.say(
                    "leaderboard.you",
                    rank=drawn.own.global_rank,
                    letter=drawn.own.letter_rank,
                    race=race,
                    mmr=Markdown(drawn.own.mmr),
                    top=Markdown(top),
                )
            )
        elif reader.player_id is None:
            lines.append(reader.say("leaderboard.you_not_set_up"))
        else:
            lines.append(reader.say("leaderboard.you_unranked"))
        return "\n".join(lines)

    def _draw_controls(self, page: LeaderboardPage) -> None:
        say, active = self.reader.plain, discord.ButtonStyle.primary
        quiet = discord.ButtonStyle.secondary
        rank = say("leaderboard.rank_all") if self.rank_filter is None else self.rank_filter
        is_filtered = bool(self._filter_labels())
        self.add_row(
            Button(
                "leaderboard:previous", say("leaderboard.previous"), self._previous, emoji="◀️",
                disabled=page.current_page <= 1,
            ),
            Button(
                "leaderboard:next", say("leaderboard.next"), self._next, emoji="▶️",
                disabled=page.current_page >= page.total_pages,
            ),
            Button(
                "leaderboard:rank", say("leaderboard.rank", rank=rank), self._next_rank,
                style=active if self.rank_filter else quiet,
            ),
            Button(
                "leaderboard:best", say("leaderboard.best_race"), self._toggle_best_race,
                style=active if self.best_race_only else quiet,
            ),
            Button(
                "leaderboard:clear", say("leaderboard.clear"), self._clear,
                style=discord.ButtonStyle.danger if is_filtered else quiet, disabled=not is_filtered,
            ),
        )  # fmt: skip
        races = self.context.ladder.catalog.races
        self.add_row(
            Select(
                "leaderboard:races",
                say("leaderboard.races"),
                [option(race.name, race.code, is_chosen=race.code in self.race_filter) for race in races],
                self._choose_races,
                several=True,
            )
        )
        for place, codes in enumerate(self._country_lists()):
            self.add_row(self._country_select(place, codes))
        offered = page_choices(page.current_page, page.total_pages)
        pages = [
            option(say("leaderboard.page_option", page=number), str(number), is_chosen=number == page.current_page)
            for number in offered
        ]
        self.add_row(Select("leaderboard:page", say("leaderboard.go_to_page"), pages, self._choose_page))
        self.add_row(
            Button("leaderboard:me", say("leaderboard.find_me"), self._find_me, emoji="📍"),
            Button("leaderboard:search", say("leaderboard.search"), self._open_search, emoji="🔍"),
        )

    def _country_lists(self) -> list[tuple[str, ...]]:
        codes = (*self.context.ladder.countries.common, OTHER)
        return [codes[first : first + OPTIONS_MAX] for first in range(0, len(codes), OPTIONS_MAX)]

    def _country_select(self, place: int, codes: Sequence[str]) -> Select:
        names = self.context.ladder.country_names
        labels = [names.name(code, self.reader.locale) for code in codes]
        options = [
            option(label, code, is_chosen=code in self.country_filter, emoji=flag_emoji(code))
            for code, label in zip(codes, labels, strict=True)
        ]

        async def choose(interaction: discord.Interaction, chosen: list[str]) -> None:
            kept = [code for code in self.country_filter if code not in codes]
            self.country_filter = [code for one in self._country_lists() for code in one if code in {*kept, *chosen}]
            await self._from_first_page(interaction)

        placeholder = self.reader.plain("leaderboard.countries", first=labels[0], last=labels[-1])
        return Select(f"leaderboard:countries_{place}", placeholder, options, choose, several=True)

    async def _from_first_page(self, interaction: discord.Interaction) -> None:
        self.current_page = 1
        self._found = None
        await self.update_view(interaction)

    async def _previous(self, interaction: discord.Interaction) -> None:
        self.current_page -= 1
        await self.update_view(interaction)

    async def _next(self, interaction: discord.Interaction) -> None:
        self.current_page += 1
        await self.update_view(interaction)

    async def _next_rank(self, interaction: discord.Interaction) -> None:
        cycle: tuple[str | None, ...] = (None, *LETTERS)
        self.rank_filter = cycle[(cycle.index(self.rank_filter) + 1) % len(cycle)]
        await self._from_first_page(interaction)

    async def _toggle_best_race(self, interaction: discord.Interaction) -> None:
        self.best_race_only = not self.best_race_only
        await self._from_first_page(interaction)

    async def _clear(self, interaction: discord.Interaction) -> None:
        self.country_filter, self.race_filter = [], []
        self.best_race_only, self.rank_filter = False, None
        await self._from_first_page(interaction)

    async def _choose_races(self, interaction: discord.Interaction, chosen: list[str]) -> None:
        self.race_filter = [code for code in self.context.ladder.catalog.race_codes if code in chosen]
        await self._from_first_page(interaction)

    async def _choose_page(self, interaction: discord.Interaction, chosen: list[str]) -> None:
        self.current_page = int(chosen[0])
        await self.update_view(interaction)

    async def _find_me(self, interaction: discord.Interaction) -> None:
        self.reader = await self.context.reader(interaction)  # who pressed may have set up since
        if self.reader.player_id is None:
            self._notice = self.reader.say("leaderboard.you_not_set_up")
        else:
            await self._go_to(self.reader.player_id, None)
        await self.update_view(interaction)

    async def _open_search(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(SearchForm(self))

    async def search(self, interaction: discord.Interaction, text: str) -> None:
        """Goes to the page of the player whose name fits best, and says who else it could have been."""
        found = await self.context.ladder.leaderboard.search_players(text, limit=OTHERS_FOUND_MAX + 1)
        if not found:
            self._notice = self.reader.say("leaderboard.not_found", name=text)
        else:
            await self._go_to(found[0].player_id, found[0].player_name)
            others = ", ".join(player.player_name for player in found[1:])
            if others and self._notice is None:
                self._notice = self.reader.say("leaderboard.found_also", name=found[0].player_name, others=others)
        await self.update_view(interaction)

    async def _go_to(self, player_id: PlayerId, name: str | None) -> None:
        """Turns to a player's page; without a name it is the reader."""
        standing = await self.context.ladder.leaderboard.find_player(player_id, **self.filters)
        if standing is not None:
            self.current_page, self._found = standing.page, player_id
            return
        is_filtered = bool(self._filter_labels())
        if name is None:
            code = "leaderboard.you_not_under_filters" if is_filtered else "leaderboard.you_unranked"
            self._notice = self.reader.say(code)
        else:
            code = "leaderboard.found_not_under_filters" if is_filtered else "leaderboard.found_unranked"
            self._notice = self.reader.say(code, name=name)


class SearchForm(Form):
    """Asks for a name."""

    def __init__(self, view: LeaderboardView) -> None:
        super().__init__(view.context, view.reader.plain("leaderboard.search"))
        self._view = view
        self._name = self.field("name", view.reader.plain("leaderboard.search_name"), max_length=64)

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        """Searches."""
        await self._view.search(interaction, self._name.value)


class LeaderboardCog(commands.Cog):
    """The command."""

    def __init__(self, context: BotContext) -> None:
        self._context = context

    @app_commands.command(
        name="leaderboard", description=locale_str("Show the leaderboard", code="command.leaderboard")
    )
    async def leaderboard(self, interaction: discord.Interaction) -> None:
        """Shows the ladder to the channel; its controls belong to whoever asked."""
        await LeaderboardView(self._context, await self._context.reader(interaction)).update_view(interaction)

    async def open_own(self, interaction: discord.Interaction) -> None:
        """A leaderboard for the eyes of whoever pressed: on one that does not answer any more, or on the channel's."""
        view = LeaderboardView(self._context, await self._context.reader(interaction), ephemeral=True)
        await view.update_view(interaction)
