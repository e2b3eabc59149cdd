"""What is drawn once: the same as what would be drawn anew, for everybody, and only as long as that is so."""

import asyncio
import gzip
import random

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.interfaces.web.ladder import HOUR_US, UPLOAD_LIMITS, Ladder
from toprung.domain.errors import StorageUnavailable
from toprung.domain.moment import MICROSECONDS_PER_SECOND
from toprung.interfaces.web.app import create_app
from toprung.interfaces.web.site.kept import COMPRESS_FROM_BYTES, Keeper, KeptAnswer, Make, has_match, takes_gzip

MINUTE_US = 60 * MICROSECONDS_PER_SECOND
QUERIES = (
    *("", "race=bw_terran", "race=bw_zerg&race=sc2_zerg", "country=KR", "best_race_only=true", "rank=S", "page=2"),
    *(
        "page=3&page_size=7",
        "race=bw_terran&country=IS",
        "player=3",
        "movement_since=7d",
        "as_of=2026-03-14T11%3A00%3A00Z",
    ),
)
LANGUAGES = (None, "en", "de", "ko,en;q=0.5", "xx", "de;q=0.1,ko")
ENCODINGS = ("gzip", "identity", "gzip;q=0", "br, gzip;q=0.5", "*")


class Forgetful(Keeper):
    """Draws every answer anew."""

    async def answer(self, question: object, state: object, make: Make) -> KeptAnswer:
        return await make()


class Counting(Keeper):
    """Counts what is drawn."""

    drawn = 0

    async def answer(self, question: object, state: object, make: Make) -> KeptAnswer:
        async def counted() -> KeptAnswer:
            self.drawn += 1
            return await make()

        return await super().answer(question, state, counted)


def client_of(ladder: Ladder, keeper: Keeper) -> httpx.AsyncClient:
    """A client of the same ladder's site, with this keeper."""
    app = create_app(
        ladder.use_cases,
        hub=ladder.hub,
        upload_limits=UPLOAD_LIMITS,
        admin_token="a-token-that-nobody-needs",
        health=dict,
        metrics=lambda: (b"", "text/plain"),
        keeper=keeper,
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


@pytest.fixture
def ladder() -> Ladder:
    ladder = Ladder()
    ladder.fill(60)
    return ladder


@pytest.mark.parametrize("seed", range(6))
async def test_a_kept_answer_is_what_would_be_drawn_anew(ladder: Ladder, seed: int) -> None:
    chance = random.Random(seed)
    keeper = Counting()
    same = 0
    async with client_of(ladder, keeper) as kept, client_of(ladder, Forgetful()) as anew:
        for _ in range(150):
            match chance.randrange(16):
                case 0:
                    await ladder.score(chance.choice(list(ladder.storage.database.entries)), chance.choice([-30, 25]))
                case 1:
                    ladder.clock.forward(round(chance.choice([1, 10, 61]) * MICROSECONDS_PER_SECOND))
                case 2:
                    ladder.clock.forward(chance.choice([MINUTE_US, HOUR_US, 30 * HOUR_US]))
                case 3:
                    await ladder.join(f"Newcomer{ladder.storage.database.seq}")
            path = chance.choice(["/leaderboard", "/leaderboard/rows"])
            headers = {"Accept-Encoding": chance.choice(ENCODINGS)}
            if (language := chance.choice(LANGUAGES)) is not None:
                headers["Accept-Language"] = language
            address = f"{path}?{chance.choice(QUERIES)}".rstrip("?")
            method = chance.choice(["GET", "GET", "GET", "HEAD"])
            drawn = keeper.drawn
            one = await kept.request(method, address, headers=headers)
            same += drawn == keeper.drawn
            other = await anew.request(method, address, headers=headers)
            assert (one.status_code, one.content, dict(one.headers)) == (200, other.content, dict(other.headers))
            is_compressed = "content-encoding" in one.headers
            is_wanted = headers["Accept-Encoding"] in {"gzip", "br, gzip;q=0.5"}
            assert is_compressed == (is_wanted and is_compressed)
            assert is_compressed or not is_wanted or len(one.content) < COMPRESS_FROM_BYTES
            again = await kept.request(method, address, headers={**headers, "If-None-Match": one.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
    assert same >= 3, "some were kept"


async def test_within_a_minute_it_is_the_minutes_beginning_for_all(ladder: Ladder) -> None:
    """An entry that was played half a minute past turns older in the middle of every minute."""
    ladder.put("Half", race="bw_zerg", mmr=9_000, hours_ago=29.5 / 60)
    async with client_of(ladder, Keeper()) as kept, client_of(ladder, Forgetful()) as anew:
        texts = []
        for _ in range(7):
            one, other = [await client.get("/leaderboard/rows?page_size=1") for client in (kept, anew)]
            assert one.text == other.text
            texts.append(one.text.split("</time>")[0].rpartition(">")[2])
            ladder.clock.forward(20 * MICROSECONDS_PER_SECOND)
    assert texts == ["29 min ago"] * 3 + ["30 min ago"] * 3 + ["31 min ago"]


async def test_a_commit_is_seen_by_the_next_who_asks(ladder: Ladder) -> None:
    async with client_of(ladder, Keeper()) as client:
        for change in range(1, 30):
            await ladder.score(1 + change % 5, 1)
            for path in ("/leaderboard", "/leaderboard/rows"):
                assert f'data-version="{change}-' in (await client.get(path)).text


async def test_what_many_ask_for_at_once_is_drawn_once(ladder: Ladder) -> None:
    keeper = Counting()
    async with client_of(ladder, keeper) as client:
        for _ in range(3):
            await ladder.score(1, 5)
            answers = await asyncio.gather(*(client.get("/leaderboard/rows?race=bw_terran") for _ in range(50)))
            assert len({answer.content for answer in answers}) == 1
    assert keeper.drawn == 3


async def test_one_question_is_one_however_it_is_put(ladder: Ladder) -> None:
    keeper = Counting()
    queries = [
        "race=bw_zerg&race=bw_terran&country=KR&country=US&page=1",
        "country=US&race=bw_terran&country=KR&race=bw_zerg&best_race_only=false",
        "country=KR&country=US&race=bw_terran&race=bw_zerg&rank=",
        "utm_source=x&race=bw_terran&race=bw_zerg&race=bw_zerg&country=US&country=KR&find=nobody",
    ]
    async with client_of(ladder, keeper) as client:
        bodies = {(await client.get(f"/leaderboard/rows?{query}")).content for query in queries}
        assert len(bodies) == keeper.drawn == 1
        for language in ("de", "de-AT,en;q=0.5", "DE"):
            await client.get(f"/leaderboard/rows?{queries[0]}", headers={"Accept-Language": language})
        assert keeper.drawn == 2


async def test_refusals_and_searches_are_not_kept(ladder: Ladder) -> None:
    keeper = Counting()
    async with client_of(ladder, keeper) as client:
        assert (await client.get("/leaderboard?race=nothing")).status_code == 422
        assert (await client.get("/leaderboard?find=nobody+is+called+so")).status_code == 200
        assert (await client.get("/leaderboard?page=1")).status_code == 303
        assert (await client.post("/leaderboard")).status_code == 405
        ladder.storage.is_down = True
        ladder.store._is_stale = True
        for path in ("/leaderboard", "/leaderboard/rows"):
            refused = await client.get(path)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        ladder.storage.is_down = False
        assert (await client.get("/leaderboard")).status_code == 200
    assert len(keeper) == 1


def answer_of(size: int) -> KeptAnswer:
    return KeptAnswer.of(random.Random(size).randbytes(size), {"Content-Type": "text/plain"}, is_text=False)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3), st.integers(1, 4_000)), max_size=60))
def test_no_more_is_kept_than_may_be_and_what_was_asked_for_last_is(asked: list[tuple[int, int, int]]) -> None:
    async def ask() -> None:
        keeper = Keeper(bytes_max=10_000, answers_max=8)
        states: dict[int, int] = {}
        for question, state, size in asked:

            async def make(size: int = size) -> KeptAnswer:
                return answer_of(size)

            answer = await keeper.answer(question, state, make)
            assert len(keeper) <= 8
            assert keeper.size == sum(kept.size for _, kept in keeper._kept.values()) <= 10_000
            assert next(reversed(keeper._kept)) == question
            assert await keeper.answer(question, state, no_more) is answer
            states[question] = state
        assert not keeper._making

    async def no_more() -> KeptAnswer:
        raise AssertionError("it was made again")

    asyncio.run(ask())


async def test_a_failure_is_told_to_all_who_wait_and_kept_for_nobody() -> None:
    keeper = Keeper()
    tries = 0

    async def make() -> KeptAnswer:
        nonlocal tries
        tries += 1
        await asyncio.sleep(0)
        if tries == 1:
            raise StorageUnavailable("Not now.")
        return answer_of(9)

    told = await asyncio.gather(*(keeper.answer("q", 1, make) for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in told] == [StorageUnavailable] * 5
    assert (await keeper.answer("q", 1, make)).size == 9
    assert tries == 2


async def test_who_asked_first_may_leave_and_the_others_are_answered() -> None:
    keeper = Keeper()
    go_on = asyncio.Event()

    async def make() -> KeptAnswer:
        await go_on.wait()
        return answer_of(9)

    first, second = (asyncio.create_task(keeper.answer("q", 1, make)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    go_on.set()
    assert (await second).size == 9
    assert first.cancelled()


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        *((None, False), ("", False), ("gzip", True), ("GZIP", True), ("x-gzip", True), ("br, gzip", True)),
        *(("gzip;q=0", False), ("gzip;q=0.0", False), ("gzip; q=0.001", True), ("gzipped", False), ("*", False)),
        ("br;q=1,gzip;q=0", False),
        *(("identity", False), ("deflate, gzip;q=1.0, *;q=0.5", True), ("notgzip", False)),
    ],
)
def test_who_takes_what_is_compressed(header: str | None, takes: bool) -> None:
    assert takes_gzip(header) == takes


def test_tags_are_compared_weakly() -> None:
    answer = answer_of(5)
    assert has_match(answer.etag, answer.etag)
    assert has_match(f'"x", {answer.etag.removeprefix("W/")}', answer.etag)
    assert has_match("*", answer.etag)
    assert not has_match('"x"', answer.etag)
    assert not has_match(None, answer.etag)


async def test_static_files_come_from_memory_compressed_and_tagged(ladder: Ladder) -> None:
    async with client_of(ladder, Keeper()) as client:
        for name, has_text in (("toprung.css", True), ("board.js", True), ("flags/kr.svg", True)):
            one = await client.get(f"/static/{name}", headers={"Accept-Encoding": "gzip"})
            raw = await client.get(f"/static/{name}", headers={"Accept-Encoding": "identity"})
            assert one.content == raw.content
            assert ("content-encoding" in one.headers) == (has_text and len(raw.content) >= 1_000)
            assert one.headers["vary"] == "Accept-Encoding"
            known = {"If-None-Match": one.headers["etag"]}
            assert (await client.get(f"/static/{name}", headers=known)).status_code == 304
            head = await client.head(f"/static/{name}", headers={"Accept-Encoding": "identity"})
            assert (head.content, head.headers["content-length"]) == (b"", str(len(raw.content)))
        font = "vendor/barlow-condensed-5.3.0-latin-600.woff2"
        compressed = await client.get(f"/static/{font}", headers={"Accept-Encoding": "gzip"})
        assert "content-encoding" not in compressed.headers
        assert "immutable" in compressed.headers["cache-control"]
        for name in ("nothing.css", "%2e%2e%2fapp.py", "", "flags"):
            missing = await client.get(f"/static/{name}")
            assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
        assert (await client.post("/static/board.js")).status_code == 405
        assert (await client.get("/favicon.ico")).headers["content-type"] == "image/svg+xml"


def test_what_is_compressed_is_the_same_bytes_each_time() -> None:
    body = b"the same again and again, " * 100
    one, other = (KeptAnswer.of(body, {"Content-Type": "text/html"}) for _ in range(2))
    assert one == other
    assert one.gzipped is not None
    assert gzip.decompress(one.gzipped) == body
