"""What is told about requests: a JSON line each, and numbers for the metrics. Never a payload."""

from __future__ import annotations

import itertools
import os
import time
from typing import TYPE_CHECKING, Any

from sminference.emf import Metrics, Timer
from sminference.logs import LineWriter, timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sminference.config import Settings
    from sminference.served import Answer, Served

_SHOWN = 200
_IDS = ("HTTP_X_AMZN_SAGEMAKER_INFERENCE_ID", "HTTP_X_AMZN_REQUESTID", "HTTP_X_REQUEST_ID")


class Observer:
    """Takes down the requests of one process. Safe to use from several threads.

    `start` is for a worker after its fork, `stop` for when it ends.
    """

    def __init__(self, settings: Settings, lines: LineWriter) -> None:
        self._lines = lines
        self._log_requests = settings.log_requests
        self._variant = settings.variant
        self._numbers = itertools.count(1)
        self._metrics = Metrics(settings.metrics_namespace, settings.variant, lines.put)
        self._timer = Timer(settings.metrics_seconds, self._metrics.flush) if settings.metrics_seconds else None

    def start(self) -> None:
        if self._timer:
            self._timer.start()

    def stop(self) -> None:
        if self._timer:
            self._timer.stop()
        self._lines.flush()

    def answered(self, environ: Mapping[str, Any], served: Served, answer: Answer, seconds: float) -> None:
        """A request that a model answered."""
        if self._timer:
            self._metrics.answered(served.model, answer.rows, answer.outputs, seconds, answer.chosen)
        if self._log_requests:
            self._line(environ, served.label, 200, seconds, rows=len(answer.rows))

    def refused(
        self, environ: Mapping[str, Any], served: Served | None, status: int, message: str, seconds: float
    ) -> None:
        """A request that was answered with an error."""
        if self._timer and served:
            self._metrics.refused(served.model, status)
        if self._log_requests:
            # What was expected, without what came instead: that would be payload.
            label = served.label if served else None
            self._line(environ, label, status, seconds, error=message.partition(", got ")[0][:_SHOWN])

    def unparsed(self, status: int, message: str) -> None:
        """A request that was refused before it was one: too slow, too large, no HTTP."""
        self.refused({}, None, status, message, 0.0)

    def _line(self, environ: Mapping[str, Any], model: str | None, status: int, seconds: float, **more: Any) -> None:
        self._lines.put(
            {
                "time": timestamp(time.time()),
                "id": self._id(environ),
                "variant": self._variant,
                "model": model,
                "path": environ.get("PATH_INFO", "")[:_SHOWN],
                "status": status,
                "ms": round(seconds * 1000, 3),
                **more,
            }
        )

    def _id(self, environ: Mapping[str, Any]) -> str:
        """The id that the client or SageMaker gave, else one of our own: process and number."""
        for name in _IDS:
            if name in environ:
                return str(environ[name])[:_SHOWN]
        return f"{os.getpid()}-{next(self._numbers)}"
