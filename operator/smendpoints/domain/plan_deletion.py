"""The plan for leaving: stop an endpoint, delete all, or let go of all."""

from smendpoints.domain.actions import Action, Verb
from smendpoints.domain.observed import Leftovers, Observed, ObservedEndpoint
from smendpoints.domain.ownership import Owner
from smendpoints.domain.plan_scaling import deregister
from smendpoints.domain.reasons import Reason
from smendpoints.domain.verdict import Again, Plan, arrived, working

_SCALING = frozenset({Verb.REGISTER_TARGET, Verb.PUT_POLICY, Verb.PUT_SCHEDULE, Verb.PUT_ALARM, Verb.DELETE_ALARMS})
IN_PROGRESS = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})


def plan_endpoint_removal(endpoint: ObservedEndpoint, observed: Observed, reason: Reason) -> Plan:
    """Autoscaling off, then the endpoint; waits where AWS makes it wait, and says so."""
    if endpoint.status == "Deleting":
        return Plan(working(reason, f"AWS is deleting the endpoint {endpoint.name}"), endpoint_status="Deleting")
    if endpoint.status in IN_PROGRESS:
        message = f"waiting: AWS deletes no endpoint that is {endpoint.status}"
        return Plan(working(reason, message))
    actions = [deregister(target) for target in observed.targets or ()]
    delete = Action(Verb.DELETE_ENDPOINT, endpoint.name, {"EndpointName": endpoint.name})
    message = f"deleting the endpoint {endpoint.name}"
    return Plan(working(reason, message), (*actions, delete), endpoint_status="Deleting")


def _remove(leftovers: Leftovers, used: frozenset[str] = frozenset()) -> tuple[Action, ...]:
    """All that is not `used`; alarms go unless a config of ours is."""
    ours = {config.name for config in leftovers.configs}
    alarms = sorted(leftovers.alarms) if ours.isdisjoint(used) else []
    actions = [Action(Verb.DELETE_ALARMS, ", ".join(alarms), {"AlarmNames": alarms})] if alarms else []
    configs = sorted(ours - used)
    actions += [Action(Verb.DELETE_CONFIG, name, {"EndpointConfigName": name}) for name in configs]
    models = sorted(leftovers.models.keys() - used)
    actions += [Action(Verb.DELETE_MODEL, name, {"ModelName": name}) for name in models]
    return tuple(actions)


def _used(endpoint: ObservedEndpoint, observed: Observed) -> frozenset[str]:
    """The configs that the endpoint serves or is about to serve, and their models."""
    configs = {endpoint.config_name, endpoint.pending_config} - {None}
    known = [*(observed.leftovers or Leftovers()).configs, *([observed.live_config] if observed.live_config else [])]
    models = {model for config in known if config.name in configs for model in config.models()}
    return frozenset(name for name in configs | models if name is not None)


def plan_deletion(observed: Observed, owner: Owner) -> Plan:
    """Endpoint (wait until it is gone), then alarms, configs, models. `Deleted` says that nothing is left.

    An endpoint of that name that is not ours is not touched, and keeps what it serves with.
    """
    endpoint = observed.endpoint
    if endpoint is not None and owner.owns(endpoint.tags):
        return plan_endpoint_removal(endpoint, observed, Reason.DELETING)
    if endpoint is not None:
        actions = _remove(observed.leftovers or Leftovers(), _used(endpoint, observed))
        message = f"the endpoint {endpoint.name}, which carries no tags of this object, is left in AWS"
        return Plan(arrived(Reason.NOT_OWNED, message), actions, again=Again.NOW)
    actions = _remove(observed.leftovers or Leftovers())
    return Plan(arrived(Reason.DELETED, "nothing is left in AWS"), actions, again=Again.NOW)


def plan_retention(observed: Observed, owner: Owner) -> Plan:
    """Let go: the endpoint goes on serving; the tags that make it ours are removed from it and all it needs.

    Not in the middle of an update: autoscaling may be off until its end, and nobody else would put it back.
    """
    keys = sorted(owner.tags())
    endpoint = observed.endpoint
    leftovers = observed.leftovers or Leftovers()
    arns = []
    if endpoint is not None and owner.owns(endpoint.tags):
        if endpoint.status in IN_PROGRESS:
            message = f"{endpoint.name} is let go of when AWS is done with it; it is {endpoint.status}"
            return Plan(working(Reason.DELETING, message))
        arns = [endpoint.arn]
    arns += [config.arn for config in leftovers.configs] + sorted(leftovers.models.values())
    actions = tuple(Action(Verb.DELETE_TAGS, arn, {"ResourceArn": arn, "TagKeys": keys}) for arn in arns)
    return Plan(arrived(Reason.RETAINED, "left in AWS as deletionPolicy says"), actions, again=Again.NOW)


def scaling_left_undone(todo: Plan) -> tuple[Action, ...]:
    """Of what would be done if the object stayed: what brings autoscaling back, and takes a rollout's alarms away."""
    if any(action.verb is Verb.UPDATE_ENDPOINT for action in todo.actions):
        return todo.otherwise
    return tuple(action for action in todo.actions if action.verb in _SCALING)
