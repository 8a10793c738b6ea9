"""Both images as they are built: what is in them, that a second build is the same, and that they work as restricted as a Pod is."""

import json
import re
import urllib.request
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from smsandbox import paths, ports, probe
from smsandbox.controlplane import ControlPlane
from smsandbox.images import build as builder
from smsandbox.images import restricted, sbom
from smsandbox.images.build import Built
from smsandbox.images.dockerfiles import IMAGES, INFERENCE, OPERATOR, Image
from smsandbox.process import wait_until
from smsandbox.testing.shipped import Shipped
from smtraining.archive import write
from smtraining.data import iris
from smtraining.train import train
from smtraining.verify import Effort

MANIFESTS = paths.repository() / "manifests"
POD = yaml.safe_load((MANIFESTS / "deployment.yaml").read_text())["spec"]["template"]["spec"]
Builds = Callable[[Image], Built]


def by_name(image: Image) -> str:
    return image.name


def test_a_second_build_has_the_same_layers_and_digest(built: Builds) -> None:
    """Nothing is kept from the first. The operator's stands for both, which are made by the same steps."""
    first = built(OPERATOR)
    second = builder.build(OPERATOR, builder.base_for(OPERATOR), "localhost/smendpoints:again", builder.epoch())
    assert (second.layers, second.digest) == (first.layers, first.digest)


@pytest.mark.parametrize("image", IMAGES, ids=by_name)
def test_what_is_installed_is_what_the_bill_of_materials_says(image: Image, built: Builds) -> None:
    with builder.opened(built(image).tag) as root:
        (packages,) = (root / "opt/venv/lib").glob("python3.*/site-packages")
        installed = {
            found.name.lower().replace("_", "-"): found.version
            for found in metadata.distributions(path=[str(packages)])
        }
        version = (root / "usr/local/bin/python3").resolve().name.removeprefix("python")
    told = {name: version for name, (version, _) in sbom.pins(image, f"{version}.0").items()}
    assert installed == told


@pytest.mark.parametrize("image", IMAGES, ids=by_name)
def test_there_is_no_program_of_others_rights_no_cache_and_all_bytecode_is_believed(
    image: Image, built: Builds
) -> None:
    """Bytecode that is checked by its source's time would be compiled anew at each start, as nothing can be written."""
    with builder.opened(built(image).tag) as root:
        files = [file for file in (root / "opt").rglob("*") if file.is_file() and not file.is_symlink()]
        assert [file for file in files if file.stat().st_mode & 0o7022] == []
        assert not list((root / "root").glob(".cache/*"))
        compiled = [file for file in files if file.suffix == ".pyc"]
        assert [file for file in compiled if file.read_bytes()[4:8] != b"\x01\x00\x00\x00"] == []
        names = {file.name.partition(".")[0] for file in compiled}
        sources = [file for file in files if file.suffix == ".py" and image.package.rpartition("/")[2] in file.parts]
        assert len(sources) > 20
        assert {file.stem for file in sources} <= names


def shown(restrictions: dict[str, str]) -> dict[str, str]:
    """What the kernel holds a process to, of what a Pod asks for."""
    return {name: restrictions[name].split()[0] for name in ("Uid", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp")}


RESTRICTED = {"Uid": "65532", "CapEff": "0" * 16, "CapBnd": "0" * 16, "NoNewPrivs": "1", "Seccomp": "2"}
WRITE = "open({!r}, 'w')"


def test_the_operator_serves_as_restricted_as_its_pod_and_stops_when_told(
    built: Builds, control_plane: ControlPlane, tmp_path: Path
) -> None:
    """With the Deployment's restrictions, settings and account; no AWS is within reach, and the object says so."""
    shipped = Shipped.installed(control_plane, tmp_path)
    shipped.kubeconfig.chmod(0o644)  # the image's user is another than ours
    environment = shipped.environment("/kubeconfig") | {"NO_PROXY": "127.0.0.1"}
    volumes = {shipped.kubeconfig: "/kubeconfig"}
    arguments = POD["containers"][0]["args"]
    tag = built(OPERATOR).tag
    with (
        restricted.running(
            tag, restricted.options(POD), *arguments, environment=environment, volumes=volumes
        ) as operator,
        shipped.tried(lambda: bool(operator.state()["Running"]), operator.logs),
    ):
        assert shown(operator.restrictions()) == RESTRICTED
        for file, can in (("/file", False), ("/opt/smendpoints/file", False), ("/tmp/file", True)):
            assert (operator.run("python", "-c", WRITE.format(file)).returncode == 0) is can, file
        assert operator.stop(seconds=60) == 0, operator.logs()
        assert not operator.state()["OOMKilled"]


def test_the_inference_image_predicts_with_nothing_to_write_to_and_no_rights(built: Builds, tmp_path: Path) -> None:
    """The operator's restrictions, which are more than SageMaker's; not even /tmp is there to write to."""
    effort = Effort(random=2_000, threshold=1_000)
    model = write(train("random-forest", iris(), seed=42, splits=1, effort=effort).files, tmp_path / "model").parent
    for path in [tmp_path, model, *model.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    (port,) = ports.free(1)
    bare = {**POD, "volumes": [], "containers": [{**POD["containers"][0], "volumeMounts": []}]}
    environment = {"SAGEMAKER_BIND_TO_PORT": str(port)}
    volumes = {model: "/opt/ml/model"}
    tag = built(INFERENCE).tag
    with restricted.running(
        tag, restricted.options(bare), "serve", environment=environment, volumes=volumes
    ) as container:
        wait_until(lambda: probe.answer(f"http://127.0.0.1:{port}/ping"), 120, container.logs)
        body = json.dumps({"instances": [[5.1, 3.5, 1.4, 0.2]]}).encode()
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/invocations", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            assert json.load(answer)["predictions"][0]["predicted_class"] == "setosa"
        assert shown(container.restrictions()) == RESTRICTED
        assert container.run("python", "-c", WRITE.format("/tmp/file")).returncode != 0
        assert container.stop(seconds=40) == 0, container.logs()
        assert not re.search("Traceback|Read-only file system", container.logs())
