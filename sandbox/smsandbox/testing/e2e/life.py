"""What happens: create, invoke, new bounds, a rollout, one that fails, back, delete; requests flow meanwhile."""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from botocore.exceptions import ClientError

from smsandbox.process import ServiceError, wait_until
from smsandbox.testing.holdings import inventory

NAME = "iris"
ROW = {"instances": [[5.1, 3.5, 1.4, 0.2]]}
OTHER = {"SMINFERENCE_MAX_ROWS": "50000"}
WIDER = {"maxCapacity": 3}
BROKEN = {"SMINFERENCE_BROKEN": "1"}  # no setting of the container, which does not start with it


class Kubectl(Protocol):
    """What kubectl prints, in the run's namespace."""

    def __call__(self, *arguments: str, stdin: str | None = None) -> str: ...


@dataclass(frozen=True)
class Target:
    """Where it happens, and with what."""

    kubectl: Kubectl
    aws: Callable[[str], Any]  # a boto3 client by its service; that of the runtime tries nothing twice
    namespace: str
    role: str
    image: str
    artifact: str
    instance_type: str
    step_seconds: float  # the longest that one step may take
    deadline: float  # of time.monotonic: what is not done then fails
    pause: float  # between two requests

    @property
    def endpoint(self) -> str:
        """The name in AWS."""
        return f"{self.namespace}-{NAME}"

    def remaining(self) -> float:
        """The longest that the next step may take, in seconds.

        Raises:
            AssertionError: the run's time is over.
        """
        left = min(self.step_seconds, self.deadline - time.monotonic())
        if left <= 0:
            raise AssertionError("the time of the whole run is over")
        return left


@dataclass
class Seen:
    """What AWS showed, by claim, with names and numbers masked; and how long the steps took, in seconds."""

    target: Target
    answers: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def note(self, claim: str, answer: Any) -> None:
        """What AWS showed for a claim."""
        self.answers[claim] = json.loads(self._masked(json.dumps(answer)))

    def refused(self, claim: str, call: Callable[[], object]) -> None:
        """How AWS refuses a call.

        Raises:
            AssertionError: it did not.
        """
        try:
            call()
        except ClientError as error:
            self.note(claim, [error.response["Error"]["Code"], error.response["Error"]["Message"]])
            return
        raise AssertionError(f"{claim}: AWS took the call")

    def _masked(self, text: str) -> str:
        text = re.sub(r"arn:aws[a-z-]*:", "arn:aws:", text)
        text = re.sub(r"(:|\b)[a-z]{2}(-[a-z]+)+-\d:", r"\1REGION:", text)
        text = text.replace(self.target.endpoint, "ENDPOINT").replace(self.target.namespace, "NAMESPACE")
        text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", text)
        text = re.sub(r"ENDPOINT-[0-9a-f]{10}\b", "ENDPOINT-HASH", text)
        return re.sub(r"\b\d{12}\b", "ACCOUNT", text)


class Traffic:
    """Requests one after another, none tried again, from its start until `end`."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._done = threading.Event()
        self.answered = 0
        self.failures: list[str] = []
        self._thread = threading.Thread(target=self._flow, daemon=True)
        self._thread.start()

    def _flow(self) -> None:
        while not self._done.wait(self._target.pause):
            try:
                invoke(self._target)
                self.answered += 1
            except Exception as error:  # noqa: BLE001 - whatever it is, the user's request failed
                self.failures.append(repr(error))

    def end(self) -> None:
        """Send no more."""
        self._done.set()
        self._thread.join(90)


def invoke(target: Target) -> dict[str, Any]:
    """The answer of the runtime to one row, with its body read."""
    asked = {"EndpointName": target.endpoint, "ContentType": "application/json", "Body": json.dumps(ROW)}
    answer: dict[str, Any] = target.aws("sagemaker-runtime").invoke_endpoint(**asked)
    body = json.loads(answer.pop("Body").read())
    if body["predictions"][0]["predicted_class"] != "setosa":
        raise AssertionError(f"not what the model says: {body}")
    return answer


def live(target: Target) -> Seen:
    """Live through all of it.

    Raises:
        AssertionError, subprocess.CalledProcessError: something is not as promised, or took longer than it may.
    """
    seen = Seen(target)
    sagemaker = target.aws("sagemaker")
    missing = lambda: sagemaker.describe_endpoint(EndpointName=target.endpoint)  # noqa: E731
    seen.refused("an endpoint that is not there, described", missing)
    seen.refused("an endpoint that is not there, invoked", lambda: invoke(target))

    _step(seen, "created", {}, "Ready")
    first = sagemaker.describe_endpoint(EndpointName=target.endpoint)
    variant = first["ProductionVariants"][0]
    seen.note("status of an endpoint that was created", first["EndpointStatus"])
    seen.note("fields of an endpoint", sorted(set(first) - {"ResponseMetadata"}))
    seen.note("fields of its variant", sorted(variant))
    seen.note("fields of its image", sorted(variant["DeployedImages"][0]))
    seen.note("fields of an answer of the runtime", sorted(set(invoke(target)) - {"ResponseMetadata"}))
    config = first["EndpointConfigName"]
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    again = {"EndpointConfigName": config, "ProductionVariants": variants}
    seen.refused("a config whose name is taken", lambda: sagemaker.create_endpoint_config(**again))

    traffic = Traffic(target)
    try:
        _bounds(seen, config)
        _step(seen, "rolled out", {"environment": OTHER, "scaling": WIDER}, "Ready")
        second = sagemaker.describe_endpoint(EndpointName=target.endpoint)
        _expect(second["EndpointConfigName"] != config, "a new environment made no new config")
        _step(seen, "failed and rolled back by AWS", {"environment": BROKEN, "scaling": WIDER}, "Stalled")
        back = sagemaker.describe_endpoint(EndpointName=target.endpoint)
        _expect(back["EndpointConfigName"] == second["EndpointConfigName"], "what does not start is in service")
        seen.note("status of an endpoint whose update failed", back["EndpointStatus"])
        reason = re.sub(r"(?<=variant )\S+", "VARIANT", str(back.get("FailureReason")))
        seen.note("reason of an update that failed", reason)
        _step(seen, "spec put back", {"environment": OTHER, "scaling": WIDER}, "Ready")
    finally:
        traffic.end()
    _expect(traffic.failures == [], f"requests failed: {traffic.failures[:3]}")
    _expect(traffic.answered > 0, "no request was sent")

    began = time.monotonic()
    target.kubectl("delete", "smendpoint", NAME, f"--timeout={target.remaining():.0f}s")
    seen.seconds["deleted"] = time.monotonic() - began
    _until(target, lambda: not any(inventory(target.aws, f"{target.namespace}-").values()), "nothing left in AWS")
    return seen


def _bounds(seen: Seen, config: str) -> None:
    """Other bounds, in place: the same config serves."""
    target = seen.target
    _step(seen, "bounds changed", {"scaling": WIDER}, "Ready")
    found = target.aws("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[f"endpoint/{target.endpoint}/variant/primary"]
    )["ScalableTargets"]
    _expect(
        [(each["MinCapacity"], each["MaxCapacity"]) for each in found] == [(1, 3)], f"bounds are not there: {found}"
    )
    seen.note("fields of a scalable target", sorted(found[0]))
    served = target.aws("sagemaker").describe_endpoint(EndpointName=target.endpoint)["EndpointConfigName"]
    _expect(served == config, "new bounds made a new config")


def _step(seen: Seen, name: str, changes: dict[str, Any], condition: str) -> None:
    """Apply the object with these changes of its variant, and wait for the condition of that generation."""
    target = seen.target
    began = time.monotonic()
    target.kubectl("apply", "-f", "-", stdin=json.dumps(_object(target, changes)))
    wait = ["wait", f"--for=condition={condition}", f"smendpoint/{NAME}", f"--timeout={target.remaining():.0f}s"]
    target.kubectl(*wait)
    seen.seconds[name] = time.monotonic() - began


def _object(target: Target, changes: dict[str, Any]) -> dict[str, Any]:
    scaling = {"minCapacity": 1, "maxCapacity": 2, "targetInvocationsPerInstance": 1000}
    variant = {
        "name": "primary",
        "image": target.image,
        "modelArtifact": target.artifact,
        "instance": {"type": target.instance_type, "count": 1, "startupTimeoutSeconds": 60},
        **changes,
        "scaling": {**scaling, **changes.get("scaling", {})},
    }
    return {
        "apiVersion": "smendpoints.dev/v1alpha1",
        "kind": "SageMakerEndpoint",
        "metadata": {"name": NAME, "namespace": target.namespace},
        "spec": {"executionRoleARN": target.role, "variants": [variant]},
    }


def _until(target: Target, done: Callable[[], bool], goal: str) -> None:
    try:
        wait_until(lambda: done() or None, target.remaining(), lambda: f"did not see: {goal}")
    except ServiceError as error:
        raise AssertionError(str(error)) from error


def _expect(holds: object, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)
