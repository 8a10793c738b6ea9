"""A plugin of pytest (`-p touched`): which lines each test runs and what of a core's time it takes, for `TOUCHED_TO`.

A test whose file is there in vain (it fails without a mutant) is left out.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

_seconds: dict[str, float] = {}
_failed: set[str] = set()
_watch = coverage.Coverage(data_file=None, source=[os.environ["TOUCHED_IN"]], branch=False, config_file=False)
_watch.set_option("run:disable_warnings", ["already-imported", "module-not-measured", "no-data-collected"])


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Before any module of the operator is imported."""
    _watch.start()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Lines that run from here on are this test's."""
    _watch.switch_context(item.nodeid)
    began = time.process_time()  # not the clock on the wall: the machine may be busy
    try:
        return (yield)
    finally:
        _seconds[item.nodeid] = time.process_time() - began
        _watch.switch_context("")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Setup, call and end of a test."""
    if report.outcome != "passed":
        _failed.add(report.nodeid)


def pytest_sessionfinish() -> None:
    """Tell what was seen."""
    _watch.stop()
    data = _watch.get_data()
    tests = sorted(_seconds)
    numbers = {test: number for number, test in enumerate(tests) if test not in _failed}
    lines = {
        path: {line: [numbers[each] for each in touching if each in numbers] for line, touching in by_line.items()}
        for path in data.measured_files()
        for by_line in [data.contexts_by_lineno(path)]
    }
    told = {"tests": tests, "seconds": [_seconds[test] for test in tests], "failed": sorted(_failed), "lines": lines}
    Path(os.environ["TOUCHED_TO"]).write_text(json.dumps(told))
