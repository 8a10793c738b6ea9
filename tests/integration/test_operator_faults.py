"""AWS and the API server misbehave; the operator converges all the same, and tells what a person has to know."""

import os
import re
import signal
from collections.abc import Callable
from functools import partial

from kubernetes import client

from smendpoints.api.group import GROUP, PLURAL, VERSION
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.testing.stage import Stage, condition

CHANGING = (
    "CreateModel",
    "CreateEndpointConfig",
    "CreateEndpoint",
    "UpdateEndpoint",
    "RegisterScalableTarget",
    "DeregisterScalableTarget",
    "PutScalingPolicy",
    "DeleteEndpoint",
    "DeleteEndpointConfig",
    "DeleteModel",
)
WATCHES = 11  # takes half a minute: kopf's own attempts would have come to an end
WRITES = 4  # after longer and longer waits
NEXT = with_variant(
    spec(revisionHistoryLimit=0), modelArtifact=ARTIFACTS[1], instance={"type": "ml.c5.large", "count": 1}
)


def count(stage: Stage, operation: str) -> int:
    calls = stage.cloud.simulator.calls(stage.namespace)
    return sum(call.operation == operation and call.code in {"OK", "ResponseLost"} for call in calls)


def is_taken(edit: Callable[[], object]) -> bool:
    """Whether it is: for a moment an API server that has just started takes none, as its checks need more time."""
    try:
        edit()
    except client.ApiException as error:
        if error.status != 422:
            raise
        return False
    return True


def live_and_die(stage: Stage, name: str = "iris") -> None:
    """Create, update with all that an update may need, delete; nothing doubled, nothing left over."""
    stage.apply(name, spec(revisionHistoryLimit=0))
    stage.ready(name)
    stage.apply(name, NEXT)
    stage.ready(name)
    stage.see(lambda: len(stage.inventory(name)["configs"]) == 1, "the old config collected")
    there = stage.inventory(name)
    assert {kind: len(found) for kind, found in there.items() if kind != "alarms"} == {
        "endpoints": 1,
        "configs": 1,
        "models": 1,
        "targets": 1,
        "policies": 1,
        "schedules": 0,
        "dashboards": 0,
    }
    assert [each["outcome"] for each in stage.get(name)["status"]["history"]] == ["Deployed", "Deployed"]
    stage.delete(name)
    stage.gone(name)
    assert stage.left(name) == {}


def test_throttling_of_looks_and_changes_only_costs_time(stage: Stage) -> None:
    for operation in ("ListEndpoints", "DescribeEndpoint", *CHANGING):
        stage.cloud.simulator.fault("throttle", operation=operation, times=1)
    live_and_die(stage)


def test_every_change_whose_answer_is_lost_is_made_once(stage: Stage) -> None:
    for operation in CHANGING:
        stage.cloud.simulator.fault("lose_response", operation=operation, times=1)
    live_and_die(stage)
    assert {operation: count(stage, operation) for operation in ("CreateEndpoint", "UpdateEndpoint")} == {
        "CreateEndpoint": 1,
        "UpdateEndpoint": 1,
    }


def test_the_api_server_goes_away_for_half_a_minute_during_an_update(stage: Stage) -> None:
    stage.apply("iris", spec())
    stage.ready("iris")
    held = stage.cloud.simulator.fault("hold", operation="UpdateEndpoint", resource=f"*{stage.namespace}*", times=1)
    stage.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    assert stage.cloud.simulator.held(held, seconds=60)
    pid, logged = stage.operator_pid(), len(stage.cloud.log())
    stage.cloud.plane.apiserver.kill()
    stage.cloud.simulator.release(held)

    def watches() -> int:
        """How often the watch was tried in vain, one after the other."""
        tries = re.findall(r"Request attempt #(\d+) failed.*GET", stage.cloud.log()[logged:])
        return max(map(int, tries), default=0)

    def writes() -> int:
        return len(re.findall(rf"{stage.namespace}/iris: NotWritten: cannot be", stage.cloud.log()[logged:]))

    # AWS finishes the update; the operator can neither watch nor write that down, and does not give up.
    stage.see(lambda: writes() >= WRITES, "some writes in vain")
    stage.see(lambda: watches() >= WATCHES, "as many watches in vain")
    assert stage.in_service("iris")["EndpointStatus"] == "InService"
    assert stage.served("iris").artifact == ARTIFACTS[1]
    stage.cloud.plane.apiserver.start()

    edit = with_variant(spec(), modelArtifact=ARTIFACTS[2])
    stage.see(lambda: is_taken(lambda: stage.apply("iris", edit)), "an edit that is taken")
    found = stage.ready("iris")
    assert stage.operator_pid() == pid
    assert stage.served("iris").artifact == ARTIFACTS[2]
    assert [each["outcome"] for each in found["status"]["history"]] == ["Deployed", "Deployed", "Deployed"]
    assert count(stage, "UpdateEndpoint") == 2


def test_an_operator_told_to_stop_in_the_middle_of_a_creation_loses_nothing(stage: Stage) -> None:
    held = stage.cloud.simulator.fault("hold", operation="CreateEndpoint", resource=f"*{stage.namespace}*", times=1)
    stage.apply("iris", spec())
    assert stage.cloud.simulator.held(held, seconds=60)
    pid = stage.operator_pid()
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    stage.cloud.simulator.release(held)
    stage.see(lambda: stage.operator_pid() is None, "the end of the operator")
    stage.start_operator()
    found = stage.ready("iris")
    assert count(stage, "CreateEndpoint") == 1
    assert [each["outcome"] for each in found["status"]["history"]] == ["Deployed"]


def test_edits_and_deletions_made_while_the_operator_was_down_are_carried_out_later(stage: Stage) -> None:
    for name in ("edited", "deleted"):
        stage.apply(name, spec())
    for name in ("edited", "deleted"):
        stage.ready(name)
    stage.kill_operator()
    stage.apply("edited", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    stage.delete("deleted")
    assert stage.get("deleted")["metadata"]["deletionTimestamp"]
    stage.start_operator()
    found = stage.ready("edited")
    assert stage.served("edited").artifact == ARTIFACTS[1]
    assert [each["outcome"] for each in found["status"]["history"]] == ["Deployed", "Deployed"]
    stage.gone("deleted")
    assert stage.left("deleted") == {}


def test_an_object_that_goes_while_nobody_watches_keeps_its_name_from_nobody(stage: Stage) -> None:
    """A watch that begins anew tells what is there, and not what is there no more."""
    named = spec(endpointName=f"{stage.namespace}-shared")
    stage.apply("old", {**named, "suspend": True})
    stage.until("old", lambda found: condition(found, "Ready") is not None, "a status")
    pid = stage.operator_pid()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        stage.cloud.plane.apiserver.kill()
        stage.cloud.plane.apiserver.start()  # and with that the watch has ended
        stage.delete("old")
        where = (GROUP, VERSION, stage.namespace, PLURAL, "old")
        bare = {"metadata": {"finalizers": None}}
        patch = partial(stage.cloud.api.patch_namespaced_custom_object, *where, bare)
        stage.see(lambda: is_taken(patch), "the finalizer taken off")
        stage.gone("old")
        stage.cloud.plane.apiserver.kill()
        stage.cloud.plane.apiserver.start()  # it knows no older versions any more
    finally:
        os.kill(pid, signal.SIGCONT)
    stage.see(lambda: is_taken(lambda: stage.apply("new", named)), "a new object that is taken")
    stage.ready("new")
    assert stage.operator_pid() == pid
