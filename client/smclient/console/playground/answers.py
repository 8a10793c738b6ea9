"""What a model answered, as far as it is in the form of this project's container; of others it is shown as it came."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smclient.console.playground.description import number


@dataclass(frozen=True)
class PredictionSet:
    """The classes that cannot be ruled out at a level; `measured` is the share of held-out rows in whose set it was."""

    classes: tuple[str, ...]
    level: float
    method: str
    measured: float | None


@dataclass(frozen=True)
class Disagreement:
    """The middle `level` of the single trees' probabilities, by class: no confidence interval."""

    intervals: Mapping[str, tuple[float, float]]
    level: float
    method: str
    measured: float | None


@dataclass(frozen=True)
class Contributions:
    """Shapley values by class and feature; with the base value they add up to what the model says, in the scale of
    `link`.
    """

    base: Mapping[str, float]
    values: Mapping[str, Mapping[str, float]]
    link: str
    method: str

    @property
    def scale(self) -> str:
        """What they add up to, in words."""
        return "probability" if self.link == "identity" else "raw score (log-odds)"

    def of(self, label: str) -> "tuple[float, Mapping[str, float]] | None":
        """Base value and values of a class. A model of two classes explains one: the other's are its negatives."""
        if label in self.values:
            return self.base[label], self.values[label]
        if self.link != "logistic" or len(self.values) != 1:
            return None
        (other,) = self.values
        return -self.base[other], {name: -value for name, value in self.values[other].items()}


@dataclass(frozen=True)
class Predicted:
    """One row's answer: a class, with probabilities where the model has them, or a value.

    `missing` says of each part of an explanation why it is not there.
    """

    label: str | None
    value: float | None
    probabilities: Mapping[str, float]
    prediction_set: PredictionSet | None = None
    disagreement: Disagreement | None = None
    contributions: Contributions | None = None
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def probability(self) -> float | None:
        """That of the predicted class."""
        return None if self.label is None else self.probabilities.get(self.label)

    @property
    def said(self) -> str:
        """The class, or the value, as a word."""
        return self.label if self.label is not None else f"{self.value:.6g}" if self.value is not None else "?"


@dataclass(frozen=True)
class Answered:
    """The rows, and which model says that it answered; it says so in explained answers alone."""

    rows: tuple[Predicted, ...]
    model: str | None = None
    version: str | None = None


def answered(document: Any) -> Answered | None:
    """An answer of this project's container; None for any other."""
    found = document.get("predictions") if isinstance(document, Mapping) else None
    if not isinstance(found, list) or not found or not all(isinstance(each, Mapping) for each in found):
        return None
    rows = tuple(_predicted(each) for each in found)
    if any(each.label is None and each.value is None for each in rows):
        return None
    model = _mapping(document.get("model"))
    return Answered(rows, _text(model.get("name")), _text(model.get("version")))


def _predicted(found: Mapping[str, Any]) -> Predicted:
    told = _mapping(found.get("explanation"))
    missing = {
        part: str(_mapping(told.get(part))["unavailable"])
        for part in ("prediction_set", "tree_disagreement", "shap")
        if "unavailable" in _mapping(told.get(part))
    }
    return Predicted(
        _text(found.get("predicted_class")),
        number(found.get("predicted_value")),
        _numbers(found.get("probabilities")),
        _set(_mapping(told.get("prediction_set"))),
        _disagreement(_mapping(told.get("tree_disagreement"))),
        _contributions(_mapping(told.get("shap"))),
        missing,
    )


def _set(told: Mapping[str, Any]) -> PredictionSet | None:
    classes, level = told.get("classes"), number(told.get("level"))
    if not isinstance(classes, list) or level is None:
        return None
    measured = number(told.get("measured_coverage"))
    return PredictionSet(tuple(map(str, classes)), level, str(told.get("method", "")), measured)


def _disagreement(told: Mapping[str, Any]) -> Disagreement | None:
    level, found = number(told.get("level")), {}
    for name, ends in _mapping(told.get("intervals")).items():
        low, high = (number(each) for each in ends) if isinstance(ends, list) and len(ends) == 2 else (None, None)
        if low is None or high is None:
            return None
        found[str(name)] = (low, high)
    if level is None or not found:
        return None
    return Disagreement(found, level, str(told.get("method", "")), number(told.get("measured_coverage")))


def _contributions(told: Mapping[str, Any]) -> Contributions | None:
    base = _numbers(told.get("base_values"))
    values = {str(name): _numbers(each) for name, each in _mapping(told.get("values")).items()}
    if not base or base.keys() != values.keys():
        return None
    return Contributions(base, values, str(told.get("link", "")), str(told.get("method", "")))


def _numbers(found: Any) -> dict[str, float]:
    named = {str(name): number(value) for name, value in _mapping(found).items()}
    return {name: value for name, value in named.items() if value is not None}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
