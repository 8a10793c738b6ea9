"""The steps of the story, in order. Each shows what it does and raises when the outcome is not what it should be."""

import datetime as dt
import json
import time
from collections.abc import Callable
from pathlib import Path

from smsandbox import assets
from smsandbox.demo.story import ENDPOINT, NAME, ROWS, VARIANT, Story, StoryError, config_name, instances, ready
from smsandbox.world import AWS_SETTINGS

MANIFEST = """\
apiVersion: smendpoints.dev/v1alpha1
kind: SageMakerEndpoint
metadata:
  name: {name}
spec:
  executionRoleARN: {role}
  variants:
    - name: {variant}
      image: {image}
      modelArtifact: {model}
      instance: {{type: ml.m5.large, count: 1}}
      scaling: {{minCapacity: 1, maxCapacity: 5, targetInvocationsPerInstance: 70}}
"""
CREATED_SECONDS = 300.0
SCALED_SECONDS = 300.0
UPDATED_SECONDS = 300.0
METRICS_SECONDS = 120.0
LOAD_PER_SECOND = 60.0
STEADY_PER_SECOND = 20.0


def set_up(story: Story) -> None:
    """Control plane, AWS and operator as processes of their own."""
    story.world.start(story.terminal.success)
    assets.ensure_account(story.world)
    story.show("kubectl", "version")


def train(story: Story) -> None:
    """Train the recipe's model and upload it."""
    story.model = story.show(*assets.training_command(Path("model"))).split()[-1]


def push(story: Story) -> None:
    """Put the image of the inference container where SageMaker takes it from."""
    story.show(*assets.push_command())


def apply(story: Story) -> None:
    """Create the endpoint from a manifest, and watch it come into being."""
    _write_manifest(story)
    story.show("cat", "iris.yaml")
    before, started = story.aws_calls(), time.monotonic()
    story.show("kubectl", "apply", "-f", "iris.yaml")
    story.watch(ready, CREATED_SECONDS, "the endpoint is Ready")
    story.terminal.success(f"Ready {time.monotonic() - started:.0f} s after kubectl apply")
    calls = story.aws_calls() - before  # the operator's: nobody else talks to AWS meanwhile
    if failed := [f"{operation} ({code})" for operation, code in calls if code != "OK"]:
        raise StoryError(f"the operator's calls of AWS should all succeed; these failed: {', '.join(failed)}")
    made = ", ".join(f"{number} {operation}" for (operation, _), number in calls.items())
    story.terminal.success(f"{calls.total()} AWS calls, the look for drift every 2 s included; none failed: {made}")


def look(story: Story) -> None:
    """What kubectl tells of it."""
    table = story.show("kubectl", "get", "smendpoints", "--output=wide")
    if "InService" not in table:
        raise StoryError("kubectl does not show the endpoint as InService")


def invoke(story: Story) -> None:
    """A prediction through the runtime API."""
    (story.folder / "rows.json").write_text(json.dumps({"instances": ROWS}))
    story.show("cat", "rows.json")
    answer = json.loads(_invoke(story, story.run))
    for row, prediction in zip(ROWS, answer["predictions"], strict=True):
        shares = ", ".join(f"{name} {share:.2f}" for name, share in prediction["probabilities"].items())
        story.terminal.output(f"{row} is {prediction['predicted_class']} ({shares})")
    found = [prediction["predicted_class"] for prediction in answer["predictions"]]
    if found != ["setosa", "virginica", "versicolor"]:
        raise StoryError(f"the classes should be setosa, virginica, versicolor, not {', '.join(found)}")


def scale_out(story: Story) -> None:
    """Load above the target of 70 invocations a minute and instance: Application Auto Scaling adds instances."""
    with story.traffic(LOAD_PER_SECOND) as traffic:
        minute = 60 / AWS_SETTINGS["time_scale"]
        story.terminal.note(f"about {LOAD_PER_SECOND:g} invocations a second; a minute takes {minute:g} seconds here")
        found = story.watch(
            lambda found: ready(found) and instances(found) > 1, SCALED_SECONDS, "the endpoint has more instances"
        )
    _account_for(story, traffic.answered, traffic.failures)
    story.terminal.success(f"{instances(found)} instances after {traffic.answered} invocations, none failed")


def update(story: Story) -> None:
    """A new model goes live under traffic, and no request fails."""
    before, found = _probabilities(story), story.endpoint()
    old = config_name(found)
    story.model = story.run(*assets.training_command(Path("model-2"), seed=7)).split()[-1]
    story.terminal.output(story.model)
    _write_manifest(story)
    with story.traffic(STEADY_PER_SECOND) as traffic:
        story.show("kubectl", "apply", "-f", "iris.yaml")
        found = story.watch(
            lambda found: ready(found) and config_name(found) != old, UPDATED_SECONDS, "the new model is in service"
        )
        after = _probabilities(story)
    _account_for(story, traffic.answered, traffic.failures)
    if before == after:
        raise StoryError("the endpoint answers with the old model's probabilities")
    story.terminal.success(f"{old} became {config_name(found)}")
    story.terminal.success(f"{traffic.answered} invocations meanwhile, none failed; {instances(found)} instances kept")


def metrics(story: Story) -> None:
    """CloudWatch has counted what was sent."""
    now = dt.datetime.now(dt.UTC)
    command = [
        *("aws", "cloudwatch", "get-metric-statistics", "--namespace", "AWS/SageMaker"),
        *("--metric-name", "Invocations", "--statistics", "Sum", "--period", "86400"),
        *("--dimensions", f"Name=EndpointName,Value={ENDPOINT}", f"Name=VariantName,Value={VARIANT}"),
        *("--start-time", iso(now - dt.timedelta(days=1)), "--end-time", iso(now + dt.timedelta(days=1))),
        *("--query", "sum(Datapoints[].Sum)", "--output", "text"),
    ]
    deadline = time.monotonic() + METRICS_SECONDS
    story.terminal.command(command)
    while (counted := float(story.quietly(*command))) < story.invocations:
        if time.monotonic() > deadline:
            raise StoryError(f"CloudWatch counts {counted:g} invocations; {story.invocations} were answered")
        time.sleep(1)
    story.terminal.output(f"{counted:g}")
    if counted > story.invocations:
        raise StoryError(f"CloudWatch counts {counted:g} invocations, but only {story.invocations} were sent")
    story.terminal.success(f"all {story.invocations} invocations are in CloudWatch")


def delete(story: Story) -> None:
    """Kubectl delete returns when AWS has given everything back."""
    story.show("kubectl", "delete", "smendpoint", NAME, "--timeout=300s")


def nothing_left(story: Story) -> None:
    """AWS holds no endpoint, config, model, scalable target or alarm any more."""
    sagemaker = ("aws", "sagemaker")
    for command in (
        (*sagemaker, "list-endpoints", "--query", "Endpoints"),
        (*sagemaker, "list-endpoint-configs", "--query", "EndpointConfigs"),
        (*sagemaker, "list-models", "--query", "Models"),
        (
            *("aws", "application-autoscaling", "describe-scalable-targets", "--service-namespace", "sagemaker"),
            *("--query", "ScalableTargets"),
        ),
        ("aws", "cloudwatch", "describe-alarms", "--query", "MetricAlarms"),
    ):
        left = story.show(*command).strip()
        if json.loads(left) != []:
            raise StoryError(f"AWS still holds what the command above shows: {left}")
    story.terminal.success("nothing is left that costs money")


STEPS: tuple[tuple[str, Callable[[Story], None]], ...] = (
    ("Start a Kubernetes API server, AWS and the operator", set_up),
    ("Train the model", train),
    ("Push the image", push),
    ("Create the endpoint from a manifest", apply),
    ("Look at it", look),
    ("Ask it for predictions", invoke),
    ("Put load on it until it scales out", scale_out),
    ("Roll out a new model under traffic", update),
    ("Read the metrics back", metrics),
    ("Delete it", delete),
    ("See that AWS holds nothing any more", nothing_left),
)


def _write_manifest(story: Story) -> None:
    text = MANIFEST.format(name=NAME, variant=VARIANT, role=assets.ROLE_ARN, image=assets.IMAGE, model=story.model)
    (story.folder / "iris.yaml").write_text(text)


def _invoke(story: Story, run: Callable[..., str]) -> str:
    run(
        *("aws", "sagemaker-runtime", "invoke-endpoint", "--endpoint-name", ENDPOINT),
        *("--content-type", "application/json", "--body", "fileb://rows.json", "answer.json"),
    )
    story.invocations += 1
    return (story.folder / "answer.json").read_text()


def _probabilities(story: Story) -> list[dict[str, float]]:
    predictions = json.loads(_invoke(story, story.quietly))["predictions"]
    return [prediction["probabilities"] for prediction in predictions]


def _account_for(story: Story, answered: int, failures: list[str]) -> None:
    story.invocations += answered
    if failures:
        raise StoryError(f"{len(failures)} of {answered + len(failures)} invocations failed, the first: {failures[0]}")


def iso(moment: dt.datetime) -> str:
    """A moment as the AWS CLI takes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
