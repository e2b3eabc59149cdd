"""No player and no error makes an organisers' message that Discord refuses, that mentions anybody or that breaks."""

import asyncio
import re
from typing import Any, Final

import discord
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.interfaces.discord.bot.discord_api import check_request
from tests.interfaces.discord.ladder import DiscordLadder, discord_ladder
from tests.interfaces.discord.layout import walk
from tests.interfaces.discord.leaderboard.test_leaderboard_text import LINK, MENTION, names
from toprung.application.organising.concerns import SETTLED
from toprung.application.organising.match_log import MESSAGE_LINES_MAX
from toprung.application.players.player_dossier import Dossier
from toprung.application.ports.intents import StoredIntent
from toprung.application.ports.storage import Transaction
from toprung.application.ratings.rating_service import CorrectionOutcome, Move
from toprung.application.replays.replay_verdicts import KIND, promise_verdict
from toprung.domain.jobs.job import JobKind, NewJob
from toprung.domain.matches.conduct import Offence, Penalty
from toprung.domain.matches.match import MatchId, MatchResult, Outcome, Participant
from toprung.domain.matches.match_life import Step
from toprung.domain.players.player import Player, PlayerId
from toprung.domain.replays.replay_checks import Check, CheckCode, CheckStatus
from toprung.domain.replays.replay_findings import Findings
from toprung.domain.replays.replay_upload import NewUpload, ReplayFile, UploadState, UploadVerdict
from toprung.interfaces.discord.messages.layouts import LAYOUT_CHARACTERS_MAX, LAYOUT_COMPONENTS_MAX
from toprung.interfaces.discord.messages.markdown import length
from toprung.interfaces.discord.organising.admin_matches import ConflictsView, MatchPanel
from toprung.interfaces.discord.organising.admin_text import correction_lines, dossier_lines
from toprung.interfaces.discord.organising.concerns import (
    ConflictConcern,
    DeadLetterConcern,
    ExpiredConcern,
    UnknownModConcern,
)
from toprung.interfaces.discord.organising.match_log import LINE_CHARACTERS_MAX, log_line
from toprung.interfaces.discord.replays.replay_command import VerdictDrawing

MESSAGES: Final = "/channels/1456074443980800009/messages"
LONGEST: Final = "\\" * 23 + "x"
ACCOUNT: Final = re.compile(r"<@[0-9]+>")

errors = st.text(st.characters(codec="utf-8"), max_size=500)


def check(view: discord.ui.LayoutView) -> str:
    """Holds a message against Discord's limits and description, and gives its text."""
    components: list[dict[str, Any]] = view.to_components()  # type: ignore[no-untyped-call]
    texts = [part["content"] for part in walk(components) if part["type"] == 10]
    assert sum(map(length, texts)) <= LAYOUT_CHARACTERS_MAX
    assert len(list(walk(components))) <= LAYOUT_COMPONENTS_MAX
    body = {"components": components, "flags": 1 << 15, "allowed_mentions": {"parse": []}}
    check_request("POST", MESSAGES, body)
    text = "\n".join(texts)
    check_text(text)
    return text


def check_text(text: str) -> None:
    """Raises where text from a player would mean something."""
    bare = re.sub(r"<t:[0-9]+:R>", "", text).replace("\\\\", "")
    assert not MENTION.search(bare)
    assert not LINK.search(bare)
    assert len(re.findall(r"(?<!\\)\*\*", bare)) % 2 == 0
    assert len(re.findall(r"(?<!\\)`", bare)) % 2 == 0


class _Shown:
    """Stands for an interaction: keeps what it is answered with."""

    def __init__(self) -> None:
        self.view: discord.ui.LayoutView | None = None


def drawn(kind: type[MatchPanel] | type[ConflictsView]) -> type:
    """The same layout, which keeps to itself what it would show."""

    class Drawn(kind):  # type: ignore[misc, valid-type]  # one of the two
        async def show(self, interaction: Any, *, ephemeral: bool = True) -> None:
            interaction.view = self

    return Drawn


async def arranged(one: str, two: str) -> tuple[DiscordLadder, MatchId, MatchId]:
    """A ladder with two players of these names, a match in conflict and one that was finished."""
    ladder = discord_ladder()
    database = ladder.storage.database
    for number, name in enumerate((one, two), 1):
        player = Player(id=PlayerId(number), name=name, in_game_names=(name,), discord_id=900 + number)
        database.players[player.id] = player
        database.name_keys[player.id] = f"key {number}"
    await ladder.store.load()
    sides = [Participant(player_id=PlayerId(number), race="bw_zerg") for number in (1, 2)]
    ids = []
    for outcomes in ((Outcome.WIN, Outcome.LOSS), (Outcome.WIN, Outcome.WIN)):
        match = await ladder.lifecycle.open(sides[0], sides[1])
        ids.append(match.id)
        for side in sides:
            await ladder.lifecycle.act(match.id, side.player_id, Step.CONFIRM)
        for side, outcome in zip(sides, outcomes, strict=True):
            await ladder.lifecycle.act(match.id, side.player_id, Step.REPORT, outcome)
    return ladder, ids[0], ids[1]


async def verdict_drawn(ladder: DiscordLadder, findings: Findings) -> discord.ui.LayoutView:
    """What the uploader of a replay that does not fit is sent."""
    details = findings.to_details()
    verdict = UploadVerdict(state=UploadState.REJECTED, code="not_verified", sentence="no", details=details)

    def work(tx: Transaction) -> StoredIntent:
        tx.replays.add_file(ReplayFile(sha256="a" * 64, size_bytes=1, first_uploaded_at_us=1))
        new = NewUpload(sha256="a" * 64, player_id=PlayerId(1), match_id=None, file_name=None, uploaded_at_us=1)
        upload = tx.replays.add_upload(new).judged(verdict)
        tx.replays.save_upload(upload)
        promise_verdict(tx, upload, 1)
        (stored,) = tx.intents.of_kind(KIND)
        return stored

    stored = (await ladder.storage.write(work)).value
    view = await VerdictDrawing(ladder.context())(stored)
    assert view is not None
    return view


async def check_all(one: str, two: str, error: str) -> None:
    """Draws every message about these two and this error."""
    ladder, finished, conflict = await arranged(one, two)
    context = ladder.context()
    reader = context.public_reader()
    check(await ConflictConcern(context).draw({"match": str(conflict), SETTLED: ""}))
    check(await ConflictConcern(context).draw({"match": str(finished), SETTLED: "completed"}))
    given = {"day": "2026-11-25", "count": "99", "matches": " ".join([str(finished)] * 12), SETTLED: ""}
    check(await ExpiredConcern(context).draw(given))
    new = NewJob(kind=JobKind.REPLAY, payload="f", dedup_key="f", player_id=PlayerId(1), enqueued_at_us=1)
    job = (await ladder.storage.write(lambda tx: tx.jobs.enqueue(new))).value
    dead = DeadLetterConcern(context)
    check(await dead.draw({"job": str(job.id), SETTLED: ""}))
    check_text(reader.say("concern.dead_letter_what", kind="replay", error=error))
    unknown = UnknownModConcern(context)
    digest = "f" * 64
    file = ReplayFile(sha256=digest, size_bytes=1, first_uploaded_at_us=1)
    upload = NewUpload(sha256=digest, player_id=PlayerId(1), match_id=None, file_name=None, uploaded_at_us=1)
    await ladder.storage.write(lambda tx: tx.replays.add_file(file))
    number = str((await ladder.storage.write(lambda tx: tx.replays.add_upload(upload))).value.id)
    for adds, is_first, settled in (("", "yes", ""), ("128", "", ""), ("", "", "approved"), ("", "", "gone")):
        said = {"mod": digest, "upload": number, "uploads": "1000", "files": "128", "adds": adds}
        check(await unknown.draw({**said, "is_first": is_first, SETTLED: settled}))
    check(
        await verdict_drawn(
            ladder,
            Findings(
                match_id=finished,
                side=0,
                result=None,
                checks=tuple(
                    Check(code=code, status=CheckStatus.FAILED, expected=(one, two), found=(error, two))
                    for code in CheckCode
                ),
                handles=(None, None),
            ),
        )
    )
    for kind, rest in ((MatchPanel, (conflict,)), (ConflictsView, ())):
        shown = _Shown()
        await drawn(kind)(context, reader, *rest).update_view(shown)
        assert shown.view is not None
        check(shown.view)
    await check_lines(ladder, one, two, finished, conflict)


async def check_lines(ladder: DiscordLadder, one: str, two: str, finished: MatchId, conflict: MatchId) -> None:
    """Writes every text about a match and a player."""
    context, clock = ladder.context(), ladder.clock
    reader = context.public_reader()
    view = await context.ladder.matches.get(finished)
    for is_corrected in (False, True):
        line = log_line(context, reader, view, is_corrected=is_corrected)
        check_text(line)
        assert length(line) <= LINE_CHARACTERS_MAX
    moves = tuple(
        Move(
            entry_id=None, player_id=PlayerId(1), player_name=name, race="bw_zerg", mmr_before=-9_999, mmr_after=99_999
        )
        for name in (one, two) * 20
    )
    outcome = CorrectionOutcome(match_id=finished, before=None, after=MatchResult.DRAW, moves=moves, rated_anew=10**6)
    lines = correction_lines(context, reader, outcome, view)
    check_text(lines)
    assert length(lines) <= 3_000
    penalties = tuple(
        Penalty(player_id=PlayerId(1), match_id=finished, offence=Offence.ABORT, at_us=at, until_us=clock.now_us() + at)
        for at in range(30)
    )
    dossier = Dossier(
        player=ladder.storage.database.players[PlayerId(1)],
        entries=tuple(ladder.storage.database.entries.values()),
        penalties=penalties,
        open_match_id=conflict,
        matches=(view,) * 5,
        left_at_us=clock.now_us(),
        returned_as=ladder.storage.database.players[PlayerId(2)],
        former=(ladder.storage.database.players[PlayerId(1)],) * 30,
    )
    text = dossier_lines(context, reader, dossier)
    check_text(ACCOUNT.sub("", text))
    assert length(text) <= 3_500


@given(one=names(), two=names(), error=errors)
@example(one=LONGEST, two=LONGEST, error="\\" * 500)
@example(one="@everyone", two="<@123>", error="``` <@1> https://x.yz")
@example(one="\N{GRINNING FACE}" * 24, two="**b**", error="\n# h")
@settings(max_examples=25)
def test_every_message_is_what_discord_takes_whoever_it_is_about(one: str, two: str, error: str) -> None:
    asyncio.run(check_all(one, two, error))


def test_a_full_message_of_the_log_fits() -> None:
    assert MESSAGE_LINES_MAX * (LINE_CHARACTERS_MAX + 1) <= LAYOUT_CHARACTERS_MAX
