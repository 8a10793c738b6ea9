"""Packs an estimator that somebody else fitted and pickled."""

import csv
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sminference.explain.conformal import calibrate
from sminference.manifest import ArtifactError, Outputs
from sminference.predictors.estimator import EstimatorPredictor, outputs_of
from sminference.predictors.trees import Floats
from sminference.unpickle import loads
from smtraining.baseline import baseline
from smtraining.calibrate import LEVELS, Labels, document, split_coverage
from smtraining.data import digest
from smtraining.metrics import errors, scores
from smtraining.pack import Facts, Form, answers, pack
from smtraining.verify import Effort

log = logging.getLogger(__name__)

_METHOD = "split conformal (LAC)"
_LEAST_ROWS = 20  # below, even the 95 % set would hold every label
_REPEATS = 100


@dataclass(frozen=True)
class Table:
    """A CSV file: numbers under the names of its header, and the text of the label column where one was named."""

    names: tuple[str, ...]
    X: Floats
    labels: tuple[str, ...] | None


def read_csv(path: Path, label_column: str | None, *, missing_values: bool = False) -> Table:
    """The table in `path`, with NaN where a value is missing and may be.

    Raises ArtifactError naming line and column of what is no finite number.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            header, *lines = [line for line in csv.reader(stream) if line]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ArtifactError(f"{path} can't be read as CSV: {error}") from error
    except ValueError as error:
        raise ArtifactError(f"{path} is empty; expected a header of feature names, then rows of numbers") from error
    if label_column is not None and label_column not in header:
        raise ArtifactError(f"{path} has no column {label_column!r}; it has {', '.join(header)}")
    if repeated := [name for name in header if header.count(name) > 1]:
        raise ArtifactError(f"{path} has two columns {repeated[0]!r}; give each a name of its own")
    if not lines:
        raise ArtifactError(f"{path} has a header and no rows")
    columns = [i for i, name in enumerate(header) if name != label_column]
    rows = []
    for number, line in enumerate(lines, start=2):
        if len(line) != len(header):
            raise ArtifactError(f"{path} line {number}: expected {len(header)} fields, got {len(line)}")
        where = f"{path} line {number}, column"
        rows.append([_number(line[i], f"{where} {header[i]!r}", missing_values=missing_values) for i in columns])
    labels = None if label_column is None else tuple(line[header.index(label_column)] for line in lines)
    return Table(tuple(header[i] for i in columns), np.array(rows), labels)


def _number(text: str, where: str, *, missing_values: bool) -> float:
    is_missing = text.strip().lower() in {"", "nan"}
    number = math.nan if is_missing and missing_values else _as_number(text)
    if number is None:
        hint = "with --missing-values that is a missing value" if is_missing else "models here take rows of numbers"
        raise ArtifactError(f"{where}: expected a finite number, got {text!r}; {hint}")
    return number


def _as_number(text: str) -> float | None:
    """The finite number that a text spells; None where it spells none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def pack_pickle(
    content: bytes,
    table: Table,
    *,
    name: str,
    classes: Sequence[str],
    license: str,  # noqa: A002 - the manifest's word
    effort: Effort,
    form: Form = "audited",
    missing_values: bool = False,
) -> dict[str, bytes]:
    """The files of the artifact. The table's rows become golden rows and the baseline; its labels, which the estimator
    must not have seen, measure it and calibrate the prediction sets, which only probabilities have: the log says where
    there are none. Raises ArtifactError when pickle and table don't fit.
    """
    estimator = loads(content)
    expected = getattr(estimator, "n_features_in_", None)
    if expected is None:
        raise ArtifactError(
            f"the pickle holds a {type(estimator).__name__} that does not say how many features it takes "
            "(n_features_in_); call fit first, with an array of shape (rows, features)"
        )
    outputs = outputs_of(estimator)
    if expected != len(table.names):
        raise ArtifactError(f"the estimator takes {expected} features, the table has {len(table.names)}")
    if missing_values:
        _check_missing(estimator, outputs, table)
    names = _class_names(estimator, classes)
    metrics, conformal = _measure(EstimatorPredictor(estimator, outputs), outputs, table, names)
    facts = Facts(
        name=name,
        feature_names=table.names,
        classes=names,
        license=license,
        training_data={"sample_sha256": digest(table.X), "sample_rows": len(table.X)},
        metrics=metrics,
        conformal=conformal,
        missing_values=missing_values,
        baseline=baseline(table.X, table.names),
    )
    return pack(estimator, facts, table.X, effort, form=form)


def _check_missing(estimator: Any, outputs: Outputs, table: Table) -> None:
    """ArtifactError where the estimator does not take a missing value in each of its features."""
    if empty := [name for name, column in zip(table.names, table.X.T, strict=True) if np.isnan(column).all()]:
        raise ArtifactError(f"feature {empty[0]!r} has no value in any row of the table; give rows where it has some")
    reference = EstimatorPredictor(estimator, outputs)
    for feature, name in enumerate(table.names):
        row = np.nanmean(table.X, axis=0, keepdims=True)
        row[0, feature] = np.nan
        try:
            reference(row)
        except (ValueError, TypeError) as error:
            raise ArtifactError(
                f"the estimator takes no missing value in feature {name!r}: {str(error).splitlines()[0]}; "
                "leave --missing-values out, or begin its pipeline with an imputer"
            ) from error


def _class_names(estimator: Any, classes: Sequence[str]) -> tuple[str, ...]:
    own = _own_names(estimator)
    if classes and not own:
        raise ArtifactError(f"the estimator, a {type(estimator).__name__}, has no classes to give names to")
    if classes and len(classes) != len(own):
        raise ArtifactError(f"the estimator has {len(own)} classes ({', '.join(own)}), {len(classes)} names were given")
    return tuple(classes) or own


def _own_names(estimator: Any) -> tuple[str, ...]:
    return tuple(str(label) for label in getattr(estimator, "classes_", ()))


def _measure(
    reference: EstimatorPredictor, outputs: Outputs, table: Table, names: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Metrics on the labelled rows, and the prediction sets where there can be some."""
    if table.labels is None:
        return {}, {}
    found = answers(reference, table.X)
    kind = type(reference.estimator).__name__
    if outputs == "values":
        log.warning("a %s has no classes: the labels measure its errors and calibrate nothing", kind)
        return {"sample": errors(found[:, 0], _values(table.labels))}, {}
    y = _indices(table.labels, names, reference.estimator)
    if outputs == "labels":
        log.warning("a %s has no probabilities: the labels measure its accuracy and calibrate no prediction sets", kind)
        return {"sample": {"rows": len(y), "accuracy": float((found[:, 0] == y).mean())}}, {}
    metrics = {"sample": scores(found, y, reference.decide(table.X))}
    if len(y) < _LEAST_ROWS:
        log.warning("%d labelled rows are too few to calibrate prediction sets; give %d or more", len(y), _LEAST_ROWS)
        return metrics, {}
    chosen = {level: calibrate(found, y, level) for level in LEVELS}
    measured = split_coverage(found, y, _REPEATS, seed=0)
    return metrics, document(_METHOD, chosen, measured, f"{_REPEATS} random halves of {len(y)} labelled rows")


def _values(labels: tuple[str, ...]) -> Floats:
    numbers = [_as_number(label) for label in labels]
    if None in numbers:
        wrong = labels[numbers.index(None)]
        raise ArtifactError(f"label {wrong!r} is no finite number, as the answers of this estimator are")
    return np.array(numbers, dtype=np.float64)


def _indices(labels: tuple[str, ...], names: tuple[str, ...], estimator: Any) -> Labels:
    """The class of each label, which is written as one of `names`, as the estimator has it, or as the same number."""
    own, by_number = _own_names(estimator), _by_number(estimator)
    index = {label: k for k, label in enumerate(own)} | {name: k for k, name in enumerate(names)}
    if twice := [name for k, name in enumerate(names) if name in own and own.index(name) != k and name in labels]:
        raise ArtifactError(
            f"label {twice[0]!r} is a class of the estimator and the name of another of its classes; "
            "give the classes other names"
        )
    found = [index[label] if label in index else by_number.get(_as_class(label)) for label in labels]
    if None in found:
        raise ArtifactError(
            f"label {labels[found.index(None)]!r} is not one of the classes of the estimator; "
            f"it has {', '.join(dict.fromkeys((*names, *own)))}"
        )
    return np.array(found, dtype=np.intp)


def _by_number(estimator: Any) -> dict[float | None, int]:
    """The index of each class by its value, where the classes are numbers or booleans; a spreadsheet writes those in
    more ways than one: 1 as 1.0, True as TRUE or 1.
    """
    numbers = (bool, int, float, np.bool_, np.number)
    return {float(value): k for k, value in enumerate(estimator.classes_) if isinstance(value, numbers)}


def _as_class(label: str) -> float | None:
    return {"true": 1.0, "false": 0.0}.get(label.strip().lower(), _as_number(label))
