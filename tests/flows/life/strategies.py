"""Names, moments and entries that are lawful and as awkward as they can be, for what goes into files and comes out."""

from functools import cache
from typing import Final

from hypothesis import strategies as st

from toprung.adapters.catalog_files import find_game, load_catalog
from toprung.adapters.confusables import load_prototypes
from toprung.adapters.countries import load_countries
from toprung.application.ports.ratings import StoredEntry
from toprung.domain.game.catalog import Catalog
from toprung.domain.moment import MICROSECONDS_PER_SECOND, from_iso
from toprung.domain.players.countries import Countries
from toprung.domain.players.names import InvalidName, NameKeys, clean_name
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.ratings.glicko2 import SkillEstimate
from toprung.domain.ratings.rating import MMR_MAX, MMR_MIN, Entry, EntryId, EntryState

NOW_US: Final = from_iso("2026-09-24T12:00:00Z")
FORMULAS: Final = "=+-@'\"＝＋－＠"


@cache
def name_keys() -> NameKeys:
    """The keys that the program itself uses."""
    return NameKeys(load_prototypes())


@cache
def catalog() -> Catalog:
    """The six races."""
    return load_catalog(find_game("sc_evo"))


@cache
def countries() -> Countries:
    """The countries, the game's common ones first."""
    return load_countries(catalog().common_countries)


def is_lawful(name: str) -> bool:
    """Whether a player may be called so."""
    try:
        return clean_name(name) == name
    except InvalidName:
        return False


_letters = st.sampled_from("aZ0é별Я星ßİſ𝔸1lO")
_signs = st.sampled_from(f"{FORMULAS},;|\\/%_ .()[]#\N{GRINNING FACE}\N{COMBINING DIAERESIS}")
_shapes = st.builds("".join, st.lists(_letters | _signs, min_size=1, max_size=24))
names = (_shapes | st.text(st.characters(codec="utf-8"), min_size=1, max_size=24)).map(str.strip).filter(is_lawful)

moments = st.one_of(
    st.integers(0, NOW_US),
    st.integers(0, NOW_US // MICROSECONDS_PER_SECOND).map(lambda seconds: seconds * MICROSECONDS_PER_SECOND),
    st.sampled_from((0, 1, 999_999, 1_000_000, NOW_US, NOW_US - 1)),
)
_games = st.integers(0, 4) | st.integers(0, 300_000_000)


def _looks_rounded(account: int) -> bool:
    """Whether an account ends as a spreadsheet leaves one: alone in a file it is refused, as one in a thousand is."""
    return account >= 10**15 and not str(account)[15:].strip("0")


_accounts = st.integers(1, 2**63 - 1).filter(lambda account: not _looks_rounded(account))


@st.composite
def ladders(draw: st.DrawFn) -> list[StoredEntry]:
    """Entries of players who are who they say: names that differ by their key, accounts that differ, one row a race."""
    keys = name_keys()
    chosen = draw(st.lists(names, max_size=6, unique_by=keys.key))
    accounts = draw(st.lists(st.none() | _accounts, min_size=len(chosen), max_size=len(chosen)))
    entries: list[StoredEntry] = []
    for number, (name, account) in enumerate(zip(chosen, accounts, strict=True), 1):
        discord_id = None if account in {one.player.discord_id for one in entries} else account
        country = draw(st.none() | st.sampled_from(sorted(countries().codes)))
        player = Player(id=PlayerId(number), name=name, country=country, discord_id=discord_id)
        for race in draw(st.lists(st.sampled_from(catalog().race_codes), min_size=1, max_size=3, unique=True)):
            entries.append(StoredEntry(entry=draw(_entries(len(entries) + 1, player.id, race)), player=player))
    return entries


@st.composite
def _entries(draw: st.DrawFn, entry_id: int, player_id: PlayerId, race: str) -> Entry:
    won, lost, drawn = draw(st.tuples(_games, _games, _games))
    played = won + lost + drawn
    mmr = draw(st.integers(MMR_MIN, MMR_MAX))
    return Entry(
        id=EntryId(entry_id),
        player_id=player_id,
        race=race,
        state=EntryState(
            mmr=mmr,
            games_won=won,
            games_lost=lost,
            games_drawn=drawn,
            last_played_us=draw(moments if played else st.none() | moments),
            skill=draw(st.none() | _skills(mmr)),
        ),
    )


def _skills(mmr: int) -> st.SearchStrategy[SkillEstimate]:
    """Beliefs that are shown as this MMR."""
    return st.builds(
        SkillEstimate,
        st.floats(mmr - 0.5, mmr + 0.5).filter(lambda rating: round(rating) == mmr),
        st.floats(1e-6, 1_000),
        st.floats(1e-9, 10),
    )
