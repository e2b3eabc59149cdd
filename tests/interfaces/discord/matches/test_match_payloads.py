"""No player, match or language makes a message about a match that Discord refuses or that means something."""

import asyncio
import re
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.interfaces.discord.bot.discord_api import check_request
from tests.interfaces.discord.ladder import CATALOG, TEXTS, discord_ladder
from tests.interfaces.discord.layout import walk
from tests.interfaces.discord.leaderboard.test_leaderboard_text import MENTION, names, unescaped
from tests.support.map_links import with_links
from toprung.application.matches.challenge_service import ChallengeView
from toprung.application.matches.match_history import MatchView
from toprung.application.players.profile_service import ProfileEntry
from toprung.domain.game.catalog import MAX_LINKS_PER_MAP, Catalog, GameMap
from toprung.domain.game.map_link import ADDRESS_CHARACTERS_MAX, GAME_REGION_CODE_POINTS_MAX, MapLink, address_problem
from toprung.domain.matches.challenge import Challenge, ChallengeId, ChallengeState
from toprung.domain.matches.match import (
    Claim,
    Evidence,
    Match,
    MatchId,
    MatchResult,
    MatchSide,
    MatchState,
    Participant,
    Side,
)
from toprung.domain.matches.notice import NoticeKind, is_timely
from toprung.domain.players.names import PLAYER_NAME_MAX_CODE_POINTS
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.explanation import reasons_of
from toprung.domain.ratings.rating import MMR_MAX, MMR_MIN, Entry, EntryId, EntryState, RatingChange, RatingChangeKind
from toprung.interfaces.discord.matches.challenge_command import ChallengeLayout
from toprung.interfaces.discord.matches.match_layouts import MatchCard, MatchLayout, actions
from toprung.interfaces.discord.messages.context import BotContext, Reader
from toprung.interfaces.discord.messages.layouts import LAYOUT_CHARACTERS_MAX, LAYOUT_COMPONENTS_MAX, Layout
from toprung.interfaces.discord.messages.markdown import length

BEGUN = frozenset(set(MatchState) - {MatchState.ASSIGNED, MatchState.ABORTED, MatchState.ABANDONED})
CONTEXT: BotContext = discord_ladder().context()
RACE = CATALOG.race_codes[0]
LARGE_US = 2**50


def players(name: str, other_name: str) -> tuple[Player, Player]:
    return (
        Player(id=PlayerId(1), name=name, country="KR", in_game_names=(other_name,)),
        Player(id=PlayerId(2), name=other_name, country=None, in_game_names=(name,)),
    )


def change(entry: int, before: int, after: int, score: float) -> RatingChange:
    was = EntryState(mmr=before, games_won=2, games_lost=2)
    won, lost = int(score == 1), int(score == 0)
    became = replace(was, mmr=after, games_won=2 + won, games_lost=2 + lost)
    return RatingChange(
        kind=RatingChangeKind.MATCH, position=entry, entry_id=EntryId(entry), match_id=MatchId(2**53), at_us=1,
        before=was, after=became,
        expected_score=0.5, revision=2,
    )  # fmt: skip


@st.composite
def cards(draw: st.DrawFn) -> MatchCard:
    """Matches in any state, with the worst names and numbers."""
    state = draw(st.sampled_from(MatchState))
    sides_seen: tuple[Side | None, ...] = (0, 1) if state not in BEGUN else (0, 1, None)
    side = draw(st.sampled_from(sides_seen))
    first, second = players(draw(names()), draw(names()))
    claims = st.none() | st.builds(
        Claim,
        result=st.sampled_from(MatchResult),
        evidence=st.sampled_from(Evidence),
        at_us=st.just(1),
        told_at_us=st.sampled_from([None, 2]),
    )
    moments = st.sampled_from([None, LARGE_US])
    sides = []
    for player in (first, second):
        own = MatchSide(
            players=(Participant(player_id=player.id, race=RACE),),
            confirmed_at_us=LARGE_US if state in BEGUN else draw(moments),
            claim=draw(claims) if state in (MatchState.REPORTED, MatchState.CONFLICT) else None,
            cancel_asked_at_us=draw(moments) if state in BEGUN else None,
        )
        sides.append(own)
    is_rated = state in (MatchState.COMPLETED, MatchState.VOIDED)
    result = draw(st.sampled_from(MatchResult)) if is_rated else None
    match = Match(
        id=MatchId(2**53), source_key="k", sides=(sides[0], sides[1]), state=state, assigned_at_us=1, result=result,
        deadline_us=LARGE_US if state.is_open else None, ended_at_us=None if state.is_open else LARGE_US,
        map_name=draw(st.sampled_from([one.name for one in CATALOG.current_maps] + ["<@1> **x**"])), server="no server",
    )  # fmt: skip
    mmrs = st.sampled_from([MMR_MIN, MMR_MAX, 1500])
    changes = None
    if result is not None:
        scores = result.score_of_side_1, 1 - result.score_of_side_1
        changes = (change(1, draw(mmrs), draw(mmrs), scores[0]), change(2, draw(mmrs), draw(mmrs), scores[1]))
    why = (None, None) if changes is None else (reasons_of(changes[0]), reasons_of(changes[1]))
    visible: tuple[Player | None, Player | None] = (first, second)
    if state not in BEGUN and side is not None:
        visible = (first, None) if side == 0 else (None, second)
    opponent = None
    if side is not None and visible[1 - side] is not None and state.is_open:
        entry = Entry(id=EntryId(1), player_id=PlayerId(2 - side), race=RACE, state=EntryState(mmr=draw(mmrs)))
        opponent = ProfileEntry(entry=entry, row=None, history=())
    return MatchCard(
        view=MatchView(match=match, players=visible, changes=changes, replays=(), reasons=why),
        side=side,
        opponent=opponent,
    )


def shown(layout: Layout) -> list[dict[str, object]]:
    """A layout as Discord is sent it."""
    components: list[dict[str, object]] = layout.to_components()  # type: ignore[no-untyped-call]  # discord.py's
    return components


def check(components: list[dict[str, object]]) -> str:
    """Holds a message against Discord's description and our own rules, and gives its text."""
    message = {"components": components, "flags": 1 << 15, "allowed_mentions": {"parse": []}}
    check_request("POST", "/channels/1/messages", message)
    parts = list(walk(components))
    text = "\n".join(str(part["content"]) for part in parts if part["type"] == 10)
    assert len(parts) <= LAYOUT_COMPONENTS_MAX
    assert length(text) <= LAYOUT_CHARACTERS_MAX
    bare = re.sub(r"<t:\d+:[RtTdDfF]>", "", text).replace("\\\\", "")
    assert not MENTION.search(bare)
    return text


@pytest.mark.parametrize("language", TEXTS.languages)
@settings(max_examples=30)
@given(card=cards(), kind=st.sampled_from(NoticeKind))
def test_no_match_makes_a_message_that_is_refused_or_means_something(
    language: str, card: MatchCard, kind: NoticeKind
) -> None:
    async def drawn() -> list[list[dict[str, object]]]:
        reader = Reader(discord_id=1, player_id=PlayerId(1), language=language, locale=language, texts=TEXTS)
        layouts = [MatchLayout(CONTEXT, reader, card).draw(kind)]
        layouts += [
            MatchLayout(CONTEXT, reader, card).draw_question(action, leads_to)
            for action, leads_to in product(
                ("abort", "won", "lost", "draw", "cancel"), (MatchState.CONFLICT, MatchState.VOIDED)
            )
        ]
        layouts += [
            MatchLayout(CONTEXT, reader, card).draw_done(f"match.done_{code}")
            for code in ("confirmed", "ended", "disputed")
        ]
        return [shown(layout) for layout in layouts]

    match = card.view.match
    for place, components in enumerate(asyncio.run(drawn())):
        check(components)
        ids = [str(part["custom_id"]) for part in walk(components) if "custom_id" in part]
        assert all(re.fullmatch(rf"match:{match.id}:[a-z_]+", one) for one in ids)
        if place == 0:
            assert [one.rpartition(":")[2] for one in ids] == list(actions(card))


plain = st.sampled_from("aZ09/?#&=+,;.~_-") | st.sampled_from(["%2A", "~~", "__", "//", "https:"[:-1]])
web_addresses = st.builds(
    lambda host, rest: f"https://{host}.example.org/{''.join(rest)}",
    st.sampled_from(["a", "A-b", "x.y"]),
    st.lists(plain, max_size=40) | st.lists(plain, min_size=115, max_size=125),
)
game_addresses = st.builds(
    "battlenet:://starcraft/map/{}/{}".format, st.integers(1, 999), st.integers(1, 9_999_999_999)
)
addresses = (web_addresses | game_addresses).filter(lambda address: address_problem(address) is None)
regions = st.sampled_from(["Americas", "](x) **`<@1>`", "@everyone", "*" * 32, "아시아", "اسيا", "A\\"])


@st.composite
def links(draw: st.DrawFn) -> tuple[MapLink, ...]:
    """Any links that a catalogue takes, for everywhere and for regions with the worst names."""
    found = draw(st.dictionaries(st.none() | regions, addresses, min_size=1, max_size=MAX_LINKS_PER_MAP))
    return tuple(MapLink(address=address, game_region=region) for region, address in found.items())


def without_regions(catalog: Catalog) -> Catalog:
    """The catalogue, where no server says which region of the game it belongs to."""
    return replace(catalog, servers=tuple(replace(server, game_region=None) for server in catalog.servers))


@pytest.mark.parametrize("language", TEXTS.languages)
@settings(max_examples=100)
@given(card=cards(), found=links(), a_map=st.sampled_from(CATALOG.current_maps))
def test_no_link_that_a_catalogue_takes_breaks_the_message(
    language: str, card: MatchCard, found: tuple[MapLink, ...], a_map: GameMap
) -> None:
    catalog = with_links(without_regions(CATALOG), *found)
    context = replace(CONTEXT, ladder=replace(CONTEXT.ladder, catalog=catalog))
    match = replace(card.view.match, map_name=a_map.name, server="KOR")
    view = replace(card.view, match=match)

    async def drawn() -> list[dict[str, object]]:
        reader = Reader(discord_id=1, player_id=PlayerId(1), language=language, locale=language, texts=TEXTS)
        return shown(MatchLayout(context, reader, replace(card, view=view)).draw())

    lines = check(asyncio.run(drawn())).split("\n")
    is_shown = card.side is not None and match.state.is_open and match.started_at_us is not None
    for link in found:
        wanted = f"]({link.address})" if link.is_web else f"`{link.address}`"
        with_it = [line for line in lines if line.endswith(wanted)]
        assert bool(with_it) is is_shown
        for line in with_it:
            said = line.removesuffix(wanted)
            assert said.count("[") - said.count("\\[") == int(link.is_web)
            assert "`" not in said.replace("\\`", "")
    regions_shown = [
        line for line in lines if any(line.endswith((f"]({one.address})", f"`{one.address}`")) for one in found)
    ]
    for link in found:
        if is_shown and link.game_region is not None:
            assert any(link.game_region in unescaped(line) for line in regions_shown)
    how = TEXTS.text("match.map_address_how", language)
    assert (f"-# {how}" in lines) is (is_shown and not all(link.is_web for link in found))
    search = TEXTS.text("match.map_search", language, name="")
    assert not any(line.startswith(f"-# {search}") for line in lines)
    is_known = match.started_at_us is not None
    assert any("Korea" in line for line in lines) is is_known  # what follows the links is not cut away


@pytest.mark.parametrize("language", TEXTS.languages)
def test_the_most_and_longest_links_leave_room_for_all_else(language: str) -> None:
    found = []
    for number in range(MAX_LINKS_PER_MAP):
        address = f"https://maps.example.org/{number}".ljust(ADDRESS_CHARACTERS_MAX, "x")
        found.append(MapLink(address=address, game_region=f"{number}".ljust(GAME_REGION_CODE_POINTS_MAX, "*")))
    catalog = with_links(without_regions(CATALOG), *found[:-1], MapLink(address="battlenet:://starcraft/map/1/1"))
    name = "a".ljust(PLAYER_NAME_MAX_CODE_POINTS, "*")
    card = full_card(catalog.current_maps[0].name, name)
    context = replace(CONTEXT, ladder=replace(CONTEXT.ladder, catalog=catalog))

    async def drawn() -> list[dict[str, object]]:
        reader = Reader(discord_id=1, player_id=PlayerId(1), language=language, locale=language, texts=TEXTS)
        return shown(MatchLayout(context, reader, card).draw())

    lines = check(asyncio.run(drawn())).split("\n")
    for link in found[:-1]:
        assert any(line.endswith(f"]({link.address})") for line in lines)
    assert any("Korea" in line for line in lines)


def full_card(map_name: str, name: str) -> MatchCard:
    """A match in progress between two players of this name, about which all is known, as the first one sees it."""
    first, second = players(name, name)
    sides = [
        MatchSide(players=(Participant(player_id=player.id, race=RACE),), confirmed_at_us=1)
        for player in (first, second)
    ]
    match = Match(
        id=MatchId(2**53), source_key="k", sides=(sides[0], sides[1]), state=MatchState.IN_PROGRESS, assigned_at_us=1,
        deadline_us=LARGE_US, map_name=map_name, server="KOR",
    )  # fmt: skip
    entry = Entry(id=EntryId(1), player_id=second.id, race=RACE, state=EntryState(mmr=MMR_MAX))
    return MatchCard(
        view=MatchView(match=match, players=(first, second), changes=None, replays=()),
        side=0,
        opponent=ProfileEntry(entry=entry, row=None, history=()),
    )


@pytest.mark.parametrize("language", TEXTS.languages)
@settings(max_examples=30)
@given(challenger=names(), opponent=names(), state=st.sampled_from(ChallengeState), races=st.integers(1, 6))
def test_no_challenge_makes_one_either(
    language: str, challenger: str, opponent: str, state: ChallengeState, races: int
) -> None:
    first, second = players(challenger, opponent)
    challenge = Challenge(
        id=ChallengeId(2**53), challenger_id=first.id, opponent_id=second.id, races=CATALOG.race_codes[:races],
        created_at_us=1, expires_at_us=LARGE_US, state=state,
    )  # fmt: skip

    async def drawn() -> list[dict[str, object]]:
        reader = Reader(discord_id=1, player_id=PlayerId(2), language=language, locale=language, texts=TEXTS)
        view = ChallengeView(challenge=challenge, challenger=first, opponent=second)
        return shown(ChallengeLayout(CONTEXT, reader, view).draw())

    check(asyncio.run(drawn()))


def test_every_notice_is_timely_in_some_state() -> None:
    for kind in NoticeKind:
        assert any(is_timely(kind, state) for state in MatchState)
