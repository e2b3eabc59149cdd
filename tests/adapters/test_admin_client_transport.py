"""What goes over the wire to the admin API and back, and what the client says where that fails."""

import asyncio
import socket

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tests.adapters.admin_servers import ADDRESS, ANN, API, TOKEN, answering, lines
from toprung.adapters.admin_client import AdminClient, AdminRefused
from toprung.application.organising.player_operations import (
    BanPlayer,
)
from toprung.application.organising.transfer_operations import ImportEntries
from toprung.application.transfer.table_file import ImportRefused, Problem
from toprung.domain.errors import Conflict, InvalidInput, NotFound, StorageUnavailable, ToprungError


async def test_the_token_and_the_text_go_over_as_they_are() -> None:
    seen: list[str] = []

    def answer(request: Request) -> Response:
        seen.extend((request.headers["authorization"], request.headers["content-type"], request.url.path))
        return PlainTextResponse("", 503)

    async with answering(answer) as client:
        with pytest.raises(StorageUnavailable):
            await client.perform(ImportEntries(text="x", by=API))
    assert seen == ["Bearer let-me-in-since-I-may", "text/csv; charset=utf-8", "/api/v1/admin/import-entries"]


async def test_a_line_may_hold_any_line_end_of_unicode_and_come_in_pieces() -> None:
    problem = '{"line":1,"column":"a\u2028b\x85c","reason":"unknown column"}'
    error = f'{{"error":{{"code":"import_refused","message":"No.","problems":[{problem}],"problem_count":1}}}}\n'
    told: list[tuple[int, int]] = []
    async with answering(lines('{"progress":', "[1,2]}\n", error[:40], error[40:])) as client:
        with pytest.raises(ImportRefused, match=r"^No\.$") as refused:
            await client.perform(ImportEntries(text="x", by=API), lambda done, total: told.append((done, total)))
    assert refused.value.problems == (Problem(line=1, column="a\u2028b\x85c", reason="unknown column"),)
    assert told == [(1, 2)]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AdminRefused),
        (404, NotFound),
        (409, Conflict),
        (413, InvalidInput),
        (422, InvalidInput),
        (503, StorageUnavailable),
        (500, StorageUnavailable),
        (302, StorageUnavailable),
    ],
)
async def test_a_status_without_a_known_code_still_has_a_meaning(status: int, kind: type[ToprungError]) -> None:
    async with answering(lambda _request: PlainTextResponse("<html>", status)) as client:
        with pytest.raises(kind, match=f"{ADDRESS} refused with status {status}"):
            await client.perform(BanPlayer(name="Maru", by=ANN))


@pytest.mark.parametrize("answer", ["", "[]", "<html>", '{"player_id": "one", "player_name": "Maru"}'])
async def test_an_answer_of_another_shape_is_said_to_be_one(answer: str) -> None:
    async with answering(lambda _request: PlainTextResponse(answer)) as client:
        with pytest.raises(StorageUnavailable, match=f"{ADDRESS} did not answer as this version"):
            await client.perform(BanPlayer(name="Maru", by=ANN))


async def test_an_import_whose_end_is_missing_is_not_taken_for_done() -> None:
    async with answering(lines('{"progress":[1,2]}\n')) as client:
        with pytest.raises(StorageUnavailable, match="did not say how the import ended"):
            await client.perform(ImportEntries(text="x", by=API))


async def test_a_server_that_fails_inside_an_import_is_said_to() -> None:
    internal = '{"error":{"code":"internal","message":"Something went wrong.","problems":[],"problem_count":0}}\n'
    async with answering(lines(internal)) as client:
        with pytest.raises(StorageUnavailable, match=r"Something went wrong\."):
            await client.perform(ImportEntries(text="x", by=API))


async def test_a_server_that_is_not_there_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: whoever connects is turned away
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        async with AdminClient(address, TOKEN) as client:
            with pytest.raises(StorageUnavailable, match=f"The server at {address} did not answer"):
                await client.perform(BanPlayer(name="Maru", by=ANN))
            with pytest.raises(StorageUnavailable, match=f"The server at {address} did not answer"):
                await client.perform(ImportEntries(text="x", by=API))


async def test_an_address_that_is_none_is_named() -> None:
    async with AdminClient("nonsense", TOKEN) as client:
        with pytest.raises(StorageUnavailable, match="nonsense did not answer"):
            await client.perform(ImportEntries(text="x", by=API))


class _HangingUp(httpx.AsyncBaseTransport):
    """Takes a request and closes the connection."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.RemoteProtocolError("closed", request=request)


async def test_a_server_that_hangs_up_leaves_the_outcome_open() -> None:
    async with AdminClient(ADDRESS, TOKEN, _HangingUp()) as client:
        with pytest.raises(StorageUnavailable, match="stopped answering; look what became of the request"):
            await client.perform(BanPlayer(name="Maru", by=ANN))


async def test_proxies_of_the_environment_have_no_part_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unavailable(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server = await asyncio.start_server(unavailable, "127.0.0.1", 0)
    async with server, AdminClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", TOKEN) as client:
        with pytest.raises(StorageUnavailable, match="refused with status 503"):
            await client.perform(BanPlayer(name="Maru", by=ANN))
