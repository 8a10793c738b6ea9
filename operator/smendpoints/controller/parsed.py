"""Objects that are looked at every few seconds, each version parsed once."""

from collections.abc import Callable, Collection, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Parsed(Generic[K, T]):
    """The newest version of each, parsed. For one thread."""

    def __init__(self) -> None:
        self._kept: dict[K, tuple[object, T]] = {}

    def get(self, key: K, version: object, parse: Callable[[], T]) -> T:
        """This version, parsed now unless it was before; None is no version, and never kept."""
        known = self._kept.get(key)
        if known is None or version is None or known[0] != version:
            known = self._kept[key] = version, parse()
        return known[1]

    def keep(self, keys: Collection[K]) -> None:
        """Let go of all but these."""
        self._kept = {key: value for key, value in self._kept.items() if key in keys}
