"""S3 buckets live in regions, which moto forgets: a request to another one is sent on, and listings name the region."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from smsandbox.aws.wire.protocols import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsandbox.aws.core.context import Request
    from smsandbox.aws.core.ports import Objects

HEADER = "x-amz-bucket-region"
LISTINGS = frozenset({"ListObjects", "ListObjectsV2"})
MOVED = (
    "The bucket you are attempting to access must be addressed using the specified endpoint. "
    "Please send all future requests to this endpoint."
)


def in_its_region(call: Request, objects: Objects, handle: Callable[[], HttpResponse]) -> HttpResponse:
    """What `handle` answers to an S3 call; a redirection where the call was signed for another region."""
    bucket = str(call.params.get("Bucket", ""))
    region = objects.bucket_region(call.account, f"s3://{bucket}") if bucket else None
    if region is None or call.operation == "CreateBucket":
        return handle()
    if region == call.region:
        response = handle()
        if call.operation in LISTINGS:
            response.headers[HEADER] = region
        return response
    endpoint = f"{bucket}.s3.{region}.amazonaws.com"
    detail = f"<Code>PermanentRedirect</Code><Message>{MOVED}</Message><Endpoint>{escape(endpoint)}</Endpoint>"
    text = f'<?xml version="1.0"?><Error>{detail}<Bucket>{escape(bucket)}</Bucket></Error>'
    body = b"" if call.operation.startswith("Head") else text.encode()
    return HttpResponse(301, {HEADER: region, "Content-Type": "application/xml"}, body)
