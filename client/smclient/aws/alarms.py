"""How alarms stand in CloudWatch."""

from collections.abc import Sequence

from smclient.aws.session import Aws, told
from smclient.views.monitoring import AlarmView, MonitoringView, as_listed

_NAMED = 100  # the most that one DescribeAlarms takes


def states(aws: Aws, names: Sequence[str]) -> list[AlarmView]:
    """Those of the alarms that there are.

    Raises:
        AWSError: refused.
    """
    found = []
    for begin in range(0, len(names), _NAMED):
        asked = list(names[begin : begin + _NAMED])
        with told("read alarms"):
            answer = aws.client("cloudwatch").describe_alarms(AlarmNames=asked, MaxRecords=_NAMED)
        found += [
            AlarmView(
                str(each["AlarmName"]),
                str(each["AlarmName"]),
                str(each["StateValue"]),
                # AWS: the time of the last change of the state, which an update of it alone does not move.
                each.get("StateTransitionedTimestamp") or each.get("StateUpdatedTimestamp"),
                each.get("StateReason"),
            )
            for each in answer["MetricAlarms"]
        ]
    return found


def listed(aws: Aws, view: MonitoringView) -> MonitoringView:
    """The view with the states that CloudWatch tells now.

    Raises:
        AWSError: refused.
    """
    return as_listed(view, states(aws, [each.name for each in view.alarms]))
