"""How many requests about objects the API server is sent at once, and whose is next.

An API server that is asked for more than it can do answers all of it late, until requests time out and are made again.
So few are under way, as many as are answered about as fast as one alone, and those that wait are dealt round over
namespaces: one edit does not stand behind a thousand creations. Not here: the lease, which waits for nobody.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from smendpoints.turns import Line, Width

LEAST, MOST = 6, 16


class Gate:
    """Thread-safe."""

    def __init__(self, least: int = LEAST, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        """So many requests are under way, by how long they take; `clock` tells seconds."""
        self._width = Width(least, most)
        self._line: Line[threading.Event] = Line(self._width.now)
        self._lock = threading.Lock()
        self._clock = clock

    @contextmanager
    def turn(self, namespace: str) -> Iterator[None]:
        """Wait until a request for an object of this namespace may be sent. It is over when the block is."""
        mine = threading.Event()
        with self._lock:
            self._line.ask(namespace, mine)
            self._deal()
        mine.wait()
        begun, answered = self._clock(), False
        try:
            yield
            answered = True
        finally:
            now = self._clock()
            with self._lock:
                self._width.took(now - begun, now, answered=answered)
                self._line.resize(self._width.now)
                self._line.done(namespace)
                self._deal()

    def _deal(self) -> None:
        while (dealt := self._line.deal()) is not None:
            dealt[1].set()
