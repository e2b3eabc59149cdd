"""What every backend promises of the audit."""

from dataclasses import replace

import pytest

from toprung.application.ports.records import AuditRow
from toprung.application.ports.storage import Storage, Transaction
from toprung.domain.errors import Conflict

pytest_plugins = ("tests.support.databases",)


async def audit_rows(storage: Storage, limit: int) -> list[AuditRow]:
    return [stored.row for stored in await storage.read(lambda tx: tx.lookups.audit(limit))]


async def test_the_audit_is_read_as_it_was_written_the_newest_first(storage: Storage) -> None:
    rows = [
        AuditRow(
            at_us=2**52 + number, actor="discord:1", action="ban", subject="player 1", reason="왜 '; --", details="{}"
        )
        for number in range(5)
    ]
    assert await audit_rows(storage, 10) == []
    for row in rows:
        await storage.write(lambda tx, row=row: tx.audit.append(row))  # type: ignore[misc]
    assert await audit_rows(storage, 10) == rows[::-1]
    assert await audit_rows(storage, 2) == rows[:2:-1]


async def test_details_are_replaced_for_one_action_and_subject_alone_and_the_rest_of_the_row_stays(
    storage: Storage,
) -> None:
    def row(action: str, subject: str) -> AuditRow:
        return AuditRow(at_us=7, actor="cli:eve", action=action, subject=subject, reason="별빛", details="별빛")

    both, others = [row("rename", "player 1")] * 2, [row("ban", "player 1"), row("rename", "player 11")]
    for one in (both[0], *others, both[1]):
        await storage.write(lambda tx, one=one: tx.audit.append(one))  # type: ignore[misc]
    for _ in range(2):
        await storage.write(lambda tx: tx.audit.replace_details(action="rename", subject="player 1", details="'; --"))
        changed = replace(both[0], details="'; --")
        assert await audit_rows(storage, 10) == [
            changed,
            *others[::-1],
            changed,
        ]


async def test_details_are_replaced_with_the_transaction_or_not_at_all(storage: Storage) -> None:
    row = AuditRow(at_us=7, actor="cli:eve", action="rename", subject="player 1", reason="", details="별빛")
    await storage.write(lambda tx: tx.audit.append(row))

    def work(tx: Transaction) -> None:
        tx.audit.replace_details(action="rename", subject="player 1", details="{}")
        raise Conflict("Not today.")

    with pytest.raises(Conflict):
        await storage.write(work)
    assert await audit_rows(storage, 10) == [row]
