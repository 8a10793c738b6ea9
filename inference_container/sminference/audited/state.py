"""Checks that the attributes of a loaded estimator fit together where compiled code, or a look-up by name, believes
them.

scikit-learn checks what users pass to it, and trusts what `fit` left behind. Here that came from a file. So every
object is visited: values are plain ones, no attribute hides a method, names of methods are those of methods that
predict, and the owners of what compiled code walks (trees, neighbours, support vectors, encoders) are checked by
`owners`.
"""

import inspect
from typing import Any

import numpy as np

from sminference.audited.native import Frozen
from sminference.audited.owners import built, check_start
from sminference.audited.types import ESTIMATORS, LOSSES, OBJECTS
from sminference.manifest import AUDITED, ArtifactError

_PLAIN = (type(None), bool, int, float, str, np.bool_, np.number, np.str_, np.dtype, slice)
# Attributes that name a method to be called, and the methods.
_METHOD_NAMES = {
    "chain_method",
    "chain_method_",
    "response_method",
    "_response_method",
    "stack_method",
    "stack_method_",
}
_METHODS = {"auto", "predict", "predict_proba", "predict_log_proba", "decision_function"}
# Set by a class of scikit-learn itself while it takes its state, of arrays that were checked.
_MADE = {("IsotonicRegression", "f_")}


def restore(estimator: Any) -> None:
    """Builds what compiled code needs, at every place where it belongs, and sets every n_jobs to 1.

    Raises ArtifactError when an attribute is not as `fit` would leave it.
    """
    seen: dict[int, Any] = {}  # holds the objects, so that no identity comes twice
    pending = [estimator]
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value
        pending += _children(value)
    for value in seen.values():
        if type(value).__name__ in {"GradientBoostingClassifier", "GradientBoostingRegressor"} and hasattr(
            value, "estimators_"
        ):
            check_start(value)


def _children(value: Any) -> list[Any]:
    kind = type(value)
    if isinstance(value, _PLAIN) or (isinstance(value, type) and issubclass(value, (np.generic, float, int))):
        return []
    if isinstance(value, np.ma.MaskedArray):
        return [value.data, value.mask]
    if isinstance(value, np.ndarray):
        return list(value.ravel()) if value.dtype == object else []
    if isinstance(value, dict):
        return list(value.values())
    if kind in {list, tuple, set}:
        return list(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if name in LOSSES:
        return []
    if name not in OBJECTS or isinstance(value, Frozen):
        raise _broken(f"{kind.__name__} at a place where it does not belong")
    return _attributes(value, name)


def _attributes(value: Any, name: str) -> list[Any]:
    """What an object of scikit-learn holds, once its attributes are checked and what compiled code needs is built."""
    kind, attributes = type(value), vars(value)
    if name in ESTIMATORS:
        for key, held in attributes.items():
            _check_attribute(kind, key, held)
        if "n_jobs" in attributes:
            value.n_jobs = 1  # a pool per request costs more than it saves
    # What an owner builds is its own: nobody else holds it, and it is visited no more.
    done = built(value)
    return [held for key, held in vars(value).items() if key not in done and (kind.__name__, key) not in _MADE]


def _check_attribute(kind: type, key: str, held: Any) -> None:
    if not key.isidentifier() or key.startswith("__"):
        raise _broken(f"{kind.__name__} has an attribute {key[:40]!r}")
    shared = inspect.getattr_static(kind, key, None)
    if shared is not None and not isinstance(shared, property):
        raise _broken(f"{kind.__name__}.{key} hides a method, or what all of its class have")
    if key in _METHOD_NAMES:
        names = held if isinstance(held, (list, tuple)) else [held]
        if not all(name is None or (type(name) is str and name in _METHODS) for name in names):
            raise _broken(f"{kind.__name__}.{key} names what is no method that predicts")


def _broken(what: str) -> ArtifactError:
    return ArtifactError(f"{AUDITED} is damaged, or not made by packing: {what}")
