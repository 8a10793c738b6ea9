"""Logs as JSON lines on standard output: the program's own, and one line per request. Never a payload."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections import deque
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

_DELAY_SECONDS = 0.1


class JsonFormatter(logging.Formatter):
    """One JSON object per record of the standard logging module."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": timestamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "pid": record.process,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def logging_config() -> dict[str, Any]:
    """For `logging.config.dictConfig`: everything, gunicorn's own log included, as JSON lines on standard output."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": f"{__name__}.JsonFormatter"}},
        "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"}},
        "root": {"level": "INFO", "handlers": ["out"]},
        "loggers": {
            "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
            "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
        },
    }


def timestamp(seconds: float) -> str:
    """RFC 3339 in UTC with milliseconds."""
    whole = int(seconds)
    return f"{_to_the_second(whole)}.{int((seconds - whole) * 1000):03d}Z"


@lru_cache(4)
def _to_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class LineWriter:
    """Writes lines to a file descriptor from a thread of its own, many in one call, so that no request waits for it.

    A line is out within a tenth of a second; `flush` writes what is left when the process ends. The thread starts
    with the first line, hence after a fork.
    """

    def __init__(self, descriptor: int = 1) -> None:
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        self._waiting = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, line: dict[str, Any]) -> None:
        """One line, as JSON. Cheap: it is only kept here."""
        self._lines.append(orjson.dumps(line, default=str, option=orjson.OPT_APPEND_NEWLINE))
        if not self._waiting.is_set():
            self._waiting.set()
            if self._thread is None:
                self._start()

    def flush(self) -> None:
        """Writes what is waiting; lines that nobody takes (a closed pipe) are dropped, for serving goes on."""
        with self._lock:
            data = memoryview(b"".join(self._lines.popleft() for _ in range(len(self._lines))))
            with contextlib.suppress(OSError):
                while data:
                    data = data[os.write(self._descriptor, data) :]

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            # The first line ends the wait; those of the next moment go out with it.
            self._waiting.wait()
            time.sleep(_DELAY_SECONDS)
            self._waiting.clear()
            self.flush()
