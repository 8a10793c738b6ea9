"""What is due, and when: an ordered queue, worked off in one thread. It knows no clock but the one it is given."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsandbox.aws.core.clock import Clock


@dataclass(order=True)
class Event:
    """A callback that is due at `when`; those due together run in the order they were made."""

    when: float
    order: int
    callback: Callable[[], None] = field(compare=False)
    canceled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.canceled = True


class Timeline:
    """Callbacks by due time. Not thread-safe: the World's lock guards it."""

    def __init__(self) -> None:
        self._queue: list[Event] = []
        self._made = 0
        self._running = False

    def at(self, when: float, callback: Callable[[], None]) -> Event:
        """Run `callback` once it is `when` (epoch seconds). The event returned can be canceled."""
        self._made += 1
        event = Event(when, self._made, callback)
        heapq.heappush(self._queue, event)
        return event

    def next_due(self) -> float | None:
        """When the next event is due; None when nothing is under way."""
        while self._queue and self._queue[0].canceled:
            heapq.heappop(self._queue)
        return self._queue[0].when if self._queue else None

    def run_due(self, clock: Clock) -> None:
        """Run everything that is due by now, in order, and what becomes due by it."""
        if self._running:
            return
        self._running = True
        try:
            until = clock.now()
            while (due := self.next_due()) is not None and due <= until:
                event = heapq.heappop(self._queue)
                with clock.standing_at(event.when):
                    event.callback()
        finally:
            self._running = False
