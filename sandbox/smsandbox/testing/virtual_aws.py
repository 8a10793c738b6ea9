"""An AWS in this process and in virtual time, furnished with what the specs of tests name; clients, calls, contents."""

import os
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.auth
import botocore.endpoint
import moto.s3.models
from botocore.config import Config
from botocore.exceptions import NoCredentialsError
from moto.backends import get_backend

from smendpoints.aws.calls.connections import Connections
from smendpoints.aws.calls.identity import Presented
from smsandbox.assets import BUCKET, EXECUTION, ROLE, TRUST
from smsandbox.aws.assembly.simulator import assemble
from smsandbox.aws.core.calls import CallLog
from smsandbox.aws.core.clock import VirtualClock
from smsandbox.aws.core.faults import Faults
from smsandbox.aws.core.settings import Settings
from smsandbox.aws.moto import backend as moto_backend
from smsandbox.aws.moto.images import MANIFEST_TYPE, ImageReference, digest_of, manifest
from smsandbox.testing.sessions import Session
from smsandbox.testing.specs import ARTIFACTS, ECHO_IMAGE
from smsandbox.world import ACCOUNT, REGION

MINUTES = {"create": 240.0, "update": 240.0, "weights": 60.0, "delete": 60.0, "container_start": 30.0, "fail": 60.0}

_DAY = "20260101"  # which nobody looks at
_ECHO = ImageReference(ACCOUNT, REGION, "echo", "1.0", None, ECHO_IMAGE.partition(":")[0])

BRISK = {"durations": {"create": 60.0, "update": 60.0, "weights": 20.0, "delete": 20.0, "container_start": 5.0}}


class _Unproven(botocore.auth.SigV4Auth):
    """Whose key, where and which service, as in every signature; without the proof, which this AWS does not ask for."""

    def add_auth(self, request: Any) -> None:
        """Sign."""
        if self.credentials is None:
            raise NoCredentialsError
        request.context["timestamp"] = _DAY
        request.headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={self.scope(request)}"


botocore.auth.AUTH_TYPE_MAPS["v4"] = _Unproven


class VirtualAws:
    """A simulator without containers, whose clock stands still until it is moved."""

    def __init__(self, *, seed: int = 0, settings: Mapping[str, Any] | None = None, by_wire: bool = False) -> None:
        """`by_wire`: calls to the simulator's own services, too, are made of bytes, which takes three times as long."""
        self.by_wire = by_wire
        os.environ.setdefault("AWS_ACCESS_KEY_ID", "harness")
        os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "harness")
        moto_backend.reset()  # moto keeps one state for the whole process
        random.seed(seed)  # what spreads waits, so that a history can be played again
        self.clock = VirtualClock()
        chosen = Settings(seed=seed, containers=False).changed({"durations": MINUTES, **(settings or {})})
        self.simulator = assemble(settings=chosen, clock=self.clock)
        self.world = self.simulator.world
        self.session = self.session_of()
        self._clients: dict[str, Any] = {}
        self.connections = self.connections_of(self.session)
        # botocore backs off between its attempts: that, too, is virtual time
        botocore.endpoint.time = SimpleNamespace(sleep=self.clock.advance)  # type: ignore[attr-defined]
        # when an artifact was written is compared with when a fleet was launched from it
        moto.s3.models.utcnow = self._utc  # type: ignore[attr-defined]
        self._prepare()

    def _utc(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now(), UTC).replace(tzinfo=None)

    def session_of(self, **credentials: str) -> Session:
        """A boto3 session that talks to this AWS; with the environment's credentials unless given."""
        return Session(self.simulator.gateway, by_wire=self.by_wire, **credentials)

    def connections_of(self, session: boto3.Session, presented: Presented | None = None) -> Connections:
        """What an operator has that acts with this session's credentials; its waits are virtual time."""
        return Connections(
            REGION, 10, presented, session=lambda: session, clock=self.clock.now, sleep=self.clock.advance
        )

    def client(self, service: str) -> Any:
        """A boto3 client of this AWS that is not the operator's: a hand's, or AWS's own."""
        if service not in self._clients:
            config = Config(retries={"mode": "standard", "total_max_attempts": 3})
            made: Any = self.session.client
            self._clients[service] = made(service, config=config)
        return self._clients[service]

    @staticmethod
    def _prepare() -> None:
        """What is there before anything happens, put where moto has it: requests took longer than all else here."""
        roles: Any = get_backend("iam")[ACCOUNT][moto_backend.PARTITION]
        roles.create_role(ROLE, TRUST, "/", None, None, [], 3600)
        roles.put_role_policy(ROLE, "rollouts", EXECUTION)
        buckets: Any = get_backend("s3")[ACCOUNT][moto_backend.PARTITION]
        buckets.create_bucket(BUCKET, REGION)
        for uri in ARTIFACTS:
            key = uri.removeprefix(f"s3://{BUCKET}/")
            buckets.put_object(BUCKET, key, key.encode())
        images: Any = get_backend("ecr")[ACCOUNT][REGION]
        images.create_repository(_ECHO.repository, ACCOUNT, None, None, None, [])
        echo = manifest("echo", _ECHO.repository, str(_ECHO.tag))
        images.put_image(_ECHO.repository, echo, _ECHO.tag, MANIFEST_TYPE, digest_of(echo))

    def in_use(self) -> set[str]:
        """The configs and models that endpoints serve, or are about to."""
        sagemaker = self.client("sagemaker")
        used: set[str] = set()
        for entry in sagemaker.list_endpoints(MaxResults=100)["Endpoints"]:
            shown = sagemaker.describe_endpoint(EndpointName=entry["EndpointName"])
            if shown["EndpointStatus"] != "Deleting":
                pending = shown.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
                used |= {shown["EndpointConfigName"], pending} - {None}
        for config in sagemaker.list_endpoint_configs(MaxResults=100)["EndpointConfigs"]:
            name = config["EndpointConfigName"]
            if name in used:
                shown = sagemaker.describe_endpoint_config(EndpointConfigName=name)
                variants = [*shown["ProductionVariants"], *(shown.get("ShadowProductionVariants") or [])]
                used |= {variant["ModelName"] for variant in variants}
        return used

    def calls(self, operation: str) -> int:
        """How many calls of an operation there were, whatever their result."""
        return self.world.calls.count(operation)

    def failed_calls(self) -> dict[str, int]:
        """How often which operation failed with which code."""
        return {
            f"{operation} {code}": number
            for operations in self.world.calls.counts().values()
            for operation, codes in operations.items()
            for code, number in codes.items()
            if code != "OK"
        }

    def live(self, name: str = "default-iris") -> dict[str, Any]:
        """DescribeEndpoint."""
        found: dict[str, Any] = self.client("sagemaker").describe_endpoint(EndpointName=name)
        return found

    def scale_by_hand(self, count: int, name: str = "default-iris") -> None:
        """Set the instances of `primary`, as the autoscaler does."""
        self.client("sagemaker").update_endpoint_weights_and_capacities(
            EndpointName=name,
            DesiredWeightsAndCapacities=[{"VariantName": "primary", "DesiredInstanceCount": count}],
        )

    def inventory(self) -> dict[str, list[str]]:
        """The names of all that the operator may have made."""
        sagemaker, scaling = self.client("sagemaker"), self.client("application-autoscaling")
        pages = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
        policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
        schedules = scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]
        cloudwatch = self.client("cloudwatch")
        return {
            "endpoints": [e["EndpointName"] for e in sagemaker.list_endpoints(MaxResults=100)["Endpoints"]],
            "configs": sorted(
                e["EndpointConfigName"] for e in sagemaker.list_endpoint_configs(MaxResults=100)["EndpointConfigs"]
            ),
            "models": sorted(e["ModelName"] for e in sagemaker.list_models(MaxResults=100)["Models"]),
            "targets": [e["ResourceId"] for e in pages],
            "policies": [e["PolicyName"] for e in policies],
            "schedules": [e["ScheduledActionName"] for e in schedules],
            "alarms": [e["AlarmName"] for e in cloudwatch.describe_alarms()["MetricAlarms"]],
            "dashboards": [e["DashboardName"] for e in cloudwatch.list_dashboards()["DashboardEntries"]],
        }


@contextmanager
def unseen(aws: VirtualAws) -> Iterator[None]:
    """Calls in here meet no fault, no throttle and no IAM, see lists as they are now, and leave no trace."""
    world = aws.world
    faults, calls, settings = world.faults, world.calls, world.settings
    world.faults, world.calls = Faults(), CallLog()
    world.settings = settings.changed({"enforce_iam": False, "consistency": {"listing": 0.0}})
    try:
        yield
    finally:
        world.faults, world.calls, world.settings = faults, calls, settings
