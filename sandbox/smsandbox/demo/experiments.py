"""The story of experiments: which of two models is better, and may one stop? `python -m smsandbox demo --experiment`.

In what models really differ is planted: faults of the simulator let a variant, or the fleet of a config, fail or dawdle
in a share of its requests. So each verdict can be compared with the truth.
"""

import contextlib
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from smsandbox import assets
from smsandbox.demo import experiment_manifests as manifests
from smsandbox.demo.experiment_manifests import AA, AB, BOOSTING, FOREST, JUDGED
from smsandbox.demo.experiment_story import ExperimentStory, message
from smsandbox.demo.steps import CREATED_SECONDS, UPDATED_SECONDS, iso, nothing_left, push, set_up
from smsandbox.demo.story import Story, StoryError, config_name, ready

PER_SECOND = 40.0
AA_PER_SECOND = 8.0
SLOW_SECONDS = 0.4
VARIANTS = 5


def train(story: ExperimentStory) -> None:
    """The recipe's two models."""
    for name in (FOREST, BOOSTING):
        story.models[name] = story.show(*assets.training_command(Path(name), model=name)).split()[-1]


def create(story: ExperimentStory) -> None:
    """Three endpoints, all of them with autoscaling."""
    forest = story.models[FOREST]
    story.apply("iris-ab.yaml", manifests.endpoint(AB, story.models, least=1, most=2), shown=True)
    story.apply("iris-aa.yaml", manifests.endpoint(AA, {"one": forest, "other": forest}, least=1, most=2))
    story.apply("iris-judged.yaml", _judged(forest))
    for name in (AB, AA, JUDGED):
        story.until(ready, CREATED_SECONDS, f"{name} is Ready", name=name)
    story.show("kubectl", "get", "smendpoints")
    _scaled(story)


def begin_same_model(story: ExperimentStory) -> None:
    """The A/A test, whose minute passes while the story goes on."""
    story.apply("same-model.yaml", manifests.SAME, shown=True)
    rule = {"resource": f"default-{AA}", "probability": 0.05}
    story.background.enter_context(story.planted("5 % of the requests of both fail", "model_error", **rule))
    story.meanwhile.append(story.background.enter_context(story.traffic_to(AA, AA_PER_SECOND)))


def ship(story: ExperimentStory) -> None:
    """The forest fails more often: the boosting gets all the traffic."""
    story.apply("fewer-errors.yaml", manifests.FEWER_ERRORS, shown=True)
    told = f"the {FOREST} fails in 12 % of its requests"
    with (
        story.planted(told, "model_error", resource=FOREST, probability=0.12),
        story.traffic_to(AB, PER_SECOND) as sent,
    ):
        story.verdict("fewer-errors", "SHIP")
        story.wait_for_weights(AB, f"{BOOSTING} serves all", lambda found: found[FOREST] == 0 < found[BOOSTING])
    story.account_for(sent)
    story.show("kubectl", "smendpoint", "experiment", "fewer-errors")
    story.show("kubectl", "delete", "smexperiment", "fewer-errors")
    story.wait_for_weights(AB, "the weights of the spec are back", lambda found: found[FOREST] == found[BOOSTING])


def roll_back(story: ExperimentStory) -> None:
    """The boosting has become slow in a few requests: it gets no more traffic."""
    since = dt.datetime.now(dt.UTC)
    story.apply("slower.yaml", manifests.SLOWER, shown=True)
    told = f"the {BOOSTING} takes {SLOW_SECONDS:g} s longer in 5 % of its requests"
    rule = {"resource": BOOSTING, "probability": 0.05, "delay_seconds": SLOW_SECONDS}
    with story.planted(told, "slow_model", **rule), story.traffic_to(AB, PER_SECOND) as sent:
        story.verdict("slower", "ROLLBACK")
        story.wait_for_weights(AB, f"{FOREST} serves all", lambda found: found[BOOSTING] == 0 < found[FOREST])
    story.account_for(sent)
    percentiles = {name: _percentiles(story, name, since) for name in (FOREST, BOOSTING)}
    told = "; ".join(f"{name} {p50:.0f} and {p99:.0f} ms" for name, (p50, p99) in percentiles.items())
    story.terminal.success(f"p50 and p99, as CloudWatch has them: {told}")
    if percentiles[BOOSTING][1] < 1000 * SLOW_SECONDS:
        raise StoryError(f"the {BOOSTING} should have been slower at p99 than {SLOW_SECONDS:g} s")


def undo(story: ExperimentStory) -> None:
    """A canary that fails more often than the fleet before, and less often than any alarm minds."""
    before = config_name(story.endpoint(JUDGED))
    with story.traffic_to(JUDGED, PER_SECOND) as sent, contextlib.ExitStack() as planted:
        story.apply("iris-judged.yaml", _judged(story.models[BOOSTING]), shown=True)
        found = story.until(_is_baking, UPDATED_SECONDS, "both fleets serve", name=JUDGED)
        new = found["status"]["rollout"]["configName"]
        told = "the new fleet fails in 10 % of its requests, far from the absolute limit of 50 %"
        planted.enter_context(story.planted(told, "model_error", resource=new, probability=0.1))
        states: list[str] = []

        def undone(found: dict[str, Any]) -> bool:
            states.extend(_limits(story, new))
            return _is_undone(found)

        found = story.watch(undone, UPDATED_SECONDS, "the verdict has undone the rollout", name=JUDGED)
    story.account_for(sent)
    story.terminal.output(message(found))
    if "was undone by its analysis" not in message(found) or config_name(found) != before:
        raise StoryError(f"the rollout should have been undone by its analysis, and {before} serve")
    if "ALARM" in states or "OK" not in states:
        raise StoryError(f"the alarm on 50 % of errors should have been OK all the time; it was {states}")
    (errors,) = found["status"]["failure"]["compared"]
    story.terminal.success(
        f"undone by the verdict: {errors['newPercent']:.3g} % of errors instead of {errors['oldPercent']:.3g} %;"
        f" the alarm on 50 % stayed OK; {before} serves as before"
    )


def end_same_model(story: ExperimentStory) -> None:
    """The minute of the A/A test is over."""
    story.verdict("same-model", "INCONCLUSIVE")
    story.background.close()
    for sent in story.meanwhile:
        story.account_for(sent)
    story.show("kubectl", "get", "smexperiments", "--output=wide")


def delete(story: ExperimentStory) -> None:
    """Experiments first, then what they were about; autoscaling was on to the end."""
    _scaled(story)
    for kind in ("smexperiments", "smendpoints"):
        story.show("kubectl", "delete", kind, "--all", "--timeout=300s")


STEPS: tuple[tuple[str, Callable[[ExperimentStory], None]], ...] = (
    ("Start a Kubernetes API server, AWS and the operator", set_up),
    ("Train a random forest and a gradient boosting", train),
    ("Push the image", push),
    ("Create the endpoints, with autoscaling", create),
    ("Begin an A/A test, which takes a minute: the same model twice", begin_same_model),
    ("A/B test: the challenger has fewer errors", ship),
    ("A/B test: the challenger is slower at p99", roll_back),
    ("Roll out a model that fails more often, and let it be judged", undo),
    ("The A/A test ends", end_same_model),
    ("Delete all", delete),
    ("See that AWS holds nothing any more", nothing_left),
)


def _judged(model: str) -> str:
    return manifests.endpoint(JUDGED, {"primary": model}, least=2, most=3) + manifests.CANARY


def _scaled(story: Story) -> None:
    """Each variant has its autoscaling."""
    command = ("aws", "application-autoscaling", "describe-scalable-targets", "--service-namespace", "sagemaker")
    told = story.show(
        *command, "--query", "ScalableTargets[].[ResourceId, MinCapacity, MaxCapacity]", "--output", "text"
    )
    if len(told.splitlines()) != VARIANTS:
        raise StoryError(f"all {VARIANTS} variants should have autoscaling")


def _percentiles(story: Story, variant: str, since: dt.datetime) -> tuple[float, float]:
    """The model latency of a variant of the A/B endpoint at p50 and p99, in ms: of the worst minute from then on."""
    command = [
        *("aws", "cloudwatch", "get-metric-statistics", "--namespace", "AWS/SageMaker"),
        *("--metric-name", "ModelLatency", "--extended-statistics", "p50", "p99", "--period", "60"),
        *("--dimensions", f"Name=EndpointName,Value=default-{AB}", f"Name=VariantName,Value={variant}"),
        *("--start-time", iso(since), "--end-time", iso(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1))),
        *("--query", "Datapoints[].ExtendedStatistics.[p50, p99]"),
    ]
    found: list[tuple[float, float]] = json.loads(story.quietly(*command))
    p50, p99 = (max(values) / 1000 for values in zip(*found, strict=True))
    return p50, p99


def _is_baking(found: dict[str, Any]) -> bool:
    return bool((found["status"].get("rollout") or {}).get("stage") == "Baking")


def _is_undone(found: dict[str, Any]) -> bool:
    conditions = found["status"].get("conditions", ())
    return any(each["type"] == "Stalled" and each["reason"] == "UpdateFailed" for each in conditions)


def _limits(story: Story, config: str) -> list[str]:
    """The states of the alarms on the errors of a config's fleet."""
    command = ("aws", "cloudwatch", "describe-alarms", "--query", "MetricAlarms[].[AlarmName, StateValue]")
    found: list[tuple[str, str]] = json.loads(story.quietly(*command))
    return [state for name, state in found if config in name and name.endswith("/errors")]
