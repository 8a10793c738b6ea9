"""What the object says of changes in place is so, through kopf, kubectl and an API server.

Each promise has its own tests in virtual time; here a few objects go through all of them, edited by kubectl.
"""

import json
from typing import Any

from smsandbox.assets import BUCKET
from smsandbox.testing.specs import ARTIFACTS, ECHO_IMAGE, spec, two_variants, with_variant
from smsandbox.testing.stage import Object, Stage, condition, has, message

VARIANT = "/spec/variants/0"
MISSING = f"s3://{BUCKET}/never/model.tar.gz"


def patch(stage: Stage, name: str, fields: dict[str, Any]) -> None:
    """Replace fields by their path, as `kubectl patch` does."""
    changes = [{"op": "replace", "path": path, "value": value} for path, value in fields.items()]
    stage.kubectl("patch", f"smendpoint/{name}", "--type=json", "-p", json.dumps(changes))


def team(stage: Stage, name: str) -> set[str]:
    """The tag `team` of all that serves the object: endpoint, config and model."""
    sagemaker, served = stage.cloud.aws("sagemaker"), stage.served(name)
    arns = [
        stage.in_service(name)["EndpointArn"],
        sagemaker.describe_endpoint_config(EndpointConfigName=served.config)["EndpointConfigArn"],
        sagemaker.describe_model(ModelName=served.model)["ModelArn"],
    ]
    tags = [{tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]} for arn in arns]
    return {found.get("team", "") for found in tags}


def bounds(stage: Stage, name: str) -> tuple[int, int]:
    """Of the only scalable target of the object."""
    wanted = f"endpoint/{stage.endpoint_name(name)}/variant/primary"
    scaling = stage.cloud.aws("application-autoscaling")
    (found,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[wanted])["ScalableTargets"]
    return found["MinCapacity"], found["MaxCapacity"]


def test_a_scale_out_that_aws_takes_back_is_told_with_its_reason_and_not_asked_for_at_each_look(stage: Stage) -> None:
    key = f"{stage.namespace}/model.tar.gz"
    s3 = stage.cloud.aws("s3")
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"model")
    stage.apply("counted", with_variant(spec(), modelArtifact=f"s3://{BUCKET}/{key}", scaling=None))
    stage.ready("counted")
    s3.delete_object(Bucket=BUCKET, Key=key)
    patch(stage, "counted", {f"{VARIANT}/instance/count": 3})
    found = stage.stalled("counted", "ChangeFailed")
    assert "Failed to download model data" in message(found)
    assert has(found, "Available")
    stage.listings(8)
    assert stage.operations("counted").count("UpdateEndpointWeightsAndCapacities") == 1
    assert "Failed to download model data" in stage.kubectl("describe", "smendpoint/counted")


def test_what_changes_in_place_reaches_aws_beside_a_revision_that_lacks_its_image(stage: Stage) -> None:
    fixed = two_variants(60, 40)
    for variant in fixed["variants"]:
        del variant["scaling"]
    stage.apply("pair", fixed)
    stage.ready("pair")
    patch(
        stage,
        "pair",
        {
            "/spec/variants/1/image": ECHO_IMAGE.replace(":1.0", ":9.9"),
            f"{VARIANT}/weight": 100,
            "/spec/variants/1/weight": 0,
        },
    )
    stage.stalled("pair", "ImageNotFound")

    def drained() -> bool:
        shown = stage.in_service("pair")["ProductionVariants"]
        return {each["VariantName"]: each["CurrentWeight"] for each in shown} == {"primary": 100, "challenger": 0}

    stage.see(drained, "one variant drained")


def test_autoscaling_is_active_beside_a_blocked_revision_a_failed_update_and_a_rollout(stage: Stage) -> None:
    stage.apply("iris", spec(tags={"team": "before"}))
    stage.ready("iris")

    def scales(found: Object) -> Object:
        told = condition(found, "AutoscalingActive")
        assert told is not None
        assert (told["status"], told["reason"]) == ("True", "ScalingActive"), told
        return found

    stage.until("iris", lambda found: bool(condition(found, "AutoscalingActive")), "a word of autoscaling")
    patch(
        stage,
        "iris",
        {f"{VARIANT}/modelArtifact": MISSING, f"{VARIANT}/scaling/maxCapacity": 18, "/spec/tags/team": "now"},
    )
    scales(stage.stalled("iris", "ArtifactNotFound"))
    stage.see(lambda: bounds(stage, "iris") == (1, 18), "the new bounds")
    stage.see(lambda: team(stage, "iris") == {"now"}, "the new tag on endpoint, config and model")
    stage.cloud.simulator.fault("never_healthy", times=1)
    patch(stage, "iris", {f"{VARIANT}/modelArtifact": ARTIFACTS[1]})
    failed = stage.until("iris", lambda found: has(scales(found), "Stalled") and "ping" in message(found), "a failure")
    assert condition(failed, "Ready")["reason"] == "UpdateFailed"  # type: ignore[index]
    patch(stage, "iris", {f"{VARIANT}/modelArtifact": ARTIFACTS[2], f"{VARIANT}/scaling/maxCapacity": 12})
    stage.until("iris", lambda found: has(scales(found), "Ready"), "Ready")
    stage.see(lambda: bounds(stage, "iris") == (1, 12), "the last bounds")
    assert stage.served("iris").artifact == ARTIFACTS[2]
