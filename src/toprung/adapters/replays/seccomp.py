"""The system calls that a replay child may still make, as a filter in the kernel (seccomp, mode 2).

An allow-list: reading and writing what is open already, memory, time, and ending. Whatever is not on it, opening,
connecting, starting, signalling and tracing among it, fails with EPERM. Calls of another architecture's numbering end
the process, since they could mean anything. Numbers are those of `asm/unistd_64.h` (x86_64) and
`asm-generic/unistd.h` (aarch64); the filter's language is classic BPF over `struct seccomp_data` (`linux/seccomp.h`).
"""

import ctypes
import struct
from collections.abc import Iterator, Mapping
from errno import EPERM
from typing import Final

PR_SET_SECCOMP: Final = 22
SECCOMP_MODE_FILTER: Final = 2
PROT_EXEC: Final = 4

_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | EPERM
_KILL_PROCESS: Final = 0x80000000
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_INSTRUCTION: Final = struct.Struct("=HBBI")
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16

_ARCHITECTURES: Final[Mapping[str, int]] = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# name: number on x86_64, on aarch64
_ALLOWED: Final[dict[str, tuple[int, int]]] = {
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "close": (3, 57),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "brk": (12, 214),
    "madvise": (28, 233),
    "futex": (202, 98),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "sched_yield": (24, 124),
    "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    "clock_gettime": (228, 113),
    "gettimeofday": (96, 169),
    "getrandom": (318, 278),
    "getrusage": (98, 165),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "gettid": (186, 178),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
# Memory, but none that can be run: the parser's code is all there by now.
_ALLOWED_WITHOUT_EXECUTION: Final[dict[str, tuple[int, int]]] = {"mmap": (9, 222), "mprotect": (10, 226)}
_PROTECTION_ARGUMENT: Final = 2
# Its own limits, and those of no other process: the CPU limit is set anew for each job.
_ALLOWED_ON_ITSELF: Final[dict[str, tuple[int, int]]] = {"prlimit64": (302, 261)}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def is_known(machine: str) -> bool:
    """Whether the system calls of this kind of machine are known here."""
    return machine in _ARCHITECTURES


def enter(libc: ctypes.CDLL, machine: str) -> bool:
    """Puts the filter in force for the rest of this process's life; whether the kernel took it.

    `no_new_privs` must be set before.
    """
    instructions = program(machine)
    given = _Program(len(instructions) // _INSTRUCTION.size, instructions)
    return bool(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(given), 0, 0) == 0)


def numbers(machine: str) -> dict[str, int]:
    """The system calls that are let through, by name, as this kind of machine numbers them."""
    column = list(_ARCHITECTURES).index(machine)
    calls = _ALLOWED | _ALLOWED_WITHOUT_EXECUTION | _ALLOWED_ON_ITSELF
    return {name: both[column] for name, both in calls.items()}


def program(machine: str) -> bytes:
    """The filter as the kernel reads it: one `struct sock_filter` after the other."""
    return b"".join(_instructions(machine))


def _instructions(machine: str) -> Iterator[bytes]:
    number = numbers(machine)
    yield _instruction(_LOAD, _ARCHITECTURE_AT)
    yield _instruction(_JUMP_IF_EQUAL, _ARCHITECTURES[machine], if_so=1)
    yield _instruction(_RETURN, _KILL_PROCESS)
    yield _instruction(_LOAD, _NUMBER_AT)
    for name in _ALLOWED:
        yield _instruction(_JUMP_IF_EQUAL, number[name], if_not=1)
        yield _instruction(_RETURN, _ALLOW)
    for name in _ALLOWED_WITHOUT_EXECUTION:
        yield _instruction(_JUMP_IF_EQUAL, number[name], if_not=4)
        yield _instruction(_LOAD, _argument(_PROTECTION_ARGUMENT))
        yield _instruction(_JUMP_IF_ANY_BIT, PROT_EXEC, if_so=1)
        yield _instruction(_RETURN, _ALLOW)
        yield _instruction(_RETURN, _REFUSE)
    for name in _ALLOWED_ON_ITSELF:
        yield _instruction(_JUMP_IF_EQUAL, number[name], if_not=4)
        yield _instruction(_LOAD, _argument(0))
        yield _instruction(_JUMP_IF_EQUAL, 0, if_not=1)
        yield _instruction(_RETURN, _ALLOW)
        yield _instruction(_RETURN, _REFUSE)
    yield _instruction(_RETURN, _REFUSE)


def _argument(index: int) -> int:
    """Where the lower half of an argument is; both architectures are little-endian."""
    return _ARGUMENTS_AT + 8 * index


def _instruction(code: int, value: int, *, if_so: int = 0, if_not: int = 0) -> bytes:
    return _INSTRUCTION.pack(code, if_so, if_not, value)
