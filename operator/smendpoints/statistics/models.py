"""Models compared by what they answered in production: a report from counts; no pictures, and no test.

Which of two is better, and whether that could be chance, is for `verdict`; this says in what they differ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from smendpoints.statistics.answers import Answers, Latencies, Reliability
from smendpoints.statistics.counts import Array
from smendpoints.statistics.drift import stability_index

PERCENTILES = (50.0, 90.0, 99.0)
Table = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Bin:
    """Answers of like confidence whose truth is known: their number, mean confidence, and the share that was right."""

    known: int
    confidence: float
    right: float


@dataclass(frozen=True)
class Described:
    """One model in numbers. Rates and shares between 0 and 1, latency in milliseconds; None where it was not counted,
    or of nothing.

    error_rate, refused_rate: requests answered 5xx and 4xx. captured: requests whose answers were read.
    calibration_error: the mean distance between confidence and frequency over the bins with a known truth
        (`calibration`), weighted by answers.
    confusion: by true class and predicted class. drift: by feature the population stability index against training;
        below 0.1 no change, above 0.25 a large one, by common use.
    """

    requests: int
    error_rate: float | None
    refused_rate: float | None
    captured: int | None
    latency: Mapping[str, float] | None
    classes: Mapping[str, float] | None
    confidence: float | None
    known: int
    accuracy: float | None
    calibration_error: float | None
    calibration: tuple[Bin, ...] | None
    confusion: Table | None
    drift: Mapping[str, float] | None


@dataclass(frozen=True)
class Disagreement:
    """How two models answered the same inputs: how many those were, the share answered with different classes, and
    inputs by the class of the first and of the second.
    """

    inputs: int
    share: float
    answers: Table


@dataclass(frozen=True)
class Report:
    """Models side by side; `disagreement` is of pairs of them (`one / other`) that answered the same inputs."""

    models: Mapping[str, Described]
    disagreement: Mapping[str, Disagreement] = field(default_factory=dict)


def compare(answers: Mapping[str, Answers], *, pairs: Mapping[tuple[str, str], npt.ArrayLike] | None = None) -> Report:
    """Models side by side.

    Args:
        answers: by name of model.
        pairs: by two names, inputs that both answered, (classes, classes): what the first said in rows, the second in
            columns, in the order of the first's classes.

    Raises ValueError for a pair of an unknown model or of other classes, and for inputs in other bins than those of
    training.
    """
    found = {}
    for pair, table in (pairs or {}).items():
        if not set(pair) <= set(answers) or np.shape(table) != (len(answers[pair[0]].classes),) * 2:
            raise ValueError(f"{pair} is no pair of models with a square of counts by class")
        share = disagreement(table)
        if share is not None:
            named = _named(answers[pair[0]].classes, table)
            found[" / ".join(pair)] = Disagreement(int(np.sum(np.asarray(table))), share, named)
    return Report({name: _describe(each) for name, each in answers.items()}, found)


def _describe(answers: Answers) -> Described:
    bins = answers.reliability
    given = int(np.sum(bins.answers)) if bins else 0
    known = int(np.sum(bins.known)) if bins else 0
    predicted = answers.predicted
    total = sum(predicted.values()) if predicted else 0
    return Described(
        requests=answers.requests,
        error_rate=_rate(answers.errors, answers.requests),
        refused_rate=_rate(answers.refused, answers.requests),
        captured=answers.captured,
        latency=percentiles(answers.latencies) if answers.latencies else None,
        classes={name: count / total for name, count in predicted.items()} if predicted and total else None,
        confidence=float(np.sum(bins.confidence)) / given if bins and given else None,
        known=known,
        accuracy=float(np.sum(bins.right)) / known if bins and known else None,
        calibration_error=calibration_error(bins.known, bins.known_confidence, bins.right) if bins else None,
        calibration=_calibration(bins) if bins and known else None,
        confusion=_named(answers.classes, answers.confusion) if answers.confusion is not None else None,
        drift=_drift(answers.inputs, answers.training) if answers.inputs is not None else answers.drift or None,
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


def _rate(events: int | None, requests: int) -> float | None:
    return events / requests if events is not None and requests else None


def _calibration(bins: Reliability) -> tuple[Bin, ...]:
    return tuple(
        Bin(int(known), float(sure / known), float(right / known))
        for known, sure, right in zip(bins.known, bins.known_confidence, bins.right, strict=True)
        if known
    )


def _drift(inputs: Mapping[str, npt.ArrayLike], training: Mapping[str, npt.ArrayLike]) -> dict[str, float] | None:
    found = {
        name: index
        for name, rows in inputs.items()
        if name in training and (index := stability_index(rows, training[name])) is not None
    }
    return found or None


def _named(classes: Sequence[str], table: npt.ArrayLike) -> dict[str, dict[str, int]]:
    counts: Array = np.asarray(table)
    return {
        first: {second: int(count) for second, count in zip(classes, row, strict=True)}
        for first, row in zip(classes, counts, strict=True)
    }
