"""What lists show may be behind what is. They are believed to say that something moved, and not that something is gone."""

import pytest
from botocore.exceptions import ClientError

from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import spec


def there(harness: Harness) -> bool:
    """Whether the endpoint is there, as DescribeEndpoint says."""
    try:
        return bool(harness.live())
    except ClientError:
        return False


@pytest.mark.parametrize("seconds", [7.0, 45.0, 200.0])
def test_a_life_goes_its_way_though_the_lists_are_late(harness: Harness, seconds: float) -> None:
    harness.world.settings = harness.world.settings.changed({"consistency": {"listing": seconds}})
    harness.ready()
    harness.run(600)
    harness.apply("iris", {**spec(), "tags": {"team": "ml"}})
    harness.settle("iris")
    harness.run(600)
    assert there(harness)
    harness.delete("iris")
    seen = False
    for _ in range(200):
        harness.tick()
        if "iris" not in harness.objects:
            break
        seen = seen or there(harness)
        harness.world.advance(5.0)
    assert seen
    assert "iris" not in harness.objects
    assert not there(harness)  # an object does not go before its endpoint has
    harness.world.settings = harness.world.settings.changed({"consistency": {"listing": 0.0}})
    assert not any(harness.inventory().values())
    assert harness.calls("CreateEndpoint") == harness.calls("DeleteEndpoint") == 1
    assert not [event for event in harness.events if event.reason == "DriftFound"]
