"""CPU time of predictions and explanations in one process, without HTTP: `python bench/predictors.py [FOLDER ...]`.

For each artifact (made with `python -m smtraining train`) it alternates between the recipe (predict, then
predict_proba), one predict_proba, and the container's own way. Times are medians, in microseconds per call.
"""

import pickle
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sminference.artifact import load
from sminference.explain import PARTS, ExplainOptions
from sminference.predictors.trees import Floats

ROUNDS = 9
ROWS = (1, 3, 64, 1000)


def microseconds(ways: Mapping[str, Callable[[], Any]]) -> dict[str, float]:
    """Median CPU time of each way over ROUNDS rounds that take them in turn."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    calls = {name: max(1, int(0.02 / _once(way))) for name, way in ways.items()}
    for i in range(ROUNDS):
        for name in sorted(ways, reverse=bool(i % 2)):
            start = time.process_time()
            for _ in range(calls[name]):
                ways[name]()
            times[name].append((time.process_time() - start) / calls[name] * 1e6)
    return {name: statistics.median(found) for name, found in times.items()}


def _once(way: Callable[[], Any]) -> float:
    way()
    start = time.perf_counter()
    way()
    return time.perf_counter() - start


def report(folder: Path) -> None:
    """Measure one artifact, after making sure that both ways answer the same bits."""
    model = load(folder)
    estimator = pickle.loads((folder / "model.pkl").read_bytes())  # noqa: S301 - load has verified it
    lower, upper = ([entry[key] for entry in model.baseline["features"].values()] for key in ("min", "max"))
    sample = np.random.default_rng(0).uniform(lower, upper, (max(ROWS), model.n_features))
    proba = model.predict_proba(sample)
    assert proba.tobytes() == estimator.predict_proba(sample).tobytes()

    def recipe(rows: Floats) -> None:
        estimator.predict(rows)
        estimator.predict_proba(rows)

    print(f"\n{model.name} ({model.predictor.method}), CPU us per call")
    print(f"{'rows':>6}{'recipe':>12}{'predict_proba':>15}{'container':>12}{'recipe / container':>20}")
    for n in ROWS:
        ways = {"recipe": recipe, "single": estimator.predict_proba, "ours": model.predict_proba}
        found = microseconds({name: partial(way, sample[:n]) for name, way in ways.items()})
        ratio = found["recipe"] / found["ours"]
        print(f"{n:>6}{found['recipe']:>12.0f}{found['single']:>15.0f}{found['ours']:>12.1f}{ratio:>20.0f}")
    parts = {
        f"{part}, {n} rows": partial(model.explain, sample[:n], proba[:n], ExplainOptions(frozenset({part})))
        for part in PARTS
        for n in (1, 64)
    }
    for name, spent in microseconds(parts).items():
        print(f"explain {name:<24}{spent:>10.0f}")


if __name__ == "__main__":
    for argument in sys.argv[1:] or ["build/random-forest"]:
        report(Path(argument))
