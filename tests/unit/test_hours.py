"""Office hours on a live endpoint: no stop comes that was not told before, and what is told stays true."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smendpoints.api.status import OfficeHoursStatus
from smendpoints.domain.desired.office_hours import Schedule
from smendpoints.domain.plan.hours import WARNING, announced, as_announced, input_of, to_tell
from smendpoints.domain.plan.verdict import Plan, ready, reconciling
from smendpoints.domain.reasons import Reason

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOURS, OTHER = "0123456789", "9876543210"


def minutes(number: float) -> datetime:
    return NOW + timedelta(minutes=number)


def told(stops: float | None, hours: str = HOURS, starts: float | None = None) -> OfficeHoursStatus:
    """What the status says of the next stop, in minutes from now."""
    stops_at = minutes(stops) if stops is not None else None
    return OfficeHoursStatus(hours=hours, stops_at=stops_at, starts_at=minutes(starts) if starts is not None else None)


def schedule(running: bool, changes: float | None, *, hours: str | None = HOURS) -> Schedule:
    look_at = minutes(changes - 60) if changes is not None and not running else None
    return Schedule(running, minutes(changes) if changes is not None else None, hours, look_at=look_at)


def until(stops: float) -> Schedule:
    """It runs on outside of its hours until then."""
    return Schedule(True, minutes(stops), HOURS, outside=True)


CLOSED, OPEN = schedule(False, 600), schedule(True, 300)
CASES: dict[str, tuple[Schedule, OfficeHoursStatus | None, Schedule]] = {
    "closed, and never told": (CLOSED, None, until(15)),
    "closed, and told of other hours": (CLOSED, told(-5, OTHER), until(15)),
    "closed, and told of no stop": (CLOSED, told(None), until(15)),
    "closed, and told of a stop to come": (CLOSED, told(5), until(5)),
    "closed, and told of this very moment": (CLOSED, told(0), CLOSED),
    "closed, and told of a stop that is due": (CLOSED, told(-5), CLOSED),
    "closed for a moment": (schedule(False, 5), None, until(5)),
    "closed for good": (schedule(False, None), None, until(15)),
    "open for long": (OPEN, told(300), OPEN),
    "open, and never told": (OPEN, None, OPEN),
    "open, and closing too soon to be told": (schedule(True, 10), None, schedule(True, 15)),
    "open, and closing sooner than was told of other hours": (schedule(True, 10), told(300, OTHER), schedule(True, 15)),
    "open, and closing as soon as it was told": (schedule(True, 10), told(10), schedule(True, 10)),
    "open, and closing sooner than it was told": (schedule(True, 10), told(12), schedule(True, 12)),
    "open, and closing much sooner than it was told": (schedule(True, 10), told(300), schedule(True, 10)),
    "open, and closing in a quarter of an hour": (schedule(True, 15), None, schedule(True, 15)),
    "open for good": (schedule(True, None), None, schedule(True, None)),
    "without hours": (schedule(False, 600, hours=None), None, schedule(False, 600, hours=None)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_live_endpoint_runs_until_a_stop_that_was_told(sight: Callable[..., Any], name: str) -> None:
    wanted, said, expected = CASES[name]
    assert as_announced(wanted, sight().observed.endpoint, said, NOW) == expected
    assert timedelta(minutes=15) == WARNING


@pytest.mark.parametrize("status", ["Deleting", "Failed", None])
def test_what_does_not_serve_needs_no_warning(sight: Callable[..., Any], status: str | None) -> None:
    seen = sight(exists=status is not None, shows={"status": status} if status else None)
    assert as_announced(CLOSED, seen.observed.endpoint, None, NOW) == CLOSED
    given = input_of(seen.resource, seen.desired, seen.observed, CLOSED, NOW)
    assert (given.schedule, given.now, given.observed) == (CLOSED, NOW, seen.observed)
    live = sight()
    assert input_of(live.resource, live.desired, live.observed, CLOSED, NOW).schedule == until(15)


def test_the_status_tells_the_next_stop_or_the_next_start() -> None:
    assert to_tell(schedule(True, 300, hours=None), told(5)) is None
    assert to_tell(OPEN, None) == OfficeHoursStatus(hours=HOURS, stops_at=minutes(300), outside=False)
    assert to_tell(until(15), None) == OfficeHoursStatus(hours=HOURS, stops_at=minutes(15), outside=True)
    assert to_tell(CLOSED, told(-5)) == told(-5, starts=600), "the stop that it was told of, until it is gone"
    assert to_tell(CLOSED, told(-5, OTHER)) == told(None, starts=600)
    assert to_tell(CLOSED, None) == told(None, starts=600)


IN_SERVICE = ready(Reason.IN_SERVICE, "in service")
KEPT_ON = (
    "outside of its office hours: stops at 2026-11-22T12:15:00Z; to keep it on, set the annotation "
    "smendpoints.dev/keepRunningUntil to a later time, such as 2026-11-22T16:15:00Z"
)


@pytest.mark.parametrize(
    ("wanted", "verdict", "note"),
    [
        (OPEN, IN_SERVICE, "stops at 2026-11-22T17:00:00Z"),
        (OPEN, ready(Reason.SUSPENDED, "suspended"), None),
        (OPEN, reconciling(Reason.UPDATING, "updating"), None),
        (until(15), IN_SERVICE, KEPT_ON),
        (until(15), reconciling(Reason.UPDATING, "updating"), KEPT_ON),
        (schedule(True, None), IN_SERVICE, None),
        (schedule(True, 300, hours=None), IN_SERVICE, None),
        (CLOSED, IN_SERVICE, None),
    ],
)
def test_ready_tells_of_the_stop(sight: Callable[..., Any], wanted: Schedule, verdict: Any, note: str | None) -> None:
    given = replace(sight().given, schedule=wanted)
    message = announced(Plan(verdict), given).verdict.message
    assert message == (f"{verdict.message}; {note}" if note else verdict.message)
    nothing = replace(sight(exists=False).given, schedule=wanted)
    assert announced(Plan(verdict), nothing).verdict == verdict
