"""Puts a whole simulator together: the world, its services, moto, the gateway."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smsandbox.aws.assembly.dataplane import attach
from smsandbox.aws.core.world import World
from smsandbox.aws.http.gateway import Gateway
from smsandbox.aws.iam.authorization import MotoAuthorizer
from smsandbox.aws.iam.queue_policy import lets_rule_send
from smsandbox.aws.moto.backend import Moto
from smsandbox.aws.moto.events import MotoEvents
from smsandbox.aws.moto.objects import MotoObjects
from smsandbox.aws.quotas.service import ServiceQuotas
from smsandbox.aws.sagemaker.service import SageMaker
from smsandbox.aws.tagging.service import Tagging

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smsandbox.aws.autoscaling.service import AutoScalingService
    from smsandbox.aws.cloudwatch.alarm_book import AlarmBook
    from smsandbox.aws.core.clock import Clock
    from smsandbox.aws.core.context import Context
    from smsandbox.aws.core.settings import Settings


@dataclass(frozen=True)
class Held:
    """What IAM asks the services for. Implements `iam.forwarded.Holdings`."""

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
    world.events = MotoEvents(world.now, lets_rule_send)
    world.hosting = sagemaker = SageMaker(world)
    world.register(sagemaker)
    world.register(ServiceQuotas(world))
    folder = tempfile.TemporaryDirectory(prefix="smendpoints-") if state_dir is None else None
    plane = attach(world, (state_dir or Path(folder.name if folder else ".")) / "instances")
    world.register(Tagging(sagemaker, plane.alarms))
    world.authorizer = MotoAuthorizer(Held(sagemaker, plane.alarms, plane.autoscaling))
    closers = (plane.close, folder.cleanup) if folder else (plane.close,)
    return Simulator(world, Gateway(world, Moto()), closers)
