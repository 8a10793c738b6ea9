"""What a pickle may ask for, and what it may not; and the families of estimators, as a pickle and as audited types."""

import io
import os
import pickle
import pickletools
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectFromModel
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from sminference import audited
from sminference.manifest import ArtifactError
from sminference.unpickle import loads

CLASSIFIERS: list[Any] = [
    RandomForestClassifier(5, random_state=np.random.RandomState(0)),
    ExtraTreesClassifier(5),
    GradientBoostingClassifier(n_estimators=3),
    GradientBoostingClassifier(n_estimators=3, init=DummyClassifier()),
    HistGradientBoostingClassifier(max_iter=3),
    DecisionTreeClassifier(),
    AdaBoostClassifier(n_estimators=3),
    BaggingClassifier(n_estimators=3),
    LogisticRegression(max_iter=2000),
    SGDClassifier(loss="log_loss"),
    LinearDiscriminantAnalysis(),
    GaussianNB(),
    KNeighborsClassifier(algorithm="kd_tree"),
    KNeighborsClassifier(algorithm="ball_tree"),
    SVC(),
    LinearSVC(),
    MLPClassifier(max_iter=1000),
    GaussianProcessClassifier(),
    make_pipeline(SimpleImputer(), StandardScaler(), SelectFromModel(RandomForestClassifier(3)), LogisticRegression()),
    make_pipeline(ColumnTransformer([("scale", StandardScaler(), [0, 1])], remainder="passthrough"), GaussianNB()),
    VotingClassifier([("nb", GaussianNB()), ("tree", DecisionTreeClassifier())], voting="soft"),
    StackingClassifier([("nb", GaussianNB()), ("tree", DecisionTreeClassifier())]),
    CalibratedClassifierCV(GaussianNB(), cv=2),
    CalibratedClassifierCV(GaussianNB(), cv=2, method="isotonic"),
    GridSearchCV(DecisionTreeClassifier(), {"max_depth": [2, 3]}, cv=2),
    GradientBoostingClassifier(n_estimators=3, init=RandomForestClassifier(3)),
    SVC(probability=True),
    make_pipeline(
        ColumnTransformer(
            [("codes", OneHotEncoder(handle_unknown="ignore", min_frequency=3, drop="first"), [0, 1])],
            remainder="passthrough",
        ),
        LogisticRegression(max_iter=2000),
    ),
    BaggingClassifier(KNeighborsClassifier(weights="distance"), n_estimators=2, max_features=2),
    OneVsRestClassifier(LinearSVC()),
]
REGRESSORS: list[Any] = [
    RandomForestRegressor(5),
    GradientBoostingRegressor(n_estimators=3),
    HistGradientBoostingRegressor(max_iter=3),
    LinearRegression(),
    Ridge(),
    IsolationForest(n_estimators=3),
    SVR(),
    KMeans(3),
    GaussianProcessRegressor(),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda e: type(e).__name__)
def test_fitted_classifiers_of_every_family_are_loaded_and_answer_the_same(estimator: Any) -> None:
    X, y = load_iris(return_X_y=True)
    estimator.fit(X, y)
    for loaded in (loads(pickle.dumps(estimator)), audited.loads(audited.dumps(estimator))):
        assert np.array_equal(loaded.predict(X), estimator.predict(X))
        if hasattr(estimator, "predict_proba"):
            assert np.array_equal(loaded.predict_proba(X), estimator.predict_proba(X))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", REGRESSORS, ids=lambda e: type(e).__name__)
def test_fitted_regressors_are_loaded_and_answer_the_same(estimator: Any) -> None:
    X, y = (whole[:120] for whole in load_diabetes(return_X_y=True))
    estimator.fit(X, y)
    for loaded in (loads(pickle.dumps(estimator)), audited.loads(audited.dumps(estimator))):
        assert np.array_equal(loaded.predict(X), estimator.predict(X))


class Calls:
    """Pickles as a call of any function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> Any:
        return self._call


class OwnClass:
    pass


HARMFUL: dict[str, Any] = {
    "os.system": Calls(os.system, "true"),
    "subprocess.Popen": Calls(subprocess.Popen, ["true"]),
    "eval": Calls(eval, "1"),
    "exec": Calls(exec, "1"),
    "getattr": Calls(getattr, "x", "upper"),
    "open": Calls(open, "/dev/null"),
    "numpy.load": Calls(np.load, "/dev/null"),
    "numpy.fromfile": Calls(np.fromfile, "/dev/null"),
    "functools.partial": Calls(partial, os.getcwd),
    "a class of one's own": OwnClass(),
    "a function inside an estimator": FunctionTransformer(os.system),
    "a loader of data sets": Calls(load_breast_cancer),
}


@pytest.mark.parametrize("what", HARMFUL, ids=list(HARMFUL))
def test_anything_but_scikit_learn_is_refused_by_name(what: str) -> None:
    with pytest.raises(ArtifactError, match=r"model.pkl asks for .*, which is no part of a scikit-learn estimator"):
        loads(pickle.dumps(HARMFUL[what]))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("sklearn.base", "os.system"),
        ("sklearn.ensemble._forest", "threading"),
        ("sklearn.datasets._openml", "fetch_openml"),
        ("sklearn.externals.array_api_compat", "numpy"),
        ("sklearn.utils", "Bunch.__class__"),
        ("sklearn.base", "clone"),
    ],
)
def test_modules_and_functions_reachable_through_scikit_learn_are_refused(module: str, name: str) -> None:
    pickled = (
        b"\x80\x04"
        + b"".join(pickle.SHORT_BINUNICODE + bytes([len(text)]) + text.encode() for text in (module, name))
        + pickle.STACK_GLOBAL
        + b"."
    )
    pickletools.dis(pickled, out=io.StringIO())  # a well-formed pickle
    with pytest.raises(ArtifactError, match="asks for"):
        loads(pickled)


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x80", pickle.dumps({"a": 1}), pickle.dumps([1.0])])
def test_what_is_no_pickled_estimator_is_refused(content: bytes) -> None:
    with pytest.raises(ArtifactError, match=r"can't be unpickled here|must hold a fitted scikit-learn estimator"):
        loads(content)


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("lzma", 3), ("xz", 3)], ids=str)
def test_what_joblib_wrote_is_told_what_to_do(compress: Any, tmp_path: Path) -> None:
    X, y = load_iris(return_X_y=True)
    joblib.dump(RandomForestClassifier(3).fit(X, y), tmp_path / "model", compress=compress)
    with pytest.raises(ArtifactError, match=r"joblib.dump.*; read it with joblib.load .* write it with pickle.dump"):
        loads((tmp_path / "model").read_bytes())


def test_jobs_are_set_to_one_wherever_they_hide() -> None:
    X, y = load_iris(return_X_y=True)
    inner = RandomForestClassifier(3, n_jobs=-1)
    whole = make_pipeline(StandardScaler(), VotingClassifier([("rf", inner)], n_jobs=2)).fit(X, y)
    loaded = loads(pickle.dumps(whole))
    assert loaded[-1].n_jobs == 1
    assert loaded[-1].estimators_[0].n_jobs == 1
    assert loaded[-1].estimators[0][1].n_jobs == 1
