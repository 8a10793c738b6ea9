"""Model artifacts: from S3 into a folder, safely."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from smsandbox.aws.core.ports import ContainerSpec, Objects


class ArtifactError(Exception):
    """The artifact cannot be read or unpacked; the message is AWS's sentence."""


def provide(objects: Objects, account: str, container: ContainerSpec, name: str, into: Path) -> None:
    """Put what the container is to find under /opt/ml/model into `into`. Models of a multi-model variant come later.

    Raises:
        ArtifactError: an object is missing, or is no archive.
    """
    into.mkdir(parents=True, exist_ok=True)
    if container.artifact and not container.multi_model:
        _one(objects, account, container.artifact, name, into, is_prefix=container.artifact_is_prefix)
    for channel, uri in container.additional_artifacts.items():
        if not channel.strip("."):  # AWS's pattern of a channel's name allows `..`
            raise _missing(uri, name)
        folder = into / "additional-model-data-sources" / channel
        folder.mkdir(parents=True, exist_ok=True)
        _one(objects, account, uri, name, folder, is_prefix=uri.endswith("/"))


def _one(objects: Objects, account: str, uri: str, name: str, into: Path, *, is_prefix: bool) -> None:
    if not is_prefix:
        unpack(_read(objects, account, uri, name), uri, name, into)
        return
    found = [one for one in objects.list(account, uri) if not one.endswith("/")]
    if not found:
        raise _missing(uri, name)
    for one in found:
        inner = PurePosixPath(one.removeprefix(uri).lstrip("/"))
        if ".." in inner.parts:
            raise _missing(one, name)
        path = into / inner
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_read(objects, account, one, name))


def _read(objects: Objects, account: str, uri: str, name: str) -> bytes:
    try:
        return objects.read(account, uri)
    except KeyError:
        raise _missing(uri, name) from None


def _missing(uri: str, name: str) -> ArtifactError:
    return ArtifactError(
        f'Failed to download model data for container "{name}" from URL: "{uri}". Please ensure that there is an '
        "object located at the URL and that the role passed to CreateModel has permissions to download the model."
    )


def unpack(archive: bytes, uri: str, name: str, into: Path) -> None:
    """Unpack a .tar.gz into a folder; links, which AWS does not take, devices and what would leave it are refused.

    Raises:
        ArtifactError: it is no such archive, or holds such a member.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            links = [member.name for member in tar.getmembers() if member.issym() or member.islnk()]
            if links:
                raise tarfile.TarError(f"{links[0]} is a link")
            tar.extractall(into, filter="data")
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, OSError) as error:
        raise ArtifactError(
            f'Failed to extract model data archive for container "{name}" from URL "{uri}". Please ensure that the '
            f"object located at the URL is a valid tar.gz archive. ({error})"
        ) from error
