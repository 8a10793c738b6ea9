"""What an artifact must be before it is served."""

import hashlib
import json
import logging
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from sminference.artifact import ArtifactError, load
from sminference.predictors import cells
from smtraining.pack import Facts, pack
from smtraining.verify import Effort

EFFORT = Effort(random=500, threshold=200)


@pytest.fixture
def artifact(model_dir: Callable[[str], Path], tmp_path: Path) -> Path:
    """An artifact of the test's own, to damage."""
    return Path(shutil.copytree(model_dir("random-forest"), tmp_path / "model"))


def change(folder: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads((folder / "manifest.json").read_text())
    edit(document)
    (folder / "manifest.json").write_text(json.dumps(document))


def sign(folder: Path, name: str) -> None:
    """Make the manifest vouch for what the file holds now."""
    content = (folder / name).read_bytes()
    entry = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    change(folder, lambda document: document["files"].update({name: entry}))


def test_a_packed_model_is_loaded_with_its_description(artifact: Path) -> None:
    model = load(artifact, allow_bare_pickle=False)
    assert model.name == "random-forest"
    assert model.classes == ("setosa", "versicolor", "virginica")
    assert model.n_features == 4
    assert model.feature_names[2] == "petal length (cm)"
    assert len(model.version) == 12
    assert model.baseline["rows"] == 120
    assert model.description["libraries"]["scikit-learn"]
    assert len(model.description["training_data"]["sha256"]) == 64
    assert "golden" not in model.description
    json.dumps(model.description)


def test_the_version_names_the_content(artifact: Path) -> None:
    before = load(artifact, allow_bare_pickle=False).version
    change(artifact, lambda document: document.update(licence="another"))
    assert load(artifact, allow_bare_pickle=False).version != before


def test_loading_a_model_of_few_cells_does_not_import_scikit_learn(artifact: Path) -> None:
    code = (
        "import sys, numpy as np; from pathlib import Path; from sminference.artifact import load\n"
        "model = load(Path(sys.argv[1]), allow_bare_pickle=False)\n"
        "from sminference.explain import ExplainOptions\n"
        "X = np.array([[5.1, 3.5, 1.4, 0.2]]); proba = model.predict_proba(X)\n"
        "model.explain(X, proba, ExplainOptions())\n"
        "print(proba.tolist(), 'sklearn' in sys.modules, 'scipy' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code, str(artifact)], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[[1.0, 0.0, 0.0]] False False"


def test_every_single_bit_flip_is_refused_before_anything_is_unpickled(
    artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sminference.artifact.loads", lambda _: pytest.fail("unpickled"))
    rng = np.random.default_rng(0)
    for name in ("model.pkl", "trees.npz"):
        whole = (artifact / name).read_bytes()
        for place in rng.integers(0, len(whole), 60):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << int(rng.integers(8))
            (artifact / name).write_bytes(damaged)
            with pytest.raises(ArtifactError, match=rf"{name} has SHA-256 .* damaged or changed"):
                load(artifact, allow_bare_pickle=True)
        (artifact / name).write_bytes(whole)


@pytest.mark.parametrize("name", ["model.pkl", "trees.npz"])
def test_a_truncated_file_is_refused(artifact: Path, name: str) -> None:
    whole = (artifact / name).read_bytes()
    for size in (0, 1, len(whole) - 1):
        (artifact / name).write_bytes(whole[:size])
        with pytest.raises(ArtifactError, match=f"{name} has {size} bytes, manifest.json says {len(whole)}"):
            load(artifact, allow_bare_pickle=False)


@pytest.mark.parametrize("name", ["model.pkl", "trees.npz"])
def test_a_missing_file_is_named(artifact: Path, name: str) -> None:
    (artifact / name).unlink()
    with pytest.raises(ArtifactError, match=f"{name} can't be read: No such file"):
        load(artifact, allow_bare_pickle=False)


def test_a_missing_folder_and_an_empty_one_are_said(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"is no folder; expected the unpacked model.tar.gz"):
        load(tmp_path / "nowhere", allow_bare_pickle=False)
    with pytest.raises(ArtifactError, match=r"holds neither manifest.json nor model.pkl"):
        load(tmp_path, allow_bare_pickle=True)


MANIFEST_FAULTS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "another schema": (lambda d: d.update(schema="v9"), "schema must be 'smendpoints.dev/model/v1', got 'v9'"),
    "no name": (lambda d: d.pop("name"), "name is missing"),
    "a number for a name": (lambda d: d.update(name=3), "name must be a string, got int"),
    "unknown outputs": (lambda d: d.update(outputs="poems"), "outputs must be one of probabilities, labels, values"),
    "no features": (lambda d: d.update(features=[]), "features must name at least one column"),
    "features without names": (lambda d: d.update(features=[{}]), r"features\[0\].name is missing"),
    "one class": (lambda d: d.update(classes=["a"]), "classes must be at least two strings"),
    "no hash": (lambda d: d["files"]["model.pkl"].pop("sha256"), "files.model.pkl.sha256 is missing"),
    "a file elsewhere": (lambda d: d["files"].update({"../x": {"sha256": "", "bytes": 0}}), "and nothing else"),
    "no pickle": (lambda d: d["files"].pop("model.pkl"), "files must name model.pkl"),
    "files as a list": (lambda d: d.update(files=[]), "files must be an object, got list"),
    "no golden rows": (lambda d: d["golden"].update(rows=[], outputs=[]), "golden.rows must hold rows of 4"),
    "a golden row too short": (lambda d: d["golden"]["rows"][0].pop(), "golden.rows must hold rows of 4 numbers"),
    "a golden row of text": (lambda d: d["golden"]["rows"][0].__setitem__(0, "x"), "golden.rows must hold rows of 4"),
    "a golden row of NaN": (lambda d: d["golden"]["rows"][0].__setitem__(0, float("nan")), "finite numbers"),
    "a generous tolerance": (lambda d: d["golden"].update(tolerance=0.5), "golden.tolerance must be a number from 0"),
    "fewer outputs than rows": (lambda d: d["golden"]["outputs"].pop(), "as many outputs as rows"),
}


@pytest.mark.parametrize("fault", MANIFEST_FAULTS, ids=list(MANIFEST_FAULTS))
def test_a_faulty_manifest_is_refused_with_the_field(artifact: Path, fault: str) -> None:
    edit, message = MANIFEST_FAULTS[fault]
    change(artifact, edit)
    with pytest.raises(ArtifactError, match=message):
        load(artifact, allow_bare_pickle=True)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b"null"])
def test_a_manifest_that_is_no_json_object_is_refused(artifact: Path, content: bytes) -> None:
    (artifact / "manifest.json").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"manifest\.json"):
        load(artifact, allow_bare_pickle=True)


def test_another_library_version_is_said_at_load(artifact: Path, caplog: pytest.LogCaptureFixture) -> None:
    change(artifact, lambda document: document["libraries"].update({"scikit-learn": "1.2.2", "absent-thing": "1"}))
    with caplog.at_level(logging.WARNING):
        load(artifact, allow_bare_pickle=False)
    assert "random-forest was trained with scikit-learn 1.2.2, here is" in caplog.text
    assert "absent-thing 1, here is missing" in caplog.text


def test_a_model_that_fails_its_golden_rows_is_refused(artifact: Path) -> None:
    def spoil(document: dict[str, Any]) -> None:
        document["golden"]["outputs"][0] = [0.0, 0.5, 0.5]

    change(artifact, spoil)
    with pytest.raises(ArtifactError, match=r"does not answer its golden rows .*\(off by up to .*trained with numpy"):
        load(artifact, allow_bare_pickle=False)


def test_a_difference_in_the_last_bit_of_a_forest_is_refused(artifact: Path) -> None:
    def spoil(document: dict[str, Any]) -> None:
        outputs = document["golden"]["outputs"]
        outputs[0] = [float(np.nextafter(value, 1)) for value in outputs[0]]

    change(artifact, spoil)
    with pytest.raises(ArtifactError, match="golden rows"):
        load(artifact, allow_bare_pickle=False)


def test_wrong_tree_arrays_give_way_to_scikit_learn(artifact: Path, caplog: pytest.LogCaptureFixture) -> None:
    right = load(artifact, allow_bare_pickle=False)
    with np.load(artifact / "trees.npz") as stored:
        arrays = dict(stored)
    arrays["value"] = arrays["value"][:, ::-1]
    np.savez(artifact / "trees.npz", **arrays)
    sign(artifact, "trees.npz")
    with caplog.at_level(logging.WARNING):
        model = load(artifact, allow_bare_pickle=False)
    assert "fails the golden rows" in caplog.text
    assert model.predictor.method == "scikit-learn"
    X = np.random.default_rng(0).uniform(0, 8, (50, 4))
    assert np.array_equal(model.predict_proba(X), right.predict_proba(X))


TREE_FAULTS: dict[str, tuple[str, Any, str]] = {
    "a cycle": ("child", np.zeros_like, "a child stands before its parent"),
    "a child out of range": ("child", lambda a: a + 10**6, "a child stands before its parent"),
    "an unknown feature": ("feature", lambda a: a + 4, "a feature that does not exist"),
    "a root out of range": ("root", lambda a: a - 1, "a root is no node"),
    "an unknown column": ("column", lambda a: a + 9, "a column that does not exist"),
    "fractions of nodes": ("child", lambda a: a.astype(float), "child holds float64 instead of int32"),
    "a table for a list": ("root", lambda a: a.reshape(-1, 2), "root has shape"),
    "no trees": ("root", lambda a: a[:0], "column has shape|it has no trees"),
    "fewer thresholds": ("threshold", lambda a: a[:-1], "threshold has shape"),
    "another aggregate": ("aggregate", lambda _: np.array("median"), "unknown aggregate|has shape"),
    "objects": ("value", lambda a: a.astype(object), "can't be read"),
}


@pytest.mark.parametrize("fault", TREE_FAULTS, ids=list(TREE_FAULTS))
def test_tree_arrays_that_can_not_be_walked_are_refused(artifact: Path, fault: str) -> None:
    name, edit, message = TREE_FAULTS[fault]
    with np.load(artifact / "trees.npz") as stored:
        arrays = dict(stored)
    np.savez(artifact / "trees.npz", **arrays | {name: edit(arrays[name])})
    sign(artifact, "trees.npz")
    with pytest.raises(ArtifactError, match=message):
        load(artifact, allow_bare_pickle=False)


def test_tree_arrays_damaged_before_they_were_signed_never_change_an_answer(artifact: Path) -> None:
    """A hash vouches for what was packed, right or wrong: so reading is safe in itself, and golden rows have their say."""
    X = np.random.default_rng(0).uniform(0, 8, (50, 4))
    right = load(artifact, allow_bare_pickle=False).predict_proba(X)
    whole = (artifact / "trees.npz").read_bytes()
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(60):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), 3):
            damaged[place] ^= 1 << int(rng.integers(8))
        (artifact / "trees.npz").write_bytes(damaged)
        sign(artifact, "trees.npz")
        try:
            model = load(artifact, allow_bare_pickle=False)
        except ArtifactError:
            refused += 1
        else:
            assert np.array_equal(model.predict_proba(X), right)
    assert refused > 40


def test_a_bare_pickle_is_loaded_only_when_allowed(artifact: Path, caplog: pytest.LogCaptureFixture) -> None:
    packed = load(artifact, allow_bare_pickle=False)
    (artifact / "manifest.json").unlink()
    with pytest.raises(ArtifactError, match=r"without manifest.json; pack it with `python -m smtraining pack`"):
        load(artifact, allow_bare_pickle=False)
    bare = load(artifact, allow_bare_pickle=True)
    assert "has no manifest" in caplog.text
    assert bare.classes == ("0", "1", "2")
    assert bare.feature_names[0] == "feature 0"
    X = np.random.default_rng(0).uniform(0, 8, (500, 4))
    assert np.array_equal(bare.predict_proba(X), packed.predict_proba(X))


def test_a_bare_pickle_that_is_not_fitted_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(RandomForestClassifier()))
    with pytest.raises(ArtifactError, match="a RandomForestClassifier that is not fitted"):
        load(tmp_path, allow_bare_pickle=True)


def test_a_model_of_many_cells_keeps_scikit_learn_for_large_requests(
    artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "MAX_BYTES", 1_000)
    model = load(artifact, allow_bare_pickle=False)
    assert model.predictor.method == "hybrid"


def test_an_estimator_without_trees_is_packed_and_loaded(tmp_path: Path) -> None:
    X, y = load_iris(return_X_y=True)
    estimator = LogisticRegression(max_iter=1000).fit(X, y)
    facts = Facts("linear", ["a", "b", "c", "d"], ["x", "y", "z"], "MIT")
    for name, content in pack(estimator, facts, X, EFFORT).items():
        (tmp_path / name).write_bytes(content)
    model = load(tmp_path, allow_bare_pickle=False)
    assert model.predictor.method == "scikit-learn"
    assert np.array_equal(model.predict_proba(X), estimator.predict_proba(X))
