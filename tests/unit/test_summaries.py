"""Summaries of outcomes in S3: what has not changed, and what can be none, is not read."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.response import StreamingBody

from smendpoints.aws.calls.clients import Clients
from smendpoints.aws.summaries import Reader
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.experiment.outcomes import Written
from smsandbox.testing.stubs import Stubs

URI = "s3://bucket/captured/_outcomes/sold.json"


@pytest.fixture
def s3(clients: Clients) -> Iterator[Stubs]:
    with Stubs(clients, ["s3"]) as made:
        yield made


def answer(data: bytes, length: int | None = None) -> dict[str, Any]:
    length = len(data) if length is None else length
    return {"Body": StreamingBody(io.BytesIO(data), len(data)), "ETag": '"new"', "ContentLength": length}


def test_a_summary_is_read_where_it_is(s3: Stubs, clients: Clients) -> None:
    asked = {"Bucket": "bucket", "Key": "captured/_outcomes/sold.json"}
    s3.answers("s3", "get_object", answer(b"{}"), asked)
    assert Reader(clients).read(URI, None) == Written('"new"', b"{}")


def test_what_is_known_already_is_not_read_again(s3: Stubs, clients: Clients) -> None:
    s3.answers("s3", "get_object", answer(b"{}"))
    assert Reader(clients).read(URI, '"new"') is None


@pytest.mark.parametrize(("length", "read"), [(16_777_216, True), (16_777_217, False)])
def test_more_than_16_mib_is_no_summary(s3: Stubs, clients: Clients, length: int, read: bool) -> None:
    s3.answers("s3", "get_object", answer(b"{}", length))
    if read:
        assert Reader(clients).read(URI, None) is not None
        return
    with pytest.raises(ReconcileError, match="has 16777217 bytes: no summary of outcomes has so many") as caught:
        Reader(clients).read(URI, None)
    assert caught.value.kind is Kind.INVALID


@pytest.mark.parametrize("uri", ["https://bucket/key", "s3://bucket", "s3://bucket/"])
def test_what_is_no_object_in_s3_is_not_asked_for(s3: Stubs, clients: Clients, uri: str) -> None:
    with pytest.raises(ReconcileError, match="is no URI of an object in S3") as caught:
        Reader(clients).read(uri, None)
    assert caught.value.kind is Kind.GONE
