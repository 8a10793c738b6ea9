"""Unpacking artifacts, choosing programs, presence of variants: the parts of the fleet that need no process."""

from __future__ import annotations

import io
import sys
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from smsandbox.aws.core.ports import ContainerSpec
from smsandbox.aws.fleet.artifact import ArtifactError, provide, unpack
from smsandbox.aws.fleet.commands import NAMES, command
from smsandbox.aws.fleet.keeper import used

if TYPE_CHECKING:
    from pathlib import Path


def archive(*members: tarfile.TarInfo, content: bytes = b"x") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for member in members:
            member.size = len(content) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(content) if member.isreg() else None)
    return buffer.getvalue()


def link(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


class Bucket:
    """Objects by URI."""

    def __init__(self, **objects: bytes) -> None:
        self._objects = {f"s3://models/{key}": body for key, body in objects.items()}

    def read(self, account: str, uri: str) -> bytes:
        return self._objects[uri]

    def list(self, account: str, uri: str) -> list[str]:
        return [one for one in self._objects if one.startswith(uri)]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "member",
    [
        tarfile.TarInfo("../outside"),
        link("inner", "/etc/passwd", tarfile.SYMTYPE),
        link("inner", "../../outside", tarfile.SYMTYPE),
        link("inner", "../outside", tarfile.LNKTYPE),
        link("inner", "beside", tarfile.SYMTYPE),
        link("device", "", tarfile.CHRTYPE),
    ],
    ids=["parent", "absolute link", "link out", "hard link out", "link within", "device"],
)
def test_an_archive_with_links_or_that_reaches_out_of_its_folder_is_refused(
    tmp_path: Path, member: tarfile.TarInfo
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    with pytest.raises(ArtifactError) as error:
        unpack(archive(member), "s3://models/a", "container_1", folder)
    assert "valid tar.gz archive" in str(error.value)
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", archive(tarfile.TarInfo("a"))[:-20]], ids=["empty", "nonsense", "cut short"]
)
def test_what_is_no_archive_is_refused(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(ArtifactError):
        unpack(body, "s3://models/a", "container_1", tmp_path)


def test_a_prefix_is_copied_as_it_is(tmp_path: Path) -> None:
    bucket: Any = Bucket(**{"m/a.bin": b"1", "m/sub/b.bin": b"2", "other": b"3"})
    provide(bucket, "1", spec(artifact="s3://models/m/", artifact_is_prefix=True), "container_1", tmp_path)
    assert files(tmp_path) == {"a.bin": b"1", "sub/b.bin": b"2"}


def test_additional_sources_come_under_their_channels(tmp_path: Path) -> None:
    bucket: Any = Bucket(**{"m.tar.gz": archive(tarfile.TarInfo("a")), "d/b": b"2"})
    container = spec(artifact="s3://models/m.tar.gz", additional_artifacts={"draft": "s3://models/d/"})
    provide(bucket, "1", container, "container_1", tmp_path)
    assert files(tmp_path) == {"a": b"x", "additional-model-data-sources/draft/b": b"2"}


def test_models_of_a_multi_model_variant_are_not_fetched_beforehand(tmp_path: Path) -> None:
    bucket: Any = Bucket(**{"m/a.tar.gz": b"1"})
    container = spec(artifact="s3://models/m/", artifact_is_prefix=True, multi_model=True)
    provide(bucket, "1", container, "container_1", tmp_path)
    assert not files(tmp_path)


@pytest.mark.parametrize(("uri", "is_prefix"), [("s3://models/no.tar.gz", False), ("s3://models/no/", True)])
def test_a_missing_artifact_is_told_in_the_words_of_aws(tmp_path: Path, uri: str, is_prefix: bool) -> None:
    bucket: Any = Bucket()
    with pytest.raises(ArtifactError) as error:
        provide(bucket, "1", spec(artifact=uri, artifact_is_prefix=is_prefix), "container_1", tmp_path)
    assert str(error.value).startswith(f'Failed to download model data for container "container_1" from URL: "{uri}".')


def spec(**changes: Any) -> ContainerSpec:
    return ContainerSpec(**{"image": "i", "digest": None, "program": None, "artifact": None, **changes})


def test_every_program_has_a_command_and_an_image_without_one_serves_models() -> None:
    assert all(command(name)[0] == sys.executable for name in NAMES)
    assert command(None) == command("sminference") == [sys.executable, "-m", "sminference", "serve"]
    with pytest.raises(KeyError, match="use one of"):
        command("unknown")


def test_use_of_processes_is_read_from_the_kernel() -> None:
    import os

    seconds, resident = used([os.getpid(), 2**30])
    assert seconds > 0
    assert resident > 1_000_000
