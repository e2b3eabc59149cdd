"""`RESULTS.md`, made from the results and from nothing else."""

from typing import Final

from benchmarks.measuring import Results
from benchmarks.rating_section import _apart, linked_section
from benchmarks.tables import figure, prose_table, size_name, table, times

ENGINE_NAMES: Final = {
    "board": "**board**",
    "polars": "Polars snapshot, reference query",
    "polars_tuned": "Polars snapshot, tuned",
    "sqlite": "SQLite, indexed",
    "postgres": "PostgreSQL, indexed",
}
SHORT_NAMES: Final = {
    "board": "**board**",
    "polars": "Polars",
    "polars_tuned": "Polars, tuned",
    "sqlite": "SQLite",
    "postgres": "PostgreSQL",
}
DATABASE_NAMES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
WAY_NAMES: Final = {
    "nothing_direct": "nothing, direct (the floor)",
    "nothing_thread": "nothing, in a thread",
    "board_direct": "**board, direct**",
    "board_thread": "board, in a thread with a lock",
    "polars_direct": "Polars snapshot, direct",
    "polars_thread": "Polars snapshot, in a thread",
}


def render(results: Results) -> str:
    """The report of one run."""
    parts = [_head(results), _goals(results)]
    sections = (
        ("page", _page),
        ("fresh", _fresh),
        ("mixed", _mixed),
        ("http", _http),
        ("startup", _startup),
        ("record", _record),
        ("linked", linked_section),
        ("founding", _founding),
    )
    parts += [write(results) + _apart(results[name]) for name, write in sections if name in results]
    parts.append(_method())
    return "\n".join(parts)


def _head(results: Results) -> str:
    machine: Results = results["machine"]
    changed = " with uncommitted changes" if results["uncommitted_changes"] else ""
    postgres = results.get("page", {}).get("postgres_version")
    versions = [
        f"Python {machine['python']}",
        f"Polars {machine['polars']}",
        f"NumPy {machine['numpy']}",
        f"SQLite {machine['sqlite']}",
        *([f"PostgreSQL {postgres}"] if postgres else []),
    ]
    effort = "" if results["effort"] == 1 else " This was a quick run: its numbers show that all works, and no more."
    return f"""# How fast it is

Made by `python -m benchmarks` from `results.json`; not edited by hand.{effort}

- Machine: {machine["processor"]}, {machine["cores"]} cores, {machine["memory_gb"]} GB, {machine["system"]};
  load average {machine["load_average"]} before the run and {machine["load_average_after"]} at its end.
- {", ".join(versions)}.
- Commit {results["commit"][:12]}{changed}, {results["date"]}.
- Again: `make bench` (all of it), `make bench ARGS="--only page fresh"` (only these sections), `make bench
  ARGS="--quick"` (into `build/benchmarks/`).

Sizes are numbers of entries (a player with a race), of which a little more than half are ranked. Times are
milliseconds. Other work on a machine and its clock move every time up or down together: the ratios are what to quote.
"""


def _goals(results: Results) -> str:
    rows = [
        [
            goal["name"],
            f"{'at least' if goal['at_least'] else 'at most'} {figure(goal['limit'])}",
            figure(goal["value"]),
            "yes" if goal["reached"] else "**no**",
        ]
        for goal in results["goals"]
    ]
    if not rows:
        return ""
    missed = sum(not goal["reached"] for goal in results["goals"])
    told = "All were reached." if not missed else f"Not reached in this run: {missed} of {len(rows)}."
    return f"## Goals\n\n{told}\n\n{table(['goal', 'asked', 'measured', 'reached'], rows)}"


def _page(results: Results) -> str:
    page: Results = results["page"]
    sizes: Results = page["sizes"]
    names = [size_name(size) for size in sizes]
    ratios: Results = results["ratios"]
    engines = list(results["page_p50_ms"])
    compared = sum(found["answers_compared"] for found in sizes.values())

    def rows(measured: str, value: str) -> list[list[str]]:
        return [
            [ENGINE_NAMES[engine], *(figure(found[measured][engine][value]) for found in sizes.values())]
            for engine in engines
        ]

    over = [
        [ENGINE_NAMES[engine], *(times(value) for value in ratios[f"page_{engine}_over_board"].values())]
        for engine in engines
        if engine != "board"
    ]
    largest = list(sizes)[-1]
    return f"""## One filtered page

Forty rows and the exact total, over the combinations of filters that are named below, p50 of all together. Before the
clock ran, {compared} answers were compared with the board's, all equal.

{table(["p50, ms", *names], rows("page_ms", "p50"))}
How many times the board's time that is:

{table(["p50 over the board's", *names], over)}
The board's p50 on first pages is {times(ratios["board_first_page_largest_over_smallest"])} at \
{size_name(largest)} what it is at {names[0]}; over all of them, pages 2, 3 and 25 included, \
{times(ratios["board_page_largest_over_smallest"])}.

{table(["p99, ms", *names], rows("page_ms", "p99"))}
{table(["mean, ms", *names], rows("page_ms", "mean"))}
Polars is asked on a snapshot that was ranked beforehand: by the reference query, which finds each player's best entry
at every query, and in a tuned form with texts as codes and best entries marked. The databases have one table of the
ranked rows with the order as one number, the best entries and the letters stored for them, eight indexes, and warm
caches; so they answer rows, letter as of the load, and total, but **no global rank**, and a match would have to rewrite
letters and best entries, which is not in their times.

Each of them at {size_name(largest)}:

{_by_query(sizes[largest]["page_p50_ms_by_query"], engines)}
### Deep pages under narrow filters

The page in the middle, as far from either end as can be. Here the board has to look at half of all ranked positions,
while a database has an index for exactly one country or race.

{table(["p50, ms", *names], rows("deep_ms", "p50"))}
Each at {size_name(largest)}:

{_by_query(sizes[largest]["deep_p50_ms_by_query"], engines)}"""


def _by_query(by_engine: Results, engines: list[str]) -> str:
    queries = list(by_engine[engines[0]])
    head = ["p50, ms", *(SHORT_NAMES[engine] for engine in engines)]
    return table(head, [[query, *(figure(by_engine[engine][query]) for engine in engines)] for query in queries])


def _fresh(results: Results) -> str:
    sizes: Results = results["fresh"]["sizes"]
    names = [size_name(size) for size in sizes]
    over: Results = results["ratios"]["fresh_polars_over_board"]
    rows = [
        [name, *(_p50_and_p99(found["ms"][way]) for found in sizes.values())]
        for way, name in (
            ("board_write", "board: two entries changed"),
            ("board", "**board: two entries changed, filtered page**"),
            ("service", "**the same through event, read store and service**"),
            ("polars", "Polars: two rows changed, everything ranked anew, filtered page"),
        )
    ]
    rows.append(["Polars over the board", *(times(value) for value in over.values())])
    rows += [
        [name, *(_p50_and_p99(found[measured]) for found in sizes.values())]
        for measured, name in (
            ("returning_ms", "board: somebody returns after an absence, page"),
            ("lapse_ms", "board: an entry lapses by the clock, page"),
        )
    ]
    return f"""## From a committed match to a fresh page

What comes after the commit, in the same process; p50 (p99). The same matches were told to all three, and their pages
were equal at the end.

{table(["ms", *names], rows)}"""


def _p50_and_p99(measured: Results) -> str:
    return f"{figure(measured['p50'])} ({figure(measured['p99'])})"


def _mixed(results: Results) -> str:
    mixed: Results = results["mixed"]
    ways: Results = mixed["ways"]
    rows = [
        [
            WAY_NAMES[way],
            figure(found["closed"]["requests_per_s"]),
            figure(found["closed"]["p99_ms"]),
            figure(found["open"]["p99_ms"]),
            figure(found["open"]["lag_p99_ms"]),
            figure(found["open"]["lag_max_ms"]),
        ]
        for way, found in ways.items()
    ]
    over = results["ratios"]["throughput_board_direct_over"]
    told = "; ".join(f"{times(value)} {WAY_NAMES[way]}" for way, value in over.items())
    head = ["", "requests/s", "p99", f"p99 at {mixed['open_rate']}/s", "loop lag p99", "loop lag, most"]
    return f"""## Reads and writes on one event loop

{100 * (1 - mixed["write_share"]):.0f} % reads of these pages, {100 * mixed["write_share"]:.0f} % matches, at \
{size_name(str(mixed["entries"]))} entries. The first two columns: {mixed["clients"]} clients that ask again
as soon as they are answered. The rest: {mixed["open_rate"]} requests a second that come at random.

{table(head, rows)}
The board called directly does so many times the requests of: {told}."""


def _http(results: Results) -> str:
    http: Results = results["http"]
    names = {
        "quiet": "nobody watches",
        "anew": "drawn anew for each, all ask at once",
        "kept": "**drawn once, asked within a random wait**",
    }
    measured = ("health_p50", "health_p99", "health_max", "rows_p50", "rows_p99", "lag_p99", "lag_max")
    columns = (*(f"{name}_ms" for name in measured), "processor_s")
    rows = [
        [names[way], *(figure(found[column]) if column in found else "" for column in columns)]
        for way, found in http["ways"].items()
    ]
    head = [
        "",
        *("health p50", "p99", "most", "rows p50", "rows p99", "loop lag p99", "loop lag, most", "processor, s"),
    ]
    return f"""## Open pages, and matches that end

{http["pages"]} pages follow the board of {size_name(str(http["entries"]))} entries and ask for their rows after each \
of {http["matches"]} matches,
from processes of their own; the wait is at most {http["spread_s"]:g} s. Milliseconds, but for the seconds of a
processor that the server took in all. The event loop is the one that the bot shares.

{table(head, rows)}"""


def _startup(results: Results) -> str:
    sizes: Results = results["startup"]["sizes"]
    rows = [
        [
            size_name(size),
            figure(found["seconds"]),
            figure(found["python_and_imports_s"]),
            figure(found["load_s"]),
            figure(found["memory_before_mb"]),
            figure(found["peak_mb"]),
            figure(found["match_ms"]["commit"]["p50"]),
            _p50_and_p99(found["match_ms"]["beyond_commit"]),
        ]
        for size, found in sizes.items()
    ]
    starts = next(iter(sizes.values()))["starts"]
    head = [
        "entries",
        "seconds",
        "of it Python",
        "of it load",
        "MB before",
        "peak MB",
        "commit, ms",
        "page after it, ms",
    ]
    return f"""
## Start-up from SQLite

From the start of the process to the first page, with all that a server imports, in a process of its own; the median of
{starts} starts, with the file in the system's cache. The last two columns are matches by the real write path on that
file: until the commit is durable, and from there to a fresh filtered page, p50 (p99).

{table(head, rows)}"""


def _record(results: Results) -> str:
    record: Results = results["record"]
    databases: Results = record["databases"]
    ratios: Results = results["ratios"]["record_over_bare"]
    ways = {
        "bare": "bare transaction, one at a time",
        "one": "**the use case, one at a time**",
        "bare_in_groups": f"bare transaction, {record['group']} results in each",
        "at_once": f"**the use case, {record['at_once']} at once**",
    }
    rows = [[name, *(_p50_and_p99(found[f"{way}_ms"]) for found in databases.values())] for way, name in ways.items()]
    rows.append(["times the bare one: one at a time", *(times(found["one"]) for found in ratios.values())])
    rows.append(["times the bare one: at once", *(times(found["at_once"]) for found in ratios.values())])
    rows.append(["results a second, at once", *(figure(found["results_per_s"]) for found in databases.values())])
    rows.append(["players' reports a second, at once", *(figure(one["reports_per_s"]) for one in databases.values())])
    head = ["ms a result", *(DATABASE_NAMES[name] for name in databases)]
    return f"""
## Recording a result

A match, its two rating changes, its events and the board, durably (SQLite with `synchronous=FULL`, PostgreSQL with
`synchronous_commit=on`); p50 (p99), in groups the mean of each. The bare transaction gives the driver the very same
writing statements and rows, without what the use case has to read first. Players' reports are those of the life of a
match, both sides' at the same time: one of them waits, the other completes the match and rates it.

{table(head, rows)}"""


def _founding(results: Results) -> str:
    founding: Results = results["founding"]
    sizes = [size_name(size) for size in founding["request_ms"]["direct"]]

    def rows(measured: str, names: dict[str, str]) -> list[list[str]]:
        return [[name, *map(figure, founding[measured][way].values())] for way, name in names.items()]

    first = rows("first_request_ms", {"pool": "new pool (spawn)", "thread": "thread", "board": "**board**"})
    steady = {
        "pool": "pool, frame pickled in",
        "thread": "thread",
        "direct": "direct call",
        "direct_ranked_anew": "direct call, ranked anew each time",
        "board": "**board**",
    }
    three = {
        "pool_cold_one_worker": "new pool, one worker",
        "pool_cold_three_workers": "new pool, three workers",
        "pool_warm": "pool, three workers",
        "thread": "three threads",
        "direct": "three direct calls in a row",
        "board": "**three board pages in a row**",
    }
    single = [
        ["cold start, " + way.replace("_", ", "), figure(value)] for way, value in founding["cold_start_ms"].items()
    ]
    single += [["empty call, " + way, figure(value)] for way, value in founding["dispatch_ms"].items()]
    memory = [[name.replace("_", " "), figure(value)] for name, value in founding["memory_mb"].items()]
    fork: Results = founding["fork_after_polars"]
    return f"""
## The founding measurement

{founding["query"].capitalize()}. What it means is told in [the founding report](../docs/founding-report.md).

{table(["first request, ms", *sizes], first)}
{table(["one of many, ms", *sizes], rows("request_ms", steady))}
{table(["three at once, ms", *sizes], rows("three_requests_ms", three))}
{table(["", "ms"], single)}
{table(["memory of its own", "MB"], memory)}
A worker forked after its parent had used Polars did not answer within {figure(fork["limit_s"])} s in \
{fork["hung"]} of {fork["tries"]} tries."""


def _method() -> str:
    rows = [
        [
            "Interleaved",
            "in each round every engine answers every query, in an order that changes, one engine after the other",
        ],
        ["Checked first", "every way gives the same rows and totals before it is timed; ranks too, but for SQL"],
        [
            "One process",
            "engines share one process and its caches, PostgreSQL and the start-up apart; memory is settled first",
        ],
        ["Made up", "players with one to three of six races, about fifty countries, last games spread over 28 days"],
    ]
    return "\n## How it was measured\n\n" + prose_table(["", ""], rows)
