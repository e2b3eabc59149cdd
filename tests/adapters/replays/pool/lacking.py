"""Runs a command as on a system without parts of the sandbox: the kernel answers it as one that lacks them does.

python lacking.py seccomp,landlock COMMAND [ARGUMENT ...]
"""

import ctypes
import os
import platform
import struct
import sys
from errno import EINVAL, ENOSYS
from typing import Final

ALLOW: Final = 0x7FFF0000
REFUSE: Final = 0x00050000
SET_SECCOMP: Final = 22
NO_NEW_PRIVILEGES: Final = 38
MODE_FILTER: Final = 2
LANDLOCK_CREATE_RULESET: Final = 444
PRCTL, SECCOMP = {"x86_64": (157, 317), "aarch64": (167, 277)}[platform.machine()]


class Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def filter_without(parts: set[str]) -> bytes:
    """A filter in classic BPF that refuses what enters these parts."""
    code = [(0x20, 0, 0, 0)]  # the call's number
    if "landlock" in parts:
        code += [(0x15, 0, 1, LANDLOCK_CREATE_RULESET), (0x06, 0, 0, REFUSE | ENOSYS)]
    if "seccomp" in parts:
        code += [(0x15, 0, 1, SECCOMP), (0x06, 0, 0, REFUSE | ENOSYS)]
        code += [(0x15, 0, 3, PRCTL), (0x20, 0, 0, 16), (0x15, 0, 1, SET_SECCOMP), (0x06, 0, 0, REFUSE | EINVAL)]
    return b"".join(struct.pack("=HBBI", *one) for one in [*code, (0x06, 0, 0, ALLOW)])


def main() -> None:
    """Puts the filter in force, which no child can leave, and becomes the command."""
    libc = ctypes.CDLL(None, use_errno=True)
    rules = filter_without(set(sys.argv[1].split(",")))
    program = Program(len(rules) // 8, rules)
    if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(SET_SECCOMP, MODE_FILTER, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "the filter is refused")
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
