"""How long a deletion waits for its next try, as kopf keeps it in an annotation of the object.

The wait counts for the process that chose it, and for what was asked for then. Another process begins at once: it may
come with the permission that was lacking. So does an edit, or a new value of the annotation that asks to try again.
"""

from collections import OrderedDict, deque
from typing import Any

import kopf

from smendpoints.api.resource import GROUP, RETRY

_MOST_OBJECTS = 10_000
_RECENT = 8  # what is read back may be older than what was written last


class OwnDelays(kopf.AnnotationsProgressStorage):
    """Kopf's progress in annotations, without the delays that this process did not choose."""

    def __init__(self) -> None:
        super().__init__(prefix=GROUP, v1=False)
        self._chosen: OrderedDict[str, deque[tuple[Any, ...]]] = OrderedDict()

    def fetch(self, *, key: Any, body: kopf.Body) -> Any:
        """What is known of a handler's progress."""
        record = super().fetch(key=key, body=body)
        if record is None or record.get("delayed") is None:
            return record
        if self._asked(body, record) in self._chosen.get(body["metadata"]["uid"], ()):
            return record
        return {**record, "delayed": None}

    def store(self, *, key: Any, record: Any, body: kopf.Body, patch: kopf.Patch) -> None:
        """Keep a handler's progress."""
        uid = body["metadata"]["uid"]
        self._chosen.setdefault(uid, deque(maxlen=_RECENT)).append(self._asked(body, record))
        while len(self._chosen) > _MOST_OBJECTS:
            self._chosen.popitem(last=False)
        super().store(key=key, record=record, body=body, patch=patch)

    def purge(self, *, key: Any, body: kopf.Body, patch: kopf.Patch) -> None:
        """A handler is through."""
        self._chosen.pop(body["metadata"]["uid"], None)
        super().purge(key=key, body=body, patch=patch)

    @staticmethod
    def _asked(body: kopf.Body, record: Any) -> tuple[Any, ...]:
        meta = body["metadata"]
        return record.get("delayed"), meta.get("generation"), (meta.get("annotations") or {}).get(RETRY)
