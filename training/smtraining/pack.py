"""Turns a fitted estimator into the files of an artifact. Writes nothing."""

import hashlib
import pickle
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, Literal

import numpy as np

from sminference import audited
from sminference.manifest import (
    AUDITED,
    MANIFEST,
    PICKLE,
    TREES,
    ArtifactError,
    Decision,
    Feature,
    File,
    Golden,
    Manifest,
    parse,
)
from sminference.predictors.estimator import EstimatorPredictor, outputs_of
from sminference.predictors.extract import extract
from sminference.predictors.probe import threshold_rows
from sminference.predictors.trees import Floats, Trees
from sminference.signature import SIGNATURE, sign
from sminference.unpickle import loads
from smtraining.verify import Effort, verify

GOLDEN_ROWS = 16
_DECISION_ROWS = 2_000
_GAPS = 0.1  # share of the values of a row that are missing in some tests
_LIBRARIES = ("scikit-learn", "numpy", "scipy")

Form = Literal["audited", "pickle"]


@dataclass(frozen=True)
class Facts:
    """What is known about a model beside the estimator itself; all of it ends in the manifest."""

    name: str
    feature_names: Sequence[str]
    classes: Sequence[str]
    license: str
    training_data: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    conformal: Mapping[str, Any] = field(default_factory=dict)
    disagreement: Mapping[str, Any] = field(default_factory=dict)
    missing_values: bool = False
    baseline: Mapping[str, Any] = field(default_factory=dict)


def pack(
    estimator: Any, facts: Facts, sample: Floats, effort: Effort, *, form: Form = "audited", with_pickle: bool = False
) -> dict[str, bytes]:
    """The files of the artifact by name. `sample` holds inputs, shape (rows, features), to take golden rows from.

    Trees become arrays and other estimators audited types; with the form "pickle" all are a pickle, which a container
    reads only where it is told to. `with_pickle` adds one for people's own use, which no container reads beside the
    others.

    Raises ArtifactError when the container could not load what was packed, or would predict anything else.
    """
    files, loaded, trees = (
        _as_pickle(estimator)
        if form == "pickle"
        else _audited(estimator, sample, effort, as_trees=not facts.missing_values)
    )
    if with_pickle:
        files[PICKLE] = pickle_bytes(estimator)
    outputs = outputs_of(loaded)
    reference = EstimatorPredictor(loaded, outputs)
    golden = _golden(reference, trees, _with_gaps(sample) if facts.missing_values else sample)
    manifest = Manifest(
        name=facts.name,
        estimator=f"{type(loaded).__module__}.{type(loaded).__qualname__}",
        outputs=outputs,
        features=tuple(Feature(name) for name in facts.feature_names),
        classes=tuple(facts.classes),
        files={name: File(hashlib.sha256(content).hexdigest(), len(content)) for name, content in files.items()},
        libraries={"python": ".".join(platform.python_version_tuple()[:2])}
        | {name: metadata.version(name) for name in _LIBRARIES},
        golden=golden,
        license=facts.license,
        decision=_decision(reference, sample) if outputs == "probabilities" and trees is None else "argmax",
        training_data=dict(facts.training_data),
        metrics=dict(facts.metrics),
        conformal=dict(facts.conformal),
        disagreement=dict(facts.disagreement),
        missing_values=facts.missing_values,
        baseline=dict(facts.baseline),
    )
    content = manifest.to_json()
    parse(content)
    return {MANIFEST: content, **files}


def signed(files: Mapping[str, bytes], private_key: bytes) -> dict[str, bytes]:
    """The files with a signature of their manifest, and so of them. Raises KeyFileError for no usable key."""
    return {**files, SIGNATURE: sign(files[MANIFEST], private_key)}


def _as_pickle(estimator: Any) -> tuple[dict[str, bytes], Any, None]:
    content = pickle_bytes(estimator)
    return {PICKLE: content}, loads(content), None


def _audited(
    estimator: Any, sample: Floats, effort: Effort, *, as_trees: bool
) -> tuple[dict[str, bytes], Any, Trees | None]:
    """The files that need no pickle, the estimator whose answers are golden, and its trees where it is made of some.

    `as_trees` is false where values may be missing, which the arrays of trees say nothing of.
    """
    single = loads(pickle_bytes(estimator))  # with one job: several add in any order
    outputs_of(single)
    trees = extract(single) if as_trees else None
    if trees is not None:
        verify(trees, single, effort)
        return {TREES: trees.to_npz()}, single, trees
    content = audited.dumps(estimator)
    loaded = audited.loads(content)
    before, after = (answers(EstimatorPredictor(one, outputs_of(one)), sample) for one in (single, loaded))
    if not np.array_equal(before, after):
        raise ArtifactError(f"the estimator answers the sample otherwise once it is read from {AUDITED}")
    return {AUDITED: content}, loaded, None


def _with_gaps(sample: Floats) -> Floats:
    """The sample and as many rows of it that lack a value, one feature after the other."""
    gaps = np.array(sample, dtype=np.float64)
    gaps[np.arange(len(gaps)), np.arange(len(gaps)) % gaps.shape[1]] = np.nan
    return np.concatenate([sample, gaps])


def _decision(reference: EstimatorPredictor, sample: Floats) -> Decision:
    """Whether the most probable class is the one that the estimator's own predict says, on the sample and around it."""
    rng = np.random.default_rng(4)
    around = rng.uniform(np.nanmin(sample, axis=0), np.nanmax(sample, axis=0), (_DECISION_ROWS, sample.shape[1]))
    if np.isnan(sample).any():
        around[rng.random(around.shape) < _GAPS] = np.nan
    for rows in (sample, around):
        try:
            most_probable = reference(rows).argmax(axis=1)
        except ValueError:
            # Not every model takes any number: an encoder knows its categories.
            continue
        if (reference.decide(rows) != most_probable).any():
            return "predict"
    return "argmax"


def pickle_bytes(estimator: Any) -> bytes:
    """The estimator pickled; the same estimator gives the same bytes in every process."""
    _clear_padding(estimator, set())
    return pickle.dumps(estimator, protocol=5)


def _clear_padding(value: Any, seen: set[int]) -> None:
    """Zero the unused bytes between the fields of tree nodes: they are whatever the memory held before."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if type(value).__name__ == "Tree" and type(value).__module__ == "sklearn.tree._tree":
        nodes = value.__getstate__()["nodes"]
        used = np.zeros(nodes.dtype.itemsize, dtype=bool)
        for dtype, offset in nodes.dtype.fields.values():
            used[offset : offset + dtype.itemsize] = True
        nodes.view(np.uint8).reshape(len(nodes), -1)[:, ~used] = 0
        return
    if isinstance(value, dict):
        children: list[Any] = list(value.values())
    elif isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.dtype == object):
        children = list(np.ravel(value)) if isinstance(value, np.ndarray) else list(value)
    elif type(value).__module__.startswith("sklearn.") and hasattr(value, "__dict__"):
        children = list(vars(value).values())
    else:
        return
    for child in children:
        _clear_padding(child, seen)


def _golden(reference: EstimatorPredictor, trees: Trees | None, sample: Floats) -> Golden:
    """Some rows of the sample; for trees also rows at their thresholds, where a wrong comparison shows."""
    chosen = np.linspace(0, len(sample) - 1, min(GOLDEN_ROWS, len(sample))).round().astype(int)
    rows = np.asarray(sample, dtype=np.float64)[chosen]
    if trees is not None:
        rows = np.concatenate([rows, threshold_rows(trees, GOLDEN_ROWS, seed=3)])
    outputs = answers(reference, rows)
    return Golden(
        rows=tuple(map(tuple, rows.tolist())),
        outputs=tuple(map(tuple, outputs.tolist())),
        tolerance=_tolerance(trees),
    )


def answers(reference: EstimatorPredictor, rows: Floats) -> Floats:
    """What the estimator answers for rows; raises ArtifactError when it takes no rows of numbers."""
    try:
        return reference(rows)
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        raise ArtifactError(
            f"the estimator can't predict from rows of {rows.shape[1]} numbers: {error}; "
            "fit it to an array, or begin its pipeline with what turns an array into what it needs"
        ) from error


def _tolerance(trees: Trees | None) -> float:
    """0 where only additions and one division are involved; exp and BLAS may differ in last bits between processors."""
    if trees is None:
        return 1e-9
    return 0.0 if trees.aggregate == "mean" else 1e-12
