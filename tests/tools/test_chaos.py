"""The parts that `make chaos` rests on: the disk that loses power, the deliveries, and the results that are kept."""

import json
import random
from struct import pack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.deliveries import Deliveries
from chaos.disk import SECTOR_BYTES, Disk, Operation, operations
from chaos.report import render
from chaos.run import EXPERIMENTS, KEPT
from chaos.workload import Request, made_up_matches

RESULTS: dict[str, Any] = json.loads((KEPT / "results.json").read_text("utf-8"))

OPENED = Operation("o", 1, 0, b"/somewhere/ladder.db")
SYNCED = Operation("s", 1, 0, b"")


def written(offset: int, data: bytes) -> Operation:
    """A write to the opened file."""
    return Operation("w", 1, offset, data)


def after(disk: Disk, times: int = 50) -> list[dict[str, bytes]]:
    """What many power cuts may leave."""
    chance = random.Random(1)
    return [disk.after_a_cut(chance) for _ in range(times)]


def test_a_trace_is_read_as_it_was_written() -> None:
    trace = pack("=cqqq", b"w", 3, 4096, 5) + b"bytes" + pack("=cqqq", b"s", 3, 0, 0)
    assert list(operations(trace)) == [Operation("w", 3, 4096, b"bytes"), Operation("s", 3, 0, b"")]


@given(st.lists(st.tuples(st.integers(0, 3_000), st.binary(min_size=1, max_size=2_000)), max_size=6))
def test_what_was_synced_survives_every_cut(writes: list[tuple[int, bytes]]) -> None:
    disk, expected = Disk({"ladder.db": b""}), bytearray()
    disk.do(OPENED)
    for offset, data in writes:
        disk.do(written(offset, data))
        expected.extend(bytes(max(0, offset + len(data) - len(expected))))
        expected[offset : offset + len(data)] = data
    disk.do(SYNCED)
    assert all(files == {"ladder.db": bytes(expected)} for files in after(disk, 5))


def test_what_was_not_synced_is_lost_kept_or_torn_between_sectors() -> None:
    disk = Disk({"ladder.db": bytes(4 * SECTOR_BYTES)})
    disk.do(OPENED)
    disk.do(written(0, b"x" * 4 * SECTOR_BYTES))
    contents = {files["ladder.db"] for files in after(disk)}
    sectors = {content[place : place + SECTOR_BYTES] for content in contents for place in range(0, 2_048, SECTOR_BYTES)}
    assert sectors == {bytes(SECTOR_BYTES), b"x" * SECTOR_BYTES}
    assert {bytes(2_048), b"x" * 2_048} < contents


def test_a_new_file_is_sure_once_its_folder_is_synced() -> None:
    disk = Disk({})
    disk.do(OPENED)
    disk.do(written(0, b"x"))
    disk.do(SYNCED)
    assert {tuple(files) for files in after(disk)} == {(), ("ladder.db",)}
    disk.do(Operation("d", -1, 0, b""))
    assert {tuple(files) for files in after(disk)} == {("ladder.db",)}


def test_a_removed_file_may_come_back_until_its_folder_is_synced() -> None:
    disk = Disk({"ladder.db-wal": b"x"})
    disk.do(Operation("u", 0, 0, b"/somewhere/ladder.db-wal"))
    assert {tuple(files.items()) for files in after(disk)} == {(), (("ladder.db-wal", b"x"),)}
    disk.do(Operation("d", -1, 0, b""))
    assert not any(after(disk))


@given(st.integers(0, 2**32))
def test_everything_is_delivered_in_a_lawful_order_whatever_is_interrupted(seed: int) -> None:
    chance = random.Random(seed)
    deliveries = Deliveries(made_up_matches(chance, 12), chance)
    begun: dict[int, set[int]] = {}
    on_their_way: list[tuple[int, Request]] = []
    while not deliveries.are_done:
        while len(on_their_way) < 5 and (one := deliveries.next()) is not None:
            on_their_way.append(one)
            request = one[1]
            if request not in deliveries.acknowledged:
                _is_lawful(request, deliveries.acknowledged)
                for player in request.players:
                    begun.setdefault(player, set()).add(request.match)
        if chance.random() < 0.1:
            deliveries.interrupted()
            on_their_way.clear()
            continue
        number, _ = on_their_way.pop(chance.randrange(len(on_their_way)))
        deliveries.answered(number, is_done=True)
    assert len(deliveries.acknowledged) == 12 * 5


def _is_lawful(request: Request, acknowledged: set[Request]) -> None:
    steps = [one.step for one in acknowledged if one.match == request.match]
    needed = {"open": [], "confirm": ["open"], "report": ["open", "confirm", "confirm"]}[request.step]
    assert sorted(set(steps) & set(needed)) == sorted(set(needed))
    assert request.step != "report" or steps.count("confirm") == 2
    others = [one for one in acknowledged if set(one.players) & set(request.players) and one.match != request.match]
    for match in {one.match for one in others}:
        assert sum(one.match == match for one in others) == 5, "a player is in one match at a time"


def test_the_kept_results_are_of_a_full_run_in_which_everything_held() -> None:
    assert {"kill", "power_cut", "full_disk", "locked", "broken"} <= set(RESULTS) <= set(EXPERIMENTS)
    for name, by_database in RESULTS.items():
        assert set(by_database) == set(EXPERIMENTS[name].databases or ("results",))
        for found in by_database.values():
            assert found["effort"] >= 1
            assert len(found["commit"]) == 40
            assert found["claims"]
            assert all(claim["held"] for claim in found["claims"])


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_as_much_was_done_as_was_promised(database: str) -> None:
    killed = RESULTS["kill"][database]
    assert killed["kills"] >= 200
    assert killed["reports"] >= 4_000
    assert killed["duplicates"] > 1_000
    assert RESULTS["power_cut"]["sqlite"]["as_it_is"]["cuts"] >= 200


def test_the_report_is_made_from_the_results() -> None:
    assert (KEPT / "RESULTS.md").read_text("utf-8") == render(RESULTS, EXPERIMENTS)
