"""Structured logs, and the metrics."""

import logging
import sys
from typing import Final

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, Histogram, generate_latest

_READ_BUCKETS_SECONDS: Final = (
    *(0.000_01, 0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5),
    *(0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5),
)


def configure_logging(level: str) -> None:
    """Logs go to standard error: for people where it is a terminal, else as one JSON object a line."""
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


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

    def observe_read_seconds(self, seconds: float) -> None:
        """Counts one read of the leaderboard."""
        self._reads.observe(seconds)

    def render(self, *, ranked_entries: int) -> tuple[bytes, str]:
        """All metrics in Prometheus' text format, and its content type."""
        self._ranked.set(ranked_entries)
        return generate_latest(self._registry), CONTENT_TYPE_LATEST
