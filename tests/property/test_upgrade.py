"""Objects of the release before go on, with their names, tags and status: nothing is written to AWS after the upgrade.

`releases/68f25e9.json` holds what that release's code did in virtual time: its calls, which are made again here one by
one, and the objects as it left them. One of them is refused: its name is another's.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import spec

RELEASE = json.loads((Path(__file__).parent / "releases" / "68f25e9.json").read_text())
SERVICES = {"auto scaling": "application-autoscaling"}
ADDED = {"createdInAWS", "resolved", "converged", "pendingVariants", "inPlace", "launchedFrom"}
ADDED_TO_VARIANTS = {"shadow", "modelArtifact", "containers"}
RENAMED = {
    "steps": "totalSteps",
    "step": "awsMessage",
    "takenOff": "autoscalingSnapshot",
}  # of the last, nothing was off


@pytest.fixture
def upgraded(harness: Harness) -> Harness:
    """The AWS of the release before, its objects, and the operator of now that has just begun."""
    begun = harness.clock.now()
    for call in RELEASE["calls"]:
        harness.world.advance(max(0.0, begun + call["at"] - harness.clock.now()))
        name = "".join(f"_{each.lower()}" if each.isupper() else each for each in call["operation"]).lstrip("_")
        getattr(harness.client(call["service"]), name)(**call["params"])
    harness.world.advance(begun + RELEASE["ended"] - harness.clock.now())
    for name, body in RELEASE["objects"].items():
        stamp = {"creationTimestamp": f"2023-11-14T22:13:2{len(harness.objects)}Z"}
        harness.api.put(name, {**body, "metadata": {**body["metadata"], **stamp}})
    harness.restart()
    return harness


def writes(harness: Harness) -> dict[str, int]:
    """Calls that are no reads, whatever their result."""
    reads = ("Describe", "List", "Get", "Head", "BatchGet")
    return {
        operation: sum(codes.values())
        for operations in harness.world.calls.counts().values()
        for operation, codes in operations.items()
        if not operation.startswith(reads)
    }


def in_words_of_now(status: dict[str, Any]) -> dict[str, Any]:
    if "rollout" not in status:
        return status
    return {**status, "rollout": {RENAMED.get(key, key): value for key, value in status["rollout"].items()}}


def without_what_is_new(status: dict[str, Any]) -> dict[str, Any]:
    """And without messages, as each release may say the same in other words."""
    known = {key: value for key, value in status.items() if key not in ADDED}
    known["conditions"] = [
        {key: value for key, value in each.items() if key not in {"message", "observedGeneration"}}
        for each in status["conditions"]
        if each["type"] != "Available"
    ]
    if "variants" in known:
        known["variants"] = [
            {key: value for key, value in each.items() if key not in ADDED_TO_VARIANTS} for each in known["variants"]
        ]
    return known


def without_empty_lists(value: Any) -> Any:
    """The release before wrote them."""
    if isinstance(value, dict):
        return {key: without_empty_lists(each) for key, each in value.items() if each != []}
    return [without_empty_lists(each) for each in value] if isinstance(value, list) else value


def told(body: Any, name: str) -> dict[str, Any]:
    return {each["type"]: (each["status"], each["reason"]) for each in body["status"]["conditions"]} | {"name": name}


def test_nothing_is_written_to_aws_and_the_status_only_gains(upgraded: Harness) -> None:
    before = writes(upgraded)
    statuses = {name: dict(each.body["status"]) for name, each in upgraded.objects.items()}
    upgraded.run(1800)
    assert writes(upgraded) == before
    for name in ("iris", "named", "night"):
        now = upgraded.objects[name].body["status"]
        before_it = without_empty_lists(in_words_of_now(statuses[name]))
        assert without_what_is_new(now) == without_what_is_new(before_it), name
        assert "Available" in {each["type"] for each in now["conditions"]}
        assert now["createdInAWS"] is True
    resolved = upgraded.resource("named").status.resolved
    assert resolved is not None
    assert (resolved.endpoint_name, resolved.region) == ("shop", "us-east-1")
    assert told(upgraded.objects["refused"].body, "refused")["Stalled"] == ("True", "NameTaken")


def test_policies_with_defaults_that_come_with_the_release_give_nobody_a_new_fleet(upgraded: Harness) -> None:
    before = writes(upgraded)
    subnets = {"subnetIDs": ["subnet-1", "subnet-2"], "securityGroupIDs": ["sg-1"]}
    upgraded.policy("new", {"defaults": {"region": "eu-west-1", "vpc": subnets, "tags": {"team": "x"}}})
    upgraded.run(1800)
    assert writes(upgraded) == before
    for name in ("iris", "named", "night"):
        assert told(upgraded.objects[name].body, name)["Ready"][0] == "True", "found where it always was"


def test_they_can_be_edited_started_and_deleted(upgraded: Harness) -> None:
    upgraded.run(60)
    upgraded.apply("night", spec(deletionPolicy="Delete"))
    upgraded.settle_told("night", "InService")
    for name in ("iris", "named", "night", "refused"):
        upgraded.delete(name)
        upgraded.settle_gone(name)
    assert upgraded.inventory()["endpoints"] == ["shop"], "retained, as its spec says"


def test_the_name_of_a_stopped_object_of_the_release_before_is_taken(upgraded: Harness) -> None:
    upgraded.labels |= {"thief": {}}
    upgraded.apply("thief/x", spec(endpointName="default-night"))
    upgraded.settle("thief/x")
    assert told(upgraded.objects["thief/x"].body, "x")["Stalled"] == ("True", "NameTaken")
