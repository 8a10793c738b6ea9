"""How many requests about objects the API server is sent at once, and whose is next.

An API server that is asked for more than it can do answers all of it late, until requests time out and are made again.
So few are under way, and those that wait are dealt round over namespaces: one edit does not stand behind a thousand
creations. Not here: the lease, which waits for nobody.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from smendpoints.turns import Line

AT_ONCE = 16


class Gate:
    """Thread-safe."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._line: Line[threading.Event] = Line(at_once)
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, namespace: str) -> Iterator[None]:
        """Wait until a request for an object of this namespace may be sent. It is over when the block is."""
        mine = threading.Event()
        with self._lock:
            self._line.ask(namespace, mine)
            self._deal()
        mine.wait()
        try:
            yield
        finally:
            with self._lock:
                self._line.done(namespace)
                self._deal()

    def _deal(self) -> None:
        while (dealt := self._line.deal()) is not None:
            dealt[1].set()
