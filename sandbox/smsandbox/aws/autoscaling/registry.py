"""The scalable targets and activities of all accounts and regions. State and look-ups; no rules."""

from __future__ import annotations

import uuid
from collections import deque
from typing import TYPE_CHECKING

from smsandbox.aws.autoscaling.records import Activity, Policy, Target, TargetKey
from smsandbox.aws.core.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from smsandbox.aws.core.world import World

ACTIVITIES_KEPT = 5000


class Registry:
    def __init__(self, world: World) -> None:
        self._world = world
        self.targets: dict[TargetKey, Target] = {}
        self.activities: deque[Activity] = deque(maxlen=ACTIVITIES_KEPT)
        self._by_arn: dict[str, tuple[Target, Policy]] = {}
        self._latest: dict[TargetKey, Activity] = {}

    def new_id(self) -> str:
        """A UUID, drawn by the seed of the world."""
        return str(uuid.UUID(int=self._world.random().getrandbits(128), version=4))

    def of(self, account: str, region: str) -> Iterator[Target]:
        """The targets of an account and region, oldest first."""
        return (target for target in self.targets.values() if target.key[:2] == (account, region))

    def need(self, key: TargetKey) -> Target:
        """The target, or ObjectNotFoundException."""
        target = self.targets.get(key)
        if target is None:
            raise AwsError("ObjectNotFoundException", f"No scalable target registered for {key.words}")
        return target

    def policy(self, arn: str) -> tuple[Target, Policy] | None:
        """The policy of that ARN and its target."""
        return self._by_arn.get(arn)

    def put_policy(self, target: Target, policy: Policy) -> None:
        target.policies[policy.name] = policy
        self._by_arn[policy.arn] = target, policy

    def pop_policy(self, target: Target, name: str) -> Policy | None:
        policy = target.policies.pop(name, None)
        if policy is not None:
            del self._by_arn[policy.arn]
        return policy

    def begin(self, key: TargetKey, description: str, cause: str, goal: int | None) -> Activity:
        """A new activity, under way."""
        activity = Activity(self.new_id(), key, description, cause, self._world.now(), goal=goal)
        self.activities.appendleft(activity)
        self._latest[key] = activity
        return activity

    def end(self, activity: Activity, status: str, message: str) -> None:
        activity.status, activity.message, activity.ended = status, message, self._world.now()

    def refuse(self, key: TargetKey, cause: str, reason: dict[str, Any]) -> None:
        """Note why nothing was scaled; the same reason is noted once until something else happens."""
        latest = self._latest.get(key)
        if latest is not None and latest.not_scaled == reason and latest.cause == cause:
            return
        activity = self.begin(key, "Attempting to scale due to alarm triggered", cause, None)
        activity.not_scaled = reason
        self.end(activity, "Failed", f"Scaling was not needed or not possible: {reason['Code']}.")
