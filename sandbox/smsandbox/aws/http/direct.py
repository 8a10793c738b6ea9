"""boto3 clients whose calls reach a World as they are: no bytes, no HTTP, a third of the time.

botocore's checks of parameters, its hooks, signers, retries and errors stay. What the wire makes of values is made of
them by `wire.values`. Calls that are not to the simulator's own services go by the wire, as `inprocess` has it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import botocore.endpoint
from botocore.client import BaseClient
from botocore.exceptions import ConnectionClosedError, ParamValidationError
from botocore.hooks import first_non_none_response
from botocore.parsers import JSONParser
from botocore.validate import ParamValidator

from smsandbox.aws.core.errors import AwsError, ResponseLostError
from smsandbox.aws.http.inprocess import DirectRequest
from smsandbox.aws.wire import protocols, values

if TYPE_CHECKING:
    from botocore.model import OperationModel

    from smsandbox.aws.http.gateway import Gateway

_VALIDATOR = ParamValidator()
_PARSER = JSONParser()
_AGENT = "User-Agent"
#: Whose answers are streams or whose requests are: the wire is what their tests are about.
_BY_WIRE = frozenset({"sagemaker-runtime"})


def connect(session: Any) -> Any:
    """Let all clients that are made from a boto3 Session later make their calls so, to their `gateway`; returns it."""

    def insert(class_attributes: dict[str, Any], **_: Any) -> None:
        def make(client: Any, operation_name: str, api_params: dict[str, Any]) -> Any:
            service = client.meta.service_model.service_name
            gateway: Gateway = client.gateway
            if service in _BY_WIRE or not gateway.simulates(service, operation_name):
                return BaseClient._make_api_call(client, operation_name, api_params)  # type: ignore[attr-defined]  # noqa: SLF001
            return _Call(client, operation_name, gateway).make(api_params)

        class_attributes["_make_api_call"] = make

    session.events.register("creating-client-class", insert)
    return session


@dataclass(frozen=True)
class _Answer:
    """What botocore's hooks want to know of an HTTP response."""

    status_code: int
    headers: dict[str, str] = field(default_factory=dict)


class _Call:
    """One call of a client: its hooks in botocore's order, once for each attempt."""

    def __init__(self, client: Any, operation: str, gateway: Gateway) -> None:
        self._client = client
        self._gateway = gateway
        self._service = client.meta.service_model
        self._operation: OperationModel = self._service.operation_model(operation)
        self._hook = f"{self._service.service_id.hyphenize()}.{operation}"
        self._context: dict[str, Any] = {
            "client_region": client.meta.region_name,
            "client_config": client.meta.config,
            "auth_type": self._operation.resolved_auth_type,
            "has_streaming_input": False,
            "retries": {"invocation-id": str(uuid.uuid4())},
        }

    def make(self, params: dict[str, Any]) -> dict[str, Any]:
        """The parsed answer, or botocore's error."""
        params = self._client._emit_api_params(params, self._operation, self._context)  # noqa: SLF001
        if self._operation.input_shape is not None:
            report = _VALIDATOR.validate(params, self._operation.input_shape)
            if report.has_errors():
                raise ParamValidationError(report=report.generate_report())
        answer, parsed = self._answered(params)
        self._emit("after-call", http_response=answer, parsed=parsed, model=self._operation, context=self._context)
        if answer.status_code >= protocols.BAD_REQUEST:
            raise self._client.exceptions.from_code(parsed["Error"]["Code"])(parsed, self._operation.name)
        return parsed

    def _answered(self, params: dict[str, Any]) -> tuple[_Answer, dict[str, Any]]:
        attempts = 0
        while True:
            attempts += 1
            self._context["retries"]["attempt"] = attempts
            response, failure = self._attempt(params)
            told = self._emit(
                "needs-retry",
                response=response,
                endpoint=self._client._endpoint,  # noqa: SLF001
                operation=self._operation,
                attempts=attempts,
                caught_exception=failure,
                request_dict={"context": self._context},
            )
            wait = first_non_none_response(told)
            if wait is None or wait is False:
                break
            botocore.endpoint.time.sleep(wait)  # type: ignore[attr-defined]
        if response is None:
            raise failure or AssertionError("neither an answer nor a failure")
        response[1]["ResponseMetadata"]["RetryAttempts"] = attempts - 1
        return response

    def _attempt(self, params: dict[str, Any]) -> tuple[tuple[_Answer, dict[str, Any]] | None, Exception | None]:
        url = f"https://{self._service.endpoint_prefix}.{self._client.meta.region_name}.amazonaws.com/"
        request = DirectRequest("POST", url, {_AGENT: self._client._user_agent_creator.to_string()})  # noqa: SLF001
        request.context = self._context
        self._emit("request-created", request=request, operation_name=self._operation.name)
        try:
            self._emit("before-send", request=request)
            return self._asked(params, request), None
        except ResponseLostError as lost:
            closed = ConnectionClosedError(endpoint_url=url)
            closed.__cause__ = lost
            return None, closed
        except Exception as error:  # noqa: BLE001 - as botocore does: the hook of retries says whether it is final
            return None, error

    def _asked(self, params: dict[str, Any], request: Any) -> tuple[_Answer, dict[str, Any]]:
        signed = protocols.signed_as(str(request.headers.get("Authorization", "")), self._service.service_name)
        asked = values.sent(params, self._operation.input_shape, self._service.resolved_protocol)
        try:
            made = self._gateway.ask(signed, self._operation.name, asked, str(request.headers.get(_AGENT, "")))
        except AwsError as error:
            return self._refused(error)
        parsed = values.received(made, self._operation.output_shape)
        parsed["ResponseMetadata"] = {"RequestId": "", "HTTPStatusCode": 200, "HTTPHeaders": {}}
        return _Answer(200), parsed

    def _refused(self, error: AwsError) -> tuple[_Answer, dict[str, Any]]:
        """An error by its own wire format: it comes seldom, and each service has its words for it."""
        asked: Any = SimpleNamespace(content_type="application/x-amz-json-1.1")
        made = protocols.failure(self._service.service_name, error, asked)
        response = {"status_code": made.status, "headers": made.headers, "body": made.body}
        shape: Any = self._operation.output_shape
        parsed = _PARSER.parse(response, shape)
        self._client._endpoint._add_modeled_error_fields(response, parsed, self._operation, _PARSER)  # noqa: SLF001
        return _Answer(made.status, made.headers), parsed

    def _emit(self, event: str, **told: Any) -> list[Any]:
        found: list[Any] = self._client.meta.events.emit(f"{event}.{self._hook}", **told)
        return found
