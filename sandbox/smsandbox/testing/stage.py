"""One namespace of a running World with what a test does in it: apply, edit, look, wait, delete.

Waits have a deadline and tell what was seen instead. Not here: assertions about promises.
"""

import io
import json
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.config import Config
from kubernetes import client, config

from smendpoints.api.resource import GROUP, KIND, PLURAL, VERSION
from smsandbox import assets
from smsandbox.aws.images import push
from smsandbox.controlplane import ControlPlane
from smsandbox.process import ServiceError, wait_until
from smsandbox.testing.simulator import Simulator
from smsandbox.testing.specs import ARTIFACTS as ARTIFACTS  # noqa: PLC0414
from smsandbox.testing.specs import CRASH_IMAGE as CRASH_IMAGE  # noqa: PLC0414
from smsandbox.testing.specs import ECHO_IMAGE as ECHO_IMAGE  # noqa: PLC0414
from smsandbox.testing.specs import spec as spec  # noqa: PLC0414
from smsandbox.testing.specs import with_variant as with_variant  # noqa: PLC0414
from smsandbox.world import World

SECONDS = 60.0
Object = dict[str, Any]


@dataclass
class Cloud:
    """A World that runs, with clients made once."""

    world: World
    plane: ControlPlane
    simulator: Simulator = field(init=False)
    api: client.CustomObjectsApi = field(init=False)
    core: client.CoreV1Api = field(init=False)
    _aws: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.simulator = Simulator(self.world.aws_url)
        connection = config.new_client_from_config(str(self.world.kubeconfig))  # type: ignore[no-untyped-call]
        self.api, self.core = client.CustomObjectsApi(connection), client.CoreV1Api(connection)

    def aws(self, service: str) -> Any:
        """A boto3 client of the simulator; patient, as the faults that are put in the operator's way strike it, too."""
        if service not in self._aws:
            patient = Config(retries={"mode": "standard", "total_max_attempts": 12})
            self._aws[service] = assets.client(self.world, service, patient)
        return self._aws[service]

    def stock(self) -> None:
        """Role, bucket, artifacts that hold no model, and images."""
        assets.ensure_account(self.world)
        for uri in ARTIFACTS:
            bucket, _, key = uri.removeprefix("s3://").partition("/")
            self.aws("s3").put_object(Bucket=bucket, Key=key, Body=_archive("about.txt", key.encode()))
        push(self.aws("ecr"), ECHO_IMAGE, "echo")
        push(self.aws("ecr"), CRASH_IMAGE, "crash")

    def log(self) -> str:
        """The operator's log so far."""
        return (self.world.folder / "operator.log").read_text(errors="replace")


def condition(found: Object, kind: str) -> dict[str, Any] | None:
    """The condition of that type."""
    conditions = found.get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == kind), None)


def has(found: Object, kind: str) -> bool:
    """Whether the condition is true and speaks of the spec as it stands."""
    told = condition(found, kind)
    current = found.get("status", {}).get("observedGeneration") == found["metadata"]["generation"]
    return current and told is not None and told["status"] == "True"


@dataclass
class Stage:
    """A namespace."""

    cloud: Cloud
    namespace: str

    def endpoint_name(self, name: str) -> str:
        return f"{self.namespace}-{name}"

    # Kubernetes

    def apply(self, name: str, wanted: Mapping[str, Any]) -> None:
        """Create the object, or replace its spec."""
        where = (GROUP, VERSION, self.namespace, PLURAL)
        body = {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": KIND,
            "metadata": {"name": name},
            "spec": dict(wanted),
        }
        try:
            self.cloud.api.create_namespaced_custom_object(*where, body)
        except client.ApiException as error:
            if error.status != 409:
                raise
            patch = [{"op": "replace", "path": "/spec", "value": dict(wanted)}]
            self.cloud.api.patch_namespaced_custom_object(
                *where, name, patch, _content_type="application/json-patch+json"
            )

    def find(self, name: str) -> Object | None:
        """The object; None when it is not there."""
        try:
            found: Any = self.cloud.api.get_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL, name)
        except client.ApiException as error:
            if error.status == 404:
                return None
            raise
        return dict(found)

    def get(self, name: str) -> Object:
        """The object, which is there."""
        found = self.find(name)
        if found is None:
            raise AssertionError(f"{self.namespace}/{name} is gone")
        return found

    def names(self) -> list[str]:
        """The objects of the namespace."""
        listed: Any = self.cloud.api.list_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL)
        return [item["metadata"]["name"] for item in listed["items"]]

    def delete(self, name: str) -> None:
        self.cloud.api.delete_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL, name)

    def events(self, name: str) -> list[tuple[str, str, str]]:
        """Type, reason and message of the object's Events, oldest first."""
        listed: Any = self.cloud.core.list_namespaced_event(
            self.namespace, field_selector=f"involvedObject.name={name}"
        )
        ordered = sorted(listed.items, key=lambda event: event.metadata.creation_timestamp)
        return [(event.type, event.reason, event.message) for event in ordered]

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """What kubectl prints in this namespace."""
        return self.cloud.plane.kubectl("--namespace", self.namespace, *arguments, stdin=stdin)

    # waits

    def until(
        self, name: str, done: Callable[[Object], bool], goal: str = "the condition", seconds: float = SECONDS
    ) -> Object:
        """The object once `done`.

        Raises:
            AssertionError: not within `seconds`; shows the status as it is instead.
        """

        def probe() -> Object | None:
            found = self.get(name)
            return found if done(found) else None

        def failure() -> str:
            found = self.get(name)
            shown = {"generation": found["metadata"]["generation"], **found.get("status", {})}
            return f"{name} did not reach {goal} in {seconds:g} s: {json.dumps(shown, indent=1)}"

        return dict(_wait(probe, seconds, failure))

    def ready(self, name: str, seconds: float = SECONDS) -> Object:
        """The object once it is Ready at its present generation."""
        return self.until(name, lambda found: has(found, "Ready"), "Ready", seconds)

    def stalled(self, name: str, reason: str) -> Object:
        """The object once it is Stalled for that reason."""

        def is_stalled(found: Object) -> bool:
            told = condition(found, "Stalled")
            return has(found, "Stalled") and told is not None and told["reason"] == reason

        return self.until(name, is_stalled, f"Stalled for {reason}")

    def gone(self, name: str, seconds: float = SECONDS) -> None:
        """Wait until the object is gone."""
        _wait(
            lambda: self.find(name) is None or None,
            seconds,
            lambda: f"{name} does not go: {json.dumps(self.get(name), indent=1)}",
        )

    def see(self, what: Callable[[], Any], goal: str, seconds: float = SECONDS) -> Any:
        """The first truthy value."""
        return _wait(lambda: what() or None, seconds, lambda: f"did not see {goal} in {seconds:g} s")

    # AWS

    def live(self, name: str) -> dict[str, Any] | None:
        """DescribeEndpoint of the object's endpoint; None when there is none."""
        sagemaker = self.cloud.aws("sagemaker")
        try:
            found: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=self.endpoint_name(name))
        except sagemaker.exceptions.ClientError as error:
            if "Could not find" in str(error):
                return None
            raise
        return found

    def inventory(self, name: str = "") -> dict[str, list[str]]:
        """The names of all in AWS that belongs to an object, or to any of the namespace."""
        mine = self.endpoint_name(name)
        sagemaker, scaling = self.cloud.aws("sagemaker"), self.cloud.aws("application-autoscaling")

        def listed(operation: str, key: str, field_name: str) -> list[str]:
            pages = sagemaker.get_paginator(operation).paginate(NameContains=mine)
            return sorted(entry[field_name] for page in pages for entry in page[key])

        def scaled(operation: str, key: str, field_name: str) -> list[str]:
            pages = scaling.get_paginator(operation).paginate(ServiceNamespace="sagemaker")
            entries = [entry for page in pages for entry in page[key]]
            return sorted(entry[field_name] for entry in entries if f"endpoint/{mine}" in entry["ResourceId"])

        alarms = self.cloud.aws("cloudwatch").get_paginator("describe_alarms").paginate()
        return {
            "endpoints": listed("list_endpoints", "Endpoints", "EndpointName"),
            "configs": listed("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
            "models": listed("list_models", "Models", "ModelName"),
            "targets": scaled("describe_scalable_targets", "ScalableTargets", "ResourceId"),
            "policies": scaled("describe_scaling_policies", "ScalingPolicies", "PolicyName"),
            "schedules": scaled("describe_scheduled_actions", "ScheduledActions", "ScheduledActionName"),
            "alarms": sorted(
                alarm["AlarmName"] for page in alarms for alarm in page["MetricAlarms"] if mine in alarm["AlarmName"]
            ),
        }

    def left(self, name: str = "") -> dict[str, list[str]]:
        """What of the inventory there is at all."""
        return {kind: found for kind, found in self.inventory(name).items() if found}

    # the operator

    def operator_pid(self) -> int | None:
        return self.cloud.world.operator.pid

    def kill_operator(self) -> None:
        """SIGKILL, at once."""
        self.cloud.world.operator.kill()

    def start_operator(self, world: World | None = None) -> None:
        """Start the operator as `world` has it, the cloud's own unless given; does not wait."""
        (world or self.cloud.world).operator.ensure_running()

    def clean(self) -> None:
        """Delete all objects and wait until they are gone."""
        for name in self.names():
            self.delete(name)
        for name in self.names():
            self.gone(name)


def _wait(probe: Callable[[], Any], seconds: float, failure: Callable[[], str]) -> Any:
    try:
        return wait_until(probe, seconds, failure)
    except ServiceError as error:
        raise AssertionError(str(error)) from error


def _archive(name: str, content: bytes) -> bytes:
    """A .tar.gz with one file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
