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
    stage.told("iris", f"deletes no endpoint that is {status}")
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
