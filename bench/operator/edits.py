"""How long an edit takes to reach AWS: tags of objects are edited one after the other, and AWS's log is asked when.

An edit has reached AWS when a call that changes something about its endpoint came in.
"""

import threading
import time
from dataclasses import dataclass, field

from bench.operator.rig import Rig


@dataclass
class Edits:
    """Edits of some objects of a namespace, in turn."""

    rig: Rig
    namespace: str
    names: list[str]
    seconds: float
    made: list[tuple[str, float]] = field(default_factory=list)
    _number: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def once(self, name: str) -> float:
        """Edit it now; when that was."""
        self._number += 1
        began = time.time()
        self.rig.api.patch(self.namespace, [name], {"tags": {"edit": f"{began:.0f}-{self._number}"}})
        self.made.append((name, began))
        return began

    def start(self) -> None:
        """Edit one after the other, one in so many `seconds`, until `stop`."""
        self._thread = threading.Thread(target=self._run, daemon=True, name="edits")
        self._thread.start()

    def stop(self) -> None:
        """No more edits."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        """One that has not reached AWS yet is not edited again: the next edit would be taken for it."""
        under_way: dict[str, float] = {}
        while not self._over.wait(self.seconds):
            under_way = {name: at for name, at in under_way.items() if self.delay(name, at) is None}
            if idle := [name for name in self.names if name not in under_way]:
                name = idle[len(self.made) % len(idle)]
                under_way[name] = self.once(name)

    def delays(self, patience: float = 30.0) -> list[float | None]:
        """Seconds of each edit until it reached AWS; None of one that did not within `patience` of the last one."""
        until = time.time() + patience
        while True:
            found = [self.delay(name, began) for name, began in self.made]
            if None not in found or time.time() > until:
                return found
            time.sleep(0.5)

    def delay(self, name: str, began: float) -> float | None:
        """Seconds from then until something about the object's endpoint was changed in AWS; None while nothing was."""
        endpoint = f"{self.namespace}-{name}"
        calls = (call for call in self.rig.calls.since(began) if call.changes and endpoint in call.target)
        first = next(calls, None)
        return None if first is None else first.began - began
