"""The bounded archive reader: as mpyq reads honest archives, and no further than it may in hostile ones."""

import io
import struct
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import mpyq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sc2reader.utils import extract_data_file

from tests.support.replays.archives import (
    EXISTS,
    METHODS,
    PACKED,
    SINGLE_UNIT,
    Method,
    PackedFile,
    archive,
    bzipped,
    deflated,
    in_one_unit,
    in_sectors,
    stored,
)
from tests.support.replays.sample_replays import SampleReplay, each_replay
from toprung.adapters.replays.child.mpq_archive import (
    DECLARED_BYTES_MAX,
    TABLE_ENTRIES_MAX,
    UNPACKED_BYTES_MAX,
    USER_DATA_BYTES_MAX,
    MpqArchive,
)
from toprung.domain.replays.replay import (
    NotAReplay,
    ReplayBomb,
    ReplayDamaged,
    ReplayTruncated,
    ReplayUnsupported,
    UnreadableReplay,
)

ENCRYPTED = 0x0001_0000
IMPLODED = 0x0000_0100
BOMB_BYTES = UNPACKED_BYTES_MAX + 1

each_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)
each_packing = pytest.mark.parametrize("method", [deflated, bzipped], ids=lambda method: method.__name__)
each_layout = pytest.mark.parametrize("layout", [in_one_unit, in_sectors], ids=lambda layout: layout.__name__)

Layout = Callable[[bytes, Method], PackedFile]


@each_replay
def test_a_replay_reads_as_the_libraries_read_it(replay: SampleReplay) -> None:
    data = replay.read()
    ours, theirs = MpqArchive(data), mpyq.MPQArchive(io.BytesIO(data))
    assert ours.user_data == theirs.header["user_data_header"]["content"]
    assert len(theirs.files) >= 5
    for name in theirs.files:
        assert ours.read(name.decode()) == extract_data_file(name.decode(), theirs)


@given(
    contents=st.dictionaries(
        st.text("abcdefgh.", min_size=1, max_size=12),
        st.one_of(st.binary(min_size=1, max_size=300), st.binary(min_size=1, max_size=3).map(lambda b: b * 20_000)),
        max_size=4,
    ),
    method=st.sampled_from(METHODS),
    layout=st.sampled_from([in_one_unit, in_sectors]),
    user_data=st.binary(max_size=200),
)
def test_what_was_packed_is_read(contents: dict[str, bytes], method: Method, layout: Layout, user_data: bytes) -> None:
    found = MpqArchive(archive({name: layout(data, method) for name, data in contents.items()}, user_data=user_data))
    assert found.user_data == user_data
    assert {name: found.read(name) for name in contents} == contents
    assert found.read("elsewhere") is None


def test_names_are_found_whatever_their_case() -> None:
    assert MpqArchive(archive({"Replay.Details": in_one_unit(b"x", stored)})).read("replay.details") == b"x"


def test_a_file_that_was_deleted_is_none() -> None:
    gone = PackedFile(data=b"x", claimed_bytes=1, flags=SINGLE_UNIT)
    assert MpqArchive(archive({"a": gone})).read("a") is None


@each_packing
def test_a_size_that_is_claimed_too_small_does_not_hide_the_content(method: Method) -> None:
    honest = in_one_unit(b"content " * 100, method)
    assert MpqArchive(archive({"a": replace(honest, claimed_bytes=1)})).read("a") == b"content " * 100


@pytest.mark.parametrize("data", [b"", b"MPQ", b"PK\x03\x04" + b"\0" * 2000, b"MPQ\x1a" + b"\0" * 2000, b"\0" * 5000])
def test_other_files_are_no_replays(data: bytes) -> None:
    with pytest.raises(NotAReplay):
        MpqArchive(data)


@each_packing
@each_layout
def test_a_bomb_is_refused_in_little_memory(method: Method, layout: Layout) -> None:
    data = archive({"a": layout(b"\0" * BOMB_BYTES, method)})
    assert len(data) < BOMB_BYTES / 50
    tracemalloc.start()
    try:
        with pytest.raises(ReplayBomb):
            MpqArchive(data).read("a")
        assert tracemalloc.get_traced_memory()[1] < 3 * UNPACKED_BYTES_MAX
    finally:
        tracemalloc.stop()


@each_packing
def test_a_bomb_that_claims_to_be_small_is_refused(method: Method) -> None:
    bomb = replace(in_one_unit(b"\0" * BOMB_BYTES, method), claimed_bytes=10)
    with pytest.raises(ReplayBomb):
        MpqArchive(archive({"a": bomb})).read("a")


@each_packing
def test_a_sector_that_unpacks_to_more_than_a_sector_is_refused(method: Method) -> None:
    honest = in_sectors(b"\0" * 100_000, method)
    (count,) = struct.unpack_from("<I", honest.data)
    liar = method(b"\0" * 1_000_000)
    table = struct.pack(f"<{count // 4}I", count, *([count + len(liar)] * (count // 4 - 1)))
    with pytest.raises(ReplayBomb):
        MpqArchive(archive({"a": replace(honest, data=table + liar)})).read("a")


@each_method
def test_all_files_together_have_one_limit(method: Method) -> None:
    third = in_one_unit(b"\0" * (UNPACKED_BYTES_MAX // 3), method)
    opened = MpqArchive(archive(dict.fromkeys("abc", third) | {"d": in_one_unit(b"\0" * 100, method)}))
    assert all(opened.read(name) for name in "abc")
    with pytest.raises(ReplayBomb):
        opened.read("d")


def test_sectors_that_are_the_same_bytes_again_and_again_are_refused() -> None:
    sectors = 2_000
    body = b"\xff" * 1_000_000
    start = 4 * (sectors + 1)
    bounds = [start if number % 2 == 0 else start + len(body) for number in range(sectors + 1)]
    overlapping = PackedFile(
        data=struct.pack(f"<{len(bounds)}I", *bounds) + body, claimed_bytes=sectors * 16_384 - 1, flags=EXISTS
    )
    with pytest.raises(ReplayBomb):
        MpqArchive(archive({"a": overlapping})).read("a")


def test_claims_of_more_than_the_limit_are_refused_at_once() -> None:
    claim = PackedFile(data=b"x", claimed_bytes=DECLARED_BYTES_MAX // 2 + 1)
    assert MpqArchive(archive({"a": claim}))
    with pytest.raises(ReplayBomb):
        MpqArchive(archive({"a": claim, "b": claim}))


def test_a_file_of_more_sectors_than_there_can_be_is_refused() -> None:
    with pytest.raises(ReplayBomb):
        MpqArchive(archive({"a": PackedFile(data=b"x", claimed_bytes=BOMB_BYTES, flags=EXISTS)})).read("a")


@pytest.mark.parametrize("table", ["hash_entries", "block_entries"])
def test_huge_tables_are_refused(table: str) -> None:
    files = {"a": in_one_unit(b"x", stored)}
    claimed = {table: TABLE_ENTRIES_MAX + 1}
    padding = b"\0" * (TABLE_ENTRIES_MAX + 1) * 16
    with pytest.raises(ReplayBomb):
        MpqArchive(
            archive(files, hash_entries=claimed.get("hash_entries"), block_entries=claimed.get("block_entries"))
            + padding
        )
    with pytest.raises(ReplayTruncated):
        MpqArchive(archive(files, hash_entries=TABLE_ENTRIES_MAX))


def test_a_huge_header_or_sector_size_is_refused() -> None:
    with pytest.raises(ReplayBomb):
        MpqArchive(archive({}, sector_size_shift=16))
    announced = struct.pack("<4s3I", b"MPQ\x1b", 512, 1024, USER_DATA_BYTES_MAX + 1)
    with pytest.raises(ReplayBomb):
        MpqArchive(announced + b"\0" * (USER_DATA_BYTES_MAX + 2048))


@pytest.mark.parametrize("flags", [ENCRYPTED, IMPLODED])
def test_what_clients_never_use_is_unsupported(flags: int) -> None:
    odd = PackedFile(data=b"x" * 10, claimed_bytes=20, flags=EXISTS | SINGLE_UNIT | PACKED | flags)
    with pytest.raises(ReplayUnsupported):
        MpqArchive(archive({"a": odd})).read("a")


@pytest.mark.parametrize("method", [0x01, 0x08, 0x12, 0x20, 0x40, 0x80, 0xFF])
def test_other_ways_of_packing_are_unsupported(method: int) -> None:
    odd = PackedFile(data=bytes((method,)) + b"x" * 10, claimed_bytes=20)
    with pytest.raises(ReplayUnsupported):
        MpqArchive(archive({"a": odd})).read("a")


@each_packing
def test_packed_content_that_is_cut_or_spoilt_is_damaged(method: Method) -> None:
    whole = in_one_unit(bytes(range(256)) * 40, method)
    for data in (whole.data[:-9], whole.data[:1], whole.data[:20] + b"\xaa" * 20 + whole.data[40:]):
        with pytest.raises(ReplayDamaged):
            MpqArchive(archive({"a": replace(whole, data=data)})).read("a")


def test_a_name_that_leads_beyond_the_table_is_damaged() -> None:
    data = archive({"a": in_one_unit(b"x", stored), "b": in_one_unit(b"y", stored)}, block_entries=1)
    opened = MpqArchive(data)
    assert opened.read("a") == b"x"
    with pytest.raises(ReplayDamaged):
        opened.read("b")


def test_every_cut_is_noticed() -> None:
    files = {name: in_one_unit(name.encode() * 50, deflated) for name in ("one", "two")}
    data = archive(files, user_data=b"header")
    for end in range(len(data)):
        with pytest.raises(ReplayTruncated if end >= 4 else NotAReplay):
            MpqArchive(data[:end])


@settings(max_examples=50)
@given(st.data())
def test_flipped_bits_are_read_or_refused_and_nothing_else(draws: st.DataObject) -> None:
    files = {"one": in_one_unit(b"one" * 50, deflated), "two": in_sectors(b"two" * 20_000, bzipped)}
    data = bytearray(archive(files, user_data=b"header"))
    for _ in range(draws.draw(st.integers(1, 8))):
        data[draws.draw(st.integers(0, len(data) - 1))] ^= 1 << draws.draw(st.integers(0, 7))
    with suppress(UnreadableReplay):
        opened = MpqArchive(bytes(data))
        for name in files:
            opened.read(name)
