"""The plan for finalizing: stop an endpoint, delete all, or orphan all."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.domain.desired import names
from smendpoints.domain.desired.ownership import PREFIX, Owner
from smendpoints.domain.observed.adoption import is_retained
from smendpoints.domain.observed.observed import Observed, ObservedEndpoint, OwnedResources, OwnMonitoring
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.monitoring import delete_dashboard
from smendpoints.domain.plan.scaling import deregister
from smendpoints.domain.plan.verdict import Plan, Requeue, ready, reconciling, suspended
from smendpoints.domain.reasons import Reason

_SCALING = frozenset(
    {
        Verb.REGISTER_TARGET,
        Verb.PUT_POLICY,
        Verb.PUT_SCHEDULE,
        Verb.PUT_ALARM,
        Verb.DELETE_ALARMS,
    }
)
_THEN = {
    Reason.RECREATING: "; then it is created again",
    Reason.STOPPING: "; then it is stopped, as the spec says",
}
IN_PROGRESS = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})


def plan_endpoint_removal(endpoint: ObservedEndpoint, observed: Observed, reason: Reason) -> Plan:
    """Autoscaling off, then the endpoint; waits where AWS makes it wait, and says so."""
    if endpoint.status == "Deleting":
        message = f"AWS is deleting the endpoint {endpoint.name}{_THEN.get(reason, '')}"
        return Plan(reconciling(reason, message), endpoint_status="Deleting")
    if endpoint.status in IN_PROGRESS:
        running = "creation" if endpoint.status == "Creating" else "update"
        message = f"deletion waits for the running {running} ({endpoint.status})"
        return Plan(reconciling(reason, message))
    actions = [deregister(target) for target in observed.targets or ()]
    delete = Action(Verb.DELETE_ENDPOINT, endpoint.name, {"EndpointName": endpoint.name})
    message = f"deleting the endpoint {endpoint.name}{_THEN.get(reason, '')}"
    return Plan(reconciling(reason, message), (*actions, delete), endpoint_status="Deleting")


def _remove_alarms(alarms: Iterable[str]) -> tuple[Action, ...]:
    gone = sorted(alarms)
    return (Action(Verb.DELETE_ALARMS, ", ".join(gone), {"AlarmNames": gone}),) if gone else ()


def _remove_monitoring(owned: OwnMonitoring) -> tuple[Action, ...]:
    return (*_remove_alarms(owned.alarms), *map(delete_dashboard, sorted(owned.dashboards)))


def _remove(owned_resources: OwnedResources, used: frozenset[str | None] = frozenset()) -> list[Action]:
    """The configs and models that are not `used`."""
    configs = sorted({config.name for config in owned_resources.configs} - used)
    actions = [Action(Verb.DELETE_CONFIG, name, {"EndpointConfigName": name}) for name in configs]
    models = sorted(owned_resources.models.keys() - used)
    return actions + [Action(Verb.DELETE_MODEL, name, {"ModelName": name}) for name in models]


def _alarms_beside(
    endpoint: ObservedEndpoint, owned_resources: OwnedResources, used: frozenset[str | None]
) -> Iterator[str]:
    """The alarms of ours that an endpoint which is not ours does without: all unless it serves a config of ours.

    Nobody's alarm is ours where it watches a config of ours.
    """
    ours = {config.name for config in owned_resources.configs}
    if ours.isdisjoint(used):
        yield from owned_resources.alarms
    for alarm in owned_resources.untagged_alarms:
        if names.config_of_alarm(endpoint.name, alarm) in ours - used:
            yield alarm


def _used(endpoint: ObservedEndpoint, observed: Observed) -> frozenset[str | None]:
    """The configs that the endpoint serves or is about to serve, and their models."""
    configs = {endpoint.config_name, endpoint.pending_config}
    known = [
        *(observed.owned_resources or OwnedResources()).configs,
        *([observed.live_config] if observed.live_config else []),
    ]
    models = {model for config in known if config.name in configs for model in config.models()}
    return frozenset(configs | models)


def plan_deletion(observed: Observed, owner: Owner, *, was_live: bool) -> Plan:
    """Alarms, endpoint (wait until it is gone), then configs, models. `Deleted` says that nothing is left.

    An endpoint of that name that is not ours is not touched, and keeps what it serves with. `was_live`: it was in use
    for this object, so that alarms which are nobody's are the object's, of a release that tagged none.
    """
    endpoint = observed.endpoint
    owned_resources = observed.owned_resources or OwnedResources()
    monitoring = _remove_monitoring(owned_resources.monitoring)
    if endpoint is not None and owner.owns(endpoint.tags):
        todo = plan_endpoint_removal(endpoint, observed, Reason.DELETING)
        alarms = _remove_alarms([*owned_resources.alarms, *owned_resources.untagged_alarms])
        return replace(todo, actions=(*monitoring, *alarms, *todo.actions)) if todo.actions else todo
    if endpoint is not None:
        used = _used(endpoint, observed)
        alarms = (*monitoring, *_remove_alarms(_alarms_beside(endpoint, owned_resources, used)))
        actions = (*alarms, *_remove(owned_resources, used))
        message = f"the endpoint {endpoint.name}, which carries no tags of this object, is left in AWS"
        return Plan(ready(Reason.NOT_OWNED, message), actions, requeue=Requeue.NOW)
    alarms = _remove_alarms([*owned_resources.alarms, *(owned_resources.untagged_alarms if was_live else ())])
    return Plan(
        ready(Reason.DELETED, "all AWS resources deleted"),
        (*monitoring, *alarms, *_remove(owned_resources)),
        requeue=Requeue.NOW,
    )


def suspended_deletion(resource: SageMakerEndpoint, owner: Owner, observed: Observed) -> Plan | None:
    """`suspend` keeps an endpoint from being deleted: the deletion waits for a person. None: nothing is in its way.

    What is retained in AWS anyway may become an orphan, and what is gone or being deleted needs no keeping.
    """
    endpoint = observed.endpoint
    if not resource.spec.suspend or is_retained(resource) or endpoint is None or not owner.owns(endpoint.tags):
        return None
    if endpoint.status == "Deleting":
        return None
    message = (
        f"deletion waits, as the object is suspended: the endpoint {endpoint.name} is {endpoint.status}; set"
        " spec.suspend to false to delete it, or spec.deletionPolicy to Retain to leave it in AWS"
    )
    return Plan(suspended(Reason.DELETION_SUSPENDED, message), requeue=Requeue.STEADY)


def plan_retention(observed: Observed, owner: Owner) -> Plan:
    """Orphan: the endpoint keeps serving; the tags that make it ours are removed from it and all it needs.

    Not in the middle of an update: autoscaling may be off until its end, and nobody else would put it back.
    """
    keys = sorted(owner.tags())
    endpoint = observed.endpoint
    owned_resources = observed.owned_resources or OwnedResources()
    kept = owned_resources.monitoring
    arns = []
    if endpoint is not None and owner.owns(endpoint.tags):
        if endpoint.status in IN_PROGRESS:
            message = f"{endpoint.name} stays in AWS without an owner once AWS has finished; it is {endpoint.status}"
            return Plan(reconciling(Reason.RETAINING, message))
        arns = [endpoint.arn]
    arns += [config.arn for config in owned_resources.configs] + sorted(owned_resources.models.values())
    actions = tuple(Action(Verb.DELETE_TAGS, arn, {"ResourceArn": arn, "TagKeys": keys}) for arn in arns)
    actions += tuple(
        Action(Verb.UNTAG_ALARM, name, {"ResourceARN": arn, "TagKeys": keys})
        for name, arn in sorted({**owned_resources.alarms, **kept.alarms, **kept.dashboards}.items())
    )
    return Plan(ready(Reason.RETAINED, "left in AWS as deletionPolicy says"), actions, requeue=Requeue.NOW)


def scaling_left_undone(todo: Plan) -> tuple[Action, ...]:
    """Of what would be done if the object stayed: what brings autoscaling back, and takes a rollout's alarms away."""
    if any(action.verb is Verb.UPDATE_ENDPOINT for action in todo.actions):
        return tuple(_nobodys(action) for action in todo.otherwise if action.verb is not Verb.TAG_ALARM)
    return tuple(_nobodys(action) for action in todo.actions if action.verb in _SCALING)


def _nobodys(action: Action) -> Action:
    """The call without the tags of an owner, for what is left in AWS."""
    if "Tags" not in action.params:
        return action
    tags = [tag for tag in action.params["Tags"] if not tag["Key"].startswith(PREFIX)]
    rest = {key: value for key, value in action.params.items() if key != "Tags"}
    return replace(action, params={**rest, "Tags": tags} if tags else rest)
