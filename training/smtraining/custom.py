"""Packs an estimator that somebody else fitted and pickled."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sminference.explain.conformal import calibrate
from sminference.manifest import ArtifactError
from sminference.predictors.estimator import EstimatorPredictor, outputs_of
from sminference.predictors.trees import Floats
from sminference.unpickle import loads
from smtraining.baseline import baseline
from smtraining.calibrate import LEVELS, Labels, document, split_coverage
from smtraining.data import digest
from smtraining.metrics import scores
from smtraining.pack import Facts, Form, answers, pack
from smtraining.verify import Effort

_METHOD = "split conformal (LAC)"
_LEAST_ROWS = 20  # below, even the 95 % set would hold every label
_REPEATS = 100


@dataclass(frozen=True)
class Table:
    """A CSV file: numbers under the names of its header, and the text of the label column where one was named."""

    names: tuple[str, ...]
    X: Floats
    labels: tuple[str, ...] | None


def read_csv(path: Path, label_column: str | None) -> Table:
    """The table in `path`; raises ArtifactError naming line and column of what is no finite number."""
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
        rows.append([_number(line[i], f"{path} line {number}, column {header[i]!r}") for i in columns])
    labels = None if label_column is None else tuple(line[header.index(label_column)] for line in lines)
    return Table(tuple(header[i] for i in columns), np.array(rows), labels)


def _number(text: str, where: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise ArtifactError(f"{where}: expected a finite number, got {text!r}; models here take rows of numbers")
    return number


def pack_pickle(
    content: bytes,
    table: Table,
    *,
    name: str,
    classes: Sequence[str],
    licence: str,
    effort: Effort,
    form: Form = "audited",
) -> dict[str, bytes]:
    """The files of the artifact. The table's rows become golden rows and the baseline; its labels, which the estimator
    must not have seen, calibrate the prediction sets. Raises ArtifactError when pickle and table don't fit.
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
    names = _class_names(estimator, classes)
    metrics, conformal = (
        _measure(EstimatorPredictor(estimator, outputs), table, names) if outputs == "probabilities" else ({}, {})
    )
    facts = Facts(
        name=name,
        feature_names=table.names,
        classes=names,
        licence=licence,
        training_data={"sample_sha256": digest(table.X), "sample_rows": len(table.X)},
        metrics=metrics,
        conformal=conformal,
        baseline=baseline(table.X, table.names),
    )
    return pack(estimator, facts, table.X, effort, form=form)


def _class_names(estimator: Any, classes: Sequence[str]) -> tuple[str, ...]:
    own = tuple(str(label) for label in getattr(estimator, "classes_", ()))
    if classes and len(classes) != len(own):
        raise ArtifactError(f"the estimator has {len(own)} classes ({', '.join(own)}), {len(classes)} names were given")
    return tuple(classes) or own


def _measure(
    reference: EstimatorPredictor, table: Table, names: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, Any]]:
    if table.labels is None:
        return {}, {}
    proba = answers(reference, table.X)
    y = _indices(table.labels, names, tuple(str(label) for label in reference.estimator.classes_))
    metrics = {"sample": scores(proba, y, reference.decide(table.X))}
    if len(y) < _LEAST_ROWS:
        return metrics, {}
    chosen = {level: calibrate(proba, y, level) for level in LEVELS}
    measured = split_coverage(proba, y, _REPEATS, seed=0)
    return metrics, document(_METHOD, chosen, measured, f"{_REPEATS} random halves of {len(y)} labelled rows")


def _indices(labels: tuple[str, ...], names: tuple[str, ...], own: tuple[str, ...]) -> Labels:
    index = {label: k for k, label in enumerate(own)} | {name: k for k, name in enumerate(names)}
    if unknown := sorted(set(labels) - set(index)):
        raise ArtifactError(
            f"label {unknown[0]!r} is not one of the classes of the estimator; it has {', '.join(names)}"
        )
    return np.array([index[label] for label in labels], dtype=np.intp)
