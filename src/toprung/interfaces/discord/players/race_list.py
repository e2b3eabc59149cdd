"""Several races in one text, as people write them: codes or names with commas between, completed while they type."""

import re
from collections.abc import Sequence
from typing import Final

from discord.app_commands import Choice

from toprung.application.matches.challenge_service import ChallengeRefused
from toprung.domain.game.catalog import Catalog, Race
from toprung.domain.players.name_search import folded
from toprung.interfaces.discord.messages.layouts import OPTION_CHARACTERS_MAX, OPTIONS_MAX
from toprung.interfaces.discord.messages.markdown import clipped

_BETWEEN: Final = re.compile(r"[,;\uff0c\uff1b\u3001]")  # the last three as keyboards of East Asia have them
_SHOWN_MAX: Final = 40


def races_of(catalog: Catalog, text: str) -> tuple[str, ...]:
    """The codes of the races that a text names, each once and in its order; none where it names nothing.

    A race goes by its code, its name or what game clients call it. Raises `ChallengeRefused`, which lists what there
    is, for a name that no race has.
    """
    whole = catalog.race_by_alias(text)  # a race whose name holds a comma
    if whole is not None:
        return (whole.code,)
    found = {}
    for part in _parts(text):
        race = catalog.race_by_alias(part)
        if race is None and part:
            races = ", ".join(one.name for one in catalog.races)
            shown = clipped(part, _SHOWN_MAX)
            raise ChallengeRefused("no_race", "There is no race {race}; there are: {races}.", race=shown, races=races)
        if race is not None:
            found[race.code] = race
    return tuple(found)


def completions(catalog: Catalog, typed: str) -> list[Choice[str]]:
    """The lists that the text may become: what it holds already, and a race that its last part may mean.

    Once the last part is a race, with one more after it. A list that is longer than Discord takes is left out.
    """
    *before, last = _parts(typed)
    found = {part: catalog.race_by_alias(part) for part in before if part}
    chosen = list({race.code: race for race in found.values() if race is not None}.values())
    if None in found.values():
        return []
    wanted, exact = folded(last), catalog.race_by_alias(last)
    rest = [race for race in catalog.races if race not in chosen]
    fitting = [race for race in rest if any(wanted in folded(name) for name in (race.code, race.name, *race.aliases))]
    fitting.sort(key=lambda race: race is not exact)
    lists = [[*chosen, race] for race in fitting]
    if chosen and (not wanted or exact in chosen):
        lists.insert(0, chosen)
    if exact in fitting:
        lists += [[*chosen, fitting[0], race] for race in rest if race is not exact]
    choices = [_choice(races, wanted) for races in lists]
    return [choice for choice in choices if len(choice.value) <= OPTION_CHARACTERS_MAX][:OPTIONS_MAX]


def _parts(text: str) -> list[str]:
    return [part.strip() for part in _BETWEEN.split(text)]


def _choice(races: Sequence[Race], wanted: str) -> Choice[str]:
    """A list, its last race also by what the reader calls it, where that is not the name that everybody knows."""
    name = ", ".join(race.name for race in races)
    last = races[-1]
    if not any(wanted in folded(known) for known in (last.code, last.name)):
        called = next((alias for alias in last.aliases if wanted in folded(alias)), None)
        name += "" if called is None else f" ({called})"
    return Choice(name=clipped(name, OPTION_CHARACTERS_MAX), value=", ".join(race.code for race in races))
