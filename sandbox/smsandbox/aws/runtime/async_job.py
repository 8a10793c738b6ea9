"""One asynchronous request, as InvokeEndpointAsync asks for it. Not where it waits."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smsandbox.aws.runtime.errors import invalid

if TYPE_CHECKING:
    import random

    from smsandbox.aws.core.ports import EndpointView

MAX_INLINE_BYTES = 128_000
DEFAULT_TTL = 21_600.0
DEFAULT_TIMEOUT = 900.0


@dataclass
class Job:
    """One accepted request. Times are epoch seconds; `ttl` and `timeout` are AWS seconds."""

    id: str
    accepted: float
    ttl: float
    timeout: float
    source: str | None
    body: bytes
    output: str
    failure: str | None
    params: dict[str, Any]


def job_of(view: EndpointView, params: dict[str, Any], chance: random.Random, now: float) -> Job:
    """The request that `params` are, accepted `now`; `chance` draws its id. AwsError where it is not valid."""
    source, body = params.get("InputLocation"), params.get("Body") or b""
    if (source is None) == (not body):
        raise invalid("Exactly one of InputLocation and Body must be specified.")
    if len(body) > MAX_INLINE_BYTES:
        raise invalid(
            f"Body can hold at most {MAX_INLINE_BYTES} bytes: put larger input into S3, named in InputLocation."
        )
    output = view.config["AsyncInferenceConfig"]["OutputConfig"]
    unique = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    name = params.get("Filename") or unique
    extension = f"/{params['S3OutputPathExtension'].strip('/')}" if params.get("S3OutputPathExtension") else ""
    place = (
        output.get("S3OutputPath") or f"s3://sagemaker-{view.region}-{view.account}/async-endpoint-outputs/{view.name}"
    )
    failure = output.get("S3FailurePath")
    return Job(
        params.get("InferenceId") or unique,
        now,
        float(params.get("RequestTTLSeconds", DEFAULT_TTL)),
        float(params.get("InvocationTimeoutSeconds", DEFAULT_TIMEOUT)),
        source,
        body,
        f"{place.rstrip('/')}{extension}/{name}.out",
        f"{failure.rstrip('/')}{extension}/{name}-error.out" if failure else None,
        params,
    )
