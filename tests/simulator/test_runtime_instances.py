"""Instances that are real processes: they start or fail to, change under load, and end."""

from __future__ import annotations

import os
import threading

import pytest
from botocore.exceptions import ClientError

from smsandbox.testing.live import Live, until


def test_an_update_and_scaling_under_load_lose_no_request(live: Live) -> None:
    live.echo("busy", count=1)
    failures: list[BaseException] = []
    names: set[str] = set()
    stop = threading.Event()

    def hammer() -> None:
        while not stop.is_set():
            try:
                names.add(live.invoke("busy", CustomAttributes="sleep=0.01")["container"])
            except ClientError as error:
                failures.append(error)

    threads = [threading.Thread(target=hammer) for _ in range(3)]
    for thread in threads:
        thread.start()
    until(lambda: names)
    model = live.model(live.container(Environment={"ECHO_NAME": "renewed"}))
    config = live.config({"v": {"ModelName": model}})
    live.sm.update_endpoint(EndpointName="busy", EndpointConfigName=config)
    assert live.settle("busy")["EndpointConfigName"] == config
    until(lambda: "renewed" in names)
    for count in (3, 1):
        live.sm.update_endpoint_weights_and_capacities(
            EndpointName="busy", DesiredWeightsAndCapacities=[{"VariantName": "v", "DesiredInstanceCount": count}]
        )
        live.settle("busy")
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert names == {"busy", "renewed"}
    live.delete("busy")


def test_errors_of_the_new_fleet_alone_roll_a_canary_back(live: Live) -> None:
    live.echo("guarded", count=2)
    failing = live.model(live.container(Environment={"ECHO_STATUS": "500"}))
    config = live.config({"v": {"ModelName": failing, "InitialInstanceCount": 2}})
    dimensions = {"EndpointName": "guarded", "VariantName": "v", "EndpointConfigName": config}
    live.client("cloudwatch").put_metric_alarm(
        AlarmName="new-fleet-errors", Namespace="AWS/SageMaker", MetricName="Invocation5XXErrors", Statistic="Average",
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()], Period=60,
        EvaluationPeriods=1, Threshold=0.1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    before = live.sm.describe_endpoint(EndpointName="guarded")["EndpointConfigName"]
    outcomes = [live.invoke("guarded")["container"]]
    canary = {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
            "WaitIntervalInSeconds": 3600,
        },
        "MaximumExecutionTimeoutInSeconds": 7200,
    }
    live.sm.update_endpoint(
        EndpointName="guarded", EndpointConfigName=config,
        DeploymentConfig={
            "BlueGreenUpdatePolicy": canary,
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "new-fleet-errors"}]},
        },
    )  # fmt: skip

    def is_over() -> bool:
        try:
            outcomes.append(live.invoke("guarded")["container"])
        except ClientError as error:
            outcomes.append(str(error.response["Error"]["Code"]))
        return bool(live.sm.describe_endpoint(EndpointName="guarded")["EndpointStatus"] == "InService")

    until(is_over)
    assert {"guarded", "ModelError"} == set(outcomes)
    assert live.sm.describe_endpoint(EndpointName="guarded")["EndpointConfigName"] == before
    assert {live.invoke("guarded")["container"] for _ in range(10)} == {"guarded"}
    live.delete("guarded")


def test_a_crashing_container_fails_the_endpoint_and_its_log_says_why(live: Live) -> None:
    model = live.model(live.container("crash"))
    found = live.create("crashing", {"v": {"ModelName": model}})
    assert found["EndpointStatus"] == "Failed"
    assert found["FailureReason"] == (
        "The primary container for production variant v did not pass the ping health check. "
        "Please check CloudWatch logs for this endpoint."
    )
    until(lambda: "RuntimeError: this program always crashes" in live.log("crashing"))
    live.delete("crashing")
    until(lambda: not live.instances("crashing"))


def test_a_container_that_never_gets_healthy_fails_an_update_and_the_old_one_goes_on(live: Live, echo: str) -> None:
    model = live.model(live.container("never-healthy"))
    spec = {"ModelName": model, "ContainerStartupHealthCheckTimeoutInSeconds": 60}
    before = live.sm.describe_endpoint(EndpointName=echo)["EndpointConfigName"]
    settings = live.world.settings
    live.sm.update_endpoint(EndpointName=echo, EndpointConfigName=live.config({"v": spec}))
    until(lambda: "ModelLoadError: the model can't be loaded" in live.log(echo))
    live.world.settings = settings.changed({"runtime": {"startup_floor_seconds": 0.0}})  # its time is up
    found = live.settle(echo)
    live.world.settings = settings
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", before)
    assert "did not pass the ping health check" in found["FailureReason"]
    assert live.invoke(echo)["container"] == echo


def test_a_fault_keeps_a_container_from_getting_healthy(live: Live) -> None:
    live.world.faults.add({"kind": "never_healthy", "resource": "faulty", "times": 1})
    model = live.model(live.container())
    found = live.create("faulty", {"v": {"ModelName": model}})
    assert found["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in found["FailureReason"]
    until(lambda: any("never_healthy" in line for line in live.log("faulty")))
    live.delete("faulty")


def test_an_artifact_that_is_no_archive_is_said_so(live: Live) -> None:
    live.s3.put_object(Bucket="models", Key="broken.tar.gz", Body=b"no archive")
    model = live.model(live.container(ModelDataUrl="s3://models/broken.tar.gz"))
    found = live.create("broken", {"v": {"ModelName": model}})
    assert found["EndpointStatus"] == "Failed"
    assert found["FailureReason"].startswith('Failed to extract model data archive for container "container_1"')
    live.delete("broken")


def test_a_slow_container_is_waited_for(live: Live) -> None:
    model = live.model(live.container("slow-start"))
    assert live.create("slow", {"v": {"ModelName": model}})["EndpointStatus"] == "InService"
    live.delete("slow")


def test_an_endpoint_that_is_deleted_leaves_no_process(live: Live) -> None:
    live.echo("gone", count=2)
    pids = [pid for one in live.instances("gone") for pid in one.containers[0].processes()]
    assert len(pids) == 2
    live.delete("gone")
    until(lambda: not live.instances("gone"))
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_load_scales_real_instances_out(live: Live) -> None:
    live.echo("grow")
    aas = live.client("application-autoscaling")
    named = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/grow/variant/v",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    aas.register_scalable_target(**named, MinCapacity=1, MaxCapacity=2)
    kind = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    aas.put_scaling_policy(
        **named, PolicyName="p", PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 1.0, "PredefinedMetricSpecification": kind},
    )  # fmt: skip

    def has_grown() -> bool:
        for _ in range(5):
            live.invoke("grow")
        return bool(
            live.sm.describe_endpoint(EndpointName="grow")["ProductionVariants"][0]["CurrentInstanceCount"] == 2
        )

    until(has_grown)
    live.answered_by("grow", 2)
    live.settle("grow")
    live.delete("grow")
