"""Do the quick tests notice when the code is wrong? Random mutants of the pure core, each against the nearest tests.

`python -m bench.mutate [PATH ...] [--number 40] [--seed N]`. A mutant lives in a fork of a process that has collected
all tests (`collected.py`), or in a copy of the tree (`forked.py`); the unit tests, then those in virtual time and the
walks that run its line are tried, the quickest first, up to some seconds of each. Printed is what was noticed, and each
survivor with its difference. A kept figure, not a test: it ends with 1 only under `--at-least`. What was measured and
tried is kept in `.sandbox/mutate`: a run that was ended goes on where it was, and a mutant that was noticed is not
tried again; a survivor is, once the tests have changed.
"""

import difflib
import itertools
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from bench.mutate.copies import KEPT, ROOT, Copies, Copy, fingerprint, tracked
from bench.mutate.mutants import Mutant, mutants_of
from bench.mutate.nearest import Lane, Map, measured

SOURCES = ("operator/smendpoints/domain", "operator/smendpoints/controller")
_WALK, _MATRIX = "tests/property/test_walk.py", "tests/property/test_matrix.py"
LANES = [
    Lane("unit", ("tests/unit",), 6.0),
    Lane("property", ("tests/property",), 14.0, left_out=(_WALK, _MATRIX)),
    Lane("walk", (_WALK,), 6.0),
]
_COLLECTED = ("tests/unit", "tests/property", f"--ignore={_MATRIX}")
_SLACK = 6  # a busy machine, and a mutant that waits for its deadline
_RESULTS = KEPT / "results.jsonl"


@dataclass(frozen=True)
class Chosen:
    """A mutant of a file."""

    path: Path
    mutant: Mutant
    original: str
    source: str

    def __str__(self) -> str:
        return f"{self.path}:{self.mutant.lines.start} {self.mutant.what}"

    def name(self) -> str:
        """The same as long as what is around it is."""
        lines = list(difflib.unified_diff(self.original.splitlines(), self.source.splitlines(), n=8))[2:]
        return fingerprint(str(self.path), *(line for line in lines if not line.startswith("@@")))

    def difference(self) -> str:
        """As `diff -u` has it, without context."""
        lines = difflib.unified_diff(self.original.splitlines(), self.source.splitlines(), n=0)
        return "\n".join(f"    {line}" for line in list(lines)[3:])


def chosen(rng: random.Random, paths: list[Path]) -> Iterator[Chosen]:
    """Random mutants, one for each statement at most; each statement is as likely as another."""
    statements: dict[tuple[Path, int], list[Mutant]] = {}
    sources = {path: (ROOT / path).read_text() for path in paths}
    for path, source in sources.items():
        for mutant in mutants_of(source):
            statements.setdefault((path, mutant.statement.start), []).append(mutant)
    order = sorted(statements)
    rng.shuffle(order)
    for path, line in order:
        candidates = statements[path, line]
        rng.shuffle(candidates)
        for mutant in candidates:
            made = mutant.of(sources[path])
            if made is not None:
                yield Chosen(path, mutant, sources[path], made)
                break


class Trial:
    """Mutants against tests; what came of each is kept."""

    def __init__(self, maps: list[Map], until: float) -> None:
        self._maps = maps
        self._until = until
        texts = (path.read_text() for each in maps for path in each.lane.files())
        self._tests = fingerprint(*(test for each in maps for test in sorted(each.seconds)), *texts)
        self._sound: dict[str, bool] = {}
        self._known = dict(self._earlier())

    def _earlier(self) -> Iterator[tuple[str, str | None]]:
        for line in _RESULTS.read_text().splitlines() if _RESULTS.exists() else []:
            told = json.loads(line)
            if told["by"] or told["tests"] == self._tests:
                yield told["mutant"], told["by"]

    def of(self, copy: Copy, one: Chosen) -> bool | None:
        """Whether it was noticed; None when the time is over. Says so."""
        name = one.name()
        if name not in self._known:
            if time.monotonic() > self._until:
                return None
            self._known[name] = by = self._noticed_by(copy, one)
            told = {"mutant": name, "what": str(one), "by": by, "tests": self._tests}
            with _RESULTS.open("a") as results:
                results.write(json.dumps(told) + "\n")
        by = self._known[name]
        print(f"noticed  {one}: {by}" if by else f"SURVIVED {one}\n{one.difference()}", flush=True)
        return by is not None

    def _noticed_by(self, copy: Copy, one: Chosen) -> str | None:
        for each in self._maps:
            limit = _SLACK * each.lane.seconds
            renamed: set[str] = set()
            while nearest := each.nearest(one.path, one.mutant.lines, one.mutant.statement):
                tests = list(dict.fromkeys(_function(test) if _function(test) in renamed else test for test in nearest))
                run = copy.run(tests, limit, one.path, one.original, one.source)
                if run.code == 0:
                    break
                if run.code is None:
                    return f"{each.lane.name} tests that never end"
                failed = _failed(run.output, tests)
                if failed is None and (found := _not_found(run.output, tests) - renamed):
                    renamed |= found
                    continue
                if failed is None:
                    return run.output[-300:].strip()
                if self._is_sound(copy, failed, limit):
                    return failed
                print(f"left out, as it fails without a mutant: {failed}", flush=True)
                each.failed.add(failed)
        return None

    def _is_sound(self, copy: Copy, test: str, limit: float) -> bool:
        if test not in self._sound:
            self._sound[test] = copy.sound(test, limit)
        return self._sound[test]


def _failed(output: str, tests: list[str]) -> str | None:
    """The test of these that failed; None when something else went wrong (what was changed cannot be imported)."""
    told = [line.partition(" ")[2] for line in output.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    return max((test for test in tests if any(line.startswith(test) for line in told)), key=len, default=None)


def _function(test: str) -> str:
    """All parameters of a test."""
    return test.partition("[")[0]


def _not_found(output: str, tests: list[str]) -> set[str]:
    """The tests whose parameters are called otherwise with a mutant, as it changed what they are called by."""
    told = [line for line in output.splitlines() if line.startswith("ERROR: not found:")]
    return {name for name in map(_function, tests) if any(line.endswith(f"/{name}") for line in told)}


@click.command()
@click.argument("paths", nargs=-1)
@click.option("--number", default=40, show_default=True, help="How many mutants.")
@click.option("--seed", type=int, multiple=True, help="Which mutants; one that is printed gives the same ones again.")
@click.option("--workers", default=2, show_default=True, help="How many at a time.")
@click.option("--minutes", default=120.0, show_default=True, help="Nothing more is begun after so many.")
@click.option("--measuring", default=60.0, show_default=True, help="No more files of tests are measured after so many.")
@click.option(
    "--only", type=click.Choice([lane.name for lane in LANES]), multiple=True, help="Some kinds of tests alone."
)
@click.option("--at-least", type=float, default=0.0, help="Percent to be noticed, else the exit code is 1.")
def main(
    paths: tuple[str, ...],
    number: int,
    seed: tuple[int, ...],
    workers: int,
    minutes: float,
    measuring: float,
    only: tuple[str, ...],
    at_least: float,
) -> None:
    """Random mutants of PATHS (the domain and the controller), each against the nearest quick tests."""
    KEPT.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    files = [path for path in tracked(*(paths or SOURCES)) if path.suffix == ".py"]
    percents = []
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder, Copies(Path(folder), workers, _COLLECTED) as copies:
        maps = measured(
            copies, [lane for lane in LANES if not only or lane.name in only], time.monotonic() + 60 * measuring
        )
        failed = sorted(test for each in maps for test in each.failed)
        if failed:
            print(f"left out, as they fail without a mutant: {', '.join(failed)}")
        trial = Trial(maps, began + 60 * minutes)
        for one in seed or [random.SystemRandom().randrange(1_000_000)]:
            picked = list(itertools.islice(chosen(random.Random(one), files), number))
            found = [each for each in copies.spread(trial.of, picked) if each is not None]
            percents.append(100 * sum(found) / max(1, len(found)))
            untried = f", {len(picked) - len(found)} not tried for want of time" if len(found) < len(picked) else ""
            print(
                f"{sum(found)} of {len(found)} mutants noticed ({percents[-1]:.1f} %), seed {one}{untried}", flush=True
            )
    sys.exit(min(percents) < at_least)


if __name__ == "__main__":
    main()
