"""Ctrl-C in the middle of each verb that changes something: one sentence, nothing half done, and the verb again completes.

A real process is interrupted while a stand-in holds the answer to what it asked for: that was done, and it does not know.
"""

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest

from smclient.aws.session import Aws
from smclient.cli.changing import Changing
from smclient.cli.main import VERBS, root
from smclient.kube.transport import Transport
from smclient.preparing.calls import Names
from smclient.preparing.preparation import Preparation
from smendpoints.api.group import ABORT_REVISION, REDEPLOYED_AT, RETRY, ROLLBACK_TO
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.domain.experiment.arms import arm_of
from smsandbox.assets import BUCKET
from smsandbox.testing.by_script import config_by_script
from smsandbox.testing.harness import Harness
from smsandbox.testing.interrupting import SECONDS, HeldObject, held, interrupted
from smsandbox.testing.json_server import JsonServer
from smsandbox.testing.simulator import READING
from smsandbox.testing.specs import ARTIFACTS
from smsandbox.world import ACCOUNT, REGION

HERE = "/apis/smendpoints.dev/v1alpha1/namespaces/ml"
IRIS = f"{HERE}/sagemakerendpoints/iris"
LOOKS = {
    *("status", "wait", "history", "events", "invoke", "diff", "experiments", "experiment", "answers", "logs"),
    *("metrics", "cost", "doctor", "export", "import", "completion"),
    "console",  # what is clicked there is one request of its own, and Ctrl-C is how the console ends
}
STALLED = {"type": "Stalled", "status": "True", "reason": "R", "message": "m", "observedGeneration": 2}
HISTORY = [
    {"revision": 3, "configName": "c", "outcome": "InProgress", "at": "2026-11-26T14:00:00Z"},
    {"revision": 2, "configName": "b", "outcome": "Deployed", "at": "2026-11-26T13:00:00Z"},
]
ROLLOUT = {"phase": "InProgress", "configName": "c", "abortAlarm": "a"}
NAMES = Names("team/iris", "team-models", "team-role", "team-operator", "0b9c0a5e-1d1c-4a55-9d3c-1c5f0a1b2c3d")
BOOTSTRAP = ("bootstrap", "--repository", NAMES.repository, "--bucket", NAMES.bucket, "--role", NAMES.role)


def changing() -> set[str]:
    """The verbs that change something, as the command line has them."""
    context = click.Context(root)
    return {verb for verb in VERBS if isinstance(root.get_command(context, verb), Changing)}


def tried() -> set[str]:
    """The verbs that are interrupted below; `outcomes` is in test_outcomes."""
    return {verb for (verb, *_), _, _ in OBJECTS} | {"promote", "outcomes", "bootstrap", "push", "upload"}


def test_each_verb_is_known_to_look_or_is_interrupted_here() -> None:
    assert changing() == tried()
    assert set(VERBS) == changing() | LOOKS
    assert not changing() & LOOKS


# objects

OBJECTS: list[tuple[tuple[str, ...], dict[str, Any], Callable[[HeldObject], bool]]] = [
    (("suspend",), {}, lambda it: it.found["spec"]["suspend"] is True),
    (("resume",), {"suspend": True}, lambda it: "suspend" not in it.found["spec"]),
    (("stop",), {}, lambda it: it.found["spec"]["desiredState"] == "Stopped"),
    (("start",), {"desiredState": "Stopped"}, lambda it: "desiredState" not in it.found["spec"]),
    (("retry",), {"conditions": [STALLED]}, lambda it: RETRY in it.annotations),
    (("redeploy",), {}, lambda it: REDEPLOYED_AT in it.annotations),
    (("abort",), {"rollout": ROLLOUT, "history": HISTORY}, lambda it: it.annotations == {ABORT_REVISION: "3"}),
    (("undo", "--by-annotation"), {"history": HISTORY}, lambda it: it.annotations == {ROLLBACK_TO: "2@2"}),
]
SPECS = {"suspend", "desiredState"}


@pytest.mark.parametrize(("verb", "about", "is_so"), OBJECTS, ids=[verb[0] for verb, _, _ in OBJECTS])
def test_what_is_asked_of_an_object_is_asked_whole_and_again(
    server: JsonServer,
    endpoint: Any,
    smendpoint: Any,
    verb: tuple[str, ...],
    about: dict[str, Any],
    is_so: Callable[[HeldObject], bool],
) -> None:
    found = endpoint(**{key: value for key, value in about.items() if key not in SPECS})
    found["spec"] |= {key: value for key, value in about.items() if key in SPECS}
    held = HeldObject(server, IRIS, found)
    sentence = interrupted((*verb, "iris"), held.asked)
    held.go.set()
    assert is_so(held)
    generation = held.found["metadata"]["generation"]
    again = ("--to-revision", "2") if "--to-revision 2" in sentence else ()
    ran = smendpoint(*verb, "iris", *again)
    assert (ran.code, ran.err) == (0, "")
    assert is_so(held)
    assert held.found["metadata"]["generation"] == generation, "once more changes no spec"


@pytest.mark.parametrize("verb", sorted({*changing()} - {"push", "upload"}))
def test_before_anything_was_asked_for_nothing_is_changed(
    smendpoint: Any, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Transport, "request", stopped)
    ran = smendpoint(verb, *([] if verb == "bootstrap" else ["iris"]))
    said = "interrupted, and nothing was changed"
    if verb == "outcomes":  # which may have written what it wrote the time before
        said = "interrupted, but the change may have been made; run it again: everything is counted anew"
    assert (ran.code, ran.out, ran.err) == (130, "", f"{said}\n")


def test_a_promotion_is_written_whole(server: JsonServer, endpoint: Any, smendpoint: Any) -> None:
    variant = {"image": "i", "instance": {"type": "ml.m5.large", "count": 1}}
    found = endpoint(
        spec={"variants": [{**variant, "name": name, "weight": 2} for name in ("rf", "gb")]}, conditions=[]
    )
    arms = [arm_of(SageMakerEndpoint.parse(found), name) for name in ("rf", "gb")]
    server.answers["GET", f"{HERE}/sagemakerexperiments/ab"] = {
        "metadata": {"name": "ab", "namespace": "ml", "uid": "x", "generation": 1},
        "spec": {
            "endpointRef": {"name": "iris"},
            "control": "rf",
            "challengers": ["gb"],
            "metrics": {"primary": {"name": "errors", "errorRate": {}}},
        },
        "status": {
            "phase": "Finished",
            "verdict": "SHIP",
            "winner": "gb",
            "arms": [arm.model_dump(mode="json", by_alias=True) for arm in arms if arm is not None],
            "challengers": [{"variant": "gb", "verdict": "SHIP"}],
        },
    }
    held = HeldObject(server, IRIS, found)
    interrupted(("promote", "ab", "--yes"), held.asked)
    held.go.set()
    assert {each["name"]: each["weight"] for each in held.found["spec"]["variants"]} == {"rf": 0, "gb": 4}
    assert smendpoint("promote", "ab", "--yes").out.endswith("iris unchanged\n")


# AWS


def test_a_revision_that_came_back_is_named_in_what_to_do(
    server: JsonServer, endpoint: Any, harness: Harness, aws_environment: dict[str, str], again: Any
) -> None:
    """Without its number the second `undo` would take back the first, once the operator has followed it."""
    sagemaker = harness.client("sagemaker")
    for name, artifact in (("b", ARTIFACTS[1]), ("c", ARTIFACTS[2])):
        config_by_script(sagemaker, name, artifact, variant="rf", count=2)
    kept = HeldObject(server, IRIS, endpoint(history=HISTORY))
    sentence = interrupted(("undo", "iris"), kept.asked, aws_environment)
    kept.go.set()
    assert sentence.endswith("run it again with --to-revision 2")
    assert kept.found["spec"]["variants"][0]["modelArtifact"] == ARTIFACTS[1]
    followed = {"revision": 4, "configName": "b", "outcome": "Deployed", "at": "2026-11-26T15:00:00Z"}
    deployed = [{**each, "outcome": "Deployed"} for each in HISTORY]
    kept.found["status"]["history"] = [followed, *deployed]
    assert "unchanged" in again("undo", "iris", "--to-revision", "2").out
    assert kept.found["spec"]["variants"][0]["modelArtifact"] == ARTIFACTS[1]


def contents(harness: Harness) -> dict[str, Any]:
    """What bootstrap made, in AWS's own words but for the times."""
    s3, iam, ecr = (harness.client(service) for service in ("s3", "iam", "ecr"))
    found: dict[str, Any] = {}
    for each in ecr.describe_repositories()["repositories"]:
        if each["repositoryName"].startswith("team"):
            tags = ecr.list_tags_for_resource(resourceArn=each["repositoryArn"])["tags"]
            found["repository"] = each["imageScanningConfiguration"], tags
    if NAMES.bucket in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        about = [getattr(s3, f"get_{what}")(Bucket=NAMES.bucket) for what in ("bucket_tagging", "public_access_block")]
        about.append(s3.get_bucket_encryption(Bucket=NAMES.bucket))
        found["bucket"] = [{key: value for key, value in each.items() if key != "ResponseMetadata"} for each in about]
    for each in iam.list_roles()["Roles"]:
        if each["RoleName"].startswith("team"):
            names = iam.list_role_policies(RoleName=each["RoleName"])["PolicyNames"]
            found["role"] = each["AssumeRolePolicyDocument"], names, iam.list_role_tags(RoleName=NAMES.role)["Tags"]
    for each in iam.list_policies(Scope="Local")["Policies"]:
        version = iam.get_policy_version(PolicyArn=each["Arn"], VersionId=each["DefaultVersionId"])
        tags = iam.list_policy_tags(PolicyArn=each["Arn"])["Tags"]
        found[each["PolicyName"]] = version["PolicyVersion"]["Document"], tags
    return found


def test_a_preparation_that_was_interrupted_is_completed_and_so_is_its_removal(
    server: JsonServer, harness: Harness, aws_environment: dict[str, str], again: Any
) -> None:
    server.answers["GET", "/api/v1/namespaces/kube-system"] = {"metadata": {"uid": NAMES.cluster}}
    policy = ("--policy", NAMES.policy)
    interrupted((*BOOTSTRAP, *policy), held(harness, "CreateBucket"), aws_environment)
    assert set(contents_so_far(harness)) == {"repository", "bucket"}
    assert again(*BOOTSTRAP, *policy).code == 0
    assert set(contents(harness)) == {"repository", "bucket", "role", "team-operator", "team-operator-optional"}
    interrupted((*BOOTSTRAP, *policy, "--delete", "--yes"), held(harness, "DeleteRolePolicy"), aws_environment)
    assert again(*BOOTSTRAP, *policy, "--delete", "--yes").code == 0
    assert contents(harness) == {}


def contents_so_far(harness: Harness) -> list[str]:
    buckets = {each["Name"] for each in harness.client("s3").list_buckets()["Buckets"]}
    repositories = {each["repositoryName"] for each in harness.client("ecr").describe_repositories()["repositories"]}
    there = {"repository": NAMES.repository in repositories, "bucket": NAMES.bucket in buckets}
    return [name for name, is_there in there.items() if is_there]


class Stops:
    """Ctrl-C after so many calls that change something: when they were made, and before their answer is read."""

    def __init__(self, session: Any) -> None:
        self.left = self.count = 0
        session.events.register_last("after-call", self._called)

    def _called(self, model: Any, **_: Any) -> None:
        if not model.name.startswith(READING):
            self.count += 1
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt

    def counted(self, do: Callable[[], object]) -> int:
        """How many calls that change something it makes."""
        before = self.count
        do()
        return self.count - before

    def after(self, calls: int, do: Callable[[], object]) -> None:
        """Interrupt it after so many of them."""
        self.left = calls
        with pytest.raises(KeyboardInterrupt):
            do()


def test_wherever_a_preparation_is_interrupted_once_more_completes_it(harness: Harness) -> None:
    session = harness.session_of()
    stops, preparation = Stops(session), Preparation(Aws(REGION, session), NAMES, lambda _: None)
    making = stops.counted(preparation.make)
    whole = contents(harness)
    removing = stops.counted(preparation.remove)
    assert making >= 7
    assert removing >= 6
    for calls in range(1, making + 1):
        stops.after(calls, preparation.make)
        preparation.make()
        assert contents(harness) == whole, f"after {calls} calls"
        preparation.remove()
    for calls in range(1, removing + 1):
        preparation.make()
        stops.after(calls, preparation.remove)
        preparation.remove()
        assert contents(harness) == {}, f"after {calls} calls"


def test_an_upload_that_was_interrupted_is_whole_or_not_there(
    harness: Harness, aws_environment: dict[str, str], again: Any, tmp_path: Path
) -> None:
    model = tmp_path / "model.tar.gz"
    model.write_bytes(b"weights")
    arguments = ("upload", str(model), f"s3://{BUCKET}/ctrl-c")
    # What is on its way is waited for: then it is known whether parts have to be taken away.
    answer = harness.world.faults.remove
    interrupted(arguments, held(harness, "PutObject"), aws_environment, answer)
    ran = again(*arguments)
    assert ran.code == 0
    key = ran.out.strip().removeprefix(f"s3://{BUCKET}/")
    listed = harness.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="ctrl-c/")["Contents"]
    assert [(each["Key"], each["Size"]) for each in listed] == [(key, len(b"weights"))]


TOOL = """#!/bin/sh
echo "$1" >> {log}
[ "$1" = login ] && cat > /dev/null
[ "$1" = push ] && [ ! -e {log}.again ] && {{ touch {log}.reached; exec sleep 60; }}
exit 0
"""


def test_a_push_that_was_interrupted_logs_out_and_can_be_done_again(
    harness: Harness, aws_environment: dict[str, str], again: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, tool = tmp_path / "log", tmp_path / "docker"
    tool.write_text(TOOL.format(log=log))
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    reached = threading.Event()

    def pushing() -> bool:
        until = datetime.now(UTC) + timedelta(seconds=SECONDS)
        while not Path(f"{log}.reached").exists() and datetime.now(UTC) < until:
            reached.wait(0.05)
        return Path(f"{log}.reached").exists()

    arguments = ("push", "iris:dev", "new:1.1", "--create")
    interrupted(arguments, pushing, aws_environment)
    assert log.read_text().split() == ["login", "tag", "push", "logout"]
    Path(f"{log}.again").touch()
    ran = again(*arguments)
    assert (ran.code, ran.out) == (0, f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/new:1.1\n")
    assert log.read_text().split()[4:] == ["login", "tag", "push", "logout"]
