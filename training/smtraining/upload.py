"""Puts model.tar.gz into S3 under a key that names its content. Creates no bucket and overwrites nothing."""

import hashlib
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from sminference.manifest import MANIFEST, parse, version_of
from sminference.signature import SIGNATURE
from smtraining.archive import ARCHIVE, files_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class UploadError(Exception):
    """The archive did not get to S3; the message says what to do."""


@dataclass(frozen=True)
class Uploaded:
    """Where the archive is; `existed` when it had been there before."""

    uri: str
    sha256: str
    existed: bool


def upload(folder: Path, bucket: str, prefix: str, s3: "S3Client") -> Uploaded:
    """Upload `folder`/model.tar.gz to <prefix>/<model>-<version>/model.tar.gz, unless it is there.

    The version is the one that the container tells of itself.
    """
    try:
        content = (folder / ARCHIVE).read_bytes()
    except OSError as error:
        raise UploadError(f"{error.filename}: {error.strerror}; write it with `python -m smtraining train`") from error
    sha256 = hashlib.sha256(content).hexdigest()
    key = "/".join(part for part in (prefix.strip("/"), _named(folder / ARCHIVE, content), ARCHIVE) if part)
    try:
        existed = _exists(s3, bucket, key)
        if not existed:
            s3.put_object(
                Bucket=bucket, Key=key, Body=content, ContentType="application/gzip", Metadata={"sha256": sha256}
            )
    except ClientError as error:
        raise UploadError(_explain(error, bucket)) from error
    except BotoCoreError as error:
        raise UploadError(f"S3 can't be reached: {error}") from error
    return Uploaded(f"s3://{bucket}/{key}", sha256, existed)


def _named(path: Path, content: bytes) -> str:
    """<model>-<version>, of the manifest in the archive itself: another may lie beside it."""
    try:
        files = files_of(content, (MANIFEST, SIGNATURE))
    except tarfile.TarError as error:
        raise UploadError(f"{path} is not a .tar.gz archive: {error}") from error
    if MANIFEST not in files:
        raise UploadError(f"{path} holds no {MANIFEST}; write it with `python -m smtraining pack`")
    return f"{parse(files[MANIFEST]).name}-{version_of(files[MANIFEST], files.get(SIGNATURE))}"


def parse_uri(uri: str) -> tuple[str, str]:
    """Bucket and prefix of s3://bucket/prefix; raises UploadError when it is no such URI."""
    match = re.fullmatch(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", uri)
    if not match:
        raise UploadError(f"{uri!r} is no S3 URI; write s3://bucket or s3://bucket/prefix")
    return match[1], match[2] or ""


def _exists(s3: "S3Client", bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"404", "NoSuchKey", "NotFound"}:
            raise
        s3.head_bucket(Bucket=bucket)  # a missing bucket answers 404 to both
        return False
    return True


def _explain(error: ClientError, bucket: str) -> str:
    code = error.response["Error"]["Code"]
    if code in {"404", "NoSuchBucket"}:
        return f"bucket {bucket} does not exist; create it first: aws s3 mb s3://{bucket}"
    if code in {"403", "AccessDenied"}:
        return f"access to bucket {bucket} is denied; s3:ListBucket, s3:GetObject and s3:PutObject are needed"
    return f"S3 refused: {error}"
