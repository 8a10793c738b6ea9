"""Every kind of endpoint of the samples reaches AWS in full, is read back without false drift, and leaves nothing."""

from pathlib import Path

import pytest

from smsandbox.testing.harness import Harness
from smsandbox.testing.samples import endpoints, furnish, samples


@pytest.mark.parametrize("path", samples(), ids=lambda path: path.stem)
def test_a_sample_is_made_rests_rolls_out_and_goes(path: Path, harness: Harness) -> None:
    alarms: set[str] = set()
    documents = endpoints(path)
    for document in documents:
        furnish(document["spec"], harness.client)
        alarms |= set(document["spec"].get("rollout", {}).get("rollback", {}).get("alarmNames", []))
    for document in documents:
        name, spec = document["metadata"]["name"], document["spec"]
        if "officeHours" in spec:
            spec = {key: value for key, value in spec.items() if key != "officeHours"}
        harness.apply(name, spec)
        harness.settle(name)
        ready = harness.condition(name, "Ready")
        assert ready is not None
        assert (ready.status, ready.reason) == ("True", "InService"), ready.message
        harness.run(180)
        harness.events.clear()
        writes = harness.writes
        harness.run(600, 15)
        assert harness.writes == writes
        assert [event for event in harness.events if event.reason == "DriftFound"] == []
        first = spec["variants"][0]
        if "containers" in first:
            containers = [{**first["containers"][0], "environment": {"REVISION": "2"}}, *first["containers"][1:]]
            first = {**first, "containers": containers}
        else:
            first = {**first, "environment": {**first.get("environment", {}), "REVISION": "2"}}
        changed = {**spec, "variants": [first, *spec["variants"][1:]]}
        harness.apply(name, changed)
        resource = harness.settle(name)
        assert harness.condition(name, "Stalled") is None, harness.condition(name, "Stalled")
        assert [each.outcome for each in resource.status.history] == ["Deployed", "Deployed"]
        harness.delete(name)
        harness.settle_gone(name)
    left = {key: sorted(set(value) - alarms) for key, value in harness.inventory().items()}
    assert {key: value for key, value in left.items() if value} == {}
