"""Metrics in CloudWatch's embedded metric format: per model and version, so that two models can be compared.

A request only leaves its numbers here; they are counted later, many at once. CloudWatch takes at most 100 values of a
metric in a line, so latency and confidence are told by 100 of their quantiles, next to the true count of requests.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from sminference.drift import Drift

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from sminference.model import Model

# Rows that may wait to be counted: bounds the memory they take.
_WAITING_ROWS = 5_000
_VALUES = 100
_DRIFT_ROWS = 100
# Latencies are counted in steps of 2 %.
_STEP = np.log(1.02)


class Metrics:
    """Numbers of one process, by model and version, until they are flushed. Safe to use from several threads."""

    def __init__(self, namespace: str, variant: str, emit: Callable[[dict[str, Any]], None]) -> None:
        self._namespace = namespace
        self._variant = variant
        self._emit = emit
        self._models: dict[tuple[str, str], _ModelMetrics] = {}

    def answered(
        self,
        model: Model,
        rows: NDArray[np.float64],
        outputs: NDArray[Any],
        seconds: float,
        chosen: NDArray[np.intp] | None = None,
    ) -> None:
        """A request that was answered; `chosen` are the predicted classes where they are not the most probable ones."""
        self._of(model).answered(rows, outputs, seconds, chosen)

    def refused(self, model: Model, status: int) -> None:
        """A request that was answered with an error."""
        self._of(model).refused(status)

    def flush(self) -> None:
        """Writes what has been counted since the last time; nothing for models without requests."""
        for key, metrics in list(self._models.items()):
            dimensions = {"Model": key[0], "Version": key[1]} | ({"Variant": self._variant} if self._variant else {})
            told = metrics.take()
            if not told:
                # It may have been unloaded for good.
                self._models.pop(key, None)
            for more, values in told:
                self._emit(record(self._namespace, dimensions | more, values))

    def _of(self, model: Model) -> _ModelMetrics:
        found = self._models.get((model.name, model.version))
        return found or self._models.setdefault((model.name, model.version), _ModelMetrics(model))


def record(namespace: str, dimensions: Mapping[str, str], values: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
    """One line of the embedded metric format; `values` maps a metric to its unit and its number or numbers."""
    return {
        "_aws": {
            "Timestamp": round(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": namespace,
                    "Dimensions": [list(dimensions)],
                    "Metrics": [{"Name": name, "Unit": unit} for name, (unit, _) in values.items()],
                }
            ],
        },
        **dimensions,
        **{name: value for name, (_, value) in values.items()},
    }


class _ModelMetrics:
    def __init__(self, model: Model) -> None:
        self._classes = model.classes
        self._features = model.feature_names
        self._drift = Drift.from_baseline(model.baseline, model.feature_names)
        self._lock = threading.Lock()
        self._waiting: list[tuple[NDArray[np.float64], NDArray[Any], float, NDArray[np.intp] | None]] = []
        self._waiting_rows = 0
        self._reset()

    def _reset(self) -> None:
        self._latencies: Counter[int] = Counter()
        self._confidences: Counter[int] = Counter()
        self._predicted = np.zeros(len(self._classes), dtype=np.int64)
        self._seen = self._drift.nothing()
        self._rows = 0
        self._refused: Counter[str] = Counter()

    def answered(
        self, rows: NDArray[np.float64], outputs: NDArray[Any], seconds: float, chosen: NDArray[np.intp] | None
    ) -> None:
        self._waiting.append((rows, outputs, seconds, chosen))
        # Two threads may lose an addition here: the bound is a round number, not a promise.
        self._waiting_rows += len(rows)
        if self._waiting_rows > _WAITING_ROWS:
            with self._lock:
                self._count()

    def refused(self, status: int) -> None:
        with self._lock:
            self._refused["Errors5XX" if status >= 500 else "Errors4XX"] += 1

    def _count(self) -> None:
        """Counts what waits. Needs the lock."""
        waiting = self._waiting[:]
        # Requests may have been added meanwhile: only those that were copied go.
        del self._waiting[: len(waiting)]
        self._waiting_rows = 0
        if not waiting:
            return
        # Of a large request some rows, evenly spread, tell of drift as well as all of them.
        sample = np.concatenate([rows[:: -(-len(rows) // _DRIFT_ROWS)] for rows, *_ in waiting])
        outputs = np.concatenate([item[1] for item in waiting])
        self._rows += len(outputs)
        self._latencies.update(np.round(np.log([max(item[2], 1e-6) * 1000 for item in waiting]) / _STEP).tolist())
        if outputs.ndim == 2:
            hundredths = np.bincount(np.round(outputs.max(axis=1) * 100).astype(np.int64))
            self._confidences.update({int(step): int(hundredths[step]) for step in np.flatnonzero(hundredths)})
        if self._classes:
            # A model has either none of them or always.
            own = [item[3] for item in waiting if item[3] is not None]
            most_probable = outputs.argmax(axis=1) if outputs.ndim == 2 else outputs
            chosen = np.concatenate(own) if own else most_probable
            self._predicted += np.bincount(chosen, minlength=len(self._classes))
        self._seen += self._drift.count(sample)

    def take(self) -> list[tuple[dict[str, str], dict[str, tuple[str, Any]]]]:
        """What there is to tell, each with the dimensions that it has beside model and version; starts again."""
        with self._lock:
            self._count()
            latencies, confidences, predicted = self._latencies, self._confidences, self._predicted
            seen, rows, refused = self._seen, self._rows, self._refused
            self._reset()
        if not latencies and not refused:
            return []
        requests = latencies.total()
        values: dict[str, tuple[str, Any]] = {"Invocations": ("Count", requests + refused.total())}
        values |= {name: ("Count", refused[name]) for name in ("Errors4XX", "Errors5XX")}
        told: list[tuple[dict[str, str], dict[str, tuple[str, Any]]]] = [({}, values)]
        if not requests:
            return told
        values["Rows"] = ("Count", rows)
        values["Latency"] = ("Milliseconds", [float(np.exp(step * _STEP)) for step in quantiles(latencies)])
        if confidences:
            values["Confidence"] = ("None", [step / 100 for step in quantiles(confidences)])
        told += [
            ({"Class": name}, {"Predictions": ("Count", int(count))})
            for name, count in zip(self._classes, predicted, strict=True)
        ]
        drifts = self._drift.index(seen)
        if drifts:
            values["InputDriftMax"] = ("None", max(drifts.values()))
            told += [({"Feature": name}, {"InputDrift": ("None", drift)}) for name, drift in drifts.items()]
        return told


def quantiles(counts: Counter[int]) -> list[int]:
    """At most 100 of the counted values: all of them, else the smallest, the largest and 98 evenly between by rank."""
    ordered = sorted(counts.items())
    total = counts.total()
    ranks = np.arange(total) if total <= _VALUES else np.round(np.linspace(0, total - 1, _VALUES)).astype(int)
    ends = np.cumsum([count for _, count in ordered])
    return [ordered[position][0] for position in np.searchsorted(ends, ranks, side="right")]


class Timer:
    """Calls a function every so many seconds from a thread of its own. `start` is for after a fork."""

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self._seconds = seconds
        self._call = call
        self._ended = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, name="metrics", daemon=True).start()

    def stop(self) -> None:
        """Ends the calls, after a last one."""
        if not self._ended.is_set():
            self._ended.set()
            self._call()

    def _run(self) -> None:
        while not self._ended.wait(self._seconds):
            self._call()
