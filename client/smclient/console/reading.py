"""What a page knows of something that lies elsewhere: its value, when that was so, and why it is not newer. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Generic, Literal, TypeVar

from smclient.errors import ClientError, NotFoundError

T = TypeVar("T")
State = Literal["loading", "error", "stale", "fresh"]


@dataclass(frozen=True)
class Reading(Generic[T]):
    """A value with the time it was read; `error` is why it could not be read since. Both are None at first."""

    value: T | None = None
    at: datetime | None = None
    error: ClientError | None = None

    @property
    def state(self) -> State:
        """`loading`: nothing yet. `error`: nothing, and why. `stale`: what was read before, and why. Else `fresh`."""
        if self.value is None:
            return "loading" if self.error is None else "error"
        return "fresh" if self.error is None else "stale"

    @property
    def is_absent(self) -> bool:
        """Whether it is known not to be there."""
        return self.value is None and self.error is None and self.at is not None

    def known(self, missing: str) -> T:
        """The value.

        Raises:
            ClientError: it is not there, which `missing` says, or nobody knows.
        """
        if self.value is not None:
            return self.value
        if self.error is not None:
            raise self.error
        if self.at is None:
            raise ClientError("the API server has not answered yet", "reload the page in a moment")
        raise NotFoundError(missing)

    def failed(self, error: ClientError) -> "Reading[T]":
        """The same, which could not be read again."""
        return Reading(self.value, self.at, error)


class Kept:
    """What was read, for some seconds, by a key; what cannot be read again stays, with the error. For all threads.

    Where two ask for the same at once, one reads and the other waits.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC), most: int = 2000) -> None:
        self._now = now
        self._most = most
        self._lock = Lock()
        self._found: dict[Any, tuple[Lock, Reading[Any], datetime | None]] = {}

    def read(self, key: Any, seconds: float, ask: Callable[[], T]) -> Reading[T]:
        """What `ask` said within the last `seconds`, else what it says now."""
        with self._lock:
            turn = self._found.setdefault(key, (Lock(), Reading(), None))[0]
            while len(self._found) > self._most:
                self._found.pop(next(each for each in self._found if each != key))
        with turn:
            _, known, tried = self._found.get(key, (turn, Reading(), None))
            if tried is not None and (self._now() - tried).total_seconds() < seconds:
                return known
            try:
                known = Reading(ask(), self._now())
            except ClientError as error:
                known = known.failed(error)
            with self._lock:
                self._found[key] = turn, known, self._now()
            return known

    def forget(self, key: Any) -> None:
        """Ask anew the next time."""
        with self._lock:
            self._found.pop(key, None)
