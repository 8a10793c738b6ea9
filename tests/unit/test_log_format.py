"""The log: each line tells its object and its reason, as keys for programs and in front for people."""

import json
import logging
import sys
from typing import Any

import pytest

from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason
from smendpoints.logs import JsonFormatter, PlainFormatter, about, use

KEYS = ["ts", "level", "logger", "msg", "object", "reason"]


def record(message: str, *args: Any, level: int = logging.INFO, **extra: Any) -> logging.LogRecord:
    return logging.getLogger("smendpoints.test").makeRecord(
        "smendpoints.test", level, __file__, 1, message, args, None, extra=extra
    )


def line(formatter: logging.Formatter, *args: Any, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(formatter.format(record(*args, **more)))
    return found


def test_every_line_has_the_keys_and_says_what_it_is_about() -> None:
    with about("team", "iris", "u-1"):
        told = line(JsonFormatter(), "in service with %s", "config", reason="InService")
    assert list(told) == KEYS
    assert (told["level"], told["logger"], told["msg"]) == ("info", "smendpoints.test", "in service with config")
    assert told["object"] == {"kind": "SageMakerEndpoint", "namespace": "team", "name": "iris", "uid": "u-1"}
    assert told["reason"] == "InService"
    assert told["ts"].endswith("Z")


def test_a_line_about_no_object_says_so() -> None:
    told = line(JsonFormatter(), "holds the lease", level=logging.WARNING)
    assert list(told) == KEYS
    assert (told["object"], told["reason"], told["level"]) == (None, None, "warn")


def test_the_reason_of_a_failure_is_that_of_the_line_that_tells_it() -> None:
    failure = ReconcileError(Kind.BLOCKED, Reason.ACCESS_DENIED, "no")
    assert line(JsonFormatter(), "cannot watch %s: %s", "us-east-1", failure)["reason"] == "AccessDenied"


def test_kopfs_own_lines_bring_their_object() -> None:
    assert line(JsonFormatter(), "x", k8s_ref={"namespace": "a", "name": "b"})["object"] == {
        "namespace": "a",
        "name": "b",
    }


def test_a_traceback_is_one_key() -> None:
    try:
        raise ValueError("no")
    except ValueError:
        found = record("internal error", level=logging.ERROR)
        found.exc_info = sys.exc_info()
    told = json.loads(JsonFormatter().format(found))
    assert "ValueError: no" in told["error"]
    assert told["msg"] == "internal error"


def test_a_line_for_people_begins_with_object_and_reason() -> None:
    with about("team", "iris", "u-1"):
        assert (
            PlainFormatter()
            .format(record("it serves", reason="InService"))
            .endswith("] team/iris: InService: it serves")
        )
    assert PlainFormatter().format(record("holds the lease")).endswith("] holds the lease")


@pytest.mark.parametrize(("name", "kind"), [("json", JsonFormatter), ("plain", PlainFormatter)])
def test_all_that_is_logged_has_the_format(name: str, kind: type[logging.Formatter]) -> None:
    root, handler = logging.getLogger(), logging.StreamHandler()
    before = [(each, each.formatter) for each in root.handlers]
    root.addHandler(handler)
    try:
        use(name)
        assert isinstance(handler.formatter, kind)
    finally:
        root.removeHandler(handler)
        for each, formatter in before:
            each.setFormatter(formatter)
