"""Requests to an endpoint: at once, streamed, and asynchronous with the answer awaited."""

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from smclient.aws.session import Aws, told
from smclient.aws.stored import parts
from smclient.errors import AWSError
from smclient.payload import Payload

_POLL = 1.0


@dataclass(frozen=True)
class Asking:
    """What a request asks for beside its body. `explain` is None, or the parts of an explanation, all if empty."""

    accept: str | None = None
    target_variant: str | None = None
    target_model: str | None = None
    target_container: str | None = None
    inference_id: str | None = None
    custom_attributes: str | None = None
    explain: tuple[str, ...] | None = None

    def attributes(self) -> str | None:
        """The custom attributes, with the explanation asked for as this project's container understands it."""
        asked = None if self.explain is None else f"explain={','.join(self.explain) or 'true'}"
        return ";".join(each for each in (self.custom_attributes, asked) if each) or None


@dataclass(frozen=True)
class Answer:
    """An endpoint's answer. `seconds` is how long it took, seen from here; `location` is where an async one lies."""

    body: bytes
    content_type: str
    variant: str | None = None
    seconds: float = 0.0
    custom_attributes: str | None = None
    location: str | None = None

    def json(self) -> Any:
        """The body, parsed.

        Raises:
            AWSError: it is not JSON.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise AWSError(f"the endpoint answered {self.content_type}, not JSON", "ask for it by accept") from error


@dataclass(frozen=True)
class Pending:
    """An asynchronous request: where its answer, or its failure, will lie."""

    inference_id: str
    output: str
    failure: str | None = None
    uploaded: str | None = None


@dataclass
class Invoker:
    """Asks one endpoint, by its name in AWS."""

    aws: Aws
    endpoint: str
    clock: Callable[[], float] = field(default=time.monotonic)
    sleep: Callable[[float], None] = field(default=time.sleep)

    def invoke(self, payload: Payload, asking: Asking) -> Answer:
        """One request, one answer.

        Raises:
            AWSError: AWS, or the model, refused; with the container's own words.
        """
        began = self.clock()
        with _modelled(self.endpoint):
            found = self._runtime().invoke_endpoint(**self._request(payload, asking))
            body = found["Body"].read()
        return Answer(
            body,
            str(found.get("ContentType") or ""),
            found.get("InvokedProductionVariant"),
            self.clock() - began,
            found.get("CustomAttributes"),
        )

    def stream(self, payload: Payload, asking: Asking) -> Iterator[bytes]:
        """The parts of an answer as they come.

        Raises:
            AWSError: refused, or the stream broke.
        """
        with _modelled(self.endpoint):
            found = self._runtime().invoke_endpoint_with_response_stream(**self._request(payload, asking))
            for event in found["Body"]:
                if "PayloadPart" in event:
                    yield event["PayloadPart"]["Bytes"]
                else:
                    problem: Mapping[str, Any] = next(iter(event.values()), {})
                    raise AWSError(f"the stream broke: {problem.get('Message') or problem}", "try it again")

    def submit(self, payload: Payload | str, asking: Asking, output_path: str) -> Pending:
        """An asynchronous request: of a body, which is put beside the answers first, or of an S3 URI.

        Raises:
            AWSError: refused.
        """
        uploaded = None
        location = payload
        request: dict[str, Any] = {}
        if isinstance(payload, Payload):
            location = uploaded = f"{output_path.rstrip('/')}/requests/{uuid.uuid4()}"
            bucket, key = parts(uploaded)
            with told(f"put the request at {uploaded}"):
                self.aws.client("s3").put_object(
                    Bucket=bucket, Key=key, Body=payload.body, ContentType=payload.content_type
                )
            request["ContentType"] = payload.content_type
        names = {"Accept": asking.accept, "InferenceId": asking.inference_id, "CustomAttributes": asking.attributes()}
        request |= {name: value for name, value in names.items() if value is not None}
        try:
            with _modelled(self.endpoint):
                found = self._runtime().invoke_endpoint_async(
                    EndpointName=self.endpoint, InputLocation=location, **request
                )
        except BaseException:
            self._forget(uploaded)
            raise
        return Pending(
            str(found.get("InferenceId", "")), str(found["OutputLocation"]), found.get("FailureLocation"), uploaded
        )

    def answer(self, pending: Pending, seconds: float) -> Answer:
        """The answer to an asynchronous request, once it is there.

        Raises:
            AWSError: it failed, with what AWS wrote of it; or there is none within `seconds`.
        """
        began = self.clock()
        while True:
            body = self._read(pending.output)
            if body is not None:
                self._forget(pending.uploaded)
                return Answer(*body, seconds=self.clock() - began, location=pending.output)
            failed = self._read(pending.failure) if pending.failure else None
            if failed is not None:
                self._forget(pending.uploaded)
                raise AWSError(f"the request failed: {failed[0].decode(errors='replace')}", f"see {pending.failure}")
            if self.clock() - began > seconds:
                raise AWSError(
                    f"there is no response after {seconds:g} s; the request is still queued",
                    f"the response will be at {pending.output}",
                )
            self.sleep(_POLL)

    def _read(self, uri: str) -> tuple[bytes, str] | None:
        """What lies there; None while nothing does. Who may not list the bucket is told 403 for what is not there."""
        from botocore.exceptions import ClientError

        bucket, key = parts(uri)
        s3 = self.aws.client("s3")
        with told(f"read {uri}"):
            try:
                found = s3.get_object(Bucket=bucket, Key=key)
                return found["Body"].read(), str(found.get("ContentType") or "")
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code")
                listing = "s3:ListBucket" in str(error)
                if code in {"NoSuchKey", "404"} or (code in {"AccessDenied", "403"} and listing):
                    return None
                raise

    def _forget(self, uri: str | None) -> None:
        """Take away the request that was put there; it is no harm where that is not allowed."""
        from botocore.exceptions import BotoCoreError, ClientError

        if uri is None:
            return
        bucket, key = parts(uri)
        try:
            self.aws.client("s3").delete_object(Bucket=bucket, Key=key)
        except (ClientError, BotoCoreError):
            return

    def _runtime(self) -> Any:
        # A model may take a minute, a stream eight; and a request that was answered with an error was not lost.
        return self.aws.client("sagemaker-runtime", read_timeout=490, retries={"total_max_attempts": 2})

    def _request(self, payload: Payload, asking: Asking) -> dict[str, Any]:
        optional: Mapping[str, str | None] = {
            "Accept": asking.accept,
            "TargetVariant": asking.target_variant,
            "TargetModel": asking.target_model,
            "TargetContainerHostname": asking.target_container,
            "InferenceId": asking.inference_id,
            "CustomAttributes": asking.attributes(),
        }
        given = {name: value for name, value in optional.items() if value is not None}
        return {"EndpointName": self.endpoint, "Body": payload.body, "ContentType": payload.content_type, **given}


@contextlib.contextmanager
def _modelled(endpoint: str) -> Iterator[None]:
    """Within the block, a model's refusal is told in the container's own words."""
    try:
        with told(f"ask the endpoint {endpoint}"):
            yield
    except AWSError as error:
        if error.code != "ModelError":
            raise
        said: Mapping[str, Any] = getattr(error.__cause__, "response", {})
        status, message = said.get("OriginalStatusCode") or 0, str(said.get("OriginalMessage") or "").strip()
        hint = "change the request" if 400 <= int(status) < 500 else "see `kubectl smendpoint status` and the log"
        raise AWSError(f"the model answered {status}: {message}", hint, "ModelError") from error.__cause__
