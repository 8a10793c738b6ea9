"""The sandbox as its user meets it: `up`, `down` and `status`, and what is left after an interruption."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from smsandbox import assets, paths
from smsandbox.process import wait_until
from smsandbox.testing.documented import blocks
from smsandbox.testing.samples import endpoints, samples
from smsandbox.testing.transcript import follow
from smsandbox.world import SERVICES, World, services

pytestmark = pytest.mark.timeout(1200)

PID_FILE = "kube-apiserver.pid"
MODULE = [sys.executable, "-m", "smsandbox"]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "sandbox"
    sandbox("down", tmp_path / "sandbox", expect=0)


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "SMENDPOINTS_SANDBOX_DIR": str(folder)}


def sandbox(command: str, folder: Path, *, expect: int) -> str:
    done = subprocess.run(
        [*MODULE, *command.split()],
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout


def missing_for_samples(world: World) -> list[str]:
    """The images and artifacts that a sample names and the sandbox does not have."""
    s3, ecr = assets.client(world, "s3"), assets.client(world, "ecr")
    missing = []
    for spec in [each["spec"] for sample in samples() for each in endpoints(sample)]:
        variants = [*spec["variants"], *([spec["shadow"]] if "shadow" in spec else [])]
        for container in [each for variant in variants for each in variant.get("containers", [variant])]:
            name, _, digest = container["image"].partition("@")
            repository, _, tag = name.partition("/")[2].partition(":")
            wanted = {"imageDigest": digest} if digest else {"imageTag": tag}
            found = ecr.batch_get_image(repositoryName=repository, imageIds=[wanted])["images"]
            missing += [] if found else [container["image"]]
            key = container.get("modelArtifact", "").removeprefix(f"s3://{assets.BUCKET}/")
            held = not key or s3.list_objects_v2(Bucket=assets.BUCKET, Prefix=key)["KeyCount"]
            missing += [] if held else [container["modelArtifact"]]
    return missing


def listening(pid: int) -> set[str]:
    """The addresses that a process listens on, as the kernel writes them."""
    sockets = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            sockets.add(str(descriptor.readlink()))
    rows = [
        row.split() for table in ("tcp", "tcp6") for row in Path(f"/proc/{pid}/net/{table}").read_text().split("\n")
    ]
    return {row[1].partition(":")[0] for row in rows if row[3:4] == ["0A"] and f"socket:[{row[9]}]" in sockets}


def is_nobody_elses(folder: Path) -> None:
    """Secrets are their owner's alone, and nothing listens on other addresses than loopback's."""
    assert folder.stat().st_mode & 0o777 == 0o700
    keys = [*(folder / "plane" / "pki").glob("*.key"), folder / "plane" / "pki" / "tokens.csv"]
    for path in (
        *keys,
        folder / "env",
        folder / "plane/kubeconfig",
        folder / "operator.kubeconfig",
        folder / "aws/token",
    ):
        assert path.stat().st_mode & 0o077 == 0, path
    for name, pid in pids(folder).items():
        assert pid is not None, name
        assert listening(pid) == {"0100007F"}, name


def first_page(folder: Path, *sections: str) -> None:
    """Do what these sections of docs/start.md say, in one shell for each, and see what they show."""
    page = paths.repository() / "docs/start.md"
    for section in sections:
        found = list(blocks(page, section))
        assert any(each.commands for each in found), f"docs/start.md has no section {section} with commands"
        followed = follow(found, paths.repository(), os.environ, timeout=400, before=f"source {folder}/env")
        assert followed.differences() == ""


def pids(folder: Path) -> dict[str, int | None]:
    return {service.name: service.pid for service in services(folder)}


def test_up_can_be_called_twice_starts_again_what_died_and_down_ends_all(folder: Path) -> None:
    sandbox("status", folder, expect=1)
    assert f"source {folder}/env" in sandbox("up", folder, expect=0)
    first = pids(folder)
    assert {name: int((folder / f"{name}.pid").read_text()) for name in SERVICES} == first
    sandbox("status", folder, expect=0)
    is_nobody_elses(folder)

    typed = """
        set -e
        export AWS_PROFILE=none AWS_CA_BUNDLE=/nowhere AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 AWS_SESSION_TOKEN=mine
        source "$0/env"
        env | grep -E '^AWS_(PROFILE|CA_BUNDLE|ENDPOINT_URL_|SESSION)' && exit 1
        kubectl auth whoami --output=jsonpath={.status.userInfo.username}; echo
        kubectl get smendpoints
        aws s3 ls "$MODEL_DATA_URL"
        aws iam get-role --role-name "${ROLE_ARN##*/}" --query Role.Arn --output text
        curl --silent --fail --header "Authorization: Bearer $SMSANDBOX_TOKEN" "$AWS_ENDPOINT_URL/_sandbox/calls"; echo
        aws ecr create-repository --repository-name sagemaker-sklearn-inference >&2  # the recipe's own, and nobody else's
        aws ecr delete-repository --repository-name sagemaker-sklearn-inference --force >&2
        aws ecr describe-images --repository-name smendpoints/sklearn-inference --query 'imageDetails[].imageTags'
    """
    shell = subprocess.run(["bash", "-c", typed, folder], capture_output=True, text=True, check=False, timeout=300)
    assert shell.returncode == 0, shell.stderr
    for expected in ("admin", "model.tar.gz", "role/sagemaker-execution", "CreateRole", '"1.0"'):
        assert expected in shell.stdout
    assert "No resources found" in shell.stderr

    assert missing_for_samples(World(folder, bound=False)) == []

    assert first["operator"] is not None
    os.kill(first["operator"], signal.SIGKILL)
    wait_until(lambda: pids(folder)["operator"] is None or None, 120, lambda: "the operator is still there")
    sandbox("status", folder, expect=1)
    assert "(was running)" in sandbox("up", folder, expect=0)
    second = pids(folder)
    assert second.pop("operator") not in {None, first.pop("operator")}
    assert second == first

    first_page(folder, "Create an endpoint", "Invoke it", "Change it", "Break it")
    kubectl = [str(Path(sys.executable).parent / "kubectl"), f"--kubeconfig={folder}/plane/kubeconfig"]
    wait = [*kubectl, "wait", "--for=condition=Ready", "smendpoint/iris", "--timeout=300s"]
    subprocess.run(wait, check=True)
    assert second["aws"] is not None
    os.kill(second["aws"], signal.SIGKILL)  # all of AWS is lost: `up` furnishes it, and the operator makes the endpoint
    wait_until(lambda: pids(folder)["aws"] is None or None, 120, lambda: "AWS is still there")
    sandbox("up", folder, expect=0)
    sagemaker = assets.client(World(folder, bound=False), "sagemaker")
    wait_until(
        lambda: [each["EndpointStatus"] for each in sagemaker.list_endpoints()["Endpoints"]] == ["InService"] or None,
        300,
        lambda: f"the endpoint did not come back: {sagemaker.list_endpoints()['Endpoints']}",
    )
    subprocess.run(wait, check=True)
    first_page(folder, "Delete it")

    assert sandbox("down", folder, expect=0) == "ended operator, aws, kube-apiserver, etcd\n"
    assert set(pids(folder).values()) == {None}
    assert sandbox("down", folder, expect=0) == "nothing was running\n"


@pytest.mark.parametrize(
    ("command", "signum", "code"),
    [
        ("up", signal.SIGINT, 1),
        ("demo", signal.SIGINT, 130),
        ("demo", signal.SIGTERM, 130),
        ("demo", signal.SIGKILL, -9),
    ],
)
def test_an_interruption_leaves_nothing_running(folder: Path, command: str, signum: signal.Signals, code: int) -> None:
    with subprocess.Popen(
        [*MODULE, command], env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        runs: list[Path] = []
        try:
            runs = wait_until(
                lambda: [path.parent for path in (*folder.glob(PID_FILE), *folder.glob(f"demo-*/{PID_FILE}"))] or None,
                300,
                lambda: "the API server was not started",
            )
            began = set(pids(runs[0]).values()) - {None}
            assert len(began) >= 2  # etcd and the API server; AWS too, by now or soon
            running.send_signal(signum)
            said, _ = running.communicate(timeout=300)
        finally:
            running.kill()
    assert running.returncode == code, said
    wait_until(lambda: set(pids(runs[0]).values()) == {None} or None, 120, lambda: f"left running: {pids(runs[0])}")


def test_the_story_is_told_to_its_end_and_leaves_nothing(folder: Path) -> None:
    told = sandbox("demo", folder, expect=0)
    for part in (
        "$ kubectl apply -f iris.yaml",
        "is virginica (setosa 0.00",
        "5 instances after",
        "none failed; ",
        "invocations are in CloudWatch",
        "nothing is left that costs money",
        "the whole story took",
    ):
        assert part in told
    assert list(folder.glob("demo-*")) == []


def test_each_experiment_of_the_story_ends_in_the_verdict_that_is_true(folder: Path) -> None:
    told = sandbox("demo --experiment", folder, expect=0)
    for part in (
        "✓ SHIP: gradient-boosting: errors is better, and no guardrail is worse",
        "✓ ROLLBACK: gradient-boosting: worse by more than the margin: slow",
        "p50 and p99, as CloudWatch has them: random-forest ",
        "✓ undone by the verdict: ",
        "✓ INCONCLUSIVE: other: not decided yet: errors; with 99.9% confidence",
        "nothing is left that costs money",
    ):
        assert part in told
    assert list(folder.glob("demo-*")) == []
