"""AWS's sentences, each written down once with its source: the simulator writes them, the operator reads them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from smendpoints.aws.calls.errors import classify
from smendpoints.domain.observed.observed import Step
from smendpoints.domain.plan.wording import may_try_again, share_of, stage_of
from smsandbox.aws.autoscaling import policies
from smsandbox.aws.core.errors import AwsError, validation
from smsandbox.aws.fleet.instant import ping_failure
from smsandbox.aws.sagemaker import deployment, texts

KNOWN: dict[str, list[dict[str, Any]]] = yaml.safe_load((Path(__file__).parent / "aws_sentences.yaml").read_text())
NAMES = {
    "<arn>": "arn:aws:sagemaker:us-east-1:123456789012:model/m",
    "<role>": "arn:aws:iam::123456789012:role/sagemaker-execution",
    "<uri>": "s3://models/model.tar.gz",
    "<region>": "us-east-1",
    "<image>": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/iris:1.0",
    "<type>": "ml.m5.large",
    "<variant>": "primary",
    "<words>": "resource ID: endpoint/ep/variant/primary, scalable dimension: sagemaker:variant:DesiredInstanceCount",
}
REFUSED: dict[str, Callable[[], AwsError]] = {
    "a model that is not there": lambda: texts.not_found("model", NAMES["<arn>"]),
    "a config that is not there": lambda: texts.not_found("endpoint-config", NAMES["<arn>"]),
    "an endpoint that is not there": lambda: texts.not_found("endpoint", NAMES["<arn>"]),
    "a model that exists": lambda: texts.duplicate("model", NAMES["<arn>"]),
    "a config that exists": lambda: texts.duplicate("endpoint-config", NAMES["<arn>"]),
    "an endpoint that exists": lambda: texts.duplicate("endpoint", NAMES["<arn>"]),
    "an endpoint that is busy": lambda: texts.busy(NAMES["<arn>"]),
    "model data that cannot be read": lambda: texts.no_access(NAMES["<uri>"], NAMES["<role>"], NAMES["<region>"]),
    "a role that cannot be assumed": lambda: texts.bad_role(NAMES["<role>"]),
    "a quota of instances": lambda: texts.over_quota(NAMES["<type>"], 0, 0, 1),
    "a target that stands in the way of an update": lambda: texts.still_scaled([NAMES["<variant>"]]),
    "a second policy for a metric": lambda: AwsError("ValidationException", policies.ONE_PER_METRIC),
    "another type of a policy": lambda: AwsError("ValidationException", policies.SAME_TYPE),
    "an image of another account for serverless": lambda: validation(texts.SERVERLESS_IMAGE),
    "an image of another region": lambda: validation(texts.other_region(NAMES["<image>"], NAMES["<region>"])),
    "an image that was never pushed": lambda: texts.no_image(NAMES["<image>"]),
    "an image that is not in ECR": lambda: validation(texts.not_ecr(NAMES["<image>"])),
    "a permission that deleting needs": lambda: AwsError("ValidationException", texts.CANNOT_DEREGISTER),
}


def filled(sentence: str) -> str:
    for placeholder, name in NAMES.items():
        sentence = sentence.replace(placeholder, name)
    return sentence


def of(kind: str) -> list[Any]:
    return [pytest.param(each, id=each["of"]) for each in KNOWN[kind]]


def sentence_of(kind: str, what: str) -> str:
    (found,) = [each["sentence"] for each in KNOWN[kind] if each["of"] == what]
    return filled(found)


def test_each_sentence_has_a_source() -> None:
    assert all(len(each["source"]) > 5 for kind in KNOWN.values() for each in kind)


@pytest.mark.parametrize("known", of("refusals"))
def test_the_operator_reads_the_refusal_of(known: dict[str, Any]) -> None:
    said: Any = {"Error": {"Code": known["code"], "Message": filled(known["sentence"])}}
    failure = classify(ClientError(said, "Any"), "any")
    assert [failure.kind, failure.reason][: len(known["calls for"])] == known["calls for"]


@pytest.mark.parametrize("known", of("reasons"))
def test_the_operator_reads_the_reason_of(known: dict[str, Any]) -> None:
    assert may_try_again(filled(known["sentence"])) is known["calls for"]


@pytest.mark.parametrize("known", of("steps"))
def test_the_operator_reads_the_step_of(known: dict[str, Any]) -> None:
    step = Step("Updating", known["sentence"])
    told = Step("", known["sentence"])
    stage, share = known["calls for"]
    assert stage_of(told) == stage
    assert share is None or share_of(step, 4) == share


@pytest.mark.parametrize("what", REFUSED)
def test_the_simulator_writes_the_refusal_of(what: str) -> None:
    error = REFUSED[what]()
    (known,) = [each for each in KNOWN["refusals"] if each["of"] == what]
    assert (error.code, error.message) == (known["code"], filled(known["sentence"]))


def test_the_simulator_writes_the_other_refusals(cloud: Any) -> None:
    scaling = cloud.client("application-autoscaling")
    target = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
    with pytest.raises(ClientError) as refused:
        scaling.deregister_scalable_target(**target, ResourceId="endpoint/ep/variant/primary")
    assert refused.value.response["Error"]["Message"] == sentence_of("refusals", "a scalable target that is not there")
    cloud.world.faults.add({"kind": "throttle", "operation": "ListModels", "times": 1})
    with pytest.raises(ClientError) as throttled:
        cloud.sm.list_models()
    assert throttled.value.response["Error"]["Message"] == sentence_of("refusals", "too many calls")
    others = {"a scalable target that is not there", "too many calls"}
    assert {each["of"] for each in KNOWN["refusals"]} == {*REFUSED, *others}


def test_the_simulator_writes_the_reasons() -> None:
    variant = NAMES["<variant>"]
    assert sentence_of("reasons", "no capacity") == texts.INSUFFICIENT_CAPACITY
    assert sentence_of("reasons", "a fault of AWS") == texts.DELETE_FAILED
    assert texts.images_missing(variant) == sentence_of("reasons", "images that are not there")
    assert ping_failure(variant) == sentence_of("reasons", "a container that is never healthy")


def test_the_simulator_writes_the_steps() -> None:
    quarter = {"Type": "CAPACITY_PERCENT", "Value": 25}
    canary = deployment.Step(word="canary", size=quarter)
    assert canary.activating(4) == sentence_of("steps", "a canary")
    whole = deployment.Step(bake_name="TerminationWaitInSeconds", word="full")
    assert whole.baking(4, 60) == sentence_of("steps", "a bake")
