"""What a reconcile observes in AWS: as little as the plan needs. Returns what it found, and keeps nothing itself."""

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.aws.listed.watch import BLIND_SECONDS, NEVER, Summary
from smendpoints.controller.memory import Seen
from smendpoints.controller.ports import Aws
from smendpoints.domain.desired import names
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.desired.ownership import Owner, is_owned
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.observed.adoption import equivalent
from smendpoints.domain.observed.observed import (
    Json,
    Observed,
    ObservedConfig,
    ObservedEndpoint,
    ObservedTarget,
    OwnedResources,
    Recalled,
)
from smendpoints.domain.plan.abort import carried_alarm
from smendpoints.domain.plan.alarms import Ownership
from smendpoints.domain.plan.deletion import IN_PROGRESS
from smendpoints.domain.plan.guards import is_guarded
from smendpoints.domain.plan.scaling import plan_scaling


@dataclass(frozen=True)
class Glance:
    """What the shared listings say of an endpoint; `summary` is None where they show none.

    `since_written`: they were read after AWS was last changed for the object; else they say nothing of it. `absent`:
    there surely is no such endpoint.
    """

    summary: Summary | None
    since_written: bool
    absent: bool

    @property
    def status(self) -> str | None:
        """Its `EndpointStatus`."""
        return self.summary.status if self.summary is not None else None


def glance(account: Aws, name: str, seen: Seen, poll_seconds: float) -> Glance:
    """A look at the shared listings. They are only read here if they never were, or could not be for long.

    Raises:
        ReconcileError: AWS could not be asked.
    """
    watch = account.watch
    if watch.seen_at == NEVER or watch.blind_seconds() > BLIND_SECONDS:
        watch.look(name, max_age=poll_seconds)
    since = seen.written_at
    return Glance(watch.peek(name), watch.current(name, since), watch.absent(name, since))


def recall(account: Aws, resource: SageMakerEndpoint, desired: Desired, shown: Glance, seen: Seen) -> Recalled | None:
    """What the shared listings say of an endpoint at rest, which is described if it has moved since it was.

    None where the listings do not say enough.
    """
    collected = seen.is_collected(desired, resource.spec.revision_history_limit)
    if shown.summary is None or not collected or not (seen.expects is None or shown.since_written):
        return None
    found = account.observe.recall(desired.endpoint_name, shown.summary, seen.tags_at, seen.scaling_at)
    if found is None:
        return None
    ours = desired.owner.owns(found.endpoint.tags) and found.endpoint.config_name == desired.config_name
    return found if ours and not _has_alarms(resource, desired, found.targets) else None


def recalled(account: Aws, desired: Desired, found: Recalled, seen: Seen) -> Observed:
    """What that is for a plan: enough to find out that all is as wanted; what is to be changed is observed closely."""
    missing = account.watch.missing(desired.contents(), seen.written_at)
    return Observed(found.endpoint, targets=found.targets, missing=missing)


def observe(
    account: Aws,
    resource: SageMakerEndpoint,
    desired: Desired,
    shown: Glance,
    seen: Seen,
    *,
    running: bool = True,
    listed_since: float = math.inf,
    described: ObservedEndpoint | None = None,
) -> Observed:
    """The endpoint, and what of its surroundings matters in its state; `running`: it is not to be stopped.

    Autoscaling that was listed after `listed_since`, and is as wanted, is not asked for; nor is the endpoint that was
    just `described`, but for its tags.

    Raises:
        ReconcileError: AWS could not be asked.
    """
    never = shown.absent and resource.status.endpoint is None  # what was there is gone once a Describe says so
    endpoint = account.observe.endpoint(desired.endpoint_name, seen.created_with, described) if not never else None
    adopts = resource.spec.adopt_existing and endpoint is not None and not is_owned(endpoint.tags)
    if endpoint is None and not running and not resource.spec.suspend:
        return Observed(None, owned_resources=_left_while_stopped(account, resource, desired, seen))
    if endpoint is None or not (desired.owner.owns(endpoint.tags) or adopts):
        return Observed(endpoint)
    unowned: tuple[str, ...] = ()
    if adopts and endpoint.config_name is not None:
        unowned = account.observe.unowned(endpoint.name, endpoint.config_name)
    if endpoint.status in IN_PROGRESS or endpoint.status == "Deleting":
        guarded = is_guarded(resource, desired, endpoint) or carried_alarm(resource, endpoint) is not None
        alarms = account.observe.alarms(names.alarm_prefix(endpoint.name)) if guarded else {}
        updates = endpoint.status in IN_PROGRESS - {"Creating"}
        targets = account.observe.listed_targets(endpoint.name, seen.scaling_at) if updates else None
        return Observed(endpoint, targets=targets, alarms=alarms, unowned=unowned)
    live: ObservedConfig | None = None
    wanted: ObservedConfig | None = None
    owned_resources: OwnedResources | None = None
    same = False
    models: Mapping[str, Json] = {}
    rolling = endpoint.config_name != desired.config_name
    if rolling:
        live = account.observe.config(endpoint.config_name) if endpoint.config_name else None
        wanted = account.observe.config(desired.config_name) if _was_deployed(resource, desired) else None
        models = _live_models(account, resource, desired, live)
        kept = desired.redeployed is None and _was_adopted(resource, live)
        same = kept and _equivalent(account, resource, desired, live, seen)
    targets = None if rolling or adopts else _listed_targets(account, desired, listed_since)
    if targets is None:
        variants = {each.name for each in desired.variants} | {each.name for each in endpoint.variants}
        targets = account.observe.targets([names.resource_id(endpoint.name, variant) for variant in variants])
    limit = resource.spec.revision_history_limit
    settled = (not rolling or same) and not adopts
    collects_garbage = settled and not seen.is_collected(desired, limit)
    alarmed = (settled and not seen.is_swept(desired, limit)) or _has_alarms(resource, desired, targets)
    alarms = account.observe.alarms(names.alarm_prefix(endpoint.name)) if alarmed else {}
    if collects_garbage or not (adopts or seen.is_tagged(desired)):
        owned_resources = account.observe.owned_resources(endpoint.name, desired.owner, alarms=False, listed=True)
    missing: frozenset[str] = frozenset()
    if not rolling or wanted is not None:
        missing = account.watch.missing(desired.contents(), seen.written_at)
    return Observed(endpoint, live, wanted, targets, alarms, owned_resources, missing, same, unowned, models)


def _listed_targets(account: Aws, desired: Desired, since: float) -> tuple[ObservedTarget, ...] | None:
    """The scalable targets as listed after `since`, if none is to be changed; else they are looked at.

    Where none is listed all are to be made, as after a creation: the calls that do would put right one that is there.
    """
    listed = account.observe.listed_targets(desired.endpoint_name, since)
    return listed if listed is not None and (not listed or not plan_scaling(desired, listed, {})) else None


def _left_while_stopped(
    account: Aws, resource: SageMakerEndpoint, desired: Desired, seen: Seen
) -> OwnedResources | None:
    """What a killed process or edits left of an endpoint that is stopped; None where that was looked for."""
    if resource.status.created_in_aws is False or seen.is_swept(desired, resource.spec.revision_history_limit):
        return None
    return account.observe.owned_resources(desired.endpoint_name, desired.owner, alarms=False, listed=True)


def _live_models(
    account: Aws, resource: SageMakerEndpoint, desired: Desired, live: ObservedConfig | None
) -> Mapping[str, Json]:
    """What is about to be replaced, so that it can be told what changes; looked at once, when the attempt is decided.

    It holds up nothing: what cannot be looked at is not told.
    """
    past = resource.status.rollout
    if live is None or (past is not None and past.attempt == desired.attempt()):
        return {}
    models: dict[str, Json] = {model.name: model.request for model in desired.models}
    with contextlib.suppress(ReconcileError):
        for name in sorted(live.models()):
            if name not in models and (found := account.observe.model(name)) is not None:
                models[name] = found
    return {name: models[name] for name in live.models() if name in models}


def observe_to_finalize(
    account: Aws, name: str, owner: Owner, *, retain: bool, monitored: bool, has_dashboard: bool
) -> Observed:
    """The endpoint with its scalable targets and alarms while it is there; then what it leaves behind.

    `monitored`: there may be alarms or a dashboard of `spec.monitoring`; `has_dashboard`: one was put.

    While AWS is at work on it, the endpoint alone: it is only waited for.

    Raises:
        ReconcileError: AWS could not be asked.
    """
    endpoint = account.observe.endpoint(name)  # whatever is listed: nobody looks for it after this
    ours = endpoint is not None and owner.owns(endpoint.tags)
    if endpoint is not None and ours and endpoint.status in IN_PROGRESS:
        return Observed(endpoint)
    if endpoint is not None and ours and not retain:
        ids = [names.resource_id(endpoint.name, variant.name) for variant in endpoint.variants]
        owners = account.observe.alarm_owners(endpoint.name, owner) if endpoint.status != "Deleting" else Ownership()
        alarms = OwnedResources(alarms=owners.ours, untagged_alarms=owners.nobodys)
        return Observed(endpoint, targets=account.observe.targets(ids, bare=True), owned_resources=alarms)
    serving = endpoint.config_name if endpoint is not None else None
    config = account.observe.config(serving) if serving is not None else None
    left = account.observe.owned_resources(name, owner, alarms=True)
    if monitored:
        left = replace(left, monitoring=account.monitoring.owned(name, owner, has_dashboard=has_dashboard))
    return Observed(endpoint, config, owned_resources=left)


def _has_alarms(resource: SageMakerEndpoint, desired: Desired, targets: tuple[ObservedTarget, ...]) -> bool:
    """Whether the operator may own alarms: for steps, be they taken off, or for a rollout of now or before."""
    wanted = any(policy.alarm is not None for target in desired.targets for policy in target.policies)
    there = any(policy["PolicyType"] == "StepScaling" for target in targets for policy in target.policies.values())
    past = resource.status.rollout
    left = past is not None and (past.config_name != desired.config_name or bool(past.autoscaling_snapshot))
    return wanted or there or left or bool(desired.rollback_alarms)


def _was_deployed(resource: SageMakerEndpoint, desired: Desired) -> bool:
    """Whether the desired config was in service before, and may still be there; a new one need not be asked for."""
    return any(each.config_name == desired.config_name for each in resource.status.history[1:])


def _was_adopted(resource: SageMakerEndpoint, live: ObservedConfig | None) -> bool:
    """Whether a config that somebody else made may stand for the spec's: by the spec's wish, now or before."""
    if resource.spec.adopt_existing or live is None:
        return True
    return any(each.config_name == live.name for each in resource.status.history)


def _equivalent(
    account: Aws, resource: SageMakerEndpoint, desired: Desired, live: ObservedConfig | None, seen: Seen
) -> bool:
    """Whether a config that this object did not make serves just what the spec wants; compared once: neither changes.

    One with a name of ours may be another object's, which left it: the name tells what it was made for, such as a
    deliberate redeploy, not what is in it.
    """
    if live is None:
        return False
    history = resource.status.history
    taken_over = not history or (resource.status.adopted is True and history[-1].config_name == live.name)
    if names.made_here(desired.endpoint_name, live.name) and not (resource.spec.adopt_existing and taken_over):
        return False
    if seen.compared is not None and seen.compared[:2] == (live.name, desired.config_name):
        return seen.compared[2]
    models = {name: account.observe.model(name) or {} for name in live.models()}
    return equivalent(desired, live, models)
