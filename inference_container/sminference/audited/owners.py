"""What each estimator keeps for compiled code: built from its arrays, or checked where the estimator keeps arrays
itself.

Each function takes a loaded estimator, and returns the attributes that need no further look since they were built here.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sminference.audited.native import histogram, neighbours, tree
from sminference.manifest import AUDITED, ArtifactError

_CATEGORIES = 256  # below it, in histogram boosting
_NONE: frozenset[str] = frozenset()


def _decision_tree(estimator: Any) -> frozenset[str]:
    estimator.tree_ = tree(_own(estimator, "tree_"), _features(estimator))
    return frozenset({"tree_"})


def _boosting(estimator: Any) -> frozenset[str]:
    """Its compiled loop writes a column for each tree of a stage, and reads the features of its own rows."""
    stages, width = _own(estimator, "estimators_"), _own(estimator, "n_trees_per_iteration_")
    features = _features(estimator)
    _expect(isinstance(stages, np.ndarray) and stages.dtype == object and stages.ndim == 2, estimator, "estimators_")
    _expect(type(width) is int and stages.shape[1] == width > 0, estimator, "n_trees_per_iteration_")
    for one in stages.ravel():
        _expect(type(one).__name__ == "DecisionTreeRegressor", estimator, "estimators_")
        # Its tree was checked against its own number of features, or will be.
        _expect(_features(one) == features, estimator, "estimators_")
        held = _own(one, "tree_")
        values = held.fields.get("values") if hasattr(held, "fields") else held.value
        _expect(np.shape(values)[1:] == (1, 1), estimator, "estimators_")
    start = _own(estimator, "init_")
    _expect((type(start) is str and start == "zero") or hasattr(start, "predict"), estimator, "init_")
    return _NONE


def check_start(estimator: Any) -> None:
    """Raises ArtifactError when boosting starts from other columns than its trees add to; once all of it is built."""
    start = estimator._raw_predict_init(np.zeros((1, estimator.n_features_in_), dtype=np.float32))  # noqa: SLF001
    _expect(start.shape == (1, estimator.n_trees_per_iteration_), estimator, "init_")


def _histogram_boosting(estimator: Any) -> frozenset[str]:
    features, bins = _features(estimator), _own(estimator, "_bin_mapper")
    _expect(_own(estimator, "_n_features") == features, estimator, "_n_features")
    _expect(type(bins).__name__ == "_BinMapper", estimator, "_bin_mapper")
    categorical = _own(bins, "is_categorical_")
    _expect(isinstance(categorical, np.ndarray), bins, "is_categorical_")
    _expect(categorical.shape == (features,) and categorical.dtype.kind in "bu", bins, "is_categorical_")
    thresholds = _own(bins, "bin_thresholds_")
    _expect(isinstance(thresholds, list) and len(thresholds) == features, bins, "bin_thresholds_")
    for values in (thresholds[i] for i in np.flatnonzero(categorical)):
        whole = isinstance(values, np.ndarray) and np.isfinite(values).all() and (values % 1 == 0).all()
        _expect(whole and (values >= 0).all() and (values < _CATEGORIES).all(), bins, "bin_thresholds_")
    stages = _own(estimator, "_predictors")
    width = _own(estimator, "n_trees_per_iteration_")
    _expect(type(stages) is list and all(type(stage) is list for stage in stages), estimator, "_predictors")
    _expect(type(width) is int and all(len(stage) == width for stage in stages), estimator, "_predictors")
    estimator._predictors = [  # noqa: SLF001
        [histogram(one, features, categorical.astype(bool)) for one in stage] for stage in stages
    ]
    return frozenset({"_predictors"})


def _neighbors(estimator: Any) -> frozenset[str]:
    rows, features = _own(estimator, "_fit_X"), _features(estimator)
    _expect(isinstance(rows, np.ndarray) and rows.dtype.kind == "f" and rows.ndim == 2, estimator, "_fit_X")
    _expect(rows.shape[1] == features and rows.flags.c_contiguous and np.isfinite(rows).all(), estimator, "_fit_X")
    _expect(_own(estimator, "n_samples_fit_") == len(rows) > 0, estimator, "n_samples_fit_")
    metric, parameters = _own(estimator, "effective_metric_"), _own(estimator, "effective_metric_params_")
    _expect(type(metric) is str and metric != "precomputed" and estimator.metric != "precomputed", estimator, "metric")
    _expect(type(parameters) is dict, estimator, "effective_metric_params_")
    count = _own(estimator, "n_neighbors")
    _expect(isinstance(count, (int, np.integer)) and 0 < count <= len(rows), estimator, "n_neighbors")
    _expect(_one_of(_own(estimator, "weights"), None, "uniform", "distance"), estimator, "weights")
    method, answers = _own(estimator, "_fit_method"), _own(estimator, "_y")
    _expect(_one_of(method, "brute", "kd_tree", "ball_tree"), estimator, "_fit_method")
    _expect(isinstance(answers, np.ndarray) and len(answers) == len(rows), estimator, "_y")
    if hasattr(estimator, "classes_") and isinstance(estimator.classes_, np.ndarray):
        inside = answers.dtype == np.intp and answers.min() >= 0 and answers.max() < len(estimator.classes_)
        _expect(answers.ndim == 1 and inside, estimator, "_y")
    if method == "brute":
        estimator._tree = None  # noqa: SLF001
    else:
        estimator._tree = neighbours(estimator._tree, rows, estimator.leaf_size, metric, parameters)  # noqa: SLF001
    return frozenset({"_tree"})


def _support_vectors(estimator: Any) -> frozenset[str]:
    """The shapes that libsvm computes addresses with; it is given pointers."""
    _expect(_own(estimator, "_sparse") is False, estimator, "_sparse")
    _expect(_one_of(_own(estimator, "kernel"), "linear", "poly", "rbf", "sigmoid"), estimator, "kernel")
    vectors, counts = _own(estimator, "support_vectors_"), _own(estimator, "_n_support")
    _expect(isinstance(vectors, np.ndarray) and vectors.ndim == 2, estimator, "support_vectors_")
    _expect(vectors.shape[1] == _features(estimator), estimator, "support_vectors_")
    _expect(isinstance(counts, np.ndarray) and counts.ndim == 1 and counts.dtype == np.int32, estimator, "_n_support")
    classifier = hasattr(estimator, "classes_")
    _expect(len(counts) == (len(estimator.classes_) if classifier else 2) >= 2, estimator, "_n_support")
    _expect((counts >= 0).all(), estimator, "_n_support")
    if classifier:
        _expect(counts.sum() == len(vectors), estimator, "_n_support")
    pairs = len(counts) * (len(counts) - 1) // 2
    expected: dict[str, set[tuple[int, ...]]] = {
        "support_": {(len(vectors),)},
        "_dual_coef_": {(len(counts) - 1, len(vectors))},
        "_intercept_": {(pairs,)},
        "_probA": {(pairs,), (0,)},
        "_probB": {(pairs,), (0,)},
    }
    for name, shapes in expected.items():
        held = _own(estimator, name)
        _expect(isinstance(held, np.ndarray) and held.shape in shapes, estimator, name)
    _expect(len(estimator._probA) == len(estimator._probB), estimator, "_probB")  # noqa: SLF001
    return _NONE


def _k_means(estimator: Any) -> frozenset[str]:
    centers = _own(estimator, "cluster_centers_")
    _expect(isinstance(centers, np.ndarray) and centers.ndim == 2 and len(centers) > 0, estimator, "cluster_centers_")
    _expect(centers.shape[1] == _features(estimator), estimator, "cluster_centers_")
    estimator._n_threads = 1  # noqa: SLF001
    return _NONE


def _one_hot(estimator: Any) -> frozenset[str]:
    """It makes a sparse matrix of the codes it finds, whose width it takes from what it was told."""
    categories = _own(estimator, "categories_")
    _expect(type(categories) is list and len(categories) == _features(estimator), estimator, "categories_")
    _expect(all(isinstance(c, np.ndarray) and c.ndim == 1 and len(c) for c in categories), estimator, "categories_")
    if _own(estimator, "_infrequent_enabled"):
        _check_grouping(estimator, categories)
    dropped = _own(estimator, "_drop_idx_after_grouping")
    if dropped is not None:
        _expect(isinstance(dropped, np.ndarray) and len(dropped) == len(categories), estimator, "drop_idx_")
        sizes = _sizes(estimator, categories)
        _expect(
            all(
                d is None or (isinstance(d, (int, np.integer)) and 0 <= d < n)
                for d, n in zip(dropped, sizes, strict=True)
            ),
            estimator,
            "drop_idx_",
        )
    estimator._n_features_outs = estimator._compute_n_features_outs()  # noqa: SLF001
    return _NONE


def _check_grouping(estimator: Any, categories: list[Any]) -> None:
    groups, mappings = _own(estimator, "_infrequent_indices"), _own(estimator, "_default_to_infrequent_mappings")
    for held, name in ((groups, "_infrequent_indices"), (mappings, "_default_to_infrequent_mappings")):
        _expect(type(held) is list and len(held) == len(categories), estimator, name)
    for group, mapping, known in zip(groups, mappings, categories, strict=True):
        _expect((group is None) == (mapping is None), estimator, "_infrequent_indices")
        if group is None:
            continue
        whole = all(isinstance(a, np.ndarray) and a.ndim == 1 and a.dtype.kind == "i" for a in (group, mapping))
        _expect(whole and len(group) > 0 and len(mapping) == len(known), estimator, "_infrequent_indices")
        _expect(group.min() >= 0 and group.max() < len(known), estimator, "_infrequent_indices")
        _expect(len(np.unique(group)) == len(group), estimator, "_infrequent_indices")
        most = len(known) - len(group) + 1
        _expect(mapping.min() >= 0 and mapping.max() < most, estimator, "_default_to_infrequent_mappings")


def _sizes(estimator: Any, categories: list[Any]) -> list[int]:
    """Columns per feature before one of them is dropped."""
    groups = estimator._infrequent_indices if estimator._infrequent_enabled else [None] * len(categories)  # noqa: SLF001
    return [len(c) - (0 if g is None else len(g) - 1) for c, g in zip(categories, groups, strict=True)]


def _one_of(value: Any, *known: str | None) -> bool:
    return value in known if value is None or type(value) is str else False


def _own(estimator: Any, name: str) -> Any:
    found = vars(estimator).get(name, _MISSING)
    _expect(found is not _MISSING, estimator, name)
    return found


def _features(estimator: Any) -> int:
    """Columns of the rows that it takes, which scikit-learn compares with those it is given."""
    found = _own(estimator, "n_features_in_")
    _expect(type(found) is int and found > 0, estimator, "n_features_in_")
    return int(found)


def _expect(holds: Any, estimator: Any, name: str) -> None:
    if not holds:
        raise ArtifactError(
            f"{AUDITED} is damaged, or not made by packing: {type(estimator).__name__}.{name} does not fit the rest"
        )


_MISSING = object()

# By class: what `fit` leaves and nothing predicts without, and the function for an estimator that has it.
_OWNERS: Mapping[str, tuple[str, Callable[[Any], frozenset[str]]]] = {
    **dict.fromkeys(
        ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor"),
        ("tree_", _decision_tree),
    ),
    **dict.fromkeys(("GradientBoostingClassifier", "GradientBoostingRegressor"), ("estimators_", _boosting)),
    **dict.fromkeys(
        ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"), ("_predictors", _histogram_boosting)
    ),
    **dict.fromkeys(("KNeighborsClassifier", "KNeighborsRegressor"), ("_fit_X", _neighbors)),
    **dict.fromkeys(("NuSVC", "NuSVR", "OneClassSVM", "SVC", "SVR"), ("support_vectors_", _support_vectors)),
    **dict.fromkeys(("KMeans", "MiniBatchKMeans"), ("cluster_centers_", _k_means)),
    "OneHotEncoder": ("categories_", _one_hot),
}


def built(estimator: Any) -> frozenset[str]:
    """Builds and checks what this estimator keeps for compiled code; the attributes that were built.

    Raises ArtifactError when they do not fit. One that was never fitted, the pattern of others, keeps nothing.
    """
    attribute, function = _OWNERS.get(type(estimator).__name__, ("", None))
    return function(estimator) if function is not None and attribute in vars(estimator) else _NONE
