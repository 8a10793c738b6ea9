"""The manifest of a model artifact in S3, without what the model is made of."""

import tarfile
import zlib
from typing import IO, Any, cast

from smclient.aws.session import Aws, told
from smclient.aws.stored import parts

MANIFEST = "manifest.json"
_MOST_MANIFEST = 16 * 2**20
_MOST_READ = 64 * 2**20
"""Of an archive: this project packs its manifest first."""


def manifest(aws: Aws, uri: str) -> bytes | None:
    """The bytes of `manifest.json` of an artifact: an archive (`.tar.gz`), or a prefix; None where there is none.

    Raises:
        ClientError: refused, or no URI.
    """
    bucket, key = parts(uri)
    whole = uri.endswith(".tar.gz")
    with told(f"read {uri}"):
        s3 = aws.client("s3")
        try:
            found = s3.get_object(Bucket=bucket, Key=key if whole else f"{key.rstrip('/')}/{MANIFEST}")
        except s3.exceptions.NoSuchKey:
            return None
        with found["Body"] as body:
            return _within(_Bounded(body)) if whole else bytes(body.read(_MOST_MANIFEST))


def _within(archive: "_Bounded") -> bytes | None:
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", archive), mode="r|gz") as tar:
            for member in tar:
                if member.name.removeprefix("./") == MANIFEST and member.isfile() and member.size <= _MOST_MANIFEST:
                    stream: IO[bytes] | None = tar.extractfile(member)
                    return stream.read() if stream is not None else None
    except (tarfile.TarError, EOFError, OSError, zlib.error):
        return None
    return None


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
