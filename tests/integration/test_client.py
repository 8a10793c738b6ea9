"""`kubectl smendpoint` as a plugin of kubectl: against the API server, the operator and AWS's simulator."""

import json
import subprocess
from typing import Any

from smsandbox.assets import BUCKET
from smsandbox.testing.by_script import config_by_script
from smsandbox.testing.specs import ARTIFACTS, spec, two_variants, with_variant
from smsandbox.testing.stage import Stage, has


def smendpoint(stage: Stage, *arguments: str, stdin: str = "", code: int = 0) -> str:
    """What `kubectl smendpoint` prints in the stage's namespace; its exit code has to be `code`."""
    environment = {**stage.cloud.world.client_environment(), "NO_COLOR": "1"}
    command = ["kubectl", "smendpoint", *arguments, "-n", stage.namespace]
    ran = subprocess.run(
        command, env=environment, input=stdin, capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.returncode == code, f"{' '.join(command)}: {ran.stdout}\n{ran.stderr}"
    return ran.stdout if code == 0 else ran.stderr


def in_json(stage: Stage, *arguments: str) -> Any:
    return json.loads(smendpoint(stage, *arguments, "-o", "json"))


def test_one_looks_waits_and_reads_the_history(stage: Stage) -> None:
    stage.apply("iris", spec())
    assert smendpoint(stage, "wait", "iris", "--timeout", "240") == f"{stage.namespace}/iris: ready\n"
    shown = in_json(stage, "status", "iris")
    assert (shown["phase"], shown["awsStatus"], shown["instances"]) == ("Ready", "InService", "1/1")
    assert (shown["variants"][0]["minimum"], shown["variants"][0]["maximum"]) == (1, 5)
    assert f"{stage.namespace}/iris  Ready" in smendpoint(stage, "status", "iris", "-o", "wide")
    assert [each["live"] for each in in_json(stage, "history", "iris")] == [True]
    stage.see(lambda: "InService" in smendpoint(stage, "events", "iris"), "the Event")
    assert smendpoint(stage, "status", "-o", "name") == "sagemakerendpoint.smendpoints.dev/iris\n"
    error = smendpoint(stage, "status", "irsi", code=1)
    assert f"there is no SageMakerEndpoint irsi in the namespace {stage.namespace}" in error


def test_watching_ends_when_the_object_is_gone(stage: Stage) -> None:
    stage.apply("iris", spec())
    environment = stage.cloud.world.client_environment()
    command = ["kubectl", "smendpoint", "status", "iris", "-w", "-n", stage.namespace]
    lines: list[str] = []
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        for line in watching.stdout:
            if line.startswith("Ready") and not any(each.startswith("Ready") for each in lines):
                stage.delete("iris")
            lines.append(line)
    assert watching.returncode == 0
    assert any(line.startswith("Ready  InService  1/1") for line in lines)
    assert lines[-1] == f"{stage.namespace}/iris is gone\n"


def test_waiting_ends_at_once_where_only_a_person_can_help(stage: Stage) -> None:
    stage.apply("iris", with_variant(spec(), modelArtifact=f"s3://{BUCKET}/absent/model.tar.gz"))
    assert "stalled: " in smendpoint(stage, "wait", "iris", code=1)
    smendpoint(stage, "wait", "iris", "--for", "ready", "--timeout", "1", code=1)


def test_completion_goes_through_kubectl(stage: Stage) -> None:
    stage.apply("iris", spec())
    environment = stage.cloud.world.client_environment()
    ran = subprocess.run(
        ["kubectl", "__complete", "smendpoint", "status", "-n", stage.namespace, "ir"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ran.stdout.splitlines()[0] == "iris"


def test_one_asks_the_model(stage: Stage) -> None:
    stage.cloud.simulator.change(containers=True)
    stage.apply("iris", two_variants(1, 1))
    stage.ready("iris")
    answer = in_json(stage, "invoke", "iris", "--row", "1,2", "--target-variant", "challenger")
    assert (answer["variant"], answer["body"]["content_type"]) == ("challenger", "text/csv")
    assert json.loads(smendpoint(stage, "invoke", "iris", "--stream", stdin='{"a": 1}'))["content_type"] == (
        "application/json"
    )
    refused = smendpoint(stage, "invoke", "iris", "--row", "1", "--target-variant", "absent", code=1)
    assert "iris has no variant absent" in refused


def test_an_asynchronous_answer_is_awaited(stage: Stage) -> None:
    stage.cloud.simulator.change(containers=True)
    queued = {"async": {"outputPath": f"s3://{BUCKET}/{stage.namespace}/answers"}}
    stage.apply("iris", with_variant(spec(**queued), scaling=None))
    stage.ready("iris")
    answer = in_json(stage, "invoke", "iris", "--row", "1,2")
    assert answer["body"]["content_type"] == "text/csv"
    assert answer["location"].startswith(f"s3://{BUCKET}/{stage.namespace}/answers/")
    listed = stage.cloud.aws("s3").list_objects_v2(Bucket=BUCKET, Prefix=f"{stage.namespace}/answers/requests")
    assert listed["KeyCount"] == 0


def test_one_sees_what_differs_and_goes_back(stage: Stage) -> None:
    stage.apply("iris", spec())
    first = stage.ready("iris")["status"]["endpoint"]["configName"]
    assert in_json(stage, "diff", "iris") == {"changes": [], "notInSpec": []}
    smendpoint(stage, "suspend", "iris")
    stage.apply("iris", with_variant(spec(suspend=True), modelArtifact=ARTIFACTS[1], weight=3))
    (model,) = [each for each in in_json(stage, "diff", "iris")["changes"] if each["replaces"]]
    assert (model["field"], model["before"], model["after"]) == (
        "variants[primary].modelArtifact",
        ARTIFACTS[0],
        ARTIFACTS[1],
    )
    smendpoint(stage, "diff", "iris", "--exit-code", code=1)
    assert "resumed" in smendpoint(stage, "resume", "iris")
    stage.until("iris", lambda found: has(found, "Ready") and found["status"]["endpoint"]["configName"] != first)
    assert ARTIFACTS[0] in smendpoint(stage, "diff", "iris", "--from-revision", "1", "--to-revision", "2")

    assert "modelArtifact" in smendpoint(stage, "undo", "iris", "--dry-run")
    assert smendpoint(stage, "undo", "iris") == "sagemakerendpoint.smendpoints.dev/iris back to revision 1\n"
    back = stage.until("iris", lambda found: has(found, "Ready") and found["status"]["endpoint"]["configName"] == first)
    assert back["spec"]["variants"][0]["weight"] == 3
    assert smendpoint(stage, "undo", "iris", "--to-revision", "1").endswith(" unchanged\n")


def test_one_stops_starts_and_redeploys(stage: Stage) -> None:
    stage.apply("iris", spec())
    first = stage.ready("iris")["status"]["endpoint"]["configName"]
    smendpoint(stage, "redeploy", "iris")
    stage.until("iris", lambda found: has(found, "Ready") and found["status"]["endpoint"]["configName"] != first)
    smendpoint(stage, "stop", "iris")
    stage.until("iris", lambda found: has(found, "Ready") and stage.live("iris") is None, "stopped")
    assert in_json(stage, "status", "iris")["awsStatus"] == "Stopped"
    smendpoint(stage, "start", "iris")
    stage.until("iris", lambda found: has(found, "Ready") and stage.live("iris") is not None, "running")


def test_what_failed_for_a_cause_elsewhere_is_tried_again(stage: Stage) -> None:
    stage.cloud.simulator.fault("never_healthy", times=1)
    stage.apply("iris", with_variant(spec(), scaling=None))
    assert "stalled: " in smendpoint(stage, "wait", "iris", code=1)
    smendpoint(stage, "retry", "iris")
    stage.ready("iris")


def test_what_a_script_made_is_imported_applied_and_looked_after(stage: Stage) -> None:
    stage.cloud.simulator.change(containers=True)
    sagemaker, name = stage.cloud.aws("sagemaker"), f"{stage.namespace}-by-hand"
    config_by_script(sagemaker, name, ARTIFACTS[0], variant="v1")
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    stage.see(lambda: sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService", "in service")
    manifest = smendpoint(stage, "import", name, "--name", "iris")
    assert not [line for line in manifest.splitlines() if line.startswith("#")]
    stage.named["iris"] = name
    stage.kubectl("apply", "-f", "-", stdin=manifest)
    stage.ready("iris")
    assert stage.in_service("iris")["EndpointConfigName"] == name
    assert name not in smendpoint(stage, "import", "--all", "--contains", stage.namespace)

    assert {each["outcome"] for each in in_json(stage, "doctor", "iris")} == {"ok"}
    assert in_json(stage, "invoke", "iris", "--row", "1,2")["variant"] == "v1"
    stage.see(lambda: "[v1/" in smendpoint(stage, "logs", "iris"), "a line of the log")
    figures = {each["metric"]: each.get("total") for each in in_json(stage, "metrics", "iris")["metrics"]}
    assert figures["invocations"] == 1.0
    assert in_json(stage, "cost")["endpoints"][0]["requests"] == 1.0

    # What was adopted is retained; the script's own things go with the test.
    stage.kubectl("patch", "smendpoint", "iris", "--type=merge", "-p", '{"spec": {"deletionPolicy": "Delete"}}')
    stage.ready("iris")
    stage.delete("iris")
    stage.gone("iris")
    for kind in ("endpoint_config", "model"):
        key = "EndpointConfigName" if kind == "endpoint_config" else "ModelName"
        getattr(sagemaker, f"delete_{kind}")(**{key: name})


def test_a_rollout_is_aborted_and_a_revision_comes_back_without_an_edit(stage: Stage) -> None:
    careful = {"strategy": "Canary", "stepPercent": 50, "stepWaitSeconds": 3600, "rollback": {"onRequest": True}}
    wanted = with_variant(spec(rollout=careful), scaling=None, instance={"type": "ml.m5.large", "count": 2})
    stage.apply("iris", wanted)
    first = stage.ready("iris")["status"]["endpoint"]["configName"]
    smendpoint(stage, "abort", "iris", code=1)
    stage.apply("iris", with_variant(wanted, modelArtifact=ARTIFACTS[1]))
    stage.until("iris", lambda found: found["status"].get("rollout", {}).get("stage") == "Baking", "a bake")
    assert "will be rolled back" in smendpoint(stage, "abort", "iris")
    smendpoint(stage, "wait", "iris", code=1)
    assert stage.in_service("iris")["EndpointConfigName"] == first

    quick = {**wanted, "rollout": {"strategy": "AllAtOnce"}}
    stage.apply("iris", with_variant(quick, modelArtifact=ARTIFACTS[2]))
    stage.ready("iris")
    smendpoint(stage, "undo", "iris", "--by-annotation")
    stage.see(lambda: in_json(stage, "status", "iris")["phase"] == "RolledBack", "the revision brought back")
    assert stage.in_service("iris")["EndpointConfigName"] == first
