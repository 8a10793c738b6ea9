"""AWS and the API server misbehave; the operator converges all the same, and tells what a person has to know."""

import os
import signal
from typing import Any

import pytest

from smsandbox.testing.stage import ARTIFACTS, Stage, condition, has, spec, with_variant

CHANGING = (
    "CreateModel",
    "CreateEndpointConfig",
    "CreateEndpoint",
    "UpdateEndpoint",
    "RegisterScalableTarget",
    "DeregisterScalableTarget",
    "PutScalingPolicy",
    "DeleteEndpoint",
    "DeleteEndpointConfig",
    "DeleteModel",
)
NEXT = with_variant(
    spec(revisionHistoryLimit=0), modelArtifact=ARTIFACTS[1], instance={"type": "ml.c5.large", "count": 1}
)


def count(stage: Stage, operation: str) -> int:
    calls = stage.cloud.simulator.calls(stage.namespace)
    return sum(call.operation == operation and call.code in {"OK", "ResponseLost"} for call in calls)


def live_and_die(stage: Stage, name: str = "iris") -> None:
    """Create, update with all that an update may need, delete; nothing doubled, nothing left over."""
    stage.apply(name, spec(revisionHistoryLimit=0))
    stage.ready(name, seconds=120)
    stage.apply(name, NEXT)
    stage.ready(name, seconds=120)
    stage.see(lambda: len(stage.inventory(name)["configs"]) == 1, "the old config collected", 120)
    there = stage.inventory(name)
    assert {kind: len(found) for kind, found in there.items() if kind != "alarms"} == {
        "endpoints": 1,
        "configs": 1,
        "models": 1,
        "targets": 1,
        "policies": 1,
        "schedules": 0,
    }
    assert [each["outcome"] for each in stage.get(name)["status"]["history"]] == ["Deployed", "Deployed"]
    stage.delete(name)
    stage.gone(name, seconds=120)
    assert stage.left(name) == {}


def told(stage: Stage, name: str, words: str) -> dict[str, Any]:
    """The object once its Ready condition speaks of something."""
    return stage.until(name, lambda found: words in str(condition(found, "Ready")), f"a word of {words}")


def test_throttling_of_every_operation_only_costs_time(stage: Stage) -> None:
    stage.cloud.simulator.fault("throttle", probability=0.3)
    live_and_die(stage)


def test_a_third_of_all_calls_failing_with_500_only_costs_time(stage: Stage) -> None:
    stage.cloud.simulator.fault("error", code="InternalFailure", status=500, probability=0.3)
    live_and_die(stage)


def test_every_change_whose_answer_is_lost_is_made_once(stage: Stage) -> None:
    for operation in CHANGING:
        stage.cloud.simulator.fault("lose_response", operation=operation, times=1)
    live_and_die(stage)
    assert {operation: count(stage, operation) for operation in ("CreateEndpoint", "UpdateEndpoint")} == {
        "CreateEndpoint": 1,
        "UpdateEndpoint": 1,
    }


def test_eventual_consistency_is_waited_out(stage: Stage) -> None:
    stage.cloud.simulator.change(consistency={"model": 1.5, "endpoint_config": 1.5})
    live_and_die(stage)
    assert count(stage, "CreateEndpoint") == 1


@pytest.mark.parametrize("operation", ["CreateModel", "CreateEndpoint", "RegisterScalableTarget"])
def test_denied_access_is_told_in_awss_words_and_healed_by_the_next_edit(stage: Stage, operation: str) -> None:
    fault = stage.cloud.simulator.fault("access_denied", operation=operation)
    stage.apply("iris", spec())
    found = told(stage, "iris", "is not authorized to perform")
    assert operation in str(condition(found, "Ready"))
    assert not has(found, "Ready")
    assert condition(found, "Stalled")
    stage.see(lambda: any(kind == "Warning" for kind, _, _ in stage.events("iris")), "a Warning")
    stage.cloud.simulator.release(fault)
    stage.apply("iris", spec(tags={"again": "1"}))
    stage.ready("iris")


def test_a_quota_is_told_and_healed_by_an_edit_that_fits(stage: Stage) -> None:
    stage.cloud.simulator.change(quotas={"ml.p3.2xlarge": 0})
    stage.apply("iris", with_variant(spec(), instance={"type": "ml.p3.2xlarge", "count": 1}))
    found = told(stage, "iris", "ml.p3.2xlarge")
    assert not has(found, "Ready")
    assert condition(found, "Stalled")
    stage.apply("iris", spec())
    stage.ready("iris")


def test_the_api_server_goes_away_during_an_update(stage: Stage) -> None:
    stage.apply("iris", spec())
    stage.ready("iris")
    held = stage.cloud.simulator.fault("hold", operation="UpdateEndpoint", resource=f"*{stage.namespace}*", times=1)
    stage.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    assert stage.cloud.simulator.held(held, seconds=30)
    pid = stage.operator_pid()
    stage.cloud.plane.apiserver.kill()
    stage.cloud.simulator.release(held)
    until = stage.cloud.simulator.count("ListEndpoints") + 10
    stage.see(lambda: stage.cloud.simulator.count("ListEndpoints") >= until, "ten periods of the watch")
    stage.cloud.plane.apiserver.start()
    found = stage.ready("iris")
    assert stage.operator_pid() == pid
    assert [each["outcome"] for each in found["status"]["history"]] == ["Deployed", "Deployed"]
    assert count(stage, "UpdateEndpoint") == 1
    stage.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[2]))
    stage.ready("iris")


def artifact_in_service(stage: Stage) -> str:
    """The artifact of the model that serves."""
    sagemaker = stage.cloud.aws("sagemaker")
    live = sagemaker.describe_endpoint(EndpointName=stage.endpoint_name("iris"))
    config = sagemaker.describe_endpoint_config(EndpointConfigName=live["EndpointConfigName"])
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    return str(model["PrimaryContainer"]["ModelDataUrl"])


def test_of_two_edits_in_one_second_the_last_one_wins(stage: Stage) -> None:
    stage.apply("iris", spec())
    stage.ready("iris")
    for artifact in ARTIFACTS[1:3]:
        stage.apply("iris", with_variant(spec(), modelArtifact=artifact))
    found = stage.ready("iris")
    assert found["metadata"]["generation"] == 3
    assert artifact_in_service(stage) == ARTIFACTS[2]


def test_an_edit_during_an_update_follows_it(stage: Stage) -> None:
    stage.cloud.simulator.change(durations={"update": 2.0})
    stage.apply("iris", spec())
    stage.ready("iris")
    stage.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    stage.see(lambda: (stage.live("iris") or {}).get("EndpointStatus") == "Updating", "the update")
    stage.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[2]))
    told(stage, "iris", "follows")
    found = stage.ready("iris")
    assert artifact_in_service(stage) == ARTIFACTS[2]
    assert [each["outcome"] for each in found["status"]["history"]] == ["Deployed", "Deployed", "Deployed"]
    assert count(stage, "UpdateEndpoint") == 2


def test_an_edit_back_and_forth_during_an_update_ends_as_the_spec_says(stage: Stage) -> None:
    stage.cloud.simulator.change(durations={"update": 2.0})
    stage.apply("iris", spec())
    stage.ready("iris")
    stage.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    stage.see(lambda: (stage.live("iris") or {}).get("EndpointStatus") == "Updating", "the update")
    stage.apply("iris", spec())
    stage.ready("iris")
    assert artifact_in_service(stage) == ARTIFACTS[0]


def test_an_operator_told_to_stop_in_the_middle_of_a_creation_loses_nothing(stage: Stage) -> None:
    held = stage.cloud.simulator.fault("hold", operation="CreateEndpoint", resource=f"*{stage.namespace}*", times=1)
    stage.apply("iris", spec())
    assert stage.cloud.simulator.held(held, seconds=30)
    pid = stage.operator_pid()
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    stage.cloud.simulator.release(held)
    stage.see(lambda: stage.operator_pid() is None, "the end of the operator")
    stage.start_operator()
    found = stage.ready("iris")
    assert count(stage, "CreateEndpoint") == 1
    assert [each["outcome"] for each in found["status"]["history"]] == ["Deployed"]


def test_an_update_that_an_alarm_undoes_is_told_and_not_tried_again(stage: Stage) -> None:
    stage.apply("iris", spec())
    stage.ready("iris")
    stage.cloud.simulator.fault("rollback", times=1)
    stage.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    stage.stalled("iris", "UpdateFailed")
    assert artifact_in_service(stage) == ARTIFACTS[0]
    stage.kill_operator()
    stage.start_operator()
    stage.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[2]))
    stage.ready("iris")
    assert count(stage, "UpdateEndpoint") == 2
