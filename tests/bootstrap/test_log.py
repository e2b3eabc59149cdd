"""Logs and metrics: one JSON object a line where nobody is looking, and numbers that can be scraped."""

import io
import json
import sys
from collections.abc import Iterator

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from toprung.domain.database_address import HIDDEN, secrets_in
from toprung.log import Metrics, configure_logging


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


class Terminal(io.StringIO):
    """What somebody is looking at."""

    def isatty(self) -> bool:
        return True


def test_away_from_a_terminal_each_line_is_a_json_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", written := io.StringIO())
    configure_logging("info")
    log = structlog.get_logger("x")
    log.info("board_loaded", entries=3, name="별 \n\"'")
    try:
        int("so it is")
    except ValueError:
        log.exception("it_failed")
    first, second = map(json.loads, written.getvalue().splitlines())
    assert (first["event"], first["level"], first["entries"], first["name"]) == ("board_loaded", "info", 3, "별 \n\"'")
    assert first["timestamp"].endswith("Z")
    assert "ValueError: invalid literal" in second["exception"]


def test_in_a_terminal_lines_are_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", written := Terminal())
    configure_logging("info")
    structlog.get_logger("x").info("board_loaded", entries=3)
    assert "board_loaded" in written.getvalue()
    assert not written.getvalue().startswith("{")


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_only_what_is_important_enough_is_logged(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", written := io.StringIO())
    configure_logging(level)
    log = structlog.get_logger("x")
    levels = ["debug", "info", "warning", "error"]
    for name in levels:
        getattr(log, name)("it_happened")
    logged = [json.loads(line)["level"] for line in written.getvalue().splitlines()]
    assert logged == levels[levels.index(level) :]


def test_reads_are_counted_in_a_histogram_and_ranked_entries_are_a_gauge() -> None:
    metrics = Metrics()
    for seconds in (0.000_03, 0.000_03, 0.2):
        metrics.observe_read_seconds(seconds)
    text, content_type = metrics.render(ranked_entries=7)
    assert content_type.startswith("text/plain")
    samples = {
        (sample.name, sample.labels.get("le")): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }
    assert samples["toprung_leaderboard_read_seconds_count", None] == 3
    assert samples["toprung_leaderboard_read_seconds_sum", None] == pytest.approx(0.200_06)
    assert samples["toprung_leaderboard_read_seconds_bucket", "2e-05"] == 0
    assert samples["toprung_leaderboard_read_seconds_bucket", "5e-05"] == 2
    assert samples["toprung_leaderboard_ranked_entries", None] == 7


def test_two_ladders_in_one_process_do_not_share_their_metrics() -> None:
    one, other = Metrics(), Metrics()
    one.observe_read_seconds(1)
    assert b"read_seconds_count 0.0" in other.render(ranked_entries=0)[0]


@pytest.mark.parametrize("is_terminal", [True, False])
def test_no_log_holds_the_databases_password(monkeypatch: pytest.MonkeyPatch, is_terminal: bool) -> None:
    monkeypatch.setattr(sys, "stderr", written := Terminal() if is_terminal else io.StringIO())
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    address = "postgresql://ann:p%40ss-word@db/ladder"
    configure_logging("debug", secrets_in(address))
    log = structlog.get_logger("x")
    log.info("opened", database=address, options=[{"url": address}], error=ValueError(address))
    log.info("opened", meant="p@ss-word")
    failure = OSError(f"cannot connect to {address} as ann with p@ss-word")
    log.error("it_failed", exc_info=failure)
    sys.excepthook(OSError, failure, None)
    text = written.getvalue()
    assert "p%40ss-word" not in text
    assert "p@ss-word" not in text
    assert text.count(HIDDEN) >= 7
