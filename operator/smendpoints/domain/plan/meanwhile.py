"""What goes to the config in service while another revision waits, is blocked or failed: all that changes in place.

Weights, counts, concurrency, bounds and tags wait for no revision: somebody may have to drain a variant of the old one.
Not here: what does not fit the variants in service, see `fitting`; and a change in place that AWS took back.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from smendpoints.api.snapshot import AutoscalingSnapshot
from smendpoints.domain.desired.names import resource_id
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.fitting import Fitting, fitting
from smendpoints.domain.plan.in_place import changes_in_place, describe_in_place
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.scaling import plan_scaling
from smendpoints.domain.plan.snapshot import restoring_calls
from smendpoints.domain.plan.tags import tag_changes
from smendpoints.domain.plan.turns import NONE, Turns, turns


@dataclass(frozen=True)
class Meanwhile:
    """The calls; those in `turns` leave the endpoint busy. `waits` tells what cannot be changed yet."""

    tags: tuple[Action, ...] = ()
    scaling: tuple[Action, ...] = ()
    turns: Turns = NONE
    waits: tuple[str, ...] = ()

    @property
    def in_place(self) -> tuple[Action, ...]:
        """The one that leaves the endpoint busy, if there is one to be made now."""
        return (self.turns.next,) if self.turns.next is not None else ()

    @property
    def calls(self) -> tuple[Action, ...]:
        """Those that are made now."""
        return (*self.scaling, *self.in_place, *self.tags)

    def told(self, message: str, endpoint: ObservedEndpoint) -> str:
        """The message, with what is changed in place."""
        words = describe_in_place(self.in_place, endpoint)
        doing = [f"meanwhile changing in place: {'; '.join(words)}"] if words else []
        return _joined(message, *doing, *([self.turns.told(endpoint)] if self.turns.taken_back else []))

    def told_waiting(self, message: str) -> str:
        """The message, with what waits."""
        return _joined(message, *([f"waiting for the new revision: {'; '.join(self.waits)}"] if self.waits else []))


def _joined(message: str, *more: str) -> str:
    """What is told, and more; a sentence of AWS's ends with its full stop only where nothing follows."""
    return "; ".join([message.rstrip("."), *more]) if more else message


NOTHING = Meanwhile()


def meanwhile(given: Input, endpoint: ObservedEndpoint) -> Meanwhile:
    """What the endpoint lacks beside its config; autoscaling that was taken off for an attempt comes back."""
    past = given.recorded.rollout
    snapshots = past.autoscaling_snapshot if past is not None else []
    targets = given.observed.targets or ()
    kept = frozenset(each.variant for each in snapshots)
    fits = fitting(given.desired, endpoint, given.observed.live_config, targets, kept)
    return Meanwhile(
        tags=tag_changes(given, endpoint),
        scaling=tuple(_scaling(given, endpoint, fits, snapshots)) if given.observed.targets is not None else (),
        turns=turns(given, endpoint, changes_in_place(fits.desired, endpoint)),
        waits=fits.waits,
    )


def _scaling(
    given: Input, endpoint: ObservedEndpoint, fits: Fitting, snapshots: list[AutoscalingSnapshot]
) -> Iterator[Action]:
    """The config in service scales as the spec says where it fits, elsewhere as it did before."""
    scalable, observed = fits.desired, given.observed
    targets = observed.targets or ()
    wanted = {policy.alarm["AlarmName"] for target in scalable.targets for policy in target.policies if policy.alarm}
    alarms = {  # those that make an old policy scale stay
        name: alarm for name, alarm in observed.alarms.items() if name in wanted or not alarm.get("AlarmActions")
    }
    for action in plan_scaling(scalable, targets, alarms):
        if action.verb is not Verb.DEREGISTER_TARGET:  # scaling ends with the revision that has none
            yield action
    on = {target.resource_id for target in targets} | {target.resource_id for target in scalable.targets}
    live = {variant.name for variant in endpoint.variants}
    for each in snapshots:
        if resource_id(endpoint.name, each.variant) not in on and each.variant in live - fits.alike:
            yield from restoring_calls(each, endpoint.name)
