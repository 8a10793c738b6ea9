"""`upload` and `push`: what reaches S3 and ECR, and that nothing is overwritten or left logged in."""

import hashlib
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from s3transfer.manager import TransferManager

from smclient.aws.session import Aws
from smclient.aws.shipping import push, tool_of, upload
from smclient.errors import AWSError, ClientError
from smsandbox.assets import BUCKET
from smsandbox.testing.harness import Harness
from smsandbox.world import REGION

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


@pytest.fixture
def aws(harness: Harness) -> Aws:
    return Aws(REGION, harness.session)


def test_a_model_lies_under_its_content_and_is_uploaded_once(harness: Harness, aws: Aws, tmp_path: Path) -> None:
    model = tmp_path / "model.tar.gz"
    model.write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    first = upload(aws, model, BUCKET, "iris/")
    assert (first.uri, first.existed) == (f"s3://{BUCKET}/iris/{digest[:12]}/model.tar.gz", False)
    assert upload(aws, model, BUCKET, "iris").existed
    stored = harness.client("s3").get_object(Bucket=BUCKET, Key=first.uri.removeprefix(f"s3://{BUCKET}/"))
    assert (stored["Body"].read(), stored["Metadata"]) == (b"weights", {"sha256": digest})
    model.write_bytes(b"other weights")
    assert upload(aws, model, BUCKET, "iris").uri != first.uri


def test_a_bucket_or_a_file_that_is_not_there_is_named(aws: Aws, tmp_path: Path, smendpoint: Any) -> None:
    with pytest.raises(ClientError, match=r"cannot read .*absent: No such file"):
        upload(aws, tmp_path / "absent", BUCKET, "")
    (tmp_path / "m").write_bytes(b"m")
    with pytest.raises(AWSError, match="there is no bucket nowhere-at-all; create it, or use another"):
        upload(aws, tmp_path / "m", "nowhere-at-all", "")
    assert smendpoint("upload", "m", "bucket/prefix").err.startswith("error: bucket/prefix is not an S3 URI")


class Tool:
    """docker, as far as its arguments go; `fails` at one of its commands."""

    def __init__(self, fails: str = "") -> None:
        self.ran: list[tuple[list[str], str | None]] = []
        self._fails = fails

    def __call__(self, command: list[str], *, input: str | None, text: bool, check: bool) -> None:  # noqa: A002
        self.ran.append((command, input))
        if command[1] == self._fails:
            raise subprocess.CalledProcessError(7, command)


def test_an_image_is_tagged_and_pushed_by_a_login_that_ends(aws: Aws) -> None:
    tool = Tool()
    assert push(aws, "podman", "iris:dev", "new", "1.1", create=True, run=tool).uri == f"{REGISTRY}/new:1.1"
    login, *rest = tool.ran
    assert login[0] == ["podman", "login", "--username", "AWS", "--password-stdin", REGISTRY]
    assert login[1]  # the password goes by standard input: arguments are everybody's to read
    assert [command for command, _ in rest] == [
        ["podman", "tag", "iris:dev", f"{REGISTRY}/new:1.1"],
        ["podman", "push", f"{REGISTRY}/new:1.1"],
        ["podman", "logout", REGISTRY],
    ]
    made = aws.client("ecr").describe_repositories(repositoryNames=["new"])["repositories"][0]
    assert made["imageScanningConfiguration"] == {"scanOnPush": True}


def test_a_failed_push_is_a_sentence_and_logs_out_all_the_same(aws: Aws) -> None:
    tool = Tool(fails="push")
    with pytest.raises(ClientError, match="docker push failed with exit code 7"):
        push(aws, "docker", "iris:dev", "new", "1.1", create=True, run=tool)
    assert tool.ran[-1][0] == ["docker", "logout", REGISTRY]


def test_an_interrupted_push_logs_out(aws: Aws) -> None:
    ran: list[str] = []

    def interrupted(command: list[str], **_: Any) -> None:
        ran.append(command[1])
        if command[1] == "push":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        push(aws, "docker", "iris:dev", "new", "1.1", create=True, run=interrupted)
    assert ran == ["login", "tag", "push", "logout"]


def test_an_interrupted_upload_ends_the_parts_under_way_and_leaves_none(
    harness: Harness, aws_environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first part to be sent brings Ctrl-C, and no part goes on before that has arrived."""
    for name, value in aws_environment.items():
        monkeypatch.setenv(name, value)
    big = tmp_path / "model.tar.gz"
    big.write_bytes(bytes(20 << 20))  # in parts: S3's clients send what is larger than 8 MiB so
    arrived, begun, answered = threading.Event(), threading.Lock(), []
    ends, told = TransferManager.__exit__, []

    def ended(transfers: TransferManager, *error: Any) -> None:
        arrived.set()
        ends(transfers, *error)

    def sending(**_: Any) -> None:
        if begun.acquire(blocking=False):
            os.kill(os.getpid(), signal.SIGINT)
        assert arrived.wait(60)

    monkeypatch.setattr(TransferManager, "__exit__", ended)
    aws = Aws(REGION)
    s3, before = aws.client("s3"), signal.signal(signal.SIGINT, signal.default_int_handler)
    s3.meta.events.register("before-send.s3.UploadPart", sending)
    s3.meta.events.register("after-call.s3.UploadPart", lambda **_: answered.append("a part"))
    try:
        with pytest.raises(KeyboardInterrupt):
            upload(aws, big, BUCKET, "interrupted", lambda: told.append("it waits"))
    finally:
        signal.signal(signal.SIGINT, before)
    assert begun.locked()
    assert (told, answered) == (["it waits"], [])
    admin = harness.client("s3")
    assert "Contents" not in admin.list_objects_v2(Bucket=BUCKET, Prefix="interrupted/")
    assert admin.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []


def test_a_refused_upload_is_a_sentence(aws: Aws, tmp_path: Path, harness: Harness) -> None:
    (tmp_path / "m").write_bytes(b"m")
    fault = {"operation": "PutObject", "code": "AccessDenied", "message": "not you"}
    harness.world.faults.add({"kind": "error", "status": 403, **fault})
    with pytest.raises(AWSError, match=r"cannot upload to s3://.*/refused/.*/m: not you"):
        upload(aws, tmp_path / "m", BUCKET, "refused")


def test_no_repository_is_made_unasked(aws: Aws) -> None:
    with pytest.raises(AWSError, match="there is no repository absent; create it with --create"):
        push(aws, "docker", "iris:dev", "absent", "1", run=Tool())


def test_the_first_tool_that_is_installed_pushes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClientError, match="there is no docker or podman or buildah on the PATH"):
        tool_of(None)
    (tmp_path / "podman").write_text("#!/bin/sh\n")
    (tmp_path / "podman").chmod(0o755)
    assert tool_of(None) == "podman"
    with pytest.raises(ClientError, match="there is no buildah on the PATH"):
        tool_of("buildah")


def test_a_registry_is_not_a_repository(smendpoint: Any) -> None:
    ran = smendpoint("push", "iris:dev", f"{REGISTRY}/iris:1")
    assert (ran.code, "names a registry" in ran.err) == (1, True)


@pytest.mark.parametrize("name", ["Iris", "iris model", "iris-", "i", "team//iris"])
def test_a_name_that_no_repository_can_have_is_told_before_anything_is_asked(smendpoint: Any, name: str) -> None:
    ran = smendpoint("push", "iris:dev", f"{name}:1")
    assert (ran.code, "cannot be a repository's name" in ran.err) == (1, True)
