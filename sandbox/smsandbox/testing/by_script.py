"""What stands in AWS before the operator comes: a model and a config as a person's script makes them, without tags."""

from typing import Any

from smsandbox.assets import ROLE_ARN
from smsandbox.testing.specs import ECHO_IMAGE


def config_by_script(
    sagemaker: Any,
    name: str,
    artifact: str,
    *,
    model: str | None = None,
    image: str = ECHO_IMAGE,
    variant: str = "primary",
    count: int = 1,
) -> None:
    """A config of one variant with its model, which is called the same unless told; `sagemaker` is a boto3 client."""
    model = model or name
    container = {"Image": image, "ModelDataUrl": artifact}
    sagemaker.create_model(ModelName=model, ExecutionRoleArn=ROLE_ARN, PrimaryContainer=container)
    hosted = {"VariantName": variant, "ModelName": model, "InstanceType": "ml.m5.large", "InitialInstanceCount": count}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[hosted])
