"""How a pool may be, for tests of what shows it."""

from toprung.application.replays.pool_health import ChildHealth, PoolHealth


def busy_pool() -> PoolHealth:
    """A pool at work, after some murders."""
    return PoolHealth(
        status="ok",
        workers=2,
        children=(
            ChildHealth(
                pid=4711, state="busy", jobs_done=1_234, rss_bytes=45_973_504, age_seconds=400, last_answer_seconds=0.25
            ),
            ChildHealth(
                pid=4712, state="idle", jobs_done=7, rss_bytes=44_000_000, age_seconds=9_000, last_answer_seconds=61
            ),
            ChildHealth(
                pid=4713, state="booting", jobs_done=0, rss_bytes=0, age_seconds=0.125, last_answer_seconds=None
            ),
        ),
        jobs_running=1,
        jobs_waiting=3,
        boots=12,
        failed_boots=1,
        outcomes={"Died": 2, "Parsed": 1_241, "TimedOut": 3},
        retired={"timeout": 3, "died": 2, "jobs": 4},
        sandbox_in_force=("memory", "seccomp"),
    )


def broken_pool() -> PoolHealth:
    """A pool that cannot start its children, where a system lacks a part of the sandbox."""
    return PoolHealth(
        status="degraded",
        workers=1,
        circuit_seconds=4.6,
        failed_boots=11,
        sandbox_missing=("landlock", "seccomp"),
        can_start=False,
    )
