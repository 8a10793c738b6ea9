"""Turns a fitted estimator into the files of an artifact; pure but for calling the estimator."""

import hashlib
import pickle
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sminference.manifest import MANIFEST, PICKLE, Feature, File, Golden, Manifest
from sminference.predictors.estimator import EstimatorPredictor, outputs_of
from sminference.unpickle import loads

GOLDEN_ROWS = 8


@dataclass(frozen=True)
class Facts:
    """What is known about a model beside the estimator itself; all of it ends in the manifest."""

    name: str
    feature_names: Sequence[str]
    classes: Sequence[str]
    licence: str
    training_data: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    conformal: Mapping[str, Any] = field(default_factory=dict)
    disagreement: Mapping[str, Any] = field(default_factory=dict)
    baseline: Mapping[str, Any] = field(default_factory=dict)


def pack(estimator: Any, facts: Facts, sample: NDArray[np.float64]) -> dict[str, bytes]:
    """The files of the artifact by name. `sample` holds inputs, shape (rows, features), to take golden rows from.

    Raises ArtifactError when the container could not load what was pickled.
    """
    pickled = pickle_bytes(estimator)
    loaded = loads(pickled)
    outputs = outputs_of(loaded)
    files = {PICKLE: pickled}
    manifest = Manifest(
        name=facts.name,
        estimator=f"{type(loaded).__module__}.{type(loaded).__qualname__}",
        outputs=outputs,
        features=tuple(Feature(name) for name in facts.feature_names),
        classes=tuple(facts.classes),
        files={name: File(hashlib.sha256(content).hexdigest(), len(content)) for name, content in files.items()},
        libraries={"python": platform.python_version()}
        | {name: metadata.version(name) for name in ("scikit-learn", "numpy", "scipy")},
        golden=_golden(EstimatorPredictor(loaded, outputs), sample),
        licence=facts.licence,
        training_data=dict(facts.training_data),
        metrics=dict(facts.metrics),
        conformal=dict(facts.conformal),
        disagreement=dict(facts.disagreement),
        baseline=dict(facts.baseline),
    )
    return {MANIFEST: manifest.to_json(), **files}


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


def _golden(predictor: EstimatorPredictor, sample: NDArray[np.float64]) -> Golden:
    chosen = np.linspace(0, len(sample) - 1, min(GOLDEN_ROWS, len(sample))).round().astype(int)
    rows = np.asarray(sample, dtype=np.float64)[chosen]
    return Golden(
        rows=tuple(map(tuple, rows.tolist())),
        outputs=tuple(map(tuple, predictor(rows).tolist())),
        tolerance=1e-9,
    )
