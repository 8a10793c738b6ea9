"""What models answered, counted from captured data: classes, confidence, calibration, confusion, disagreement. Pure.

Answers are read as this project's container writes them (JSON, JSON lines, CSV: a class, and probabilities if the model
has them); the body of a request is taken apart into rows to find inputs that two variants answered both. What is of
another form is counted as a request, and told as unread.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from smclient.captured.records import Record, Side
from smclient.captured.truth import Truth
from smendpoints.statistics.models import Answers, Latencies, Report, compare, reliability

_JSON, _LINES = "application/json", ("application/jsonlines", "application/jsonl", "application/x-ndjson")
_HEAD = "predicted_class"
Key = tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answered row: its class, and the probability of that class if the model has probabilities."""

    label: str
    confidence: float | None


@dataclass
class Seen:
    """What one variant answered; `truths` are those of single-row requests, None where nobody knows."""

    requests: int = 0
    unread: int = 0
    predictions: list[Prediction] = field(default_factory=list)
    truths: list[str | None] = field(default_factory=list)
    by_input: dict[Key, str] = field(default_factory=dict)

    def add(self, record: Record, truth: Mapping[str, Truth]) -> None:
        """One captured request."""
        self.requests += 1
        found = predictions(record.answer) if record.answer is not None else []
        self.unread += not found
        known = truth.get(record.key)
        self.predictions += found
        self.truths += [str(known.value) if known is not None and len(found) == 1 else None] * len(found)
        asked = inputs(record.request) if record.request is not None else []
        if len(asked) == len(found):
            self.by_input.update(zip(asked, (each.label for each in found), strict=True))


def report_of(seen: Mapping[str, Seen], latencies: Mapping[str, Latencies]) -> Report:
    """The variants side by side; a disagreement is of inputs that two of them answered, each input once."""
    known = {each.label for found in seen.values() for each in found.predictions}
    known |= {truth for found in seen.values() for truth in found.truths if truth is not None}
    classes = sorted(known)
    pairs = {}
    for one, other in combinations(seen, 2):
        both = seen[one].by_input.keys() & seen[other].by_input.keys()
        if both:
            said = Counter((seen[one].by_input[key], seen[other].by_input[key]) for key in both)
            pairs[one, other] = np.array([[said[a, b] for b in classes] for a in classes])
    return compare({name: _answers(found, classes, latencies.get(name)) for name, found in seen.items()}, pairs=pairs)


def _answers(seen: Seen, classes: list[str], latencies: Latencies | None) -> Answers:
    counted = Counter(each.label for each in seen.predictions)
    sure = [
        (each.confidence, truth is not None, truth == each.label)
        for each, truth in zip(seen.predictions, seen.truths, strict=True)
        if each.confidence is not None
    ]
    confusion = Counter(
        (truth, each.label) for each, truth in zip(seen.predictions, seen.truths, strict=True) if truth is not None
    )
    return Answers(
        requests=seen.requests,
        latencies=latencies,
        predicted={name: counted[name] for name in classes} if counted else None,
        reliability=reliability(*(np.array(each) for each in zip(*sure, strict=True))) if sure else None,
        classes=classes,
        confusion=np.array([[confusion[truth, said] for said in classes] for truth in classes]) if confusion else None,
    )


def predictions(answer: Side) -> list[Prediction]:
    """The rows of an answer; none where it is no answer with classes."""
    try:
        text = answer.body.decode()
        if answer.media_type == _JSON:
            return [_prediction(each) for each in json.loads(text)["predictions"]]
        if answer.media_type in _LINES:
            return [_prediction(json.loads(each)) for each in text.splitlines() if each.strip()]
        if answer.media_type == "text/csv":
            return [*_of_csv(text)]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return []
    return []


def _prediction(found: Mapping[str, Any]) -> Prediction:
    label = str(found["predicted_class"])
    probabilities = found.get("probabilities")
    return Prediction(label, float(probabilities[label]) if probabilities is not None else None)


def _of_csv(text: str) -> Iterator[Prediction]:
    """A class, then the probabilities of all classes; without a header which is whose is unknown: the largest."""
    for row in csv.reader(io.StringIO(text)):
        if row and row[0] != _HEAD:
            yield Prediction(row[0], max(map(float, row[1:])) if row[1:] else None)


def inputs(request: Side) -> list[Key]:
    """The rows of a request, alike however they were written; none where they cannot be told."""
    try:
        text = request.body.decode()
        if request.media_type == "text/csv":
            return [_row(each) for each in csv.reader(io.StringIO(text)) if each]
        if request.media_type == _JSON:
            return [_row(each) for each in json.loads(text)["instances"]]
        if request.media_type in _LINES:
            return [_row(json.loads(each)) for each in text.splitlines() if each.strip()]
    except (ValueError, KeyError, TypeError):
        return []
    return []


def _row(cells: Iterable[Any]) -> Key:
    if isinstance(cells, Mapping):
        return tuple((name, _cell(value)) for name, value in sorted(cells.items()))
    return tuple(map(_cell, cells))


def _cell(value: Any) -> Hashable:
    try:
        return float(value)
    except (ValueError, TypeError):
        return json.dumps(value)
