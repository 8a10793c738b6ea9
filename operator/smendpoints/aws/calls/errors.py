"""Errors of boto3 in the operator's terms: the only place that reads codes and messages.

SageMaker answers "duplicate" and "not found" alike with ValidationException, so messages decide; they are compared in
lower case and by parts, as AWS's wording drifts.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
)

from smendpoints.aws.calls.permissions import lacking
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.redact import redact_text
from smendpoints.domain.reasons import Reason

_BY_CODE = {
    "Throttling": (Kind.RETRY, Reason.THROTTLED),
    "ThrottlingException": (Kind.RETRY, Reason.THROTTLED),
    "TooManyRequestsException": (Kind.RETRY, Reason.THROTTLED),
    "RequestLimitExceeded": (Kind.RETRY, Reason.THROTTLED),
    "SlowDown": (Kind.RETRY, Reason.THROTTLED),
    "ThrottledException": (Kind.RETRY, Reason.THROTTLED),
    "RequestThrottled": (Kind.RETRY, Reason.THROTTLED),
    "RequestThrottledException": (Kind.RETRY, Reason.THROTTLED),
    "PriorRequestNotComplete": (Kind.RETRY, Reason.THROTTLED),
    "InternalFailure": (Kind.RETRY, Reason.UNAVAILABLE),
    "InternalServiceException": (Kind.RETRY, Reason.UNAVAILABLE),
    "ServiceUnavailable": (Kind.RETRY, Reason.UNAVAILABLE),
    "ConcurrentUpdateException": (Kind.BUSY, Reason.BUSY),
    "ResourceInUse": (Kind.BUSY, Reason.BUSY),
    "ConflictException": (Kind.BUSY, Reason.BUSY),
    "ResourceLimitExceeded": (Kind.BLOCKED, Reason.QUOTA_EXCEEDED),
    "LimitExceededException": (Kind.BLOCKED, Reason.QUOTA_EXCEEDED),
    "LimitExceeded": (Kind.BLOCKED, Reason.QUOTA_EXCEEDED),
    "RequestTimeout": (Kind.RETRY, Reason.UNAVAILABLE),
    "RequestTimeoutException": (Kind.RETRY, Reason.UNAVAILABLE),
    "IDPCommunicationError": (Kind.RETRY, Reason.UNAVAILABLE),
    "ObjectNotFoundException": (Kind.GONE, Reason.BUSY),
    "ResourceNotFound": (Kind.GONE, Reason.BUSY),
    "ResourceNotFoundException": (Kind.GONE, Reason.BUSY),
    "NoSuchKey": (Kind.GONE, Reason.NOT_ACCESSIBLE),
    "NoSuchBucket": (Kind.GONE, Reason.NOT_ACCESSIBLE),
    "NoSuchEntity": (Kind.GONE, Reason.NOT_ACCESSIBLE),
    "404": (Kind.GONE, Reason.NOT_ACCESSIBLE),
    "AccessDenied": (Kind.BLOCKED, Reason.ACCESS_DENIED),
    "AccessDeniedException": (Kind.BLOCKED, Reason.ACCESS_DENIED),
    "UnauthorizedOperation": (Kind.BLOCKED, Reason.ACCESS_DENIED),
    "FailedResourceAccessException": (Kind.BLOCKED, Reason.ACCESS_DENIED),
    "403": (Kind.BLOCKED, Reason.ACCESS_DENIED),
    "ExpiredToken": (Kind.RETRY, Reason.CREDENTIALS),
    "ExpiredTokenException": (Kind.RETRY, Reason.CREDENTIALS),
    "InvalidClientTokenId": (Kind.BLOCKED, Reason.CREDENTIALS),
    "UnrecognizedClientException": (Kind.BLOCKED, Reason.CREDENTIALS),
    "InvalidSignatureException": (Kind.BLOCKED, Reason.CREDENTIALS),
    "SignatureDoesNotMatch": (Kind.BLOCKED, Reason.CREDENTIALS),
    "IncompleteSignature": (Kind.BLOCKED, Reason.CREDENTIALS),
    "MissingAuthenticationToken": (Kind.BLOCKED, Reason.CREDENTIALS),
    "InvalidIdentityToken": (Kind.BLOCKED, Reason.CREDENTIALS),
    "RequestExpired": (Kind.RETRY, Reason.CREDENTIALS),
    "NotImplemented": (Kind.INVALID, Reason.NOT_SUPPORTED),
}

# The one list of what is throttling: `LimitExceededException` and its like are quotas, and waiting raises no quota.
_THROTTLING = frozenset(code for code, (_, reason) in _BY_CODE.items() if reason is Reason.THROTTLED)
_TRANSIENT = frozenset(code for code, (_, reason) in _BY_CODE.items() if reason is Reason.UNAVAILABLE)

# "Could not find endpoint" begins "Could not find endpoint configuration" too: the longer comes first.
_BY_MESSAGE = (
    ("cannot create already existing", Kind.EXISTS, Reason.NAME_CONFLICT),
    ("cannot update in-progress endpoint", Kind.BUSY, Reason.BUSY),
    # The answer to the update was lost, and AWS is done with it already: the next look shows that. AWS documents that
    # it refuses the config in service, not in which words; these are the simulator's.
    ("with the endpoint configuration that it already uses", Kind.BUSY, Reason.BUSY),
    ("could not find", Kind.GONE, Reason.BUSY),
    ("could not access model data", Kind.SETTLING, Reason.NOT_ACCESSIBLE),
    ("could not assume role", Kind.SETTLING, Reason.NOT_ACCESSIBLE),
    ("requested image", Kind.BLOCKED, Reason.IMAGE_NOT_FOUND),
    ("deregistered as scalable target", Kind.BUSY, Reason.BUSY),
    ("not authorized to perform", Kind.BLOCKED, Reason.ACCESS_DENIED),
    ("does not have application-autoscaling", Kind.BLOCKED, Reason.ACCESS_DENIED),
    ("missing the following permission", Kind.BLOCKED, Reason.ACCESS_DENIED),
)


_TOO_MANY = 429
_LONG_LIST = re.compile(r"\[([^\[\]]{300,})\]")
_REFUSED_VALUE = re.compile(r"Value '([^']*)' at")


def is_throttling(code: str, status: int) -> bool:
    """Whether AWS refused a call for the number of calls: the same call succeeds later, at a slower pace."""
    return code in _THROTTLING or (status == _TOO_MANY and code not in _BY_CODE)


def is_transient(code: str, status: int) -> bool:
    """Whether AWS failed by itself: the same call may succeed at once."""
    return code in _TRANSIENT or (status >= 500 and code not in _BY_CODE)


def classify(error: ClientError, operation: str) -> ReconcileError:
    """What the error calls for. Unknown codes of the client's fault are INVALID: retrying cannot help."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    message = _readable(str(error.response.get("Error", {}).get("Message", "")) or str(error))
    http = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))

    def failure(kind: Kind, reason: Reason) -> ReconcileError:
        needs = lacking(operation, message) if reason is Reason.ACCESS_DENIED else None
        told = f"{code}: {message}" + (f"; {needs}" if needs is not None else "")
        return ReconcileError(kind, reason, told, operation, code)

    if code in _BY_CODE:
        return failure(*_BY_CODE[code])
    lower = message.lower()
    for words, kind, reason in _BY_MESSAGE:
        if words in lower:
            return failure(kind, reason)
    if is_throttling(code, http):
        return failure(Kind.RETRY, Reason.THROTTLED)
    if http >= 500:
        return failure(Kind.RETRY, Reason.UNAVAILABLE)
    if http in {401, 403}:  # whatever it is called: the cure is in AWS, not in the spec
        return failure(Kind.BLOCKED, Reason.ACCESS_DENIED)
    return failure(Kind.INVALID, Reason.INVALID_SPEC)


def _readable(message: str) -> str:
    """AWS's words, but of a list of all that it would take (hundreds of instance types) only the nearest."""
    refused = _REFUSED_VALUE.search(message)

    def nearest(match: re.Match[str]) -> str:
        choices = match[1].split(", ")
        near = get_close_matches(refused[1], choices, cutoff=0.0) if refused is not None else choices[:3]
        return f"[{', '.join(near)}, … {len(choices)} in all]"

    return redact_text(_LONG_LIST.sub(nearest, message))  # a value that is refused may be a secret


@contextmanager
def translated(operation: str) -> Iterator[None]:
    """Let nothing of boto3's out but ReconcileError."""
    try:
        yield
    except ClientError as error:
        raise classify(error, operation) from error
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError) as error:
        raise ReconcileError(Kind.BLOCKED, Reason.CREDENTIALS, str(error), operation) from error
    except BotoCoreError as error:
        raise ReconcileError(Kind.RETRY, Reason.UNAVAILABLE, str(error), operation) from error
