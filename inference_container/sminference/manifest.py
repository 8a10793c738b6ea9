"""The manifest of a model artifact: what `manifest.json` says.

It is read and checked before anything else of the artifact. It knows neither scikit-learn nor how a model predicts. The
hashes in it find what was damaged on the way; whoever changes a file changes its hash too, so they authenticate nobody:
`sminference.signature` does.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

import numpy as np

SCHEMA = "smendpoints.dev/model/v1"
MANIFEST = "manifest.json"
TREES = "trees.npz"
AUDITED = "model.skops"
PICKLE = "model.pkl"
# What can be served; the container takes the first that is there, and does not look at the others.
FILES = (TREES, AUDITED, PICKLE)

_VERSION_DIGITS = 12

Outputs = Literal["probabilities", "labels", "values"]
Decision = Literal["argmax", "predict"]


class ArtifactError(Exception):
    """The artifact can't be served; the message says which part of it, and what was expected."""


@dataclass(frozen=True)
class File:
    """A file of the artifact: its SHA-256 in hexadecimal, its size in bytes."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Feature:
    """A column of the input."""

    name: str
    dtype: str = "float64"


@dataclass(frozen=True)
class Golden:
    """Inputs with the outputs that the trained estimator gave.

    `outputs` holds probabilities, shape (rows, classes), or shape (rows, 1): class indices or values.
    `tolerance` is the largest absolute difference allowed; 0 asks for the same bits.
    """

    rows: tuple[tuple[float, ...], ...]
    outputs: tuple[tuple[float, ...], ...]
    tolerance: float


@dataclass(frozen=True)
class Manifest:
    """All of `manifest.json`.

    `missing_values` says whether a row may lack values: NaN in `golden`, null in a request.
    `outputs` says what the model answers: class probabilities, class labels only, or values (a regressor).
    `decision` says which class a classifier with probabilities predicts: the most probable one ("argmax"), or the one
    that the estimator's own predict says ("predict"), as with a decision threshold that was tuned.
    `conformal`, `disagreement` and `baseline` hold what training measured for explanations and drift; each may be {}.
    """

    name: str
    estimator: str
    outputs: Outputs
    features: tuple[Feature, ...]
    classes: tuple[str, ...]
    files: dict[str, File]
    libraries: dict[str, str]
    golden: Golden
    license: str
    decision: Decision = "argmax"
    missing_values: bool = False
    training_data: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    conformal: dict[str, Any] = field(default_factory=dict)
    disagreement: dict[str, Any] = field(default_factory=dict)
    baseline: dict[str, Any] = field(default_factory=dict)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The columns of the input in their order."""
        return tuple(feature.name for feature in self.features)

    def to_json(self) -> bytes:
        """The bytes of `manifest.json`; equal manifests give equal bytes."""
        document = {"schema": SCHEMA, **asdict(self)}
        document["golden"]["rows"] = [[None if x != x else x for x in row] for row in self.golden.rows]  # noqa: PLR0124
        return json.dumps(document, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=True).encode() + b"\n"

    def describe(self) -> dict[str, Any]:
        """What a user of the model may want to know: everything but hashes, golden rows and the baseline."""
        document = asdict(self)
        for private in ("files", "golden", "baseline"):
            del document[private]
        return document


def version_of(content: bytes, signature: bytes | None = None) -> str:
    """The short hash that names an artifact, in the container's log and metrics as in its key in S3.

    It is that of the manifest, which holds the hashes of all files, and of its signature.
    """
    return hashlib.sha256(content + (signature or b"")).hexdigest()[:_VERSION_DIGITS]


def parse(content: bytes) -> Manifest:
    """The manifest in `content`; raises ArtifactError naming the field that is wrong."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"{MANIFEST} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ArtifactError(f"{MANIFEST} must hold an object, got {type(document).__name__}")
    if document.get("schema") != SCHEMA:
        raise ArtifactError(f"{MANIFEST}: schema must be {SCHEMA!r}, got {document.get('schema')!r}")
    outputs = _get(document, "outputs", str)
    if outputs not in get_args(Outputs):
        raise ArtifactError(f"{MANIFEST}: outputs must be one of {', '.join(get_args(Outputs))}, got {outputs!r}")
    decision = document.get("decision", "argmax")
    if decision not in get_args(Decision):
        raise ArtifactError(f"{MANIFEST}: decision must be one of {', '.join(get_args(Decision))}, got {decision!r}")
    missing = _flag(document, "missing_values")
    features = tuple(
        Feature(name=_get(item, "name", str, f"features[{i}]."), dtype=_get(item, "dtype", str, f"features[{i}]."))
        for i, item in enumerate(_get(document, "features", list))
    )
    classes = tuple(_get(document, "classes", list))
    if not features:
        raise ArtifactError(f"{MANIFEST}: features must name at least one column")
    _check_distinct("features", [feature.name for feature in features])
    if outputs != "values" and (len(classes) < 2 or not all(isinstance(name, str) for name in classes)):
        raise ArtifactError(f"{MANIFEST}: classes must be at least two strings")
    if outputs != "values":
        _check_distinct("classes", classes)
    manifest = Manifest(
        name=_get(document, "name", str),
        estimator=_get(document, "estimator", str),
        outputs=outputs,
        features=features,
        classes=classes,
        files={
            name: File(
                sha256=_get(item, "sha256", str, f"files.{name}."), bytes=_get(item, "bytes", int, f"files.{name}.")
            )
            for name, item in _get(document, "files", dict).items()
        },
        libraries=_strings(document, "libraries"),
        golden=_golden(
            _get(document, "golden", dict),
            len(features),
            len(classes) if outputs == "probabilities" else 1,
            missing=missing,
        ),
        # Written `licence` by a release before.
        license=_get(document, "licence" if "licence" in document else "license", str),
        decision=decision,
        missing_values=missing,
        **{
            name: _get(document, name, dict)
            for name in ("training_data", "metrics", "conformal", "disagreement", "baseline")
        },
    )
    if not manifest.files or not set(FILES).issuperset(manifest.files):
        raise ArtifactError(f"{MANIFEST}: files must name at least one of {', '.join(FILES)}, and nothing else")
    return manifest


def _check_distinct(what: str, names: Sequence[str]) -> None:
    # Answers are objects with these names as keys.
    ((most, count),) = Counter(names).most_common(1)
    if count > 1:
        raise ArtifactError(f"{MANIFEST}: {what} must have names of their own, got {most!r} twice")


def _get(document: Any, key: str, kind: type, where: str = "") -> Any:
    if not isinstance(document, dict):
        raise ArtifactError(f"{MANIFEST}: {where.rstrip('.') or 'the document'} must be an object")
    if key not in document:
        raise ArtifactError(f"{MANIFEST}: {where}{key} is missing")
    value = document[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ArtifactError(f"{MANIFEST}: {where}{key} must be {_KINDS[kind]}, got {type(value).__name__}")
    return value


def _flag(document: dict[str, Any], key: str) -> bool:
    """False where a release before wrote nothing."""
    value = document.get(key, False)
    if not isinstance(value, bool):
        raise ArtifactError(f"{MANIFEST}: {key} must be true or false, got {value!r}")
    return value


_KINDS: dict[type, str] = {str: "a string", int: "a whole number", dict: "an object", list: "a list"}


def _strings(document: dict[str, Any], key: str) -> dict[str, str]:
    value = _get(document, key, dict)
    return {name: _get(value, name, str, f"{key}.") for name in value}


def _golden(document: dict[str, Any], n_features: int, n_outputs: int, *, missing: bool) -> Golden:
    rows, outputs = (
        _matrix(_get(document, key, list, "golden."), width, f"golden.{key}", missing=missing and key == "rows")
        for key, width in (("rows", n_features), ("outputs", n_outputs))
    )
    if len(rows) != len(outputs) or not rows:
        raise ArtifactError(f"{MANIFEST}: golden must hold as many outputs as rows, and at least one")
    tolerance = document.get("tolerance")
    if isinstance(tolerance, bool) or not isinstance(tolerance, (int, float)) or not 0 <= tolerance <= 1e-6:
        raise ArtifactError(f"{MANIFEST}: golden.tolerance must be a number from 0 to 1e-6, got {tolerance!r}")
    return Golden(rows=rows, outputs=outputs, tolerance=float(tolerance))


def _matrix(value: list[Any], width: int, where: str, *, missing: bool) -> tuple[tuple[float, ...], ...]:
    try:
        matrix = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ArtifactError(f"{MANIFEST}: {where} must hold rows of {width} numbers: {error}") from error
    wrong = np.isinf(matrix) if missing else ~np.isfinite(matrix)
    if matrix.ndim != 2 or matrix.shape[1] != width or wrong.any():
        raise ArtifactError(f"{MANIFEST}: {where} must hold rows of {width} finite numbers, got shape {matrix.shape}")
    return tuple(tuple(row) for row in matrix.tolist())
