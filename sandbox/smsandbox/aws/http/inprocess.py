"""boto3 clients that talk to a World without sockets: the real client code, the real wire formats, any clock."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Protocol

from botocore.awsrequest import AWSRequest, AWSResponse, HeadersDict
from botocore.exceptions import ConnectionClosedError
from moto.core.request import Request as MotoRequest

from smsandbox.aws.core.errors import ResponseLostError
from smsandbox.aws.http.gateway import path_style

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

    from smsandbox.aws.wire.protocols import HttpResponse


class RawBody(io.BytesIO):
    """What botocore and its event streams expect of urllib3's response."""

    def stream(self, amount: int = 65536, **_: Any) -> Any:
        while chunk := self.read(amount):
            yield chunk

    def release_conn(self) -> None:
        """There is no connection."""


class DirectRequest(AWSRequest):
    """What hooks are shown of a call that is made without the wire (`direct`)."""


class Handler(Protocol):
    """A Gateway, or what leads to one."""

    def handle(self, request: MotoRequest) -> HttpResponse: ...


def attach(session_or_client: Any, gateway: Handler) -> Any:
    """Let a boto3 Session (all clients made from it later) or one client talk to the gateway; returns it."""

    def send(request: AWSPreparedRequest | DirectRequest, **_: Any) -> AWSResponse | None:
        if isinstance(request, DirectRequest):
            return None
        body = request.body or b""
        if hasattr(body, "read"):
            body = body.read()
        incoming = MotoRequest.from_primitives(request.method, path_style(str(request.url)), request.headers, body)
        try:
            made = gateway.handle(incoming)
        except ResponseLostError as lost:
            raise ConnectionClosedError(endpoint_url=str(request.url)) from lost
        content = made.body if isinstance(made.body, bytes) else b"".join(made.body)
        headers: Any = HeadersDict(made.headers)
        return AWSResponse(str(request.url), made.status, headers, RawBody(content))

    target = getattr(session_or_client, "events", None) or session_or_client.meta.events
    target.register_first("before-send", send)
    return session_or_client
