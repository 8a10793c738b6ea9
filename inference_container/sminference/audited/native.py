"""What compiled code of scikit-learn keeps, as plain arrays: taken apart before it is written, built again when read.

`freeze` copies an estimator and replaces each such object by a `Frozen`; `state` builds them again, at the places where
their owners keep them and nowhere else.
"""

import copyreg
import io
import pickle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sminference.manifest import AUDITED, ArtifactError
from sminference.predictors.compiled import build_tree

FROZEN = "sminference.audited.native.Frozen"

_TREE_COLUMNS = [
    "left_child",
    "right_child",
    "feature",
    "threshold",
    "impurity",
    "n_node_samples",
    "weighted_n_node_samples",
    "missing_go_to_left",
]
_TREE_INTS = {"left_child", "right_child", "feature", "n_node_samples"}
_BITSET_WORDS = 8  # of 32 bits: a category is below 256


class Frozen:
    """The arrays of an object that compiled code keeps. `kind` is "tree", "histogram" or "neighbours"."""

    kind: str
    fields: dict[str, Any]

    def __init__(self, kind: str, fields: dict[str, Any]) -> None:
        self.kind, self.fields = kind, fields


def freeze(estimator: Any) -> Any:
    """A copy of the estimator without objects of compiled code, and without random states, which predict nothing."""
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor  # noqa: PLC0415
    from sklearn.neighbors import BallTree, KDTree  # noqa: PLC0415
    from sklearn.tree._tree import Tree  # noqa: PLC0415

    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, protocol=5)
    pickler.dispatch_table = copyreg.dispatch_table.copy()
    pickler.dispatch_table |= {
        Tree: lambda tree: (Frozen, ("tree", _tree_fields(tree))),
        TreePredictor: lambda tree: (Frozen, ("histogram", _histogram_fields(tree))),
        np.random.RandomState: _nothing,
        np.random.Generator: _nothing,
    }
    for structure in (KDTree, BallTree):
        # It is built of the rows that its owner keeps too, and costs no more than reading it would.
        pickler.dispatch_table[structure] = lambda tree: (Frozen, ("neighbours", {"kind": type(tree).__name__}))
    pickler.dump(estimator)
    return pickle.loads(stream.getvalue())


def _nothing(_: Any) -> Any:
    return type(None), ()


def _tree_fields(tree: Any) -> dict[str, Any]:
    state = tree.__getstate__()
    return {
        "n_features": int(tree.n_features),
        "classes": np.asarray(tree.n_classes),
        "depth": int(tree.max_depth),
        "values": state["values"].copy(),
        **{name: state["nodes"][name].copy() for name in _TREE_COLUMNS},
    }


def _histogram_fields(tree: Any) -> dict[str, Any]:
    names = tree.nodes.dtype.names
    return {
        "raw_bitsets": tree.raw_left_cat_bitsets,
        "binned_bitsets": tree.binned_left_cat_bitsets,
        **{name: tree.nodes[name].copy() for name in names},
    }


def tree(frozen: Any, n_features: Any) -> Any:
    """A `Tree` for rows of `n_features`; raises ArtifactError when a walk down it could leave its arrays."""
    fields = _fields(frozen, "tree", {"n_features", "classes", "depth", "values", *_TREE_COLUMNS})
    nodes = len(fields["values"]) if isinstance(fields["values"], np.ndarray) else 0
    columns = {name: _column(fields[name], nodes, name, name in _TREE_INTS) for name in _TREE_COLUMNS}
    classes = _column(fields["classes"], None, "classes", whole=True)
    if not nodes or not classes.size or classes.min() < 1:
        raise _broken("a tree without nodes or classes")
    if fields["values"].shape != (nodes, len(classes), int(classes.max())) or fields["values"].dtype != np.float64:
        raise _broken("values of a tree do not have one row for each node")
    if type(fields["n_features"]) is not int or fields["n_features"] != n_features or n_features < 1:
        raise _broken("a tree is for rows of another length than its owner's")
    left, right, leaf = columns["left_child"], columns["right_child"], columns["left_child"] == -1
    _check_children(left, right, leaf)
    if not np.array_equal(leaf, right == -1):
        raise _broken("a node of a tree has one child")
    _check_features(columns["feature"][~leaf], n_features)
    if type(fields["depth"]) is not int or not 0 <= fields["depth"] <= nodes:
        raise _broken("the depth of a tree")
    return build_tree(n_features, classes, fields["depth"], fields["values"], **columns)


def histogram(frozen: Any, n_features: int, categorical: NDArray[np.bool_]) -> Any:
    """A `TreePredictor` of histogram boosting, checked likewise; `categorical`, (features,), tells which are."""
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE  # noqa: PLC0415
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor  # noqa: PLC0415

    names = PREDICTOR_RECORD_DTYPE.names
    fields = _fields(frozen, "histogram", {"raw_bitsets", "binned_bitsets", *names})
    nodes = len(fields["value"]) if isinstance(fields["value"], np.ndarray) else 0
    records = np.zeros(nodes, dtype=PREDICTOR_RECORD_DTYPE)
    for name in names:
        column = _column(fields[name], nodes, name)
        if column.dtype != PREDICTOR_RECORD_DTYPE[name]:
            raise _broken(f"{name} of a tree holds {column.dtype}")
        records[name] = column
    if not nodes:
        raise _broken("a tree without nodes")
    for name in ("raw_bitsets", "binned_bitsets"):
        bits = fields[name]
        if (
            not isinstance(bits, np.ndarray)
            or bits.ndim != 2
            or bits.shape[1] != _BITSET_WORDS
            or bits.dtype != np.uint32
        ):
            raise _broken("sets of categories of a tree")
    leaf = records["is_leaf"] != 0
    _check_children(records["left"].astype(np.int64), records["right"].astype(np.int64), leaf)
    inner = records[~leaf]
    _check_features(inner["feature_idx"], n_features)
    splits = inner[inner["is_categorical"] != 0]
    if not categorical[splits["feature_idx"]].all() or (splits["bitset_idx"] >= len(fields["raw_bitsets"])).any():
        raise _broken("a node of a tree asks for categories that do not exist")
    return TreePredictor(
        records, np.ascontiguousarray(fields["binned_bitsets"]), np.ascontiguousarray(fields["raw_bitsets"])
    )


def neighbours(frozen: Any, rows: NDArray[Any], leaf_size: Any, metric: str, parameters: dict[str, Any]) -> Any:
    """The structure of neighbours over rows, rebuilt; raises ArtifactError where scikit-learn refuses."""
    from sklearn.neighbors import BallTree, KDTree  # noqa: PLC0415

    fields = _fields(frozen, "neighbours", {"kind"})
    if fields["kind"] not in {"KDTree", "BallTree"}:
        raise _broken("a structure of neighbours of an unknown kind")
    try:
        return {"KDTree": KDTree, "BallTree": BallTree}[fields["kind"]](rows, leaf_size, metric=metric, **parameters)
    except (ValueError, TypeError, KeyError) as error:
        raise _broken(f"a structure of neighbours: {error}") from error


def _fields(frozen: Any, kind: str, names: set[str]) -> dict[str, Any]:
    if type(frozen) is not Frozen or vars(frozen).keys() != {"kind", "fields"} or frozen.kind != kind:
        raise _broken(f"expected the arrays of a {kind}, got {type(frozen).__name__}")
    if type(frozen.fields) is not dict or frozen.fields.keys() != names:
        raise _broken(f"the arrays of a {kind} have other names")
    return frozen.fields


def _column(value: Any, nodes: int | None, name: str, whole: bool = False) -> NDArray[Any]:  # noqa: FBT001, FBT002
    if not isinstance(value, np.ndarray) or value.ndim != 1 or (nodes is not None and len(value) != nodes):
        raise _broken(f"{name} of a tree is no list with one entry for each node")
    if value.dtype.kind not in ("i" if whole else "iufb"):
        raise _broken(f"{name} of a tree holds {value.dtype}")
    return value


def _check_children(left: NDArray[Any], right: NDArray[Any], leaf: NDArray[np.bool_]) -> None:
    """Each node but the first has one parent, which stands before it."""
    own = np.arange(len(leaf))[~leaf]
    children = np.concatenate([left[~leaf], right[~leaf]])
    if (left[~leaf] <= own).any() or (right[~leaf] <= own).any() or (children >= len(leaf)).any():
        raise _broken("a child of a tree is out of range")
    if (np.bincount(children, minlength=len(leaf))[1:] != 1).any():
        raise _broken("a node of a tree has several parents, or none")


def _check_features(features: NDArray[Any], n_features: int) -> None:
    if ((features < 0) | (features >= n_features)).any():
        raise _broken("a node of a tree asks for a feature that does not exist")


def _broken(what: str) -> ArtifactError:
    return ArtifactError(f"{AUDITED} is damaged, or not made by packing: {what}")
