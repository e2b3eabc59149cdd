"""Structured logs, and the metrics."""

import logging
import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from types import TracebackType
from typing import Final, get_args

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from toprung.application.replays.pool_health import ChildState, PoolHealth
from toprung.domain.database_address import without_password
from toprung.domain.jobs.job import JobState, JobStats

_READ_BUCKETS_SECONDS: Final = (
    *(0.000_01, 0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5),
    *(0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5),
)


def configure_logging(level: str, secrets: Collection[str] = ()) -> None:
    """Logs go to standard error: for people where it is a terminal, else as one JSON object a line.

    Passwords are not among what is logged: neither these secrets nor what looks like one in an address, in a line of
    this program's or of a library's, or in a traceback.
    """
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    )

    def hide(_logger: object, _name: str, entry: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {name: _hidden(value, secrets) for name, value in entry.items()}

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    others = logging.StreamHandler(sys.stderr)
    others.setFormatter(_HidingFormatter(secrets))
    logging.basicConfig(handlers=[others], level=logging.WARNING)

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.stderr.write(without_password("".join(traceback.format_exception(kind, error, trace)), secrets))

    sys.excepthook = show


def _hidden(value: object, secrets: Collection[str]) -> object:
    if isinstance(value, str):
        return without_password(value, secrets)
    if isinstance(value, Mapping):
        return {name: _hidden(one, secrets) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_hidden(one, secrets) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return without_password(str(value), secrets)


class _HidingFormatter(logging.Formatter):
    """What libraries log, in their words."""

    def __init__(self, secrets: Collection[str]) -> None:
        super().__init__()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        return without_password(super().format(record), self._secrets)


class Metrics:
    """What is measured, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._reads = Histogram(
            "toprung_leaderboard_read_seconds",
            "How long the board took to answer one leaderboard query.",
            buckets=_READ_BUCKETS_SECONDS,
            registry=self._registry,
        )
        self._ranked = Gauge("toprung_leaderboard_ranked_entries", "Ranked entries.", registry=self._registry)
        self._jobs = Gauge("toprung_jobs", "Jobs in the queue, by state.", ["state"], registry=self._registry)
        self._backlog = Gauge(
            "toprung_jobs_oldest_ready_seconds", "For how long the oldest ready job waits.", registry=self._registry
        )

    def observe_read_seconds(self, seconds: float) -> None:
        """Counts one read of the leaderboard."""
        self._reads.observe(seconds)

    def observe_pool(self, health: Callable[[], PoolHealth]) -> None:
        """Has whoever scrapes see how the replay pool is at that moment."""
        self._registry.register(_PoolCollector(health))

    def show_jobs(self, stats: JobStats, *, oldest_ready_seconds: float) -> None:
        """Takes the queue's numbers."""
        for state in JobState:
            self._jobs.labels(state.value).set(getattr(stats, state.value))
        self._backlog.set(oldest_ready_seconds)

    def render(self, *, ranked_entries: int) -> tuple[bytes, str]:
        """All metrics in Prometheus' text format, and its content type."""
        self._ranked.set(ranked_entries)
        return generate_latest(self._registry), CONTENT_TYPE_LATEST


class _PoolCollector(Collector):
    """The replay pool's own counts and states, read when they are asked for."""

    def __init__(self, health: Callable[[], PoolHealth]) -> None:
        self._health = health

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """See `Collector`."""
        health = self._health()
        children = GaugeMetricFamily("toprung_replay_children", "Processes that read replays.", labels=["state"])
        for state in get_args(ChildState):
            children.add_metric([state], sum(child.state == state for child in health.children))
        yield children
        yield GaugeMetricFamily(
            "toprung_replay_children_rss_bytes",
            "The memory that they have resident, together.",
            sum(child.rss_bytes for child in health.children),
        )
        yield GaugeMetricFamily("toprung_replay_jobs_running", "Replays being read.", health.jobs_running)
        yield GaugeMetricFamily("toprung_replay_jobs_waiting", "Replays waiting for a process.", health.jobs_waiting)
        yield GaugeMetricFamily("toprung_replay_pool_degraded", "1 while no process can start.", not health.can_start)
        yield GaugeMetricFamily(
            "toprung_replay_sandbox_reduced", "1 without a full sandbox.", health.sandbox in ("reduced", "missing")
        )
        yield _counter("toprung_replay_outcomes", "What became of replays.", "outcome", health.outcomes)
        yield _counter("toprung_replay_children_retired", "Processes replaced, by why.", "reason", health.retired)
        starts = {"ready": health.boots, "failed": health.failed_boots}
        yield _counter("toprung_replay_children_started", "Processes started.", "result", starts)


def _counter(name: str, sentence: str, label: str, counts: Mapping[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, sentence, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family
