"""An object can be deleted at any time, and leaves nothing."""

import pytest

from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.testing.stage import Stage


@pytest.mark.parametrize("status", ["Creating", "Updating"])
def test_deletion_in_between_waits_for_aws_says_so_and_leaves_nothing(stage: Stage, status: str) -> None:
    stage.cloud.simulator.change(durations={"create": 2.0, "update": 2.0})
    stage.apply("iris", spec())
    if status == "Updating":
        stage.ready("iris")
        stage.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    stage.see(lambda: (stage.live("iris") or {}).get("EndpointStatus") == status, status)
    stage.delete("iris")
    stage.told("iris", f"deletes no endpoint that is {status}")
    stage.gone("iris")
    assert stage.left() == {}


def test_a_failed_endpoint_can_be_deleted(stage: Stage) -> None:
    stage.cloud.simulator.fault("never_healthy", times=1)
    stage.apply("iris", spec())
    stage.stalled("iris", "CreateFailed")
    stage.delete("iris")
    stage.gone("iris")
    assert stage.left() == {}
