"""Sending one request to one instance: a container, a chain of them, or a model of a multi-model container."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import urllib3

from smsandbox.aws.core.errors import AwsError
from smsandbox.aws.fleet.artifact import ArtifactError, unpack
from smsandbox.aws.moto.objects import split_uri

if TYPE_CHECKING:
    from smsandbox.aws.core.ports import Objects
    from smsandbox.aws.fleet.container import Container
    from smsandbox.aws.fleet.instance import ProcessInstance

_PREFIX = "X-Amzn-SageMaker-"
# How long a process takes to be gone after its sockets.
_DYING_SECONDS = 0.05


class UnreachableError(Exception):
    """The instance took no request, or died over it before it answered: another one may be tried."""


@dataclass(frozen=True)
class Invocation:
    """What the caller sent."""

    body: bytes
    content_type: str | None = None
    accept: str | None = None
    custom_attributes: str | None = None
    inference_id: str | None = None
    explanations: str | None = None
    target_model: str | None = None
    target_container: str | None = None
    timeout: float = 60.0

    def headers(self) -> dict[str, str]:
        """The headers that a container gets."""
        named = {
            "Content-Type": self.content_type,
            "Accept": self.accept,
            f"{_PREFIX}Custom-Attributes": self.custom_attributes,
            f"{_PREFIX}Inference-Id": self.inference_id,
            f"{_PREFIX}Enable-Explanations": self.explanations,
            f"{_PREFIX}Target-Model": self.target_model,
        }
        return {name: value for name, value in named.items() if value is not None}


@dataclass
class Answer:
    """What a container answered. `status` 0 means that it did not answer in time. Latencies are seconds."""

    status: int
    body: bytes
    content_type: str | None
    custom_attributes: str | None
    container: str
    latency: float = 0.0
    by_container: dict[str, float] = field(default_factory=dict)
    loading: dict[str, float] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300


def forward(instance: ProcessInstance, invocation: Invocation, objects: Objects) -> Answer:
    """The instance's answer.

    Raises:
        UnreachableError: nothing was answered and another instance may be tried.
        AwsError: ValidationError for a container or model that is not there.
    """
    containers = instance.containers
    if invocation.target_container is not None:
        containers = [one for one in containers if one.spec.hostname == invocation.target_container]
        if not containers or not instance.spec.direct:
            raise AwsError(
                "ValidationError",
                f"TargetContainerHostname {invocation.target_container} is not a container of a model in Direct mode.",
            )
    elif instance.spec.direct:
        raise AwsError("ValidationError", "TargetContainerHostname is required for a model in Direct mode.")
    if containers[0].spec.multi_model:
        return _to_model(instance, containers[0], invocation, objects)
    if invocation.target_model is not None:
        raise AwsError(
            "ValidationError",
            f"Endpoint {instance.spec.endpoint} is not a multi-model endpoint and does not support target model "
            "header.",
        )
    return _through(containers, invocation)


def _through(containers: list[Container], invocation: Invocation) -> Answer:
    """Each container gets what the one before answered."""
    headers, body, total = invocation.headers(), invocation.body, 0.0
    latencies: dict[str, float] = {}
    answer: Answer | None = None
    for container in containers:
        name = container.name if len(containers) > 1 else "primary"
        answer = _ask(container, name, "/invocations", body, headers, invocation.timeout - total)
        latencies[container.name] = answer.latency
        total += answer.latency
        answer.latency, answer.by_container = total, latencies
        if not answer.is_good:
            return answer
        body = answer.body
        if answer.content_type is not None:
            headers["Content-Type"] = answer.content_type
    if answer is None:
        raise UnreachableError("the instance has no container")
    return answer


def _ask(container: Container, name: str, path: str, body: bytes, headers: dict[str, str], timeout: float) -> Answer:
    started, again = time.monotonic(), False
    while True:
        try:
            response = container.request("POST", path, body, headers, max(timeout, 0.001))
            break
        except urllib3.exceptions.ReadTimeoutError:
            return Answer(0, b"", None, None, name, time.monotonic() - started)
        except urllib3.exceptions.ProtocolError:
            # An idle connection may be closed just as it is used: once more, unless the container died of this request.
            time.sleep(_DYING_SECONDS)
            if again or not container.is_running():
                text = f"Container {name} closed the connection without an answer.".encode()
                return Answer(0, text, None, None, name, time.monotonic() - started)
            again = True
        except urllib3.exceptions.HTTPError as error:
            raise UnreachableError(str(error)) from error
    return Answer(
        response.status,
        response.data,
        response.headers.get("Content-Type"),
        response.headers.get(f"{_PREFIX}Custom-Attributes"),
        name,
        time.monotonic() - started,
    )


def _to_model(instance: ProcessInstance, container: Container, invocation: Invocation, objects: Objects) -> Answer:
    if invocation.target_model is None:
        raise AwsError("ValidationError", "TargetModel header is required to invoke a multi-model endpoint.")
    name = hashlib.sha256(invocation.target_model.encode()).hexdigest()[:32]
    loading: dict[str, float] = {}
    for _ in range(2):
        loading |= _load(instance, container, invocation.target_model, name, objects)
        path = f"/models/{name}/invoke"
        answer = _ask(container, "model", path, invocation.body, invocation.headers(), invocation.timeout)
        instance.loaded[name] = time.monotonic()
        if answer.status != 404 or name not in instance.loaded:
            break
        del instance.loaded[name]  # it was unloaded by the container itself
    answer.loading = loading
    return answer


def _load(
    instance: ProcessInstance, container: Container, target: str, name: str, objects: Objects
) -> dict[str, float]:
    """See that the model is loaded; how long that took, by metric, in seconds (ModelCacheHit is 0 or 1)."""
    waited = time.monotonic()
    if name in instance.loaded:
        return {"ModelCacheHit": 1.0, "ModelLoadingWaitTime": 0.0}
    with instance.loading:
        if name in instance.loaded:
            return {"ModelCacheHit": 0.0, "ModelLoadingWaitTime": time.monotonic() - waited}
        started = time.monotonic()
        _download(instance, container, target, name, objects)
        downloaded = time.monotonic()
        _tell_to_load(instance, container, name)
        now = time.monotonic()
        instance.loaded[name] = now
        return {
            "ModelCacheHit": 0.0,
            "ModelLoadingWaitTime": now - waited,
            "ModelDownloadingTime": downloaded - started,
            "ModelLoadingTime": now - downloaded,
        }


def _download(instance: ProcessInstance, container: Container, target: str, name: str, objects: Objects) -> None:
    uri = f"{(container.spec.artifact or '').rstrip('/')}/{target.lstrip('/')}"
    folder = container.models_dir / name / "model"
    if folder.exists():
        return
    try:
        archive = objects.read(instance.spec.account, uri)
    except KeyError:
        bucket, key = split_uri(uri)
        raise AwsError(
            "ValidationError",
            f"Failed to download model data(bucket: {bucket}, key: {key}). Please ensure that there is an object "
            "located at the URL and that the role passed to CreateModel has permissions to download the model.",
        ) from None
    folder.mkdir(parents=True)
    try:
        unpack(archive, uri, "container_1", folder)
    except ArtifactError as error:
        folder.rmdir()
        raise AwsError("ValidationError", str(error)) from error


def _tell_to_load(instance: ProcessInstance, container: Container, name: str) -> None:
    """POST /models; the model used longest ago makes room while the container says it has none."""
    wanted = json.dumps({"model_name": name, "url": str(container.models_dir / name / "model")}).encode()
    while True:
        try:
            response = container.request("POST", "/models", wanted, {"Content-Type": "application/json"})
        except urllib3.exceptions.ReadTimeoutError as error:
            raise AwsError("ModelNotReadyException", "The model is still being loaded. Try again.", 429) from error
        except urllib3.exceptions.HTTPError as error:
            raise UnreachableError(str(error)) from error
        if response.status in {200, 409}:
            return
        if response.status != 507 or not instance.loaded:
            raise AwsError(
                "ModelError",
                f"Failed to load the model: {response.data.decode(errors='replace')[:1024]}",
                424,
                {
                    "OriginalStatusCode": response.status,
                    "OriginalMessage": response.data.decode(errors="replace")[:1024],
                },
            )
        oldest = min(instance.loaded, key=lambda one: instance.loaded[one])
        del instance.loaded[oldest]
        container.request("DELETE", f"/models/{oldest}")
