"""Which tests run a line: measured once with coverage.py, and kept for as long as tests and sources are the same."""

import json
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.mutate.copies import ROOT, Copy, fingerprint

_KEPT = ROOT / ".sandbox" / "mutate"
_WATCHED = "operator/smendpoints"
_SOURCES = (_WATCHED, "sandbox", "tests/conftest.py", "bench/mutate/touched.py")
_HOURS = 3600.0


@dataclass(frozen=True)
class Lane:
    """Tests that are run together, and of how many of their seconds a mutant gets at most."""

    name: str
    tests: tuple[str, ...]
    seconds: float
    environment: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Map:
    """What the tests of a lane touch, by their numbers, and how long each takes."""

    lane: Lane
    tests: list[str]
    seconds: list[float]
    failed: list[str]
    lines: dict[str, dict[str, list[int]]]

    def nearest(self, path: Path, *wheres: range) -> list[str]:
        """The tests that run these lines, else those lines, else any of the file, else those that import it.

        What is run as a module is imported is no test's. The quickest come first, up to a sum of seconds.
        """
        by_line = self.lines.get(str(path), {})
        for where in (*wheres, by_line):
            found = {test for line in where for test in by_line.get(str(line), ())}
            if found:
                return self._within(found)
        return self._within(number for number, test in enumerate(self.tests) if _imports(test.partition("::")[0], path))

    def _within(self, numbers: Iterable[int]) -> list[str]:
        chosen: list[str] = []
        spent = 0.0
        for number in sorted(numbers, key=lambda each: (self.seconds[each], each)):
            spent += self.seconds[number]
            if spent > self.lane.seconds and chosen:
                break
            chosen.append(self.tests[number])
        return chosen


@cache
def _imports(test: str, path: Path) -> bool:
    module = ".".join(path.with_suffix("").parts[1:])
    return f"from {module} import" in (ROOT / test).read_text()


def measured(copies: list[Copy], lanes: list[Lane]) -> list[Map]:
    """The maps of some lanes, each measured in a copy of its own unless it is known."""
    with ThreadPoolExecutor(len(copies)) as pool:
        return list(pool.map(lambda at: _measured(copies[at[0] % len(copies)], at[1]), enumerate(lanes)))


def _measured(copy: Copy, lane: Lane) -> Map:
    _KEPT.mkdir(parents=True, exist_ok=True)
    kept = _KEPT / f"{lane.name}-{fingerprint(*_SOURCES, *lane.tests)}.json"
    if not kept.exists():
        print(f"measuring which lines the {lane.name} tests run ...", flush=True)
        told = copy.folder / f"{lane.name}.json"
        run = copy.run(
            ["-m", "pytest", "-q", "-p", "touched", *lane.tests, *(f"--ignore={each}" for each in lane.left_out)],
            limit=2 * _HOURS,
            TOUCHED_IN=str(copy.folder / _WATCHED),
            TOUCHED_TO=str(told),
            **dict(lane.environment),
        )
        if not told.exists():
            raise RuntimeError(run.output)
        kept.write_text(told.read_text().replace(f"{copy.folder}{os.sep}", ""))
        print(f"measured the {lane.name} tests in {run.seconds:.0f} s", flush=True)
    return Map(lane, **json.loads(kept.read_text()))
