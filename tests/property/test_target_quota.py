"""More objects than scalable targets, in virtual time: who is over is told before the launch, and delays nobody."""

import pytest

from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ECHO_IMAGE, spec, with_variant
from smsandbox.testing.virtual_aws import BRISK
from smsandbox.world import REGION

QUOTA = 5
WRITES = ("CreateModel", "CreateEndpointConfig", "CreateEndpoint", "RegisterScalableTarget")


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


def crowd(number: int, quota: int = QUOTA) -> tuple[Harness, list[str]]:
    harness = Harness(settings={**BRISK, "options": {"scalable_target_quota": quota}})
    names = [f"iris-{each}" for each in range(number)]
    for name in names:
        harness.apply(name, spec())
    return harness, names


def status_of(harness: Harness, name: str, kind: str) -> str:
    condition = harness.condition(name, kind)
    return condition.status if condition is not None else ""


def ready(harness: Harness, names: list[str]) -> list[str]:
    return [name for name in names if status_of(harness, name, "Ready") == "True"]


def until_ready(number: int) -> tuple[float, int, Harness, list[str]]:
    """Seconds and calls until as many are ready as the quota allows, of so many; with the harness as it is then."""
    harness, names = crowd(number)
    begun = harness.clock.now()
    harness.world.calls.reset()
    while len(ready(harness, names)) < QUOTA:
        assert harness.clock.now() < begun + 3600.0
        harness.tick()
        harness.world.advance(1.0)
    return harness.clock.now() - begun, harness.world.calls.count(), harness, names


def test_those_within_the_quota_are_ready_as_soon_as_if_alone_and_the_others_cost_nothing() -> None:
    seconds, calls, alone, _ = until_ready(QUOTA)
    alone.simulator.close()
    crowded_seconds, crowded_calls, harness, names = until_ready(2 * QUOTA)
    print(
        f"alone {seconds:.0f} s and {calls} calls; beside as many over the quota {crowded_seconds:.0f} s, {crowded_calls}"
    )
    assert crowded_seconds == seconds
    assert crowded_calls <= calls + 4  # the quota and the targets are asked for once more before anybody is refused
    over = [name for name in names if name not in ready(harness, names)]
    for name in over:
        condition = harness.condition(name, "Stalled")
        assert condition is not None
        assert condition.reason == "QuotaExceeded"
        assert f"0 of {QUOTA} scalable targets are left in {REGION}, and this endpoint needs 1" in condition.message
        assert harness.resource(name).status.created_in_aws is False
    harness.world.calls.reset()
    harness.run(2 * 3600.0, tick=15.0)
    assert [harness.calls(each) for each in WRITES] == [0] * len(WRITES)
    looks = harness.calls("ListServiceQuotas") + harness.calls("DescribeImages") + harness.calls("ListObjectsV2")
    print(f"{looks} looks of pre-flight for {len(over)} that wait two hours")
    assert looks <= 2 * 60 / 5 * 2
    assert harness.calls("DescribeImages") <= 3 * QUOTA  # those in service look once an hour, those that wait never
    harness.simulator.close()


def test_who_waits_for_a_target_goes_on_by_itself_when_one_is_free() -> None:
    harness, names = crowd(2, quota=1)
    for name in names:
        harness.settle(name)
    (first,) = ready(harness, names)
    (second,) = set(names) - {first}
    harness.delete(first)
    harness.settle_gone(first)
    harness.settle_told(second, "InService", limit=3 * 3600.0)
    harness.simulator.close()


def test_an_endpoint_that_cannot_be_launched_keeps_its_target_from_nobody() -> None:
    harness, _ = crowd(0, quota=1)
    harness.apply("missing", with_variant(spec(), image=ECHO_IMAGE.replace(":1.0", ":9.9")))
    harness.settle("missing")
    harness.apply("iris", spec())
    harness.settle("iris")
    assert status_of(harness, "iris", "Ready") == "True"
    harness.simulator.close()


def test_a_raised_quota_lets_them_go_on() -> None:
    harness, names = crowd(3, quota=1)
    for name in names:
        harness.settle(name)
    assert len(ready(harness, names)) == 1
    harness.world.settings = harness.world.settings.changed({"options": {"scalable_target_quota": 3}})
    for name in names:
        harness.settle_told(name, "InService", limit=3 * 3600.0)
    harness.simulator.close()


def test_without_scaling_no_target_is_needed() -> None:
    harness, (name,) = crowd(1, quota=0)
    harness.settle(name)
    assert status_of(harness, name, "Stalled") == "True"
    harness.apply(name, with_variant(spec(), scaling=None))
    harness.settle_told(name, "InService")
    harness.simulator.close()
