"""Loads a model artifact: a folder with manifest.json, model.pkl and, for tree models, trees.npz.

The manifest is checked before a byte is unpickled, and every prediction path before it serves. Knows nothing of HTTP.
"""

import hashlib
import logging
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from sminference.explain import Explainer
from sminference.explain.conformal import ConformalSets
from sminference.manifest import MANIFEST, PICKLE, ArtifactError, File, Golden, Manifest, parse
from sminference.model import Model, Predictor
from sminference.predictors.estimator import EstimatorPredictor, outputs_of
from sminference.unpickle import loads

__all__ = ["ArtifactError", "load"]

log = logging.getLogger(__name__)


def load(model_dir: Path, *, allow_bare_pickle: bool) -> Model:
    """The model in `model_dir`; raises ArtifactError, in a sentence, when it must not be served.

    A `model.pkl` without a manifest is loaded only with `allow_bare_pickle`: nothing vouches for what it holds.
    """
    if not model_dir.is_dir():
        raise ArtifactError(f"{model_dir} is no folder; expected the unpacked model.tar.gz there")
    if not (model_dir / MANIFEST).exists():
        return _load_bare(model_dir, allowed=allow_bare_pickle)
    content = _read(model_dir / MANIFEST)
    manifest = parse(content)
    pickled = _read_verified(model_dir / PICKLE, manifest.files[PICKLE])
    _report_versions(manifest)
    predictor = _predictor(manifest, pickled)
    return Model(
        name=manifest.name,
        version=hashlib.sha256(content).hexdigest()[:12],
        description=manifest.describe(),
        feature_names=tuple(feature.name for feature in manifest.features),
        classes=manifest.classes,
        outputs=manifest.outputs,
        baseline=manifest.baseline,
        predictor=predictor,
        explainer=Explainer(
            feature_names=tuple(feature.name for feature in manifest.features),
            classes=manifest.classes,
            conformal=ConformalSets.from_manifest(manifest.conformal),
        ),
    )


def _load_bare(model_dir: Path, *, allowed: bool) -> Model:
    path = model_dir / PICKLE
    if not path.exists():
        raise ArtifactError(f"{model_dir} holds neither {MANIFEST} nor {PICKLE}")
    if not allowed:
        raise ArtifactError(
            f"{model_dir} holds {PICKLE} without {MANIFEST}; pack it with `python -m smtraining pack`, "
            "or allow bare pickles if you trust where it comes from"
        )
    content = _read(path)
    estimator = loads(content)
    outputs = outputs_of(estimator)
    names = _feature_names(estimator)
    classes = tuple(str(label) for label in getattr(estimator, "classes_", ()))
    log.warning("%s has no manifest: its integrity, versions and answers are unchecked", path)
    return Model(
        name=type(estimator).__name__,
        version=hashlib.sha256(content).hexdigest()[:12],
        description={
            "estimator": type(estimator).__name__,
            "classes": classes,
            "features": [{"name": n} for n in names],
        },
        feature_names=names,
        classes=classes,
        outputs=outputs,
        baseline={},
        predictor=EstimatorPredictor(estimator, outputs),
        explainer=Explainer(feature_names=names, classes=classes),
    )


def _feature_names(estimator: Any) -> tuple[str, ...]:
    if hasattr(estimator, "feature_names_in_"):
        return tuple(str(name) for name in estimator.feature_names_in_)
    count = getattr(estimator, "n_features_in_", None)
    if count is None:
        raise ArtifactError(f"{PICKLE} holds a {type(estimator).__name__} that is not fitted")
    return tuple(f"feature {i}" for i in range(count))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtifactError(f"{path.name} can't be read: {error.strerror or error}") from error


def _read_verified(path: Path, expected: File) -> bytes:
    content = _read(path)
    if len(content) != expected.bytes:
        raise ArtifactError(
            f"{path.name} has {len(content)} bytes, {MANIFEST} says {expected.bytes}: it is truncated or changed"
        )
    if (found := hashlib.sha256(content).hexdigest()) != expected.sha256:
        raise ArtifactError(
            f"{path.name} has SHA-256 {found}, {MANIFEST} says {expected.sha256}: it is damaged or changed"
        )
    return content


def _report_versions(manifest: Manifest) -> None:
    installed = {"python": platform.python_version()}
    for name, trained in sorted(manifest.libraries.items()):
        if name not in installed:
            try:
                installed[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                installed[name] = "missing"
        if installed[name] != trained:
            log.warning("%s was trained with %s %s, here is %s", manifest.name, name, trained, installed[name])


def _predictor(manifest: Manifest, pickled: bytes) -> Predictor:
    predictor = EstimatorPredictor(loads(pickled), manifest.outputs)
    if difference := _difference(predictor, manifest.golden):
        raise ArtifactError(
            f"{manifest.name} does not answer its golden rows as it did when it was packed ({difference}); "
            f"it was trained with {', '.join(f'{k} {v}' for k, v in sorted(manifest.libraries.items()))}"
        )
    return predictor


def _difference(predictor: Predictor, golden: Golden) -> str | None:
    """What is wrong with the predictor's answers to the golden rows; None when nothing is."""
    expected = np.array(golden.outputs)
    try:
        found = predictor(np.array(golden.rows))
    except Exception as error:  # noqa: BLE001 - an estimator of another version fails in any way
        return f"{type(error).__name__}: {error}"
    if found.shape != expected.shape:
        return f"shape {found.shape} instead of {expected.shape}"
    largest = float(np.abs(found - expected).max())
    return None if largest <= golden.tolerance else f"off by up to {largest:.3g}"
