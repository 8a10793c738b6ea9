"""`model.skops`: what it may hold, and attributes that compiled code would believe."""

import io
import json
import operator
import zipfile
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import skops.io
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from sminference import audited
from sminference.audited.native import Frozen, freeze
from sminference.manifest import ArtifactError

X, Y = load_iris(return_X_y=True)
SCHEMA = "schema.json"


def crafted(estimator: Any, edit: Callable[[Any], object]) -> bytes:
    """The file as skops writes it for an estimator whose attributes somebody edited."""
    copy = freeze(estimator)
    edit(copy)
    content: bytes = skops.io.dumps(copy)
    return content


def put(name: str, value: Any) -> Callable[[Any], None]:
    """Sets what stands at a path of attributes, keys and places, such as `tree_.fields.feature.0`."""

    def edit(estimator: Any) -> None:
        *path, last = name.split(".")
        at = estimator
        for step in path:
            at = (
                at[int(step)]
                if isinstance(at, (list, np.ndarray))
                else at[step]
                if isinstance(at, dict)
                else vars(at)[step]
            )
        target: Any = at if isinstance(at, (dict, list, np.ndarray)) else vars(at)
        key: Any = int(last) if isinstance(at, (list, np.ndarray)) else last
        target[key] = value(target[key]) if callable(value) else value

    return edit


def grown(array: Any) -> Any:
    return np.concatenate([array, array])


TREE = DecisionTreeClassifier(max_depth=3, random_state=0)
BOOSTING = GradientBoostingClassifier(n_estimators=2, loss="log_loss", init=GaussianNB())
HISTOGRAM = HistGradientBoostingClassifier(max_iter=2, max_depth=2)
NEIGHBOURS = KNeighborsClassifier(3, algorithm="kd_tree")
VECTORS = SVC()
CODES = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression(max_iter=2000))
CENTERS = KMeans(3, n_init=1)
STACK = StackingClassifier([("nb", GaussianNB())], final_estimator=GaussianNB(), cv=2)
FAULTS: dict[str, tuple[Any, str, Any, str]] = {
    "a child out of range": (TREE, "tree_.fields.left_child.0", 10**9, "a child of a tree is out of range"),
    "a child before its parent": (TREE, "tree_.fields.right_child.0", 0, "a child of a tree is out of range"),
    "a child below zero": (TREE, "tree_.fields.left_child.0", -7, "a child of a tree is out of range"),
    "one child": (TREE, "tree_.fields.right_child.0", -1, "a child of a tree is out of range"),
    "two parents": (TREE, "tree_.fields.left_child.0", 3, "several parents, or none"),
    "a feature out of range": (TREE, "tree_.fields.feature.0", 4, "a feature that does not exist"),
    "children as fractions": (TREE, "tree_.fields.left_child", lambda a: a.astype(float), "left_child of a tree holds float64"),
    "a shorter column": (TREE, "tree_.fields.threshold", lambda a: a[:-1], "threshold of a tree is no list with one entry"),
    "fewer values": (TREE, "tree_.fields.values", lambda a: a[:, :, :-1], "values of a tree do not have one row"),
    "classes without end": (TREE, "tree_.fields.classes", lambda a: a * 0 + 10**12, "values of a tree do not have one row"),
    "more outputs": (TREE, "tree_.fields.classes", grown, "values of a tree do not have one row"),
    "no depth": (TREE, "tree_.fields.depth", -1, "the depth of a tree"),
    "rows of another length": (TREE, "n_features_in_", 2, "a tree is for rows of another length"),
    "no length of rows": (TREE, "n_features_in_", None, "DecisionTreeClassifier.n_features_in_ does not fit"),
    "no arrays": (TREE, "tree_", Frozen("neighbours", {}), "expected the arrays of a tree"),
    "other arrays": (TREE, "tree_", Frozen("tree", {}), "the arrays of a tree have other names"),
    "a tree that nobody owns": (TREE, "criterion", Frozen("tree", {}), "Frozen at a place where it does not belong"),
    "more columns than trees": (BOOSTING, "n_trees_per_iteration_", 1, "n_trees_per_iteration_ does not fit the rest"),
    "a stage that is no tree": (BOOSTING, "estimators_", lambda a: np.full(a.shape, None), "estimators_ does not fit"),
    "boosting from fewer classes": (
        BOOSTING,
        "init_",
        lambda _: GaussianNB().fit(X[:100], Y[:100]),
        "init_ does not fit the rest",
    ),
    "boosting of shorter rows": (BOOSTING, "n_features_in_", 3, "estimators_ does not fit the rest"),
    "a bin's child out of range": (HISTOGRAM, "_predictors.0.0.fields.left.0", 9999, "a child of a tree is out of range"),
    "a bin's feature": (HISTOGRAM, "_predictors.0.0.fields.feature_idx.0", 4, "a feature that does not exist"),
    "a category of none": (HISTOGRAM, "_predictors.0.0.fields.is_categorical", lambda a: a * 0 + 1, "categories that do not"),
    "narrow sets of categories": (HISTOGRAM, "_predictors.0.0.fields.raw_bitsets", np.zeros((1, 2), np.uint32), "sets of"),
    "no bin for a feature": (HISTOGRAM, "_bin_mapper.bin_thresholds_", lambda a: a[:-1], "bin_thresholds_ does not fit"),
    "a category too large": (HISTOGRAM, "_bin_mapper.is_categorical_.0", 1, "bin_thresholds_ does not fit the rest"),
    "shorter rows of neighbours": (NEIGHBOURS, "_fit_X", lambda a: a[:, :2].copy(), "_fit_X does not fit the rest"),
    "a class of no name": (NEIGHBOURS, "_y.0", 3, "_y does not fit the rest"),
    "more rows than there are": (NEIGHBOURS, "n_samples_fit_", 10**6, "n_samples_fit_ does not fit the rest"),
    "more neighbours than rows": (NEIGHBOURS, "n_neighbors", 151, "n_neighbors does not fit the rest"),
    "an unknown metric": (NEIGHBOURS, "effective_metric_", "none", "a structure of neighbours: "),
    "neighbours of another kind": (NEIGHBOURS, "_tree", Frozen("neighbours", {"kind": "eval"}), "of an unknown kind"),
    "fewer support vectors": (VECTORS, "support_vectors_", lambda a: a[:-1], "_n_support does not fit the rest"),
    "narrow support vectors": (VECTORS, "support_vectors_", lambda a: a[:, :1].copy(), "support_vectors_ does not fit"),
    "more classes than vectors": (VECTORS, "_n_support", grown, "_n_support does not fit the rest"),
    "fewer coefficients": (VECTORS, "_dual_coef_", lambda a: a[:1], "_dual_coef_ does not fit the rest"),
    "no intercept": (VECTORS, "_intercept_", lambda a: a[:0], "_intercept_ does not fit the rest"),
    "one probability": (VECTORS, "_probA", np.zeros(1), "_probA does not fit the rest"),
    "another machine": (VECTORS, "_impl", "nu_svr", "_impl hides a method, or what all of its class have"),
    "shorter centers": (CENTERS, "cluster_centers_", lambda a: a[:, :1].copy(), "cluster_centers_ does not fit the rest"),
    "a dropped code beyond the last": (
        CODES,
        "steps.0",
        lambda step: (step[0], dropping(step[1])),
        "drop_idx_ does not fit the rest",
    ),
    "a method of arrays": (STACK, "stack_method_.0", "tofile", "stack_method_ names what is no method that predicts"),
    "an attribute for a method": (STACK, "predict", 1, "predict hides a method"),
    "an attribute of Python": (STACK, "__class__", 1, "has an attribute '__class__'"),
}  # fmt: skip


def dropping(encoder: Any) -> Any:
    encoder._drop_idx_after_grouping = np.array([99, None, None, None], dtype=object)
    return encoder


@pytest.mark.filterwarnings("ignore:Found unknown categories")
@pytest.mark.parametrize("fault", FAULTS, ids=list(FAULTS))
def test_attributes_that_compiled_code_would_believe_are_checked(fault: str) -> None:
    estimator, place, value, message = FAULTS[fault]
    with pytest.raises(ArtifactError, match=message):
        audited.loads(crafted(estimator.fit(X, Y), put(place, value)))


def test_the_width_of_a_coded_matrix_is_counted_anew() -> None:
    loaded = audited.loads(crafted(OneHotEncoder().fit(X), put("_n_features_outs", [1, 1, 1, 1])))
    assert loaded.transform(X[:1]).shape == OneHotEncoder().fit(X).transform(X[:1]).shape


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (np.log1p, "numpy.log1p"),
        (np.load, "numpy.load"),
        (print, "builtins.print"),
        (bytearray, "builtins.bytearray"),
        (str, "builtins.str"),
        (np.str_, "numpy.str_"),
        (map, "builtins.map"),
        (partial(print, "x"), "functools.partial"),
        (operator.methodcaller("tofile"), "operator.methodcaller"),
        (GaussianNB().predict, "sklearn.naive_bayes.GaussianNB.predict"),
        (b"bytes", "builtins.bytes"),
        (bytearray(b"bytes"), "builtins.bytearray"),
        (csr_matrix(np.eye(2)), "scipy.sparse"),
        (RadiusNeighborsClassifier(), "RadiusNeighborsClassifier"),
        (frozenset({1}), "builtins.frozenset"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_plain_value_is_refused_by_name(value: Any, name: str) -> None:
    estimator = FunctionTransformer(None)
    estimator.func = value
    with pytest.raises(
        ArtifactError, match=rf"model.skops holds .*{name}.*not among the types that are served .*; \w+"
    ):
        audited.loads(skops.io.dumps(make_pipeline(estimator, GaussianNB().fit(X, Y))))


def edited(edit: Callable[[dict[str, Any]], object]) -> bytes:
    """A good file whose description somebody edited."""
    good = audited.dumps(GaussianNB().fit(X, Y))
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    document = json.loads(files[SCHEMA])
    edit(document)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in (files | {SCHEMA: json.dumps(document).encode()}).items():
            archive.writestr(name, content)
    return stream.getvalue()


def attributes(document: dict[str, Any]) -> dict[str, Any]:
    return document["content"]["content"]  # type: ignore[no-any-return]


def nested(document: dict[str, Any]) -> None:
    value: dict[str, Any] = attributes(document)["priors"]
    for _ in range(300):
        value = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": [value]}
    attributes(document)["priors"] = value


def itself(document: dict[str, Any]) -> None:
    reference = {key: document[key] for key in ("__class__", "__module__", "__id__")} | {"__loader__": "CachedNode"}
    attributes(document)["priors"] = reference


def type_of_a_key(document: dict[str, Any]) -> None:
    """The type of the first key, which may be called for keys, gets a number; that number stands for a value too."""
    kind = document["content"]["key_types"]["content"][0]
    kind["__id__"] = 77
    attributes(document)["priors"] = {**kind, "__loader__": "CachedNode"}


TUPLE: dict[str, Any] = {
    "__class__": "tuple",
    "__module__": "builtins",
    "__loader__": "TupleNode",
    "content": [{"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": "999999999"}] * 3,
}
DESCRIPTIONS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "an older protocol": (lambda d: d.update(protocol=0), "another version of skops"),
    "no protocol": (lambda d: d.pop("protocol"), "no description of an estimator"),
    "an unknown loader": (lambda d: d.update(__loader__="EvalNode"), "not among the types"),
    "a loader of another type": (lambda d: d.update(__loader__="NdArrayNode", type="numpy", file="0.npy"), "not among"),
    "depth": (nested, "nested more than 200 deep"),
    "an object that holds itself": (itself, "an object that holds itself"),
    "the type of a key as a value": (type_of_a_key, "holds builtins.str, which is not among the types"),
    "a key of another type": (
        lambda d: d["content"]["key_types"]["content"][0].update(__class__="eval"),
        "holds builtins.eval",
    ),
    "fewer types than keys": (lambda d: d["content"]["key_types"]["content"].pop(), "more types than keys"),
    "a dictionary of another type": (lambda d: d["content"].update(__class__="bytearray"), "holds builtins.bytearray"),
    "JSON that is no plain value": (lambda d: attributes(d)["priors"].update(content="[1]"), "not among the types"),
    "a file that is not there": (lambda d: attributes(d)["theta_"].update(file="../x"), "can't be read: KeyError"),
    "an array of objects for many": (
        lambda d: attributes(d)["theta_"].update(type="json", content=[], shape=dict(TUPLE)),
        "an array of objects of shape",
    ),
}


@pytest.mark.parametrize("fault", DESCRIPTIONS, ids=list(DESCRIPTIONS))
def test_a_description_that_packing_would_not_write_is_refused(fault: str) -> None:
    edit, message = DESCRIPTIONS[fault]
    with pytest.raises(ArtifactError, match=message):
        audited.loads(edited(edit))


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_file_of_skops_is_refused(content: bytes) -> None:
    with pytest.raises(ArtifactError, match=r"model.skops can't be read"):
        audited.loads(content)


def test_compressed_entries_are_refused_for_they_may_take_any_memory() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(SCHEMA, b" " * (1 << 22))
    with pytest.raises(ArtifactError, match="takes 4194304 bytes unpacked"):
        audited.loads(stream.getvalue())


@pytest.mark.parametrize("value", [{}, [1.0], "text", KNeighborsClassifier], ids=str)
def test_what_is_no_estimator_is_refused(value: Any) -> None:
    with pytest.raises(ArtifactError, match=r"must hold a fitted scikit-learn estimator|not among the types"):
        audited.loads(skops.io.dumps(value))


def test_equal_estimators_give_equal_bytes_and_jobs_are_set_to_one() -> None:
    def fitted() -> Any:
        inner = RandomForestClassifier(3, random_state=0, n_jobs=-1)
        return make_pipeline(
            make_column_transformer(("passthrough", [0, 1, 2])), VotingClassifier([("rf", inner)], n_jobs=2)
        ).fit(X, Y)

    one, other = audited.dumps(fitted()), audited.dumps(fitted())
    assert one == other
    loaded = audited.loads(one)
    assert loaded[-1].n_jobs == loaded[-1].estimators_[0].n_jobs == loaded[-1].estimators[0][1].n_jobs == 1
