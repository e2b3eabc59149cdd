"""What a replay child gives up before it reads the first byte of a stranger's file: everything but memory and time.

Nothing here needs root or a further library. What a platform lacks is left out and said.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from toprung.adapters.replays import seccomp

MEMORY_BYTES_MAX: Final = 256 * 1024 * 1024
JOB_CPU_SECONDS_MAX: Final = 15
LIFE_CPU_SECONDS_MAX: Final = 3_600
OPEN_FILES_MAX: Final = 8

SECCOMP: Final = "seccomp"
DIES_WITH_PARENT: Final = "dies with parent"
NO_NEW_PRIVILEGES: Final = "no new privileges"
LANDLOCK: Final = "landlock"
FIRST_TO_GO: Final = "first to go when memory is short"

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
# The same numbers on every architecture.
_LANDLOCK_CREATE_RULESET: Final = 444
_LANDLOCK_RESTRICT_SELF: Final = 446
_LANDLOCK_ASK_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What is in force, by name, and what of the rest this platform lacks."""

    in_force: tuple[str, ...]
    missing: tuple[str, ...]


def confines(in_force: Collection[str]) -> bool:
    """Whether a process with these in force can neither open files nor reach anybody: one of the two that see to it."""
    return not {SECCOMP, LANDLOCK}.isdisjoint(in_force)


class Orphaned(Exception):
    """The process that started this one is gone already."""


def enter(*, parent_pid: int) -> Confinement:
    """Gives everything up. What the parser needs must be imported by now. Raises `Orphaned`."""
    machine = platform.machine()  # which may ask the system, so before the system stops answering
    steps: list[tuple[str, Callable[[], bool]]] = [(FIRST_TO_GO, _go_first)]
    steps += [(name, _limit(kind, soft, hard)) for name, kind, soft, hard in _limits()]
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "linux":
        steps += [
            (DIES_WITH_PARENT, lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0),
            (NO_NEW_PRIVILEGES, lambda: libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0),
            (LANDLOCK, lambda: _restrict_files(libc)),
            (SECCOMP, lambda: seccomp.is_known(machine) and seccomp.enter(libc, machine)),
        ]
    held = {name: step() for name, step in steps}
    for name in (DIES_WITH_PARENT, NO_NEW_PRIVILEGES, LANDLOCK, SECCOMP):
        held.setdefault(name, False)
    if os.getppid() != parent_pid:
        raise Orphaned  # it went before it could take this one with it
    return Confinement(
        in_force=tuple(name for name, is_held in held.items() if is_held),
        missing=tuple(name for name, is_held in held.items() if not is_held),
    )


def allow_cpu_for_a_job() -> None:
    """Moves the CPU limit on, past what this process has used: it catches a job that nobody else stops."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + JOB_CPU_SECONDS_MAX
    with suppress(OSError, ValueError):  # at the end of its life the hard limit is all there is
        resource.setrlimit(resource.RLIMIT_CPU, (soft, LIFE_CPU_SECONDS_MAX))


def _limits() -> list[tuple[str, int, int, int]]:
    return [
        ("no core", resource.RLIMIT_CORE, 0, 0),
        ("no file growth", resource.RLIMIT_FSIZE, 0, 0),
        ("few open files", resource.RLIMIT_NOFILE, OPEN_FILES_MAX, OPEN_FILES_MAX),
        ("no processes", resource.RLIMIT_NPROC, 0, 0),  # holds ordinary users, not root
        ("cpu", resource.RLIMIT_CPU, JOB_CPU_SECONDS_MAX, LIFE_CPU_SECONDS_MAX),
        ("memory", resource.RLIMIT_AS, MEMORY_BYTES_MAX, MEMORY_BYTES_MAX),
    ]


def _limit(kind: int, soft: int, hard: int) -> Callable[[], bool]:
    def step() -> bool:
        try:
            resource.setrlimit(kind, (soft, hard))
        except (OSError, ValueError):
            return False
        return True

    return step


def _go_first() -> bool:
    try:
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    except OSError:
        return False
    return True


def _restrict_files(libc: ctypes.CDLL) -> bool:
    """Handles every right that this kernel's Landlock knows, and grants none (see `linux/landlock.h`)."""
    version = libc.syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), _LANDLOCK_ASK_VERSION)
    if version < 1:
        return False
    # Rights over files by version; then those over TCP, since version 4; then sockets and signals, since version 6.
    file_rights = {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)
    attributes = struct.pack("=Q", (1 << file_rights) - 1)
    if version >= 4:
        attributes += struct.pack("=Q", 0b11)
    if version >= 6:
        attributes += struct.pack("=Q", 0b11)
    rules = libc.syscall(_LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        return False
    try:
        return bool(libc.syscall(_LANDLOCK_RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)
