"""Experiments in virtual time, with traffic: every verdict, whose the weights are, and what a kill changes."""

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from smendpoints.api.experiment_status import MOST_LOOKS
from smsandbox.aws.core.ports import InstanceSpec
from smsandbox.testing import specs
from smsandbox.testing.harness import Harness
from smsandbox.testing.traffic import Behaviour
from smsandbox.testing.trial import AUDIT_SECONDS, HOUR, PRIMARY, SLOW, Trial, better, experiment, slower, worse
from smsandbox.testing.virtual_aws import BRISK
from smsandbox.world import ACCOUNT, REGION

pytestmark = pytest.mark.hours


def test_a_better_challenger_is_shipped_and_serves_all_until_git_says_something_else(trial: Trial) -> None:
    trial.traffic.behaves = better
    trial.begin(onVerdict="ShiftTraffic")
    trial.until(trial.counts)
    assert trial.weights() == {"primary": 2, "challenger": 2}, "the arms' traffic, in equal parts"
    owner = trial.harness.resource("iris").status.traffic_owner
    assert owner is not None
    assert owner.experiment == "ab"
    told = trial.harness.condition("iris", "Ready")
    assert told is not None
    assert "SageMakerExperiment ab splits the traffic" in told.message
    ended = trial.finished()
    assert (ended.verdict, ended.winner) == ("SHIP", "challenger")
    trial.harness.settle("iris")
    assert trial.weights() == {"primary": 0, "challenger": 4}
    reason, message = trial.ready()
    assert reason == "SHIP"
    assert "set spec.variants[].weight in Git to primary 0, challenger 4" in message
    drifted = trial.harness.condition("iris", "Drifted")
    assert drifted is not None
    assert drifted.status == "False"
    trial.harness.restart()
    trial.harness.run(300)
    assert trial.weights() == {"primary": 0, "challenger": 4}, "a restart changes nothing"
    trial.harness.apply("iris", specs.two_variants(0, 1))
    trial.harness.run(300)
    assert trial.weights() == {"primary": 0, "challenger": 1}
    assert trial.status().weights is None
    assert trial.harness.resource("iris").status.traffic_owner is None


def test_a_worse_challenger_is_rolled_back_and_the_specs_weights_come_back(trial: Trial) -> None:
    trial.traffic.behaves = worse
    trial.begin()
    ended = trial.finished()
    assert (ended.verdict, ended.winner, ended.weights) == ("ROLLBACK", None, None)
    assert "worse by more than the margin: errors" in trial.ready()[1]
    trial.harness.run(300)
    assert trial.weights() == {"primary": 3, "challenger": 1}
    assert (ended.ended_at, ended.started_at) != (None, None)


def test_a_guardrail_ends_it_too_and_the_control_serves_all_where_traffic_is_to_be_shifted(trial: Trial) -> None:
    trial.traffic.behaves = slower
    trial.begin(onVerdict="ShiftTraffic")
    assert trial.finished().verdict == "ROLLBACK"
    assert "slow" in trial.ready()[1]
    trial.harness.run(300)
    assert trial.weights() == {"primary": 4, "challenger": 0}


def test_equals_are_inconclusive_at_the_longest_time_with_what_was_learnt(trial: Trial) -> None:
    trial.begin(onVerdict="ShiftTraffic")
    ended = trial.finished()
    assert ended.verdict == "INCONCLUSIVE"
    assert ended.started_at is not None
    assert ended.ended_at is not None
    assert (ended.ended_at - ended.started_at).total_seconds() >= 40 * 60
    assert "a difference between" in trial.ready()[1]
    trial.harness.run(300)
    assert trial.weights() == {"primary": 3, "challenger": 1}
    assert 2 < len(ended.looks) <= MOST_LOOKS
    requests = [look.requests for look in ended.looks]
    steps = [after - before for before, after in itertools.pairwise(requests)]
    assert requests == sorted(requests)
    assert max(steps) <= 4 * sorted(steps)[len(steps) // 2], "evenly in requests"
    point = ended.looks[-1].primary[0]
    assert point.lower is not None
    assert point.upper is not None
    assert point.lower < 0 < point.upper
    assert ended.primary is not None
    assert " → " in ended.primary
    assert ended.interval is not None
    assert ended.interval.endswith(" points")


def test_not_worse_is_enough_where_that_is_the_goal_but_not_before_the_shortest_time(trial: Trial) -> None:
    loose = {**PRIMARY, "marginPercentagePoints": 3}
    trial.begin(metrics={"primary": loose}, goal="NonInferiority", duration={"minMinutes": 25, "maxMinutes": 60})
    ended = trial.finished(limit=10 * HOUR)
    assert ended.verdict == "SHIP"
    assert ended.started_at is not None
    assert ended.ended_at is not None
    assert (ended.ended_at - ended.started_at).total_seconds() >= 25 * 60


def asked_beside_the_split(trial: Trial) -> None:
    """From now on somebody asks the challenger by its name, twice a second."""
    world, pair = trial.harness.world, {"EndpointName": "default-iris", "VariantName": "challenger"}

    def beside() -> None:
        for name, value in (("Invocations", 1.0), ("Invocation5XXErrors", 0.0), ("ModelLatency", 1000.0)):
            world.metrics.put(ACCOUNT, REGION, "AWS/SageMaker", name, pair, value, "Count", 20)
        world.after(10.0, beside)

    beside()


def test_requests_by_target_variant_break_the_split_and_make_it_invalid(trial: Trial) -> None:
    trial.begin()
    trial.until(trial.counts)
    asked_beside_the_split(trial)
    assert trial.finished().verdict == "INVALID"
    assert "requests are not split as the weights say" in trial.ready()[1]


def test_clients_that_deal_out_users_are_not_measured_by_the_split(trial: Trial) -> None:
    trial.begin(assignment="Client", duration={"maxMinutes": 15})
    trial.until(trial.counts)
    asked_beside_the_split(trial)
    assert trial.finished().verdict != "INVALID"


@pytest.mark.parametrize(
    ("edit", "invalid"),
    [
        ({"modelArtifact": specs.ARTIFACTS[2]}, True),
        ({"environment": {"A": "1"}}, True),
        ({"instance": {"type": "ml.m5.xlarge", "count": 1}}, True),
        ({"instance": {"type": "ml.m5.large", "count": 2}, "scaling": None}, False),
        ({"scaling": {"minCapacity": 2, "maxCapacity": 6, "targetInvocationsPerInstance": 70}}, False),
    ],
)
def test_an_edit_of_an_arms_model_ends_it_and_one_of_its_count_or_scaling_does_not(
    trial: Trial, edit: dict[str, Any], *, invalid: bool
) -> None:
    trial.begin(duration={"maxMinutes": 15})
    trial.until(trial.counts)
    trial.harness.apply("iris", specs.with_variant(specs.two_variants(3, 1), **edit))
    ended = trial.finished()
    if invalid:
        assert ended.verdict == "INVALID"
        assert "the model of variant primary was edited while it ran" in trial.ready()[1]
    else:
        assert ended.verdict == "INCONCLUSIVE"
    trial.harness.run(900)
    assert trial.weights() == {"primary": 3, "challenger": 1}


def test_under_report_an_experiment_moves_its_weights_and_other_drift_is_only_told(trial: Trial) -> None:
    trial.traffic.stop()
    spec = {**specs.two_variants(3, 1), "driftPolicy": "Report"}
    scaled = {"minCapacity": 1, "maxCapacity": 4, "targetInvocationsPerInstance": 9000}
    for each in spec["variants"]:
        each["scaling"] = scaled
    trial.harness.apply("iris", spec)
    trial.harness.settle("iris")
    scaling = trial.harness.client("application-autoscaling")

    def bounds() -> int:
        targets = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
        (found,) = [each for each in targets if each["ResourceId"].endswith("/primary")]
        return int(found["MaxCapacity"])

    scaling.register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/default-iris/variant/primary",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MaxCapacity=7,
    )
    trial.harness.run(AUDIT_SECONDS + 60)

    def drifted() -> str:
        found = trial.harness.condition("iris", "Drifted")
        assert found is not None
        assert found.status == "True"
        return found.message

    assert bounds() == 7
    assert "primary" in drifted()
    trial.begin()
    trial.until(trial.counts)
    assert trial.weights() == {"primary": 2, "challenger": 2}
    assert bounds() == 7, "drift is told, and not corrected"
    assert "weight" not in drifted()
    trial.harness.experiments.delete("ab")
    trial.until(lambda: "ab" not in trial.harness.experiments.objects)
    trial.harness.run(120)
    assert trial.weights() == {"primary": 3, "challenger": 1}, "the weights of the spec come back"
    assert bounds() == 7
    assert "weight" not in drifted()
    trial.harness.apply("iris", {**spec, "tags": {"a": "b"}})
    trial.harness.run(300)
    assert bounds() == 4, "an edit brings it in"


def test_two_on_one_endpoint_are_refused_and_the_second_begins_after_the_first(trial: Trial) -> None:
    trial.begin("first", duration={"maxMinutes": 10})
    trial.harness.run(60)
    trial.begin("a-second", duration={"maxMinutes": 10})
    trial.harness.run(60)
    reason, message = trial.ready("a-second")
    assert reason == "TrafficTaken"
    assert "SageMakerExperiment first has the traffic of iris" in message
    assert {each.type: each.status for each in trial.status("a-second").conditions} == {
        "Ready": "False",
        "Stalled": "True",
    }
    trial.harness.restart()
    trial.harness.run(60)
    assert trial.status("first").phase == "Running"
    assert trial.ready("a-second")[0] == "TrafficTaken", "also after a restart"
    trial.finished("first")
    trial.until(lambda: trial.counts("a-second"))
    assert trial.status("a-second").phase == "Running"


def test_deleted_it_gives_the_weights_back_before_it_is_gone(trial: Trial) -> None:
    trial.begin(trafficPercent=90)
    trial.until(trial.counts)
    assert trial.weights() == {"primary": 0.4, "challenger": 3.6}
    trial.harness.experiments.delete("ab")
    trial.until(lambda: "ab" not in trial.harness.experiments.objects, 300)
    assert trial.harness.resource("iris").status.traffic_owner is None
    trial.harness.run(120)
    assert trial.weights() == {"primary": 3, "challenger": 1}


def test_deleted_while_nobody_looked_the_weights_come_back_too(trial: Trial) -> None:
    trial.begin(trafficPercent=90)
    trial.until(trial.counts)
    del trial.harness.experiments.objects["ab"]  # by force: somebody took the finalizer off
    trial.harness.restart()
    trial.harness.run(300)
    assert trial.weights() == {"primary": 3, "challenger": 1}


def test_deleted_with_its_endpoint_nothing_is_left(trial: Trial) -> None:
    trial.begin()
    trial.until(trial.counts)
    trial.harness.delete("iris")
    trial.harness.experiments.delete("ab")
    trial.harness.settle_gone("iris")
    trial.until(lambda: "ab" not in trial.harness.experiments.objects, 300)
    trial.expected = {"DescribeEndpoint ValidationException"}
    trial.harness.apply("iris", specs.two_variants(3, 1))  # what the fixture looks at
    trial.harness.settle("iris")


def test_a_ramp_raises_the_share_step_by_step_and_counts_each_by_its_own_weights(trial: Trial) -> None:
    trial.begin(
        trafficPercent=50,
        ramp=[{"trafficPercent": 5, "minutes": 6}, {"trafficPercent": 20, "minutes": 6}],
        duration={"maxMinutes": 25},
    )
    shares: list[float] = []
    end = trial.harness.clock.now() + 6 * HOUR
    while trial.status().phase != "Finished" and trial.harness.clock.now() < end:
        weights = trial.weights()
        if not shares or shares[-1] != weights["challenger"] / 4:
            shares.append(weights["challenger"] / 4)
        trial.harness.run(20, tick=20)
    assert shares[:4] == [0.25, 0.05, 0.2, 0.5]
    ended = trial.status()
    assert ended.verdict == "INCONCLUSIVE", "no step makes the split look broken"
    assert [step.traffic_percent for step in ended.steps] == [5, 20, 50]
    assert ended.requests is not None
    assert ended.requests < trial.traffic.sent


def test_of_several_challengers_one_that_is_worse_loses_its_traffic_and_the_others_go_on(trial: Trial) -> None:
    one = specs.spec()["variants"][0]
    third = {**one, "name": "third", "modelArtifact": specs.ARTIFACTS[2], "weight": 1}
    two = specs.two_variants(3, 1)
    trial.harness.apply("iris", {**two, "variants": [*two["variants"], third]})
    trial.harness.settle("iris")

    def behaves(spec: InstanceSpec) -> Behaviour:
        return Behaviour(errors={"challenger": 0.2, "third": 0.05, "primary": 0.05}[spec.variant])

    trial.traffic.behaves = behaves
    trial.begin(challengers=["challenger", "third"], metrics={"primary": PRIMARY}, trafficPercent=40)
    trial.until(lambda: any(each.ended_at for each in trial.status().challengers))
    trial.harness.run(120)
    assert trial.status().phase == "Running"
    assert trial.weights() == {"primary": 4, "challenger": 0, "third": 1}
    reasons = [event.reason for event in trial.harness.experiments.events]
    assert reasons.count("ROLLBACK") == 1
    trial.traffic.behaves = lambda spec: Behaviour(errors=0.2 if spec.variant == "third" else 0.05)
    assert trial.finished().verdict == "ROLLBACK"


def test_killed_at_any_write_it_comes_to_the_same_end(trial: Trial) -> None:
    trial.traffic.behaves = better
    trial.begin(ramp=[{"trafficPercent": 10, "minutes": 5}])
    for number in range(4):
        trial.harness.experiments.kill_before_write = number
        trial.harness.run(200)
    for _ in range(3):
        trial.harness.restart()
        trial.harness.run(130)
    ended = trial.finished()
    assert ended.verdict == "SHIP"
    assert ended.looks[-1].requests == ended.requests


def test_a_process_that_starts_again_counts_the_same_and_one_that_never_ended(trial: Trial) -> None:
    trial.begin()
    trial.until(lambda: len(trial.status().looks) >= 8)
    before = trial.status()
    trial.harness.restart()
    trial.until(lambda: len(trial.status().looks) > 8)
    after = trial.status()
    assert before.requests is not None
    assert after.requests is not None
    assert after.requests > before.requests
    assert [look.requests for look in after.looks[: len(before.looks)]] == [look.requests for look in before.looks]
    assert after.looks[-1].requests - before.requests < 5 * 3000


def test_a_neighbour_with_its_own_experiment_is_not_touched(trial: Trial) -> None:
    trial.harness.apply("other", specs.two_variants(1, 1))
    trial.harness.settle("other")
    trial.send(worse, 3000, "default-other", seed=5)
    trial.begin()
    trial.harness.experiments.apply("theirs", experiment(endpointRef={"name": "other"}))
    assert trial.finished("theirs").verdict == "ROLLBACK"
    assert trial.status().phase == "Running"
    trial.harness.labels["team-b"] = {}
    trial.harness.experiments.apply("team-b/foreign", experiment())
    trial.harness.run(60)
    assert trial.ready("team-b/foreign")[0] == "EndpointNotFound", "of its own namespace alone"


def test_what_cannot_be_read_is_told_and_is_never_success(trial: Trial) -> None:
    trial.traffic.behaves = better
    trial.begin(duration={"maxMinutes": 10})
    trial.until(trial.counts)
    trial.harness.world.faults.add({"operation": "GetMetricData", "kind": "access_denied"})
    ended = trial.finished()
    assert ended.verdict == "INVALID"
    assert "data is missing" in trial.ready()[1]
    trial.harness.world.faults.remove()
    trial.expected = {"GetMetricData AccessDeniedException"}


def test_it_waits_for_its_time_and_for_its_endpoint_and_says_for_what(trial: Trial) -> None:
    harness = trial.harness
    trial.begin("nobody", endpointRef={"name": "none"})
    trial.begin("wrong", control="fourth")
    soon = datetime.fromtimestamp(harness.clock.now() + 600, UTC)
    trial.begin("later", startAfter=soon.isoformat())
    harness.run(30)
    assert trial.ready("nobody") == ("EndpointNotFound", "there is no SageMakerEndpoint none in this namespace")
    assert "has no variant fourth" in trial.ready("wrong")[1]
    assert trial.status("later").phase == "Waiting"
    assert trial.ready("later")[1].startswith("begins after ")
    trial.until(lambda: trial.status("later").phase == "Running", 900)
    assert harness.clock.now() >= soon.timestamp()
    assert trial.status("nobody").phase == "Waiting"


def test_experiments_with_three_metrics_take_one_call_a_minute_together() -> None:
    """That is two for a hundred of them: 500 series a call, and 8 of each experiment (`test_datapoints`)."""
    harness = Harness(settings=BRISK)
    for number in range(4):
        harness.apply(f"e{number}", specs.two_variants(1, 1))
    for number in range(4):
        harness.settle(f"e{number}")
        third = {"name": "slower", "latencyAbove": {"milliseconds": 800}, "marginPercentagePoints": 1}
        metrics = {"primary": PRIMARY, "guardrails": [SLOW, third]}
        harness.experiments.apply(f"x{number}", experiment(endpointRef={"name": f"e{number}"}, metrics=metrics))
    harness.run(600, tick=20)
    before = harness.calls("GetMetricData")
    assert before > 0
    harness.run(600, tick=20)
    assert harness.calls("GetMetricData") - before <= 10
    harness.simulator.close()
