"""The API of Application Auto Scaling, for the namespace `sagemaker`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsandbox.aws.autoscaling.policies import PolicyOperations
from smsandbox.aws.autoscaling.scheduled import ScheduleOperations
from smsandbox.aws.autoscaling.shapes import (
    Params,
    activity_member,
    check_filters,
    fits,
    paged,
)
from smsandbox.aws.autoscaling.targets import TargetOperations

if TYPE_CHECKING:
    from smsandbox.aws.core.context import Context


class AutoScalingService(TargetOperations, PolicyOperations, ScheduleOperations):
    """Targets, policies, scheduled actions, and the activities they cause."""

    def describe_scaling_activities(self, ctx: Context, params: Params) -> Params:
        check_filters(params)
        with_refused = params.get("IncludeNotScaledActivities", False)
        found = [
            activity
            for activity in self._registry.activities
            if activity.key[:2] == (ctx.account, ctx.region)
            and fits(activity.key, params)
            and (with_refused or activity.not_scaled is None)
        ]
        shown, token = paged(found, params, 50)
        return {"ScalingActivities": [activity_member(activity) for activity in shown], "NextToken": token}
