"""An unpickler that resolves nothing but what a fitted scikit-learn estimator is made of.

It is defence in depth and no boundary: allowed classes, put together by somebody who knows them, write files and end
the process while they are loaded (tests/inference/test_artifact_exploits.py does both). So a pickle is read only where
whoever runs the container asks for it, or who packs a model says that they trust it. What needs no trust is `trees.npz`
and `model.skops`.
"""

import importlib
import io
import pickle
import warnings
from threading import Lock
from typing import Any

from sminference.manifest import PICKLE, ArtifactError

_LOSSES = (
    "CyHalfBinomialLoss CyHalfMultinomialLoss CyHalfSquaredError CyAbsoluteError CyExponentialLoss CyHalfPoissonLoss "
    "CyHalfGammaLoss CyPinballLoss CyHuberLoss"
)
# Functions and classes outside the estimators themselves, each by its full name: constructors of arrays, of random
# states, of trees and of loss functions. By itself none reads a file, starts a process or evaluates text.
_HELPERS: frozenset[tuple[str, str]] = frozenset(
    (module, name)
    for module, names in {
        "builtins": "object slice complex set frozenset bytearray range",
        "collections": "OrderedDict defaultdict",
        "copyreg": "_reconstructor",
        "numpy": "ndarray dtype float32 float64 int32 int64 bool_ bool uint8 str_",
        "numpy.core.multiarray": "_reconstruct scalar",
        "numpy._core.multiarray": "_reconstruct scalar",
        "numpy.core.numeric": "_frombuffer",
        "numpy._core.numeric": "_frombuffer",
        "numpy.ma": "MaskedArray",
        "numpy.ma.core": "MaskedArray _mareconstruct",
        "numpy.random._mt19937": "MT19937",
        "numpy.random._pickle": "__randomstate_ctor __generator_ctor __bit_generator_ctor",
        "numpy.random._pcg64": "PCG64",
        "numpy.random.bit_generator": "SeedSequence __pyx_unpickle_SeedSequence",
        "scipy.sparse._csr": "csr_matrix csr_array",
        "scipy.sparse._csc": "csc_matrix csc_array",
        "sklearn.tree._tree": "Tree",
        "sklearn.utils._bunch": "Bunch",
        "sklearn._loss._loss": f"{_LOSSES} {_LOSSES.replace('Cy', '__pyx_unpickle_Cy')}",
        "sklearn._loss.link": "Interval IdentityLink LogLink LogitLink HalfLogitLink MultinomialLogit",
        "sklearn._loss.loss": (
            "HalfBinomialLoss HalfMultinomialLoss HalfSquaredError AbsoluteError ExponentialLoss HalfPoissonLoss "
            "HalfGammaLoss PinballLoss HuberLoss"
        ),
        "sklearn.ensemble._hist_gradient_boosting.predictor": "TreePredictor",
        "sklearn.neighbors._kd_tree": "KDTree KDTree64 KDTree32 newObj",
        "sklearn.neighbors._ball_tree": "BallTree BallTree64 BallTree32 newObj",
        "sklearn.metrics._dist_metrics": (
            "newObj EuclideanDistance64 EuclideanDistance32 EuclideanDistance ManhattanDistance64 ManhattanDistance32 "
            "MinkowskiDistance64 MinkowskiDistance32 ChebyshevDistance64 ChebyshevDistance32"
        ),
        "sklearn.metrics._scorer": "_PassthroughScorer",
        "sklearn.model_selection._split": "KFold StratifiedKFold",
        "sklearn.linear_model._sgd_fast": (
            "Hinge SquaredHinge ModifiedHuber EpsilonInsensitive SquaredEpsilonInsensitive"
        ),
        "sklearn.calibration": "_CalibratedClassifier _SigmoidCalibration",
        "sklearn.neural_network._stochastic_optimizers": "AdamOptimizer SGDOptimizer",
        "sklearn.gaussian_process.kernels": (
            "RBF ConstantKernel WhiteKernel Matern RationalQuadratic ExpSineSquared DotProduct Sum Product "
            "Exponentiation Hyperparameter"
        ),
    }.items()
    for name in names.split()
)
# What joblib keeps of arrays stands beside the pickle, in a form of its own.
_JOBLIB = "read it with joblib.load where you trust it, and write it with pickle.dump"
_COMPRESSED = (b"x\x01", b"x^", b"x\x9c", b"x\xda", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"]\x00\x00", b"\x04\x22M\x18")
_warnings_lock = Lock()


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _HELPERS:
            return getattr(importlib.import_module(module), name)
        # An estimator's constructor stores its parameters, and its __setstate__ sets attributes. So the rule is "a
        # class of scikit-learn that derives from BaseEstimator", and never a function.
        if module.startswith("sklearn.") and name.isidentifier() and not module.startswith(_NOT_ESTIMATORS):
            found = getattr(importlib.import_module(module), name, None)
            from sklearn.base import BaseEstimator  # noqa: PLC0415 - only models that need scikit-learn pay for it

            if isinstance(found, type) and issubclass(found, BaseEstimator):
                return found
        if module.partition(".")[0] == "joblib":
            raise ArtifactError(f"{PICKLE} was written by joblib.dump; {_JOBLIB}")
        raise ArtifactError(
            f"{PICKLE} asks for {module}.{name}, which is no part of a scikit-learn estimator; {_instead(module)}"
        )


def _instead(module: str) -> str:
    if module == "sklearn.metrics._scorer":
        return "a search keeps it to score candidates: write the estimator that it found, its best_estimator_"
    if module.partition(".")[0] in {"sklearn", "numpy"}:
        return (
            "functions are not unpickled: where prediction does not need it (score_func of SelectKBest), set the "
            "parameter to None after fitting; else take a transformer of scikit-learn in its place"
        )
    return "write estimators of scikit-learn only, without functions or classes of your own"


_NOT_ESTIMATORS = (
    "sklearn.externals",
    "sklearn.datasets",
    "sklearn.tests",
    "sklearn.utils._testing",
    "sklearn.conftest",
)


def loads(content: bytes) -> Any:
    """The estimator pickled in `content`, whose hash the caller has verified, with every n_jobs set to 1.

    Raises ArtifactError when the pickle asks for anything but scikit-learn's estimators, or is none.
    """
    from sklearn.base import BaseEstimator  # noqa: PLC0415
    from sklearn.exceptions import InconsistentVersionWarning  # noqa: PLC0415

    try:
        with _warnings_lock, warnings.catch_warnings():  # the loader names the versions once, not once per tree
            warnings.simplefilter("ignore", InconsistentVersionWarning)
            estimator = _Unpickler(io.BytesIO(content)).load()
    except ArtifactError:
        raise
    except Exception as error:
        if content.startswith(_COMPRESSED):
            raise ArtifactError(f"{PICKLE} is compressed, as joblib.dump writes it with compress; {_JOBLIB}") from error
        raise ArtifactError(f"{PICKLE} can't be unpickled here: {type(error).__name__}: {error}") from error
    if not isinstance(estimator, BaseEstimator):
        raise ArtifactError(f"{PICKLE} must hold a fitted scikit-learn estimator, got {type(estimator).__name__}")
    _force_single_job(estimator, set())
    return estimator


def _force_single_job(value: Any, seen: set[int]) -> None:
    """Set n_jobs to 1 in every estimator reachable from `value`: a pool per request costs more than it saves."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, dict):
        children = list(value.values())
    elif isinstance(value, (list, tuple)):
        children = list(value)
    elif type(value).__module__.startswith("sklearn.") and hasattr(value, "__dict__"):
        if "n_jobs" in vars(value):
            value.n_jobs = 1
        children = list(vars(value).values())
    else:
        return
    for child in children:
        _force_single_job(child, seen)
