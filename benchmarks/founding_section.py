"""The measured parts of `docs/founding-report.md`: the claims beside what came out here, and the way back."""

from typing import Final

from benchmarks.measuring import Results
from benchmarks.report import WAY_NAMES
from benchmarks.tables import figure, prose_table, size_name, table, times

END: Final = "<!-- measured: end -->"


def begin(name: str) -> str:
    """The line that stands before a measured part."""
    return f"<!-- measured: {name}; made by `python -m benchmarks`, not edited by hand -->"


def replace_sections(text: str, results: Results) -> str:
    """The document with its measured parts made anew. Raises ValueError where one of them has no place in it."""
    for name, made in (("claims", claims(results)), ("way back", way_back(results))):
        before, _, rest = text.partition(begin(name))
        _, found, after = rest.partition(END)
        if not found:
            raise ValueError(f"the document has no place for the measured part {name!r}")
        text = f"{before}{begin(name)}\n\n{made}\n{END}{after}"
    return text


def claims(results: Results) -> str:
    """What was claimed, what came out here, and what the board does."""
    founding: Results = results["founding"]
    machine: Results = results["machine"]
    sizes = " / ".join(size_name(size) for size in founding["request_ms"]["direct"])
    rows = [*_time_rows(founding), *_ratio_rows(results), *_memory_rows(results)]
    fork: Results = founding["fork_after_polars"]
    return f"""\
Measured on {results["date"]}: {machine["cores"]} cores of {machine["processor"]}, Python {machine["python"]}, \
Polars {machine["polars"]}. Where there are several
numbers they are for {sizes} entries. The same page in every way: {founding["query"]}.

{prose_table(["", "claimed", "reproduced here", "board"], rows)}
A worker that was forked after the parent process had used Polars never answered in {fork["hung"]} of {fork["tries"]} \
tries (given up after {figure(fork["limit_s"])} s each).
"""


def way_back(results: Results) -> str:
    """The board and a Polars snapshot, each called directly and in a thread, under the same load."""
    mixed: Results = results["mixed"]
    rows = [
        [
            name,
            figure(mixed["ways"][way]["closed"]["requests_per_s"]),
            figure(mixed["ways"][way]["closed"]["p99_ms"]),
            figure(mixed["ways"][way]["open"]["p99_ms"]),
            figure(mixed["ways"][way]["open"]["lag_p99_ms"]),
        ]
        for way, name in WAY_NAMES.items()
    ]
    reads = round(100 * (1 - mixed["write_share"]))
    head = ["", "requests/s", "p99, ms", f"p99 at {mixed['open_rate']}/s, ms", "loop lag p99, ms"]
    return f"""\
{reads} % reads and {100 - reads} % matches on one event loop at {size_name(str(mixed["entries"]))} entries: \
{mixed["clients"]} clients that ask again at once, then
{mixed["open_rate"]} requests a second that come at random.

{table(head, rows)}"""


def _each(by_size: Results) -> str:
    return " / ".join(figure(value) for value in by_size.values())


def _each_times(by_size: Results) -> str:
    return " / ".join(times(value) for value in by_size.values())


def _time_rows(founding: Results) -> list[list[str]]:
    cold, dispatch = founding["cold_start_ms"], founding["dispatch_ms"]
    first, steady, three = (founding[name] for name in ("first_request_ms", "request_ms", "three_requests_ms"))
    return [
        [
            "cold start of a pool",
            "about 700 ms",
            (
                f"spawn: {figure(cold['spawn_bare'])} ms bare, {figure(cold['spawn_polars'])} ms with Polars, "
                f"{figure(cold['spawn_program'])} ms with all that a server imports; forkserver: "
                f"{figure(cold['forkserver_bare'])} / {figure(cold['forkserver_polars'])} / "
                f"{figure(cold['forkserver_program'])} ms; fork: {figure(cold['fork'])} ms; "
                f"a first thread: {figure(cold['thread'])} ms"
            ),
            "nothing to start",
        ],
        [
            "dispatch to what is warm",
            "about 1 ms",
            f"an empty call: {figure(dispatch['spawn'])} ms to a worker, {figure(dispatch['thread'])} ms to a thread",
            f"{figure(dispatch['direct'])} ms: a call",
        ],
        [
            "the filtering itself",
            "about 25 ms",
            (
                f"{_each(steady['direct'])} ms on a ranked frame; {_each(steady['direct_ranked_anew'])} ms with the "
                "ranking in it"
            ),
            f"{_each(steady['board'])} ms",
        ],
        [
            "first request",
            "725 ms, then 25 ms",
            f"pool {_each(first['pool'])} ms; thread {_each(first['thread'])} ms",
            f"{_each(first['board'])} ms",
        ],
        [
            "each further request",
            "26 ms, then 25 ms",
            (
                f"pool {_each(steady['pool'])} ms; thread {_each(steady['thread'])} ms; direct call "
                f"{_each(steady['direct'])} ms"
            ),
            f"{_each(steady['board'])} ms",
        ],
        [
            "three requests at once",
            "777 ms, then 30 ms",
            (
                f"new pool with one worker {_each(three['pool_cold_one_worker'])} ms, with three "
                f"{_each(three['pool_cold_three_workers'])} ms; warm pool {_each(three['pool_warm'])} ms; threads "
                f"{_each(three['thread'])} ms; one after the other {_each(three['direct'])} ms"
            ),
            f"{_each(three['board'])} ms, one after the other",
        ],
    ]


def _ratio_rows(results: Results) -> list[list[str]]:
    ratios: Results = results["ratios"]["founding"]
    return [
        [
            "first request: pool over thread",
            "29 times",
            _each_times(ratios["first_request_pool_over_thread"]),
            f"pool over board {_each_times(ratios['first_request_pool_over_board'])}",
        ],
        [
            "each further request: pool over thread",
            "4 % more",
            f"{_each_times(ratios['request_pool_over_thread'])}: the frame is pickled each time",
            (
                f"pool over board {_each_times(ratios['request_pool_over_board'])}; direct call over board "
                f"{_each_times(ratios['request_direct_over_board'])}"
            ),
        ],
        [
            "three at once: pool over threads",
            "25 times",
            (
                f"new pool {_each_times(ratios['three_pool_cold_one_worker_over_thread'])}; warm pool "
                f"{_each_times(ratios['three_pool_warm_over_thread'])}"
            ),
            f"new pool over board {_each_times(ratios['three_pool_cold_one_worker_over_board'])}",
        ],
    ]


def _memory_rows(results: Results) -> list[list[str]]:
    memory: Results = results["founding"]["memory_mb"]
    ratios: Results = results["ratios"]["founding"]
    two, eight = (ratios[f"memory_with_{count}_workers_over_{count}_threads"] for count in ("two", "eight"))
    return [
        [
            "memory of a worker process",
            "50 to 100 MB",
            (
                f"spawned: {figure(memory['spawn_worker_bare'])} MB bare, "
                f"{figure(memory['spawn_worker_polars'])} MB with "
                f"Polars, {figure(memory['spawn_worker_program'])} MB with all that a server imports, "
                f"{figure(memory['spawn_worker_after_page'])} MB after a page; forked: "
                f"{figure(memory['fork_worker'])} MB"
            ),
            "no worker",
        ],
        [
            "memory of a thread",
            "5 to 10 MB, elsewhere 1 MB",
            (f"{figure(memory['thread_idle'])} MB at rest, {figure(memory['thread_after_page'])} MB after a page"),
            "no thread",
        ],
        [
            "memory in all: workers over threads",
            "5 to 10 times",
            (
                f"{times(two)} with two, {times(eight)} with eight, beside a process of "
                f"{figure(memory['process_with_frame'])} MB"
            ),
            "",
        ],
    ]
