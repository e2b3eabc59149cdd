"""Which entries lapse next: a queue by last game, so that looking costs nothing while nothing is due."""

import heapq

import numpy as np

from toprung.domain.leaderboard.board_order import Int32s, Int64s


class ExpiryQueue:
    """Slots by the moment of their last game, earliest first.

    A slot is pushed again whenever it plays, and nothing is ever taken out of the middle: what comes out may be
    outdated, and whoever takes it compares the moment with the slot's own.
    """

    def __init__(self) -> None:
        self._times: Int64s = np.zeros(0, np.int64)
        self._slots: Int32s = np.zeros(0, np.int32)
        self._taken = 0
        self._heap: list[tuple[int, int]] = []

    def replace(self, times: Int64s, slots: Int32s) -> None:
        """Takes these in place of all that were there."""
        order = np.argsort(times, kind="stable")
        self._times, self._slots, self._taken, self._heap = times[order], slots[order], 0, []

    def push(self, time_us: int, slot: int) -> None:
        """Adds one."""
        heapq.heappush(self._heap, (time_us, slot))

    def next_time_us(self) -> int | None:
        """The earliest moment in the queue."""
        sorted_next = int(self._times[self._taken]) if self._taken < len(self._times) else None
        if self._heap and (sorted_next is None or self._heap[0][0] < sorted_next):
            return self._heap[0][0]
        return sorted_next

    def pop_before(self, time_us: int) -> list[tuple[int, int]]:
        """Takes out all whose moment is earlier than `time_us`, as (moment, slot)."""
        last = int(self._times.searchsorted(time_us, "left"))
        due = list(zip(self._times[self._taken : last].tolist(), self._slots[self._taken : last].tolist(), strict=True))
        self._taken = max(self._taken, last)
        while self._heap and self._heap[0][0] < time_us:
            due.append(heapq.heappop(self._heap))
        return due
