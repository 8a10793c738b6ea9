"""Chooses how a model predicts: the fastest way whose answers are right."""

import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sminference.manifest import MANIFEST, PICKLE, TREES, ArtifactError, Feature, File, Golden, Manifest
from sminference.predictors import cells
from sminference.predictors.estimator import EstimatorPredictor, RefusedRowsError, outputs_of
from sminference.predictors.extract import extract
from sminference.predictors.hybrid import Hybrid
from sminference.predictors.probe import threshold_rows
from sminference.predictors.trees import Floats, Trees
from sminference.predictors.walk import LevelWalk

log = logging.getLogger(__name__)

_PROBES = 256
_SIZES = (1, 16, _PROBES)  # numbers of rows, each of which may take another way


class Predictor(Protocol):
    """A way to compute a model's outputs; safe to call from several threads."""

    @property
    def method(self) -> str:
        """The name of the way, for logs."""
        ...

    def __call__(self, X: Floats) -> Floats:
        """Outputs for X, shape (rows, features): probabilities, shape (rows, classes); else one column."""
        ...


@dataclass(frozen=True)
class Chosen:
    """The way taken, the model's trees where it is made of some, and `decide` where the most probable class is not
    always the one that the estimator's own predict says.
    """

    predictor: Predictor
    trees: Trees | None
    decide: Callable[[Floats], NDArray[np.intp]] | None = None


def choose_trees(manifest: Manifest, trees: Trees) -> Chosen:
    """The fastest way through trees that stands the golden rows; raises ArtifactError when none does.

    scikit-learn is imported only where a table of the trees can't do.
    """
    _check_fit(manifest, trees)
    wrong = None
    for build in (cells.build, _hybrid, LevelWalk):
        way: Predictor | None = build(trees)
        if way is None:
            continue
        if (wrong := _difference_by_size(way, manifest.golden)) is None:
            return Chosen(way, trees)
        log.warning("%s: the %s fails the golden rows (%s)", manifest.name, way.method, wrong)
    raise _failed(manifest, wrong)


def choose_estimator(manifest: Manifest, estimator: Any) -> Chosen:
    """scikit-learn's own way; raises ArtifactError when it fails the golden rows."""
    reference = EstimatorPredictor(estimator, manifest.outputs)
    if wrong := difference(reference, manifest.golden):
        raise _failed(manifest, wrong)
    return Chosen(reference, None, reference.decide if manifest.decision == "predict" else None)


def _failed(manifest: Manifest, wrong: str | None) -> ArtifactError:
    trained = ", ".join(f"{name} {version}" for name, version in sorted(manifest.libraries.items()))
    return ArtifactError(
        f"{manifest.name} does not answer its golden rows as it did when it was packed ({wrong}); "
        f"it was trained with {trained}"
    )


def _check_fit(manifest: Manifest, trees: Trees) -> None:
    """Raises ArtifactError when manifest and trees speak of different rows or classes."""
    columns = {"mean": len(manifest.classes), "softmax": len(manifest.classes), "expit": 1}[trees.aggregate]
    if (
        manifest.outputs != "probabilities"
        or trees.n_features != len(manifest.features)
        or trees.n_columns != columns
        or (trees.aggregate == "expit" and len(manifest.classes) != 2)
    ):
        raise ArtifactError(
            f"{TREES} holds trees for {trees.n_features} features and {trees.n_columns} columns of scores; "
            f"{MANIFEST} speaks of {len(manifest.features)} features and {len(manifest.classes)} classes"
        )


def _hybrid(trees: Trees) -> Predictor | None:
    try:
        return Hybrid(trees)
    except Exception as error:  # noqa: BLE001 - another version of scikit-learn fails in any way
        log.warning("scikit-learn's compiled trees are not available here: %s; walking in numpy alone", error)
        return None


def choose_unchecked(estimator: Any, classes: Sequence[str] = ()) -> tuple[Manifest, Chosen]:
    """The fastest way for an estimator without a manifest, and what can be said of it in place of one.

    Raises ArtifactError when `classes`, the names of its classes, are not as many as those.
    """
    manifest = _makeshift(estimator, classes)
    reference = EstimatorPredictor(estimator, manifest.outputs)
    trees = extract(estimator)
    if trees is not None:
        return manifest, _compared(trees, reference)
    # An answer of several values a row shows only when it is asked.
    with contextlib.suppress(RefusedRowsError):
        reference(np.zeros((1, len(manifest.features))))
    # Nobody has compared its predict with its probabilities.
    return manifest, Chosen(reference, None, reference.decide if manifest.outputs == "probabilities" else None)


def _compared(trees: Trees, reference: EstimatorPredictor) -> Chosen:
    """A fast way, if scikit-learn gives the same bits for inputs at the thresholds."""
    fast: Predictor = cells.build(trees) or Hybrid(trees)
    probes = threshold_rows(trees, _PROBES, seed=0)
    expected = reference(probes)
    for size in _SIZES:
        if not np.array_equal(fast(probes[:size]), expected[:size]):
            log.warning("the %s differs from scikit-learn for %d rows; asking scikit-learn", fast.method, size)
            return Chosen(reference, None)
    return Chosen(fast, trees)


def _difference_by_size(predictor: Predictor, golden: Golden) -> str | None:
    """As `difference`, for numbers of rows each of which may take another way."""
    count = len(golden.rows)
    for size in _SIZES:
        chosen = [i % count for i in range(size)]
        part = replace(
            golden, rows=tuple(golden.rows[i] for i in chosen), outputs=tuple(golden.outputs[i] for i in chosen)
        )
        if wrong := difference(predictor, part):
            return wrong
    return difference(predictor, golden)


def difference(predictor: Predictor, golden: Golden) -> str | None:
    """What is wrong with the predictor's answers to the golden rows; None when nothing is."""
    expected = np.array(golden.outputs)
    try:
        found = predictor(np.array(golden.rows))
    except Exception as error:  # noqa: BLE001 - an estimator of another version fails in any way
        return f"{type(error).__name__}: {error}"
    if found.shape != expected.shape:
        return f"shape {found.shape} instead of {expected.shape}"
    # Relative where values are large: their last bits are worth more.
    largest = float((np.abs(found - expected) / np.maximum(1.0, np.abs(expected))).max())
    return None if largest <= golden.tolerance else f"off by up to {largest:.3g}"


def _makeshift(estimator: Any, classes: Sequence[str]) -> Manifest:
    name = type(estimator).__name__
    if hasattr(estimator, "feature_names_in_"):
        names = [str(name) for name in estimator.feature_names_in_]
    elif hasattr(estimator, "n_features_in_"):
        names = [f"feature {i}" for i in range(estimator.n_features_in_)]
    else:
        raise ArtifactError(f"{PICKLE} holds a {name} that is not fitted")
    own = tuple(str(label) for label in getattr(estimator, "classes_", ()))
    if classes and len(classes) != len(own):
        has = f"{len(own)} ({', '.join(own)})" if own else "none"
        raise ArtifactError(f"SMINFERENCE_CLASSES names {len(classes)} classes, the {name} in {PICKLE} has {has}")
    return Manifest(
        name=name,
        estimator=f"{type(estimator).__module__}.{name}",
        outputs=outputs_of(estimator),
        features=tuple(Feature(name) for name in names),
        classes=tuple(classes) or own,
        files={PICKLE: File("", 0)},
        libraries={},
        golden=Golden((), (), 0.0),
        license="",
    )
