"""What is told of `spec.monitoring`, and what of it is wanted as the status has the endpoint. Pure functions.

`MonitoringActive` never speaks for `Ready`: an endpoint serves whether anybody is told of its trouble or not.
"""

from collections.abc import Iterable
from datetime import datetime

from smendpoints.api.monitoring import MonitoringStatus
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import Condition, SageMakerEndpointStatus
from smendpoints.domain.desired.dashboard import Location
from smendpoints.domain.desired.monitoring import DesiredMonitoring, desired_monitoring
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status import conditions

MONITORING = "MonitoringActive"
_SERVES = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack"})


def monitoring_wanted(resource: SageMakerEndpoint, status: SageMakerEndpointStatus) -> DesiredMonitoring | None:
    """What CloudWatch is to have, for an endpoint as the status has it; None where all is left as it is.

    So while it is being made, as its variants are not known, and while it has failed, as its alarms then say so.
    """
    endpoint = status.endpoint
    if endpoint is None:
        return None
    if resource.spec.monitoring is None:
        return DesiredMonitoring()
    if endpoint.status == "Stopped":
        return desired_monitoring(resource, endpoint.name, None, ())
    live = [each.name for each in status.variants if not each.shadow]
    if endpoint.status not in _SERVES or not live:
        return None
    told = resource.model_copy(update={"status": status})
    return desired_monitoring(told, endpoint.name, Location.of(endpoint.arn), live)


def topics_elsewhere(resource: SageMakerEndpoint, location: Location | None) -> str | None:
    """Why CloudWatch would not accept an alarm's topics; None if it would. It notifies those of its region."""
    wanted = resource.spec.monitoring
    for arn in wanted.topic_arns if wanted is not None and location is not None else ():
        region = arn.split(":")[3]
        if location is not None and region != location.region:
            return (
                f"spec.monitoring.topicARNs: {arn} is in {region}, and CloudWatch only notifies topics in its own"
                f" region; use one in {location.region}, the endpoint's region"
            )
    return None


def is_current(resource: SageMakerEndpoint) -> bool:
    """Whether the status says that CloudWatch got what is wanted now, and refused nothing."""
    status = resource.status
    if resource.spec.monitoring is None and status.monitoring is None:
        return True
    wanted = monitoring_wanted(resource, status)
    told = conditions.find(status.conditions, MONITORING)
    if status.monitoring is None or wanted is None or told is None or told.status != "True":
        return wanted is None and status.monitoring is not None
    return status.monitoring.applied == wanted.digest


def of_monitoring(reason: Reason, message: str, generation: int, now: datetime) -> Condition:
    """The condition."""
    active = reason is Reason.MONITORING_ACTIVE
    return conditions.condition_of(
        MONITORING, status=active, reason=reason, message=message[:1024], generation=generation, now=now
    )


def told_active(wanted: DesiredMonitoring, firing: Iterable[str], topics: int) -> str:
    """The message where all is as wanted."""
    count = len(wanted.alarms)
    if not count and wanted.keeps_dashboard:
        return "no alarms while the endpoint is stopped"
    whom = f"{topics} topic{'s' * (topics > 1)}" if topics else "nobody, as there are no topicARNs"
    told = f"{count} alarm{'s' * (count > 1)}, telling {whom}" if count else "no alarms"
    dashboard = f"; dashboard {wanted.dashboard}" if wanted.dashboard is not None else ""
    fires = sorted(firing)
    return f"{told}{dashboard}" + (f"; firing: {', '.join(fires)}" if fires else "")


def with_conditions(status: SageMakerEndpointStatus, old: SageMakerEndpointStatus, *new: Condition) -> list[Condition]:
    """The conditions of the status, with these in the place of others of their types."""
    kinds = {each.type for each in new}
    return conditions.merge(old.conditions, [*(each for each in status.conditions if each.type not in kinds), *new])


def recorded(
    wanted: DesiredMonitoring, before: MonitoringStatus, location: Location | None, firing: Iterable[str]
) -> MonitoringStatus:
    """The status once CloudWatch has what is wanted."""
    kept = before.dashboard if wanted.keeps_dashboard else wanted.dashboard
    url = before.dashboard_url if wanted.keeps_dashboard else None
    if location is not None and kept is not None:
        url = location.dashboard_url(kept)
    return MonitoringStatus(
        alarms=sorted(wanted.names()),
        firing=sorted(set(firing) & set(wanted.names())),
        dashboard=kept,
        dashboard_url=url,
        applied=wanted.digest,
    )
