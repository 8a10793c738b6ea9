"""What a new revision changes is told in the words of the spec's fields."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.domain.plan.changes import describe_changes

ROLE = "arn:aws:iam::123456789012:role/sagemaker-execution"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/sagemaker-sklearn-inference:1.0"
B = {"modelArtifact": "s3://models/b/model.tar.gz"}


def instance(count: int, kind: str) -> dict[str, Any]:
    return {"instance": {"type": kind, "count": count}}


CHANGES: dict[str, tuple[Mapping[str, Any], str]] = {
    "an artifact": (
        {"variant": B},
        "primary: modelArtifact s3://models/a/model.tar.gz → s3://models/b/model.tar.gz",
    ),
    "a tag of an image": ({"variant": {"image": IMAGE.replace(":1.0", ":1.1")}}, "primary: image :1.0 → :1.1"),
    "another image": ({"variant": {"image": "other:1.0"}}, f"primary: image {IMAGE} → other:1.0"),
    "a variable, and never its value": (
        {"variant": {"environment": {"PASSWORD": "hunter2"}}},
        "primary: environment.PASSWORD added",
    ),
    "an instance type": (
        {"variant": instance(1, "ml.c5.large")},
        "primary: instance.type ml.m5.large → ml.c5.large",
    ),
    "a variant more": ({"variant": {}, "challenger": {}}, "variant challenger added"),
    "a setting": (
        {"variant": {"instance": {"type": "ml.m5.large", "volumeSizeGB": 30}}},
        "primary: instance.volumeSizeGB none → 30",
    ),
    "another role": (
        {"executionRoleARN": "arn:aws:iam::123456789012:role/other"},
        f"executionRoleARN {ROLE} → arn:aws:iam::123456789012:role/other",
    ),
    "a network": ({"vpc": {"subnetIDs": ["subnet-1", "subnet-2"], "securityGroupIDs": ["sg-1"]}}, "vpc on"),
    "data capture": ({"dataCapture": {"destination": "s3://models/captured"}}, "dataCapture on"),
    "a shadow": (
        {"shadow": {"name": "next", "image": IMAGE, "instance": {"type": "ml.m5.large"}}},
        "shadow next added",
    ),
    "no servers": (
        {"variant": {"instance": None, "serverless": {"memorySizeMB": 2048, "maxConcurrency": 5}}},
        "primary: serverless.memorySizeMB none → 2048; primary: instance.type ml.m5.large → none",
    ),
}


@pytest.mark.parametrize(("wants", "said"), CHANGES.values(), ids=CHANGES.keys())
def test_what_changes_is_said_for(sight: Callable[..., Any], wants: Mapping[str, Any], said: str) -> None:
    assert sight(wants, {}, **known(sight, {})).plan().changes == said


def known(sight: Callable[..., Any], lives: Mapping[str, Any]) -> dict[str, Any]:
    """The models that serve, as they were looked at."""
    return {"live_models": {model.name: model.request for model in sight(lives).desired.models}}


def test_what_changes_back_is_said_the_other_way_round(sight: Callable[..., Any]) -> None:
    lives = {"dataCapture": {"destination": "s3://models/captured"}, "variant": {"environment": {"A": "1", "B": "1"}}}
    seen = sight({"variant": {"environment": {"B": "2"}}}, lives, **known(sight, lives))
    assert seen.plan().changes == "dataCapture off; primary: environment.B changed; primary: environment.A removed"


def test_of_a_pipeline_the_container_is_said(sight: Callable[..., Any]) -> None:
    def pipeline(second: str) -> dict[str, Any]:
        return {"variant": {"image": None, "modelArtifact": None, "containers": [{"image": "in:1"}, {"image": second}]}}

    seen = sight(pipeline("out:2"), pipeline("out:1"), **known(sight, pipeline("out:1")))
    assert seen.plan().changes == "primary: containers[1].image :1 → :2"


def test_models_that_could_not_be_looked_at_are_said_by_name(sight: Callable[..., Any]) -> None:
    seen = sight({"variant": B}, {})
    assert seen.words(seen.plan().changes) == "primary: model default-iris-primary-LIVE → default-iris-primary-WANTED"


def test_what_aws_chose_by_itself_is_no_change(sight: Callable[..., Any], config: Callable[..., Any]) -> None:
    live = config(sight({}).desired)
    chosen = {**live.raw, "ProductionVariants": [{**live.raw["ProductionVariants"][0], "VolumeSizeInGB": 4}]}
    seen = sight({"variant": B}, {}, live_config=replace(live, raw=chosen), **known(sight, {}))
    assert "volumeSizeGB" not in seen.plan().changes


def test_a_redeploy_is_said(sight: Callable[..., Any], config: Callable[..., Any]) -> None:
    seen = sight({}, {}, **known(sight, {}))
    again = replace(seen.desired, redeployed="1", config_name="default-iris-0123456789")
    said = describe_changes(again, config(seen.live), known(sight, {})["live_models"])
    assert said == "redeployed: the same spec, images and artifacts are read again"


def test_what_changes_is_said_when_a_variant_goes(sight: Callable[..., Any]) -> None:
    seen = sight({}, {"challenger": {}})
    assert seen.plan().changes == "variant challenger removed"
