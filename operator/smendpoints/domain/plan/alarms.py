"""Whose an alarm is, and what follows from it for the calls of a plan. A pure function of names and tags.

Alarms are named after the endpoint, but a name proves nothing: another object may have had the endpoint's name before.
An alarm carries its owner's tags from its creation. One without, named as ours are, was made by a release that tagged
none; it is ours where the endpoint is.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from smendpoints.domain.desired.desired import Desired, tag_list
from smendpoints.domain.desired.ownership import Owner, is_owned
from smendpoints.domain.observed.observed import Observed
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.verdict import Plan


@dataclass(frozen=True)
class Ownership:
    """The ARNs of alarms by name: those of one owner, those of others, and nobody's."""

    ours: Mapping[str, str] = field(default_factory=dict, hash=False)
    others: Mapping[str, str] = field(default_factory=dict, hash=False)
    nobodys: Mapping[str, str] = field(default_factory=dict, hash=False)


def sort(owner: Owner, arns: Mapping[str, str], tags: Mapping[str, Mapping[str, str]]) -> Ownership:
    """Who owns the alarms with these ARNs and tags, by name."""
    ours = {name: arn for name, arn in arns.items() if owner.owns(tags[name])}
    nobodys = {name: arn for name, arn in arns.items() if not is_owned(tags[name])}
    others = {name: arn for name, arn in arns.items() if name not in ours and name not in nobodys}
    return Ownership(ours, others, nobodys)


def put(actions: Iterable[Action]) -> frozenset[str]:
    """The alarms that would be made, or overwritten."""
    return frozenset(action.target for action in actions if action.verb is Verb.PUT_ALARM)


def touched(todo: Plan) -> frozenset[str]:
    """The alarms that the plan, or what is done instead, would make, overwrite, set or delete."""
    actions = (*todo.actions, *todo.otherwise)
    set_off = {action.target for action in actions if action.verb is Verb.SET_ALARM}
    deleted = {name for each in actions if each.verb is Verb.DELETE_ALARMS for name in each.params["AlarmNames"]}
    return put(actions) | deleted | set_off


def without(observed: Observed, names: Iterable[str]) -> Observed:
    """What was seen, as if these alarms were not there."""
    hidden = set(names)
    return replace(observed, alarms={name: alarm for name, alarm in observed.alarms.items() if name not in hidden})


def leaving(actions: Iterable[Action], names: Collection[str]) -> tuple[Action, ...]:
    """The calls that put and delete alarms, but for these."""
    found = list[Action]()
    for action in actions:
        if action.verb is Verb.DELETE_ALARMS:
            kept = [name for name in action.params["AlarmNames"] if name not in names]
            if kept:
                found.append(replace(action, target=", ".join(kept), params={"AlarmNames": kept}))
        elif action.target not in names:
            found.append(action)
    return tuple(found)


def with_tags(todo: Plan, desired: Desired, nobodys: Mapping[str, str]) -> Plan:
    """The plan, with the owner's tags on each alarm that it puts: given at creation, else, where nobody's, before."""
    actions, otherwise = (tagged(each, desired, nobodys) for each in (todo.actions, todo.otherwise))
    return replace(todo, actions=actions, otherwise=otherwise)


def tagged(actions: Iterable[Action], desired: Desired, nobodys: Mapping[str, str]) -> tuple[Action, ...]:
    """The calls, with the owner's tags on each alarm and dashboard that they put, as above."""
    found: list[Action] = []
    for action in actions:
        if action.verb not in {Verb.PUT_ALARM, Verb.PUT_DASHBOARD}:
            found.append(action)
            continue
        if action.target in nobodys:
            tags = tag_list(desired.owner.tags())
            params: dict[str, Any] = {"ResourceARN": nobodys[action.target], "Tags": tags}
            found.append(Action(Verb.TAG_ALARM, action.target, params))
        found.append(replace(action, params={**action.params, "Tags": tag_list(desired.tags)}))
    return tuple(found)
