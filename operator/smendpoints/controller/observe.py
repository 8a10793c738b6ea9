"""What a reconcile observes in AWS: as little as the plan needs."""

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.aws.account import Account
from smendpoints.aws.watch import Summary
from smendpoints.controller.memory import Memory
from smendpoints.domain.desired import names
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.desired.ownership import Owner, is_owned
from smendpoints.domain.observed.adoption import equivalent
from smendpoints.domain.observed.observed import Observed, ObservedConfig, ObservedTarget, OwnedResources
from smendpoints.domain.plan.alarms import Ownership
from smendpoints.domain.plan.deletion import IN_PROGRESS
from smendpoints.domain.plan.guards import is_guarded


def observe_listing(account: Account, name: str, memory: Memory, poll_seconds: float) -> Summary | None:
    """The endpoint as the shared listing shows it; listed anew when that is older than a period, or our last change."""
    return account.watch.look(name, max_age=poll_seconds * 0.9, since=memory.written_at)


def observe_closely(
    account: Account, resource: SageMakerEndpoint, desired: Desired, summary: Summary | None, memory: Memory
) -> Observed:
    """The endpoint, and what of its surroundings matters in its state.

    Raises:
        ReconcileError: AWS could not be asked.
    """
    tags, memory.created_with = memory.created_with, None
    endpoint = account.observe.endpoint(desired.endpoint_name, tags) if summary is not None else None
    adopts = resource.spec.adopt_existing and endpoint is not None and not is_owned(endpoint.tags)
    if endpoint is None or not (desired.owner.owns(endpoint.tags) or adopts):
        return Observed(endpoint)
    unowned: tuple[str, ...] = ()
    if adopts and endpoint.config_name is not None:
        unowned = account.observe.unowned(endpoint.name, endpoint.config_name)
    if endpoint.status in IN_PROGRESS or endpoint.status == "Deleting":
        guarded = is_guarded(resource, desired, endpoint)
        alarms = account.observe.alarms(names.alarm_prefix(endpoint.name)) if guarded else {}
        return Observed(endpoint, alarms=alarms, unowned=unowned)
    live: ObservedConfig | None = None
    wanted: ObservedConfig | None = None
    owned_resources: OwnedResources | None = None
    same = False
    rolling = endpoint.config_name != desired.config_name
    if rolling:
        live = account.observe.config(endpoint.config_name) if endpoint.config_name else None
        wanted = account.observe.config(desired.config_name) if _was_deployed(resource, desired) else None
        same = _was_adopted(resource, live) and _equivalent(account, desired, live, memory)
    variants = {each.name for each in desired.variants} | {each.name for each in endpoint.variants}
    targets = account.observe.targets([names.resource_id(endpoint.name, variant) for variant in variants])
    garbage_collected = memory.garbage_collected == (desired.config_name, resource.spec.revision_history_limit)
    collects_garbage = (not rolling or same) and not adopts and not garbage_collected
    alarmed = collects_garbage or _has_alarms(resource, desired, targets)
    alarms = account.observe.alarms(names.alarm_prefix(endpoint.name)) if alarmed else {}
    if collects_garbage:
        owned_resources = account.observe.owned_resources(endpoint.name, desired.owner, alarms=False, listed=True)
    missing: frozenset[str] = frozenset()
    if not rolling or wanted is not None:
        missing = account.watch.missing(desired.contents(), memory.written_at)
    return Observed(endpoint, live, wanted, targets, alarms, owned_resources, missing, same, unowned)


def observe_to_finalize(
    account: Account, name: str, owner: Owner, summary: Summary | None, *, retain: bool
) -> Observed:
    """The endpoint with its scalable targets and alarms while it is there; then what it leaves behind.

    While AWS is at work on it, the endpoint alone: it is only waited for.

    Raises:
        ReconcileError: AWS could not be asked.
    """
    endpoint = account.observe.endpoint(name) if summary is not None else None
    ours = endpoint is not None and owner.owns(endpoint.tags)
    if endpoint is not None and ours and endpoint.status in IN_PROGRESS:
        return Observed(endpoint)
    if endpoint is not None and ours and not retain:
        ids = [names.resource_id(endpoint.name, variant.name) for variant in endpoint.variants]
        owners = account.observe.alarm_owners(endpoint.name, owner) if endpoint.status != "Deleting" else Ownership()
        alarms = OwnedResources(alarms=owners.ours, untagged_alarms=owners.nobodys)
        return Observed(endpoint, targets=account.observe.targets(ids), owned_resources=alarms)
    serving = endpoint.config_name if endpoint is not None else None
    config = account.observe.config(serving) if serving is not None else None
    return Observed(endpoint, config, owned_resources=account.observe.owned_resources(name, owner, alarms=True))


def _has_alarms(resource: SageMakerEndpoint, desired: Desired, targets: tuple[ObservedTarget, ...]) -> bool:
    """Whether the operator may own alarms: for steps, wanted, still there or taken off, or for a rollout."""
    wanted = any(policy.alarm is not None for target in desired.targets for policy in target.policies)
    there = any(policy["PolicyType"] == "StepScaling" for target in targets for policy in target.policies.values())
    autoscaling_snapshot = resource.status.rollout is not None and bool(resource.status.rollout.autoscaling_snapshot)
    return wanted or there or autoscaling_snapshot or bool(desired.rollback_alarms)


def _was_deployed(resource: SageMakerEndpoint, desired: Desired) -> bool:
    """Whether the desired config was in service before, and may still be there; a new one need not be asked for."""
    return any(each.config_name == desired.config_name for each in resource.status.history[1:])


def _was_adopted(resource: SageMakerEndpoint, live: ObservedConfig | None) -> bool:
    """Whether a config that somebody else made may stand for the spec's: by the spec's wish, now or before."""
    if resource.spec.adopt_existing or live is None:
        return True
    return any(each.config_name == live.name for each in resource.status.history)


def _equivalent(account: Account, desired: Desired, live: ObservedConfig | None, memory: Memory) -> bool:
    """Whether a config that is not of our making serves just what the spec wants; compared once."""
    if live is None or names.made_here(desired.endpoint_name, live.name):
        return False
    if memory.compared is None or memory.compared[:2] != (live.name, desired.config_name):
        models = {name: account.observe.model(name) or {} for name in live.models()}
        memory.compared = (live.name, desired.config_name, equivalent(desired, live, models))
    return memory.compared[2]
