"""Bringing instances up: what a deployment checks and resolves, and what an instance is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsandbox.aws.core.ports import ContainerSpec, InstanceSpec, InstanceState
from smsandbox.aws.sagemaker import texts
from smsandbox.aws.sagemaker.models import artifact_of, containers_of
from smsandbox.aws.sagemaker.state import Endpoint, Fleet, Request, Stored, Variant, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from smsandbox.aws.core.world import World

    Work = Generator[float, None, None]

DOWNLOAD_SECONDS = 600.0
STARTUP_SECONDS = 240.0


class DeploymentError(Exception):
    """A deployment cannot go on; the reason is what DescribeEndpoint shows as FailureReason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Launcher:
    """Launches the instances of variants on the world's fleet. Its waits are generators that yield real seconds."""

    def __init__(self, world: World) -> None:
        self._world = world

    def launch(self, endpoint: Endpoint, fleet: Fleet, variant: Variant, count: int) -> None:
        """Start `count` more instances of a variant. Raises DeploymentError when that is known at once."""
        now = self._world.now()
        if count and variant.serverless is None:
            self._find_capacity(endpoint, fleet, variant)
        containers = self._containers(endpoint, variant)
        variant.say("Creating" if not variant.instances else "Updating", now, f"Launching {count} instance(s).")
        for _ in range(count):
            spec = self._spec(endpoint, fleet, variant, containers)
            variant.launched += 1
            variant.instances.append(self._world.fleet.launch(spec))

    def healthy(self, variants: list[Variant], not_before: float, check: Callable[[], None] = lambda: None) -> Work:
        """Wait for all instances to be healthy, and until `not_before`.

        Raises:
            DeploymentError: an instance failed; or whatever `check` raises.
        """
        world = self._world
        yield max(0.0, not_before - world.now())
        while True:
            check()
            starting = False
            for variant in variants:
                states = [instance.state for instance in variant.instances]
                variant.current_count = states.count(InstanceState.HEALTHY) if variant.serverless is None else 0
                for instance, state in zip(variant.instances, states, strict=True):
                    if state is InstanceState.FAILED:
                        raise DeploymentError(instance.failure_reason or "Request to service failed.")
                    starting = starting or state is InstanceState.STARTING
            if not starting:
                return
            yield world.settings.poll_seconds

    def shrink(self, variant: Variant, count: int) -> None:
        """End instances, the youngest first, until `count` are left."""
        while len(variant.instances) > count:
            variant.instances.pop().terminate()
        variant.current_count = min(variant.current_count, count)

    def _containers(self, endpoint: Endpoint, variant: Variant) -> tuple[ContainerSpec, ...]:
        """The containers of the variant's model, images resolved once per deployment."""
        if variant.model is None:
            return ()
        containers = []
        resolved: list[Request] = []
        trusted = self._role_is_there(endpoint, variant.model.request)
        for number, container in enumerate(containers_of(variant.model.request), 1):
            self._check_artifact(endpoint, container, number, trusted=trusted)
            image = str(container.get("Image", ""))
            info = self._world.objects.image(image) if image else None
            private = (container.get("ImageConfig") or {}).get("RepositoryAccessMode") == "Vpc"
            missing = info is None and not private and self._world.settings.options.verify_images
            if image and (missing or not trusted):
                raise DeploymentError(texts.images_missing(variant.name))
            known = next((one for one in variant.images if one["SpecifiedImage"] == image), None)
            now = timestamp(self._world.now())
            resolution = known or {
                "SpecifiedImage": image,
                "ResolvedImage": info.resolved if info else image,
                "ResolutionTime": now,
            }
            resolved.append(resolution)
            containers.append(_container_spec(container, info.digest if info else None, info.program if info else None))
        variant.images = resolved
        return tuple(containers)

    def _role_is_there(self, endpoint: Endpoint, model: Request) -> bool:
        """Whether the role can still be assumed that downloads and pulls for each instance that is launched."""
        fleet = endpoint.fleet or endpoint.green
        config = fleet.config.request if fleet is not None else {}
        arn = config.get("ExecutionRoleArn") or model.get("ExecutionRoleArn")
        if arn is None or not self._world.settings.options.verify_roles:
            return True
        role = self._world.objects.role(arn)
        return role is not None and role.trusts_sagemaker

    def _check_artifact(self, endpoint: Endpoint, container: Request, number: int, *, trusted: bool) -> None:
        found = artifact_of(container)
        if found is None or container.get("Mode") == "MultiModel" or not self._world.settings.options.verify_artifacts:
            return
        uri, is_prefix = found
        look = self._world.objects.prefix_exists if is_prefix else self._world.objects.exists
        if not trusted or not look(endpoint.account, endpoint.region, uri):
            name = container.get("ContainerHostname", f"container_{number}")
            raise DeploymentError(
                f'Failed to download model data for container "{name}" from URL: "{uri}". Please ensure that there is '
                "an object located at the URL and that the role passed to CreateModel has permissions to download it."
            )

    def _find_capacity(self, endpoint: Endpoint, fleet: Fleet, variant: Variant) -> None:
        """Settle on the instance type: of several pools the first, in order of priority, that has capacity."""
        pools = sorted(variant.spec.get("InstancePools") or [], key=lambda pool: int(pool["Priority"]))
        types = [pool["InstanceType"] for pool in pools] or [variant.spec.get("InstanceType")]
        if variant.instances and variant.instance_type:
            types = [variant.instance_type]
        for instance_type in types:
            names = (endpoint.name, fleet.config.name, variant.name, str(instance_type))
            if self._world.faults.take("capacity", resources=names) is None:
                variant.instance_type = instance_type
                variant.model = variant.overrides.get(str(instance_type), variant.model)
                return
        raise DeploymentError(texts.INSUFFICIENT_CAPACITY)

    def _spec(
        self, endpoint: Endpoint, fleet: Fleet, variant: Variant, containers: tuple[ContainerSpec, ...]
    ) -> InstanceSpec:
        config = fleet.config.request
        model = variant.model.request if variant.model else {}
        return InstanceSpec(
            account=endpoint.account,
            region=endpoint.region,
            endpoint=endpoint.name,
            variant=variant.name,
            config_name=fleet.config.name,
            model_name=variant.model.name if variant.model else None,
            containers=containers,
            role_arn=config.get("ExecutionRoleArn") or model.get("ExecutionRoleArn"),
            instance_type=variant.instance_type,
            index=variant.launched,
            direct=(model.get("InferenceExecutionConfig") or {}).get("Mode") == "Direct",
            download_timeout=variant.spec.get("ModelDataDownloadTimeoutInSeconds", DOWNLOAD_SECONDS),
            startup_timeout=variant.spec.get("ContainerStartupHealthCheckTimeoutInSeconds", STARTUP_SECONDS),
            serverless=variant.serverless is not None,
            asynchronous="AsyncInferenceConfig" in config,
            shadow=variant.shadow,
            metrics_by_config=fleet.by_update or self._world.settings.options.metrics_by_config == "all",
        )


def _container_spec(container: Request, digest: str | None, program: str | None) -> ContainerSpec:
    uri, is_prefix = artifact_of(container) or (None, False)
    extra = container.get("AdditionalModelDataSources") or []
    return ContainerSpec(
        image=str(container.get("Image", "")),
        digest=digest,
        program=program,
        artifact=uri,
        artifact_is_prefix=is_prefix,
        additional_artifacts={source["ChannelName"]: source["S3DataSource"]["S3Uri"] for source in extra},
        environment=container.get("Environment") or {},
        hostname=container.get("ContainerHostname"),
        multi_model=container.get("Mode") == "MultiModel",
    )


def make_fleet(config: Stored, models: dict[str, Stored]) -> Fleet:
    """The variants of a configuration, at their initial counts and weights; nothing is launched."""
    variants = {}
    for key in ("ProductionVariants", "ShadowProductionVariants"):
        for spec in config.request.get(key) or []:
            serverless = spec.get("ServerlessConfig")
            pools = sorted(spec.get("InstancePools") or [], key=lambda pool: int(pool["Priority"]))
            scaling = spec.get("ManagedInstanceScaling") or {}
            overrides = {
                pool["InstanceType"]: models[pool["ModelNameOverride"]] for pool in pools if "ModelNameOverride" in pool
            }
            count = spec.get("InitialInstanceCount", scaling.get("MinInstanceCount", 1))
            variants[spec["VariantName"]] = Variant(
                spec=spec,
                model=models.get(spec.get("ModelName", "")),
                instance_type=pools[0]["InstanceType"] if pools else spec.get("InstanceType"),
                desired_count=0 if serverless else count,
                desired_weight=spec.get("InitialVariantWeight", 1.0),
                shadow=key == "ShadowProductionVariants",
                serverless=serverless,
                desired_serverless=serverless,
                overrides=overrides,
            )
    return Fleet(config, variants)
