"""Models: their operations and rules. A model is immutable; nothing checks whether it is in use when it goes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from smsandbox.aws.core.errors import validation
from smsandbox.aws.moto.images import ImageReference
from smsandbox.aws.sagemaker import texts
from smsandbox.aws.sagemaker.base import SageMakerBase
from smsandbox.aws.sagemaker.listing import select
from smsandbox.aws.sagemaker.state import Stored, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsandbox.aws.core.context import Context
    from smsandbox.aws.sagemaker.state import Request

ENVIRONMENT_BYTES = 32 * 1024


def containers_of(model: Request) -> list[Request]:
    """The containers of a CreateModel request, in order."""
    if primary := model.get("PrimaryContainer"):
        return [primary]
    return list(model.get("Containers") or [])


def artifact_of(container: Request) -> tuple[str, bool] | None:
    """A container's model artifact as (S3 URI, whether it is a prefix); None where it has none."""
    if source := (container.get("ModelDataSource") or {}).get("S3DataSource"):
        return source["S3Uri"], source["S3DataType"] == "S3Prefix"
    if url := container.get("ModelDataUrl"):
        return url, container.get("Mode") == "MultiModel"
    return None


class ModelOperations(SageMakerBase):
    def create_model(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        store = self.store(ctx)
        name = params["ModelName"]
        arn = texts.arn(ctx, "model", name)
        for problem in _problems(params):
            raise validation(problem)
        for problem in _image_problems(params, ctx.region):
            raise validation(problem)
        if name in store.models:
            raise texts.duplicate("model", arn)
        self._check_images(params)
        self._check_access(ctx, params)
        request = {key: value for key, value in params.items() if key != "Tags"}
        store.models[name] = Stored(name, arn, self.world.now(), request)
        self.set_tags(ctx, arn, params.get("Tags"))
        return {"ModelArn": arn}

    def describe_model(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        model = self.model(ctx, params["ModelName"])
        answer = {**model.request, "ModelArn": model.arn, "CreationTime": timestamp(model.created)}
        answer["EnableNetworkIsolation"] = model.request.get("EnableNetworkIsolation", False)
        if "PrimaryContainer" in answer:
            answer["PrimaryContainer"] = _as_read(answer["PrimaryContainer"])
        if "Containers" in answer:
            answer["Containers"] = [_as_read(container) for container in answer["Containers"]]
        return answer

    def list_models(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        found, token = select(self.store(ctx).models.values(), params)
        return {
            "Models": [
                {"ModelName": model.name, "ModelArn": model.arn, "CreationTime": timestamp(model.created)}
                for model in found
            ],
            "NextToken": token,
        }

    def delete_model(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        model = self.model(ctx, params["ModelName"])
        del self.store(ctx).models[model.name]
        self.store(ctx).tags.pop(model.arn, None)
        return {}

    def model(self, ctx: Context, name: str) -> Stored:
        """A model by name; AwsError when there is none."""
        try:
            return self.store(ctx).models[name]
        except KeyError:
            raise texts.not_found("model", texts.arn(ctx, "model", name)) from None

    def _check_images(self, params: Request) -> None:
        """Images have to be there when the model is made; one that goes later is missed by the next instance."""
        for container in containers_of(params):
            image = container.get("Image")
            private = (container.get("ImageConfig") or {}).get("RepositoryAccessMode") == "Vpc"
            if image is None or private or not self.world.settings.options.verify_images:
                continue
            if self.world.objects.image(image) is None:
                raise texts.no_image(image)

    def _check_access(self, ctx: Context, params: Request) -> None:
        """Role and artifacts, the way SageMaker tries them at once."""
        role = params.get("ExecutionRoleArn")
        trusted = role is None or self._trusted(role)
        for container in containers_of(params):
            sources = [artifact_of(container)]
            extras = [extra["S3DataSource"] for extra in container.get("AdditionalModelDataSources") or []]
            sources += [(extra["S3Uri"], extra["S3DataType"] == "S3Prefix") for extra in extras]
            for source in sources:
                if source is not None and not (trusted and self._accessible(ctx, container, *source)):
                    raise texts.no_access(source[0], str(role), ctx.region)
        if not trusted:
            raise texts.bad_role(str(role))

    def _trusted(self, role_arn: str) -> bool:
        settings = self.world.settings
        if not settings.options.verify_roles:
            return True
        role = self.world.objects.role(role_arn)
        if role is None or not role.trusts_sagemaker:
            return False
        # IAM keeps the machine's time, the world may not: a role counts from whichever sight of it is older.
        now = self.world.now()
        age = max(time.time() - role.created, now - self._roles_seen.setdefault(role_arn, now))
        return age >= settings.consistency.role

    def _accessible(self, ctx: Context, container: Request, uri: str, is_prefix: bool) -> bool:  # noqa: FBT001
        if not self.world.settings.options.verify_artifacts:
            return True
        objects = self.world.objects
        if container.get("Mode") == "MultiModel":
            return objects.bucket_region(ctx.account, uri) == ctx.region
        if is_prefix:
            return objects.prefix_exists(ctx.account, ctx.region, uri)
        return objects.exists(ctx.account, ctx.region, uri)


def _as_read(container: Request) -> Request:
    return {"Mode": "SingleModel", **container}


def _problems(params: Request) -> Iterator[str]:
    containers = containers_of(params)
    if bool(params.get("PrimaryContainer")) and "Containers" in params:
        yield "PrimaryContainer and Containers cannot be specified together. Please specify exactly one of them."
    if "PrimaryContainer" not in params and not containers:
        yield "Exactly one of PrimaryContainer or Containers must be specified."
    named = [container for container in containers if container.get("ContainerHostname")]
    if len(containers) > 1 and named and len(named) != len(containers):
        yield "ContainerHostname must be specified for all containers in the pipeline or for none of them."
    if len({container["ContainerHostname"] for container in named}) != len(named):
        yield "ContainerHostname must be unique within an inference pipeline."
    size = sum(
        len(key.encode()) + len(value.encode())
        for container in containers
        for key, value in (container.get("Environment") or {}).items()
    )
    if size > ENVIRONMENT_BYTES:
        yield f"The environment of all containers together is {size} bytes, the maximum is {ENVIRONMENT_BYTES}."
    for container in containers:
        yield from _container_problems(container, params)


def _image_problems(params: Request, region: str) -> Iterator[str]:
    """Images come from ECR in the model's own region, or from a registry in its network."""
    for container in containers_of(params):
        image = container.get("Image")
        if image is None or (container.get("ImageConfig") or {}).get("RepositoryAccessMode") == "Vpc":
            continue
        reference = ImageReference.parse(image)
        if reference is None:
            yield texts.not_ecr(image)
        elif reference.region != region:
            yield texts.other_region(image, region)


def _container_problems(container: Request, params: Request) -> Iterator[str]:
    if not container.get("Image") and not container.get("ModelPackageName"):
        yield "Either Image or ModelPackageName must be specified in the container definition."
    source = (container.get("ModelDataSource") or {}).get("S3DataSource")
    if source and container.get("ModelDataUrl"):
        yield "ModelDataUrl and ModelDataSource cannot be specified together."
    if source and container.get("Mode") == "MultiModel":
        yield "ModelDataSource is not supported for multi-model containers."
    if source and source["S3DataType"] == "S3Prefix" and not source["S3Uri"].endswith("/"):
        yield f"S3Uri {source['S3Uri']} must end with '/' when S3DataType is S3Prefix."
    if container.get("Mode") == "MultiModel" and not container.get("ModelDataUrl"):
        yield "ModelDataUrl is required for multi-model containers."
    access = (container.get("ImageConfig") or {}).get("RepositoryAccessMode")
    if access == "Vpc" and not params.get("VpcConfig"):
        yield "VpcConfig is required when RepositoryAccessMode is Vpc."
