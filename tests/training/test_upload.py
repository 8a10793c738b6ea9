"""Uploads go under a key that names the content, once, and create nothing else."""

import io
import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner
from moto import mock_aws

from sminference.artifact import load
from smtraining.__main__ import main
from smtraining.archive import tar_gz


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packed")
    command = ["train", "--output", str(path), "--splits", "0", "--verify-rows", "500"]
    assert CliRunner().invoke(main, command).exit_code == 0
    return path


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


def keys(bucket: str) -> list[str]:
    return [item["Key"] for item in boto3.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_the_key_names_the_content_and_the_last_line_is_the_uri(folder: Path) -> None:
    boto3.client("s3").create_bucket(Bucket="models")
    result = CliRunner().invoke(main, ["upload", str(folder), "--bucket", "models", "--prefix", "iris/"])
    content = (folder / "model.tar.gz").read_bytes()
    key = f"iris/random-forest-{load(folder).version}/model.tar.gz"
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == f"s3://models/{key}"
    assert keys("models") == [key]
    assert boto3.client("s3").get_object(Bucket="models", Key=key)["Body"].read() == content


def unpacked(bucket: str, key: str, into: Path) -> Path:
    content = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(into, filter="data")
    return into


def test_the_key_has_the_version_that_the_container_tells(folder: Path, tmp_path: Path) -> None:
    """Of a signed artifact too, of one of the same manifest without, and whatever lies beside the archive."""
    boto3.client("s3").create_bucket(Bucket="models")
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    files = {name: (folder / name).read_bytes() for name in ("manifest.json", "trees.npz", "model.pkl")}
    (other / "model.tar.gz").write_bytes(tar_gz(files | {"manifest.sig": b"of a key"}))
    (other / "manifest.json").write_text("{}")
    for number, each in enumerate((folder, other)):
        uploaded = json.loads(
            CliRunner().invoke(main, ["upload", str(each), "--bucket", "models", "--format", "json"]).output
        )
        key = uploaded["uri"].removeprefix("s3://models/")
        assert not uploaded["existed"]
        assert f"-{load(unpacked('models', key, tmp_path / str(number))).version}/" in key


def test_an_archive_that_nobody_packed_is_said(tmp_path: Path) -> None:
    boto3.client("s3").create_bucket(Bucket="models")
    for content, message in (
        (b"not packed", "is not a .tar.gz archive"),
        (tar_gz({"a": b""}), "holds no manifest.json"),
    ):
        (tmp_path / "model.tar.gz").write_bytes(content)
        result = CliRunner().invoke(main, ["upload", str(tmp_path), "--bucket", "models"])
        assert result.exit_code == 1
        assert message in result.output


def test_what_is_there_already_is_left_alone(folder: Path) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="models")
    command = ["upload", str(folder), "--bucket", "models", "--format", "json"]
    first = json.loads(CliRunner().invoke(main, command).output)
    before = s3.head_object(Bucket="models", Key=keys("models")[0])["LastModified"]
    second = json.loads(CliRunner().invoke(main, command).output)
    assert (first["existed"], second["existed"]) == (False, True)
    assert first["uri"] == second["uri"]
    assert s3.head_object(Bucket="models", Key=keys("models")[0])["LastModified"] == before


def test_a_missing_bucket_is_said_and_not_created(folder: Path) -> None:
    result = CliRunner().invoke(main, ["upload", str(folder), "--bucket", "absent"])
    assert result.exit_code == 1
    assert "bucket absent does not exist; create it first: aws s3 mb s3://absent" in result.output
    assert boto3.client("s3").list_buckets()["Buckets"] == []


def test_a_folder_without_an_archive_is_said(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["upload", str(tmp_path), "--bucket", "models"])
    assert result.exit_code == 1
    assert "model.tar.gz: No such file or directory; write it with `python -m smtraining train`" in result.output


def test_an_unreachable_s3_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    result = CliRunner().invoke(main, ["upload", str(folder), "--bucket", "models"])
    assert result.exit_code == 1
    assert "S3 can't be reached" in result.output


def test_training_uploads_in_one_go(tmp_path: Path) -> None:
    boto3.client("s3").create_bucket(Bucket="models")
    command = ["train", "--output", str(tmp_path), "--upload", "s3://models/a/b", "--splits", "0", "--verify-rows", "9"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == f"s3://models/{keys('models')[0]}"
    assert keys("models")[0].startswith("a/b/random-forest-")
