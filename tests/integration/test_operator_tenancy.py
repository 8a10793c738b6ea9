"""Names and policies through the real operator: what is another's is not taken, what is not allowed is not changed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from smendpoints.api.group import GROUP, POLICY_KIND, POLICY_PLURAL, VERSION
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.testing.stage import Stage, condition, has, message


@pytest.fixture
def other(stage: Stage) -> Iterator[Stage]:
    """Another namespace of the same cluster."""
    namespace = f"{stage.namespace}-x"
    stage.cloud.plane.kubectl("create", "namespace", namespace)
    made = Stage(stage.cloud, namespace)
    yield made
    made.clean()


class Policies:
    """Policies for one namespace, told by its name; all are gone afterwards."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._names: set[str] = set()

    def apply(self, name: str, **fields: Any) -> None:
        name = f"{self._stage.namespace}-{name}"
        self._names.add(name)
        selector = {"matchLabels": {"kubernetes.io/metadata.name": self._stage.namespace}}
        body = {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": POLICY_KIND,
            "metadata": {"name": name},
            "spec": {"namespaceSelector": selector, **fields},
        }
        self._stage.cloud.plane.kubectl("apply", "-f", "-", stdin=json.dumps(body))

    def delete(self) -> None:
        for name in self._names:
            self._stage.cloud.plane.kubectl("delete", POLICY_PLURAL, name, "--ignore-not-found")
        self._names.clear()


@pytest.fixture
def policies(stage: Stage) -> Iterator[Policies]:
    made = Policies(stage)
    yield made
    made.delete()


def edit(stage: Stage, wanted: dict[str, Any]) -> None:
    """Replace the spec. (`Stage.apply` begins with a creation, which a policy refuses.)"""
    patch = json.dumps([{"op": "replace", "path": "/spec", "value": wanted}])
    stage.kubectl("patch", "smendpoint", "iris", "--type=json", "--patch", patch)


def test_a_stopped_endpoint_keeps_its_name_and_its_clients_are_answered_by_nobody_else(
    stage: Stage, other: Stage
) -> None:
    stage.cloud.simulator.change(containers=True, time_scale=60)
    stage.apply("iris", spec())
    stage.ready("iris")
    assert b"hello" in stage.invoke("iris")["Body"]
    stage.apply("iris", spec(desiredState="Stopped"))
    stage.ready("iris")
    name = stage.endpoint_name("iris")
    other.apply("thief", with_variant(spec(endpointName=name.upper()), modelArtifact=ARTIFACTS[1]))
    found = other.stalled("thief", "NameTaken")
    assert "is taken; recreate the object with another spec.endpointName" in message(found)
    assert stage.namespace not in message(found).lower().replace(name, "")
    assert found["status"]["createdInAWS"] is False
    stage.kill_operator()
    stage.start_operator()
    other.stalled("thief", "NameTaken")
    with pytest.raises(stage.cloud.aws("sagemaker-runtime").exceptions.ClientError, match="not found"):
        stage.invoke("iris")
    stage.apply("iris", spec())
    stage.ready("iris")
    assert b"hello" in stage.invoke("iris")["Body"]
    assert stage.served("iris").artifact == ARTIFACTS[0]
    stage.delete("iris")
    stage.gone("iris")
    other.ready("thief")  # it waited, and goes on by itself
    other.delete("thief")
    other.gone("thief")


def test_a_policy_that_comes_later_stops_every_change_and_says_why_but_not_stopping_and_deleting(
    stage: Stage, policies: Policies
) -> None:
    stage.apply("iris", spec())
    stage.ready("iris")
    served = stage.served("iris")
    policies.apply("types", instanceTypes=["ml.c5.*"])
    found = stage.until("iris", lambda each: has(each, "Stalled"), "Stalled")
    assert (condition(found, "Ready") or {})["status"] == "True", "it serves what the spec says"
    assert f"policy {stage.namespace}-types, instanceTypes: " in message(found)
    edit(stage, with_variant(spec(), modelArtifact=ARTIFACTS[1]))  # about which the policy says nothing
    stage.stalled("iris", "PolicyViolation")
    stage.listings(2)
    assert stage.served("iris") == served
    edit(stage, with_variant(spec(desiredState="Stopped"), modelArtifact=ARTIFACTS[1]))
    stage.until("iris", lambda each: each["status"]["endpoint"]["status"] == "Stopped", "stopped")
    stage.delete("iris")
    stage.gone("iris")
