"""The SageMaker API: which operation does what. The rules stand in the modules beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsandbox.aws.service import Service

if TYPE_CHECKING:
    from smsandbox.aws.world import World


class SageMaker(Service):
    service_name = "sagemaker"

    def __init__(self, world: World) -> None:
        self.world = world
