"""Which tests run a line: measured once for each file of tests with coverage.py, and kept.

A map is a hint, never the truth: it stays in use while its file of tests is the same (longer, when there is no time to
measure), though the sources have moved on, and its lines are moved with them. `touched.py` is the plugin that measures.
"""

import difflib
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from bench.mutate.copies import KEPT, ROOT, Copies, Copy, fingerprint, tracked

_QUICK = 0.1
_FILE_SECONDS = 1200.0  # for all tests of one file, measured on a busy machine


@dataclass(frozen=True)
class Lane:
    """Tests that are tried one after another, and of how many of their seconds a mutant gets at most."""

    name: str
    tests: tuple[str, ...]
    seconds: float
    left_out: tuple[str, ...] = ()

    def files(self) -> list[Path]:
        """Its files of tests."""
        found = (path for path in tracked(*self.tests) if path.name.startswith("test_") and path.suffix == ".py")
        return [path for path in found if str(path) not in self.left_out]


@dataclass
class Map:
    """What the tests of a lane touch, and how long each takes."""

    lane: Lane
    seconds: dict[str, float] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    lines: dict[str, dict[int, set[str]]] = field(default_factory=dict)

    def nearest(self, path: Path, *wheres: range) -> list[str]:
        """The tests that run these lines, else those lines, else any of the file, else those that import it.

        What is run as a module is imported is no test's. Up to a sum of seconds.
        """
        by_line = self.lines.get(str(path), {})
        for where in (*wheres, by_line):
            found = {test for line in where for test in by_line.get(line, ())} - self.failed
            if found:
                return self._within(found)
        importing = (test for test in self.seconds if _imports(test.partition("::")[0], path))
        return self._within(set(importing) - self.failed)

    def _within(self, tests: Iterable[str]) -> list[str]:
        """The quick ones, then the quickest of each file, then the second of each: unlike each other, they see more."""
        chosen: list[str] = []
        spent = 0.0
        in_file: Counter[str] = Counter()
        ranks: dict[str, tuple[int, float]] = {}
        for test in sorted(tests, key=lambda each: (self.seconds[each], each)):
            ranks[test] = (in_file[test.partition("::")[0]], self.seconds[test])
            in_file[test.partition("::")[0]] += self.seconds[test] > _QUICK
        for test in sorted(ranks, key=ranks.__getitem__):
            spent += self.seconds[test]
            if spent > self.lane.seconds and chosen:
                break
            chosen.append(test)
        return chosen

    def add(self, told: dict[str, Any]) -> None:
        """What the tests of one file touch."""
        tests = told["tests"]
        self.seconds |= dict(zip(tests, told["seconds"], strict=True))
        self.failed |= set(told["failed"])
        for path, by_line in told["lines"].items():
            into = self.lines.setdefault(path, {})
            moved = _moved(told["sources"][path], path)
            for line, touching in by_line.items():
                for now in moved.get(int(line), ()):
                    into.setdefault(now, set()).update(tests[number] for number in touching)


@cache
def _imports(test: str, path: Path) -> bool:
    module = ".".join(path.with_suffix("").parts[1:])
    return f"from {module} import" in (ROOT / test).read_text()


@cache
def _moved(then: str, path: str) -> dict[int, range]:
    """Where the lines of a source are now that were seen when it had this fingerprint."""
    now = (ROOT / path).read_text() if (ROOT / path).is_file() else ""
    old, new = (KEPT / then).read_text().splitlines(), now.splitlines()
    found: dict[int, range] = {}
    for what, begin, end, to, until in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for line in range(begin, end):
            same = to + line - begin
            found[line + 1] = range(same + 1, same + 2) if what == "equal" else range(to + 1, until + 1)
    return found


def measured(copies: Copies, lanes: list[Lane], until: float) -> list[Map]:
    """The maps of some lanes. What is not known of a file of tests is measured; none is begun after `until`."""
    missing = [(lane, path) for lane in lanes for path in lane.files() if not _kept(lane, path).exists()]
    if missing:
        print(f"measuring which lines {len(missing)} files of tests run ...", flush=True)

    def measure(copy: Copy, one: tuple[Lane, Path]) -> str:
        tests = [test for test in copies.tests if test.startswith(f"{one[1]}::")]
        return _measure(copy, *one, tests) if time.monotonic() < until else f"{one[1]}: LEFT OUT for want of time"

    for number, said in enumerate(copies.spread(measure, missing), start=1):
        print(f"[{number}/{len(missing)}] {said}", flush=True)
    maps = [Map(lane) for lane in lanes]
    for each in maps:
        for path in each.lane.files():
            kept = _kept(each.lane, path)
            for told in [kept] if kept.exists() else _older(path):
                each.add(json.loads(told.read_text()))
        each.failed |= each.seconds.keys() - set(copies.tests)  # of a map that is older than the sources
    return maps


def _kept(lane: Lane, path: Path) -> Path:
    said = fingerprint(lane.name, str(path), (ROOT / path).read_text())
    return KEPT / f"{path.stem}-{said}.json"


def _older(path: Path) -> list[Path]:
    """The newest map of what a file of tests was once, if any."""
    return sorted(KEPT.glob(f"{path.stem}-*.json"), key=lambda each: each.stat().st_mtime)[-1:]


def _measure(copy: Copy, lane: Lane, path: Path, tests: list[str]) -> str:
    began = time.monotonic()
    found = copy.touched(tests, _FILE_SECONDS)
    took = time.monotonic() - began
    if found is None:
        return f"{path}: LEFT OUT after {took:.0f} s"
    if not tests:
        return f"{path}: no tests"
    found["sources"] = dict(_sources(found["lines"], copy))
    _kept(lane, path).write_text(json.dumps(found))
    return f"{path}: {len(tests)} tests in {took:.0f} s"


def _sources(paths: Iterable[str], copy: Copy) -> Iterator[tuple[str, str]]:
    for path in paths:
        text = (copy.folder / path).read_text()
        said = fingerprint(text)
        (KEPT / said).write_text(text)
        yield path, said
