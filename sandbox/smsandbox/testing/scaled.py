"""An endpoint of the simulator that scales, and what a test does to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

RESOURCE = "endpoint/ep/variant/primary"
COUNT = "sagemaker:variant:DesiredInstanceCount"
NAMED = {"ServiceNamespace": "sagemaker", "ResourceId": RESOURCE, "ScalableDimension": COUNT}
PER_INSTANCE = "SageMakerVariantInvocationsPerInstance"


class Scaled:
    """An endpoint `ep` with two instances, and what a test does to it."""

    def __init__(self, cloud: Any) -> None:
        self.cloud = cloud
        self.world = cloud.world
        self.aas = cloud.client("application-autoscaling")
        self.cw = cloud.client("cloudwatch")
        cloud.endpoint()

    def register(self, least: int = 1, most: int = 5, **others: Any) -> str:
        """Register the variant's instances to be scaled; the target's ARN."""
        answer = self.aas.register_scalable_target(**NAMED, MinCapacity=least, MaxCapacity=most, **others)
        return str(answer["ScalableTargetARN"])

    def track(self, name: str = "track", target: float = 5.0, **config: Any) -> Any:
        """Put a policy of target tracking."""
        if "CustomizedMetricSpecification" not in config:
            config.setdefault("PredefinedMetricSpecification", {"PredefinedMetricType": PER_INSTANCE})
        return self.aas.put_scaling_policy(
            **NAMED,
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={"TargetValue": target, **config},
        )

    def step(self, name: str = "step", adjustments: list[dict[str, Any]] | None = None, **config: Any) -> str:
        """Put a policy of steps; its ARN."""
        steps = adjustments or [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}]
        return str(
            self.aas.put_scaling_policy(
                **NAMED,
                PolicyName=name,
                PolicyType="StepScaling",
                StepScalingPolicyConfiguration={
                    "AdjustmentType": "ChangeInCapacity",
                    "StepAdjustments": steps,
                    **config,
                },
            )["PolicyARN"]
        )

    def load(self, minutes: int, per_minute: int) -> None:
        """Let so many requests come in each of some minutes."""
        runtime = self.cloud.client("sagemaker-runtime")
        for _ in range(minutes):
            for _ in range(per_minute):
                runtime.invoke_endpoint(EndpointName="ep", Body=b"{}")
            self.world.advance(60)

    def queue_length(self, value: float, minutes: int = 1, name: str = "Queue") -> None:
        """Tell a metric of the user for some minutes."""
        for _ in range(minutes):
            self.cw.put_metric_data(
                Namespace="shop", MetricData=[{"MetricName": name, "Value": value, "Timestamp": self.now}]
            )
            self.world.advance(60)

    @property
    def now(self) -> datetime:
        """The time in AWS."""
        return datetime.fromtimestamp(self.world.now(), UTC)

    @property
    def count(self) -> int:
        """The instances that are wanted."""
        variant = self.cloud.describe()["ProductionVariants"][0]
        return int(variant["DesiredInstanceCount"])

    def activities(self, **options: Any) -> list[dict[str, Any]]:
        """The scaling activities, the newest first."""
        return list(self.aas.describe_scaling_activities(**NAMED, **options)["ScalingActivities"])

    def alarm(self, name: str) -> dict[str, Any]:
        """An alarm by its name."""
        return dict(self.cw.describe_alarms(AlarmNames=[name])["MetricAlarms"][0])

    def alarm_on_queue(self, policy: str, threshold: float = 10.0, comparison: str = "GreaterThanThreshold") -> None:
        """An alarm of the user's metric that calls a policy."""
        self.cw.put_metric_alarm(
            AlarmName="queue", Namespace="shop", MetricName="Queue", Statistic="Average", Period=60,
            EvaluationPeriods=1, Threshold=threshold, ComparisonOperator=comparison, AlarmActions=[policy],
        )  # fmt: skip
