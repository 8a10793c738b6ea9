"""The plan for `spec.monitoring`: which alarms to put and to delete, and whether the dashboard. A pure function.

It is made beside the plan of the endpoint, and never stands in its way. Not here: whose they are, see `alarms`.
"""

import json
from collections.abc import Iterable, Mapping

from smendpoints.domain.desired.dashboard import MARK
from smendpoints.domain.desired.monitoring import DesiredMonitoring
from smendpoints.domain.desired.scaling import UNNAMED
from smendpoints.domain.observed.diff import covers
from smendpoints.domain.observed.monitoring import ObservedDashboard
from smendpoints.domain.observed.observed import Json
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.changes import ARROW, NONE


def delete_dashboard(name: str) -> Action:
    """The call that deletes it."""
    return Action(Verb.DELETE_DASHBOARD, name, {"DashboardNames": [name]})


def plan_alarms(wanted: DesiredMonitoring, found: Mapping[str, Json]) -> tuple[Action, ...]:
    """The alarms that differ, or are not there, then those that are not wanted."""
    actions = [
        Action(Verb.PUT_ALARM, alarm["AlarmName"], alarm)
        for alarm in wanted.alarms
        if not covers(alarm, found.get(alarm["AlarmName"]), UNNAMED)
    ]
    stale = sorted(found.keys() - set(wanted.names()))
    if stale:
        actions.append(Action(Verb.DELETE_ALARMS, ", ".join(stale), {"AlarmNames": stale}))
    return tuple(actions)


def plan_dashboard(wanted: DesiredMonitoring, found: ObservedDashboard | None) -> tuple[Action, ...]:
    """The dashboard is put where it differs, and deleted where none is wanted."""
    if wanted.keeps_dashboard:
        return ()
    if wanted.dashboard is None:
        return (delete_dashboard(found.name),) if found is not None else ()
    if found is not None and found.body == wanted.body:
        return ()
    body = json.dumps(wanted.body, sort_keys=True, separators=(",", ":"))
    return (Action(Verb.PUT_DASHBOARD, wanted.dashboard, {"DashboardName": wanted.dashboard, "DashboardBody": body}),)


def is_abandoned(found: ObservedDashboard) -> bool:
    """Whether a dashboard without an owner is the orphan of an object: its own text says who made it."""
    return MARK in json.dumps(found.body)


def in_words(actions: Iterable[Action], alarms: Mapping[str, Json], *, dashboard: bool) -> tuple[str, ...]:
    """What the calls change, for people; `dashboard`: there is one."""
    words: list[str] = []
    for action in actions:
        if action.verb is Verb.DELETE_ALARMS:
            words += [f"alarm {name} {ARROW} {NONE}" for name in action.params["AlarmNames"]]
        elif action.verb is Verb.PUT_ALARM:
            there = action.target in alarms
            words.append(f"alarm {action.target} " + ("differs from the spec" if there else f"{NONE} {ARROW} set"))
        elif action.verb is Verb.PUT_DASHBOARD:
            words.append(
                f"dashboard {action.target} " + ("differs from the spec" if dashboard else f"{NONE} {ARROW} set")
            )
        elif action.verb is Verb.DELETE_DASHBOARD:
            words.append(f"dashboard {action.target} {ARROW} {NONE}")
    return tuple(words)
