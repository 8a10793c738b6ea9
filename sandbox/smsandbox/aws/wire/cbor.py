"""Smithy's RPC v2 CBOR protocol, which newer SDKs speak to CloudWatch, as a translation to and from AWS JSON."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.model import ShapeResolver
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer
from moto.core.request import Request as MotoRequest
from moto.core.utils import get_service_model

from smsandbox.aws.wire import protocols

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = re.compile(r"/service/(?P<prefix>[^/]+)/operation/(?P<operation>[^/]+)")
SHAPES: Any = {
    "Text": {"type": "string"},
    "Texts": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
}
TEXTS = ShapeResolver(SHAPES).get_shape_by_name("Texts")


def speaks(request: MotoRequest) -> bool:
    """Whether a request is in this protocol."""
    return request.headers.get("Smithy-Protocol") == "rpc-v2-cbor" and PATH.fullmatch(request.path) is not None


def handle(request: MotoRequest, answer: Callable[[MotoRequest], protocols.HttpResponse]) -> protocols.HttpResponse:
    """The answer to a CBOR request, by way of the same request in JSON."""
    match = PATH.fullmatch(request.path)
    if match is None:
        raise ValueError(request.path)
    headers = {
        "X-Amz-Target": f"{match['prefix']}.{match['operation']}",
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": request.headers.get("Authorization", ""),
    }
    body = json.dumps(_decode(request.get_data()), default=_plain).encode()
    made = answer(MotoRequest.from_primitives("POST", request.host_url, headers, body))
    content = json.loads(made.body if isinstance(made.body, bytes) and made.body else b"{}")
    kept = {name: value for name, value in made.headers.items() if name.lower().startswith("x-amzn-")}
    kept |= {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
    if made.status >= 400:
        texts = {key: value for key, value in content.items() if isinstance(value, str)}
        return protocols.HttpResponse(made.status, kept, _encode(texts, TEXTS))
    service = protocols.TARGETS.get(match["prefix"], "cloudwatch")
    shape = get_service_model(service).operation_model(match["operation"]).output_shape
    return protocols.HttpResponse(made.status, kept, _encode(content, shape) if shape is not None else b"")


def _decode(body: bytes) -> Any:
    parser = RpcV2CBORParser()
    return parser.parse_data_item(parser.get_peekable_stream_from_bytes(body)) if body else {}


def _encode(value: Any, shape: Any) -> bytes:
    serializer: Any = RpcV2CBORSerializer()
    encoded: bytes = serializer._serialize_body_params(value, shape)  # noqa: SLF001
    return encoded


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(type(value).__name__)
