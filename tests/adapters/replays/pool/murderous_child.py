"""A replay child whose parser does what the job says: the pool's murderers. Run by path, never imported by the server.

python -I -B murderous_child.py sandboxed|bare PARENT-PID
"""

import ctypes
import json
import os
import re
import resource
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from toprung.adapters.replays import sandbox
from toprung.adapters.replays.child.child import CHANNEL, serve
from toprung.adapters.replays.protocol import Started, framed
from toprung.adapters.replays.sandbox import SECCOMP, Confinement

PARENT_PID = int(sys.argv[-1])
BARE = Confinement(in_force=(), missing=(SECCOMP,))
# Escapes that would wreck the test itself, were they to succeed, are prepared so that they would only be seen.
HARMLESS_SIGNAL = 0
PTRACE_ATTACH = 16


class NoReplay(Exception):
    """A typed refusal."""

    code = "no_replay"


def refuse() -> object:
    raise NoReplay("This is no replay.")


def crash() -> object:
    raise KeyError("x\udcff" * 2_000)


def recurse() -> object:
    return recurse() or 0


def interrupt() -> object:
    raise KeyboardInterrupt


def spin() -> object:
    while True:
        pass


def hold_the_gil() -> object:
    return sum(range(10**15))


def wait_in_c_with_the_gil() -> object:
    return ctypes.PyDLL(None).usleep(60_000_000)


def match_for_ever() -> object:
    return bool(re.match(r"(a+)+$", "a" * 64 + "b"))


def ignore_sigterm() -> object:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        with suppress(BaseException):
            threading.Event().wait()


def stop() -> object:
    os.kill(os.getpid(), signal.SIGSTOP)
    return "went on"


def segfault() -> object:
    return ctypes.string_at(0)


def eat() -> object:
    return len([b"x" * 10_000_000 for _ in range(10_000)])


def grow() -> object:
    globals()["kept"] = b"x" * 60_000_000
    return "grown"


def print_much() -> object:
    for _ in range(5_000):
        print("not a frame at all", "x" * 100)  # noqa: T201 - that is what it does
        print("not a frame at all", "x" * 100, file=sys.stderr)  # noqa: T201
    os.write(1, b"x" * 100_000)
    with suppress(BlockingIOError):
        while True:
            os.write(2, b"x" * 100_000)
    return "printed"


def say(frames: bytes) -> None:
    while frames:
        frames = frames[os.write(CHANNEL, frames) :]


def nonsense() -> object:
    say(b"\x00\x00\x00\x05hello")
    return spin()


def forged() -> object:
    say(framed(Started(job=1)))
    return spin()


def deep() -> object:
    body = b"[" * 900_000
    say(len(body).to_bytes(4) + body)
    return spin()


def ten_megabytes() -> object:
    say((10_000_000).to_bytes(4) + b"x" * 10_000_000)
    return spin()


def half_a_frame() -> object:
    say(b"\x00\x00\x10\x00" + b"{")
    return spin()


def half_a_frame_and_go() -> object:
    say(b"\x00\x00\x10\x00" + b"{")
    os._exit(3)


def flood() -> object:
    while True:
        say(b"\x00\x00\x00\x02{}" * 10_000)


def hang_up() -> object:
    os.close(CHANNEL)
    return spin()


def answer_more() -> object:
    def later() -> None:
        say(b"\x00\x00\x00\x02{}")

    signal.signal(signal.SIGALRM, lambda *_: later())
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    return "answered"


def die_later() -> object:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    return "answered"


def fork() -> object:
    child = os.fork()
    if not child:
        spin()
    return child


def thread() -> object:
    threading.Thread(target=spin, daemon=True).start()
    return "started"


def attempts() -> dict[str, Callable[[], object]]:
    """Ways out of the sandbox."""

    def map_code() -> None:
        import mmap

        mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)

    libc = ctypes.CDLL(None, use_errno=True)

    def call(name: str, *arguments: object) -> None:
        if getattr(libc, name)(*arguments) < 0:
            raise OSError(ctypes.get_errno(), name)

    return {
        "open a file": lambda: os.open("/etc/passwd", os.O_RDONLY),
        "write a file": lambda: os.open("/tmp/toprung-escaped", os.O_WRONLY | os.O_CREAT),
        "list a folder": lambda: os.listdir("/"),  # noqa: PTH208 - system calls are what is tried here
        "look at a file": lambda: os.stat("/etc/passwd"),  # noqa: PTH116
        "remove a file": lambda: os.unlink("/tmp/toprung-not-there"),  # noqa: PTH108
        "make a socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        "connect": lambda: call("connect", CHANNEL, struct.pack("=HH4s8x", 2, 9, b"\x7f\0\0\1"), 16),
        "make a local socket": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
        "send over the channel": lambda: call("sendto", CHANNEL, b"x", 0, 0, None, 0),
        "execute": lambda: os.execv("/bin/true", ["true"]),
        "fork": fork,
        "start a thread": thread,
        "kill the parent": lambda: os.kill(PARENT_PID, HARMLESS_SIGNAL),
        "kill the group": lambda: os.killpg(0, HARMLESS_SIGNAL),
        "trace the parent": lambda: call("ptrace", PTRACE_ATTACH, PARENT_PID, 0, 0),
        "limit the parent": lambda: resource.prlimit(PARENT_PID, resource.RLIMIT_NOFILE),
        "have more memory": lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)),
        "map code": map_code,
        "become root": lambda: os.setuid(0),
        "leave the session": os.setsid,
    }


HARMLESS = ("open a file", "list a folder", "look at a file", "make a socket", "kill the parent", "map code")
"""What may be tried without a sandbox, to see that it would have succeeded."""


def escape(names: Sequence[str]) -> object:
    """By name, how each way out ended: the error's name, or `escaped`."""
    ended = {}
    for name in names:
        attempt = attempts()[name]
        try:
            attempt()
        except (OSError, RuntimeError, ValueError) as error:
            ended[name] = type(error).__name__
        else:
            ended[name] = "escaped"
    return ended


MURDERS: dict[str, Callable[[], object]] = {
    "refuse": refuse,
    "crash": crash,
    "recurse": recurse,
    "interrupt": interrupt,
    "system exit": lambda: sys.exit(1),
    "system exit with words": lambda: sys.exit("no_replay"),
    "exit 0": lambda: os._exit(0),
    "exit 1": lambda: os._exit(1),
    "abort": os.abort,
    "spin": spin,
    "hold the gil": hold_the_gil,
    "wait in c with the gil": wait_in_c_with_the_gil,
    "match for ever": match_for_ever,
    "ignore sigterm": ignore_sigterm,
    "sleep": lambda: threading.Event().wait(),
    "stop": stop,
    "segfault": segfault,
    "eat": eat,
    "grow": grow,
    "print": print_much,
    "nonsense": nonsense,
    "forged": forged,
    "deep": deep,
    "ten megabytes": ten_megabytes,
    "half a frame": half_a_frame,
    "half a frame and go": half_a_frame_and_go,
    "flood": flood,
    "hang up": hang_up,
    "long answer": lambda: "x" * 10_000_000,
    "no json": lambda: object(),
    "answer more": answer_more,
    "die later": die_later,
    "fork": fork,
    "escape": lambda: escape(list(attempts())),
    "escape harmlessly": lambda: escape(HARMLESS),
    "look around": lambda: {"environment": dict(os.environ), "isolated": sys.flags.isolated},
}


def parse(data: bytes) -> object:
    """Does what the job says: `{"do": …}` a murder, anything else is told back with who did it."""
    if data.startswith(b"{"):
        return MURDERS[json.loads(data)["do"]]()
    return {"pid": os.getpid(), "said": data[:100].decode(), "bytes": len(data)}


def confine(parent_pid: int) -> Confinement:
    """As the first argument says: not at all, or fully; as nobody where it says that."""
    how = sys.argv[1]
    if how == "bare":
        return BARE
    if how == "nobody":
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    return sandbox.enter(parent_pid=parent_pid)


def load() -> Callable[[bytes], object]:
    """What the murders need, imported while that is possible; or a boot that fails."""
    if sys.argv[1] == "unbootable":
        sys.exit("there is no parser")
    if sys.argv[1] == "mute":
        spin()
    import mmap as mmap

    return parse


if __name__ == "__main__":
    serve(load, parent_pid=PARENT_PID, confine=confine)
