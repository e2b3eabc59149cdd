"""The JSON of an audit row."""

import json

from toprung.application.ports.records import AuditRow
from toprung.domain.moment import to_iso


def audit_shape(row: AuditRow) -> dict[str, object]:
    """A row as JSON."""
    return {
        "at": to_iso(row.at_us),
        "actor": row.actor,
        "action": row.action,
        "subject": row.subject,
        "reason": row.reason,
        "details": json.loads(row.details),
    }
