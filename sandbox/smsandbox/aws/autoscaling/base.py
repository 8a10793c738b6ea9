"""What all operations of Application Auto Scaling work on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from smsandbox.aws.autoscaling.registry import Registry
from smsandbox.aws.autoscaling.resource import Resources
from smsandbox.aws.autoscaling.scaler import Scaler
from smsandbox.aws.core.service import Service

if TYPE_CHECKING:
    from smsandbox.aws.autoscaling.records import Policy, TargetKey
    from smsandbox.aws.cloudwatch.alarm_book import AlarmBook
    from smsandbox.aws.core.world import World


class AutoScalingBase(Service):
    """The registry, the resources and the scaler of a world; alarms of `book` call its policies."""

    service_name: ClassVar[str] = "application-autoscaling"

    def __init__(self, world: World, book: AlarmBook) -> None:
        self._world = world
        self._book = book
        self._registry = Registry(world)
        self._resources = Resources(world)
        self._scaler = Scaler(world, self._registry, self._resources, book)
        book.act = self._scaler.on_alarm

    def _delete_alarms(self, key: TargetKey, policy: Policy) -> None:
        for name in policy.alarms:
            self._book.delete(key.account, key.region, name)
