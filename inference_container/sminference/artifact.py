"""Loads a model artifact: a folder with manifest.json, model.pkl and, for tree models, trees.npz.

The manifest is checked before a byte is unpickled, and every way to predict before it serves. Knows nothing of HTTP.
"""

import hashlib
import logging
import platform
from importlib import metadata
from pathlib import Path

from sminference.explain import Explainer
from sminference.manifest import MANIFEST, PICKLE, TREES, ArtifactError, File, Manifest, parse
from sminference.model import Model
from sminference.predictors import Chosen, choose, choose_unchecked
from sminference.predictors.trees import from_npz
from sminference.unpickle import loads

__all__ = ["ArtifactError", "load"]

log = logging.getLogger(__name__)

_PYTHON = ".".join(platform.python_version_tuple()[:2])


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
    trees = None
    if TREES in manifest.files:
        trees = from_npz(_read_verified(model_dir / TREES, manifest.files[TREES]))
    _report_versions(manifest)
    return _model(manifest, content, choose(manifest, trees, lambda: loads(pickled)))


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
    manifest, chosen = choose_unchecked(loads(content))
    log.warning("%s has no manifest: its integrity, versions and answers are unchecked", path)
    return _model(manifest, content, chosen)


def _model(manifest: Manifest, content: bytes, chosen: Chosen) -> Model:
    log.info("%s predicts by %s", manifest.name, chosen.predictor.method)
    return Model(
        name=manifest.name,
        version=hashlib.sha256(content).hexdigest()[:12],
        description=manifest.describe(),
        feature_names=manifest.feature_names,
        classes=manifest.classes,
        outputs=manifest.outputs,
        baseline=manifest.baseline,
        predictor=chosen.predictor,
        decide=chosen.decide,
        explainer=Explainer.of(manifest, chosen.trees),
    )


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
    for name, trained in sorted(manifest.libraries.items()):
        try:
            here = _PYTHON if name == "python" else metadata.version(name)
        except metadata.PackageNotFoundError:
            here = "missing"
        if here != trained:
            log.warning("%s was trained with %s %s, here is %s", manifest.name, name, trained, here)
