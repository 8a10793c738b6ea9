"""Builders of what a reconcile sees: the object, what it wants, and what AWS shows. Values only; nothing here calls anybody."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.aws.calls.clients import Clients, Place
from smendpoints.aws.calls.connections import Connections
from smendpoints.domain.desired import names
from smendpoints.domain.desired.desired import Desired, desire
from smendpoints.domain.desired.office_hours import schedule_of
from smendpoints.domain.observed.observed import (
    Observed,
    ObservedConfig,
    ObservedEndpoint,
    ObservedTarget,
    ObservedVariant,
)
from smendpoints.domain.observed.parsing import parse_config
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.plan import plan
from smendpoints.domain.plan.verdict import Plan
from smsandbox.testing.taken import assert_taken

ROLE = "arn:aws:iam::123456789012:role/sagemaker-execution"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/sagemaker-sklearn-inference:1.0"
ARN = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/default-iris"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MODIFIED = NOW - timedelta(minutes=10)
EARLIER = NOW - timedelta(hours=1)
GENERATION = 4


def _spec(changes: Mapping[str, Any]) -> dict[str, Any]:
    """A spec; `variant` changes its only variant, `challenger` adds a second one that differs so from the first."""
    variant = {
        "name": "primary",
        "image": IMAGE,
        "modelArtifact": "s3://models/a/model.tar.gz",
        "instance": {"type": "ml.m5.large", "count": 1},
        **changes.get("variant", {}),
    }
    variants = [{key: value for key, value in variant.items() if value is not None}]
    if "challenger" in changes:
        variants.append({**variants[0], "name": "challenger", **changes["challenger"]})
    rest = {key: value for key, value in changes.items() if key not in {"variant", "challenger"}}
    return {"executionRoleARN": ROLE, "variants": variants, **rest}


def make_resource(changes: Mapping[str, Any] | None = None, status: Mapping[str, Any] | None = None) -> Any:
    """An object of the default namespace named iris."""
    return SageMakerEndpoint.parse(
        {
            "metadata": {"name": "iris", "namespace": "default", "uid": "u", "generation": GENERATION},
            "spec": _spec(changes or {}),
            "status": {"observedGeneration": -1, **(status or {})},
        }
    )


def make_desired(changes: Mapping[str, Any] | None = None) -> Desired:
    """What such an object wants."""
    return desire(make_resource(changes), "cluster-1", None)


def make_config(desired: Desired) -> ObservedConfig:
    """The config of that wish, as AWS shows it."""
    arn = f"arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/{desired.config_name}"
    return parse_config({**desired.config_request, "EndpointConfigArn": arn})


def make_targets(desired: Desired) -> tuple[ObservedTarget, ...]:
    """The scalable targets of that wish, as AWS shows them when all of it is done."""

    def policy_arn(resource_id: str, name: str) -> str:
        return f"arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:1:resource/sagemaker/{resource_id}:policyName/{name}"

    return tuple(
        ObservedTarget(
            resource_id=target.resource_id,
            dimension=target.dimension,
            min_capacity=target.min_capacity,
            max_capacity=target.max_capacity,
            suspended=target.suspended,
            policies={
                policy.name: {
                    "PolicyName": policy.name,
                    "PolicyARN": policy_arn(target.resource_id, policy.name),
                    **policy.request,
                    "Alarms": [],
                }
                for policy in target.policies
            },
            schedules={name: {"ScheduledActionName": name, **request} for name, request in target.schedules.items()},
        )
        for target in desired.targets
    )


def make_alarms(desired: Desired) -> dict[str, Mapping[str, Any]]:
    """The alarms of that wish's step policies, as CloudWatch shows them."""
    arns = {
        (target.resource_id, name): policy["PolicyARN"]
        for target in make_targets(desired)
        for name, policy in target.policies.items()
    }
    return {
        policy.alarm["AlarmName"]: {**policy.alarm, "AlarmActions": [arns[target.resource_id, policy.name]]}
        for target in desired.targets
        for policy in target.policies
        if policy.alarm is not None
    }


def make_endpoint(desired: Desired, variants: Mapping[str, Any] | None = None, **shows: Any) -> ObservedEndpoint:
    """The endpoint of that wish, in service with its own weights and counts unless `variants` and `shows` say else."""
    requests = {entry["VariantName"]: entry for entry in desired.config_request["ProductionVariants"]}
    endpoint = ObservedEndpoint(
        name=desired.endpoint_name,
        arn=ARN,
        status="InService",
        config_name=desired.config_name,
        created_at=EARLIER,
        modified_at=MODIFIED,
        variants=tuple(
            ObservedVariant(
                name=variant.name,
                image=IMAGE,
                current_weight=variant.weight,
                desired_weight=variant.weight,
                current_count=requests[variant.name].get("InitialInstanceCount"),
                desired_count=requests[variant.name].get("InitialInstanceCount"),
                serverless=requests[variant.name].get("ServerlessConfig"),
            )
            for variant in desired.variants
        ),
        shadows=tuple(
            ObservedVariant(
                name=entry["VariantName"],
                image=IMAGE,
                current_weight=entry["InitialVariantWeight"],
                desired_weight=entry["InitialVariantWeight"],
                current_count=entry["InitialInstanceCount"],
                desired_count=entry["InitialInstanceCount"],
            )
            for entry in desired.config_request.get("ShadowProductionVariants", ())
        ),
        tags=desired.tags,
    )

    def changed(shown: tuple[ObservedVariant, ...]) -> tuple[ObservedVariant, ...]:
        return tuple(replace(each, **(variants or {}).get(each.name, {})) for each in shown)

    moved = {"variants": changed(endpoint.variants), "shadows": changed(endpoint.shadows)}
    return replace(endpoint, **{**moved, **shows})


@dataclass(frozen=True)
class Sight:
    """What one reconcile sees."""

    resource: SageMakerEndpoint
    desired: Desired
    live: Desired
    observed: Observed

    @property
    def given(self) -> Input:
        """What the plan is made from."""
        return Input(self.resource, self.desired, self.observed, schedule_of(self.resource.spec, NOW), NOW)

    def plan(self) -> Plan:
        """What it plans; AWS takes each of its calls."""
        todo = plan(self.given)
        assert_taken((*todo.actions, *todo.otherwise, *todo.meanwhile.calls))
        return todo

    def words(self, text: object) -> str:
        """The text with WANTED and LIVE for the hashes of what the spec wants and what is live."""
        said = str(text)
        for word, each in (("WANTED", self.desired), ("LIVE", self.live)):
            for name in sorted(each.contents()):
                said = said.replace(name, f"{name[: -names.HASH_LENGTH]}{word}")
        return said

    def actions(self) -> list[str]:
        """The planned actions, readable."""
        return [self.words(action) for action in self.plan().actions]


def make_sight(
    wants: Mapping[str, Any] | None = None,
    lives: Mapping[str, Any] | None = None,
    *,
    exists: bool = True,
    shows: Mapping[str, Any] | None = None,
    variants: Mapping[str, Any] | None = None,
    remembers: Mapping[str, Any] | None = None,
    converged: bool = False,
    history: list[tuple[str, str]] | None = None,
    tag_keys: list[str] | None = None,
    pinned: Mapping[str, Any] | None = None,
    **observed: Any,
) -> Sight:
    """What a reconcile sees when the spec `wants` something while `lives` (else the same) is in service.

    In `shows`, `remembers` and `history` the words WANTED and LIVE stand for the two configs' names. `converged` says
    that this generation was in service as the spec says, and that the status says so.
    """
    desired = make_desired(wants)
    live = make_desired(lives if lives is not None else wants)
    meant = {"WANTED": desired.config_name, "LIVE": live.config_name}
    rollout = None
    if remembers is not None:
        rollout = {"configName": "WANTED", "startedAt": EARLIER, "endpointModifiedAt": EARLIER, **remembers}
        attempts = {"WANTED": desired.attempt(), "LIVE": live.attempt()}
        rollout.setdefault("attempt", attempts.get(rollout["configName"], "another"))
        rollout["configName"] = meant.get(rollout["configName"], rollout["configName"])
    status: dict[str, Any] = {
        "rollout": rollout,
        "history": [
            {"revision": number, "configName": meant.get(config, config), "at": EARLIER, "outcome": outcome}
            for number, (config, outcome) in enumerate(history or [], start=1)
        ],
    }
    if converged:
        ready = {"reason": "InService", "message": "", "observedGeneration": GENERATION, "lastTransitionTime": EARLIER}
        status |= {
            "observedGeneration": GENERATION,
            "endpoint": {"name": desired.endpoint_name, "status": "InService", "configName": live.config_name},
            "conditions": [
                {"type": "Ready", "status": "True", **ready},
                {"type": "Drifted", "status": "False", **ready},
            ],
        }
    if tag_keys is not None:
        status["endpoint"] = {"name": desired.endpoint_name, "status": "InService", "tagKeys": tag_keys}
    if pinned is not None:
        status["resolved"] = {"endpointName": desired.endpoint_name, "region": "us-east-1", **pinned}
    shown = {key: meant.get(value, value) if isinstance(value, str) else value for key, value in (shows or {}).items()}
    defaults: dict[str, Any] = {
        "endpoint": make_endpoint(live, variants, **shown) if exists else None,
        "live_config": make_config(live) if exists and live.config_name != desired.config_name else None,
        "targets": make_targets(live) if exists else None,
        "alarms": make_alarms(live) if exists else {},
    }
    assert observed.keys() <= {field.name for field in fields(Observed)}
    return Sight(make_resource(wants, status), desired, live, Observed(**(defaults | observed)))


@pytest.fixture(scope="session")
def resource() -> Callable[..., Any]:
    """Makes an object."""
    return make_resource


@pytest.fixture(scope="session")
def desired() -> Callable[..., Desired]:
    """Makes what an object wants."""
    return make_desired


@pytest.fixture(scope="session")
def config() -> Callable[[Desired], ObservedConfig]:
    """Makes the config that AWS shows."""
    return make_config


@pytest.fixture(scope="session")
def endpoint() -> Callable[..., ObservedEndpoint]:
    """Makes the endpoint that AWS shows."""
    return make_endpoint


@pytest.fixture(scope="session")
def targets() -> Callable[[Desired], tuple[ObservedTarget, ...]]:
    """Makes the scalable targets that AWS shows."""
    return make_targets


@pytest.fixture(scope="session")
def sight() -> Callable[..., Any]:
    """Makes what a reconcile sees."""
    return make_sight


@pytest.fixture(scope="module")
def clients() -> Clients:
    """Clients that reach nothing: stubs stand before them."""
    session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")
    return Clients(Place("us-east-1"), Connections("us-east-1", 1, session=lambda: session))
