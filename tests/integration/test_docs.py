"""The guides as a reader follows them: what stands behind the prompts of a page, in one shell, on its samples."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from smsandbox import assets, paths
from smsandbox.testing.archives import archive
from smsandbox.testing.documented import GUIDES, blocks
from smsandbox.testing.samples import endpoints, furnish
from smsandbox.testing.stage import Stage

ROOT = paths.repository()


@pytest.fixture
def shell(stage: Stage, tmp_path: Path) -> dict[str, str]:
    """The environment of a reader in the stage's namespace and in a clone."""
    (tmp_path / "manifests").symlink_to(ROOT / "manifests")
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_bytes(stage.cloud.world.kubeconfig.read_bytes())
    environment = {**stage.cloud.world.client_environment(), "KUBECONFIG": str(kubeconfig), "NO_COLOR": "1"}
    assets.run(["kubectl", "config", "set-context", "--current", "--namespace", stage.namespace], environment)
    return environment


def shown(page: str) -> list[dict[str, Any]]:
    """The endpoints of the samples that a page shows."""
    return [each for block in blocks(ROOT / page) if block.file for each in endpoints(ROOT / block.file)]


@pytest.fixture
def made_by_a_script(stage: Stage) -> Iterator[str]:
    """An endpoint in AWS, as the guides of adoption presuppose it; its object is adopted, and goes with it."""
    sagemaker, name = stage.cloud.aws("sagemaker"), "churn-prod"
    furnish(endpoints(ROOT / "manifests/samples/minimal.yaml")[0]["spec"], stage.cloud.aws)
    container = {"Image": assets.IMAGE, "ModelDataUrl": f"s3://{assets.BUCKET}/iris/model.tar.gz"}
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=assets.ROLE_ARN, PrimaryContainer=container)
    variant = {"VariantName": "primary", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    stage.named[name] = name
    stage.see(lambda: sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService", "in service")
    yield name
    stage.kubectl("patch", "smendpoint", name, "--type=merge", "-p", '{"spec": {"deletionPolicy": "Delete"}}')
    stage.ready(name)
    stage.delete(name)
    stage.gone(name)
    sagemaker.delete_endpoint_config(EndpointConfigName=name)
    sagemaker.delete_model(ModelName=name)


def rows(text: str) -> set[str]:
    """The rows of `kubectl get` in a text, without what differs each time: ages, counts of instances, hashes."""
    found = [line for line in text.splitlines() if re.match(r"[a-z][a-z-]* +(InService|Updating|Stopped) ", line)]
    for differs, stands in (
        (r"\b(\d+[dhms])+\b", "AGE"),
        (r"\b\d+/\d+\b", "N/N"),
        (r"-[0-9a-f]{10}\b", "-HASH"),
        (" +", " "),
    ):
        found = [re.sub(differs, stands, line) for line in found]
    return set(found)


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("made_by_a_script")
def test_the_commands_of_the_guides_run_as_they_stand(stage: Stage, shell: dict[str, str], tmp_path: Path) -> None:
    stage.cloud.simulator.change(containers=True, time_scale=300)
    objects = [*endpoints(ROOT / "manifests/samples/minimal.yaml"), *(each for page in GUIDES for each in shown(page))]
    for each in objects:
        furnish(each["spec"], stage.cloud.aws)
    key = "iris/models/gradient-boosting.tar.gz"
    stage.cloud.aws("s3").put_object(Bucket=assets.BUCKET, Key=key, Body=archive({"about.txt": b"x"}))
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(objects))
    assets.run(["kubectl", "apply", "-f", "all.yaml"], shell, cwd=tmp_path)
    for each in objects:
        stage.ready(each["metadata"]["name"])
    for page in GUIDES:
        lines = [line for block in blocks(ROOT / page) for line in block.commands]
        if page.endswith("adoption.md"):
            lines.insert(1, f"{lines[0]} | kubectl apply -f -")  # as its prose says
            lines.insert(2, "kubectl smendpoint wait churn-prod")
        script = "\n".join(["set -euo pipefail", *lines])
        ran = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, env=shell, capture_output=True, text=True, check=False, timeout=300
        )
        assert ran.returncode == 0, f"{page}: {ran.stdout[-1000:]}\n{ran.stderr[-3000:]}"
        seen = rows(ran.stdout.replace(stage.namespace, "default"))
        told = {row for block in blocks(ROOT / page) if block.kind == "console" for row in rows(block.text)}
        assert told <= seen, page
