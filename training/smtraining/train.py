"""Trains one model by the recipe, measures it and packs it."""

from dataclasses import dataclass
from typing import Any

from smtraining import disagreement
from smtraining.baseline import baseline
from smtraining.calibrate import document, held_out, thresholds
from smtraining.data import Dataset, Split, split
from smtraining.evaluate import Repeated, repeat
from smtraining.metrics import scores
from smtraining.models import MODELS
from smtraining.pack import Facts, pack
from smtraining.verify import Effort

LICENSE = "Apache-2.0"


@dataclass(frozen=True)
class Trained:
    """A fitted estimator with its split, its scores on the test part, over random splits, and its artifact's files."""

    name: str
    estimator: Any
    split: Split
    scores: dict[str, Any]
    repeated: Repeated | None
    files: dict[str, bytes]


def train(name: str, dataset: Dataset, seed: int, splits: int, effort: Effort) -> Trained:
    """Fit the model `name` on 80 % of the data, measure it on the rest and on `splits` random splits, and pack it."""
    parts = split(dataset, seed)
    estimator = MODELS[name](seed).fit(parts.X_train, parts.y_train)
    found = scores(estimator.predict_proba(parts.X_test), parts.y_test)
    held = held_out(estimator, parts.X_train, parts.y_train, seed)
    repeated = repeat(name, dataset, splits, seed)
    facts = Facts(
        name=name,
        feature_names=dataset.feature_names,
        classes=dataset.classes,
        license=LICENSE,
        training_data=dataset.describe() | {"seed": seed, "training_rows": len(parts.y_train)},
        metrics={"test": found} | ({"repeated": repeated.describe()} if repeated else {}),
        conformal=document(
            held.method,
            thresholds(held),
            repeated.coverage if repeated else {},
            f"{splits} random splits of {dataset.name}",
        ),
        disagreement=disagreement.measure(estimator, parts.X_train, parts.y_train, draws=min(splits, 5), seed=seed),
        baseline=baseline(parts.X_train, dataset.feature_names, estimator.predict(parts.X_train), dataset.classes),
    )
    files = pack(estimator, facts, parts.X_test, effort, with_pickle=True)
    return Trained(name, estimator, parts, found, repeated, files)
