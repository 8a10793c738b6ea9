"""From `kubectl apply` to a prediction and back to nothing, on the real parts."""

import time
from collections import Counter

import yaml

from smsandbox.testing.holdings import LISTS
from smsandbox.testing.specs import spec
from smsandbox.testing.stage import Stage, condition, has
from smsandbox.world import AWS_SETTINGS, OPERATOR_SETTINGS, World


def manifest(name: str, wanted: object) -> str:
    body = {
        "apiVersion": "smendpoints.dev/v1alpha1",
        "kind": "SageMakerEndpoint",
        "metadata": {"name": name},
        "spec": wanted,
    }
    return yaml.safe_dump(body)


def test_kubectl_applies_waits_shows_and_deletes(stage: Stage) -> None:
    assert stage.kubectl("apply", "-f", "-", stdin=manifest("iris", spec())).strip() == (
        "sagemakerendpoint.smendpoints.dev/iris created"
    )
    waited = stage.kubectl("wait", "--for=condition=Ready", "--timeout=240s", "smendpoint/iris")
    assert waited.strip() == "sagemakerendpoint.smendpoints.dev/iris condition met"

    head, row = (line.split() for line in stage.kubectl("get", "smendpoints").splitlines())
    assert head == ["NAME", "STATUS", "READY", "AVAILABLE", "INSTANCES", "TRAFFIC", "AGE"]
    assert row[:6] == ["iris", "InService", "True", "True", "1/1", "primary=100"]
    wide = stage.kubectl("get", "smep", "-o", "wide")
    config = stage.get("iris")["status"]["endpoint"]["configName"]
    assert stage.endpoint_name("iris") in wide
    assert config in wide

    stage.see(lambda: {"Creating", "InService"} <= {event[1] for event in stage.events("iris")}, "both Events")
    described = stage.kubectl("describe", "smendpoint", "iris")
    assert "Normal  Creating" in described
    assert "Normal  InService" in described

    deleted = stage.kubectl("delete", "smendpoint", "iris", "--timeout=240s")
    assert 'sagemakerendpoint.smendpoints.dev "iris" deleted' in deleted
    assert stage.left() == {}


def test_status_follows_kstatus_and_tells_of_variants_and_history(stage: Stage) -> None:
    stage.apply("iris", spec())
    first = stage.until("iris", lambda found: condition(found, "Ready") is not None, "a Ready condition")
    assert has(first, "Ready") != has(first, "Reconciling")
    found = stage.ready("iris")
    kinds = {each["type"]: each["status"] for each in found["status"]["conditions"]}
    assert kinds == {"Available": "True", "Ready": "True", "AutoscalingActive": "True", "Drifted": "False"}
    assert {each["observedGeneration"] for each in found["status"]["conditions"]} == {1}
    variant = found["status"]["variants"][0]
    assert (variant["name"], variant["minCapacity"], variant["maxCapacity"]) == ("primary", 1, 5)
    assert variant["digest"].startswith("sha256:")
    assert [each["outcome"] for each in found["status"]["history"]] == ["Deployed"]
    assert found["status"]["endpoint"]["url"].endswith(f"/endpoints/{stage.endpoint_name('iris')}/invocations")


def test_an_autoscaled_endpoint_costs_ten_calls_beside_the_lists_none_of_them_failing(stage: Stage) -> None:
    stage.cloud.simulator.set({**AWS_SETTINGS, "containers": False})
    stage.start_operator(World(stage.cloud.world.folder, bound=True))
    stage.cloud.simulator.forget_calls()
    began = time.monotonic()
    stage.apply("iris", spec())
    stage.ready("iris")
    counts = stage.cloud.simulator.counts()
    made = {
        f"{operation} {code}": number
        for service, operations in counts.items()
        if service != "sqs"  # looks into the queue of events, for all objects together
        for operation, codes in operations.items()
        for code, number in codes.items()
    }
    print(made)
    assert [call for call in made if not call.endswith(" OK")] == []
    own = Counter({call.removesuffix(" OK"): number for call, number in made.items()}) - LISTS
    assert sum(own.values()) <= 10, own
    period = float(OPERATOR_SETTINGS["POLL_SECONDS"])  # that of the watch, too; a slow machine needs more of them
    assert made["ListEndpoints OK"] <= 2 * (2 + (time.monotonic() - began) / period)


def test_an_idle_object_costs_no_write_and_no_call_of_its_own(stage: Stage) -> None:
    simulator = stage.cloud.simulator

    def is_idle() -> bool:
        before = stage.get("iris")["metadata"]["resourceVersion"]
        simulator.forget_calls()
        stage.listings(3)
        made = {(service, operation) for service, operations in simulator.counts().items() for operation in operations}
        own = {operation for service, operation in made if service != "sqs"} - LISTS.keys()
        return stage.get("iris")["metadata"]["resourceVersion"] == before and not own

    stage.apply("iris", spec())
    stage.ready("iris")
    stage.see(is_idle, "three listings of the watch, and nothing else")


def test_twenty_objects_applied_at_once_converge_side_by_side(stage: Stage) -> None:
    names = [f"iris-{number}" for number in range(20)]
    manifests = "---\n".join(manifest(name, spec()) for name in names)
    stage.kubectl("apply", "-f", "-", stdin=manifests)
    for name in names:
        stage.ready(name)
    assert len(stage.inventory()["endpoints"]) == 20
    assert len(stage.inventory()["targets"]) == 20
    stage.kubectl("delete", "smendpoints", "--all", "--timeout=240s")
    assert stage.left() == {}


def test_the_operator_does_nothing_before_its_finalizer_is_there(stage: Stage) -> None:
    stage.apply("iris", spec())
    stage.delete("iris")
    stage.gone("iris")
    assert stage.left() == {}
