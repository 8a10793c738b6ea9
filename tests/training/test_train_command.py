"""`python -m smtraining train`: what it prints and writes."""

import hashlib
import io
import json
import pickle
import shlex
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from sminference.artifact import load
from smsandbox import paths
from smsandbox.testing.documented import blocks
from smsandbox.testing.transcript import differences
from smtraining.__main__ import main
from smtraining.archive import tar_gz
from smtraining.models import MODELS

QUICK = ["--splits", "0", "--verify-rows", "1000"]


def test_the_recipe_is_followed_to_the_bit(tmp_path: Path) -> None:
    """iris, 100 trees, seed 42, 80/20: the same estimator as the plain recipe gives."""
    result = CliRunner().invoke(main, ["train", "--output", str(tmp_path), *QUICK])
    assert result.exit_code == 0, result.output
    X, y = load_iris(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)
    recipe = RandomForestClassifier(n_estimators=100, random_state=42).fit(X_train, y_train)
    estimator = pickle.loads((tmp_path / "model.pkl").read_bytes())
    assert np.array_equal(estimator.predict_proba(X), recipe.predict_proba(X))
    assert f"accuracy {recipe.score(X_test, y_test):.3f} on 30 held-out rows" in result.output
    assert result.output.splitlines()[-1] == str(tmp_path / "model.tar.gz")


def test_the_page_on_models_shows_what_training_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = [each for block in blocks(paths.repository() / "docs/models.md") for each in block.steps if each.output]
    for step in shown:
        arguments = shlex.split(step.command.removeprefix("python -m smtraining "), comments=True)
        assert differences(step.output, CliRunner().invoke(main, arguments).output) == ""
    assert shown


@pytest.mark.parametrize("model", MODELS)
def test_the_same_input_gives_the_same_bytes_in_every_process(model: str, tmp_path: Path) -> None:
    """Here, where much was trained before, and in a fresh process with other hashes of strings."""
    command = ["train", "--model", model, *QUICK, "--output"]
    assert CliRunner().invoke(main, [*command, str(tmp_path / "here")]).exit_code == 0
    elsewhere = [sys.executable, "-m", "smtraining", *command, str(tmp_path / "elsewhere")]
    subprocess.run(elsewhere, check=True, capture_output=True, env={"PYTHONHASHSEED": "1"})
    found = [(tmp_path / place / "model.tar.gz").read_bytes() for place in ("here", "elsewhere")]
    assert found[0] == found[1]


def test_the_archive_holds_the_files_and_nothing_of_this_machine(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["train", "--output", str(tmp_path), *QUICK]).exit_code == 0
    with tarfile.open(tmp_path / "model.tar.gz") as archive:
        entries = archive.getmembers()
        archive.extractall(tmp_path / "unpacked", filter="data")
    assert [entry.name for entry in entries] == ["manifest.json", "model.pkl", "trees.npz"]
    assert {(e.mtime, e.uid, e.gid, e.uname, e.gname, e.mode) for e in entries} == {(0, 0, 0, "", "", 0o644)}
    for name in ("manifest.json", "model.pkl"):
        assert (tmp_path / "unpacked" / name).read_bytes() == (tmp_path / name).read_bytes()
    assert load(tmp_path / "unpacked").name == "random-forest"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "manifest.json",
        "model.pkl",
        "model.tar.gz",
        "trees.npz",
    ]


def test_an_archive_depends_on_contents_alone() -> None:
    packed = tar_gz({"b": b"2", "a": b"1"})
    assert packed == tar_gz({"a": b"1", "b": b"2"})
    assert packed != tar_gz({"a": b"1", "b": b"3"})
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert archive.getnames() == ["a", "b"]


def test_the_manifest_tells_what_was_measured(tmp_path: Path) -> None:
    options = ["--output", str(tmp_path), "--splits", "2", "--verify-rows", "1000", "--format", "json"]
    result = CliRunner().invoke(main, ["train", *options])
    answer = json.loads(result.output)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert answer["accuracy"] == manifest["metrics"]["test"]["accuracy"]
    assert answer["repeated_accuracy"] == manifest["metrics"]["repeated"]["accuracy"]
    assert answer["repeated_rows"] == 60
    assert [entry["level"] for entry in manifest["conformal"]["levels"]] == [0.9, 0.95]
    assert all(entry["held_out_rows"] == 60 for entry in manifest["conformal"]["levels"])
    assert 0 < manifest["disagreement"]["measured_coverage"] < 1
    assert manifest["license"] == "Apache-2.0"
    assert manifest["files"]["model.pkl"]["sha256"] == hashlib.sha256((tmp_path / "model.pkl").read_bytes()).hexdigest()


def test_without_splits_coverage_is_said_not_to_be_measured(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["train", "--output", str(tmp_path), *QUICK]).exit_code == 0
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["conformal"]["measured_by"] == "not measured"
    assert all(entry["measured_coverage"] is None for entry in manifest["conformal"]["levels"])
    assert manifest["disagreement"] == {}


def test_another_seed_gives_another_artifact(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        command = ["train", "--seed", seed, "--output", str(tmp_path / seed), *QUICK]
        assert CliRunner().invoke(main, command).exit_code == 0
    assert (tmp_path / "1" / "model.pkl").read_bytes() != (tmp_path / "2" / "model.pkl").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--model", "perceptron"], "'perceptron' is not one of 'random-forest', 'gradient-boosting'"),
        (["train", "--seed", "-1"], "-1 is not in the range"),
        (["train", "--upload", "models/iris"], "'models/iris' is no S3 URI; write s3://bucket or s3://bucket/prefix"),
        (["compare", "--splits", "0"], "0 is not in the range"),
    ],
)
def test_wrong_options_say_what_to_write(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize("command", ["", "train", "upload", "compare", "pack"])
def test_every_command_has_help(command: str) -> None:
    result = CliRunner().invoke(main, [*([command] if command else []), "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output
