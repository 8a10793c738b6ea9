"""AWS's wire protocols: HTTP request to API call, answer or error to HTTP response. moto's parsers do the work.

Knows no service by name but those whose signing name is not their botocore name.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from botocore.utils import parse_timestamp
from moto.core.eventstream import EventStream, EventStreamEncoder
from moto.core.model import StructureShape
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request as MotoRequest
from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import EventStreamJSONSerializer, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from smsandbox.aws.core.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from moto.core.model import OperationModel

BAD_REQUEST = 400
CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
TARGETS = {
    "SageMaker": "sagemaker",
    "AnyScaleFrontendService": "application-autoscaling",
    "GraniteServiceVersion20100801": "cloudwatch",
    "ServiceQuotasV20190624": "service-quotas",
}
#: Services of the XML protocols have their own names for the common errors.
XML_CODES = {"AccessDeniedException": "AccessDenied", "ThrottlingException": "Throttling"}
BOTOCORE_NAMES = {
    "monitoring": "cloudwatch",
    "eventbridge": "events",
    "servicequotas": "service-quotas",
    "tagging": "resourcegroupstaggingapi",
}


@dataclass
class HttpResponse:
    """A response to be sent; a body that is no bytes is streamed."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | Iterable[bytes] = b""


@dataclass(frozen=True)
class Signed:
    """What the signature (header or presigned URL) says: whose key, where, which service."""

    access_key: str | None
    region: str
    service: str | None


def signature(request: MotoRequest) -> Signed:
    text = request.headers.get("Authorization", "")
    match = CREDENTIAL.search(text)
    if match is None and (presigned := request.args.get("X-Amz-Credential")):
        match = CREDENTIAL.search(f"Credential={presigned}")
    target = TARGETS.get(request.headers.get("X-Amz-Target", "").partition(".")[0])
    if match is None:
        return Signed(None, "us-east-1", target)
    service = match["service"].lower()
    if service == "sagemaker" and request.path.startswith("/endpoints/"):
        service = "sagemaker-runtime"
    return Signed(match["key"], match["region"], target or BOTOCORE_NAMES.get(service, service))


def signed_as(authorization: str, service: str) -> Signed:
    """What a header of this kind says, of a call to this service."""
    match = CREDENTIAL.search(authorization)
    return Signed(match["key"], match["region"], service) if match is not None else Signed(None, "us-east-1", service)


def operation_of(service: str, request: MotoRequest) -> tuple[OperationModel, dict[str, Any]] | None:
    """The operation a request is for, with the parameters of its path; None when the service has no such one."""
    try:
        return get_service_router(service).match(request)
    except (HTTPException, UnknownServiceError, NotImplementedError):
        return None


def _instant(text: str) -> datetime:
    """A time of a request in UTC; moto's parser leaves the zone out, and the machine's own would be taken for it."""
    found: datetime = parse_timestamp(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def parse(operation: OperationModel, url_params: dict[str, Any], request: MotoRequest) -> dict[str, Any]:
    """The parameters of a call, with boto3's types."""
    protocol = determine_request_protocol(operation.service_model, request.content_type)
    try:
        params: dict[str, Any] = PROTOCOL_PARSERS[protocol](operation, timestamp_parser=_instant).parse(
            {
                "body": request.get_data(),
                "headers": request.headers,
                "method": request.method,
                "url_params": url_params,
                "url_path": request.path,
                "values": request.values,
            }
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise AwsError("SerializationException", f"The request body cannot be read: {error}") from error
    return params


def answer(operation: OperationModel, result: dict[str, Any], request: MotoRequest) -> HttpResponse:
    """A successful answer in the protocol of the request."""
    request_id = str(uuid.uuid4())
    headers = {"x-amzn-RequestId": request_id}
    output: Any = operation.output_shape
    payload = output.serialization.get("payload") if output is not None else None
    if payload is not None and isinstance(result.get(payload), Iterator):
        return _stream(operation, result, payload, headers)
    protocol = determine_request_protocol(operation.service_model, request.content_type)
    made = get_serializer_class(operation.service_model.service_name, protocol)(operation).serialize(result)
    body = made["body"] if isinstance(made["body"], bytes) else str(made["body"]).encode()
    headers |= {name: str(value) for name, value in made["headers"].items()}
    if payload is not None and not any(
        member.serialization.get("name") == "Content-Type" and result.get(name) is None
        for name, member in output.members.items()
    ):
        headers |= _header_members(output, result)
    return HttpResponse(made["status_code"], headers, body)


def _header_members(output: StructureShape, result: dict[str, Any]) -> dict[str, str]:
    return {
        member.serialization["name"]: str(result[name])
        for name, member in output.members.items()
        if member.serialization.get("location") == "header" and result.get(name) is not None
    }


def _stream(operation: OperationModel, result: dict[str, Any], payload: str, headers: dict[str, str]) -> HttpResponse:
    output: Any = operation.output_shape
    headers |= _header_members(output, result)
    chunks = result[payload]
    if not output.members[payload].serialization.get("eventstream"):
        return HttpResponse(200, headers, chunks)
    headers["Content-Type"] = "application/vnd.amazon.eventstream"
    serializer = EventStreamJSONSerializer(operation)

    def frames() -> Iterator[bytes]:
        for event in chunks:
            one = EventStream({payload: iter([event])}, output, serializer)
            for frame in one:
                yield EventStreamEncoder().encode_event(frame)

    return HttpResponse(200, headers, frames())


def failure(service: str | None, error: AwsError, request: MotoRequest) -> HttpResponse:
    """An error answer in the protocol of the request."""
    request_id = str(uuid.uuid4())
    protocol, metadata = _protocol(service, request.content_type)
    headers = {"x-amzn-RequestId": request_id}
    if protocol in {"json", "rest-json"}:
        headers["Content-Type"] = "application/json" if protocol == "rest-json" else "application/x-amz-json-1.1"
        headers["x-amzn-ErrorType"] = error.code
        if "awsQueryCompatible" in metadata:
            headers["x-amzn-query-error"] = f"{error.code};{'Sender' if error.status < 500 else 'Receiver'}"
        body = {"__type": error.code, "message": error.message, "Message": error.message, **error.members}
        return HttpResponse(error.status, headers, json.dumps(body, default=str).encode())
    headers["Content-Type"] = "text/xml"
    code = XML_CODES.get(error.code, error.code)
    detail = f"<Code>{escape(code)}</Code><Message>{escape(error.message)}</Message>"
    if service == "s3":
        text = f"<Error>{detail}<RequestId>{request_id}</RequestId></Error>"
    else:
        text = f"<ErrorResponse><Error>{detail}</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    return HttpResponse(error.status, headers, f'<?xml version="1.0"?>{text}'.encode())


def _protocol(service: str | None, content_type: str | None) -> tuple[str, Mapping[str, Any]]:
    if service is None:
        return "json", {}
    metadata = _metadata(service)
    if metadata is None:
        return "json", {}
    try:
        return determine_request_protocol(get_service_model(service), content_type), metadata
    except NotImplementedError:
        return "json", metadata


@cache
def _metadata(service: str) -> Mapping[str, Any] | None:
    try:
        metadata: Mapping[str, Any] = get_service_model(service).metadata
    except UnknownServiceError:
        return None
    return metadata


def error_code(response: HttpResponse) -> str:
    """The code of an answer of moto's: OK, or what its body or header says."""
    if response.status < 400 and response.status != 301:
        return "OK"
    for name, value in response.headers.items():
        if name.lower() == "x-amzn-errortype":
            return value.split(":")[0].split("#")[-1]
    text = response.body.decode(errors="replace") if isinstance(response.body, bytes) else ""
    match = re.search(r"<Code>([^<]+)</Code>|\"__type\": ?\"(?:[^\"#]*#)?([^\"]+)\"", text)
    return (match[1] or match[2]) if match else str(response.status)
