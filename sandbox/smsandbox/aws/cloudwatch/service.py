"""CloudWatch: metrics, alarms of both kinds and dashboards. What is not here is moto's."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from smsandbox.aws.cloudwatch.alarms import AlarmOperations
from smsandbox.aws.cloudwatch.composite_alarms import CompositeOperations
from smsandbox.aws.cloudwatch.dashboards import DashboardOperations
from smsandbox.aws.cloudwatch.metrics import MetricOperations
from smsandbox.aws.cloudwatch.tagging import TagOperations

if TYPE_CHECKING:
    from smsandbox.aws.cloudwatch.alarm_book import AlarmBook
    from smsandbox.aws.cloudwatch.metric_store import MetricStore
    from smsandbox.aws.core.world import World


class CloudWatchService(MetricOperations, AlarmOperations, CompositeOperations, DashboardOperations, TagOperations):
    """All over one store and one book of alarms."""

    falls_back_to_moto: ClassVar[bool] = True

    def __init__(self, world: World, store: MetricStore, book: AlarmBook) -> None:
        MetricOperations.__init__(self, world, store)
        AlarmOperations.__init__(self, book)
        CompositeOperations.__init__(self, book)
        DashboardOperations.__init__(self, book.dashboards)
        TagOperations.__init__(self, book)
