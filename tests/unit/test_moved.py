"""An object whose status says that all is well, and whose listings show no change, is neither observed nor planned."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from smendpoints.aws.listed.watch import ABSENT
from smendpoints.controller.memory import Memory
from smendpoints.controller.moved import fingerprint, nothing_moved, was_settled
from smendpoints.controller.observe import Glance
from smendpoints.domain.desired.office_hours import Schedule
from smsandbox.testing.listed import ARN

BEGAN = datetime(2026, 11, 22, 11, tzinfo=UTC)
RUNS, STOPPED = Schedule(running=True), Schedule(running=False)
HOURS = "0123456789"


@dataclass(frozen=True)
class Listed:
    """An endpoint, as listed."""

    said: str = "in service"
    status: str = "InService"

    def fingerprint(self) -> list[str]:
        return [self.said]


@dataclass
class Watch:
    """Listings that say one thing."""

    listed: Any = field(default_factory=Listed)
    gone: frozenset[str] = frozenset()
    known: bool = True
    read: list[str] = field(default_factory=list)

    def settled(self, name: str, since: float) -> Any:
        return self.listed

    def missing(self, names: frozenset[str], since: float) -> frozenset[str]:
        return self.gone & names

    def look(self, name: str, *, max_age: float) -> None:
        self.read.append("endpoints")

    def audit(self, max_age: float) -> None:
        self.read.append("the rest")
        self.known = True


LOOKED = {"looked": True, "summary": Listed(), "needs": frozenset({"model"})}
SHOWN = Glance(summary=Listed(), since_written=True, absent=False)  # type: ignore[arg-type]
UPDATING = replace(SHOWN, summary=Listed(status="Updating"))  # type: ignore[arg-type]
# What is remembered, what is shown, what is gone, and whether nothing has happened.
GLANCES: dict[str, tuple[Mapping[str, Any], Glance, frozenset[str], bool]] = {
    "the same as before": (LOOKED, SHOWN, frozenset(), True),
    "never looked at": ({**LOOKED, "looked": False}, SHOWN, frozenset(), False),
    "another than before": ({**LOOKED, "summary": Listed("other")}, SHOWN, frozenset(), False),
    "not listed since it was changed": (LOOKED, replace(SHOWN, since_written=False), frozenset(), False),
    "without its model": (LOOKED, SHOWN, frozenset({"model"}), False),
    "without another's model": (LOOKED, SHOWN, frozenset({"other"}), True),
    "still being updated": ({**LOOKED, "expects": "Updating"}, UPDATING, frozenset(), True),
    "no longer being updated": ({**LOOKED, "expects": "Updating"}, SHOWN, frozenset(), False),
    "not yet listed as being updated": (
        {**LOOKED, "expects": "Updating"},
        replace(SHOWN, since_written=False),
        frozenset(),
        True,
    ),
}


def test_a_process_that_has_just_started_has_looked_at_nothing_not_even_at_what_is_not_there() -> None:
    absent = Glance(summary=None, since_written=True, absent=True)
    assert not nothing_moved(Watch(), absent, Memory(), 0.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", GLANCES)
def test_an_endpoint_has_not_moved_if_it_is(name: str) -> None:
    seen, shown, gone, still = GLANCES[name]
    memory = Memory()
    memory.seen = replace(memory.seen, **seen)
    memory.schedule.deadline = 100.0
    assert nothing_moved(Watch(gone=gone), shown, memory, 99.0) is still  # type: ignore[arg-type]
    assert nothing_moved(Watch(gone=gone), shown, memory, 100.0) is False  # type: ignore[arg-type]


def settled(
    sight: Callable[..., Any], watch: Watch, *, conditions: Mapping[str, str] | None = None, **status: Any
) -> Any:
    """An object whose status says that all was as wanted, with changes, and what it wants."""
    seen = sight()
    types = {"Ready": "True", "Available": "True", "Drifted": "False", **(conditions or {})}
    at = {"reason": "InService", "message": "", "observedGeneration": 4, "lastTransitionTime": BEGAN}
    whole = {
        "observedGeneration": 4,
        "converged": {"generation": 4, "fingerprint": fingerprint(watch, seen.desired)},  # type: ignore[arg-type]
        "resolved": {"endpointName": "default-iris", "region": "us-east-1"},
        "createdInAWS": True,
        "endpoint": {"name": "default-iris", "arn": f"{ARN}:endpoint/default-iris", "status": "InService"},
        "conditions": [{"type": kind, "status": value, **at} for kind, value in types.items() if value],
        **status,
    }
    changed = type(seen.resource.status).model_validate(whole)
    return seen.resource.model_copy(update={"status": changed}), seen.desired


STALE = {"generation": 3, "fingerprint": "x"}
# What is else in the status or its conditions; `True` says that the object is settled still.
STATUSES: dict[str, tuple[dict[str, Any], dict[str, str], bool]] = {
    "all is well": ({}, {}, True),
    "it was never brought about": ({"converged": None}, {}, False),
    "another generation was brought about": ({"converged": STALE}, {}, False),
    "another generation was observed": ({"observedGeneration": 3}, {}, False),
    "something waited to be done": ({"converged": {"generation": 4}}, {}, False),
    "it was listed in another way": ({"converged": {"generation": 4, "fingerprint": "x"}}, {}, False),
    "nothing is pinned": ({"resolved": None}, {}, False),
    "an experiment had the traffic": ({"trafficOwner": {"experiment": "x", "weights": {}}}, {}, False),
    "it is not written down that it was made": ({"createdInAWS": None}, {}, False),
    "nothing was made": ({"createdInAWS": False}, {}, False),
    "it was not told whether it serves": ({}, {"Available": ""}, False),
    "it was not ready": ({}, {"Ready": "False"}, False),
    "it was stuck": ({}, {"Stalled": "True"}, False),
    "it had drifted": ({}, {"Drifted": "True"}, False),
    "there were alarms": ({"monitoring": {}}, {}, False),
    "it was stopped": ({"endpoint": {"name": "default-iris", "status": "Stopped"}}, {}, False),
    "it had office hours": ({"officeHours": {"hours": HOURS}}, {}, False),
    "it was rolled back": (
        {"rolledBackTo": {"asked": "2", "generation": 4, "revision": 2, "configName": "c"}},
        {},
        False,
    ),
}


@pytest.mark.parametrize("name", STATUSES)
def test_after_a_restart_an_object_is_settled_unless(sight: Callable[..., Any], name: str) -> None:
    status, conditions, still = STATUSES[name]
    watch = Watch()
    resource, desired = settled(sight, watch, conditions=conditions, **status)
    assert was_settled(watch, resource, desired, RUNS) is still  # type: ignore[arg-type]
    assert watch.read == []


def test_the_hours_that_hold_are_those_that_the_status_told(sight: Callable[..., Any]) -> None:
    watch = Watch()
    stopped = {"endpoint": {"name": "default-iris", "status": "Stopped"}, "officeHours": {"hours": HOURS}}
    runs = {"officeHours": {"hours": HOURS}}
    for status, schedule, still in (
        (stopped, replace(STOPPED, hours=HOURS), True),
        (stopped, replace(RUNS, hours=HOURS), False),
        (runs, replace(RUNS, hours=HOURS), True),
        (runs, replace(STOPPED, hours=HOURS), False),
        (runs, replace(RUNS, hours="other"), False),
        ({}, replace(RUNS, hours=HOURS), False),
        ({"endpoint": None}, RUNS, True),
    ):
        resource, desired = settled(sight, watch, **status)
        assert was_settled(watch, resource, desired, schedule) is still, (status, schedule)  # type: ignore[arg-type]


def test_lists_that_were_never_read_are_read_once(sight: Callable[..., Any]) -> None:
    watch = Watch()
    resource, desired = settled(sight, watch)
    watch.known = False
    assert was_settled(watch, resource, desired, RUNS)  # type: ignore[arg-type]
    assert was_settled(watch, resource, desired, RUNS)  # type: ignore[arg-type]
    assert watch.read == ["endpoints", "the rest"]


def test_a_fingerprint_is_of_what_is_wanted_and_of_how_it_is_listed(sight: Callable[..., Any]) -> None:
    plain, tagged = sight().desired, sight({"tags": {"team": "ml"}}).desired
    heavy = sight({"variant": {"weight": 3}}).desired
    scaled = sight(
        {"variant": {"scaling": {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 7}}}
    ).desired
    other = sight({"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}}).desired
    found = {fingerprint(Watch(), each) for each in (plain, tagged, heavy, scaled, other)}  # type: ignore[arg-type]
    found.add(fingerprint(Watch(Listed("else")), plain))  # type: ignore[arg-type]
    assert len(found) == 6
    assert None not in found


def test_there_is_no_fingerprint_of_what_is_not_listed_or_lacks_something(sight: Callable[..., Any]) -> None:
    desired = sight().desired
    gone = desired.contents()
    assert fingerprint(Watch(None), desired) is None  # type: ignore[arg-type]
    assert fingerprint(Watch(gone=gone), desired) is None  # type: ignore[arg-type]
    assert fingerprint(Watch(ABSENT, gone=gone), desired) is not None, "one that is stopped"  # type: ignore[arg-type]
