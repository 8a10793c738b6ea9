"""The log: lines for people, or JSON for programs with the keys that Kubernetes' own components use.

Each line tells which object it is about and why, if it is about one: `about` marks what a thread does for it. Not here:
what is logged.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from smendpoints.api.group import KIND
from smendpoints.domain.errors import ReconcileError

_object: ContextVar[Mapping[str, str] | None] = ContextVar("object", default=None)
_PLAIN = "[%(asctime)s] %(name)-20.20s [%(levelname)-8.8s] %(message)s"
_LEVELS = {"WARNING": "warn", "CRITICAL": "fatal"}


@contextmanager
def about(namespace: str, name: str, uid: str) -> Iterator[None]:
    """What this thread logs meanwhile is about the object."""
    token = _object.set({"kind": KIND, "namespace": namespace, "name": name, "uid": uid})
    try:
        yield
    finally:
        _object.reset(token)


def _object_of(record: logging.LogRecord) -> Mapping[str, Any] | None:
    """The object of a line: kopf's own lines bring theirs."""
    found: Mapping[str, Any] | None = getattr(record, "k8s_ref", None) or _object.get()
    return found


def _reason_of(record: logging.LogRecord) -> str | None:
    """The reason of a line: what it was logged with, else that of the failure which it tells."""
    arguments = record.args if isinstance(record.args, tuple) else ()
    told = getattr(record, "reason", None) or next(
        (each.reason for each in arguments if isinstance(each, ReconcileError)), None
    )
    return str(told) if told is not None else None


class JsonFormatter(logging.Formatter):
    """One object a line: `ts`, `level`, `logger`, `msg`, `object` and `reason`, which are null where there is none.

    `error` has the traceback of a line that brings one.
    """

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": _LEVELS.get(record.levelname, record.levelname.lower()),
            "logger": record.name,
            "msg": record.getMessage(),
            "object": _object_of(record),
            "reason": _reason_of(record),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class PlainFormatter(logging.Formatter):
    """A line for people; what is about an object begins with its name and the reason."""

    def __init__(self) -> None:
        super().__init__(_PLAIN)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name in the standard library
        about_it, reason = _object_of(record), getattr(record, "reason", None)  # a failure's own is in the message
        parts = [f"{about_it['namespace']}/{about_it['name']}" if about_it else None, reason, record.message]
        message = ": ".join(str(part) for part in parts if part)
        return _PLAIN % {**record.__dict__, "message": message}


def use(log_format: str) -> None:
    """Let all that is logged have this format, `json` or `plain`."""
    formatter = JsonFormatter() if log_format == "json" else PlainFormatter()
    for handler in logging.getLogger().handlers:
        handler.setFormatter(formatter)
