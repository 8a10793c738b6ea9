"""Lists that are read from a copy which is behind."""

from __future__ import annotations

import copy
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class Lagging:
    """What lists show of things that are read elsewhere by now: as an earlier call has found them."""

    def __init__(self) -> None:
        self._found: deque[tuple[float, list[Any]]] = deque()

    def show(self, items: Iterable[Any], now: float, seconds: float) -> Iterable[Any]:
        """The items as they were at the last call that is at least so many seconds ago, if there was one."""
        if seconds == 0:
            self._found.clear()
            return items
        self._found.append((now, [copy.copy(item) for item in items]))
        while len(self._found) > 1 and self._found[1][0] <= now - seconds:
            self._found.popleft()
        return self._found[0][1]
