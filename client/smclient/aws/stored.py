"""Objects in S3: what is below a prefix, read and written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from smclient.aws.session import Aws, told
from smclient.errors import ClientError

_URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?")


@dataclass(frozen=True)
class Stored:
    """An object: where it is, and when it was written."""

    bucket: str
    key: str
    modified_at: datetime

    @property
    def uri(self) -> str:
        """As S3 has it."""
        return f"s3://{self.bucket}/{self.key}"


def parts(uri: str) -> tuple[str, str]:
    """Bucket and key.

    Raises:
        ClientError: it is no URI of S3.
    """
    match = _URI.fullmatch(uri)
    if match is None:
        raise ClientError(f"{uri} is not an S3 URI", "write s3://bucket or s3://bucket/prefix")
    return match[1], match[2] or ""


def below(aws: Aws, uri: str, after: str = "") -> Iterator[Stored]:
    """The objects whose key begins with the URI's, in the order of their keys; `after`: only those that come later.

    Raises:
        ClientError: refused, or no URI.
    """
    bucket, prefix = parts(uri)
    start = {"StartAfter": prefix + after} if after else {}
    with told(f"list {uri}"):
        for page in aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, **start):
            for each in page.get("Contents") or []:
                if each["Size"]:
                    yield Stored(bucket, str(each["Key"]), each["LastModified"])


def folders(aws: Aws, uri: str) -> list[str]:
    """The names of the folders right below a URI.

    Raises:
        ClientError: refused, or no URI.
    """
    bucket, key = parts(uri)
    prefix = f"{key.rstrip('/')}/"
    with told(f"list {uri}"):
        pages = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
        found = [str(each["Prefix"]) for page in pages for each in page.get("CommonPrefixes") or []]
    return [each.removeprefix(prefix).rstrip("/") for each in found]


def read(aws: Aws, stored: Stored) -> bytes:
    """The bytes of an object.

    Raises:
        AWSError: refused.
    """
    with told(f"read {stored.uri}"):
        data: bytes = aws.client("s3").get_object(Bucket=stored.bucket, Key=stored.key)["Body"].read()
        return data


def write(aws: Aws, uri: str, data: bytes) -> None:
    """Put an object in the place of whatever was there.

    Raises:
        ClientError: refused, or no URI.
    """
    bucket, key = parts(uri)
    with told(f"write {uri}"):
        aws.client("s3").put_object(Bucket=bucket, Key=key, Body=data, ContentType="application/json")


def captured(aws: Aws, folder: str, since: datetime, until: datetime) -> Iterator[Stored]:
    """The objects of one variant's captured data in which requests between the two instants may stand.

    AWS writes a request into an object of the hour in which it was collected, which may be the next.

    Raises:
        ClientError: refused, or no URI.
    """
    _, prefix = parts(f"{folder}/")
    last = f"{prefix}{_hour(datetime.fromtimestamp(until.timestamp() + 2 * 3600, UTC))}"
    for stored in below(aws, f"{folder}/", _hour(since)):
        if stored.key >= last:
            return
        yield stored


def _hour(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y/%m/%d/%H}"
