"""The trees of a forest or of gradient boosting as flat arrays, without scikit-learn.

scikit-learn rounds its input to float32 and compares it in float64 with the thresholds; whoever walks these arrays must
do the same, through `rounded`. Sums run over the trees in their order, so that every float has the same bits.
"""

import io
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from sminference.arrays import array, entries
from sminference.manifest import TREES, ArtifactError

Aggregate = Literal["mean", "softmax", "expit"]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

_MAX_BYTES = 1 << 30  # of all arrays; some ten million nodes
# A row walks no further. Trees are as deep as training made them: some dozens of levels, rarely some hundreds.
_MAX_DEPTH = 4096
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
    """The trees in `content`; raises ArtifactError when the arrays can't be walked safely. Whatever `content` is, no
    more than 1 GiB of memory is taken to read it, and no code of it is run.
    """
    try:
        files = entries(content, TREES, _MAX_BYTES)
        stored = {item.name: array(files.pop(f"{item.name}.npy"), f"{TREES}: {item.name}") for item in fields(Trees)}
    except KeyError as error:
        raise ArtifactError(f"{TREES} has no {error.args[0]}") from error
    if files:
        raise ArtifactError(f"{TREES} holds {min(files)!r}, which is no array of a forest")
    for name, kinds in (("aggregate", "U"), ("n_features", "iu")):
        if stored[name].shape != () or stored[name].dtype.kind not in kinds:
            raise ArtifactError(f"{TREES} is not a forest: {name} has shape {stored[name].shape} instead of ()")
    given: dict[str, Any] = {**stored, "aggregate": str(stored["aggregate"]), "n_features": int(stored["n_features"])}
    return checked(Trees(**given), TREES)


def checked(trees: Trees, where: str) -> Trees:
    """The same trees; raises ArtifactError when they can't be walked by one who believes every index."""
    if problem := _layout_problem(trees) or _walk_problem(trees) or _number_problem(trees):
        raise ArtifactError(f"{where} is not a forest: {problem}")
    return trees


def _layout_problem(trees: Trees) -> str | None:
    nodes, columns = trees.feature.size, trees.initial.size
    for names, dtype in ((_INTS, np.int32), (_FLOATS, np.float64)):
        for name in names:
            if getattr(trees, name).dtype != dtype:
                return f"{name} holds {getattr(trees, name).dtype} instead of {np.dtype(dtype)}"
    if trees.aggregate not in get_args(Aggregate):
        return f"unknown aggregate {trees.aggregate[:40]!r}"
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
    if not nodes or not columns or not trees.root.size:
        return "it has no trees"
    return None


def _walk_problem(trees: Trees) -> str | None:
    nodes, columns = trees.feature.size, trees.initial.size
    pairs = trees.child.reshape(-1, 2)
    own = np.arange(nodes)
    leaf = pairs[:, 0] == own
    inner = pairs[~leaf]
    if not np.array_equal(leaf, pairs[:, 1] == own) or not np.all(inner > own[~leaf, None]) or pairs.max() >= nodes:
        return "a child stands before its parent"
    if trees.root.min() < 0 or trees.root.max() >= nodes:
        return "a root is no node"
    if trees.root[0] or (np.diff(trees.root) <= 0).any():
        return "its trees do not follow each other"
    # Each node has one parent or is a root, and belongs to the tree that it stands in: else a walk, or a list of all
    # paths, could take any time.
    if (np.bincount(np.concatenate([inner.ravel(), trees.root]), minlength=nodes) != 1).any():
        return "a node has several parents, or none"
    tree = np.repeat(np.arange(trees.root.size), np.diff([*trees.root, nodes]))
    if (tree[inner] != tree[~leaf, None]).any():
        return "a child stands in another tree"
    if trees.feature.min() < 0 or trees.feature.max() >= trees.n_features:
        return "a node asks for a feature that does not exist"
    if trees.column.min() < 0 or trees.column.max() >= columns:
        return "a tree adds to a column that does not exist"
    if trees.aggregate != "mean" and (
        trees.root.size % columns or (trees.column.reshape(-1, columns) != np.arange(columns)).any()
    ):
        return "its trees don't add to the columns in turn"
    return f"a path is longer than {_MAX_DEPTH} nodes" if _too_deep(trees) else None


def _too_deep(trees: Trees) -> bool:
    node: NDArray[Any] = trees.root
    for _ in range(_MAX_DEPTH):
        node = node[trees.child[2 * node] != node]
        if not len(node):
            return False
        node = np.concatenate([trees.child[2 * node], trees.child[2 * node + 1]])
    return True


def _number_problem(trees: Trees) -> str | None:
    """Thresholds may be infinite: a leaf has none, and a split between missing values and all others no finite one."""
    for name in ("value", "cover", "initial"):
        if not np.isfinite(getattr(trees, name)).all():
            return f"{name} holds what is no finite number"
    if np.isnan(trees.threshold).any():
        return "threshold holds what is no number"
    return "cover holds a negative weight" if trees.cover.min() < 0 else None


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
