"""What users of other systems ask for and none gives them: each need is one test, whose name is its sentence."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from smsandbox.testing.specs import ARTIFACTS, CRASH_IMAGE, ECHO_IMAGE, spec, with_variant
from smsandbox.testing.stage import Stage, has, message
from smsandbox.world import ACCOUNT

FIXED = with_variant(spec(), scaling=None)


def outcomes(found: dict[str, Any]) -> list[str]:
    return [each["outcome"] for each in found["status"]["history"]]


def manifest(wanted: dict[str, Any]) -> str:
    head = {"apiVersion": "smendpoints.dev/v1alpha1", "kind": "SageMakerEndpoint", "metadata": {"name": "iris"}}
    return yaml.safe_dump({**head, "spec": wanted})


def echo(stage: Stage, **how: Any) -> dict[str, Any]:
    """What the echo container answers."""
    answer: dict[str, Any] = json.loads(stage.invoke("iris", **how)["Body"])
    return answer


def test_an_edit_of_the_spec_really_reaches_the_endpoint_a_silent_rollback_is_detected_and_leftovers_are_collected(
    stage: Stage,
) -> None:
    def edit(artifact: str) -> None:
        stage.apply("iris", with_variant(spec(revisionHistoryLimit=1), modelArtifact=artifact))

    edit(ARTIFACTS[0])
    stage.ready("iris")
    first = stage.served("iris")
    began = len(stage.operations("iris"))

    # A new immutable model and a new config, and nothing is deleted before they are in service.
    edit(ARTIFACTS[1])
    found = stage.ready("iris")
    second = stage.served("iris")
    assert second.artifact == ARTIFACTS[1]
    assert {first.config, first.model} & {second.config, second.model} == set()
    assert found["status"]["endpoint"]["configName"] == second.config
    assert stage.operations("iris")[began:] == ["CreateModel", "CreateEndpointConfig", "UpdateEndpoint"]
    assert outcomes(found) == ["Deployed", "Deployed"]
    assert "model" in found["status"]["history"][0]["changes"]

    # AWS takes the update back and is InService all the same: that is no success, and is not tried again as it was.
    stage.cloud.simulator.fault("rollback", resource=stage.endpoint_name("iris"), times=1)
    edit(ARTIFACTS[2])
    found = stage.stalled("iris", "UpdateFailed")
    assert not has(found, "Ready")
    assert stage.in_service("iris")["EndpointStatus"] == "InService"
    assert stage.served("iris") == second
    assert outcomes(found) == ["RolledBack", "Deployed", "Deployed"]
    stage.kill_operator()
    stage.start_operator()
    stage.listings(3)
    assert stage.operations("iris").count("UpdateEndpoint") == 2

    # Beyond the one revision that is kept for a rollback, what is no longer needed goes.
    edit(ARTIFACTS[3])
    stage.ready("iris")
    last = stage.served("iris")
    kept = {"configs": sorted([second.config, last.config]), "models": sorted([second.model, last.model])}
    stage.see(lambda: stage.inventory("iris").items() >= kept.items(), "what is kept, and no more")
    done = stage.operations("iris")
    assert set(done[done.index("DeleteEndpointConfig") :]) == {"DeleteEndpointConfig", "DeleteModel"}


def test_traffic_weights_and_instance_counts_change_in_place_with_no_new_fleet(stage: Stage) -> None:
    stage.cloud.simulator.change(containers=True)
    one = spec()["variants"][0]

    def variants(first: float, second: float, count: int) -> dict[str, Any]:
        other = {**FIXED["variants"][0], "name": "challenger", "weight": second}
        counted = {**other, "modelArtifact": ARTIFACTS[1], "instance": {"type": "ml.m5.large", "count": count}}
        return spec(variants=[{**one, "weight": first}, counted])

    stage.apply("iris", variants(9, 1, count=1))
    stage.ready("iris")
    before, pids = (
        stage.in_service("iris"),
        {echo(stage, TargetVariant=name)["pid"] for name in ("primary", "challenger")},
    )
    began = len(stage.operations("iris"))
    stage.apply("iris", variants(5, 15, count=2))  # weights move even where the count is the autoscaler's
    found = stage.ready("iris")
    assert set(found["status"]["traffic"].split(",")) == {"primary=25", "challenger=75"}
    assert found["status"]["instances"] == "3/3"
    assert set(stage.operations("iris")[began:]) == {"UpdateEndpointWeightsAndCapacities"}
    after = stage.in_service("iris")
    assert {key: after[key] for key in ("EndpointConfigName", "CreationTime")} == {
        key: before[key] for key in ("EndpointConfigName", "CreationTime")
    }
    assert len(found["status"]["history"]) == 1
    answering: set[int] = set()

    def is_answered_by_all() -> bool:
        answering.update(echo(stage, TargetVariant=name)["pid"] for name in ("primary", "challenger"))
        return len(answering) == 3

    stage.see(is_answered_by_all, "answers of three instances")
    assert pids < answering


def test_updates_live_with_autoscaling_and_nothing_fights_the_autoscaler_or_argo_cd(stage: Stage) -> None:
    stage.cloud.simulator.change(alarms={"high_periods": 1})
    scaling = {"minCapacity": 1, "maxCapacity": 4, "targetInvocationsPerInstance": 2, "disableScaleIn": True}
    base = with_variant(spec(), scaling=scaling)

    def apply(wanted: dict[str, Any]) -> None:
        stage.kubectl("apply", "-f", "-", stdin=manifest(wanted))

    apply(base)
    stage.ready("iris")

    # The autoscaler's own work is neither drift nor set back.
    def is_grown() -> bool:
        for _ in range(10):
            stage.invoke("iris")
        return bool(stage.get("iris")["status"]["instances"] == "4/4")

    stage.see(is_grown, "four instances by the autoscaler")
    stage.rests("iris")

    # Live counts are kept by an update, whose scalable target stays where AWS lets it.
    began = len(stage.operations("iris"))
    apply(with_variant(base, modelArtifact=ARTIFACTS[1]))
    assert stage.ready("iris")["status"]["instances"] == "4/4"
    assert stage.operations("iris")[began:] == ["CreateModel", "CreateEndpointConfig", "UpdateEndpoint"]

    # Where it does not, the target goes before the update and comes back after it.
    began = len(stage.operations("iris"))
    last = with_variant(base, modelArtifact=ARTIFACTS[1], instance={"type": "ml.c5.large", "count": 1})
    apply(last)
    found = stage.ready("iris")
    assert found["status"]["instances"] == "4/4"
    assert has(found, "AutoscalingActive")
    assert stage.operations("iris")[began:] == [
        "CreateEndpointConfig",
        "DeregisterScalableTarget",
        "UpdateEndpoint",
        "RegisterScalableTarget",
        "PutScalingPolicy",
    ]

    # What `kubectl diff` does not see, Argo CD does not fight.
    assert stage.kubectl("diff", "-f", "-", stdin=manifest(last)) == ""
    fields = stage.get("iris")["metadata"]["managedFields"]
    assert {each["manager"] for each in fields if "f:spec" in each["fieldsV1"]} == {"kubectl-client-side-apply"}


def test_why_it_failed_is_in_the_object_as_condition_event_and_tail_of_the_containers_log(stage: Stage) -> None:
    stage.cloud.simulator.change(containers=True)
    stage.apply("iris", spec())
    stage.ready("iris")
    before = stage.served("iris")
    stage.apply("iris", with_variant(spec(), image=CRASH_IMAGE))
    found = stage.stalled("iris", "UpdateFailed")
    failure = found["status"]["failure"]
    assert "ping health check" in failure["reason"]
    assert failure["reason"].rstrip(".") in message(found, "Stalled")
    assert not has(found, "Ready")
    assert any("this program always crashes" in line for line in failure["logTail"])

    def is_told() -> bool:
        return any(
            kind == "Warning" and reason == "UpdateFailed" and failure["logTail"][-1] in text
            for kind, reason, text in stage.events("iris")
        )

    stage.see(is_told, "a Warning with the log's tail")
    assert outcomes(found) == ["Failed", "Deployed"]
    assert stage.served("iris") == before
    assert echo(stage)["body"] == "hello"
    stage.apply("iris", spec())
    found = stage.ready("iris")
    assert not has(found, "Stalled")


def test_a_missing_image_artifact_role_quota_or_an_impossible_combination_is_said_in_seconds_before_anything_is_billed(
    stage: Stage,
) -> None:
    unused = "ml.p3.2xlarge"
    stage.cloud.simulator.change(quotas={unused: 0})
    image = ECHO_IMAGE.replace("1.0", "never-pushed")
    artifact = ARTIFACTS[0].replace("/a/", "/never-uploaded/")
    role = f"arn:aws:iam::{ACCOUNT}:role/nobody"
    wrong = {
        "image": (with_variant(spec(), image=image), image),
        "artifact": (with_variant(spec(), modelArtifact=artifact), artifact),
        "role": (spec(executionRoleARN=role), role),
        "quota": (with_variant(spec(), instance={"type": unused, "count": 1}), unused),
        "alarm": (spec(rollout={"rollback": {"alarmNames": ["never-made"]}}), "never-made"),
    }
    for name, (wanted, _) in wrong.items():
        stage.apply(name, wanted)
    for name, (_, words) in wrong.items():
        found = stage.told(name, words)
        assert not has(found, "Ready")
        assert (
            has(found, "Stalled") or name == "role"
        )  # one that was made just now is not seen at once: AWS is asked again
    asked = {call.code for call in stage.cloud.simulator.calls(stage.namespace) if call.operation == "CreateEndpoint"}
    assert asked <= {"ResourceLimitExceeded"}  # the quota of a new endpoint AWS says at once itself
    assert stage.inventory()["endpoints"] == []

    # What can't go together does not even get past `kubectl apply`.
    impossible = with_variant(spec(), instance=None, serverless={"memorySizeMB": 1024, "maxConcurrency": 5})
    impossible["vpc"] = {"subnetIDs": ["subnet-1", "subnet-2"], "securityGroupIDs": ["sg-1"]}
    with pytest.raises(subprocess.CalledProcessError) as caught:
        stage.kubectl("apply", "-f", "-", stdin=manifest(impossible))
    assert "a serverless variant cannot be combined with vpc: remove vpc" in caught.value.stderr
    assert stage.find("iris") is None

    for name in wrong:
        stage.apply(name, spec())
    for name in wrong:
        stage.ready(name)


def test_pause_and_restore_and_office_hours(stage: Stage) -> None:
    zone = "Asia/Tokyo"
    now = datetime.now(ZoneInfo(zone))
    begun, later = (f"0 {(now + timedelta(hours=hours)).hour} * * *" for hours in (0, 3))
    is_open = {"timeZone": zone, "start": begun, "stop": later}
    is_closed = {"timeZone": zone, "start": later, "stop": begun}
    schedule = {"name": "new-year", "schedule": "cron(0 22 1 1 ? *)", "timeZone": "Europe/Berlin", "maxCapacity": 2}
    scaling = {"minCapacity": 2, "maxCapacity": 4, "targetInvocationsPerInstance": 70, "schedules": [schedule]}

    def wanted(**changes: Any) -> dict[str, Any]:
        return with_variant(spec(tags={"team": "a"}, **changes), scaling=scaling)

    def all_of_it() -> dict[str, Any]:
        """The endpoint and its scaling, without names of times and instances."""
        live, about = stage.in_service("iris"), {"ServiceNamespace": "sagemaker"}
        target = f"endpoint/{stage.endpoint_name('iris')}/variant/primary"
        autoscaling = stage.cloud.aws("application-autoscaling")
        (bounds,) = autoscaling.describe_scalable_targets(**about, ResourceIds=[target])["ScalableTargets"]
        (policy,) = autoscaling.describe_scaling_policies(**about, ResourceId=target)["ScalingPolicies"]
        (action,) = autoscaling.describe_scheduled_actions(**about, ResourceId=target)["ScheduledActions"]
        variants = [
            {key: each[key] for key in ("VariantName", "DesiredWeight", "CurrentInstanceCount")}
            for each in live["ProductionVariants"]
        ]
        return {
            "config": live["EndpointConfigName"],
            "variants": variants,
            "tags": stage.cloud.aws("sagemaker").list_tags(ResourceArn=live["EndpointArn"])["Tags"],
            "bounds": (bounds["MinCapacity"], bounds["MaxCapacity"]),
            "policy": policy["TargetTrackingScalingPolicyConfiguration"],
            "schedule": (action["Schedule"], action["Timezone"], action["ScalableTargetAction"]),
        }

    def is_at(status: str) -> None:
        stage.until(
            "iris",
            lambda found: (
                has(found, "Ready")
                and found["status"]["observedGeneration"] == found["metadata"]["generation"]
                and found["status"]["endpoint"]["status"] == status
            ),
            status,
        )

    stage.apply("iris", wanted())
    stage.ready("iris")
    before, made = all_of_it(), len(stage.operations("iris"))
    for restore in ({}, {"officeHours": is_open}):
        stage.apply("iris", wanted(desiredState="Stopped"))
        is_at("Stopped")
        assert set(stage.left("iris")) == {"configs", "models"}
        if restore:
            stage.apply("iris", wanted(officeHours=is_closed))
            is_at("Stopped")
        stage.apply("iris", wanted(**restore))
        is_at("InService")
        assert all_of_it() == before

    # What serves is not stopped by an edit of its hours before that was told for a while.
    stage.apply("iris", wanted(officeHours=is_closed))
    stage.until("iris", lambda found: found["status"].get("officeHours", {}).get("outside", False), "told")
    stage.see(lambda: any(reason == "OutsideOfficeHours" for _, reason, _ in stage.events("iris")), "an Event")
    assert all_of_it() == before
    assert {"CreateModel", "CreateEndpointConfig"} & set(stage.operations("iris")[made:]) == set()


def test_the_cost_per_hour_is_in_the_status(stage: Stage) -> None:
    def counted(count: int) -> dict[str, Any]:
        return with_variant(FIXED, instance={"type": "ml.m5.xlarge", "count": count})

    def costs(hourly: str) -> dict[str, Any]:
        found = stage.until(
            "iris", lambda found: found["status"].get("cost", {}).get("hourlyUSD") == hourly, f"{hourly} USD"
        )
        return dict(found["status"]["cost"])

    stage.apply("iris", counted(2))
    stage.ready("iris")
    assert date.fromisoformat(costs("0.46")["asOf"]) <= datetime.now().astimezone().date()
    assert "0.46" in stage.kubectl("get", "smendpoint", "iris", "-o", "wide")
    stage.apply("iris", counted(4))
    costs("0.92")
    stage.apply("iris", {**counted(4), "desiredState": "Stopped"})
    stage.until("iris", lambda found: has(found, "Ready") and "cost" not in found["status"], "no cost at all")


def test_a_full_life_without_aws_create_update_fail_roll_back_scale_invoke(stage: Stage) -> None:
    stage.cloud.simulator.change(containers=True, alarms={"high_periods": 1})
    scaling = {"minCapacity": 1, "maxCapacity": 2, "targetInvocationsPerInstance": 5}

    def revision(name: str, **changes: Any) -> dict[str, Any]:
        return with_variant(spec(), environment={"ECHO_NAME": name}, scaling=scaling, **changes)

    def apply(wanted: dict[str, Any]) -> None:
        stage.kubectl("apply", "-f", "-", stdin=manifest(wanted))

    def wait() -> None:
        stage.kubectl("wait", "--for=condition=Ready", "--timeout=240s", "smendpoint/iris")

    # create, invoke
    apply(revision("one"))
    wait()
    assert echo(stage)["container"] == "one"
    first = stage.served("iris")

    # update, with no request lost
    apply(revision("two"))
    answers = {"one"}

    def is_updated() -> bool:
        answers.update(each["container"] for each in pool.map(lambda _: echo(stage), range(4)))
        return "two" in answers

    with ThreadPoolExecutor(2) as pool:
        stage.see(is_updated, "an answer of the second revision")
    assert answers == {"one", "two"}
    wait()

    # fail: AWS rolls back, and the object says so
    apply(revision("three", image=CRASH_IMAGE))
    stage.stalled("iris", "UpdateFailed")
    assert echo(stage)["container"] == "two"

    # roll back to a revision that is still there
    began = len(stage.operations("iris"))
    apply(revision("one"))
    wait()
    again = stage.operations("iris")[began:]
    assert again.count("UpdateEndpoint") == 1
    assert [operation for operation in again if operation.startswith("Create")] == []
    assert stage.served("iris") == first

    # scale
    def is_scaled_out() -> bool:
        return len({echo(stage)["pid"] for _ in range(10)}) == 2

    stage.see(is_scaled_out, "a second instance that answers")
    assert echo(stage)["container"] == "one"

    stage.kubectl("delete", "smendpoint", "iris", "--timeout=240s")
    assert stage.left() == {}
