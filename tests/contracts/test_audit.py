"""What every backend promises of the audit."""

from toprung.application.ports.storage import AuditRow, Storage

pytest_plugins = ("tests.databases",)


async def test_the_audit_is_read_as_it_was_written_the_newest_first(storage: Storage) -> None:
    rows = [
        AuditRow(
            at_us=2**52 + number, actor="discord:1", action="ban", subject="player 1", reason="왜 '; --", details="{}"
        )
        for number in range(5)
    ]
    assert await storage.read(lambda tx: tx.audit_rows(10)) == []
    for row in rows:
        await storage.write(lambda tx, row=row: tx.append_to_audit(row))  # type: ignore[misc]
    assert await storage.read(lambda tx: tx.audit_rows(10)) == rows[::-1]
    assert await storage.read(lambda tx: tx.audit_rows(2)) == rows[:2:-1]
