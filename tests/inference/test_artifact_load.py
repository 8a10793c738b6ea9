"""What an artifact must be before it is served."""

import hashlib
import io
import json
import logging
import pickle
import resource
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression

from sminference.artifact import ArtifactError, Trust, load
from sminference.config import Settings
from sminference.hosting import load_model
from sminference.predictors import cells
from sminference.predictors.compiled import CompiledTrees
from sminference.predictors.trees import Trees, from_npz
from smtraining.pack import Facts, pack
from smtraining.train import Trained
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
    model = load(artifact)
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
    before = load(artifact).version
    change(artifact, lambda document: document.update(license="another"))
    assert load(artifact).version != before


def test_a_manifest_that_a_release_before_wrote_is_read(artifact: Path) -> None:
    change(artifact, lambda document: document.update(licence=document.pop("license")))
    assert load(artifact).description["license"] == "Apache-2.0"
    change(artifact, lambda document: document.pop("licence"))
    with pytest.raises(ArtifactError, match=r"manifest.json: licen[cs]e is missing"):
        load(artifact)


def test_loading_a_model_of_few_cells_does_not_import_scikit_learn(artifact: Path) -> None:
    code = (
        "import sys, numpy as np; from pathlib import Path; from sminference.artifact import load\n"
        "model = load(Path(sys.argv[1]))\n"
        "from sminference.explain import ExplainOptions\n"
        "X = np.array([[5.1, 3.5, 1.4, 0.2]]); proba = model.predict_proba(X)\n"
        "model.explain(X, proba, ExplainOptions())\n"
        "print(proba.tolist(), 'sklearn' in sys.modules, 'scipy' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code, str(artifact)], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[[1.0, 0.0, 0.0]] False False"


def test_every_single_bit_flip_is_refused_before_anything_is_read(
    artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sminference.artifact.from_npz", lambda _: pytest.fail("read"))
    rng = np.random.default_rng(0)
    whole = (artifact / "trees.npz").read_bytes()
    for place in rng.integers(0, len(whole), 60):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        (artifact / "trees.npz").write_bytes(damaged)
        with pytest.raises(ArtifactError, match=r"trees.npz has SHA-256 .* damaged or changed"):
            load(artifact, Trust(allow_pickle=True))


def test_a_truncated_file_is_refused(artifact: Path) -> None:
    whole = (artifact / "trees.npz").read_bytes()
    for size in (0, 1, len(whole) - 1):
        (artifact / "trees.npz").write_bytes(whole[:size])
        with pytest.raises(ArtifactError, match=f"trees.npz has {size} bytes, manifest.json says {len(whole)}"):
            load(artifact)


def test_a_missing_file_is_named(artifact: Path) -> None:
    (artifact / "trees.npz").unlink()
    with pytest.raises(ArtifactError, match=r"trees.npz can't be read: No such file"):
        load(artifact)


def test_trees_are_served_without_a_look_at_the_pickle(artifact: Path) -> None:
    """It is there for people; what becomes of it on the way to a container is no matter."""
    right = load(artifact)
    X = np.random.default_rng(0).uniform(0, 8, (300, 4))
    for spoil in (
        lambda: (artifact / "model.pkl").write_bytes(b"\x80\x05."),
        (artifact / "model.pkl").unlink,
        lambda: change(artifact, lambda document: document["files"].pop("model.pkl")),
    ):
        spoil()
        for trust in (Trust(), Trust(allow_pickle=True)):
            assert np.array_equal(load(artifact, trust).predict_proba(X), right.predict_proba(X))


def test_a_missing_folder_and_an_empty_one_are_said(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"is not a directory; expected the unpacked model.tar.gz"):
        load(tmp_path / "nowhere")
    with pytest.raises(ArtifactError, match=r"holds neither manifest.json nor model.pkl; it is empty"):
        load(tmp_path, Trust(allow_pickle=True))
    (tmp_path / "model.joblib").write_bytes(b"")
    with pytest.raises(ArtifactError, match=r"nor model.pkl; it holds model.joblib"):
        load(tmp_path)


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
    "no file": (lambda d: d["files"].clear(), "files must name at least one of trees.npz, model.skops, model.pkl"),
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
        load(artifact, Trust(allow_pickle=True))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b"null"])
def test_a_manifest_that_is_no_json_object_is_refused(artifact: Path, content: bytes) -> None:
    (artifact / "manifest.json").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"manifest\.json"):
        load(artifact, Trust(allow_pickle=True))


def test_another_library_version_is_said_at_load(artifact: Path, caplog: pytest.LogCaptureFixture) -> None:
    change(artifact, lambda document: document["libraries"].update({"scikit-learn": "1.2.2", "absent-thing": "1"}))
    with caplog.at_level(logging.WARNING):
        load(artifact)
    assert "random-forest was trained with scikit-learn 1.2.2, here is" in caplog.text
    assert "absent-thing 1, here is missing" in caplog.text


def test_a_model_that_fails_its_golden_rows_is_refused(artifact: Path) -> None:
    def spoil(document: dict[str, Any]) -> None:
        document["golden"]["outputs"][0] = [0.0, 0.5, 0.5]

    change(artifact, spoil)
    with pytest.raises(ArtifactError, match=r"does not answer its golden rows .*\(off by up to .*trained with numpy"):
        load(artifact)


def test_a_difference_in_the_last_bit_of_a_forest_is_refused(artifact: Path) -> None:
    def spoil(document: dict[str, Any]) -> None:
        outputs = document["golden"]["outputs"]
        outputs[0] = [float(np.nextafter(value, 1)) for value in outputs[0]]

    change(artifact, spoil)
    with pytest.raises(ArtifactError, match="golden rows"):
        load(artifact)


def rewrite(folder: Path, **edits: Callable[[Any], Any]) -> None:
    """Change arrays of trees.npz, and have the manifest vouch for them."""
    with np.load(folder / "trees.npz") as stored:
        arrays = dict(stored)
    np.savez(folder / "trees.npz", **arrays | {name: edit(arrays[name]) for name, edit in edits.items()})
    sign(folder, "trees.npz")


def test_wrong_tree_arrays_are_refused(artifact: Path) -> None:
    rewrite(artifact, value=lambda values: values[:, ::-1])
    with pytest.raises(ArtifactError, match="does not answer its golden rows as it did"):
        load(artifact, Trust(allow_pickle=True))


def at(place: int, value: float) -> Callable[[Any], Any]:
    def edit(array: Any) -> Any:
        array[place] = value
        return array

    return edit


def two_parents(child: Any) -> Any:
    """The second child of the root is the first one too: a walk ends, but there are ever more paths."""
    child[1] = child[0]
    return child


TREE_FAULTS: dict[str, tuple[str, Any, str]] = {
    "a cycle": ("child", np.zeros_like, "a child stands before its parent"),
    "a child out of range": ("child", lambda a: a + 10**6, "a child stands before its parent"),
    "a child far out of range": ("child", at(0, 2**31 - 1), "a child stands before its parent"),
    "a child before the first node": ("child", at(0, -5), "a child stands before its parent"),
    "a node with one child": ("child", at(1, 0), "a child stands before its parent"),
    "two parents": ("child", two_parents, "a node has several parents, or none"),
    "a root within a tree": ("root", at(1, 2), "a node has several parents, or none"),
    "an unknown feature": ("feature", lambda a: a + 4, "a feature that does not exist"),
    "a feature before the first": ("feature", at(0, -1), "a feature that does not exist"),
    "a root out of range": ("root", lambda a: a - 1, "a root is no node"),
    "roots out of order": ("root", lambda a: a[::-1].copy(), "its trees do not follow each other"),
    "an unknown column": ("column", lambda a: a + 9, "a column that does not exist"),
    "fractions of nodes": ("child", lambda a: a.astype(float), "child holds float64 instead of int32"),
    "a table for a list": ("root", lambda a: a.reshape(-1, 2), "root has shape"),
    "no trees": ("root", lambda a: a[:0], "column has shape|it has no trees"),
    "fewer thresholds": ("threshold", lambda a: a[:-1], "threshold has shape"),
    "a threshold that is no number": ("threshold", at(0, np.nan), "threshold holds what is no number"),
    "an infinite value": ("value", at(0, np.inf), "value holds what is no finite number"),
    "a negative weight": ("cover", at(0, -1), "cover holds a negative weight"),
    "another aggregate": ("aggregate", lambda _: np.array("median"), "unknown aggregate"),
    "an aggregate of numbers": ("aggregate", lambda _: np.array(3), "aggregate has shape"),
    "another number of features": ("n_features", lambda _: np.array(5), "trees for 5 features .* speaks of 4 features"),
    "objects": ("value", lambda a: a.astype(object), "can't be read"),
    "records": ("value", lambda a: np.zeros(len(a), dtype="f8,f8"), "can't be read: expected numbers"),
    "an array with a longer name": ("other", lambda _: np.zeros(1), "holds 'other.npy', which is no array of a forest"),
}


@pytest.mark.parametrize("fault", TREE_FAULTS, ids=list(TREE_FAULTS))
def test_tree_arrays_that_can_not_be_walked_are_refused(artifact: Path, fault: str) -> None:
    name, edit, message = TREE_FAULTS[fault]
    with np.load(artifact / "trees.npz") as stored:
        arrays = dict(stored)
    np.savez(artifact / "trees.npz", **arrays | {name: edit(arrays.get(name))})
    sign(artifact, "trees.npz")
    with pytest.raises(ArtifactError, match=message):
        load(artifact)


def test_a_path_without_end_is_refused() -> None:
    """A chain of nodes, each the child of the one before: it could be walked, but every row would take its whole length."""
    inner = 5_000
    nodes = 2 * inner + 1
    child = np.repeat(np.arange(nodes, dtype=np.int32), 2)
    parents = np.arange(0, nodes - 1, 2)
    child[2 * parents], child[2 * parents + 1] = parents + 1, parents + 2
    chain = Trees(
        aggregate="mean",
        n_features=1,
        feature=np.zeros(nodes, dtype=np.int32),
        threshold=np.zeros(nodes),
        child=child,
        root=np.zeros(1, dtype=np.int32),
        column=np.zeros(1, dtype=np.int32),
        value=np.ones((nodes, 2)),
        cover=np.ones(nodes),
        initial=np.zeros(2),
    )
    with pytest.raises(ArtifactError, match="a path is longer than 4096 nodes"):
        from_npz(chain.to_npz())


def zipped(*members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def header(shape: str, dtype: str = "<f8") -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "can't be read"),
        (b"PK\x05\x06" + bytes(18), "has no aggregate.npy"),
        (zipped(("aggregate.npy", header("(1000000000000,)"))), "header speaks of 8000000000000 bytes"),
        (zipped(("aggregate.npy", header("(-1,)"))), "expected a shape"),
        (zipped(("aggregate.npy", header("(True,)") + bytes(8))), "expected a shape"),
        (zipped(("aggregate.npy", header("(1000000000,)", "<U0"))), "can't be read"),
        (zipped(("aggregate.npy", header("()", "|O") + pickle.dumps(3))), "expected numbers or text, got object"),
        (zipped(("aggregate.npy", b"\x93NUMPY\x01\x00\xff\xff" + b"[" * 65535)), "no array as numpy.save writes it"),
        (zipped(("aggregate.npy", b""), ("aggregate.two", b"")).replace(b".two", b".npy"), "holds a file twice"),
    ],
    ids=["nothing", "an empty zip", "a shape", "below zero", "true", "no bytes", "a pickle", "a literal", "twice"],
)
def test_a_hostile_archive_is_a_sentence(content: bytes, message: str) -> None:
    with pytest.raises(ArtifactError, match=message):
        from_npz(content)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that says what it takes, and one that lies about it, which is read no further than it says."""
    monkeypatch.setattr("sminference.predictors.trees._MAX_BYTES", 32 << 20)
    bomb = zipped(("value.npy", bytes(64 << 20)))
    lying = bytearray(zipped(("aggregate.npy", header("(8,)") + bytes(64 << 20))))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ArtifactError, match=r"takes 67108864 bytes unpacked; at most 33554432 are read"):
        from_npz(bomb)
    place = lying.index(b"PK\x01\x02") + 24
    lying[place : place + 4] = (192).to_bytes(4, "little")
    with pytest.raises(ArtifactError, match="can't be read"):
        from_npz(bytes(lying))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 48 * 1024  # KiB


def test_tree_arrays_damaged_before_they_were_signed_never_change_an_answer(artifact: Path) -> None:
    """A hash vouches for what was packed, right or wrong: so reading is safe in itself, and golden rows have their say."""
    X = np.random.default_rng(0).uniform(0, 8, (50, 4))
    right = load(artifact).predict_proba(X)
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
            model = load(artifact)
        except ArtifactError:
            refused += 1
        else:
            assert np.array_equal(model.predict_proba(X), right)
    assert refused > 40


def test_a_bare_pickle_is_loaded_only_when_allowed(artifact: Path, caplog: pytest.LogCaptureFixture) -> None:
    packed = load(artifact)
    (artifact / "manifest.json").unlink()
    with pytest.raises(ArtifactError, match=r"without manifest.json; pack it with .* SMINFERENCE_ALLOW_PICKLE=true"):
        load(artifact)
    with pytest.raises(ArtifactError, match="SMINFERENCE_CLASSES then names its classes"):
        load(artifact)
    bare = load(artifact, Trust(allow_pickle=True))
    assert "has no manifest" in caplog.text
    assert bare.classes == ("0", "1", "2")
    assert bare.feature_names[0] == "feature 0"
    X = np.random.default_rng(0).uniform(0, 8, (500, 4))
    assert np.array_equal(bare.predict_proba(X), packed.predict_proba(X))


def test_the_classes_of_a_bare_pickle_have_the_names_that_a_variable_gives(artifact: Path) -> None:
    packed = load(artifact)
    (artifact / "manifest.json").unlink()
    for text in ("setosa, versicolor,virginica", '["setosa", "versicolor", "virginica"]'):
        settings = Settings.from_environ(
            {"SM_MODEL_DIR": str(artifact), "SMINFERENCE_ALLOW_PICKLE": "true", "SMINFERENCE_CLASSES": text}
        )
        served = load_model(settings).get()
        answer = served.answer(b"[[5.1, 3.5, 1.4, 0.2]]", "application/json", None)
        assert json.loads(answer.body)["predictions"][0]["predicted_class"] == "setosa"
        assert served.model.classes == packed.classes


def test_names_for_other_classes_than_there_are_are_refused(tmp_path: Path) -> None:
    X, y = load_iris(return_X_y=True)
    for estimator, has in (
        (RandomForestClassifier(2).fit(X, y), r"has 3 \(0, 1, 2\)"),
        (RandomForestRegressor(2).fit(X, y), "has none"),
    ):
        (tmp_path / "model.pkl").write_bytes(pickle.dumps(estimator))
        with pytest.raises(ArtifactError, match=f"SMINFERENCE_CLASSES names 2 classes, .*{has}"):
            load(tmp_path, Trust(allow_pickle=True), ("a", "b"))


def test_a_manifest_names_the_classes_itself(artifact: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert load(artifact, classes=("a", "b", "c")).classes == ("setosa", "versicolor", "virginica")
    assert "SMINFERENCE_CLASSES counts for nothing" in caplog.text


def test_a_bare_pickle_that_is_not_fitted_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(RandomForestClassifier()))
    with pytest.raises(ArtifactError, match="a RandomForestClassifier that is not fitted"):
        load(tmp_path, Trust(allow_pickle=True))


def test_a_model_of_many_cells_has_compiled_trees_for_large_requests(
    artifact: Path, trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    (artifact / "model.pkl").unlink()
    monkeypatch.setattr(cells, "MAX_BYTES", 1_000)
    model = load(artifact)
    assert model.predictor.method == "hybrid"
    X = np.random.default_rng(0).uniform(0, 8, (5_000, 4))
    assert np.array_equal(model.predict_proba(X), trained("random-forest").estimator.predict_proba(X))


def test_compiled_trees_that_sum_otherwise_give_way_to_numpy(
    artifact: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Another release of scikit-learn, say: golden rows come in every number that takes a way of its own."""
    monkeypatch.setattr(cells, "MAX_BYTES", 1_000)
    right = CompiledTrees.__call__
    monkeypatch.setattr(CompiledTrees, "__call__", lambda self, X: np.nextafter(right(self, X), 2))
    model = load(artifact)
    assert model.predictor.method == "level walk"
    assert "the hybrid fails the golden rows" in caplog.text


def test_an_estimator_without_trees_is_packed_and_loaded(tmp_path: Path) -> None:
    X, y = load_iris(return_X_y=True)
    estimator = LogisticRegression(max_iter=1000).fit(X, y)
    facts = Facts("linear", ["a", "b", "c", "d"], ["x", "y", "z"], "MIT")
    for name, content in pack(estimator, facts, X, EFFORT).items():
        (tmp_path / name).write_bytes(content)
    assert {path.name for path in tmp_path.iterdir()} == {"manifest.json", "model.skops"}
    model = load(tmp_path)
    assert model.predictor.method == "scikit-learn"
    assert np.array_equal(model.predict_proba(X), estimator.predict_proba(X))
