"""A place of an AWS that only lists, and the watch of it, call by call in its own time."""

from typing import Any

from smendpoints.aws.listed.watch import Awaited, Cadence, Lane, Watch
from smendpoints.domain.errors import ReconcileError
from smsandbox.testing.listed import ListedAws, variant

IDLE = Awaited()
MOVING = Awaited(moving=1)
LEAVING = Awaited(leaving=1)


class Watched:
    """A place of ListedAws, and the watch of it."""

    def __init__(self, *names: str, cadence: Cadence | None = None, **aws: Any) -> None:
        self.aws = ListedAws(**aws)
        for name in names:
            self.aws.create(name)
        self.restart(cadence)

    def restart(self, cadence: Cadence | None = None) -> None:
        """Another process."""
        self.watch = Watch(self.aws, self.aws.clock, cadence)  # type: ignore[arg-type]
        self.told: list[tuple[float, str]] = []
        self.failures: list[ReconcileError] = []

    def until(self, when: float, awaited: Awaited = IDLE) -> None:
        """Make all calls that are due until then, each at its time."""
        while True:
            lane = min(Lane, key=lambda each: self.watch.due(each, awaited))
            due = self.watch.due(lane, awaited)
            if max(due, self.aws.now) > when:
                break
            self.aws.now = max(self.aws.now, due)
            try:
                moved = self.watch.step(lane, awaited)
            except ReconcileError as failure:
                self.failures.append(failure)
                continue
            self.told += [(self.aws.now, name) for name in sorted(moved)]
        self.aws.now = max(self.aws.now, when)

    def until_asked(self, operation: str) -> None:
        """Make all calls up to the next one of this operation."""
        made = len(self.aws.made)
        while operation not in {asked for _, asked, _ in self.aws.made[made:]}:
            self.until(min(self.watch.due(lane, IDLE) for lane in Lane))

    def run(self, seconds: float, awaited: Awaited = IDLE) -> list[str]:
        """Let time pass; who was told to have moved in it."""
        before = len(self.told)
        self.until(self.aws.now + seconds, awaited)
        return [name for _, name in self.told[before:]]

    def know(self) -> None:
        """Until all is known."""
        self.until(self.aws.now)
        assert self.watch.known


def many(count: int) -> Watched:
    """So many endpoints."""
    return Watched(*(f"many-{number}" for number in range(count)))


def by_hand(place: Watched, name: str, what: str) -> None:
    """Somebody changes this of the endpoint: its bounds, its tags, a config or so."""
    if what == "bounds":
        place.aws.targets[name] = {**place.aws.targets[name], "MaxCapacity": 50}
    elif what == "target":
        del place.aws.targets[name]
    elif what == "policy":
        place.aws.policies[name] = {**place.aws.policies[name], "TargetTrackingScalingPolicyConfiguration": {}}
    elif what == "schedule":
        place.aws.schedules[name] = {"ResourceId": variant(name), "ScalableDimension": "d", "ScheduledActionName": "n"}
    elif what == "tags":
        place.aws.tags[name] = {**place.aws.tags[name], "team": "nobody"}
    elif what == "config":
        place.aws.configs.remove(f"{name}-0123456789")
    elif what == "model":
        place.aws.models.remove(f"{name}-primary-0123456789")
    else:
        place.aws.become(name, "Updating")
