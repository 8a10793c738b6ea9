"""What was counted of one model's answers in production: what a report on models is made of.

Everything is counted, so a day of answers is as small as an hour: histograms of latency, reliability bins of the
confidence, a confusion matrix where the truth is known, bins of the inputs. What was not counted is None, never zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from smendpoints.statistics.counts import Array, Numbers

BINS = 10
"""Of confidence: tenths."""


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


@dataclass(frozen=True, eq=False)
class Answers:
    """What is counted of one model. None: not counted.

    requests: of the endpoint's variant; among them `errors` (5xx) and `refused` (4xx). captured: those whose answers
        were read. predicted: answers by class. confusion: (classes, classes), the truth in rows, in the order of
        `classes`. inputs: by feature, rows in each bin; training: by feature, the share of the training data in each
        of these bins. drift: by feature, where somebody else computed it. Raises ValueError for numbers that
        contradict each other.
    """

    requests: int
    errors: int | None = None
    refused: int | None = None
    captured: int | None = None
    latencies: Latencies | None = None
    predicted: Mapping[str, int] | None = None
    reliability: Reliability | None = None
    classes: Sequence[str] = ()
    confusion: Numbers | None = None
    inputs: Mapping[str, npt.ArrayLike] | None = None
    training: Mapping[str, npt.ArrayLike] = field(default_factory=dict)
    drift: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        failed = (self.errors, self.refused)
        if self.requests < 0 or any(each is not None and not 0 <= each <= self.requests for each in failed):
            raise ValueError("errors are between 0 and the requests")
        if self.confusion is not None and np.asarray(self.confusion).shape != (len(self.classes),) * 2:
            raise ValueError("the confusion has a row and a column for each class")
