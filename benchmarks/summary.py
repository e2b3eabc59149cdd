"""What is made from the measurements: medians by way and size, ratios, and whether each goal was reached."""

from dataclasses import asdict, dataclass
from typing import Final

from benchmarks.measuring import SIZES, Results, ratio

SMALLEST, HUNDRED_THOUSAND, LARGEST = "1000", "100000", str(SIZES[-1])

PAGE_ENGINES: Final = ("board", "polars", "polars_tuned", "sqlite", "postgres")
FRESH_WAYS: Final = ("board", "service", "polars")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Something that was promised, and what was measured of it. `limit` is the least or the most that will do."""

    name: str
    at_least: bool
    limit: float
    value: float
    reached: bool


def at_least(name: str, limit: float, value: float) -> Goal:
    """A goal that more is better for."""
    return Goal(name=name, at_least=True, limit=limit, value=value, reached=value >= limit)


def at_most(name: str, limit: float, value: float) -> Goal:
    """A goal that less is better for."""
    return Goal(name=name, at_least=False, limit=limit, value=value, reached=value <= limit)


def summarise(results: Results) -> Results:
    """The results with `page_p50_ms`, `fresh_p50_ms`, `ratios` and `goals`, as far as they were measured."""
    measured = dict(results)
    if "page" in results:
        measured["page_p50_ms"] = _p50(results["page"], "page_ms", PAGE_ENGINES)
    if "fresh" in results:
        measured["fresh_p50_ms"] = _p50(results["fresh"], "ms", FRESH_WAYS)
    measured["ratios"] = ratios_of(measured)
    measured["goals"] = [asdict(goal) for goal in goals_of(measured)]
    return measured


def _p50(section: Results, measured: str, ways: tuple[str, ...]) -> Results:
    sizes: Results = section["sizes"]
    return {
        way: {size: found[measured][way]["p50"] for size, found in sizes.items()}
        for way in ways
        if all(way in found[measured] for found in sizes.values())
    }


def ratios_of(results: Results) -> Results:
    """How many times the one is the other, each pair from one run."""
    ratios: Results = {}
    if "page" in results:
        pages: Results = results["page_p50_ms"]
        for engine in pages:
            if engine != "board":
                ratios[f"page_{engine}_over_board"] = _over(pages[engine], pages["board"])
        sizes: Results = results["page"]["sizes"]
        smallest, largest = next(iter(sizes)), list(sizes)[-1]
        for measured in ("first_page_ms", "page_ms"):
            grown = sizes[largest][measured]["board"]["p50"], sizes[smallest][measured]["board"]["p50"]
            ratios[f"board_{measured.removesuffix('_ms')}_largest_over_smallest"] = ratio(*grown)
    if "fresh" in results:
        fresh: Results = results["fresh_p50_ms"]
        ratios["fresh_polars_over_board"] = _over(fresh["polars"], fresh["board"])
        ratios["fresh_polars_over_service"] = _over(fresh["polars"], fresh["service"])
    if "founding" in results:
        ratios["founding"] = _founding_ratios(results["founding"])
    if "mixed" in results:
        ways: Results = results["mixed"]["ways"]
        board = ways["board_direct"]["closed"]["requests_per_s"]
        ratios["throughput_board_direct_over"] = {
            way: ratio(board, found["closed"]["requests_per_s"])
            for way, found in ways.items()
            if way.split("_")[0] != "nothing" and way != "board_direct"
        }
    if "record" in results:
        databases: Results = results["record"]["databases"]
        ratios["record_over_bare"] = {
            name: {way: ratio(found[f"{way}_ms"]["p50"], found["bare_ms"]["p50"]) for way in ("one", "at_once")}
            for name, found in databases.items()
        }
    return ratios


def _founding_ratios(founding: Results) -> Results:
    first, steady, three = (founding[name] for name in ("first_request_ms", "request_ms", "three_requests_ms"))
    memory = founding["memory_mb"]
    worker, thread = memory["spawn_worker_after_page"], memory["thread_after_page"]
    process = memory["process_with_frame"]
    return {
        "first_request_pool_over_thread": _over(first["pool"], first["thread"]),
        "first_request_pool_over_board": _over(first["pool"], first["board"]),
        "request_pool_over_thread": _over(steady["pool"], steady["thread"]),
        "request_thread_over_direct": _over(steady["thread"], steady["direct"]),
        "request_pool_over_board": _over(steady["pool"], steady["board"]),
        "request_direct_over_board": _over(steady["direct"], steady["board"]),
        "three_pool_cold_one_worker_over_thread": _over(three["pool_cold_one_worker"], three["thread"]),
        "three_pool_cold_three_workers_over_thread": _over(three["pool_cold_three_workers"], three["thread"]),
        "three_pool_warm_over_thread": _over(three["pool_warm"], three["thread"]),
        "three_pool_cold_one_worker_over_board": _over(three["pool_cold_one_worker"], three["board"]),
        "memory_with_two_workers_over_two_threads": ratio(process + 2 * worker, process + 2 * thread),
        "memory_with_eight_workers_over_eight_threads": ratio(process + 8 * worker, process + 8 * thread),
    }


def _over(numerators: Results, denominators: Results) -> Results:
    return {size: ratio(numerators[size], denominators[size]) for size in numerators}


def goals_of(results: Results) -> list[Goal]:
    """The goals of the project's plan that these results can speak of."""
    goals: list[Goal] = []
    ratios: Results = results["ratios"]
    pages = ratios.get("page_polars_over_board", {})
    if HUNDRED_THOUSAND in pages:
        goals.append(at_least("page: times faster than Polars at 100k", 5, pages[HUNDRED_THOUSAND]))
    if LARGEST in pages:
        goals.append(at_least("page: times faster than Polars at 1M", 30, pages[LARGEST]))
        if SMALLEST in pages:
            grown = ratios["board_first_page_largest_over_smallest"]
            goals.append(at_most("page: first pages' p50 at 1M as times that at 1k", 3, grown))
    if "fresh" in results:
        for way, what in (("board", "the board alone"), ("service", "through the services")):
            slowest = max(results["fresh_p50_ms"][way].values())
            goals.append(at_most(f"fresh: p50 in ms at the slowest size, {what}", 0.5, slowest))
        if LARGEST in ratios["fresh_polars_over_board"]:
            faster = ratios["fresh_polars_over_board"][LARGEST]
            goals.append(at_least("fresh: times faster than a Polars re-rank at 1M", 100, faster))
    if "startup" in results:
        sizes: Results = results["startup"]["sizes"]
        slowest = max(found["match_ms"]["beyond_commit"]["p50"] for found in sizes.values())
        goals.append(at_most("fresh: p50 in ms at the slowest size, beyond a real commit to a file", 0.5, slowest))
    if "http" in results:
        kept: Results = results["http"]["ways"]["kept"]
        goals.append(at_most("http: health's p99 in ms beside open pages", 25, kept["health_p99_ms"]))
        goals.append(at_most("http: health's longest answer in ms beside open pages", 150, kept["health_max_ms"]))
    for name, found in ratios.get("record_over_bare", {}).items():
        goals.append(at_most(f"record: times the bare transaction on {name}, one at a time", 4, found["one"]))
        goals.append(at_most(f"record: times the bare transaction on {name}, many at once", 2, found["at_once"]))
    if "linked" in results:
        linked: Results = results["linked"]
        goals.append(at_most("linked: arithmetic of six races as times Glicko-2's", 2, linked["times_glicko2"]))
        losses: Results = linked["log_loss"]
        goals.append(
            at_most("linked: log-loss as a share of separate ratings'", 1, ratio(losses["linked"], losses["separate"]))
        )
    return goals
