"""The manifest of a model artifact in S3, without what the model is made of."""

import hashlib
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any, cast

from smclient.aws.session import Aws, told
from smclient.aws.stored import parts

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
_MOST_MANIFEST = 16 * 2**20
_MOST_READ = 64 * 2**20
"""Of an archive: this project packs its manifest first."""


@dataclass(frozen=True)
class Packed:
    """The manifest of an artifact as it is written, and its signature if it has one."""

    manifest: bytes
    signature: bytes = b""

    @property
    def version(self) -> str:
        """What the inference container calls the version of the model."""
        return hashlib.sha256(self.manifest + self.signature).hexdigest()[:12]


def packed(aws: Aws, uri: str) -> Packed | None:
    """The manifest of an artifact, an archive (`.tar.gz`) or a prefix; None where there is none.

    Raises:
        ClientError: refused, or no URI.
    """
    with told(f"read {uri}"):
        if uri.endswith(".tar.gz"):
            body = _object(aws, uri)
            if body is None:
                return None
            with body:
                return _within(_Bounded(body))
        found = {}
        for name in (MANIFEST, SIGNATURE):
            body = _object(aws, f"{uri.rstrip('/')}/{name}")
            if body is not None:
                with body:
                    found[name] = bytes(body.read(_MOST_MANIFEST))
        return _of(found)


def _object(aws: Aws, uri: str) -> Any:
    """The stream of an object; None where there is none."""
    bucket, key = parts(uri)
    s3 = aws.client("s3")
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"]
    except s3.exceptions.NoSuchKey:
        return None


def _within(archive: "_Bounded") -> Packed | None:
    """From an archive, which is read until what follows the manifest: this project packs its files by name."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", archive), mode="r|gz") as tar:
            for member in tar:
                name, before = member.name.removeprefix("./"), len(found)
                if name in {MANIFEST, SIGNATURE} and member.isfile() and member.size <= _MOST_MANIFEST:
                    stream: IO[bytes] | None = tar.extractfile(member)
                    found[name] = stream.read() if stream is not None else b""
                if MANIFEST in found and len(found) in {before, 2}:
                    break
    except (tarfile.TarError, EOFError, OSError, zlib.error):
        return None
    return _of(found)


def _of(files: Mapping[str, bytes]) -> Packed | None:
    return Packed(files[MANIFEST], files.get(SIGNATURE, b"")) if files.get(MANIFEST) else None


class _Bounded:
    """A stream of which the beginning is read alone."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._left = _MOST_READ

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes; none once enough was read."""
        wanted = self._left if size < 0 else min(size, self._left)
        found = bytes(self._stream.read(wanted)) if wanted else b""
        self._left -= len(found)
        return found
