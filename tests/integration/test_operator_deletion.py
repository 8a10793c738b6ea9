"""An object can be deleted at any time, and leaves nothing."""

from pathlib import Path

import pytest

from smsandbox.testing.specs import spec, with_variant
from smsandbox.testing.stage import Stage


@pytest.mark.parametrize("status", ["Creating", "Updating"])
def test_deletion_in_between_waits_for_aws_says_so_and_leaves_nothing(
    stage: Stage, status: str, tmp_path: Path
) -> None:
    go_on = tmp_path / "go on"
    stage.cloud.simulator.change(containers=True, runtime={"startup_floor_seconds": 600.0})
    if status == "Updating":
        stage.apply("iris", spec())
        stage.ready("iris")
    stage.apply("iris", with_variant(spec(), environment={"ECHO_HEALTHY_ONCE": str(go_on)}))
    stage.see(lambda: (stage.live("iris") or {}).get("EndpointStatus") == status, status)
    stage.delete("iris")
    stage.told("iris", f"deletion waits for the running {'creation' if status == 'Creating' else 'update'} ({status})")
    go_on.touch()
    stage.gone("iris")
    assert stage.left() == {}


def test_a_failed_endpoint_can_be_deleted(stage: Stage) -> None:
    stage.cloud.simulator.fault("never_healthy", times=1)
    stage.apply("iris", spec())
    stage.stalled("iris", "CreateFailed")
    stage.delete("iris")
    stage.gone("iris")
    assert stage.left() == {}


@pytest.mark.parametrize("operation", ["PutScalingPolicy", "CreateEndpointConfig"])
def test_a_deletion_begins_at_once_though_aws_had_refused_the_object_something(stage: Stage, operation: str) -> None:
    """Of a refusal that it remembered the operator made the deletion wait for 300 s: longer than this test does."""
    name = f"*{stage.namespace}-iris*"
    stage.cloud.simulator.fault("error", operation=operation, resource=name, code="ValidationException", status=400)
    stage.apply("iris", spec())
    stage.stalled("iris", "InvalidSpec")
    stage.kubectl("delete", "smendpoint", "iris", "--timeout=240s")
    assert stage.left() == {}


def test_what_never_made_anything_is_deleted_though_aws_denies_every_call(stage: Stage) -> None:
    stage.kill_operator()
    stage.cloud.simulator.fault("access_denied")
    stage.start_operator()  # which has no listing that it could believe
    stage.apply("iris", spec())
    stage.stalled("iris", "AccessDenied")
    stage.kubectl("delete", "smendpoint", "iris", "--timeout=240s")
    told = [message for _, _, message in stage.events("iris")]  # those of one second have no order
    assert "nothing was created in AWS for this object, so nothing is deleted there" in told
