"""There is no way out of the sandbox, for root and for ordinary users; and the filter's rules on both machines."""

import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests.adapters.replays.pool.pools import command, do, running_pool
from toprung.adapters.replays import seccomp
from toprung.application.ports.replays import Parsed

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is made of Linux' own parts")

HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
ALLOW, KILL_PROCESS, EPERM = 0x7FFF0000, 0x80000000, 0x00050001
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# By name, what must be refused whatever else is allowed: numbers on x86_64 and aarch64.
DANGEROUS = {
    "openat": (257, 56),
    "openat2": (437, 437),
    "socket": (41, 198),
    "connect": (42, 203),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "recvmsg": (47, 212),
    "execve": (59, 221),
    "execveat": (322, 281),
    "clone": (56, 220),
    "clone3": (435, 435),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "pidfd_send_signal": (424, 424),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "unlinkat": (263, 35),
    "ioctl": (16, 29),
    "memfd_create": (319, 279),
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "setuid": (105, 146),
    "setsid": (112, 157),
    "prctl": (157, 167),
}


@linux_only
@pytest.mark.parametrize(
    "how",
    [
        "sandboxed",
        pytest.param("nobody", marks=pytest.mark.skipif(os.getuid() != 0, reason="only root can become nobody")),
    ],
)
async def test_every_way_out_is_refused(how: str) -> None:
    async with running_pool(how, workers=1) as pool:
        outcome = await do(pool, "escape")
        assert isinstance(outcome, Parsed)
        ended = json.loads(outcome.payload)
        assert len(ended) == 20
        assert {name for name, end in ended.items() if end == "escaped"} == set()
        health = pool.health()
        assert {"seccomp", "memory", "dies with parent", "no new privileges"} <= set(health.sandbox_in_force)
        if how == "sandboxed":
            assert set(health.sandbox_missing) <= {"landlock"}


async def test_without_the_sandbox_the_same_attempts_succeed() -> None:
    async with running_pool("bare", workers=1) as pool:
        outcome = await do(pool, "escape harmlessly")
        assert isinstance(outcome, Parsed)
        ended = json.loads(outcome.payload)
        assert set(ended.values()) == {"escaped"}, ended
        assert pool.health().sandbox == "reduced"


async def test_the_child_has_no_environment_and_sees_no_folder_of_ours() -> None:
    os.environ["TOPRUNG_ADMIN_TOKEN_OF_A_TEST"] = "secret"
    try:
        async with running_pool(workers=1) as pool:
            outcome = await do(pool, "look around")
    finally:
        del os.environ["TOPRUNG_ADMIN_TOKEN_OF_A_TEST"]
    assert isinstance(outcome, Parsed)
    seen = json.loads(outcome.payload)
    assert set(seen["environment"]) <= {"LC_CTYPE"}  # which Python itself sets
    assert seen["isolated"] == 1


@linux_only
def test_a_child_whose_parent_is_gone_does_not_begin() -> None:
    # This process started it and is no process 1, so for the child it is as if its parent had died at once.
    done = subprocess.run(
        [*command("sandboxed"), "1"], stdin=subprocess.DEVNULL, capture_output=True, env={}, check=False
    )
    assert done.returncode == 1
    assert b"Orphaned" in done.stderr


def verdict(
    program: list[tuple[int, int, int, int]], architecture: int, number: int, arguments: tuple[int, ...]
) -> int:
    """What the kernel would make of a system call: its rules for the few instructions that the filter has."""
    data = struct.pack("=IIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    at = accumulator = 0
    while True:
        code, if_so, if_not, value = program[at]
        at += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, value)
            case 0x15:
                at += if_so if accumulator == value else if_not
            case 0x45:
                at += if_so if accumulator & value else if_not
            case 0x06:
                return value
            case _:
                raise AssertionError(code)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_lets_through_what_is_on_its_list_and_nothing_else(machine: str) -> None:
    program = list(struct.iter_unpack("=HBBI", seccomp.program(machine)))
    own, other = ARCHITECTURES[machine], ARCHITECTURES["aarch64" if machine == "x86_64" else "x86_64"]
    column = list(ARCHITECTURES).index(machine)
    known = seccomp.numbers(machine)
    # Anonymous memory that may be written, and the limits of oneself.
    mild = {known["mmap"]: (0, 4096, 3), known["mprotect"]: (0, 4096, 3), known["prlimit64"]: (0, 1)}
    allowed = {number for number in range(1_000) if verdict(program, own, number, mild.get(number, (1, 1, 1))) == ALLOW}
    assert allowed == set(known.values())
    assert not {numbers[column] for numbers in DANGEROUS.values()} & allowed
    assert verdict(program, own, known["mmap"], (0, 4096, 7)) == EPERM
    assert verdict(program, own, known["mprotect"], (0, 4096, 4)) == EPERM
    assert verdict(program, own, known["prlimit64"], (1, 1)) == EPERM
    assert verdict(program, own, 0x40000000, ()) == EPERM  # the x32 numbering
    assert verdict(program, other, known["read"], ()) == KILL_PROCESS


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_numbers_are_those_of_the_kernels_headers(machine: str) -> None:
    header = HEADERS[machine]
    if not header.exists():
        pytest.skip(f"this machine has no {header}")
    text = header.read_text("ascii")
    defined = {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)\b", text)}
    assert {name: defined[name] for name in seccomp.numbers(machine)} == seccomp.numbers(machine)
    column = list(ARCHITECTURES).index(machine)
    for name, numbers in DANGEROUS.items():
        if name in defined:  # older headers lack newer calls
            assert defined[name] == numbers[column], name
