"""Deployment guardrails: traffic that is really shifted, waits that are really waited, rollbacks that happen."""

from typing import Any

import pytest

PERCENT = "CAPACITY_PERCENT"


class AlarmStates(dict[str, str]):
    """Alarms by name, as CloudWatch would report them."""

    def state(self, _ctx: Any, name: str) -> str | None:
        return self.get(name)


def blue_green(kind: str, wait: int = 60, termination: int = 0, **sizes: Any) -> dict[str, Any]:
    routing = {"Type": kind, "WaitIntervalInSeconds": wait, **sizes}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": termination}}


def canary(percent: int = 25, **others: Any) -> dict[str, Any]:
    return blue_green("CANARY", CanarySize={"Type": PERCENT, "Value": percent}, **others)


def rolling(percent: int = 25, wait: int = 30, **others: Any) -> dict[str, Any]:
    size = {"Type": PERCENT, "Value": percent}
    return {"RollingUpdatePolicy": {"MaximumBatchSize": size, "WaitIntervalInSeconds": wait, **others}}


def alarmed(policy: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**policy, "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in names]}}


def begin(cloud: Any, guardrails: dict[str, Any] | None, count: int = 4, **changes: Any) -> None:
    """An endpoint in service and an update of it under way."""
    cloud.endpoint("ep", {"InitialInstanceCount": count})
    cloud.config("second", {"InitialInstanceCount": count, **changes})
    update(cloud, guardrails)


def update(cloud: Any, guardrails: dict[str, Any] | None) -> None:
    extra = {"DeploymentConfig": guardrails} if guardrails else {}
    cloud.sm.update_endpoint(EndpointName="ep", EndpointConfigName="second", **extra)


def shares(cloud: Any, every: float, seconds: float) -> list[float]:
    """The new config's share of traffic, looked at `every` so many seconds, without repetitions."""
    seen: list[float] = []
    for _ in range(int(seconds / every)):
        share = cloud.traffic().get("second", 0)
        if not seen or seen[-1] != share:
            seen.append(share)
        cloud.world.advance(every)
    return seen


def statuses(cloud: Any) -> set[str]:
    pending = cloud.describe()["PendingDeploymentSummary"]["ProductionVariants"]
    return {status["StatusMessage"] for variant in pending for status in variant.get("VariantStatus", [])}


def test_all_at_once_shifts_everything_then_bakes(cloud: Any) -> None:
    begin(cloud, blue_green("ALL_AT_ONCE", wait=0, termination=60))
    assert shares(cloud, 1, 30) == [0, 1]
    assert statuses(cloud) == {
        "Baking for 60 seconds (TerminationWaitInSeconds) with traffic enabled on full capacity of 4 instance(s)."
    }
    assert cloud.describe()["EndpointConfigName"] == "first"
    cloud.world.advance(60)
    assert cloud.describe()["EndpointConfigName"] == "second"


def test_a_canary_takes_its_share_and_bakes_before_the_rest(cloud: Any) -> None:
    begin(cloud, canary(25, wait=60, termination=30))
    assert shares(cloud, 1, 120) == [0, 0.25, 1]
    assert cloud.describe()["EndpointConfigName"] == "second"


def test_linear_goes_in_equal_steps(cloud: Any) -> None:
    begin(cloud, blue_green("LINEAR", wait=30, LinearStepSize={"Type": "INSTANCE_COUNT", "Value": 1}))
    assert shares(cloud, 1, 120) == [0, 0.25, 0.5, 0.75, 1]


def test_rolling_replaces_batches_and_never_holds_two_fleets(cloud: Any) -> None:
    cloud.set(quotas={"ml.m5.large": 5})
    begin(cloud, rolling(25))
    seen = 0
    while cloud.status() == "Updating":
        seen = max(seen, sum(1 for _ in cloud.world.hosting.endpoint(cloud.account, cloud.region, "ep").routes))
        cloud.world.advance(1)
    assert seen == 5
    assert cloud.describe()["EndpointConfigName"] == "second"


def test_rolling_shifts_traffic_with_each_batch(cloud: Any) -> None:
    begin(cloud, rolling(50))
    assert shares(cloud, 1, 100) == [0, 0.5, 1]


def test_waits_pass_by_the_time_scale(cloud: Any) -> None:
    cloud.set(time_scale=60)
    begin(cloud, canary(25, wait=600, termination=600))
    cloud.world.advance(30)
    assert cloud.describe()["EndpointConfigName"] == "second"


def test_a_bake_is_told_by_the_clock_that_its_beginning_is_told_by(cloud: Any) -> None:
    cloud.set(time_scale=60)
    begin(cloud, canary(25, wait=600))
    cloud.world.advance(5)
    assert statuses(cloud) == {
        "Baking for 10 seconds (WaitIntervalInSeconds) with traffic enabled on canary capacity of 1 instance(s)."
    }


def test_traffic_moves_by_whole_instances_and_each_variant_tells_its_own(cloud: Any) -> None:
    variants = {"InitialInstanceCount": 3}, {"InitialInstanceCount": 1, "VariantName": "other"}
    cloud.endpoint("ep", *variants)
    cloud.config("second", *variants)
    update(cloud, canary(10, wait=60))
    cloud.world.advance(5)
    assert {status.rpartition(" on ")[2] for status in statuses(cloud)} == {"canary capacity of 1 instance(s)."}
    assert cloud.traffic()["second"] == 0.5
    shown = cloud.describe()["ProductionVariants"]
    assert [variant.get("VariantStatus") for variant in shown] == [None, None]


@pytest.mark.parametrize(
    ("fault", "metric"),
    [({"kind": "model_error"}, "Invocation5XXErrors"), ({"kind": "slow_model", "delay_seconds": 2}, "ModelLatency")],
)
def test_a_model_that_fails_or_dawdles_on_purpose_is_measured_under_its_config(
    cloud: Any, fault: dict[str, Any], metric: str
) -> None:
    begin(cloud, canary(50, wait=600))
    cloud.world.advance(5)
    cloud.world.faults.add({**fault, "resource": "second"})
    runtime = cloud.client("sagemaker-runtime")
    failed = 0
    for _ in range(40):
        try:
            runtime.invoke_endpoint(EndpointName="ep", Body=b"1")
        except runtime.exceptions.ModelError:
            failed += 1
    assert (failed > 0) == (metric == "Invocation5XXErrors")
    now = cloud.world.now()
    averages = {}
    for config in ("first", "second"):
        dimensions = {"EndpointName": "ep", "VariantName": "primary", "EndpointConfigName": config}
        found = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=now - 600,
            EndTime=now + 60,
            Period=3600,
            Statistics=["Average"],
        )
        averages[config] = {point["Average"] for point in found["Datapoints"]}
    assert averages == {"first": {0.0}, "second": {1.0 if failed else 2e6}}


def test_an_alarm_during_the_canary_rolls_back_to_the_old_config(cloud: Any) -> None:
    cloud.world.alarms = alarms = AlarmStates(errors="OK")
    begin(cloud, alarmed(canary(25, wait=300), "errors"))
    cloud.world.advance(30)
    assert cloud.traffic() == {"first": 0.75, "second": 0.25}
    alarms["errors"] = "ALARM"
    cloud.world.advance(30)
    shown = cloud.describe()
    assert (shown["EndpointStatus"], shown["EndpointConfigName"]) == ("InService", "first")
    assert "errors" in shown["FailureReason"]
    assert cloud.traffic() == {"first": 1}


def test_an_alarm_that_fires_already_ends_the_deployment_at_once(cloud: Any) -> None:
    cloud.world.alarms = AlarmStates(errors="ALARM")
    begin(cloud, alarmed(canary(), "errors"))
    cloud.world.advance(5)
    assert (cloud.status(), cloud.describe()["EndpointConfigName"]) == ("InService", "first")


def test_alarms_without_data_let_the_deployment_go_on(cloud: Any) -> None:
    cloud.world.alarms = AlarmStates(errors="INSUFFICIENT_DATA")
    begin(cloud, alarmed(canary(wait=10), "errors"))
    assert cloud.settle()["EndpointConfigName"] == "second"


def test_an_alarm_during_a_rolling_update_brings_the_old_instances_back(cloud: Any) -> None:
    cloud.world.alarms = alarms = AlarmStates(errors="OK")
    begin(cloud, alarmed(rolling(25, wait=60), "errors"))
    while cloud.traffic().get("second", 0) < 0.5:
        cloud.world.advance(1)
    alarms["errors"] = "ALARM"
    shown = cloud.settle()
    assert (shown["EndpointStatus"], shown["EndpointConfigName"]) == ("InService", "first")
    assert shown["ProductionVariants"][0]["CurrentInstanceCount"] == 4
    assert cloud.traffic() == {"first": 1}


def test_a_rolling_rollback_without_capacity_leaves_a_mix_that_an_update_heals(cloud: Any) -> None:
    cloud.world.alarms = alarms = AlarmStates(errors="OK")
    begin(cloud, alarmed(rolling(25, wait=60), "errors"))
    while cloud.traffic().get("second", 0) < 0.5:
        cloud.world.advance(1)
    alarms["errors"] = "ALARM"
    cloud.world.faults.add({"kind": "capacity", "times": 1})
    shown = cloud.settle()
    assert shown["EndpointStatus"] == "UpdateRollbackFailed"
    assert cloud.traffic() == {"first": 0.5, "second": 0.5}
    cloud.config("third")
    cloud.sm.update_endpoint(EndpointName="ep", EndpointConfigName="third")
    assert cloud.settle()["EndpointStatus"] == "InService"
    assert cloud.traffic() == {"third": 1}


def test_the_rollback_is_shown_as_rolling_back_where_the_option_says_so(cloud: Any) -> None:
    cloud.set(options={"show_rolling_back": True}, durations={"terminate": 20})
    cloud.world.faults.add({"kind": "never_healthy", "resource": "second"})
    begin(cloud, canary())
    cloud.world.advance(5)
    assert cloud.status() == "RollingBack"
    assert cloud.settle()["EndpointStatus"] == "InService"


def test_the_fault_rollback_undoes_an_update_at_its_end(cloud: Any) -> None:
    cloud.world.faults.add({"kind": "rollback", "resource": "ep", "times": 1})
    begin(cloud, canary(wait=10))
    assert cloud.settle()["EndpointConfigName"] == "first"
    update(cloud, canary(wait=10))
    assert cloud.settle()["EndpointConfigName"] == "second"


def test_a_deployment_that_takes_longer_than_its_limit_is_rolled_back(cloud: Any) -> None:
    cloud.set(durations={"container_start": 700})
    cloud.config("first", {"InitialInstanceCount": 4})
    cloud.sm.create_endpoint(EndpointName="ep", EndpointConfigName="first")
    cloud.settle()
    cloud.config("second", {"InitialInstanceCount": 4})
    policy = canary()
    policy["BlueGreenUpdatePolicy"]["MaximumExecutionTimeoutInSeconds"] = 600
    update(cloud, policy)
    shown = cloud.settle()
    assert shown["EndpointConfigName"] == "first"
    assert "MaximumExecutionTimeoutInSeconds" in shown["FailureReason"]


def test_the_config_of_a_deployment_is_kept_and_reused_only_when_asked(cloud: Any) -> None:
    policy = canary(wait=300)
    begin(cloud, policy)
    assert cloud.settle()["LastDeploymentConfig"] == policy
    cloud.config("third", {"InitialInstanceCount": 4})
    cloud.sm.update_endpoint(EndpointName="ep", EndpointConfigName="third", RetainDeploymentConfig=True)
    cloud.world.advance(60)
    assert cloud.traffic() == {"second": 0.75, "third": 0.25}
    assert cloud.settle()["LastDeploymentConfig"] == policy


def test_guardrails_given_at_create_are_stored_and_not_executed(cloud: Any) -> None:
    cloud.config("first", {"InitialInstanceCount": 4})
    policy = canary(wait=3600)
    cloud.sm.create_endpoint(EndpointName="ep", EndpointConfigName="first", DeploymentConfig=policy)
    cloud.world.advance(30)
    assert (cloud.status(), cloud.describe()["LastDeploymentConfig"]) == ("InService", policy)


def test_inferentia_1_is_updated_all_at_once_without_a_word(cloud: Any) -> None:
    begin(cloud, canary(wait=3600), InstanceType="ml.inf1.xlarge")
    cloud.world.advance(30)
    assert cloud.describe()["EndpointConfigName"] == "second"


@pytest.mark.parametrize(
    ("guardrails", "text"),
    [
        ({**canary(), **rolling()}, "Only one of BlueGreenUpdatePolicy and RollingUpdatePolicy"),
        (blue_green("CANARY"), "CanarySize is required"),
        (blue_green("LINEAR"), "LinearStepSize is required"),
        (canary(51), "CanarySize must be between 1% and 50%"),
        (blue_green("CANARY", CanarySize={"Type": "INSTANCE_COUNT", "Value": 3}), "CanarySize must be between"),
        (blue_green("LINEAR", LinearStepSize={"Type": PERCENT, "Value": 9}), "LinearStepSize must be between 10% and"),
        (rolling(4), "MaximumBatchSize must be between 5% and 50%"),
        (rolling(51), "MaximumBatchSize must be between 5% and 50%"),
        (rolling(25, wait=3600, MaximumExecutionTimeoutInSeconds=600), "must exceed the waits"),
    ],
)
def test_limits_of_aws_are_kept(cloud: Any, refused: Any, guardrails: dict[str, Any], text: str) -> None:
    cloud.endpoint("ep", {"InitialInstanceCount": 4})
    cloud.config("second", {"InitialInstanceCount": 4})
    with refused("ValidationException") as error:
        update(cloud, guardrails)
    assert text in error.text


def test_limits_of_the_service_model_are_kept_too(cloud: Any, refused: Any) -> None:
    cloud.endpoint("ep", {"InitialInstanceCount": 4})
    cloud.config("second", {"InitialInstanceCount": 4})
    with refused("ValidationException") as error:
        update(cloud, canary(wait=3601))
    assert (
        "waitIntervalInSeconds' failed to satisfy constraint: Member must have value less than or equal" in error.text
    )


def test_rolling_needs_a_single_variant(cloud: Any, refused: Any) -> None:
    cloud.endpoint("ep", {}, {"VariantName": "other"})
    cloud.config("second", {}, {"VariantName": "other"})
    with refused("ValidationException") as error:
        update(cloud, rolling(50))
    assert "multiple variants" in error.text


def test_guarded_updates_keep_the_variant_names(cloud: Any, refused: Any) -> None:
    cloud.endpoint("ep", {"InitialInstanceCount": 4})
    cloud.config("second", {"InitialInstanceCount": 4, "VariantName": "renamed"})
    with refused("ValidationException") as error:
        update(cloud, canary())
    assert "same variant names" in error.text
    update(cloud, None)
    assert cloud.settle()["EndpointConfigName"] == "second"
