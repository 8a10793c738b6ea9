"""Models compared by what they answered in production: a report from counts, as text or JSON; no pictures, and no test.

Which of two is better, and whether that could be chance, is for `verdict`; this says in what they differ. Everything
is counted, so a day of answers is as small as an hour: histograms of latency, reliability bins of the confidence, a
confusion matrix where the truth is known, bins of the inputs. What was not counted is None, never zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from smendpoints.statistics.counts import Array, Numbers

PERCENTILES = (50.0, 90.0, 99.0)
SMALLEST_SHARE = 1e-4
"""In place of an empty bin, which would make the stability index infinite."""
BINS = 10
"""Of confidence: tenths."""
LEAST_ROWS = 200
"""Below these the stability index says nothing: few rows give a large one by chance."""


@dataclass(frozen=True, eq=False)
class Latencies:
    """Requests by latency: `edges` of shape (bins + 1,) in milliseconds, rising, and counts of shape (bins,). The
    last edge may be infinite.

    Raises ValueError for what is no histogram.
    """

    edges: Numbers
    counts: Numbers

    def __post_init__(self) -> None:
        edges, counts = np.asarray(self.edges, float), np.asarray(self.counts, float)
        if edges.ndim != 1 or counts.shape != (len(edges) - 1,) or np.any(np.diff(edges) <= 0) or np.any(counts < 0):
            raise ValueError("a histogram has rising edges, one more than it has counts, and no negative count")


@dataclass(frozen=True, eq=False)
class Reliability:
    """Answers by confidence, the probability of the predicted class, in bins: all of shape (bins,).

    answers: how many. confidence: the sum of their probabilities. known: how many of them have a known truth, with
        `known_confidence` the sum of their probabilities, and `right` how many of those were right. Raises ValueError
        for numbers that contradict each other.
    """

    answers: Numbers
    confidence: Numbers
    known: Numbers
    known_confidence: Numbers
    right: Numbers

    def __post_init__(self) -> None:
        arrays = [np.asarray(each, float) for each in vars(self).values()]
        if any(each.ndim != 1 or each.shape != arrays[0].shape or np.any(each < 0) for each in arrays):
            raise ValueError("reliability takes bins of one shape (bins,), none negative")
        answers, confidence, known, known_confidence, right = arrays
        slack = 1 + 1e-9
        if np.any(known > answers) or np.any(right > known):
            raise ValueError("no more answers are known than were given, and no more right than known")
        if np.any(confidence > answers * slack) or np.any(known_confidence > known * slack):
            raise ValueError("a probability is at most 1")


@dataclass(frozen=True, eq=False)
class Answers:
    """What is counted of one model. None: not counted.

    requests, errors: of the endpoint's variant. predicted: answers by class. confusion: (classes, classes), the truth
        in rows, in the order of `classes`. inputs: by feature, rows in each bin of the training data. Raises
        ValueError for numbers that contradict each other.
    """

    requests: int
    errors: int | None = None
    latencies: Latencies | None = None
    predicted: Mapping[str, int] | None = None
    reliability: Reliability | None = None
    classes: Sequence[str] = ()
    confusion: Numbers | None = None
    inputs: Mapping[str, npt.ArrayLike] | None = None

    def __post_init__(self) -> None:
        if self.requests < 0 or (self.errors is not None and not 0 <= self.errors <= self.requests):
            raise ValueError("errors are between 0 and the requests")
        if self.confusion is not None and np.asarray(self.confusion).shape != (len(self.classes),) * 2:
            raise ValueError("the confusion has a row and a column for each class")


@dataclass(frozen=True)
class Described:
    """One model in numbers. Rates and shares between 0 and 1, latency in milliseconds; None where it was not counted,
    or of nothing.

    calibration_error: the mean distance between confidence and frequency over the bins with a known truth, weighted
        by answers.
    drift: by feature the population stability index against training; below 0.1 no change, above 0.25 a large one, by
        common use.
    """

    requests: int
    error_rate: float | None
    latency: Mapping[str, float] | None
    classes: Mapping[str, float] | None
    confidence: float | None
    known: int
    accuracy: float | None
    calibration_error: float | None
    confusion: Mapping[str, Mapping[str, int]] | None
    drift: Mapping[str, float] | None


@dataclass(frozen=True)
class Report:
    """Models side by side; disagreement is the share of the same inputs that two of them answered with different
    classes (a shadow).
    """

    models: Mapping[str, Described]
    disagreement: Mapping[str, float] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def compare(
    answers: Mapping[str, Answers],
    *,
    training: Mapping[str, npt.ArrayLike] | None = None,
    pairs: Mapping[tuple[str, str], npt.ArrayLike] | None = None,
) -> Report:
    """Models side by side.

    Args:
        answers: by name of model.
        training: by feature, the share of the training data in each bin of `Answers.inputs`.
        pairs: by two names, inputs that both answered, (classes, classes): what the first said in rows, the second in
            columns.

    Raises ValueError for a pair of an unknown model or no square, and for inputs in other bins than those of training.
    """
    for pair, table in (pairs or {}).items():
        shape = np.shape(table)
        if not set(pair) <= set(answers) or len(shape) != 2 or shape[0] != shape[1]:
            raise ValueError(f"{pair} is no pair of models with a square of counts")
    return Report(
        models={name: _describe(each, training or {}) for name, each in answers.items()},
        disagreement={
            f"{one} / {other}": share
            for (one, other), table in (pairs or {}).items()
            if (share := disagreement(table)) is not None
        },
    )


def _describe(answers: Answers, training: Mapping[str, npt.ArrayLike]) -> Described:
    bins = answers.reliability
    given = int(np.sum(bins.answers)) if bins else 0
    known = int(np.sum(bins.known)) if bins else 0
    predicted = answers.predicted
    total = sum(predicted.values()) if predicted else 0
    return Described(
        requests=answers.requests,
        error_rate=answers.errors / answers.requests if answers.errors is not None and answers.requests else None,
        latency=percentiles(answers.latencies) if answers.latencies else None,
        classes={name: count / total for name, count in predicted.items()} if predicted and total else None,
        confidence=float(np.sum(bins.confidence)) / given if bins and given else None,
        known=known,
        accuracy=float(np.sum(bins.right)) / known if bins and known else None,
        calibration_error=calibration_error(bins.known, bins.known_confidence, bins.right) if bins else None,
        confusion=_named(answers) if answers.confusion is not None else None,
        drift=_drift(answers.inputs, training) if answers.inputs is not None else None,
    )


def percentiles(latencies: Latencies, wanted: Sequence[float] = PERCENTILES) -> dict[str, float] | None:
    """By name (p50), in milliseconds, taking requests as even within a bin; the last finite edge where one lies in an
    open bin; None of nothing.
    """
    edges, counts = np.asarray(latencies.edges, float), np.asarray(latencies.counts, float)
    total = counts.sum()
    if not total:
        return None
    through = np.concatenate([[0.0], np.cumsum(counts)])
    finite = np.where(np.isfinite(edges), edges, edges[-2])
    found = {}
    for each in wanted:
        rank = total * each / 100
        at = min(int(np.searchsorted(through, rank, side="left")), len(counts))
        at = max(at, 1)
        within = (rank - through[at - 1]) / counts[at - 1] if counts[at - 1] else 0.0
        found[f"p{each:g}"] = float(finite[at - 1] + within * (finite[at] - finite[at - 1]))
    return found


def reliability(confidence: npt.ArrayLike, known: npt.ArrayLike, right: npt.ArrayLike) -> Reliability:
    """Answers put into ten bins of their confidence, all of shape (answers,): the probability of the predicted class,
    whether the truth is known, and whether it is that class (False where it is unknown).
    """
    sure, is_known, is_right = np.asarray(confidence, float), np.asarray(known, bool), np.asarray(right, bool)
    which = np.minimum((sure * BINS).astype(int), BINS - 1)

    def binned(weights: npt.ArrayLike) -> Array:
        return np.bincount(which, np.asarray(weights, float), BINS).astype(float)

    each = (np.ones(sure.shape), sure, is_known, sure * is_known, is_known & is_right)
    return Reliability(*map(binned, each))


def calibration_error(known: npt.ArrayLike, confidence: npt.ArrayLike, right: npt.ArrayLike) -> float | None:
    """The expected calibration error from bins, all of shape (bins,): answers with a known truth, the sum of their
    probabilities, how many were right.

    None without any.
    """
    total = float(np.sum(known))
    return float(np.sum(np.abs(np.asarray(confidence, float) - np.asarray(right, float)))) / total if total else None


def disagreement(table: npt.ArrayLike) -> float | None:
    """The share of inputs beside the diagonal of (classes, classes); None of nothing."""
    counts = np.asarray(table, float)
    total = float(counts.sum())
    return 1 - float(np.trace(counts)) / total if total else None


def stability_index(seen: npt.ArrayLike, expected: npt.ArrayLike) -> float | None:
    """The population stability index of rows in bins against expected shares, both (bins,); None below `LEAST_ROWS`.

    Raises ValueError for different bins.
    """
    rows, wanted = np.asarray(seen, float), np.asarray(expected, float)
    if rows.shape != wanted.shape or rows.ndim != 1:
        raise ValueError(f"bins differ: {rows.shape} and {wanted.shape}")
    if rows.sum() < LEAST_ROWS:
        return None
    share = np.maximum(rows / rows.sum(), SMALLEST_SHARE)
    wanted = np.maximum(wanted, SMALLEST_SHARE)
    return float(np.sum((share - wanted) * np.log(share / wanted)))


def _drift(inputs: Mapping[str, npt.ArrayLike], training: Mapping[str, npt.ArrayLike]) -> dict[str, float] | None:
    found = {
        name: index
        for name, rows in inputs.items()
        if name in training and (index := stability_index(rows, training[name])) is not None
    }
    return found or None


def _named(answers: Answers) -> dict[str, dict[str, int]]:
    table: Array = np.asarray(answers.confusion)
    return {
        truth: {said: int(count) for said, count in zip(answers.classes, row, strict=True)}
        for truth, row in zip(answers.classes, table, strict=True)
    }
