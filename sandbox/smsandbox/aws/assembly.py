"""Puts a whole simulator together: the world, its services, moto, the gateway."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smsandbox.aws.authorization import MotoAuthorizer
from smsandbox.aws.dataplane import attach
from smsandbox.aws.gateway import Gateway
from smsandbox.aws.moto_backend import Moto, MotoEvents, MotoObjects
from smsandbox.aws.sagemaker.service import SageMaker
from smsandbox.aws.servicequotas import ServiceQuotas
from smsandbox.aws.tagging_api import Tagging
from smsandbox.aws.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smsandbox.aws.alarms import AlarmBook
    from smsandbox.aws.autoscaling.service import AutoScalingService
    from smsandbox.aws.clock import Clock
    from smsandbox.aws.context import Context
    from smsandbox.aws.settings import Settings


@dataclass(frozen=True)
class Held:
    """What IAM asks the services for. Implements `iam_forwarded.Holdings`."""

    sagemaker: SageMaker
    alarms: AlarmBook
    autoscaling: AutoScalingService

    def tags(self, ctx: Context, arn: str) -> dict[str, str]:
        return self.sagemaker.tags_of(ctx, arn) or self.alarms.tags_of(ctx, arn)

    def volume_key(self, ctx: Context, config_name: str) -> str | None:
        config = self.sagemaker.store(ctx).configs.get(config_name)
        return None if config is None else config.request.get("KmsKeyId")

    def tracks(self, ctx: Context, params: Mapping[str, Any]) -> bool:
        return self.autoscaling.tracks(ctx, params)


@dataclass(frozen=True)
class Simulator:
    """A world and the way in; `close` ends what runs beside it."""

    world: World
    gateway: Gateway
    closers: tuple[Callable[[], None], ...] = ()

    def close(self) -> None:
        for closer in self.closers:
            closer()


def assemble(
    *, settings: Settings | None = None, clock: Clock | None = None, state_dir: Path | None = None
) -> Simulator:
    """A simulator that is ready to be served or attached to. `state_dir` is where containers keep their files."""
    world = World(objects=MotoObjects(), clock=clock, settings=settings)
    world.events = MotoEvents()
    world.hosting = sagemaker = SageMaker(world)
    world.register(sagemaker)
    world.register(ServiceQuotas(world))
    folder = tempfile.TemporaryDirectory(prefix="smendpoints-") if state_dir is None else None
    plane = attach(world, (state_dir or Path(folder.name if folder else ".")) / "instances")
    world.register(Tagging(sagemaker, plane.alarms))
    world.authorizer = MotoAuthorizer(Held(sagemaker, plane.alarms, plane.autoscaling))
    closers = (plane.close, folder.cleanup) if folder else (plane.close,)
    return Simulator(world, Gateway(world, Moto()), closers)
