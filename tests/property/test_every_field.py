"""Every field of the spec, set to something other than its default, against the literal requests that AWS must get.

The stories stand in `every_field/`: what is done to the object, and all that AWS is asked to change, in order, over the
wire. They are held against AWS's documentation by eye: nothing here knows how the operator translates a spec. A field
that no story sets, or a word of an enum that none uses, fails the last tests: add it to a story.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from smsandbox.assets import TRUST
from smsandbox.testing.harness import Harness
from smsandbox.testing.recorder import Recorder
from smsandbox.testing.samples import furnish
from smsandbox.testing.stories import SCHEMA, STORIES, changed, specs
from smsandbox.testing.virtual_aws import BRISK

# Ways to be that a manifest need not write out, and what the API server then fills in or the operator takes.
DEFAULTS: dict[str, Any] = {
    "variants[].multiModel": False,
    "variants[].weight": 1,
    "variants[].instance.count": 1,
    "variants[].scaling.disableScaleIn": False,
    "variants[].scaling.suspended": False,
    "variants[].scaling.scaleInCooldownSeconds": 300,
    "variants[].scaling.scaleOutCooldownSeconds": 300,
    "variants[].scaling.targetTracking[].customizedMetric.statistic": "Average",
    "variants[].scaling.stepScaling[].adjustmentType": "ChangeInCapacity",
    "variants[].scaling.stepScaling[].cooldownSeconds": 300,
    "variants[].scaling.stepScaling[].metricAggregationType": "Average",
    "variants[].scaling.stepScaling[].alarm.metric.statistic": "Average",
    "variants[].scaling.stepScaling[].alarm.periodSeconds": 60,
    "variants[].scaling.stepScaling[].alarm.evaluationPeriods": 1,
    "variants[].scaling.stepScaling[].alarm.treatMissingData": "missing",
    "rollout.analysis.metrics[].errorRate.answers": "5xx",
    "rollout.analysis.metrics[].metricAbove.threshold": 0,
    "rollout.analysis.metrics[].better": "Lower",
    "rollout.analysis.metrics[].marginPercentagePoints": 0.5,
}
# What the API server refuses for a shadow: a story of it could not be told.
NEVER_FOR_A_SHADOW = ("shadow.scaling.", "shadow.serverless.")
# One of these is as good as another: AWS takes a number.
ONE_IS_ENOUGH = ("variants[].serverless.memorySizeMB",)


def a_users_alarm(harness: Harness) -> None:
    furnish({"variants": [], "rollout": {"rollback": {"alarmNames": ["Paged"]}}}, harness.client)


def a_script(harness: Harness) -> None:
    sagemaker = harness.client("sagemaker")
    sagemaker.create_model(
        ModelName="old-model",
        PrimaryContainer={
            "Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/echo:1.0",
            "ModelDataUrl": "s3://sagemaker-us-east-1-123456789012/a/model.tar.gz",
        },
        ExecutionRoleArn="arn:aws:iam::123456789012:role/sagemaker-execution",
    )
    variant = {"VariantName": "primary", "ModelName": "old-model", "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName="old-config", ProductionVariants=[{**variant, "InitialInstanceCount": 2}]
    )
    sagemaker.create_endpoint(EndpointName="legacy", EndpointConfigName="old-config")
    harness.world.advance(600)


def a_hand(harness: Harness) -> None:
    change = {"VariantName": "primary", "DesiredWeight": 4.0}
    sagemaker = harness.client("sagemaker")
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="legacy", DesiredWeightsAndCapacities=[change])
    harness.world.advance(600)


HANDS: dict[str, Callable[[Harness], None]] = {
    "a user's alarm Paged": a_users_alarm,
    "an endpoint legacy made by a script": a_script,
    "a hand weighs primary 4": a_hand,
}


def elsewhere(harness: Harness, spec: dict[str, Any]) -> Callable[[str], Any]:
    """The clients of the spec's region, with what the spec names there: the role that is assumed, the bucket."""
    role = spec["assumeRoleARN"].rpartition("/")[2]
    harness.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)

    def client(service: str) -> Any:
        return harness.session.client(service, region_name=spec["region"])

    where = {"LocationConstraint": spec["region"]}
    client("s3").create_bucket(Bucket="models-of-europe", CreateBucketConfiguration=where)
    client("s3").put_object(Bucket="models-of-europe", Key="a/model.tar.gz", Body=b"a")
    return client


@pytest.mark.parametrize("name", STORIES)
def test_aws_is_asked_for_what_the_spec_says_and_for_nothing_else(name: str) -> None:
    harness = Harness(settings=BRISK)
    recorder = Recorder(harness.world)
    spec: dict[str, Any] = {}
    try:
        for step in STORIES[name]:
            if "do" in step:
                HANDS[step["do"]](harness)
            if "apply" in step or "change" in step:
                spec = changed(spec, step.get("apply", step.get("change")))
                furnish(copy.deepcopy(spec), elsewhere(harness, spec) if "region" in spec else harness.client)
                harness.apply("iris", spec)
            if "delete" in step:
                harness.delete("iris")
            recorder.take()
            harness.run(step.get("seconds", 900), step.get("tick", 15))
            assert {request.region for request in recorder.requests} <= {spec.get("region", "us-east-1")}
            callers = {str(request.principal_arn).rpartition("/")[0] for request in recorder.requests}
            assert callers <= {
                spec.get("assumeRoleARN", "").replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
            }
            asked = recorder.take()
            ready = harness.condition("iris", "Ready") if "iris" in harness.objects else None
            told = ready.reason if ready is not None else "gone"
            assert (asked, told) == (step.get("asks", []), step.get("told", "InService")), step
    finally:
        harness.simulator.close()


def leaves(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each field that has a value of its own, by its path: `variants[].name`, `tags{}`."""
    if "properties" in schema:
        for name, child in schema["properties"].items():
            yield from leaves(child, f"{path}.{name}" if path else name)
    elif "items" in schema:
        yield from leaves(schema["items"], f"{path}[]")
    elif "additionalProperties" in schema:
        yield from leaves(schema["additionalProperties"], f"{path}{{}}")
    else:
        yield path, schema


def values(value: Any, path: list[str]) -> Iterator[Any]:
    """What stands in a spec at a path."""
    if not path:
        yield value
    elif path[0] == "[]":
        for each in value:
            yield from values(each, path[1:])
    elif path[0] == "{}":
        for each in value.values():
            yield from values(each, path[1:])
    elif path[0] in value:
        yield from values(value[path[0]], path[1:])


def told_of(field: str) -> list[Any]:
    """All values that the stories give a field."""
    path = field.replace("[]", ".[]").replace("{}", ".{}").split(".")
    return [each for story in STORIES.values() for spec in specs(story) for each in values(spec, path)]


FIELDS = {field: schema for field, schema in leaves(SCHEMA) if not field.startswith(NEVER_FOR_A_SHADOW)}


def default_of(field: str, schema: dict[str, Any]) -> Any:
    of_variant = field.replace("shadow.", "variants[].", 1)
    return schema.get("default", DEFAULTS.get(field, DEFAULTS.get(of_variant)))


def test_every_field_of_the_crd_is_set_in_a_story_to_something_other_than_its_default() -> None:
    assert len(FIELDS) > 100
    unset = [
        field for field, schema in FIELDS.items() if all(value == default_of(field, schema) for value in told_of(field))
    ]
    assert unset == []


def test_every_word_of_a_field_that_takes_one_of_a_few_is_used_in_a_story() -> None:
    wanted = {
        (field, word)
        for field, schema in FIELDS.items()
        if not field.startswith("shadow.") and field not in ONE_IS_ENOUGH
        for word in schema.get("enum", ())
        if word != default_of(field, schema)
    }
    assert len(wanted) > 20
    assert {(field, word) for field, word in wanted if word not in told_of(field)} == set()
