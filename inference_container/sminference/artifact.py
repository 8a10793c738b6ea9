"""Loads a model artifact: a folder with manifest.json and the model as trees.npz, model.skops or model.pkl.

The manifest is checked before a byte of the model is read, and every way to predict before it serves. Trees are read as
arrays and other estimators as audited types; a pickle is read only where whoever runs the container says so.
Knows nothing of HTTP.
"""

import hashlib
import logging
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from sminference import audited
from sminference.explain import Explainer
from sminference.manifest import (
    AUDITED,
    FILES,
    MANIFEST,
    PICKLE,
    TREES,
    ArtifactError,
    File,
    Manifest,
    parse,
    version_of,
)
from sminference.model import Model
from sminference.predictors import Chosen, choose_estimator, choose_trees, choose_unchecked
from sminference.predictors.trees import from_npz
from sminference.signature import SIGNATURE, VerifyKeys
from sminference.unpickle import loads

__all__ = ["ArtifactError", "Trust", "load"]

log = logging.getLogger(__name__)

_PYTHON = ".".join(platform.python_version_tuple()[:2])
_MAX_MANIFEST_BYTES = 16 << 20
_MAX_SIGNATURE_BYTES = 4096
# A sentence of every refusal of a pickle.
_OPT_IN = (
    "reading a pickle can run any code that whoever wrote it put there, so it is read only with "
    "SMINFERENCE_ALLOW_PICKLE=true, for artifacts of your own"
)


@dataclass(frozen=True)
class Trust:
    """What whoever runs the container believes. With `verify_keys`, only what one of them signed is looked at."""

    allow_pickle: bool = False
    verify_keys: VerifyKeys | None = None


def load(model_dir: Path, trust: Trust | None = None, classes: Sequence[str] = ()) -> Model:
    """The model in `model_dir`; raises ArtifactError, in a sentence, when it must not be served.

    `classes` are the names of the classes where no manifest says them.
    """
    trust = trust or Trust()
    if not model_dir.is_dir():
        raise ArtifactError(f"{model_dir} is not a directory; expected the unpacked model.tar.gz there")
    if not (model_dir / MANIFEST).exists():
        return _load_bare(model_dir, trust, classes)
    content = _read(model_dir / MANIFEST, _MAX_MANIFEST_BYTES)
    signature = _signature(model_dir)
    if trust.verify_keys is not None:
        trust.verify_keys.check(content, signature)
    manifest = parse(content)
    if classes:
        log.warning("%s names its classes itself: SMINFERENCE_CLASSES counts for nothing", MANIFEST)
    chosen = _choose(manifest, trust, lambda name: _read_verified(model_dir / name, manifest.files[name]))
    return _model(manifest, version_of(content, signature), chosen)


def _choose(manifest: Manifest, trust: Trust, read: Callable[[str], bytes]) -> Chosen:
    """The way to predict, from the first of the files that the manifest names; the others are not even opened."""
    kind = next(name for name in FILES if name in manifest.files)
    if kind == PICKLE and not trust.allow_pickle:
        raise ArtifactError(
            f"{MANIFEST} names {PICKLE} alone; {_OPT_IN}. Better pack it again with `python -m smtraining pack`, "
            f"which writes {TREES} or {AUDITED}"
        )
    content = read(kind)
    _report_versions(manifest)
    if kind == TREES:
        return choose_trees(manifest, from_npz(content))
    if kind == PICKLE:
        log.warning("%s is read from a pickle: nothing bounds what that may do", manifest.name)
    return choose_estimator(manifest, loads(content) if kind == PICKLE else audited.loads(content))


def _load_bare(model_dir: Path, trust: Trust, classes: Sequence[str]) -> Model:
    path = model_dir / PICKLE
    if trust.verify_keys is not None:
        raise ArtifactError(f"{model_dir} holds no {MANIFEST}, so nothing in it is signed; {trust.verify_keys.wanted}")
    if not path.exists():
        raise ArtifactError(f"{model_dir} holds neither {MANIFEST} nor {PICKLE}{_held(model_dir)}")
    if not trust.allow_pickle:
        raise ArtifactError(
            f"{model_dir} holds {PICKLE} without {MANIFEST}; pack it with `python -m smtraining pack`, or have it read "
            f"as it is: {_OPT_IN}; SMINFERENCE_CLASSES then names its classes"
        )
    content = _read(path)
    manifest, chosen = choose_unchecked(loads(content), classes)
    log.warning("%s has no manifest: its integrity, versions and answers are unchecked", path)
    return _model(manifest, version_of(content), chosen)


def _held(model_dir: Path) -> str:
    """What is there instead, for a sentence."""
    names = sorted(path.name for path in model_dir.iterdir())
    return f"; it holds {', '.join(names[:5])}{', ...' if len(names) > 5 else ''}" if names else "; it is empty"


def _signature(model_dir: Path) -> bytes | None:
    path = model_dir / SIGNATURE
    return _read(path, _MAX_SIGNATURE_BYTES) if path.exists() else None


def _model(manifest: Manifest, version: str, chosen: Chosen) -> Model:
    log.info("%s predicts by %s", manifest.name, chosen.predictor.method)
    return Model(
        name=manifest.name,
        version=version,
        description=manifest.describe(),
        feature_names=manifest.feature_names,
        classes=manifest.classes,
        outputs=manifest.outputs,
        missing_values=manifest.missing_values,
        baseline=manifest.baseline,
        predictor=chosen.predictor,
        decide=chosen.decide,
        explainer=Explainer.of(manifest, chosen.trees),
    )


def _read(path: Path, limit: int | None = None) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read() if limit is None else stream.read(limit + 1)
    except OSError as error:
        raise ArtifactError(f"{path.name} can't be read: {error.strerror or error}") from error
    if limit is not None and len(content) > limit:
        raise ArtifactError(f"{path.name} is too large; at most {limit} bytes are read")
    return content


def _read_verified(path: Path, expected: File) -> bytes:
    """The content of a file that arrived whole. Its hash finds damage; it does not tell who wrote the file."""
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
