"""Looks closely at the alarms and the dashboard of one endpoint's `spec.monitoring`. Nothing here changes them."""

import json
from collections.abc import Mapping
from typing import Any

from smendpoints.aws.calls.clients import Clients
from smendpoints.aws.observe import Observer
from smendpoints.domain.desired import names
from smendpoints.domain.desired.ownership import Owner
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.monitoring import ObservedDashboard
from smendpoints.domain.observed.observed import OwnMonitoring
from smendpoints.domain.reasons import Reason


class MonitoringObserver:
    """Looks in one place."""

    def __init__(self, clients: Clients, observer: Observer) -> None:
        self._clients = clients
        self._observer = observer

    def alarms(self, endpoint: str) -> Mapping[str, Mapping[str, Any]]:
        """The endpoint's alarms by name, as DescribeAlarms shows them.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        return self._observer.alarms(names.monitoring_prefix(endpoint))

    def dashboard(self, name: str) -> ObservedDashboard | None:
        """The dashboard with its tags; None if it is not there.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        try:
            found = self._clients.call("cloudwatch", "get_dashboard", DashboardName=name)
            arn = found["DashboardArn"]
            listed = self._clients.call("cloudwatch", "list_tags_for_resource", ResourceARN=arn)
        except ReconcileError as failure:
            if failure.kind is Kind.GONE:
                return None
            raise
        tags = {tag["Key"]: tag["Value"] for tag in listed["Tags"]}
        return ObservedDashboard(name, arn, _json(found["DashboardBody"]), tags)

    def owned(self, endpoint: str, owner: Owner, *, has_dashboard: bool) -> OwnMonitoring:
        """What of it is the owner's; where AWS denies to look at dashboards, there is none unless `has_dashboard`.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        alarms = {
            name: alarm["AlarmArn"]
            for name, alarm in self.alarms(endpoint).items()
            if owner.owns(self._observer.alarm_tags(alarm, owner))
        }
        try:
            dashboard = self.dashboard(names.dashboard_name(self._clients.place.region, endpoint))
        except ReconcileError as failure:
            if has_dashboard or failure.reason is not Reason.ACCESS_DENIED:
                raise
            dashboard = None  # the permission is optional, and without it none was put
        ours = {dashboard.name: dashboard.arn} if dashboard is not None and owner.owns(dashboard.tags) else {}
        return OwnMonitoring(alarms, ours)


def _json(body: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
