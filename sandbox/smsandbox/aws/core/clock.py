"""Where time comes from: the machine's clock, or one that a test moves."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class Clock(Protocol):
    """Epoch seconds, and what it takes to let a queue of due times be worked off in order."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        ...

    def standing_at(self, when: float) -> AbstractContextManager[None]:
        """While inside, a virtual clock shows `when`; a real one cannot be held."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def standing_at(self, when: float) -> AbstractContextManager[None]:
        del when
        return nullcontext()


class VirtualClock:
    """A clock that stands still until it is advanced."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError(f"time cannot be moved back by {-seconds} s")
        self._now += seconds

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    @contextmanager
    def standing_at(self, when: float) -> Iterator[None]:
        until = self._now
        self._now = when
        try:
            yield
        finally:
            self._now = max(until, self._now)
