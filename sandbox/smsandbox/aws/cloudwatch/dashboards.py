"""CloudWatch's dashboards and their operations. They are an account's, of no region; what they draw is nobody's here.

By https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html and its neighbours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from smsandbox.aws.cloudwatch.dashboard_schema import problems
from smsandbox.aws.cloudwatch.tagging import merged
from smsandbox.aws.core.errors import AwsError
from smsandbox.aws.core.paging import page
from smsandbox.aws.core.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsandbox.aws.core.context import Context
    from smsandbox.aws.core.world import World

Params = dict[str, Any]
PAGE = 1000
MOST_AT_ONCE = 100
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


@dataclass
class Dashboard:
    """One dashboard; `modified` in epoch seconds."""

    account: str
    name: str
    body: str
    modified: float
    tags: dict[str, str]

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudwatch::{self.account}:dashboard/{self.name}"


class DashboardBook:
    """All dashboards. The World's lock guards it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._found: dict[tuple[str, str], Dashboard] = {}

    def get(self, account: str, name: str) -> Dashboard | None:
        return self._found.get((account, name))

    def tagged(self, account: str, arn: str) -> Dashboard | None:
        """The dashboard with this ARN, if it is one of this account."""
        found = self.get(account, arn.partition(":dashboard/")[2])
        return found if found is not None and found.arn == arn else None

    def of(self, account: str) -> Iterator[Dashboard]:
        """The dashboards of an account by name."""
        return (self._found[key] for key in sorted(self._found) if key[0] == account)

    def put(self, account: str, name: str, body: str, tags: dict[str, str]) -> None:
        """Make one with these tags, or change the body of one that is there."""
        old = self.get(account, name)
        kept = old.tags if old is not None else tags
        self._found[account, name] = Dashboard(account, name, body, self._world.clock.now(), kept)

    def delete(self, account: str, name: str) -> bool:
        """Take one away; whether there was one."""
        return self._found.pop((account, name), None) is not None


class DashboardOperations(Service):
    """PutDashboard, GetDashboard, ListDashboards and DeleteDashboards."""

    service_name: ClassVar[str] = "cloudwatch"

    def __init__(self, dashboards: DashboardBook) -> None:
        self._dashboards = dashboards

    def put_dashboard(self, ctx: Context, params: Params) -> Params:
        name, body = params["DashboardName"], params["DashboardBody"]
        if not _NAME.fullmatch(name):
            raise AwsError("InvalidParameterInput", f"The field DashboardName must match {_NAME.pattern}: {name}")
        if wrong := problems(body):
            listed = ", ".join(f"{each['DataPath']}: {each['Message']}" for each in wrong)
            raise AwsError(
                "InvalidParameterInput",
                f"The dashboard body is invalid, there are {len(wrong)} validation errors: [{listed}]",
                members={"dashboardValidationMessages": wrong},
            )
        tags = merged({}, params.get("Tags") or [])
        self._dashboards.put(ctx.account, name, body, tags)
        return {"DashboardValidationMessages": []}

    def get_dashboard(self, ctx: Context, params: Params) -> Params:
        name = params["DashboardName"]
        found = self._dashboards.get(ctx.account, name)
        if found is None:
            raise AwsError("ResourceNotFound", f"Dashboard {name} does not exist", 404)
        return {"DashboardArn": found.arn, "DashboardBody": found.body, "DashboardName": name}

    def list_dashboards(self, ctx: Context, params: Params) -> Params:
        prefix = params.get("DashboardNamePrefix", "")
        found = [each for each in self._dashboards.of(ctx.account) if each.name.startswith(prefix)]
        shown, token = page(found, PAGE, params.get("NextToken"), "InvalidParameterValue")
        entries = [
            {
                "DashboardName": each.name,
                "DashboardArn": each.arn,
                "LastModified": datetime.fromtimestamp(each.modified, UTC),
                "Size": len(each.body.encode()),
            }
            for each in shown
        ]
        return {"DashboardEntries": entries, "NextToken": token}

    def delete_dashboards(self, ctx: Context, params: Params) -> Params:
        names = params["DashboardNames"]
        if len(names) > MOST_AT_ONCE:
            raise AwsError("InvalidParameterValue", f"At most {MOST_AT_ONCE} dashboards can be deleted at once.")
        missing = [name for name in names if not self._dashboards.delete(ctx.account, name)]
        if missing:
            raise AwsError("ResourceNotFound", f"Dashboard {missing[0]} does not exist", 404)
        return {}
