"""The trees of a forest or of gradient boosting as flat arrays, without scikit-learn.

scikit-learn rounds its input to float32 and compares it in float64 with the thresholds; whoever walks these arrays must
do the same, through `rounded`. Sums run over the trees in their order, so that every float has the same bits.
"""

import io
import zipfile
import zlib
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sminference.manifest import TREES, ArtifactError

Aggregate = Literal["mean", "softmax", "expit"]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

# What numpy and zipfile raise for damaged files.
_UNREADABLE = (OSError, ValueError, TypeError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)
_INTS = ("feature", "child", "root", "column")
_FLOATS = ("threshold", "value", "cover", "initial")


@dataclass(frozen=True)
class Steps:
    """Nodes in pairs, so that place 2i + 1 of `child` is where node i leads when its threshold is exceeded, else 2i.

    `child` and `root` hold such places, not nodes; `feature` and `threshold` stand at both places of a node.
    """

    feature: NDArray[np.intp]
    threshold: Floats
    child: NDArray[np.intp]
    root: NDArray[np.intp]


@dataclass(frozen=True)
class Trees:
    """Nodes of all trees in one numbering, children behind their parent; a leaf is its own child.

    For N nodes, T trees and K columns of raw scores: `feature`, `threshold` (float64), `cover` (training weight) have
    shape (N,), `child` (2N,) with the left one first, `root` and `column` (T,), `initial` (K,). With the aggregate
    "mean" `value` is (N, K) and each tree adds a row of it; else it is (N, 1), and a tree adds to its own `column`.
    """

    aggregate: Aggregate
    n_features: int
    feature: Ints
    threshold: Floats
    child: Ints
    root: Ints
    column: Ints
    value: Floats
    cover: Floats
    initial: Floats

    @property
    def n_columns(self) -> int:
        """K, the number of raw scores a row gets."""
        return len(self.initial)

    @cached_property
    def depth(self) -> int:
        """Comparisons on the longest path."""
        node = np.unique(self.root)
        depth = 0
        while len(node := node[self.child[2 * node] != node]):
            node = np.concatenate([self.child[2 * node], self.child[2 * node + 1]])
            depth += 1
        return depth

    @cached_property
    def steps(self) -> "Steps":
        """The nodes laid out for walking down."""
        return Steps(
            feature=np.repeat(self.feature, 2).astype(np.intp),
            threshold=np.repeat(self.threshold, 2),
            child=2 * self.child.astype(np.intp),
            root=2 * self.root.astype(np.intp),
        )

    def to_npz(self) -> bytes:
        """The arrays as a compressed .npz without pickles; equal trees give equal bytes."""
        stream = io.BytesIO()
        np.savez_compressed(
            stream, allow_pickle=False, **{item.name: getattr(self, item.name) for item in fields(self)}
        )
        return stream.getvalue()


def from_npz(content: bytes) -> Trees:
    """The trees in `content`; raises ArtifactError when the arrays can't be walked safely."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays: dict[str, Any] = {item.name: stored[item.name] for item in fields(Trees)}
        arrays |= {"aggregate": str(arrays["aggregate"]), "n_features": int(arrays["n_features"])}
    except _UNREADABLE as error:
        raise ArtifactError(f"{TREES} can't be read: {error}") from error
    trees = Trees(**arrays)
    if problem := _layout_problem(trees) or _walk_problem(trees):
        raise ArtifactError(f"{TREES} is not a forest: {problem}")
    return trees


def _layout_problem(trees: Trees) -> str | None:
    nodes, columns = trees.feature.size, trees.initial.size
    for names, dtype in ((_INTS, np.int32), (_FLOATS, np.float64)):
        for name in names:
            if getattr(trees, name).dtype != dtype:
                return f"{name} holds {getattr(trees, name).dtype} instead of {np.dtype(dtype)}"
    shapes = {
        "feature": (nodes,),
        "initial": (columns,),
        "root": (trees.root.size,),
        "threshold": (nodes,),
        "child": (2 * nodes,),
        "column": (trees.root.size,),
        "value": (nodes, columns if trees.aggregate == "mean" else 1),
        "cover": (nodes,),
    }
    for name, shape in shapes.items():
        if getattr(trees, name).shape != shape:
            return f"{name} has shape {getattr(trees, name).shape} instead of {shape}"
    return None


def _walk_problem(trees: Trees) -> str | None:
    nodes, columns = trees.feature.size, trees.initial.size
    if trees.aggregate not in {"mean", "softmax", "expit"}:
        return f"unknown aggregate {trees.aggregate!r}"
    if not nodes or not columns or not trees.root.size:
        return "it has no trees"
    pairs = trees.child.reshape(-1, 2)
    own = np.arange(nodes)[:, None]
    if not np.all((pairs > own) | (pairs == own)) or pairs.max() >= nodes:
        return "a child stands before its parent"
    if trees.root.min() < 0 or trees.root.max() >= nodes:
        return "a root is no node"
    if trees.feature.min() < 0 or trees.feature.max() >= trees.n_features:
        return "a node asks for a feature that does not exist"
    if trees.column.min() < 0 or trees.column.max() >= columns:
        return "a tree adds to a column that does not exist"
    return None


def rounded(X: Floats) -> Floats:
    """X as scikit-learn's trees see it: rounded to float32, compared in float64."""
    return X.astype(np.float32).astype(np.float64)


def probabilities(trees: Trees, raw: Floats) -> Floats:
    """Class probabilities from raw scores, shape (rows, K), by the same operations as scikit-learn's."""
    if trees.aggregate == "mean":
        return raw / len(trees.root)
    if trees.aggregate == "softmax":
        shifted: Floats = raw - raw.max(axis=1).reshape(-1, 1)
        np.exp(shifted, out=shifted)
        shifted /= shifted.sum(axis=1).reshape(-1, 1)
        return shifted
    from scipy.special import expit  # noqa: PLC0415 - its bits are not those of 1 / (1 + exp(-x))

    proba = np.empty((len(raw), 2))
    proba[:, 1] = expit(raw[:, 0])
    proba[:, 0] = 1 - proba[:, 1]
    return proba
