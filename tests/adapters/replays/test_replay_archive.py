"""The folder of replays: whole files under their hash, whatever happens and whatever is asked for."""

import asyncio
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.intake import hash_of, replay
from toprung.adapters.replays.replay_archive import ReplayFolder
from toprung.domain.errors import StorageUnavailable

HOSTILE = (
    "",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "a" * 63,
    "a" * 65,
    "A" * 64,
    "g" * 64,
    "a" * 63 + "\n",
    "a" * 64 + "\0",
    "a" * 62 + "/.",
    "٣" * 64,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "replays"


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def is_there(path: Path) -> bool:
    return path.exists()


def place(folder: Path, data: bytes) -> Path:
    return folder / hash_of(data)[:2] / f"{hash_of(data)}.SC2Replay"


@given(data=st.binary(max_size=2_000))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_what_is_kept_comes_back(folder: Path, data: bytes) -> None:
    archive = ReplayFolder(folder)
    for _ in range(2):
        await archive.put(hash_of(data), data)
        assert await archive.get(hash_of(data)) == data
    assert place(folder, data) in files(folder)
    assert all(path.suffix == ".SC2Replay" for path in files(folder))


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
async def test_it_can_be_read_by_its_owner_and_by_nobody_else(folder: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        await ReplayFolder(folder).put(hash_of(replay()), replay())
    finally:
        os.umask(before)
    (kept,) = files(folder)
    assert (mode(kept), mode(kept.parent), mode(folder)) == (0o600, 0o700, 0o700)


async def test_what_the_group_could_once_read_is_closed_at_the_start(folder: Path) -> None:
    await ReplayFolder(folder).put(hash_of(replay()), replay())
    (kept,) = files(folder)
    kept.parent.chmod(0o750)
    await ReplayFolder(folder).sweep()
    assert mode(kept.parent) == 0o700


@pytest.mark.parametrize("name", HOSTILE)
async def test_nothing_but_a_hash_is_ever_a_name(folder: Path, name: str) -> None:
    with pytest.raises(ValueError):
        await ReplayFolder(folder).get(name)
    with pytest.raises(ValueError):
        await ReplayFolder(folder).put(name, replay())
    assert not is_there(folder)


async def test_bytes_with_another_hash_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="another SHA-256"):
        await ReplayFolder(folder).put(hash_of(replay(1)), replay(2))


async def test_what_is_not_there_is_not_there(folder: Path) -> None:
    assert await ReplayFolder(folder).get("a" * 64) is None


@pytest.mark.parametrize("left", [b"", replay()[:20], replay() + b"x", b"something else"])
async def test_a_damaged_file_is_none_and_is_mended_by_keeping_it_again(folder: Path, left: bytes) -> None:
    archive = ReplayFolder(folder)
    await archive.put(hash_of(replay()), replay())
    place(folder, replay()).write_bytes(left)
    assert await archive.get(hash_of(replay())) is None
    await archive.put(hash_of(replay()), replay())
    assert await archive.get(hash_of(replay())) == replay()


async def test_many_who_keep_the_same_at_once(folder: Path) -> None:
    archive = ReplayFolder(folder)
    await asyncio.gather(*(archive.put(hash_of(replay()), replay()) for _ in range(20)))
    assert files(folder) == [place(folder, replay())]


async def test_half_a_file_never_stands_in_its_place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[Path]] = []

    def fail(descriptor: int) -> None:
        seen.append(files(folder))
        raise OSError(28, "No space left on device")

    archive = ReplayFolder(folder)
    await archive.put(hash_of(replay(2)), replay(2))
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageUnavailable, match="No space left"):
        await archive.put(hash_of(replay()), replay())
    assert seen
    assert all(place(folder, replay()) not in there for there in seen)
    monkeypatch.undo()
    assert files(folder) == [place(folder, replay(2))]
    await archive.put(hash_of(replay()), replay())
    assert await archive.get(hash_of(replay())) == replay()


async def test_every_file_and_folder_is_on_disk_before_it_is_said_to_be(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[str] = set()
    real = os.fsync

    def watch(descriptor: int) -> None:
        synced.add(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    await ReplayFolder(folder).put(hash_of(replay()), replay())
    target = place(folder, replay())
    assert {str(folder.parent), str(folder), str(target.parent)} <= synced
    assert any(name.startswith(str(target.parent / target.stem)) and name.endswith(".part") for name in synced)


async def test_what_a_killed_process_left_is_swept_and_nothing_else(folder: Path) -> None:
    archive = ReplayFolder(folder)
    assert await archive.sweep() == 0
    await archive.put(hash_of(replay()), replay())
    place(folder, replay()).with_name("left.part").write_bytes(b"half")
    assert await archive.sweep() == 1
    assert files(folder) == [place(folder, replay())]


async def test_a_folder_that_cannot_be_made_is_said_to_be_the_trouble(tmp_path: Path) -> None:
    (tmp_path / "replays").write_text("a file")
    with pytest.raises(StorageUnavailable, match="could not be stored"):
        await ReplayFolder(tmp_path / "replays").put(hash_of(replay()), replay())


async def test_what_is_being_written_is_not_swept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive, real = ReplayFolder(folder), os.fsync
    swept: list[int] = []

    def sweep_and_sync(descriptor: int) -> None:
        swept.append(archive._sweep())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", sweep_and_sync)
    await archive.put(hash_of(replay()), replay())
    assert swept
    assert not any(swept)
    assert await archive.get(hash_of(replay())) == replay()
