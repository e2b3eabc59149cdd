from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs


@pytest.fixture(autouse=True)
def _quiet_log() -> Iterator[None]:
    """Nobody has set the log up, and then it would go where the commands print."""
    with capture_logs():
        yield
