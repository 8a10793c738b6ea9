"""What models answered, counted from captured data: classes, confidence, calibration, confusion, disagreement. Pure.

Answers are read as this project's container writes them (JSON, JSON lines, CSV: a class, and probabilities if the model
has them). Inputs that two variants answered both are found by the rows of the requests; where those were not captured,
by the inference id, which a shadow's copy of a request shares with it. What is of another form is counted as a request,
and told as unread.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np

from smclient.captured.records import Record, Side
from smclient.captured.rows import JSON, LINES, Key, inputs, numbers
from smclient.captured.training import Inputs, Training
from smclient.captured.truth import Truth
from smclient.views.text import line
from smendpoints.statistics.answers import Answers, Latencies, Reliability, reliability
from smendpoints.statistics.models import Report, compare

_HEAD = "predicted_class"


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answered row: its class, and the probability of that class if the model has probabilities."""

    label: str
    confidence: float | None


@dataclass
class Seen:
    """What one variant answered; `truths` are those of single-row requests, None where nobody knows.

    by_input: classes by row; by_request: those of requests whose rows were not captured, by inference id.
    """

    training: Training | None = None
    captured: int = 0
    unread: int = 0
    predictions: list[Prediction] = field(default_factory=list)
    truths: list[str | None] = field(default_factory=list)
    by_input: dict[Key, str] = field(default_factory=dict)
    by_request: dict[Key, str] = field(default_factory=dict)
    inputs: Inputs | None = None

    def __post_init__(self) -> None:
        self.inputs = Inputs(self.training) if self.training is not None else None

    def add(self, record: Record, truth: Mapping[str, Truth]) -> None:
        """One captured request."""
        self.captured += 1
        found = predictions(record.answer) if record.answer is not None else []
        self.unread += not found
        known = truth.get(record.key)
        self.predictions += found
        self.truths += [line(known.value) if known is not None and len(found) == 1 else None] * len(found)
        features = self.training.features if self.training is not None else ()
        asked = inputs(record.request, features) if record.request is not None else []
        if self.inputs is not None:
            self.inputs.add(numbers(asked))
        if len(asked) == len(found):
            self.by_input.update(zip(asked, (each.label for each in found), strict=True))
        else:
            self.by_request.update({(record.key, row): each.label for row, each in enumerate(found)})


@dataclass(frozen=True)
class Traffic:
    """Requests of a variant as CloudWatch counts them: in all, answered 5xx, answered 4xx, and by latency."""

    requests: int
    errors: int
    refused: int
    latencies: Latencies | None = None


@dataclass(frozen=True)
class Told:
    """What the container told of a variant whose answers were not captured: by class, mean confidence, drift."""

    answers: Mapping[str, int]
    confidence: float | None
    drift: Mapping[str, float]


def report_of(seen: Mapping[str, Seen], traffic: Mapping[str, Traffic], told: Mapping[str, Told]) -> Report:
    """The variants side by side; a disagreement is of inputs that two of them answered, each input once.

    What the container told counts for variants of which nothing was captured.
    """
    known = {each.label for found in seen.values() for each in found.predictions}
    known |= {truth for found in seen.values() for truth in found.truths if truth is not None}
    known |= {label for each in told.values() for label in each.answers}
    classes = sorted(known)
    pairs = {}
    for one, other in combinations(seen, 2):
        said: Counter[tuple[str, str]] = Counter()
        for first, second in (
            (seen[one].by_input, seen[other].by_input),
            (seen[one].by_request, seen[other].by_request),
        ):
            said.update((first[key], second[key]) for key in first.keys() & second.keys())
        if said:
            pairs[one, other] = np.array([[said[a, b] for b in classes] for a in classes])
    counted = {name: _counted(traffic[name], classes) for name in seen}
    counted = {name: _told(of, told[name]) if name in told else _seen(of, seen[name]) for name, of in counted.items()}
    return compare(counted, pairs=pairs)


def _counted(traffic: Traffic, classes: list[str]) -> Answers:
    """What CloudWatch counted. Errors and requests are counted by different clocks, and may differ by a few."""
    return Answers(
        requests=traffic.requests,
        errors=min(traffic.errors, traffic.requests),
        refused=min(traffic.refused, traffic.requests),
        latencies=traffic.latencies,
        classes=classes,
    )


def _told(of: Answers, told: Told) -> Answers:
    number = sum(told.answers.values())
    one = np.array([float(number)])
    return replace(
        of,
        predicted={name: told.answers.get(name, 0) for name in of.classes} if number else None,
        reliability=Reliability(one, one * told.confidence, one * 0, one * 0, one * 0)
        if told.confidence is not None
        else None,
        drift=told.drift,
    )


def _seen(of: Answers, seen: Seen) -> Answers:
    counted = Counter(each.label for each in seen.predictions)
    sure = [
        (each.confidence, truth is not None, truth == each.label)
        for each, truth in zip(seen.predictions, seen.truths, strict=True)
        if each.confidence is not None
    ]
    confusion = Counter(
        (truth, each.label) for each, truth in zip(seen.predictions, seen.truths, strict=True) if truth is not None
    )
    asked, expected = seen.inputs.counted(counted) if seen.inputs is not None else (None, {})
    square = [[confusion[truth, said] for said in of.classes] for truth in of.classes]
    return replace(
        of,
        captured=seen.captured,
        predicted={name: counted[name] for name in of.classes} if counted else None,
        reliability=reliability(*(np.array(each) for each in zip(*sure, strict=True))) if sure else None,
        confusion=np.array(square) if confusion else None,
        inputs=asked,
        training=expected,
    )


def predictions(answer: Side) -> list[Prediction]:
    """The rows of an answer; none where it is no answer with classes."""
    try:
        text = answer.body.decode()
        if answer.media_type == JSON:
            return [_prediction(each) for each in json.loads(text)["predictions"]]
        if answer.media_type in LINES:
            return [_prediction(json.loads(each)) for each in text.splitlines() if each.strip()]
        if answer.media_type == "text/csv":
            return [*_of_csv(text)]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        return []
    return []


def _prediction(found: Mapping[str, Any]) -> Prediction:
    label = str(found["predicted_class"])
    probabilities = found.get("probabilities")
    return Prediction(line(label), _sure(probabilities[label]) if probabilities is not None else None)


def _of_csv(text: str) -> Iterator[Prediction]:
    """A class, then the probabilities of all classes; without a header which is whose is unknown: the largest."""
    for row in csv.reader(io.StringIO(text)):
        if row == ["predicted_value"]:
            raise ValueError("a regressor's values are no classes")
        if row and row[0] != _HEAD:
            yield Prediction(line(row[0]), _sure(max(map(float, row[1:]))) if row[1:] else None)


def _sure(value: Any) -> float:
    """A probability; an answer with anything else in its place is none that could be read."""
    found = float(value)
    if not 0 <= found <= 1:
        raise ValueError("no probability")
    return found
