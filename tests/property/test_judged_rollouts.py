"""A rollout is judged by what both fleets serve side by side, and undone if the new one is worse; in virtual time."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from smendpoints.api.group import ABORT_REVISION
from smendpoints.domain.status.events import Event
from smsandbox.aws.core.ports import InstanceSpec
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.testing.traffic import Behaviour, Traffic
from smsandbox.testing.virtual_aws import BRISK
from smsandbox.world import ACCOUNT, REGION

pytestmark = pytest.mark.hours

SETTINGS = {**BRISK, "consistency": {"metrics": 60.0}}
POLL = 5.0
NOTICEABLE = 2.0  # percent
GOOD, BAD = Behaviour(errors=0.005, slow=0.02), Behaviour(errors=0.05, slow=0.02)
ERRORS = {"name": "errors", "errorRate": {}}
SLOW = {"name": "slow", "latencyAbove": {"milliseconds": 500}, "marginPercentagePoints": 1}
ANALYSIS: dict[str, Any] = {"metrics": [ERRORS, SLOW]}
CANARY = {"strategy": "Canary", "stepPercent": 25, "stepWaitSeconds": 1200, "analysis": ANALYSIS}
LINEAR = {"strategy": "Linear", "stepPercent": 25, "stepWaitSeconds": 600, "analysis": ANALYSIS}


@pytest.fixture
def harness(harness: Harness) -> Iterator[Harness]:
    yield harness
    assert harness.violations == []


def wanted(rollout: dict[str, Any], artifact: int, **changes: Any) -> dict[str, Any]:
    """Four instances with that artifact."""
    fixed = with_variant(spec(rollout=rollout, **changes), modelArtifact=ARTIFACTS[artifact], scaling=None)
    return with_variant(fixed, instance={"type": "ml.m5.large", "count": 4})


def analysis(**changes: Any) -> dict[str, Any]:
    """The canary, with changes of its analysis."""
    return {**CANARY, "analysis": {**ANALYSIS, **changes}}


class Story:
    """An endpoint under traffic and a second revision of it, whose model behaves so."""

    def __init__(
        self,
        harness: Harness,
        new: Behaviour | Callable[[], Behaviour],
        rollout: dict[str, Any] = CANARY,
        *,
        old: Behaviour = GOOD,
        per_minute: float = 600,
        name: str = "iris",
    ) -> None:
        self.harness, self.rollout, self.name, self.new = harness, rollout, name, new
        harness.apply(name, wanted(rollout, 0))
        harness.settle(name)
        self.endpoint = f"default-{name}"
        self.first = str(harness.live(self.endpoint)["EndpointConfigName"])
        self.old = old
        self.traffic = Traffic(
            harness.world, self.endpoint, per_minute, self._behaves, account=ACCOUNT, region=REGION, seed=7
        )
        harness.run(1200, 60)
        self.begun = harness.clock.now()
        harness.apply(name, wanted(rollout, 1))

    def _behaves(self, instance: InstanceSpec) -> Behaviour:
        if instance.config_name == self.first:
            return self.old
        return self.new if isinstance(self.new, Behaviour) else self.new()

    def bake(self, minutes: float = 0) -> None:
        """Until AWS bakes, and so much longer."""
        for _ in range(400):
            self.harness.run(POLL)
            attempt = self.harness.resource(self.name).status.rollout
            if attempt is not None and attempt.stage == "Baking":
                break
        else:
            raise AssertionError(self.status())
        self.harness.run(60 * minutes)

    def end(self) -> float:
        """Until it is told what became of it; the minutes since the edit."""
        self.harness.settle(self.name)
        return (self.harness.clock.now() - self.begun) / 60

    def status(self) -> dict[str, Any]:
        """The object's."""
        return self.harness.resource(self.name).status.to_json()

    @property
    def analysis(self) -> dict[str, Any]:
        """That of the last attempt."""
        found: dict[str, Any] = self.status()["rollout"]["analysis"]
        return found

    def compared(self, metric: str) -> dict[str, Any]:
        """What is known of a metric."""
        found: dict[str, Any] = next(each for each in self.analysis["metrics"] if each["name"] == metric)
        return found

    @property
    def outcome(self) -> str:
        """Of the newest revision."""
        return str(self.status()["history"][0]["outcome"])

    @property
    def events(self) -> list[Event]:
        """What was told of verdicts."""
        return [each for each in self.harness.events if each.reason in {"RolloutJudged", "FewRequests"}]


def alarms(harness: Harness) -> list[str]:
    found = harness.client("cloudwatch").describe_alarms(AlarmNamePrefix="smendpoints/")["MetricAlarms"]
    return [each["AlarmName"] for each in found]


def fired(harness: Harness) -> list[str]:
    found = harness.client("cloudwatch").describe_alarms(AlarmNamePrefix="smendpoints/", StateValue="ALARM")
    return [each["AlarmName"] for each in found["MetricAlarms"]]


@pytest.mark.parametrize("rollout", [CANARY, LINEAR], ids=["canary", "linear"])
@pytest.mark.parametrize("published", ["all", "updates"])
def test_a_new_fleet_that_is_worse_is_undone_and_its_figures_stay(
    harness: Harness, rollout: dict[str, Any], published: str
) -> None:
    harness.world.settings = harness.world.settings.changed({"options": {"metrics_by_config": published}})
    story = Story(harness, BAD, rollout)
    assert story.end() < 15
    assert harness.live()["EndpointConfigName"] == story.first
    assert story.outcome == "RolledBack"
    assert story.analysis["verdict"] == "Rollback"
    errors = story.compared("errors")
    assert errors["verdict"] == "Worse"
    assert errors["oldPercent"] < NOTICEABLE < errors["newPercent"]
    assert 0.5 < errors["lowerPoints"] < errors["differencePoints"] < errors["upperPoints"]
    assert story.compared("slow")["verdict"] != "Worse"
    assert story.status()["failure"]["compared"] == story.analysis["metrics"]
    (told,) = story.events
    assert told.warning
    assert "errors of primary" in told.message
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert "was undone by its analysis" in stalled.message
    assert story.status()["failure"]["reason"].startswith("was undone by its analysis: worse by more than the margin")
    assert harness.calls("DescribeLogStreams") == 0
    harness.run(1800, 30)
    assert alarms(harness) == []
    assert story.status()["failure"]["compared"] == story.analysis["metrics"]
    assert harness.calls("UpdateEndpoint") == 1


def test_a_scale_out_right_after_it_was_undone_hides_nothing_of_why(harness: Harness) -> None:
    story = Story(harness, BAD)
    story.bake()
    for _ in range(400):
        harness.tick()
        if fired(harness):
            break
        harness.world.advance(POLL)
    while harness.live()["EndpointConfigName"] != story.first or harness.live()["EndpointStatus"] != "InService":
        harness.world.advance(POLL)  # nobody looks meanwhile
    harness.scale_by_hand(5)
    while harness.live()["EndpointStatus"] != "InService":
        harness.world.advance(POLL)
    assert "FailureReason" not in harness.live()
    story.end()
    assert (story.outcome, story.status()["rollout"]["undoneBy"]) == ("RolledBack", "Analysis")
    reason = story.status()["failure"]["reason"]
    assert reason.startswith("was undone by its analysis: worse by more than the margin")
    assert "AWS" not in reason


def test_equals_are_brought_into_service_and_a_neighbour_that_is_worse_changes_nothing(harness: Harness) -> None:
    neighbour = Story(harness, BAD, name="other")
    story = Story(harness, GOOD)
    story.end()
    assert story.outcome == "Deployed"
    assert harness.live()["EndpointConfigName"] != story.first
    assert story.analysis["verdict"] in {"Ship", "Inconclusive"}
    assert all(each["newRequests"] > 2000 for each in story.analysis["metrics"])
    assert neighbour.outcome == "RolledBack"
    assert alarms(harness) == []


def test_a_bad_hour_of_both_fleets_undoes_nothing(harness: Harness) -> None:
    bad = Behaviour(errors=0.2, slow=0.3)
    story = Story(harness, bad, old=bad)
    story.end()
    assert story.outcome == "Deployed"


def test_slow_answers_undo_it_while_an_alarm_on_the_mean_stays_quiet(harness: Harness) -> None:
    guarded = {**CANARY, "rollback": {"maxLatencyMilliseconds": 500, "maxErrorRatePercent": 5}}
    story = Story(harness, Behaviour(errors=0.005, slow=0.12), guarded)
    assert story.end() < 20
    assert story.compared("slow")["verdict"] == "Worse"
    assert "/abort" in story.status()["failure"]["reason"]
    assert "/latency" not in story.status()["failure"]["reason"]


def test_absolute_limits_stay_beside_it(harness: Harness) -> None:
    guarded = {**analysis(minRequests=100_000), "rollback": {"maxErrorRatePercent": 2}}
    story = Story(harness, BAD, guarded)
    story.end()
    assert story.outcome == "RolledBack"
    assert "/errors" in story.status()["failure"]["reason"]
    assert story.analysis["verdict"] == "Inconclusive"
    assert "compared" not in story.status()["failure"]


def test_any_share_in_cloudwatch_is_judged_and_higher_may_be_better(harness: Harness) -> None:
    above = {"namespace": "AWS/SageMaker", "metricName": "Invocation4XXErrors", "threshold": 0}
    other = {"name": "refusals", "metricAbove": above}
    fast = {"namespace": "AWS/SageMaker", "metricName": "ModelLatency", "threshold": 500_000}
    waited = {"name": "thorough", "metricAbove": fast, "better": "Higher", "marginPercentagePoints": 2}
    story = Story(
        harness,
        Behaviour(slow=0.05, client_errors=0.002),
        analysis(metrics=[other, waited]),
        old=Behaviour(slow=0.4, client_errors=0.002),
    )
    story.end()
    assert story.outcome == "RolledBack"
    assert [story.compared(name)["verdict"] == "Worse" for name in ("refusals", "thorough")] == [False, True]


@pytest.mark.parametrize(("wish", "outcome"), [("Promote", "Deployed"), ("Rollback", "RolledBack")])
def test_few_requests_are_told_beforehand_and_what_they_leave_open_ends_as_the_spec_says(
    harness: Harness, wish: str, outcome: str
) -> None:
    story = Story(harness, GOOD, analysis(onInconclusive=wish), per_minute=3)
    story.bake()
    (told,) = story.events
    assert told.reason == "FewRequests"
    assert "requests a minute this rollout cannot see" in told.message
    seen = [each["smallestVisiblePoints"] for each in story.analysis["metrics"] if "smallestVisiblePoints" in each]
    assert all(points > 20 for points in seen)
    story.end()
    assert story.outcome == outcome
    assert story.analysis["verdict"] == "Inconclusive"
    assert [each.reason for each in story.events] == ["FewRequests", "RolloutJudged"]


def test_a_dry_run_tells_the_verdict_and_undoes_nothing(harness: Harness) -> None:
    story = Story(harness, BAD, analysis(dryRun=True))
    story.bake()
    assert alarms(harness) == []
    story.end()
    assert story.outcome == "Deployed"
    assert story.analysis["verdict"] == "Rollback"
    assert any("dry run" in each.message and each.warning for each in story.events)


@pytest.mark.parametrize(("wish", "outcome"), [("Promote", "Deployed"), ("Rollback", "RolledBack")])
def test_what_may_not_be_read_is_told_and_is_no_success(harness: Harness, wish: str, outcome: str) -> None:
    harness.world.faults.add({"kind": "access_denied", "operation": "GetMetricData"})
    story = Story(harness, BAD, analysis(onInconclusive=wish))
    story.bake(6)
    assert story.analysis["verdict"] == "Invalid"
    assert "cloudwatch:GetMetricData" in story.analysis["message"]
    assert "LookAround" in story.analysis["message"]
    assert [each.reason for each in story.events] == ["FewRequests", "RolloutJudged"]
    story.end()
    assert story.outcome == outcome
    assert story.analysis["verdict"] == "Inconclusive"


def test_throttled_looks_are_made_up_for(harness: Harness) -> None:
    story = Story(harness, BAD)
    story.bake()
    throttle = harness.world.faults.add({"kind": "throttle", "operation": "GetMetricData"})
    harness.run(300)
    assert story.analysis["verdict"] == "Hold"
    assert story.outcome == "InProgress"
    harness.world.faults.remove(throttle.id)
    story.end()
    assert story.outcome == "RolledBack"
    assert [each.reason for each in story.events] == ["RolloutJudged"]


@pytest.mark.parametrize("away", [0, 240, 600])
def test_an_operator_that_was_killed_or_away_in_the_bake_goes_on_from_cloudwatch(harness: Harness, away: int) -> None:
    story = Story(harness, Behaviour(errors=0.025, slow=0.02))
    story.bake(3)
    before = story.compared("errors")["newRequests"]
    harness.world.advance(away)
    harness.restart()
    story.end()
    assert story.outcome == "RolledBack"
    errors = story.compared("errors")
    assert errors["newRequests"] > before + away / 60 * 100


@pytest.mark.parametrize(("wish", "outcome"), [("Promote", "Deployed"), ("Rollback", "RolledBack")])
def test_a_canary_that_nobody_watched_is_no_success(harness: Harness, wish: str, outcome: str) -> None:
    story = Story(harness, GOOD, {**analysis(onInconclusive=wish), "terminationWaitSeconds": 1800})
    harness.run(20)
    assert harness.live()["EndpointStatus"] == "Updating"
    harness.world.advance(1800)  # the canary's step is over, the old fleet still there
    harness.restart()
    story.end()
    assert story.outcome == outcome
    assert story.analysis["verdict"] == "Inconclusive"
    assert "nobody looked" in story.analysis["message"]


def test_away_until_the_canary_was_over_it_is_undone_while_the_old_fleet_is_kept(harness: Harness) -> None:
    story = Story(harness, BAD, {**analysis(minRequests=1500), "terminationWaitSeconds": 1800})
    story.bake(2)
    harness.world.advance(1500)
    harness.restart()
    story.end()
    assert story.outcome == "RolledBack"
    assert story.compared("errors")["newRequests"] > 1500


@pytest.mark.parametrize("after", range(4))
def test_killed_between_the_verdict_and_the_alarm_it_is_undone_with_its_figures(harness: Harness, after: int) -> None:
    story = Story(harness, BAD)
    story.bake()
    if after % 2:
        harness.kill_after = after // 2
    else:
        harness.kill_before_write = after // 2
    story.end()
    assert story.outcome == "RolledBack"
    assert story.status()["failure"]["compared"] == story.analysis["metrics"]
    assert len([each for each in story.events if each.reason == "RolloutJudged"]) == 1


def test_an_abort_is_honoured_and_is_no_verdict(harness: Harness) -> None:
    story = Story(harness, GOOD)
    story.bake(4)
    harness.annotate("iris", {ABORT_REVISION: "2"})
    assert story.end() < 20
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert "was aborted as asked" in stalled.message
    assert "compared" not in story.status()["failure"]


def test_rules_are_those_of_the_start_and_an_edit_counts_for_the_next_attempt(harness: Harness) -> None:
    story = Story(harness, BAD, analysis(metrics=[ERRORS]))
    story.bake()
    blind = {**ERRORS, "marginPercentagePoints": 50}
    harness.apply("iris", wanted(analysis(metrics=[blind]), 1))
    while story.analysis["verdict"] != "Rollback":
        harness.run(POLL)
    assert story.analysis["asked"]["metrics"][0]["marginPercentagePoints"] == 0.5
    story.end()  # the way it is rolled out has changed, so it is tried once more, by the rules of now
    assert story.analysis["asked"]["metrics"][0]["marginPercentagePoints"] == 50
    assert story.outcome == "Deployed"


def test_a_suspended_object_is_only_watched(harness: Harness) -> None:
    story = Story(harness, BAD)
    story.bake()
    harness.apply("iris", wanted(CANARY, 1, suspend=True))
    harness.run(2400, 30)
    assert harness.live()["EndpointConfigName"] != story.first
    assert harness.calls("SetAlarmState") == 1  # that it is quiet, before the rollout


def test_a_model_that_gets_worse_after_it_was_found_good_is_undone(harness: Harness) -> None:
    long = {**analysis(metrics=[{**ERRORS, "marginPercentagePoints": 2}]), "stepWaitSeconds": 3600}
    since: list[float] = []

    def behaves() -> Behaviour:
        since.append(harness.clock.now())
        return GOOD if harness.clock.now() - since[0] < 1800 else Behaviour(errors=0.4)

    story = Story(harness, behaves, long, per_minute=2000)
    story.bake(25)
    assert story.analysis["verdict"] == "Ship"
    story.end()
    assert story.outcome == "RolledBack"
    assert [(each.warning, each.reason) for each in story.events] == [
        (False, "RolloutJudged"),
        (True, "RolloutJudged"),
    ]


def test_each_variant_is_judged_for_itself_with_autoscaling_on(harness: Harness) -> None:
    def two(artifact: int) -> dict[str, Any]:
        made = wanted(CANARY, artifact)
        (one,) = made["variants"]
        scaled = {**one, "scaling": {"minCapacity": 4, "maxCapacity": 8, "targetInvocationsPerInstance": 10_000}}
        return {**made, "variants": [{**scaled, "name": "rf", "weight": 9}, {**one, "name": "gb", "weight": 1}]}

    harness.apply("iris", two(0))
    harness.settle("iris")
    first = harness.live()["EndpointConfigName"]

    def behaves(instance: InstanceSpec) -> Behaviour:
        return Behaviour(errors=0.15) if (instance.variant, instance.config_name != first) == ("gb", True) else GOOD

    Traffic(harness.world, "default-iris", 3000, behaves, account=ACCOUNT, region=REGION, seed=5)
    harness.run(1200, 60)
    harness.apply("iris", two(1))
    harness.settle("iris")
    status = harness.resource("iris").status.to_json()
    assert status["history"][0]["outcome"] == "RolledBack"
    found = {(each["variant"], each["name"]): each["verdict"] for each in status["failure"]["compared"]}
    assert {key for key, verdict in found.items() if verdict == "Worse"} == {("gb", "errors")}
    assert len(found) == 4
    harness.run(600, 30)
    assert harness.inventory()["targets"] == ["endpoint/default-iris/variant/rf"]
