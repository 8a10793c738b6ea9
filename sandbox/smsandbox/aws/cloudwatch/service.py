"""CloudWatch: metrics and alarms. What is not here (dashboards, composite alarms, ...) is moto's."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from smsandbox.aws.cloudwatch.alarms import AlarmOperations
from smsandbox.aws.cloudwatch.metrics import MetricOperations

if TYPE_CHECKING:
    from smsandbox.aws.cloudwatch.alarm_book import AlarmBook
    from smsandbox.aws.cloudwatch.metric_store import MetricStore
    from smsandbox.aws.core.world import World


class CloudWatchService(MetricOperations, AlarmOperations):
    """Metrics and alarms over one store and one book of alarms."""

    falls_back_to_moto: ClassVar[bool] = True

    def __init__(self, world: World, store: MetricStore, book: AlarmBook) -> None:
        MetricOperations.__init__(self, world, store)
        AlarmOperations.__init__(self, book)
