"""A match between Maru and Serral that is being played, and replays of it as their clients would have saved them."""

from dataclasses import replace
from typing import Any, Final

from tests.support.fakes.ladder import FakeClock
from tests.support.intake import MemoryIntake
from tests.support.replays.archives import InProcessParser, Method, deflated
from tests.support.replays.synthetic_replay import SyntheticGame, SyntheticPlayer, replay_of
from toprung.adapters.catalog_files import find_game, load_catalog
from toprung.application.matches.match_steps import Reach
from toprung.domain.game.catalog import Catalog
from toprung.domain.matches.match import Match, MatchId, MatchState, Outcome, Participant
from toprung.domain.matches.match_life import Step
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.replays.replay_checks import ReplayPolicy
from toprung.domain.replays.replay_upload import ReplayUpload, UploadVerdict

MARU, SERRAL = PlayerId(1), PlayerId(2)
MAP: Final = "Keres Passage"
CATALOG: Final[Catalog] = load_catalog(find_game("sc_evo"))
GAME_MINUTES: Final = 20
"""How long after its beginning a match is looked at; the game in it took 1,000 s and ended two minutes ago."""

TERRAN: Final = SyntheticPlayer(name="Maru", uid=101, race="Terran", picked_race="Terr")
ZERG: Final = SyntheticPlayer(name="Serral", uid=202, race="Zerg", picked_race="Zerg")


def game_at(now_us: int, winner: str | None = "Maru", **changes: Any) -> SyntheticGame:
    """The game as a replay that was saved two minutes ago states it, with a winner, a draw or neither."""
    results = {"Maru": ("win", "loss"), "Serral": ("loss", "win"), "draw": ("draw", "draw"), None: ("unknown",) * 2}
    players = tuple(replace(one, result=result) for one, result in zip((TERRAN, ZERG), results[winner], strict=True))
    game = SyntheticGame(players=players, ended_at_us=now_us - 120_000_000, frames=22_400)
    return replace(game, **changes)


def recorded(now_us: int, winner: str | None = "Maru", *, method: Method = deflated, **changes: Any) -> bytes:
    """The file of `game_at`."""
    return replay_of(game_at(now_us, winner, **changes), method)


class PlayedMatch:
    """That match on a ladder in memory, whose uploads are judged as on a real one."""

    def __init__(self, *, can_reach: Reach = lambda _player: False, policy: ReplayPolicy | None = None) -> None:
        self.clock = FakeClock()
        self.intake = MemoryIntake(
            clock=self.clock,
            catalog=CATALOG,
            parser=InProcessParser(),
            judges_by_claims=True,
            can_reach=can_reach,
            replays=policy or ReplayPolicy(),
        )
        self.lifecycle, self.steps = self.intake.ladder.lifecycle, self.intake.ladder.steps
        for player in (
            Player(id=MARU, name="Maru"),
            Player(id=SERRAL, name="Serral"),
            Player(id=PlayerId(3), name="Cid"),
        ):
            self.intake.storage.database.players[player.id] = player
            self.intake.storage.database.name_keys[player.id] = player.name.casefold()

    async def begun(self, *, is_confirmed: bool = True) -> MatchId:
        """The match, begun 20 minutes ago, and the clock moved."""
        terran, zerg = (
            Participant(player_id=MARU, race="sc2_terran"),
            Participant(player_id=SERRAL, race="sc2_zerg"),
        )
        match_id = (await self.lifecycle.open(terran, zerg, map_name=MAP)).id
        if is_confirmed:
            for player_id in (MARU, SERRAL):
                await self.lifecycle.act(match_id, player_id, Step.CONFIRM)
            self.clock.advance(seconds=GAME_MINUTES * 60)
        return match_id

    def replay(self, winner: str | None = "Maru", *, method: Method = deflated, **changes: Any) -> bytes:
        """A replay of the game that was played until two minutes ago."""
        return recorded(self.clock.now_us(), winner, method=method, **changes)

    async def upload(self, player_id: PlayerId, data: bytes, match_id: MatchId | None = None) -> ReplayUpload:
        """The upload, judged."""
        receipt = await self.intake.replays.submit(player_id, match_id, data)
        await self.intake.work_off()
        return self.intake.upload(receipt.upload.id)

    async def report(self, player_id: PlayerId, outcome: Outcome, match_id: int = 1) -> Match:
        """A player's word."""
        return await self.lifecycle.act(MatchId(match_id), player_id, Step.REPORT, outcome)

    def match(self, match_id: int = 1) -> Match:
        """The match as it is stored."""
        return self.intake.storage.database.played.matches[MatchId(match_id)]

    def state(self, match_id: int = 1) -> MatchState:
        """How it stands."""
        return self.match(match_id).state

    @property
    def rated(self) -> int:
        """How many rows the journal has: two for each match that was rated."""
        return len(self.intake.storage.database.journal)

    def handles(self) -> dict[str, tuple[str, ...]]:
        """Whose accounts are known."""
        return {player.name: player.handles for player in self.intake.storage.database.players.values()}


def verdict_of(upload: ReplayUpload) -> UploadVerdict:
    """What was found of an upload."""
    return UploadVerdict.from_json(upload.state, upload.verdict or "")
