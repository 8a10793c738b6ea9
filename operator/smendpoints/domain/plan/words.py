"""What calls change in place, for people: from what AWS shows to what is wanted. Names nobody who changes it.

So the same words tell drift that is only reported, drift that is put right, and an edit. Not here: what a new revision
changes, see `changes`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from smendpoints.domain.desired.names import variant_of
from smendpoints.domain.observed.observed import Json, Observed, ObservedTarget
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.changes import ARROW, NONE, from_to
from smendpoints.domain.plan.in_place import describe_in_place

_FIELDS = {
    "TargetValue": "targetValue",
    "ScaleInCooldown": "scaleInCooldownSeconds",
    "ScaleOutCooldown": "scaleOutCooldownSeconds",
    "DisableScaleIn": "disableScaleIn",
    "PredefinedMetricType": "predefinedMetric",
    "MetricName": "metricName",
    "AdjustmentType": "adjustmentType",
    "Cooldown": "cooldownSeconds",
    "MetricAggregationType": "metricAggregationType",
    "PolicyType": "type",
    "Schedule": "schedule",
    "Timezone": "timeZone",
    "MinCapacity": "minCapacity",
    "MaxCapacity": "maxCapacity",
    "Namespace": "namespace",
    "Statistic": "statistic",
    "Unit": "unit",
    "ComparisonOperator": "comparisonOperator",
    "Threshold": "threshold",
    "Period": "periodSeconds",
    "EvaluationPeriods": "evaluationPeriods",
    "TreatMissingData": "treatMissingData",
}
_LISTS = {"Dimensions": "dimensions", "StepAdjustments": "steps", "AlarmActions": "actions"}
_REPLACED = {Verb.PUT_POLICY: Verb.DELETE_POLICY, Verb.PUT_SCHEDULE: Verb.DELETE_SCHEDULE}
IN_PLACE = frozenset(
    {
        Verb.ADD_TAGS,
        Verb.DELETE_TAGS,
        Verb.REGISTER_TARGET,
        Verb.DEREGISTER_TARGET,
        Verb.PUT_POLICY,
        Verb.DELETE_POLICY,
        Verb.PUT_SCHEDULE,
        Verb.DELETE_SCHEDULE,
        Verb.PUT_ALARM,
        Verb.DELETE_ALARMS,
    }
)
"""What changes while the endpoint stays in service, and is told by an Event when it is done."""


def describe(actions: Iterable[Action], observed: Observed) -> tuple[str, ...]:
    """What the calls change, in their order."""
    actions = tuple(actions)
    targets = {target.resource_id: target for target in observed.targets or ()}
    tags = _tags(observed)
    put_again = {(_REPLACED[each.verb], each.target) for each in actions if each.verb in _REPLACED}
    put_policy = any(each.verb is Verb.PUT_POLICY for each in actions)
    words: list[str] = []
    for action in actions:
        if (action.verb, action.target) in put_again:
            continue
        if action.verb is Verb.SET_WEIGHTS_AND_CAPACITIES and observed.endpoint is not None:
            words += describe_in_place((action,), observed.endpoint)
        elif action.verb in {Verb.ADD_TAGS, Verb.DELETE_TAGS}:
            words += describe_tags(action, observed, tags)
        elif action.verb.service == "application-autoscaling":
            words += _scaling(action, targets.get(action.target.partition(" ")[0]))
        elif action.verb in {Verb.PUT_ALARM, Verb.DELETE_ALARMS}:
            words += _alarms(action, observed.alarms, put_policy=put_policy)
        else:
            words.append(action.in_words())
    return tuple(dict.fromkeys(words))


def _tags(observed: Observed) -> dict[str, Mapping[str, str]]:
    """The tags of all that was looked at, by ARN."""
    found = dict(observed.owned_resources.tags) if observed.owned_resources is not None else {}
    if observed.endpoint is not None:
        found[observed.endpoint.arn] = observed.endpoint.tags
    return found


def describe_tags(action: Action, observed: Observed, shown: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """The tags that a call sets or takes away; `shown` are those that there are, by ARN.

    A config or model whose tags change as the endpoint's do is not told of.
    """
    tags = shown.get(action.params["ResourceArn"], {})
    told = set(_of_tags(action, tags))
    endpoint = observed.endpoint
    if endpoint is None or action.params["ResourceArn"] == endpoint.arn:
        yield from sorted(told)
        return
    yield from (f"{word} of {action.target}" for word in sorted(told - set(_of_tags(action, endpoint.tags))))


def _of_tags(action: Action, tags: Mapping[str, str]) -> Iterator[str]:
    if action.verb is Verb.ADD_TAGS:
        for tag in action.params["Tags"]:
            yield f"tag {tag['Key']} {from_to(tags.get(tag['Key']), tag['Value'])}"
    else:
        for key in action.params["TagKeys"]:
            yield f"tag {key} {from_to(tags.get(key), None)}"


def _scaling(action: Action, found: ObservedTarget | None) -> Iterator[str]:
    resource, _, name = action.target.partition(" ")
    variant, params = variant_of(resource), action.params
    if action.verb is Verb.REGISTER_TARGET:
        yield from _bounds(variant, params, found)
    elif action.verb is Verb.DEREGISTER_TARGET:
        bounds = f"{found.min_capacity} to {found.max_capacity}" if found is not None else "on"
        yield f"{variant}: scaling {bounds} {ARROW} {NONE}"
    elif action.verb is Verb.PUT_POLICY:
        shown = found.policies.get(name) if found is not None else None
        yield from _entry(f"{variant}: scaling policy {name}", params, shown)
    elif action.verb is Verb.PUT_SCHEDULE:
        shown = found.schedules.get(name) if found is not None else None
        yield from _entry(f"{variant}: schedule {name}", params, shown)
    else:
        kind = "scaling policy" if action.verb is Verb.DELETE_POLICY else "schedule"
        yield f"{variant}: {kind} {name} {ARROW} {NONE}"


def _bounds(variant: str, params: Mapping[str, Any], found: ObservedTarget | None) -> Iterator[str]:
    wanted = f"{params['MinCapacity']} to {params['MaxCapacity']}"
    shown = f"{found.min_capacity} to {found.max_capacity}" if found is not None else NONE
    if wanted != shown:
        yield f"{variant}: scaling {shown} {ARROW} {wanted}"
    suspended = any((params.get("SuspendedState") or {}).values())
    before = found.suspended if found is not None else False
    if suspended is not before:
        states = {True: "suspended", False: "active", None: "suspended in part"}
        yield f"{variant}: scaling {states[before]} {ARROW} {states[suspended]}"


def _entry(what: str, wanted: Json, shown: Json | None) -> Iterator[str]:
    """A policy or a schedule: what of it differs, or what it is if there is none."""
    if shown is None:
        leaves = dict(_leaves(wanted))
        main = leaves.get("TargetValue", leaves.get("Schedule"))
        yield f"{what} {from_to(None, main if main is not None else 'set')}"
        return
    yield f"{what}: {_differing(wanted, shown) or 'differs from the spec'}"


def _differing(wanted: Json, shown: Json) -> str:
    """The fields that differ: single values from what is to what is wanted, lists by their names."""
    leaves, before = dict(_leaves(wanted)), dict(_leaves(shown))
    told = [
        f"{_FIELDS[key]} {from_to(before.get(key), leaves.get(key))}"
        for key in {**leaves, **before}
        if key in _FIELDS and not _same(before.get(key), leaves.get(key))
    ]
    lists, listed = dict(_leaves(wanted, lists=True)), dict(_leaves(shown, lists=True))
    told += [f"{name} changed" for key, name in _LISTS.items() if _entries(lists.get(key)) != _entries(listed.get(key))]
    return ", ".join(told)


def _entries(listed: Iterable[Any] | None) -> set[Any]:
    return {tuple(sorted(each.items())) if isinstance(each, Mapping) else each for each in listed or ()}


def _same(left: Any, right: Any) -> bool:
    """Alike; what AWS leaves out is false, and no zero."""
    return bool(left == right) or (left is None and right is False) or (left is False and right is None)


def _leaves(value: Json, *, lists: bool = False) -> Iterator[tuple[str, Any]]:
    """Every member that is no object or list itself, however deep it is; or every list."""
    for key, each in value.items():
        if isinstance(each, Mapping):
            yield from _leaves(each, lists=lists)
        elif isinstance(each, list | tuple) is lists:
            yield key, each


def _alarms(action: Action, alarms: Mapping[str, Json], *, put_policy: bool) -> Iterator[str]:
    """`put_policy`: a policy is put, too, whose ARN the alarm is given again: that is no change."""
    if action.verb is Verb.PUT_ALARM:
        shown = alarms.get(action.target)
        if shown is None:
            yield f"alarm {action.target} {NONE} {ARROW} set"
        elif (told := _differing(action.params, shown)) != "actions changed" or not put_policy:
            yield f"alarm {action.target}: {told or 'differs from the spec'}"
    else:
        for name in action.params["AlarmNames"]:
            yield f"alarm {name} {ARROW} {NONE}"
