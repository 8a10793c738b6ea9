"""A plugin of pytest: which lines each test runs, and what of a core's time it takes."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest


class Touched:
    """What the tests run from here on do to `source`. A test that fails is named, and its lines left out."""

    def __init__(self, source: str, to: str) -> None:
        self._to = Path(to)
        self._seconds: dict[str, float] = {}
        self._failed: set[str] = set()
        self._watch = coverage.Coverage(data_file=None, source=[source], branch=False, config_file=False)
        self._watch.set_option("run:disable_warnings", ["already-imported", "module-not-measured", "no-data-collected"])
        self._watch.start()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Lines that run from here on are this test's."""
        self._watch.switch_context(item.nodeid)
        began = time.process_time()  # not the clock on the wall: the machine may be busy
        try:
            return (yield)
        finally:
            self._seconds[item.nodeid] = time.process_time() - began
            self._watch.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Setup, call and end of a test."""
        if report.outcome != "passed":
            self._failed.add(report.nodeid)

    def tell(self) -> None:
        """Write what was seen."""
        self._watch.stop()
        data = self._watch.get_data()
        tests = sorted(self._seconds)
        numbers = {test: number for number, test in enumerate(tests) if test not in self._failed}
        lines = {
            path: {line: [numbers[each] for each in touching if each in numbers] for line, touching in by_line.items()}
            for path in data.measured_files()
            for by_line in [data.contexts_by_lineno(path)]
        }
        seconds = [self._seconds[test] for test in tests]
        self._to.write_text(
            json.dumps({"tests": tests, "seconds": seconds, "failed": sorted(self._failed), "lines": lines})
        )
