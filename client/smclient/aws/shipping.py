"""What an endpoint needs, brought to AWS: an artifact into S3 under a key that tells its content, an image into ECR.

Nothing is overwritten, and no bucket is made; a repository is made only where that is asked for.
"""

import base64
import hashlib
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smclient.aws.session import Aws, told
from smclient.errors import AWSError, ClientError

TOOLS = ("docker", "podman", "buildah")
_HASHED = 12
_CHUNK = 1 << 20
_ABSENT = {"404", "NoSuchKey", "NotFound"}


@dataclass(frozen=True)
class Shipped:
    """Where it is; `existed` when it had been there before."""

    uri: str
    existed: bool


def upload(aws: Aws, path: Path, bucket: str, prefix: str, interrupted: Callable[[], None] = lambda: None) -> Shipped:
    """Put a file at `<prefix>/<12 digits of its SHA-256>/<its name>`, unless it is there.

    Ctrl-C stops the sending; `interrupted` is called before S3's answers to what it has been sent are awaited.

    Raises:
        ClientError: it cannot be read.
        AWSError: refused, or there is no such bucket.
    """
    try:
        with path.open("rb") as file:
            digest = hashlib.sha256()
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise ClientError(f"cannot read {path}: {error.strerror}") from error
    key = "/".join(part for part in (prefix.strip("/"), digest.hexdigest()[:_HASHED], path.name) if part)
    uri = f"s3://{bucket}/{key}"
    s3 = aws.client("s3")
    if _is_there(s3, bucket, key):
        return Shipped(uri, existed=True)
    with told(f"upload to {uri}"):
        from s3transfer.manager import TransferManager  # what `upload_file` is made of, and raises other errors

        with TransferManager(s3) as transfers:
            try:
                extra = {"Metadata": {"sha256": digest.hexdigest()}}
                transfers.upload(str(path), bucket, key, extra_args=extra).result()
            except KeyboardInterrupt:
                interrupted()
                raise
    return Shipped(uri, existed=False)


def _is_there(s3: Any, bucket: str, key: str) -> bool:
    try:
        with told(f"look at s3://{bucket}/{key}"):
            s3.head_object(Bucket=bucket, Key=key)
    except AWSError as error:
        if error.code not in _ABSENT:
            raise
    else:
        return True
    try:
        with told(f"look at the bucket {bucket}"):
            s3.head_bucket(Bucket=bucket)  # a bucket that is not there answers 404 to both
    except AWSError as error:
        if error.code not in {*_ABSENT, "NoSuchBucket"}:
            raise
        raise AWSError(f"there is no bucket {bucket}", "create it, or use another", error.code) from error
    return False


def tool_of(name: str | None) -> str:
    """The program that pushes images: the one that is named, else the first that is installed.

    Raises:
        ClientError: there is none.
    """
    for each in (name,) if name else TOOLS:
        if shutil.which(each):
            return each
    raise ClientError(f"there is no {name or ' or '.join(TOOLS)} on the PATH", "install one of them")


def push(
    aws: Aws,
    tool: str,
    image: str,
    repository: str,
    tag: str,
    *,
    create: bool = False,
    run: Callable[..., Any] = subprocess.run,
) -> Shipped:
    """Push a local image to the account's ECR as `<repository>:<tag>`, with a login that lasts for this alone.

    Raises:
        ClientError: the program failed.
        AWSError: refused, or there is no such repository.
    """
    existed = _repository(aws, repository, create=create)
    with told("log in to ECR"):
        login = aws.client("ecr").get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(login["authorizationToken"]).decode().partition(":")
    registry = existed.partition("/")[0]
    target = f"{existed}:{tag}"

    def do(*arguments: str, stdin: str | None = None) -> None:
        try:
            run([tool, *arguments], input=stdin, text=True, check=True)
        except subprocess.CalledProcessError as error:
            raise ClientError(f"{tool} {arguments[0]} failed with exit code {error.returncode}") from error
        except OSError as error:
            raise ClientError(f"cannot run {tool}: {error.strerror}") from error

    do("login", "--username", user, "--password-stdin", registry, stdin=password)
    try:
        do("tag", image, target)
        do("push", target)
    finally:
        do("logout", registry)
    return Shipped(target, existed=False)


def _repository(aws: Aws, name: str, *, create: bool) -> str:
    """The repository's URI."""
    ecr = aws.client("ecr")
    try:
        with told(f"look at the repository {name}"):
            found = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    except AWSError as error:
        if error.code != "RepositoryNotFoundException":
            raise
        if not create:
            raise AWSError(f"there is no repository {name}", "create it with --create", error.code) from error
        with told(f"make the repository {name}"):
            found = ecr.create_repository(
                repositoryName=name,
                imageScanningConfiguration={"scanOnPush": True},
                encryptionConfiguration={"encryptionType": "AES256"},
            )["repository"]
    return str(found["repositoryUri"])
