"""What wants an organiser: conflicts, dead letters, expired matches, unknown mods, who left and came back, refusals,
and what is unusual in a season."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar, Final

from toprung.application.ports.clock import Clock
from toprung.application.ports.intents import Intent, Priority
from toprung.application.ports.storage import Transaction
from toprung.application.ratings.watch_service import WatchReport, WatchService
from toprung.application.replays.replay_mods import ReplayMods, SeenMod
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.game.catalog import Catalog
from toprung.domain.jobs.job import JobId, JobState
from toprung.domain.matches.match import Match, MatchId, MatchState
from toprung.domain.matches.watch.accounts import SharedAccount
from toprung.domain.matches.watch.pairs import UnusualPair
from toprung.domain.matches.watch.players import UnusualPlayer
from toprung.domain.moment import MICROSECONDS_PER_DAY, to_datetime
from toprung.domain.players.player import PlayerId

FOUND_MAX: Final = 50
EXPIRED_LOOKED_AT_MAX: Final = 200
EXPIRED_SHOWN_MAX: Final = 12
UNKNOWN_MODS_MAX: Final = 5
"""So many unknown versions stand in the channel at a time, those that most games were played with."""

FIRST_UPLOADS_MIN: Final = 3
"""So many uploads with one version it takes to propose it as the first that is approved."""

FORMER_SHOWN_MAX: Final = 5
REFUSALS_SHOWN_MAX: Final = 5

WATCHED_EVERY_US: Final = MICROSECONDS_PER_DAY
"""How often a season is looked at for what is unusual, in microseconds: it takes a while, and nothing hurries."""

UNUSUAL_SHOWN_MAX: Final = 10
"""At most so many pairs, players and accounts each stand in the channel at a time, the most unusual ones."""

UNUSUAL_MATCHES_MAX: Final = 30

SETTLED: Final = "settled"
"""The parameter that says that a concern is over."""

Parameters = Mapping[str, str]


class Concern(ABC):
    """One kind of concern. What is said is drawn anew whenever its parameters change."""

    kind: ClassVar[str]
    """What its intents are called."""

    @abstractmethod
    def wanted(self, tx: Transaction, now_us: int, said: Collection[Parameters]) -> dict[str, Parameters]:
        """What is to be said, by key: of every concern there is now, and of those that were said and may be over."""


class ConcernWatch:
    """Wants one message for each concern in a channel.

    It keeps nothing itself: what was said are rows, and what is so is read again at every look.
    """

    def __init__(self, *, unit_of_work: UnitOfWork, clock: Clock, concerns: Sequence[Concern]) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._concerns = concerns

    async def look(self, channel_id: int) -> bool:
        """Wants what is so now to be said there, where that is not wanted already; whether anything was new."""
        now_us = self._clock.now_us()
        if not await self._unit_of_work.read(lambda tx: self._news(tx, channel_id, now_us)):
            return False
        await self._unit_of_work.run(lambda tx: tx.intents.want(self._news(tx, channel_id, now_us), now_us=now_us))
        return True

    def _news(self, tx: Transaction, channel_id: int, now_us: int) -> Sequence[Intent]:
        news = []
        for concern in self._concerns:
            known = {stored.intent.key: stored.intent for stored in tx.intents.of_kind(concern.kind)}
            wanted = concern.wanted(tx, now_us, [intent.parameters for intent in known.values()])
            intents = [_intent(concern.kind, key, channel_id, parameters) for key, parameters in wanted.items()]
            news += [intent for intent in intents if known.get(intent.key) != intent]
        return news


def _intent(kind: str, key: str, channel_id: int, parameters: Parameters) -> Intent:
    return Intent(key=key, kind=kind, recipient=channel_id, priority=Priority.ORGANISER, parameters=parameters)


class Conflicts(Concern):
    """A match whose sides contradict each other, or of which a side could not be told."""

    kind: ClassVar[str] = "conflict"

    def wanted(self, tx: Transaction, _now_us: int, said: Collection[Parameters]) -> dict[str, Parameters]:
        """See `Concern`."""
        ids = {match.id for match in tx.lookups.matches(FOUND_MAX, states=(MatchState.CONFLICT,))}
        ids |= {MatchId(int(one["match"])) for one in said}
        found = [match for match in map(tx.matches.get, sorted(ids)) if match is not None]
        return {f"{self.kind} {match.id}": self._parameters(match) for match in found}

    def _parameters(self, match: Match) -> Parameters:
        settled = "" if match.state is MatchState.CONFLICT else match.state.value
        return {"match": str(match.id), SETTLED: settled}


class DeadLetters(Concern):
    """A job that was given up."""

    kind: ClassVar[str] = "dead_letter"

    def wanted(self, tx: Transaction, _now_us: int, said: Collection[Parameters]) -> dict[str, Parameters]:
        """See `Concern`."""
        ids = {job.id for job in tx.lookups.jobs(FOUND_MAX, state=JobState.DEAD)} | {
            JobId(int(one["job"])) for one in said
        }
        wanted: dict[str, Parameters] = {}
        for job_id in sorted(ids):
            job = tx.jobs.get(job_id)
            is_dead = job is not None and job.state is JobState.DEAD
            wanted[f"{self.kind} {job_id}"] = {"job": str(job_id), SETTLED: "" if is_dead else "yes"}
        return wanted


class ExpiredMatches(Concern):
    """The matches of a day that nobody reported, in one message."""

    kind: ClassVar[str] = "expired"

    def wanted(self, tx: Transaction, now_us: int, said: Collection[Parameters]) -> dict[str, Parameters]:
        """See `Concern`. A day is over when the one after it is."""
        today = to_datetime(now_us).date()
        days = {(today - timedelta(days=before)).isoformat(): list[MatchId]() for before in (1, 0)}
        for match in tx.lookups.matches(EXPIRED_LOOKED_AT_MAX, states=(MatchState.EXPIRED,)):
            day = to_datetime(match.ended_at_us or 0).date().isoformat()
            if day in days:
                days[day].append(match.id)
        known = {one["day"]: one for one in said}
        wanted: dict[str, Parameters] = {}
        for day in sorted(days.keys() | known.keys()):
            if day not in days:
                wanted[self._key(day)] = {**known[day], SETTLED: "yes"}
            elif days[day] or day in known:
                shown = " ".join(str(match_id) for match_id in days[day][:EXPIRED_SHOWN_MAX])
                wanted[self._key(day)] = {"day": day, "count": str(len(days[day])), "matches": shown, SETTLED: ""}
        return wanted

    def _key(self, day: str) -> str:
        return f"{self.kind} {day}"


class UnknownMods(Concern):
    """A version of the mod that games are played with and nobody approved.

    Where none is approved yet, every version is unknown and in nobody's way: then only the one that most games are
    played with is proposed, once a few are.
    """

    kind: ClassVar[str] = "unknown_mod"

    def __init__(self, mods: ReplayMods) -> None:
        self._mods = mods

    def wanted(self, tx: Transaction, _now_us: int, said: Collection[Parameters]) -> dict[str, Parameters]:
        """See `Concern`. One that others crowd out is over as well."""
        seen = self._mods.look(tx)
        approved = {one.key for one in seen if one.is_approved}
        unknown = [one for one in seen if not one.is_approved]
        if approved:
            unknown = unknown[:UNKNOWN_MODS_MAX]
        else:
            unknown = [one for one in unknown[:1] if one.uploads >= FIRST_UPLOADS_MIN]
        wanted = {f"{self.kind} {one.key}": self._parameters(one) for one in unknown}
        for one in said:
            settled = "approved" if one["mod"] in approved else "gone"
            wanted.setdefault(f"{self.kind} {one['mod']}", {**one, SETTLED: settled})
        return wanted

    def _parameters(self, seen: SeenMod) -> Parameters:
        return {
            "mod": seen.key,
            "upload": str(seen.upload_id),
            "uploads": str(seen.uploads),
            "files": str(len(seen.handles)),
            "adds": "" if seen.adds is None else str(seen.adds),
            "is_first": "" if seen.approved_versions else "yes",
            SETTLED: "",
        }


class Returns(Concern):
    """Somebody who left with a rating or a ban, and came back anew with the same account; one message a return."""

    kind: ClassVar[str] = "return"

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def wanted(self, tx: Transaction, _now_us: int, said: Collection[Parameters]) -> dict[str, Parameters]:
        """See `Concern`. Who has an older player than the one who left was given that one back, which is no news."""
        former: dict[PlayerId, list[PlayerId]] = {}
        for one in tx.departures.returned(FOUND_MAX):
            if one.returned_as is not None and one.player_id < one.returned_as and self._matters(tx, one.player_id):
                former.setdefault(one.returned_as, []).append(one.player_id)
        wanted: dict[str, Parameters] = {
            self._key(str(player_id)): {
                "player": str(player_id),
                "former": " ".join(str(one) for one in sorted(old)[-FORMER_SHOWN_MAX:]),
                SETTLED: "",
            }
            for player_id, old in former.items()
        }
        for earlier in said:
            wanted.setdefault(self._key(earlier["player"]), {**earlier, SETTLED: "yes"})
        return wanted

    def _key(self, player: str) -> str:
        return f"{self.kind} {player}"

    def _matters(self, tx: Transaction, player_id: PlayerId) -> bool:
        old = tx.players.by_ids([player_id])[player_id]
        races = self._catalog.race_codes
        return old.is_banned or bool(tx.entries.by_keys([(player_id, race) for race in races]))


class Refusals(Concern):
    """Something that a messenger refuses until an organiser mends it, each once, however many messages it holds up.

    What is meant for the organisers' channel itself is left out: where that is refused, nothing can be said in it.
    """

    kind: ClassVar[str] = "refusal"

    def __init__(self, kinds_of_the_channel: Collection[str]) -> None:
        self._left_out = frozenset({*kinds_of_the_channel, self.kind})

    def wanted(self, tx: Transaction, _now_us: int, said: Collection[Parameters]) -> dict[str, Parameters]:
        """See `Concern`."""
        found = (one for one in tx.intents.hindered() if one.intent.kind not in self._left_out)
        current = list(dict.fromkeys(one.hindrance for one in found if one.hindrance is not None))
        wanted: dict[str, Parameters] = {
            f"{self.kind} {hindrance}": {"hindrance": hindrance, SETTLED: ""}
            for hindrance in current[:REFUSALS_SHOWN_MAX]
        }
        for one in said:
            settled = "" if one["hindrance"] in current else "yes"
            wanted.setdefault(f"{self.kind} {one['hindrance']}", {**one, SETTLED: settled})
        return wanted


class Unusual(Concern):
    """What a look at the season finds unusual, each pair, player and account once.

    The look is kept for a day, so that looking again and again costs nothing.
    """

    kind: ClassVar[str] = "unusual"

    def __init__(self, watch: WatchService, *, every_us: int = WATCHED_EVERY_US) -> None:
        self._watch = watch
        self._every_us = every_us
        self._looked_at_us: int | None = None
        self._found: dict[str, Parameters] = {}

    def wanted(self, tx: Transaction, now_us: int, said: Collection[Parameters]) -> dict[str, Parameters]:
        """See `Concern`."""
        if self._looked_at_us is None or not 0 <= now_us - self._looked_at_us < self._every_us:
            found = _unusual(self._watch.look(tx, now_us))
            self._found = {self._key(one): one for one in found}
            self._looked_at_us = now_us
        wanted = dict(self._found)
        for earlier in said:
            wanted.setdefault(self._key(earlier), {**earlier, SETTLED: "yes"})
        return wanted

    def _key(self, parameters: Parameters) -> str:
        players = " ".join(sorted(parameters["players"].split(), key=int))
        return f"{self.kind} {parameters['what']} {parameters.get('handle', players)}"


def _unusual(report: WatchReport) -> list[Parameters]:
    """What there is to say of what was found, as texts: ids and counts, each list with spaces between."""
    looked = report.looked
    by_chance = {"pair": looked.honest_pairs, "player": looked.honest_players}
    found = [
        *(_counted("pair", one, one.players) for one in looked.pairs[:UNUSUAL_SHOWN_MAX]),
        *(_counted("player", one, [one.player]) for one in looked.players[:UNUSUAL_SHOWN_MAX]),
        *(_account(one) for one in looked.accounts[:UNUSUAL_SHOWN_MAX]),
    ]
    return [{**one, "by_chance": f"{by_chance.get(one['what'], 0):.1f}", SETTLED: ""} for one in found]


def _counted(what: str, one: UnusualPair | UnusualPlayer, players: Collection[PlayerId]) -> dict[str, str]:
    others = one.other_games if isinstance(one, UnusualPair) else (one.other_games,)
    return {
        "what": what,
        "players": _listed(players),
        "races": _listed((one.races or ()) if isinstance(one, UnusualPair) else ()),
        "games": str(one.games),
        "points": f"{one.points:g}",
        "expected": f"{one.expected:.1f}",
        "others": _listed(others),
        "other_points": f"{one.other_points:g}" if isinstance(one, UnusualPlayer) else "",
        "known": str(one.known_lengths),
        "short": str(one.short_games),
        "matches": _listed(one.match_ids[-UNUSUAL_MATCHES_MAX:]),
        "matches_more": str(max(0, len(one.match_ids) - UNUSUAL_MATCHES_MAX)),
    }


def _account(one: SharedAccount) -> dict[str, str]:
    return {
        "what": "account",
        "players": _listed(one.players[:UNUSUAL_SHOWN_MAX]),
        "handle": one.handle,
        "matches": _listed(one.match_ids[-UNUSUAL_MATCHES_MAX:]),
        "matches_more": str(max(0, len(one.match_ids) - UNUSUAL_MATCHES_MAX)),
    }


def _listed(values: Iterable[object]) -> str:
    return " ".join(map(str, values))


def all_concerns(mods: ReplayMods, catalog: Catalog, watch: WatchService) -> tuple[Concern, ...]:
    """Every kind of concern."""
    of_the_ladder: tuple[Concern, ...] = (
        Conflicts(),
        DeadLetters(),
        ExpiredMatches(),
        UnknownMods(mods),
        Returns(catalog),
        Unusual(watch),
    )
    return *of_the_ladder, Refusals([one.kind for one in of_the_ladder])
