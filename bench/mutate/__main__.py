"""Do the quick tests notice when the code is wrong? Random mutants of the pure core, each against the nearest tests.

`python -m bench.mutate [PATH ...] [--number 40] [--seed N]`. Each mutant lives in a copy of the tree; the unit tests
and then the property tests that run its line are tried, the quickest first, up to some seconds of each. Printed is what
was noticed, and each survivor with its difference. A kept figure, not a test: it ends with 1 only under `--at-least`.
"""

import difflib
import random
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import click
from bench.mutate.copies import ROOT, Copy, tracked
from bench.mutate.mutants import Mutant, mutants_of
from bench.mutate.nearest import Lane, Map, measured

SOURCES = ("operator/smendpoints/domain", "operator/smendpoints/controller")
_HISTORIES = ("tests/property/test_walk.py", "tests/property/test_every_field.py")
LANES = [
    Lane("unit", ("tests/unit",), 20.0),
    Lane("history", _HISTORIES, 40.0, (("SMENDPOINTS_WALKS", "6"),)),
    Lane("property", ("tests/property",), 30.0, left_out=(*_HISTORIES, "tests/property/test_matrix.py")),
]
_START_SECONDS = 90.0  # of pytest on a busy machine
_SLACK = 6  # a busy machine, and a mutant that waits for its deadline


@dataclass(frozen=True)
class Chosen:
    """A mutant of a file."""

    path: Path
    mutant: Mutant
    original: str
    source: str

    def __str__(self) -> str:
        return f"{self.path}:{self.mutant.lines.start} {self.mutant.what}"

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


def noticed_by(copy: Copy, one: Chosen, maps: list[Map]) -> str | None:
    """The test that fails; None when none does."""
    copy.write(one.path, one.source)
    try:
        for each in maps:
            tests = each.nearest(one.path, one.mutant.lines, one.mutant.statement)
            if not tests:
                continue
            listing = copy.folder / "nearest.txt"
            listing.write_text("\n".join(tests))
            limit = _START_SECONDS + _SLACK * each.lane.seconds
            arguments = ["-m", "pytest", "-x", "-q", "--no-header", "--tb=line", f"@{listing}"]
            run = copy.run(arguments, limit=limit, **dict(each.lane.environment))
            if run.code is None:
                return f"{each.lane.name} tests that never end"
            if run.code != 0:
                told = [line for line in run.output.splitlines() if line.startswith(("FAILED", "ERROR"))]
                return told[0] if told else run.output[-300:]
    finally:
        copy.write(one.path, one.original)
    return None


@click.command()
@click.argument("paths", nargs=-1)
@click.option("--number", default=40, show_default=True, help="How many mutants.")
@click.option("--seed", type=int, default=None, help="Which mutants; one that is printed gives the same ones again.")
@click.option("--workers", default=2, show_default=True, help="How many at a time.")
@click.option(
    "--only", type=click.Choice([lane.name for lane in LANES]), multiple=True, help="Some kinds of tests alone."
)
@click.option("--at-least", type=float, default=0.0, help="Percent to be noticed, else the exit code is 1.")
def main(
    paths: tuple[str, ...], number: int, seed: int | None, workers: int, only: tuple[str, ...], at_least: float
) -> None:
    """Random mutants of PATHS (the domain and the controller), each against the nearest quick tests."""
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    sources = paths or SOURCES
    files = [path for path in tracked(*sources) if path.suffix == ".py"]
    lanes = [lane for lane in LANES if not only or lane.name in only]
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        copies: SimpleQueue[Copy] = SimpleQueue()
        made = [Copy(Path(folder) / str(worker)) for worker in range(workers)]
        maps = measured(made, lanes)
        for each in maps:
            if each.failed:
                print(f"left out, as they fail without a mutant: {', '.join(each.failed)}")
        for copy in made:
            copies.put(copy)
        telling = threading.Lock()

        def tried(one: Chosen) -> bool:
            copy = copies.get()
            try:
                by = noticed_by(copy, one, maps)
            finally:
                copies.put(copy)
            with telling:
                print(f"noticed  {one}: {by}" if by else f"SURVIVED {one}\n{one.difference()}", flush=True)
            return by is not None

        picked = [one for _, one in zip(range(number), chosen(random.Random(seed), files), strict=False)]
        with ThreadPoolExecutor(workers) as pool:
            found = sum(pool.map(tried, picked))
    percent = 100 * found / max(1, len(picked))
    print(f"{found} of {len(picked)} mutants noticed ({percent:.0f} %), seed {seed}")
    sys.exit(percent < at_least)


main()
