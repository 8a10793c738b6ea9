"""When it is worth asking which objects are still there: a deletion may go by unseen.

A watch that begins anew, after an outage of the API server or of this process, tells what is there, and not what is
there no more. Not here: the asking, which is `census`'s, and what an object's end means.
"""

_ANEW_SECONDS = 2.0  # until the rest of what is listed anew has come
_PATIENCE_SECONDS = 5.0  # for the watch to tell it
_PERIOD_SECONDS = 600.0


class Doubts:
    """`now` is everywhere of one clock, in seconds."""

    def __init__(self) -> None:
        self._due = float("inf")
        self._suspects: dict[str, float] = {}

    def answered(self, now: float) -> None:
        """It is known which objects there are."""
        self._due = now + _PERIOD_SECONDS
        self._suspects = {uid: since for uid, since in self._suspects.items() if now - since < _PATIENCE_SECONDS}

    def watched_anew(self, now: float) -> None:
        """The watch began anew with a listing."""
        self._due = min(self._due, now + _ANEW_SECONDS)

    def suspect(self, uid: str, now: float) -> None:
        """An object is gone, as the answer to a request shows; the watch is about to tell."""
        self._suspects.setdefault(uid, now)

    def told(self, uid: str) -> None:
        """It is known by now that the object is gone."""
        self._suspects.pop(uid, None)

    def are_due(self, now: float) -> bool:
        """Whether to ask now."""
        return now >= self._due or any(now - since >= _PATIENCE_SECONDS for since in self._suspects.values())
