"""A rollout under way is aborted by an annotation, through an alarm that the attempt carries from its start; in virtual time."""

from typing import Any

import pytest

from smendpoints.api.group import ABORT_REVISION, RETRY, ROLLBACK_TO
from smsandbox.assets import EXECUTION, ROLE, ROLE_ARN
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.testing.virtual_aws import BRISK

SETTINGS = BRISK
POLL = 5.0
ON_REQUEST = {"onRequest": True}
WAYS: dict[str, dict[str, Any]] = {
    "all at once": {"strategy": "AllAtOnce", "terminationWaitSeconds": 1800},
    "canary": {"strategy": "Canary", "stepPercent": 50, "stepWaitSeconds": 1800},
    "linear": {"strategy": "Linear", "stepPercent": 50, "stepWaitSeconds": 900},
    "rolling": {"strategy": "Rolling", "stepPercent": 50, "stepWaitSeconds": 900},
}
CANARY = {**WAYS["canary"], "rollback": ON_REQUEST}


def wanted(rollout: dict[str, Any], artifact: int) -> dict[str, Any]:
    """Four instances with that artifact."""
    fixed = with_variant(spec(rollout=rollout), modelArtifact=ARTIFACTS[artifact], scaling=None)
    return with_variant(fixed, instance={"type": "ml.m5.large", "count": 4})


def begin(harness: Harness, rollout: dict[str, Any] = CANARY) -> str:
    """Bring the first artifact into service, and the second one to its bake; the config that is to stay."""
    harness.apply("iris", wanted(rollout, 0))
    harness.settle("iris")
    before = str(harness.live()["EndpointConfigName"])
    harness.apply("iris", wanted(rollout, 1))
    for _ in range(100):
        harness.run(POLL)
        attempt = harness.resource("iris").status.rollout
        if attempt is not None and attempt.stage == "Baking":
            return before
    raise AssertionError(harness.resource("iris").status.to_json())


def alarms(harness: Harness) -> dict[str, str]:
    """The states of the operator's alarms by name."""
    found = harness.client("cloudwatch").describe_alarms(AlarmNamePrefix="smendpoints/")["MetricAlarms"]
    return {each["AlarmName"]: each["StateValue"] for each in found}


def state_of(harness: Harness) -> str:
    """Of the only alarm that aborts."""
    (state,) = [state for name, state in alarms(harness).items() if name.endswith("/abort")]
    return state


def abort(harness: Harness, revision: int = 2) -> None:
    """Ask for it, and wait until that is told."""
    harness.annotate("iris", {ABORT_REVISION: str(revision)})
    harness.settle_told("iris", "UpdateFailed")


def outcomes(harness: Harness) -> list[str]:
    """Of the history, newest first."""
    return [each.outcome for each in harness.resource("iris").status.history]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_it_is_undone_long_before_its_bake_is_over_and_leaves_no_alarm(harness: Harness, way: dict[str, Any]) -> None:
    before = begin(harness, {**way, "rollback": ON_REQUEST})
    assert state_of(harness) == "OK"
    began = harness.clock.now()
    abort(harness)
    assert harness.clock.now() - began < 600
    assert harness.live()["EndpointConfigName"] == before
    assert len(outcomes(harness)) == 2
    assert outcomes(harness)[1] == "Deployed"
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert "was aborted as asked" in stalled.message
    harness.run(3600)
    assert harness.live()["EndpointConfigName"] == before
    assert alarms(harness) == {}
    assert harness.calls("UpdateEndpoint") == 1


@pytest.mark.parametrize("every", [7.0, 20.0, 60.0])
def test_it_is_set_again_as_often_as_cloudwatch_takes_it_back(harness: Harness, every: float) -> None:
    before = begin(harness)
    cloudwatch, begun = harness.client("cloudwatch"), harness.clock.now()
    last = begun

    def take_back() -> None:
        nonlocal last
        if harness.clock.now() - last < every:
            return
        last = harness.clock.now()
        for name in alarms(harness):
            cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="evaluated")

    harness.witnesses.append(take_back)
    abort(harness)
    assert harness.live()["EndpointConfigName"] == before
    assert harness.clock.now() - begun < 900


@pytest.mark.parametrize("after", range(8))
def test_an_operator_killed_between_its_steps_leaves_the_attempt_abortable(harness: Harness, after: int) -> None:
    harness.apply("iris", wanted(CANARY, 0))
    harness.settle("iris")
    before = str(harness.live()["EndpointConfigName"])
    harness.kill_after = after
    harness.apply("iris", wanted(CANARY, 1))
    harness.run(180)
    assert state_of(harness) == "OK"
    abort(harness)
    harness.run(300)
    assert harness.live()["EndpointConfigName"] == before
    assert alarms(harness) == {}
    assert harness.violations == []


def test_an_alarm_that_fired_for_the_last_attempt_does_not_end_the_next(harness: Harness) -> None:
    before = begin(harness)
    abort(harness)
    harness.annotate("iris", {ABORT_REVISION: "2", RETRY: "1"})
    harness.settle_told("iris", "Updating")
    harness.settle("iris")
    harness.run(600)
    assert harness.live()["EndpointConfigName"] != before
    assert outcomes(harness)[0] == "Deployed"
    assert harness.calls("UpdateEndpoint") == 2


def test_it_is_told_as_the_cause_with_no_line_of_a_log_long_after_the_annotation_is_gone(harness: Harness) -> None:
    begin(harness)
    asked = list_streams(harness)
    abort(harness)
    harness.annotate("iris", {ABORT_REVISION: ""})
    harness.run(3600)
    status = harness.resource("iris").status
    assert status.rollout is not None
    assert status.rollout.undone_by == "Request"
    assert status.failure is not None
    assert status.failure.reason.startswith("was aborted as asked: ")
    assert status.history[0].message == status.failure.reason
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert "was aborted as asked" in stalled.message
    assert list_streams(harness) == asked, "a log is looked at that has nothing to do with it"


def list_streams(harness: Harness) -> int:
    """How often a container's log was looked for."""
    return harness.calls("DescribeLogStreams")


def test_what_aws_refuses_of_the_bounds_stops_no_abort(harness: Harness) -> None:
    scaled = with_variant(wanted(CANARY, 0), scaling={"minCapacity": 4, "maxCapacity": 6})
    harness.apply("iris", scaled)
    harness.settle("iris")
    before = str(harness.live()["EndpointConfigName"])
    harness.apply("iris", with_variant(scaled, modelArtifact=ARTIFACTS[1]))
    harness.run(180)
    harness.world.faults.add({"kind": "access_denied", "operation": "RegisterScalableTarget"})
    wider = with_variant(scaled, modelArtifact=ARTIFACTS[1], scaling={"minCapacity": 4, "maxCapacity": 8})
    harness.apply("iris", wider)
    harness.annotate("iris", {ABORT_REVISION: "2"})
    harness.run(300)
    assert harness.live()["EndpointConfigName"] == before
    assert outcomes(harness)[0] != "Deployed"


def test_an_abort_of_another_revision_does_nothing(harness: Harness) -> None:
    before = begin(harness)
    harness.annotate("iris", {ABORT_REVISION: "1"})
    harness.run(300)
    assert harness.calls("SetAlarmState") == 1  # to OK, before it began
    harness.settle("iris")
    assert harness.live()["EndpointConfigName"] != before


def test_one_that_carries_no_alarm_is_told_to_be_waited_for(harness: Harness) -> None:
    begin(harness, WAYS["canary"])
    harness.annotate("iris", {ABORT_REVISION: "2"})
    harness.run(60)
    ready = harness.condition("iris", "Ready")
    assert ready is not None
    assert ready.reason == "Updating"
    assert "cannot be aborted" in ready.message
    assert harness.calls("SetAlarmState") == 0
    harness.settle("iris")
    assert outcomes(harness)[0] == "Deployed"


def test_the_alarm_may_be_asked_for_only_while_none_is_under_way(harness: Harness) -> None:
    begin(harness, WAYS["canary"])
    harness.apply("iris", wanted(CANARY, 1))
    harness.annotate("iris", {ABORT_REVISION: "2"})
    harness.run(60)
    ready = harness.condition("iris", "Ready")
    assert ready is not None
    assert "cannot be aborted" in ready.message


def test_an_abort_and_the_way_back_at_once(harness: Harness) -> None:
    before = begin(harness)
    began = harness.clock.now()
    harness.annotate("iris", {ABORT_REVISION: "2", ROLLBACK_TO: "1"})
    harness.settle_told("iris", "RolledBackToRevision")
    assert harness.live()["EndpointConfigName"] == before
    assert harness.clock.now() - began < 600
    harness.run(300)
    assert alarms(harness) == {}
    assert harness.calls("UpdateEndpoint") == 1


def test_an_alarm_that_somebody_deleted_is_made_again_and_set_off(harness: Harness) -> None:
    before = begin(harness)
    harness.apply("iris", {**wanted(CANARY, 1), "driftPolicy": "Report"})
    harness.run(60)
    harness.client("cloudwatch").delete_alarms(AlarmNames=list(alarms(harness)))
    abort(harness)
    assert harness.live()["EndpointConfigName"] == before


def test_a_policy_that_forbids_what_is_rolled_out_lets_it_be_aborted(harness: Harness) -> None:
    before = begin(harness)
    harness.policy("house", {"instanceTypes": ["ml.c5.*"]})
    harness.run(60)
    harness.annotate("iris", {ABORT_REVISION: "2"})
    harness.run(900)
    assert harness.live()["EndpointConfigName"] == before


def test_a_role_that_may_not_see_alarms_is_told_before_anything_is_launched(harness: Harness) -> None:
    harness.apply("iris", wanted(CANARY, 0))
    harness.settle("iris")
    iam = harness.client("iam")
    iam.delete_role_policy(RoleName=ROLE, PolicyName="rollouts")
    harness.run(600)
    harness.apply("iris", wanted(CANARY, 1))
    harness.settle("iris")
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert stalled.reason == "AccessDenied"
    assert f"the execution role {ROLE_ARN} may not call cloudwatch:DescribeAlarms" in stalled.message
    assert harness.calls("UpdateEndpoint") == 0
    assert alarms(harness) == {}
    iam.put_role_policy(RoleName=ROLE, PolicyName="rollouts", PolicyDocument=EXECUTION)
    harness.annotate("iris", {RETRY: "1"})
    harness.settle_told("iris", "Updating")


def test_an_operator_that_may_not_ask_about_the_role_rolls_out_and_says_so(harness: Harness) -> None:
    harness.world.faults.add({"kind": "access_denied", "operation": "SimulatePrincipalPolicy"})
    begin(harness)
    notes = [each.message for each in harness.events if each.reason == "PreflightIncomplete"]
    assert any("iam:SimulatePrincipalPolicy" in each for each in notes)
