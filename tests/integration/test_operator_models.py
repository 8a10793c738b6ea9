"""Both trained models behind one operator: as the variants of an A/B test, and as the models of one endpoint."""

import json
from pathlib import Path
from typing import Any

import pytest

from smsandbox import assets
from smsandbox.testing.specs import spec
from smsandbox.testing.stage import Stage

MODELS = ("random-forest", "gradient-boosting")
FLOWER = [6.7, 3.0, 5.2, 2.3]


@pytest.fixture
def artifacts(stage: Stage, tmp_path: Path) -> dict[str, Path]:
    """The archives of both models; containers are on."""
    environment = stage.cloud.world.client_environment()
    assets.run(assets.push_command(), environment)
    stage.cloud.simulator.change(containers=True)
    made = {}
    for model in MODELS:
        assets.run(assets.training_command(tmp_path / model, model=model), environment)
        made[model] = next((tmp_path / model).rglob("model.tar.gz"))
    return made


def upload(stage: Stage, archive: Path, key: str) -> str:
    stage.cloud.aws("s3").upload_file(str(archive), assets.BUCKET, key)
    return f"s3://{assets.BUCKET}/{key}"


def ask(stage: Stage, **how: Any) -> tuple[str, dict[str, Any]]:
    """The variant that answered, and its prediction."""
    answer = stage.cloud.aws("sagemaker-runtime").invoke_endpoint(
        EndpointName=stage.endpoint_name("iris"),
        ContentType="application/json",
        Body=json.dumps({"instances": [FLOWER]}),
        **how,
    )
    return answer["InvokedProductionVariant"], json.loads(answer["Body"].read())["predictions"][0]


def test_two_models_are_ab_tested_and_the_traffic_moves_in_place(stage: Stage, artifacts: dict[str, Path]) -> None:
    def variants(first: float, second: float) -> list[dict[str, Any]]:
        base = {"image": assets.IMAGE, "instance": {"type": "ml.m5.large", "count": 1}}
        weights = dict(zip(MODELS, (first, second), strict=True))
        return [{**base, "name": model, "weight": weights[model], "modelArtifact": uris[model]} for model in MODELS]

    uris = {model: upload(stage, archive, f"ab/{model}/model.tar.gz") for model, archive in artifacts.items()}
    stage.apply("iris", spec(variants=variants(1, 0)))
    stage.ready("iris")
    assert {ask(stage)[0] for _ in range(10)} == {"random-forest"}
    answers = {model: ask(stage, TargetVariant=model)[1] for model in MODELS}
    assert {each["predicted_class"] for each in answers.values()} == {"virginica"}
    assert answers["random-forest"]["probabilities"] != answers["gradient-boosting"]["probabilities"]
    stage.apply("iris", spec(variants=variants(0, 1)))
    found = stage.ready("iris")
    assert {ask(stage)[0] for _ in range(10)} == {"gradient-boosting"}
    assert len(found["status"]["history"]) == 1
    explained = ask(stage, CustomAttributes="explain=set")[1]
    assert explained["explanation"]["prediction_set"]["classes"] == ["virginica"]
    stage.delete("iris")
    stage.gone("iris")


def test_two_models_are_served_by_one_endpoint(stage: Stage, artifacts: dict[str, Path]) -> None:
    for model, archive in artifacts.items():
        upload(stage, archive, f"many/{model}.tar.gz")
    variant = {
        "name": "primary",
        "image": assets.IMAGE,
        "modelArtifact": f"s3://{assets.BUCKET}/many/",
        "multiModel": True,
        "instance": {"type": "ml.m5.large", "count": 1},
    }
    stage.apply("iris", spec(variants=[variant]))
    stage.ready("iris")
    answers = {model: ask(stage, TargetModel=f"{model}.tar.gz")[1] for model in MODELS}
    assert {each["predicted_class"] for each in answers.values()} == {"virginica"}
    assert answers["random-forest"]["probabilities"] != answers["gradient-boosting"]["probabilities"]
    stage.delete("iris")
    stage.gone("iris")
