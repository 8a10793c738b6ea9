"""Writes an estimator as `model.skops`, and reads one back. See the package."""

import warnings
from threading import Lock
from typing import Any

from sminference.audited.native import freeze
from sminference.audited.schema import rewritten
from sminference.audited.state import restore
from sminference.audited.types import ESTIMATORS, LOSSES, OBJECTS
from sminference.manifest import AUDITED, ArtifactError

_warnings_lock = Lock()
# skops adds a list of its own, which is wider; ours has been applied by then.
_TRUSTED = sorted(OBJECTS | LOSSES | {"numpy.dtype", "sklearn.utils._bunch.Bunch"})


def dumps(estimator: Any) -> bytes:
    """The estimator as skops writes it; equal estimators give equal bytes.

    Raises ArtifactError, with what to do, for a type that is not in the list.
    """
    from skops import io  # noqa: PLC0415 - it imports all of scikit-learn

    try:
        content = io.dumps(freeze(estimator))
    except Exception as error:
        # Whatever can't be pickled, or is of no type that skops knows: functions, classes of one's own.
        raise ArtifactError(f"the estimator can't be written as {AUDITED}: {type(error).__name__}: {error}") from error
    return rewritten(content, _protocol())


def loads(content: bytes) -> Any:
    """The estimator in `content`, ready to predict with one job.

    Raises ArtifactError, before anything is built, for a type that is not in the list, and before anything predicts for
    attributes that compiled code could not take.
    """
    safe = rewritten(content, _protocol())
    from sklearn.exceptions import InconsistentVersionWarning  # noqa: PLC0415
    from skops import io  # noqa: PLC0415

    try:
        with _warnings_lock, warnings.catch_warnings():  # the loader names the versions once
            warnings.simplefilter("ignore", InconsistentVersionWarning)
            estimator = io.loads(safe, trusted=_TRUSTED)
    except Exception as error:
        # Attributes of other types than a class expects fail in any way.
        raise ArtifactError(f"{AUDITED} can't be read here: {type(error).__name__}: {error}") from error
    if f"{type(estimator).__module__}.{type(estimator).__qualname__}" not in ESTIMATORS:
        raise ArtifactError(f"{AUDITED} must hold a fitted scikit-learn estimator, got {type(estimator).__name__}")
    try:
        restore(estimator)
    except ArtifactError:
        raise
    except Exception as error:
        raise ArtifactError(f"{AUDITED} is damaged, or not made by packing: {type(error).__name__}: {error}") from error
    return estimator


def _protocol() -> int:
    from skops.io._protocol import PROTOCOL  # noqa: PLC0415

    return int(PROTOCOL)
