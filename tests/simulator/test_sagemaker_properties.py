"""Whatever is done to endpoints, in whatever order and with whatever faults: what always holds of them."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from smsandbox.aws.core.clock import VirtualClock
from smsandbox.aws.core.context import DEFAULT_ACCOUNT, DEFAULT_REGION, Request
from smsandbox.aws.core.errors import AwsError, ResponseLostError
from smsandbox.aws.core.settings import Settings
from smsandbox.aws.core.world import World
from smsandbox.aws.fleet.instant import InstantFleet
from smsandbox.aws.moto.objects import MotoObjects
from smsandbox.aws.sagemaker.service import SageMaker

NAMES = st.sampled_from(["one", "two"])
CONFIGS = st.sampled_from(["a", "b", "c"])
QUOTA = 12
FAULTS = ("capacity", "never_healthy", "rollback", "delete_fails", "lose_response", "throttle")
CANARY = {"Type": "CANARY", "WaitIntervalInSeconds": 60, "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50}}
GUARDRAILS = st.sampled_from(
    [
        None,
        {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": CANARY, "TerminationWaitInSeconds": 30}},
        {
            "RollingUpdatePolicy": {
                "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
                "WaitIntervalInSeconds": 20,
            }
        },
    ]
)


class Endpoints(RuleBasedStateMachine):
    """Calls without a client, so that thousands of steps take seconds."""

    @initialize()
    def begin(self) -> None:
        chosen = Settings.model_validate(
            {
                "quotas": {"ml.m5.large": QUOTA},
                "options": {"verify_roles": False, "verify_images": False, "verify_artifacts": False},
            }
        )
        self.world = World(objects=MotoObjects(), clock=VirtualClock(), settings=chosen)
        self.world.fleet = InstantFleet(self.world)
        self.sagemaker = SageMaker(self.world)
        self.world.hosting = self.sagemaker
        self.world.register(self.sagemaker)
        role = f"arn:aws:iam::{DEFAULT_ACCOUNT}:role/execution"
        self.call("CreateModel", ModelName="m", ExecutionRoleArn=role, PrimaryContainer={"Image": "image"})

    def call(self, operation: str, **params: Any) -> dict[str, Any] | None:
        """The answer; None where AWS refuses. Anything but a refusal fails the test."""
        try:
            return self.world.call(Request("sagemaker", operation, params=params))
        except (AwsError, ResponseLostError):
            return None

    @rule(name=CONFIGS, count=st.integers(1, 4), weight=st.sampled_from([0.0, 1.0, 3.0]))
    def create_config(self, name: str, count: int, weight: float) -> None:
        variant = {
            "VariantName": "v",
            "ModelName": "m",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": count,
            "InitialVariantWeight": weight,
        }
        self.call("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=[variant])

    @rule(name=CONFIGS)
    def delete_config(self, name: str) -> None:
        self.call("DeleteEndpointConfig", EndpointConfigName=name)

    @rule(name=NAMES, config=CONFIGS)
    def create(self, name: str, config: str) -> None:
        self.call("CreateEndpoint", EndpointName=name, EndpointConfigName=config)

    @rule(name=NAMES, config=CONFIGS, guardrails=GUARDRAILS, retain=st.booleans())
    def update(self, name: str, config: str, guardrails: Any, retain: bool) -> None:
        extra = {"DeploymentConfig": guardrails} if guardrails else {}
        self.call(
            "UpdateEndpoint",
            EndpointName=name,
            EndpointConfigName=config,
            RetainAllVariantProperties=retain,
            **extra,
        )

    @rule(name=NAMES, count=st.integers(1, 6), weight=st.sampled_from([0.0, 2.0]))
    def rescale(self, name: str, count: int, weight: float) -> None:
        change = {"VariantName": "v", "DesiredInstanceCount": count, "DesiredWeight": weight}
        self.call("UpdateEndpointWeightsAndCapacities", EndpointName=name, DesiredWeightsAndCapacities=[change])

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        self.call("DeleteEndpoint", EndpointName=name)

    @rule(kind=st.sampled_from(FAULTS))
    def go_wrong_once(self, kind: str) -> None:
        self.world.faults.add({"kind": kind, "times": 1})

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0, 30.0]))
    def wait(self, seconds: float) -> None:
        self.world.advance(seconds)

    @precondition(lambda self: hasattr(self, "world"))
    @rule()
    def settle(self) -> None:
        self.world.advance(2 * 3600)
        store = self.sagemaker.stores[DEFAULT_ACCOUNT, DEFAULT_REGION]
        held = 0
        for endpoint in store.endpoints.values():
            assert not endpoint.in_progress, f"{endpoint.name} is stuck in {endpoint.status}"
            assert endpoint.green is None
            for fleet in endpoint.fleets:
                for variant in fleet.variants.values():
                    held += len(variant.instances)
                    assert variant.reserved == len(variant.instances)
                    if endpoint.status == "InService":
                        assert variant.current_count == variant.desired_count == len(variant.instances)
        assert store.instances_used("ml.m5.large") == held

    @invariant()
    def holds(self) -> None:
        if not hasattr(self, "sagemaker"):
            return
        store = self.sagemaker.stores.get((DEFAULT_ACCOUNT, DEFAULT_REGION))
        for endpoint in store.endpoints.values() if store else ():
            shown = self.sagemaker.describe_endpoint(
                Request("sagemaker", "DescribeEndpoint").context, {"EndpointName": endpoint.name}
            )
            view = self.sagemaker.endpoint(DEFAULT_ACCOUNT, DEFAULT_REGION, endpoint.name)
            assert view is not None
            assert (
                sum(fleet.traffic for fleet in endpoint.fleets) in {0, 1}
                or endpoint.status == "Updating"
                or (abs(sum(fleet.traffic for fleet in endpoint.fleets) - 1) < 1e-9)
            )
            if shown["EndpointStatus"] == "InService":
                assert "PendingDeploymentSummary" not in shown
                weights = sum(variant["CurrentWeight"] for variant in shown["ProductionVariants"])
                assert abs(sum(route.share for route in view.routes) - (1 if weights else 0)) < 1e-9
            if shown["EndpointStatus"] == "Creating":
                assert not view.routes
        assert store is None or store.instances_used("ml.m5.large") <= QUOTA


TestEndpoints = Endpoints.TestCase
TestEndpoints.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
