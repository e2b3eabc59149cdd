"""Who waits in this process for a job's end hears of it at once."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from toprung.domain.jobs.job import Job


class JobEndings:
    """Says that jobs ended, after each commit that ends one. It keeps nothing: what is so is read from the database."""

    def __init__(self) -> None:
        self._listening: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def announce(self, job: Job) -> None:
        """Says that this attempt at a job is over."""
        for ended in self._listening.get(job.payload, ()):
            ended.set()

    @contextmanager
    def listening(self, payload: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever a job with this payload ends meanwhile."""
        ended = asyncio.Event()
        self._listening[payload].add(ended)
        try:
            yield ended
        finally:
            self._listening[payload].discard(ended)
            if not self._listening[payload]:
                del self._listening[payload]
