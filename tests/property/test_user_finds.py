"""What a user of the first days stumbled over, in virtual time."""

from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import spec


def test_an_object_at_rest_stalls_when_the_operator_may_not_look_any_more(harness: Harness) -> None:
    harness.apply("iris", spec())
    harness.settle("iris")
    harness.run(120)
    harness.world.faults.add({"kind": "access_denied", "operation": "ListEndpoints"})
    harness.run(300)
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert stalled.reason == "AccessDenied"
    harness.world.faults.remove()
    harness.run(900)
    assert harness.condition("iris", "Stalled") is None
    writes = harness.writes
    harness.run(1800)
    assert harness.writes == writes
