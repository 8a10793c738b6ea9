"""Whatever load, bounds, suspensions and time do: capacity stays within bounds, and activities tell the truth."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smsandbox.aws.assembly.simulator import assemble
from smsandbox.aws.core.clock import VirtualClock
from smsandbox.aws.core.context import Context
from smsandbox.aws.core.settings import Settings

CTX = Context("123456789012", "us-east-1", "test")
NAMED = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/ep/variant/v",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
MOST = 12

bounds = st.tuples(st.integers(1, MOST), st.integers(0, 5)).map(lambda pair: (pair[0], min(MOST, pair[0] + pair[1])))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("load"), st.floats(0, 100)),
        st.tuples(st.just("wait"), st.integers(1, 20)),
        st.tuples(st.just("bounds"), bounds),
        st.tuples(st.just("suspend"), st.booleans()),
        st.tuples(st.just("hand"), st.integers(1, MOST)),
    ),
    min_size=1,
    max_size=12,
)


class Machine:
    def __init__(self) -> None:
        unverified = {"verify_artifacts": False, "verify_roles": False, "verify_images": False}
        chosen = Settings.model_validate({"containers": False, "options": unverified})
        self.simulator = assemble(settings=chosen, clock=VirtualClock())
        self.world: Any = self.simulator.world
        self.sagemaker = self.service("sagemaker")
        self.scaling = self.service("application-autoscaling")
        self.least, self.most, self.queue = 1, MOST, 10.0
        role = "arn:aws:iam::123456789012:role/r"
        image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/i:1"
        self.sagemaker.create_model(
            CTX, {"ModelName": "m", "PrimaryContainer": {"Image": image}, "ExecutionRoleArn": role}
        )
        variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
        self.sagemaker.create_endpoint_config(CTX, {"EndpointConfigName": "c", "ProductionVariants": [variant]})
        self.sagemaker.create_endpoint(CTX, {"EndpointName": "ep", "EndpointConfigName": "c"})
        self.world.advance(60)
        self.bounds((1, MOST))
        metric = {"Namespace": "shop", "MetricName": "Queue", "Statistic": "Average"}
        config = {
            "TargetValue": 10.0,
            "CustomizedMetricSpecification": metric,
            "ScaleInCooldown": 60,
            "ScaleOutCooldown": 60,
        }
        self.scaling.put_scaling_policy(
            CTX,
            {**NAMED, "PolicyName": "p", "PolicyType": "TargetTrackingScaling",
             "TargetTrackingScalingPolicyConfiguration": config},
        )  # fmt: skip

    def service(self, name: str) -> Any:
        return self.world.services[name]

    @property
    def count(self) -> int:
        view = self.world.hosting.endpoint(CTX.account, CTX.region, "ep")
        assert view is not None
        return int(view.variants[0].desired_count)

    def load(self, value: float) -> None:
        self.queue = value

    def wait(self, minutes: int) -> None:
        for _ in range(minutes):
            self.world.metrics.put(CTX.account, CTX.region, "shop", "Queue", {}, self.queue, "None")
            self.world.advance(60)

    def bounds(self, pair: tuple[int, int]) -> None:
        self.least, self.most = pair
        self.scaling.register_scalable_target(CTX, {**NAMED, "MinCapacity": self.least, "MaxCapacity": self.most})

    def suspend(self, yes: bool) -> None:
        state = {"DynamicScalingInSuspended": yes, "DynamicScalingOutSuspended": yes}
        self.scaling.register_scalable_target(CTX, {**NAMED, "SuspendedState": state})

    def hand(self, count: int) -> None:
        self.world.advance(30)
        self.world.hosting.scale(CTX, "ep", "v", count)
        self.world.advance(30)

    def activities(self) -> list[dict[str, Any]]:
        return list(
            self.scaling.describe_scaling_activities(CTX, {"ServiceNamespace": "sagemaker"})["ScalingActivities"]
        )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_capacity_ends_within_its_bounds_and_where_the_target_says(history: list[tuple[str, Any]]) -> None:
    machine = Machine()
    for name, argument in history:
        getattr(machine, name)(argument)
        for activity in machine.activities():
            assert activity["StatusCode"] in {"InProgress", "Successful", "Overridden"}, activity
            assert 1 <= int(activity["Description"].rstrip(".").rpartition(" ")[2]) <= MOST
    machine.wait(1)
    machine.suspend(False)
    # Every minute the metric asks for twice, or half, of what there is: long enough, and a bound is reached.
    machine.load(20.0)
    machine.wait(20)
    assert machine.count == machine.most
    machine.load(5.0)
    machine.wait(60)
    assert machine.count == machine.least
    machine.load(10.0)
    machine.wait(20)
    assert machine.count == machine.least
    assert all(one["StatusCode"] != "InProgress" for one in machine.activities())
    machine.simulator.close()
