"""What users of other systems ask for, each a sentence; what is promised in other files here is not repeated."""

from smsandbox.testing.stage import ARTIFACTS, ECHO_IMAGE, Stage, condition, has, spec, with_variant


def operations(stage: Stage) -> list[str]:
    """What changed something in AWS for this namespace, in order."""
    return [call.operation for call in stage.cloud.simulator.calls(stage.namespace) if call.changes]


def test_a_missing_image_is_told_in_seconds_and_before_anything_is_made(stage: Stage) -> None:
    stage.apply("iris", with_variant(spec(), image=ECHO_IMAGE.replace("1.0", "never-pushed")))
    found = stage.stalled("iris", "ImageNotFound")
    assert "never-pushed" in str(condition(found, "Ready"))
    assert operations(stage) == []
    stage.apply("iris", spec())
    stage.ready("iris")


def test_a_missing_artifact_is_told_in_awss_words(stage: Stage) -> None:
    missing = ARTIFACTS[0].replace("/a/", "/never-uploaded/")
    stage.apply("iris", with_variant(spec(), modelArtifact=missing))
    found = stage.until("iris", lambda found: missing in str(condition(found, "Ready")), "a word of the artifact")
    assert not has(found, "Ready")
    stage.apply("iris", spec())
    stage.ready("iris")


def test_a_stopped_endpoint_costs_nothing_and_comes_back_as_it_was(stage: Stage) -> None:
    stage.apply("iris", spec())
    before = stage.ready("iris")["status"]["endpoint"]["configName"]
    stage.apply("iris", spec(desiredState="Stopped"))
    stage.until(
        "iris", lambda found: has(found, "Ready") and found["status"]["endpoint"]["status"] == "Stopped", "stop"
    )
    left = stage.inventory()
    assert left["endpoints"] == left["targets"] == left["policies"] == []
    stage.apply("iris", spec())
    found = stage.until("iris", lambda found: found["status"]["endpoint"]["status"] == "InService", "InService")
    stage.ready("iris")
    assert found["status"]["endpoint"]["configName"] == before
    assert stage.inventory()["policies"] == ["invocations-per-instance"]


def test_a_suspended_object_is_watched_and_nothing_is_touched(stage: Stage) -> None:
    stage.apply("iris", spec())
    stage.ready("iris")
    made = len(operations(stage))
    stage.apply("iris", with_variant(spec(suspend=True), modelArtifact=ARTIFACTS[1]))
    stage.until("iris", lambda found: "suspended" in str(condition(found, "Ready")), "suspended")
    listed = stage.cloud.simulator.count("ListEndpoints")
    stage.see(lambda: stage.cloud.simulator.count("ListEndpoints") >= listed + 3, "three periods of the watch")
    assert len(operations(stage)) == made
    stage.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    stage.ready("iris")
    assert operations(stage)[made:] == ["CreateModel", "CreateEndpointConfig", "UpdateEndpoint"]


def test_a_retained_endpoint_goes_on_serving_and_is_nobodys_any_more(stage: Stage) -> None:
    stage.apply("iris", spec(deletionPolicy="Retain"))
    stage.ready("iris")
    stage.delete("iris")
    stage.gone("iris")
    found = stage.live("iris")
    assert found is not None
    assert found["EndpointStatus"] == "InService"
    tags = stage.cloud.aws("sagemaker").list_tags(ResourceArn=found["EndpointArn"])["Tags"]
    assert [tag["Key"] for tag in tags if tag["Key"].startswith("smendpoints.dev/")] == []

    # The next one takes it over, with no new fleet.
    stage.apply("iris", spec(adoptExisting=True))
    stage.ready("iris")
    taken = stage.live("iris")
    assert taken is not None
    assert taken["CreationTime"] == found["CreationTime"]
    assert taken["EndpointConfigName"] == found["EndpointConfigName"]
    assert "UpdateEndpoint" not in operations(stage)

    # What was nobody's can be gone back to, and stays nobody's.
    stage.apply("iris", with_variant(spec(adoptExisting=True), modelArtifact=ARTIFACTS[1]))
    stage.ready("iris")
    stage.apply("iris", spec(adoptExisting=True))
    stage.ready("iris")
    stage.delete("iris")
    stage.gone("iris")
    left, sagemaker = stage.left(), stage.cloud.aws("sagemaker")
    assert left == {"configs": [found["EndpointConfigName"]], "models": left["models"][:1]}
    sagemaker.delete_endpoint_config(EndpointConfigName=left["configs"][0])
    sagemaker.delete_model(ModelName=left["models"][0])


def test_what_it_costs_is_in_the_status(stage: Stage) -> None:
    stage.apply("iris", with_variant(spec(), instance={"type": "ml.m5.large", "count": 2}, scaling=None))
    found = stage.until("iris", lambda found: has(found, "Ready") and found["status"].get("cost"), "a cost")
    one = float(found["status"]["cost"]["hourlyUSD"])
    assert one > 0
    stage.apply("iris", with_variant(spec(), instance={"type": "ml.m5.large", "count": 4}, scaling=None))
    stage.until("iris", lambda found: float(found["status"]["cost"]["hourlyUSD"]) == 2 * one, "twice the cost")


def test_kubectl_diff_and_so_argo_cd_sees_nothing_of_what_the_operator_writes(stage: Stage) -> None:
    sample = f"""
apiVersion: smendpoints.dev/v1alpha1
kind: SageMakerEndpoint
metadata:
  name: iris
spec:
  executionRoleARN: {spec()["executionRoleARN"]}
  variants:
    - name: primary
      image: {ECHO_IMAGE}
      modelArtifact: {ARTIFACTS[0]}
      instance: {{type: ml.m5.large, count: 1}}
      scaling: {{minCapacity: 1, maxCapacity: 5, targetInvocationsPerInstance: 70}}
"""
    stage.kubectl("apply", "-f", "-", stdin=sample)
    stage.ready("iris")
    assert stage.kubectl("diff", "-f", "-", stdin=sample) == ""
    managers = {
        entry["manager"] for entry in stage.get("iris")["metadata"]["managedFields"] if "f:spec" in entry["fieldsV1"]
    }
    assert managers == {"kubectl-client-side-apply"}
