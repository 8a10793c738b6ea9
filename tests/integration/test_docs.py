"""The guides as a reader follows them: what stands behind the prompts of a page, in one shell, on its samples."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from smsandbox import assets, paths
from smsandbox.testing.by_script import config_by_script
from smsandbox.testing.documented import GUIDES, blocks
from smsandbox.testing.samples import endpoints, furnish
from smsandbox.testing.stage import Stage
from smsandbox.testing.transcript import follow

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
    config_by_script(sagemaker, name, f"s3://{assets.BUCKET}/iris/model.tar.gz", image=assets.IMAGE)
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


ASKING = tuple(page for page in GUIDES if " invoke " in "".join(each.text for each in blocks(ROOT / page)))
"""The guides whose endpoints are asked; only theirs need the inference container, which costs a second of CPU each."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("asked", [False, True], ids=["echoes", "models"])
def test_the_commands_of_the_guides_print_what_the_guides_show(
    stage: Stage,
    shell: dict[str, str],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    *,
    asked: bool,
) -> None:
    if not asked:
        request.getfixturevalue("made_by_a_script")
    guides = [page for page in GUIDES if (page in ASKING) is asked]
    stage.cloud.simulator.change(containers=True, time_scale=300)
    objects = [*endpoints(ROOT / "manifests/samples/minimal.yaml"), *(each for page in guides for each in shown(page))]
    for each in objects:
        furnish(each["spec"], stage.cloud.aws)
    if asked:
        monkeypatch.setattr(assets, "MEASURED_SPLITS", 0)  # how good the models are takes most of the time
        assets.ensure(stage.cloud.world)
        assets.ensure_samples(stage.cloud.world)
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(objects))
    assets.run(["kubectl", "apply", "-f", "all.yaml"], shell, cwd=tmp_path)
    for each in objects:
        stage.ready(each["metadata"]["name"])
    followed = [follow(blocks(ROOT / page), tmp_path, shell, timeout=300) for page in guides]
    differences = [each.replaced(stage.namespace, "default").differences() for each in followed]
    assert not any(differences), "\n\n".join(filter(None, differences))
