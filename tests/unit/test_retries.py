"""What is tried again within a call: what AWS failed at or throttled, never what it refused."""

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from smendpoints.aws.calls.retries import ATTEMPTS, wait_before_retry

URL = "https://api.sagemaker.us-east-1.amazonaws.com"


def longest(_: float, most: float) -> float:
    return most


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "ThrottlingException"),
        (400, "Throttling"),
        (400, "RequestLimitExceeded"),
        (429, "TooManyRequestsException"),
        (429, "SomethingNew"),
        (503, "SlowDown"),
    ],
)
def test_throttling_is_tried_again_after_longer_and_longer(status: int, code: str) -> None:
    waits = [wait_before_retry(attempts, status, code, None, longest) for attempts in range(1, ATTEMPTS + 1)]
    assert waits == [1.0, 2.0, None]


@pytest.mark.parametrize(
    ("status", "code"),
    [(500, "InternalFailure"), (503, "ServiceUnavailable"), (502, ""), (400, "RequestTimeout"), (500, "SomethingNew")],
)
def test_what_aws_failed_at_is_tried_again_soon(status: int, code: str) -> None:
    assert wait_before_retry(1, status, code, None, longest) == 0.3


@pytest.mark.parametrize(
    "error",
    [
        ConnectionClosedError(endpoint_url=URL),
        ConnectTimeoutError(endpoint_url=URL),
        EndpointConnectionError(endpoint_url=URL),
        ReadTimeoutError(endpoint_url=URL),
    ],
)
def test_a_lost_connection_is_tried_again_soon(error: Exception) -> None:
    assert wait_before_retry(1, None, "", error, longest) == 0.3


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (200, ""),
        (400, "LimitExceededException"),
        (400, "LimitExceeded"),
        (400, "ResourceLimitExceeded"),
        (400, "ValidationException"),
        (400, "AccessDeniedException"),
        (400, "ConcurrentUpdateException"),
        (501, "NotImplemented"),
    ],
)
def test_what_aws_refused_is_never_tried_again(status: int, code: str) -> None:
    assert wait_before_retry(1, status, code, None, longest) is None


@pytest.mark.parametrize("error", [NoCredentialsError(), RuntimeError("the lease is not held")])
def test_what_kept_a_call_from_being_sent_is_not_tried_again(error: Exception) -> None:
    assert wait_before_retry(1, None, "", error, longest) is None
