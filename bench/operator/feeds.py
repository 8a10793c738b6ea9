"""What happens while something is measured, and when: to objects, by a watch; at AWS, by its log of calls."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import urllib3
from bench.operator.api import OBJECTS, Api

from smsandbox.testing.figures import burst
from smsandbox.testing.simulator import Call, Simulator
from smsandbox.testing.stage import condition, has

_OURS = "smendpoints/"  # in the user agent of the operator
_OVERLAP = 100


class Objects:
    """All objects of the cluster, by namespace and name, as a watch tells: when each was Ready first, all writes."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._over = threading.Event()
        self.first_ready: dict[tuple[str, str], float] = {}
        self.ready: set[tuple[str, str]] = set()
        self.there: set[tuple[str, str]] = set()
        self.recorded: set[tuple[str, str]] = set()  # what AWS showed is in the status: a restart need not look closely
        self.gone: dict[tuple[str, str], float] = {}
        self.told: dict[tuple[str, str], tuple[str, str]] = {}
        self.writes: list[tuple[float, str]] = []
        self.broken = 0
        self._thread = threading.Thread(target=self._run, daemon=True, name="objects")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()

    def written(self, since: float, until: float = float("inf"), namespace: str = "") -> int:
        """How many writes of objects there were in that time, in one namespace or in all.

        Those of specs, status and finalizers count, whoever made them.
        """
        return sum(since <= when < until and namespace in {"", where} for when, where in list(self.writes))

    def wait(self, what: Callable[[], bool], seconds: float, every: float = 0.05) -> bool:
        """Whether it came true within so many seconds; looks `every` so many."""
        deadline = time.monotonic() + seconds
        while not what():
            if time.monotonic() > deadline:
                return False
            time.sleep(every)
        return True

    def still(self, quiet: float, seconds: float) -> bool:
        """Whether nothing was written for so long; waits for it at most so many seconds."""
        return self.wait(lambda: time.time() - (self.writes[-1][0] if self.writes else 0.0) > quiet, seconds)

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                listed = self._api.request("GET", OBJECTS)
                for each in listed["items"]:
                    self._see("LISTED", each)
                for event in self._watch(listed["metadata"]["resourceVersion"]):
                    self._see(event["type"], event["object"])
            except (urllib3.exceptions.HTTPError, OSError, ValueError, KeyError):
                self.broken += 1
                self._over.wait(0.2)

    def _watch(self, version: str) -> Iterator[dict[str, Any]]:
        with self._api.stream(f"{OBJECTS}?watch=1&timeoutSeconds=3000&resourceVersion={version}") as answer:
            rest = b""
            while not self._over.is_set() and (chunk := answer.read1(1 << 20)):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from map(json.loads, lines)

    def _see(self, kind: str, found: dict[str, Any]) -> None:
        now, meta = time.time(), found["metadata"]
        key = (meta["namespace"], meta["name"])
        if kind == "MODIFIED":
            self.writes.append((now, key[0]))
        if kind == "DELETED":
            self.ready.discard(key)
            self.there.discard(key)
            self.recorded.discard(key)
            self.gone[key] = now
            return
        self.there.add(key)
        told = condition(found, "Stalled") or condition(found, "Ready") or {}
        self.told[key] = (str(told.get("reason", "")), str(told.get("message", "")))
        if "fingerprint" in found.get("status", {}).get("converged", {}):
            self.recorded.add(key)
        else:
            self.recorded.discard(key)
        if has(found, "Ready"):
            self.ready.add(key)
            self.first_ready.setdefault(key, now)
        else:
            self.ready.discard(key)


@dataclass
class Calls:
    """The operator's calls to AWS, but for those to the queue of hints.

    `missed` counts those that left the simulator's log before they were read.
    """

    simulator: Simulator
    missed: int = 0
    _seen: list[Call] = field(default_factory=list)
    _asked: int = 0
    _last: Call | None = None
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True, name="calls").start()

    def stop(self) -> None:
        self._over.set()

    def since(self, when: float, until: float = float("inf")) -> list[Call]:
        """The calls that came in then, oldest first."""
        self._read()
        return sorted((each for each in list(self._seen) if when <= each.began < until), key=lambda each: each.began)

    def _run(self) -> None:
        while not self._over.wait(1.0):
            try:
                self._read()
            except OSError:
                continue  # the simulator is ending

    def _read(self) -> None:
        with self._lock:
            counts = self.simulator.counts()
            total = sum(number for each in counts.values() for codes in each.values() for number in codes.values())
            if total == self._asked:
                return
            found = self.simulator.calls(latest=total - self._asked + _OVERLAP)
            places = [place for place, each in enumerate(found) if each == self._last]
            if self._last is not None and not places:
                self.missed += max(0, total - self._asked - len(found))
            fresh = found[places[-1] + 1 :] if places else found
            self._seen += [each for each in fresh if _OURS in each.user_agent and each.service != "sqs"]
            self._asked, self._last = total, found[-1] if found else self._last


@dataclass(frozen=True)
class Traffic:
    """Calls, counted."""

    calls: list[Call]

    @property
    def total(self) -> int:
        return len(self.calls)

    @property
    def writes(self) -> int:
        return sum(each.changes for each in self.calls)

    @property
    def most_in_a_second(self) -> int:
        return burst([each.began for each in self.calls])

    def operations(self) -> dict[str, int]:
        """By operation, the most frequent first."""
        return dict(Counter(each.operation for each in self.calls).most_common())

    def refused(self) -> dict[str, int]:
        """By code, those that were not answered as hoped."""
        return dict(Counter(each.code for each in self.calls if each.code != "OK").most_common())
