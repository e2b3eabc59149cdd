"""Whoever puts a job in line says so to whoever works at jobs in this process."""

from collections.abc import Callable


class JobBell:
    """Rung when there may be a job to claim. Without anybody who answers, nothing happens: the job is a row."""

    def __init__(self) -> None:
        self._answers: list[Callable[[], None]] = []

    def answered_by(self, answer: Callable[[], None]) -> None:
        """From now on calls this at every ring."""
        self._answers.append(answer)

    def ring(self) -> None:
        """Says that there may be a job to claim."""
        for answer in self._answers:
            answer()
