"""Office hours on a live endpoint: what happens is said before, never right after an edit; in virtual time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smendpoints.api.group import KEEP_RUNNING_UNTIL
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.testing.virtual_aws import BRISK

pytestmark = pytest.mark.hours

SETTINGS = BRISK
POLL = 5.0
WARNING = 900.0


def now(harness: Harness) -> datetime:
    return datetime.fromtimestamp(harness.clock.now(), UTC)


def cron(moment: datetime) -> str:
    """Each day at this time."""
    return f"{moment.minute} {moment.hour} * * *"


def office(harness: Harness, opens: float, closes: float) -> dict[str, str]:
    """Hours that begin and end so many hours from now."""
    start, stop = (now(harness) + timedelta(hours=each) for each in (opens, closes))
    return {"start": cron(start), "stop": cron(stop)}


def exists(harness: Harness) -> bool:
    return bool(harness.client("sagemaker").list_endpoints()["Endpoints"])


def until_gone(harness: Harness, limit: float) -> float:
    """Seconds until AWS was told to delete the endpoint."""
    began = harness.clock.now()
    while exists(harness) and harness.live()["EndpointStatus"] != "Deleting":
        assert harness.clock.now() - began < limit, "it is still there"
        harness.run(POLL)
    return harness.clock.now() - began


def message(harness: Harness) -> str:
    ready = harness.condition("iris", "Ready")
    assert ready is not None
    return ready.message


def warnings(harness: Harness) -> list[str]:
    return [each.message for each in harness.events if each.reason == "OutsideOfficeHours"]


def test_hours_applied_out_of_hours_stop_a_live_endpoint_after_a_warning_only(harness: Harness) -> None:
    harness.ready()
    harness.run(60)
    harness.apply("iris", spec(officeHours=office(harness, 3, 13)))
    harness.run(POLL)
    told = harness.resource("iris").status.office_hours
    assert told is not None
    assert told.stops_at is not None
    assert f"stops at {told.stops_at:%Y-%m-%dT%H:%M:%SZ}" in message(harness)
    assert KEEP_RUNNING_UNTIL in message(harness)
    assert len(warnings(harness)) == 1
    assert WARNING - 60 <= until_gone(harness, 2 * WARNING) <= WARNING + 60
    assert now(harness) >= told.stops_at
    harness.settle_told("iris", "Stopped")
    assert len(warnings(harness)) == 1


@pytest.mark.parametrize("before", range(3))
def test_an_operator_killed_before_it_writes_warns_for_as_long(harness: Harness, before: int) -> None:
    harness.ready()
    harness.kill_before_write = before
    harness.apply("iris", spec(officeHours=office(harness, 3, 13)))
    assert until_gone(harness, 3 * WARNING) >= WARNING - 60


@pytest.mark.parametrize("restarts_after", [0.0, 60.0, 600.0, WARNING + 60])
def test_a_restart_neither_prolongs_the_warning_nor_forgets_the_stop(harness: Harness, restarts_after: float) -> None:
    harness.ready()
    harness.run(120)
    harness.apply("iris", spec(officeHours=office(harness, 3, 13)))
    harness.run(POLL)
    begun = harness.clock.now()
    if restarts_after > WARNING:
        harness.world.advance(restarts_after)  # nobody looks meanwhile
    else:
        harness.run(restarts_after)
    harness.restart()
    until_gone(harness, 2 * WARNING)
    assert WARNING - 60 <= harness.clock.now() - begun <= WARNING + 180


def test_a_stop_that_was_told_comes_on_time(harness: Harness) -> None:
    harness.ready(officeHours=office(harness, -1, 2))
    assert "; stops at " in message(harness)
    assert 7000 <= until_gone(harness, 8000) <= 7260
    assert warnings(harness) == []


def test_a_process_that_was_away_at_the_stop_makes_up_for_it_at_once(harness: Harness) -> None:
    harness.ready(officeHours=office(harness, -1, 2))
    harness.run(600)
    harness.world.advance(3 * 3600.0)
    harness.restart()
    assert until_gone(harness, WARNING) <= 60


def test_a_stop_brought_forward_to_the_next_minute_is_warned_of_too(harness: Harness) -> None:
    harness.ready(officeHours=office(harness, -1, 5))
    harness.run(60)
    harness.apply("iris", spec(officeHours=office(harness, -1, 1 / 30)))
    assert WARNING - 120 <= until_gone(harness, 2 * WARNING) <= WARNING + 60


def test_an_edit_of_something_else_takes_no_new_warning(harness: Harness) -> None:
    harness.ready()
    hours = office(harness, 3, 13)
    harness.apply("iris", spec(officeHours=hours))
    harness.run(300)
    harness.apply("iris", with_variant(spec(officeHours=hours), weight=2))
    assert until_gone(harness, 2 * WARNING) <= WARNING


def test_stopped_by_hand_needs_no_warning(harness: Harness) -> None:
    harness.ready()
    harness.apply("iris", spec(desiredState="Stopped"))
    assert until_gone(harness, WARNING) <= 60


def kept_until(harness: Harness, hours: float) -> str:
    moment = (now(harness) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    harness.annotate("iris", {KEEP_RUNNING_UNTIL: moment})
    return moment


def test_it_is_kept_on_until_then_and_the_override_ends_by_itself(harness: Harness) -> None:
    harness.ready(officeHours=office(harness, -1, 1))
    moment = kept_until(harness, 3)
    harness.run(2 * 3600)
    assert exists(harness)
    assert f"outside of its office hours: stops at {moment}" in message(harness)
    assert until_gone(harness, 2 * 3600) <= 3660
    harness.settle_told("iris", "Stopped")
    harness.run(3600)
    assert not exists(harness)


@pytest.mark.parametrize("after", range(4))
def test_it_starts_a_stopped_one_with_a_kill_between_its_steps(harness: Harness, after: int) -> None:
    harness.apply("iris", spec(officeHours=office(harness, 5, 12)))
    harness.settle("iris")
    assert not exists(harness)
    harness.kill_after = after
    kept_until(harness, 2)
    harness.run(600)
    harness.settle_told("iris", "InService")
    assert until_gone(harness, 3 * 3600) <= 2 * 3600 + 60
    harness.restart()
    harness.settle_told("iris", "Stopped")
    harness.run(1800)
    assert not exists(harness)


def test_an_override_taken_away_is_warned_of(harness: Harness) -> None:
    harness.ready(officeHours=office(harness, -1, 1))
    kept_until(harness, 6)
    harness.run(2 * 3600)
    harness.annotate("iris", {})
    assert WARNING - 60 <= until_gone(harness, 2 * WARNING) <= WARNING + 60


def test_an_override_that_cannot_be_read_is_told_and_stops_nothing(harness: Harness) -> None:
    harness.ready(officeHours=office(harness, -1, 1))
    harness.annotate("iris", {KEEP_RUNNING_UNTIL: "friday"})
    harness.run(2 * 3600)
    assert exists(harness)
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert "'friday' is not a time" in stalled.message
    harness.annotate("iris", {})
    assert until_gone(harness, 2 * WARNING) <= WARNING + 60


def test_hours_do_not_stop_right_away_what_was_just_taken_over(harness: Harness) -> None:
    harness.ready(endpointName="shop", deletionPolicy="Retain")
    harness.delete("iris")
    harness.settle_gone("iris")
    taken = spec(endpointName="shop", adoptExisting=True, officeHours=office(harness, 3, 13))
    harness.apply("iris", taken)
    harness.run(600)
    assert harness.live("shop")["EndpointStatus"] == "InService"


BROKEN: dict[str, dict[str, Any]] = {
    "its artifact": {"modelArtifact": f"{ARTIFACTS[0]}.gone"},
    "its image": {"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/echo:7.7"},
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("by_hours", [True, False], ids=["by its hours", "by hand"])
def test_what_would_not_start_is_told_while_it_is_stopped(
    harness: Harness, change: dict[str, Any], by_hours: bool
) -> None:
    how = {"officeHours": office(harness, 5, 12)} if by_hours else {"desiredState": "Stopped"}
    harness.apply("iris", with_variant(spec(**how), **change))
    harness.settle_told("iris", "StoppedCannotStart")
    assert harness.condition("iris", "Ready").status == "True"  # type: ignore[union-attr]
    assert "it could not start: " in message(harness)
    assert [each.warning for each in harness.events if each.reason == "StoppedCannotStart"] == [True]
    harness.apply("iris", spec(**how))
    harness.settle_told("iris", "Stopped")


def test_what_goes_missing_overnight_is_told_before_it_starts(harness: Harness) -> None:
    harness.apply("iris", spec(officeHours=office(harness, 8, 12)))
    harness.settle_told("iris", "Stopped")
    harness.run(3600)
    bucket, _, key = ARTIFACTS[0].removeprefix("s3://").partition("/")
    harness.client("s3").delete_object(Bucket=bucket, Key=key)
    harness.settle_told("iris", "StoppedCannotStart", limit=6.5 * 3600)
    harness.client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")
    harness.settle_told("iris", "InService", limit=3 * 3600)


def test_hours_that_cannot_be_read_are_told_while_it_is_stopped_by_hand(harness: Harness) -> None:
    harness.apply("iris", spec(desiredState="Stopped", officeHours={"start": "0 8 30 2 *", "stop": "0 18 * * *"}))
    harness.settle_told("iris", "StoppedCannotStart")
    assert "officeHours.start: '0 8 30 2 *' never comes" in message(harness)
