"""Answers that are made once and sent to many: their bytes, as they are and compressed, and what keeps them."""

import asyncio
import gzip
import hashlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

COMPRESS_LEVEL: Final = 6
COMPRESS_FROM_BYTES: Final = 1_000
KEPT_BYTES_MAX: Final = 64 * 1024 * 1024
KEPT_ANSWERS_MAX: Final = 2_000

RawHeaders = list[tuple[bytes, bytes]]

_GZIP: Final = re.compile(r"(?:^|,)\s*(?:x-)?gzip\s*(?:;\s*q=(?P<q>[0-9.]+)\s*)?(?=,|$)", re.IGNORECASE)


def takes_gzip(accept_encoding: str | None) -> bool:
    """Whether a client takes what is compressed by gzip. One that says nothing of it does not."""
    found = _GZIP.search(accept_encoding or "")
    return found is not None and (found["q"] or "1").strip("0.") != ""


def has_match(if_none_match: str | None, etag: str) -> bool:
    """Whether a request's If-None-Match names this tag (compared weakly) or any (`*`)."""
    if if_none_match is None:
        return False
    wanted = etag.removeprefix("W/")
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return tags == ["*"] or wanted in tags


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """The body of an answer as it is and, where that is shorter, compressed; each with all of its headers."""

    body: bytes
    gzipped: bytes | None
    etag: str
    headers: RawHeaders
    gzipped_headers: RawHeaders
    unchanged_headers: RawHeaders

    @classmethod
    def of(cls, body: bytes, headers: Mapping[str, str], *, is_text: bool = True) -> "KeptAnswer":
        """An answer with this body, and these headers beside those that its form asks for.

        The tag is weak, since it stands for the content in either form.
        """
        gzipped = None
        if is_text and len(body) >= COMPRESS_FROM_BYTES:
            gzipped = gzip.compress(body, COMPRESS_LEVEL, mtime=0)
        etag = f'W/"{hashlib.sha256(body).hexdigest()[:24]}"'
        vary = ", ".join(filter(None, ["Accept-Encoding", headers.get("Vary")]))
        common = {**headers, "Vary": vary, "ETag": etag}
        return cls(
            body=body,
            gzipped=gzipped,
            etag=etag,
            headers=_raw({**common, "Content-Length": str(len(body))}),
            gzipped_headers=_raw({**common, "Content-Length": str(len(gzipped or b"")), "Content-Encoding": "gzip"}),
            unchanged_headers=_raw({name: text for name, text in common.items() if name != "Content-Type"}),
        )

    @property
    def size(self) -> int:
        """How many bytes are kept."""
        return len(self.body) + len(self.gzipped or b"")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Answers a request by GET or HEAD: in the form that it takes, or that it has this already."""
        headers = Headers(scope=scope)
        body = b""
        if has_match(headers.get("if-none-match"), self.etag):
            status, raw = 304, self.unchanged_headers
        elif self.gzipped is not None and takes_gzip(headers.get("accept-encoding")):
            status, raw, body = 200, self.gzipped_headers, self.gzipped
        else:
            status, raw, body = 200, self.headers, self.body
        await send({"type": "http.response.start", "status": status, "headers": list(raw)})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _raw(headers: Mapping[str, str]) -> RawHeaders:
    return [(name.lower().encode(), text.encode()) for name, text in headers.items()]


class KeptResponse(Response):
    """A kept answer, as a route gives it."""

    def __init__(self, answer: KeptAnswer) -> None:
        super().__init__()
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as the kept answer does."""
        await self._answer(scope, receive, send)


Make = Callable[[], Awaitable[KeptAnswer]]


class Keeper:
    """Keeps the latest answer to each question, and makes each one once, however many ask for it at a time.

    An answer has the state that it was made for: equal states, equal answers. Whoever asks for another state gets
    another answer, which takes its place. What was asked for longest ago goes when there are too many or they are too
    large.
    """

    def __init__(self, *, bytes_max: int = KEPT_BYTES_MAX, answers_max: int = KEPT_ANSWERS_MAX) -> None:
        self._bytes_max = bytes_max
        self._answers_max = answers_max
        self._kept: OrderedDict[Hashable, tuple[Hashable, KeptAnswer]] = OrderedDict()
        self._making: dict[tuple[Hashable, Hashable], asyncio.Task[KeptAnswer]] = {}
        self._size = 0

    @property
    def size(self) -> int:
        """How many bytes are kept."""
        return self._size

    def __len__(self) -> int:
        """How many answers are kept."""
        return len(self._kept)

    async def answer(self, question: Hashable, state: Hashable, make: Make) -> KeptAnswer:
        """The kept answer to a question in a state, or else what `make` gives, which is kept. Raises what it raises."""
        kept = self._kept.get(question)
        if kept is not None and kept[0] == state:
            self._kept.move_to_end(question)
            return kept[1]
        making = self._making.get((question, state))
        if making is None:
            making = self._making[question, state] = asyncio.ensure_future(self._made(question, state, make))
            making.add_done_callback(lambda task: self._is_made(question, state, task))
        return await asyncio.shield(making)  # who made it first may leave; others wait for it

    async def _made(self, question: Hashable, state: Hashable, make: Make) -> KeptAnswer:
        answer = await make()
        self._drop(question)
        self._kept[question] = state, answer
        self._size += answer.size
        while self._kept and (self._size > self._bytes_max or len(self._kept) > self._answers_max):
            self._drop(next(iter(self._kept)))
        return answer

    def _is_made(self, question: Hashable, state: Hashable, task: asyncio.Task[KeptAnswer]) -> None:
        del self._making[question, state]
        if not task.cancelled():
            task.exception()  # whoever waited for it was told, and there may be nobody

    def _drop(self, question: Hashable) -> None:
        kept = self._kept.pop(question, None)
        if kept is not None:
            self._size -= kept[1].size
