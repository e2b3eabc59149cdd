"""What has to be tried in an interpreter of its own, because of what happens in it; says as JSON what it found.

`fork` forks workers from a process that has imported Polars and not used it. `fork-after-use` forks one from a process
that has, and says whether it answers; whoever starts this ends it and its workers. `threads` counts what threads take.
"""

import json
import multiprocessing
import os
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from time import perf_counter

from benchmarks import founding_work as work
from benchmarks.measuring import Results, median_ms, rounded, seconds_of

_THREADS, _REPEATS = 16, 200
ANSWER_LIMIT_SECONDS = 5.0


def fork_cleanly(starts: int) -> Results:
    """Milliseconds of a cold start and of a call that does nothing; megabytes of a forked worker's own."""
    work.import_program()
    context = multiprocessing.get_context("fork")
    cold: list[float] = []
    for _ in range(starts):
        started = perf_counter()
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            pool.submit(work.do_nothing).result()
            cold.append(perf_counter() - started)
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        pool.submit(work.do_nothing).result()
        warm = [seconds_of(lambda: pool.submit(work.do_nothing).result()) for _ in range(_REPEATS)]
        memory = pool.submit(work.own_memory_mb).result()
    return {"cold_start_ms": median_ms(cold), "dispatch_ms": median_ms(warm), "worker_mb": rounded(memory)}


def fork_after_use() -> Results:
    """Whether a worker that was forked after a Polars query answers one of its own in time."""
    from benchmarks.engines import ranked_snapshot
    from benchmarks.population import make_population
    from benchmarks.queries import founding_query

    population = make_population(1_000)
    ranked, query = ranked_snapshot(population.frame()), founding_query(population.countries)
    work.filtered_page(ranked, query)
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork"))
    future = pool.submit(work.filtered_page, ranked, query)
    try:
        future.result(timeout=ANSWER_LIMIT_SECONDS)
    except TooLate:
        return {"answered": False}
    return {"answered": True}


def threads(size: int) -> Results:
    """Megabytes of this process's own for each further thread, at rest and after it has answered a page."""
    from benchmarks.engines import ranked_snapshot
    from benchmarks.population import make_population
    from benchmarks.queries import founding_query

    population = make_population(size)
    ranked, query = ranked_snapshot(population.frame()), founding_query(population.countries)
    for _ in range(20):
        work.filtered_page(ranked, query)
    at_rest = _memory_a_thread(work.do_nothing)
    after_page = _memory_a_thread(lambda: work.filtered_page(ranked, query))
    return {"process_mb": rounded(work.own_memory_mb()), "idle_mb": at_rest, "after_page_mb": after_page}


def _memory_a_thread(job: object) -> float:
    assert callable(job)
    done, release = threading.Semaphore(0), threading.Event()

    def run() -> None:
        job()
        done.release()
        release.wait()

    before = work.own_memory_mb()
    started = [threading.Thread(target=run) for _ in range(_THREADS)]
    for thread in started:
        thread.start()
        done.acquire()
    taken = (work.own_memory_mb() - before) / _THREADS
    release.set()
    for thread in started:
        thread.join()
    return rounded(max(0.0, taken))


if __name__ == "__main__":
    mode = sys.argv[1]
    if mode == "fork":
        found = fork_cleanly(int(sys.argv[2]))
    elif mode == "fork-after-use":
        found = fork_after_use()
    else:
        found = threads(int(sys.argv[2]))
    print(json.dumps(found), flush=True)
    os._exit(0)  # without waiting for a worker that hangs
