"""Every edit reaches AWS in the right way, whenever it is made."""

from smsandbox.testing.specs import ARTIFACTS, CRASH_IMAGE, spec, with_variant
from smsandbox.testing.stage import Stage


def test_of_two_edits_in_one_second_the_last_one_wins(stage: Stage) -> None:
    stage.apply("iris", spec())
    stage.ready("iris")
    for artifact in ARTIFACTS[1:3]:
        stage.apply("iris", with_variant(spec(), modelArtifact=artifact))
    found = stage.ready("iris")
    assert found["metadata"]["generation"] == 3
    assert stage.served("iris").artifact == ARTIFACTS[2]


def test_a_failed_creation_repeats_no_log_of_an_endpoint_that_had_the_name_before(stage: Stage) -> None:
    stage.cloud.simulator.change(containers=True)
    stage.apply("iris", with_variant(spec(), image=CRASH_IMAGE))
    assert stage.stalled("iris", "CreateFailed")["status"]["failure"]["logTail"] != []
    stage.delete("iris")
    stage.gone("iris")
    stage.cloud.simulator.change(containers=False)
    stage.cloud.simulator.fault("never_healthy", times=1)
    stage.apply("iris", spec())
    assert stage.stalled("iris", "CreateFailed")["status"]["failure"].get("logTail", []) == []
