"""The data sets that can be trained on. Nothing is downloaded: they come with scikit-learn."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split


@dataclass(frozen=True)
class Dataset:
    """Features X, shape (rows, features), with class indices y, shape (rows,); `classes` names them."""

    name: str
    X: NDArray[np.float64]
    y: NDArray[np.intp]
    feature_names: tuple[str, ...]
    classes: tuple[str, ...]
    license: str

    def describe(self) -> dict[str, Any]:
        """What the manifest says about training data; the hash covers values, shape and order."""
        return {"name": self.name, "rows": len(self.X), "sha256": digest(self.X, self.y), "license": self.license}


@dataclass(frozen=True)
class Split:
    """One division of a data set, reproducible from its seed."""

    X_train: NDArray[np.float64]
    X_test: NDArray[np.float64]
    y_train: NDArray[np.intp]
    y_test: NDArray[np.intp]


def iris() -> Dataset:
    """Fisher's iris data: 150 flowers, 4 measures in centimetres, 3 species."""
    bunch = load_iris()
    return Dataset(
        name="iris",
        X=np.ascontiguousarray(bunch.data, dtype=np.float64),
        y=bunch.target.astype(np.intp),
        feature_names=tuple(bunch.feature_names),
        classes=tuple(str(name) for name in bunch.target_names),
        license="CC-BY-4.0, R. A. Fisher, UCI Machine Learning Repository, doi:10.24432/C56C76",
    )


def split(dataset: Dataset, seed: int) -> Split:
    """80 % to train on, 20 % to test on."""
    return Split(*train_test_split(dataset.X, dataset.y, test_size=0.2, random_state=seed))


def digest(*arrays: NDArray[Any]) -> str:
    """SHA-256 over dtype, shape and little-endian values of the arrays."""
    content = hashlib.sha256()
    for array in arrays:
        fixed = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        content.update(f"{fixed.dtype.str}{fixed.shape}".encode())
        content.update(fixed.tobytes())
    return content.hexdigest()
