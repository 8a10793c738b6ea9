"""The types that `model.skops` may hold. Whoever adds one looks at what its code does with attributes of any value.

Left out are estimators that read files, call what they are given or take text (FunctionTransformer does nothing else
than call; it is in the list since without a function it passes its input on), and those whose compiled code has not
been looked at: RadiusNeighbors, KernelDensity, BisectingKMeans, SplineTransformer, everything of `manifold` and
`feature_extraction`.
"""

from sminference.audited.native import FROZEN

_ESTIMATORS = {
    "calibration": "CalibratedClassifierCV _CalibratedClassifier _SigmoidCalibration _TemperatureScaling",
    "cluster._affinity_propagation": "AffinityPropagation",
    "cluster._kmeans": "KMeans MiniBatchKMeans",
    "cluster._mean_shift": "MeanShift",
    "compose._column_transformer": "ColumnTransformer _RemainderColsList",
    "compose._target": "TransformedTargetRegressor",
    "covariance._elliptic_envelope": "EllipticEnvelope",
    "covariance._shrunk_covariance": "LedoitWolf OAS ShrunkCovariance",
    "covariance._empirical_covariance": "EmpiricalCovariance",
    "cross_decomposition._pls": "CCA PLSCanonical PLSRegression PLSSVD",
    "decomposition._factor_analysis": "FactorAnalysis",
    "decomposition._fastica": "FastICA",
    "decomposition._incremental_pca": "IncrementalPCA",
    "decomposition._pca": "PCA",
    "decomposition._truncated_svd": "TruncatedSVD",
    "discriminant_analysis": "LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis",
    "dummy": "DummyClassifier DummyRegressor",
    "ensemble._bagging": "BaggingClassifier BaggingRegressor",
    "ensemble._forest": "ExtraTreesClassifier ExtraTreesRegressor RandomForestClassifier RandomForestRegressor",
    "ensemble._gb": "GradientBoostingClassifier GradientBoostingRegressor",
    "ensemble._hist_gradient_boosting.binning": "_BinMapper",
    "ensemble._hist_gradient_boosting.gradient_boosting": (
        "HistGradientBoostingClassifier HistGradientBoostingRegressor"
    ),
    "ensemble._iforest": "IsolationForest",
    "ensemble._stacking": "StackingClassifier StackingRegressor",
    "ensemble._voting": "VotingClassifier VotingRegressor",
    "ensemble._weight_boosting": "AdaBoostClassifier AdaBoostRegressor",
    "feature_selection._from_model": "SelectFromModel",
    "feature_selection._rfe": "RFE RFECV",
    "feature_selection._sequential": "SequentialFeatureSelector",
    "feature_selection._univariate_selection": (
        "GenericUnivariateSelect SelectFdr SelectFpr SelectFwe SelectKBest SelectPercentile"
    ),
    "feature_selection._variance_threshold": "VarianceThreshold",
    "frozen._frozen": "FrozenEstimator",
    "gaussian_process._gpc": "GaussianProcessClassifier _BinaryGaussianProcessClassifierLaplace",
    "gaussian_process._gpr": "GaussianProcessRegressor",
    "impute._base": "MissingIndicator SimpleImputer",
    "impute._knn": "KNNImputer",
    "isotonic": "IsotonicRegression",
    "kernel_approximation": "Nystroem PolynomialCountSketch RBFSampler",
    "kernel_ridge": "KernelRidge",
    "linear_model._base": "LinearRegression",
    "linear_model._bayes": "ARDRegression BayesianRidge",
    "linear_model._coordinate_descent": (
        "ElasticNet ElasticNetCV Lasso LassoCV MultiTaskElasticNet MultiTaskElasticNetCV "
        "MultiTaskLasso MultiTaskLassoCV"
    ),
    "linear_model._glm.glm": "GammaRegressor PoissonRegressor TweedieRegressor",
    "linear_model._huber": "HuberRegressor",
    "linear_model._least_angle": "Lars LarsCV LassoLars LassoLarsCV LassoLarsIC",
    "linear_model._logistic": "LogisticRegression LogisticRegressionCV",
    "linear_model._omp": "OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV",
    "linear_model._passive_aggressive": "PassiveAggressiveClassifier PassiveAggressiveRegressor",
    "linear_model._perceptron": "Perceptron",
    "linear_model._quantile": "QuantileRegressor",
    "linear_model._ransac": "RANSACRegressor",
    "linear_model._ridge": "Ridge RidgeCV RidgeClassifier RidgeClassifierCV _RidgeGCV",
    "linear_model._stochastic_gradient": "SGDClassifier SGDOneClassSVM SGDRegressor",
    "linear_model._theil_sen": "TheilSenRegressor",
    "mixture._bayesian_mixture": "BayesianGaussianMixture",
    "mixture._gaussian_mixture": "GaussianMixture",
    "model_selection._classification_threshold": "FixedThresholdClassifier TunedThresholdClassifierCV",
    "model_selection._search": "GridSearchCV RandomizedSearchCV",
    "multiclass": "OneVsOneClassifier OneVsRestClassifier OutputCodeClassifier _ConstantPredictor",
    "multioutput": "ClassifierChain MultiOutputClassifier MultiOutputRegressor RegressorChain",
    "naive_bayes": "BernoulliNB CategoricalNB ComplementNB GaussianNB MultinomialNB",
    "neighbors._classification": "KNeighborsClassifier",
    "neighbors._nearest_centroid": "NearestCentroid",
    "neighbors._regression": "KNeighborsRegressor",
    "neural_network._multilayer_perceptron": "MLPClassifier MLPRegressor",
    "pipeline": "FeatureUnion Pipeline",
    "preprocessing._data": (
        "Binarizer KernelCenterer MaxAbsScaler MinMaxScaler Normalizer PowerTransformer QuantileTransformer "
        "RobustScaler StandardScaler"
    ),
    "preprocessing._discretization": "KBinsDiscretizer",
    "preprocessing._encoders": "OneHotEncoder OrdinalEncoder",
    "preprocessing._function_transformer": "FunctionTransformer",
    "preprocessing._label": "LabelBinarizer LabelEncoder",
    "preprocessing._polynomial": "PolynomialFeatures",
    "preprocessing._target_encoder": "TargetEncoder",
    "random_projection": "GaussianRandomProjection",
    "svm._classes": "LinearSVC LinearSVR NuSVC NuSVR OneClassSVM SVC SVR",
    "tree._classes": "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor",
}
# Objects that estimators keep, whose state is their attributes: kernels, losses, optimizers, ways to split.
_PARTS = {
    "_loss.link": "HalfLogitLink IdentityLink Interval LogLink LogitLink MultinomialLogit",
    "_loss.loss": (
        "AbsoluteError ExponentialLoss HalfBinomialLoss HalfGammaLoss HalfMultinomialLoss HalfPoissonLoss "
        "HalfSquaredError HalfTweedieLoss HalfTweedieLossIdentity HuberLoss PinballLoss"
    ),
    "gaussian_process.kernels": (
        "CompoundKernel ConstantKernel DotProduct ExpSineSquared Exponentiation Matern Product RBF RationalQuadratic "
        "Sum WhiteKernel"
    ),
    "metrics._scorer": "_PassthroughScorer",
    "model_selection._split": "KFold StratifiedKFold",
    "neural_network._stochastic_optimizers": "AdamOptimizer SGDOptimizer",
}
_LOSSES = {
    "_loss._loss": (
        "CyAbsoluteError CyExponentialLoss CyHalfBinomialLoss CyHalfGammaLoss CyHalfMultinomialLoss CyHalfPoissonLoss "
        "CyHalfSquaredError CyHalfTweedieLoss CyHalfTweedieLossIdentity CyHuberLoss CyPinballLoss"
    ),
    "linear_model._sgd_fast": "EpsilonInsensitive Hinge ModifiedHuber SquaredEpsilonInsensitive SquaredHinge",
}


def _names(table: dict[str, str]) -> frozenset[str]:
    return frozenset(f"sklearn.{module}.{name}" for module, names in table.items() for name in names.split())


ESTIMATORS = _names(_ESTIMATORS)
# Objects whose state is a dictionary of attributes.
OBJECTS = ESTIMATORS | _names(_PARTS) | {FROZEN}
# Objects that a constructor makes of numbers.
LOSSES = _names(_LOSSES)
DICTS = frozenset({"builtins.dict", "collections.OrderedDict", "sklearn.utils._bunch.Bunch"})
# Numbers, and arrays of one; also as types, where an estimator keeps the type to compute in.
NUMBERS = frozenset(
    f"numpy.{name}"
    for name in (
        [
            "bool",
            "bool_",
            "float16",
            "float32",
            "float64",
            "int8",
            "int16",
            "int32",
            "int64",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "longlong",
            "ulonglong",
        ]
    )
)
TYPES = NUMBERS | {"builtins.float", "builtins.int", "builtins.bool"}
# What the keys of a dictionary may be made with.
KEYS = TYPES | {"builtins.str", "numpy.str_"}
# Of arrays and what comes out of one.
ARRAYS = NUMBERS | {"numpy.ndarray", "numpy.str_"}


_PICKLE = "keep it a pickle, with `pack --as-pickle`, for a container that runs with SMINFERENCE_ALLOW_PICKLE=true"


def instead(name: str) -> str:
    """What to do about a type that is not in the list, for the end of a sentence."""
    module = name.rpartition(".")[0]
    if module == "sklearn.metrics._scorer":
        return "a search keeps it to score candidates: write the estimator that it found, its best_estimator_"
    if module.startswith("scipy.sparse"):
        return "fit the estimator to a dense array"
    if name == "functools.partial":
        return (
            "histogram boosting keeps one for categorical_features: encode them in a pipeline before it, with "
            f"OrdinalEncoder or OneHotEncoder, or {_PICKLE}"
        )
    if name.rpartition(".")[2][:1].isupper() and module.startswith("sklearn."):
        return f"take another estimator, or {_PICKLE}"
    if module.partition(".")[0] in {"sklearn", "numpy", "scipy"}:
        return (
            "functions are not kept: where prediction does not need it (score_func of SelectKBest), set the parameter "
            "to None after fitting; else take a transformer of scikit-learn in its place"
        )
    return "write estimators of scikit-learn only, without functions or classes of your own"
