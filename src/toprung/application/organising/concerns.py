"""What wants an organiser: conflicts, dead letters, expired matches, unknown mods, who left and came back, refusals."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar, Final

from toprung.application.ports.clock import Clock
from toprung.application.ports.intents import Intent, Priority
from toprung.application.ports.storage import Transaction
from toprung.application.replays.replay_mods import ReplayMods, SeenMod
from toprung.application.writing.unit_of_work import UnitOfWork
from toprung.domain.game.catalog import Catalog
from toprung.domain.jobs.job import JobId, JobState
from toprung.domain.matches.match import Match, MatchId, MatchState
from toprung.domain.moment import to_datetime
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


def all_concerns(mods: ReplayMods, catalog: Catalog) -> tuple[Concern, ...]:
    """Every kind of concern."""
    of_the_ladder: tuple[Concern, ...] = (
        Conflicts(),
        DeadLetters(),
        ExpiredMatches(),
        UnknownMods(mods),
        Returns(catalog),
    )
    return *of_the_ladder, Refusals([one.kind for one in of_the_ladder])
