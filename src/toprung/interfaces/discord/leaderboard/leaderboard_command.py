"""`/leaderboard`: the ladder with its filters, pages, search and the reader's own place."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from toprung.application.leaderboard.leaderboard_service import Dropped, Meant
from toprung.domain.leaderboard.filters import NO_FILTERS
from toprung.domain.leaderboard.leaderboard import FoundPlayer, LeaderboardPage, LeaderboardRow, PlayerStanding
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

FILTER_NAMES_SHOWN_MAX: Final = 12
HEADER_CHARACTERS_MAX: Final = 700
OTHERS_FOUND_MAX: Final = 4
GAMES_OFFERED: Final = (0, 5, 10, 20, 50, 100)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What a drawing shows, gathered before anything is drawn."""

    page: LeaderboardPage
    own: LeaderboardRow | None
    without: Sequence[Dropped]
    """Where nothing is shown: what would be shown without each filter."""


class LeaderboardView(Layout):
    """One reader's leaderboard: what it is filtered by and the page it is on. Nobody else's press changes it."""

    def __init__(self, context: BotContext, reader: Reader, *, ephemeral: bool = False) -> None:
        super().__init__(context, reader)
        self.filters = NO_FILTERS
        self.current_page = 1
        self._found: PlayerId | None = None
        self._notice: Markdown | None = None
        self._offered: list[FoundPlayer] = []
        self._version: str | None = None
        self._ephemeral = ephemeral
        self._drawing = asyncio.Lock()

    def copy_for(self, reader: Reader) -> "LeaderboardView":
        """The same filters and page, for somebody else and only for their eyes."""
        view = LeaderboardView(self.context, reader, ephemeral=True)
        view.filters, view.current_page = self.filters, self.current_page
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
                self._notice, self._offered = None, []
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
        page = await leaderboard.get_leaderboard_data(filters=self.filters, current_page=self.current_page)
        own: PlayerStanding | None = None
        if self.reader.player_id is not None:
            own = await leaderboard.find_player(self.reader.player_id)
        without = [] if page.players else await leaderboard.what_to_drop(self.filters)
        return _Drawn(page, None if own is None else own.row, without)

    def _filter_labels(self) -> dict[str, str]:
        """How each active filter is said, by its name."""
        ladder, reader, filters = self.context.ladder, self.reader, self.filters
        races = [ladder.catalog.race(code).name for code in filters.races or ()]
        countries = [ladder.country_names.name(code, reader.locale) for code in filters.countries or ()]
        labels: dict[str, Callable[[], str]] = {
            "rank": lambda: reader.say("leaderboard.filter_rank", rank=str(filters.rank)),
            "races": lambda: reader.say("leaderboard.filter_race", races=listed(races, FILTER_NAMES_SHOWN_MAX)),
            "countries": lambda: reader.say(
                "leaderboard.filter_country", countries=listed(countries, FILTER_NAMES_SHOWN_MAX)
            ),
            "best_race_only": lambda: reader.say("leaderboard.filter_best_race"),
            "min_games": lambda: reader.say("leaderboard.filter_games", count=filters.min_games),
        }
        active = filters.active()
        return {name: label() for name, label in labels.items() if name in active}

    def _draw(self, drawn: _Drawn) -> None:
        self.begin()
        reader, page = self.reader, drawn.page
        header = f"## 🏆 {reader.say('leaderboard.title', game=self.context.ladder.catalog.name)}"
        labels = self._filter_labels()
        if labels:
            header += f"\n{reader.say('leaderboard.filters')} {' · '.join(labels.values())}"
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
        labels = self._filter_labels()
        if not labels:
            return reader.say("leaderboard.nobody")
        lines = [reader.say("leaderboard.empty")]
        helpful = {dropped.name: dropped.rows for dropped in drawn.without if dropped.rows}
        for name in [name for name in labels if name in helpful]:
            label = Markdown(labels[name])
            lines.append(Markdown(f"- {reader.say('leaderboard.empty_without', filter=label, count=helpful[name])}"))
        if not helpful:
            lines.append(reader.say("leaderboard.empty_clear_all"))
        return Markdown("\n".join(lines))

    def _footer(self, drawn: _Drawn) -> str:
        reader, page = self.reader, drawn.page
        pages = reader.say("leaderboard.page", page=page.current_page, pages=page.total_pages)
        counted = reader.say(
            "leaderboard.players" if self.filters.best_race_only else "leaderboard.entries", count=page.total_players
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
        if self._offered:
            self.add_row(self._offered_select())
        say, active = self.reader.plain, discord.ButtonStyle.primary
        quiet = discord.ButtonStyle.secondary
        filters = self.filters
        rank = filters.rank or say("leaderboard.rank_all")
        is_filtered = bool(filters.active())
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
                style=active if filters.rank else quiet,
            ),
            Button(
                "leaderboard:best", say("leaderboard.best_race"), self._toggle_best_race,
                style=active if filters.best_race_only else quiet,
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
                [option(race.name, race.code, is_chosen=race.code in (filters.races or ())) for race in races],
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
            Button(
                "leaderboard:games",
                say("leaderboard.games", games=f"{filters.min_games}+")
                if filters.min_games
                else say("leaderboard.games_any"),
                self._next_games,
                style=active if filters.min_games else quiet,
            ),
        )

    def _country_lists(self) -> list[tuple[str, ...]]:
        codes = (*self.context.ladder.countries.common, OTHER)
        return [codes[first : first + OPTIONS_MAX] for first in range(0, len(codes), OPTIONS_MAX)]

    def _country_select(self, place: int, codes: Sequence[str]) -> Select:
        names = self.context.ladder.country_names
        labels = [names.name(code, self.reader.locale) for code in codes]
        chosen_before = self.filters.countries or ()
        options = [
            option(label, code, is_chosen=code in chosen_before, emoji=flag_emoji(code))
            for code, label in zip(codes, labels, strict=True)
        ]

        async def choose(interaction: discord.Interaction, chosen: list[str]) -> None:
            kept = [code for code in self.filters.countries or () if code not in codes]
            wanted = [code for one in self._country_lists() for code in one if code in {*kept, *chosen}]
            await self._filtered(interaction, countries=tuple(wanted) or None)

        placeholder = self.reader.plain("leaderboard.countries", first=labels[0], last=labels[-1])
        return Select(f"leaderboard:countries_{place}", placeholder, options, choose, several=True)

    async def _filtered(self, interaction: discord.Interaction, **changed: Any) -> None:
        """Draws the first page under filters that are changed in this."""
        self.filters = replace(self.filters, **changed)
        self.current_page, self._found = 1, None
        await self.update_view(interaction)

    async def _previous(self, interaction: discord.Interaction) -> None:
        self.current_page -= 1
        await self.update_view(interaction)

    async def _next(self, interaction: discord.Interaction) -> None:
        self.current_page += 1
        await self.update_view(interaction)

    async def _next_rank(self, interaction: discord.Interaction) -> None:
        cycle: tuple[str | None, ...] = (None, *LETTERS)
        await self._filtered(interaction, rank=cycle[(cycle.index(self.filters.rank) + 1) % len(cycle)])

    async def _toggle_best_race(self, interaction: discord.Interaction) -> None:
        await self._filtered(interaction, best_race_only=not self.filters.best_race_only)

    async def _next_games(self, interaction: discord.Interaction) -> None:
        place = GAMES_OFFERED.index(self.filters.min_games)
        await self._filtered(interaction, min_games=GAMES_OFFERED[(place + 1) % len(GAMES_OFFERED)])

    async def _clear(self, interaction: discord.Interaction) -> None:
        self.filters = NO_FILTERS
        await self._filtered(interaction)

    async def _choose_races(self, interaction: discord.Interaction, chosen: list[str]) -> None:
        races = [code for code in self.context.ladder.catalog.race_codes if code in chosen]
        await self._filtered(interaction, races=tuple(races) or None)

    async def _choose_page(self, interaction: discord.Interaction, chosen: list[str]) -> None:
        self.current_page = int(chosen[0])
        await self.update_view(interaction)

    async def _find_me(self, interaction: discord.Interaction) -> None:
        self.reader = await self.context.reader(interaction)  # who pressed may have set up since
        if self.reader.player_id is None:
            self._notice = self.reader.say("leaderboard.you_not_set_up")
        else:
            standing = await self.context.ladder.leaderboard.find_player(self.reader.player_id, self.filters)
            if standing is None:
                code = "leaderboard.you_not_under_filters" if self.filters.active() else "leaderboard.you_unranked"
                self._notice = self.reader.say(code)
            else:
                self.current_page, self._found = standing.page, self.reader.player_id
        await self.update_view(interaction)

    async def _open_search(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(SearchForm(self))

    async def search(self, interaction: discord.Interaction, text: str) -> None:
        """Goes to the page of the player who is meant, and says who else has a name like that; offers several."""
        leaderboard = self.context.ladder.leaderboard
        meant = await leaderboard.who_is_meant(text, self.filters, limit=OPTIONS_MAX)
        if not meant:
            self._notice = self.reader.say("leaderboard.not_found", name=text)
        elif len(meant) > 1:
            self._notice = self.reader.say("leaderboard.which_one", name=text)
            self._offered = [one.player for one in meant]
        else:
            self._go_to(meant[0])
            others = await leaderboard.search_players(text, limit=OTHERS_FOUND_MAX + 1)
            names = [one.player_name for one in others if one.player_id != meant[0].player.player_id]
            if names and self._notice is None:
                name = meant[0].player.player_name
                self._notice = self.reader.say("leaderboard.found_also", name=name, others=", ".join(names))
        await self.update_view(interaction)

    def _offered_select(self) -> Select:
        offered = {str(player.player_id): player for player in self._offered}
        options = [option(one.player_name, value, emoji=flag_emoji(one.country)) for value, one in offered.items()]

        async def choose(interaction: discord.Interaction, chosen: list[str]) -> None:
            self._go_to(await self.context.ladder.leaderboard.whereabouts(offered[chosen[0]], self.filters))
            await self.update_view(interaction)

        return Select("leaderboard:offered", self.reader.plain("leaderboard.search"), options, choose)

    def _go_to(self, meant: Meant) -> None:
        """Turns to a player's page, or says why there is none."""
        name, labels = meant.player.player_name, self._filter_labels()
        if meant.hidden_by:
            hiding = Markdown(" · ".join(labels[hiding] for hiding in meant.hidden_by))
            self._notice = self.reader.say("leaderboard.found_not_under_filters", name=name, filters=hiding)
        elif meant.standing is None:
            self._notice = self.reader.say("leaderboard.found_unranked", name=name)
        else:
            self.current_page, self._found = meant.standing.page, meant.player.player_id


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
