"""What every backend promises of files, uploads and versions of the mod."""

from dataclasses import replace

from tests.contracts.jobs.job_rows import uploads_of, write
from toprung.application.ports.storage import Storage, Transaction
from toprung.domain.matches.match import FinalMatch, MatchId, MatchResult, Participant
from toprung.domain.players.player import PlayerId
from toprung.domain.replays.mod_version import ModVersion
from toprung.domain.replays.replay_upload import NewUpload, ReplayFile, ReplayUpload, UploadId, UploadState

pytest_plugins = ("tests.support.databases",)


HASH = "ab" * 32
FILE = ReplayFile(sha256=HASH, size_bytes=100, first_uploaded_at_us=5)


def new_upload(player_id: PlayerId, at_us: int = 5, sha256: str = HASH) -> NewUpload:
    return NewUpload(
        sha256=sha256, player_id=player_id, match_id=None, file_name="'; drop table job; --", uploaded_at_us=at_us
    )


async def test_files_and_uploads_come_back_as_they_were_stored(storage: Storage, players: list[PlayerId]) -> None:
    ann, bob, _ = players
    assert await storage.read(lambda tx: tx.replays.file(HASH)) is None
    await write(storage, lambda tx: tx.replays.add_file(FILE))
    first = await write(storage, lambda tx: tx.replays.add_upload(new_upload(ann)))
    second = await write(storage, lambda tx: tx.replays.add_upload(new_upload(bob, 9)))
    assert first == ReplayUpload(
        id=first.id,
        sha256=HASH,
        player_id=ann,
        match_id=None,
        file_name="'; drop table job; --",
        uploaded_at_us=5,
    )
    judged = replace(second, state=UploadState.REJECTED, verdict='{"code": "x", "sentence": "왜"}')
    changed = replace(FILE, fingerprint="f" * 64, reading='{"a": "별"}', is_quarantined=True)
    await write(storage, lambda tx: tx.replays.save_upload(judged))
    await write(storage, lambda tx: tx.replays.save_file(changed))
    assert await storage.read(lambda tx: tx.replays.file(HASH)) == changed
    assert await storage.read(lambda tx: tx.replays.upload(second.id)) == judged
    assert await storage.read(lambda tx: tx.replays.upload(UploadId(99))) is None
    assert await storage.read(lambda tx: tx.replays.uploads_of_file(HASH)) == [first, judged]
    assert await storage.read(lambda tx: tx.replays.uploads_of_file(HASH, UploadState.RECEIVED)) == [first]
    assert await storage.read(lambda tx: uploads_of(tx, 1)) == [judged]
    assert await storage.read(lambda tx: uploads_of(tx, 9, player_id=ann)) == [first]


async def test_the_same_upload_is_found_and_bytes_are_counted(storage: Storage, players: list[PlayerId]) -> None:
    ann, bob, _ = players
    other = replace(FILE, sha256="cd" * 32, size_bytes=11)

    def work(tx: Transaction) -> list[ReplayUpload]:
        tx.replays.add_file(FILE)
        tx.replays.add_file(other)
        return [tx.replays.add_upload(new_upload(ann, 5)), tx.replays.add_upload(new_upload(ann, 9, other.sha256))]

    first, _ = await write(storage, work)
    assert await storage.read(lambda tx: tx.replays.same_upload(HASH, ann, None)) == first
    assert await storage.read(lambda tx: tx.replays.same_upload(HASH, bob, None)) is None
    for since_us, used in ((0, 111), (5, 111), (6, 11), (10, 0)):
        assert await storage.read(lambda tx, us=since_us: tx.replays.bytes_uploaded(ann, since_us=us)) == used  # type: ignore[misc]
    assert await storage.read(lambda tx: tx.replays.bytes_uploaded(bob, since_us=0)) == 0


async def test_files_of_the_same_game_are_found(storage: Storage) -> None:
    files = [
        replace(FILE, sha256=f"{number:064x}", fingerprint="e" * 64, first_uploaded_at_us=9 - number)
        for number in range(3)
    ]
    for file in (*files, replace(FILE, fingerprint="d" * 64)):
        await write(storage, lambda tx, file=file: tx.replays.add_file(file))  # type: ignore[misc]
    assert await storage.read(lambda tx: tx.replays.files_of_game("e" * 64)) == files[::-1]
    assert await storage.read(lambda tx: tx.replays.files_of_game("0" * 64)) == []


async def test_the_uploads_of_a_match_and_what_was_read_are_found(storage: Storage, players: list[PlayerId]) -> None:
    ann, bob, _ = players
    sides = tuple((Participant(player_id=one, race="zerg"),) for one in (ann, bob))
    final = FinalMatch(source_key="m", sides=(sides[0], sides[1]), result=MatchResult.DRAW, ended_at_us=1)

    def work(tx: Transaction) -> tuple[MatchId, list[ReplayUpload]]:
        (match_id,) = tx.matches.add([final], recorded_at_us=1)
        tx.replays.add_file(replace(FILE, reading="read"))
        tx.replays.add_file(replace(FILE, sha256="cd" * 32))
        new = [
            replace(new_upload(ann), match_id=match_id),
            replace(new_upload(bob), match_id=match_id),
            replace(new_upload(bob, sha256="cd" * 32), match_id=match_id),
            new_upload(ann),
        ]
        return match_id, [tx.replays.add_upload(one) for one in new]

    match_id, (first, second, third, last) = await write(storage, work)
    verified = replace(second, state=UploadState.VERIFIED, verdict="{}")
    await write(storage, lambda tx: tx.replays.save_upload(verified))

    def look(tx: Transaction) -> tuple[object, ...]:
        replays = tx.replays
        return (
            replays.uploads_of_match(match_id, UploadState.RECEIVED),
            replays.uploads_of_match(match_id, UploadState.VERIFIED),
            uploads_of(tx, 9, match_id=match_id),
            uploads_of(tx, 9, player_id=bob, match_id=match_id),
            replays.latest_read(2),
            replays.latest_read(9),
        )

    found = await storage.read(look)
    assert found == (
        [first, third],
        [verified],
        [third, verified, first],
        [third, verified],
        [(last.id, FILE.sha256), (second.id, FILE.sha256)],
        [(last.id, FILE.sha256), (second.id, FILE.sha256), (first.id, FILE.sha256)],
    )


async def test_versions_of_the_mod_come_back_in_the_order_of_their_approval(
    storage: Storage, players: list[PlayerId]
) -> None:
    await write(storage, lambda tx: tx.replays.add_file(FILE))
    upload = await write(storage, lambda tx: tx.replays.add_upload(new_upload(players[0])))
    versions = [
        ModVersion(handles=frozenset(handles), upload_id=upload.id, approved_at_us=at_us)
        for handles, at_us in ((("b", "a"), 2), ((), 1), (("a",), 3))
    ]
    for version in versions:
        await write(storage, lambda tx, version=version: tx.replays.add_mod_version(version))  # type: ignore[misc]
    assert await storage.read(lambda tx: tx.replays.mod_versions()) == [versions[1], versions[0], versions[2]]
    assert len({version.key for version in versions}) == 3


async def test_a_version_of_the_mod_that_is_taken_off_the_list_can_be_added_again(
    storage: Storage, players: list[PlayerId]
) -> None:
    await write(storage, lambda tx: tx.replays.add_file(FILE))
    upload = await write(storage, lambda tx: tx.replays.add_upload(new_upload(players[0])))
    one, other = [
        ModVersion(handles=frozenset(handles), upload_id=upload.id, approved_at_us=1) for handles in ("ab", "abc")
    ]
    await write(storage, lambda tx: tx.replays.add_mod_version(one))
    await write(storage, lambda tx: tx.replays.remove_mod_version(other))
    assert await storage.read(lambda tx: tx.replays.mod_versions()) == [one]
    await write(storage, lambda tx: tx.replays.add_mod_version(other))
    for _ in range(2):
        await write(storage, lambda tx: tx.replays.remove_mod_version(one))
        assert await storage.read(lambda tx: tx.replays.mod_versions()) == [other]
    again = replace(one, approved_at_us=7)
    await write(storage, lambda tx: tx.replays.add_mod_version(again))
    assert set(await storage.read(lambda tx: tx.replays.mod_versions())) == {other, again}
