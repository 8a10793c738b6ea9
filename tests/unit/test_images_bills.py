"""Bills of materials made of pins, and a Pod's restrictions in podman's words. The images themselves: `tests/images`."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from smsandbox import paths
from smsandbox.images import restricted, sbom
from smsandbox.images.dockerfiles import IMAGES, INFERENCE, OPERATOR, Image

POD = yaml.safe_load((paths.repository() / "manifests/deployment.yaml").read_text())["spec"]["template"]["spec"]


def by_name(image: Image) -> str:
    return image.name


@pytest.fixture(scope="module")
def validator() -> Any:
    """Its import takes seconds, which each worker would spend."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    return JsonStrictValidator(SchemaVersion.V1_6)


@pytest.mark.parametrize("image", IMAGES, ids=by_name)
def test_a_bill_follows_its_schema_and_names_each_pin_with_its_hashes(image: Image, validator: Any) -> None:
    text = sbom.bill(image, image.python, 1_764_000_000)
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"library"', '"libary"')) is not None
    found = json.loads(text)
    assert found["metadata"]["component"]["name"] == image.name
    assert found["metadata"]["timestamp"].startswith("2025-11-24T16:00:00")
    packages = {each["name"]: each for each in found["components"] if each["type"] == "library"}
    pinned = image.pins().read_text()
    for name, package in packages.items():
        version = package["version"]
        assert re.search(rf"^{name}=={re.escape(version)}( |$)", pinned, re.MULTILINE)
        (files,) = package["externalReferences"]
        assert all(f"sha256:{each['content']}" in pinned for each in files["hashes"])
    direct = image.pins().with_suffix(".in").read_text()
    assert {
        re.split(r"\W", line.replace("-", "_"))[0].replace("_", "-")
        for line in direct.splitlines()
        if line[:1].isalpha()
    } <= {*packages}


@pytest.mark.parametrize("image", IMAGES, ids=by_name)
def test_a_bill_is_the_same_for_the_same_pins_and_another_for_another_base(
    image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sbom.bill(image, image.python, 0)
    assert sbom.bill(image, image.python, 0) == first
    monkeypatch.setattr(Image, "base", "python:3.13.99-slim-bookworm@sha256:" + "0" * 64)
    assert json.loads(sbom.bill(image, image.python, 0))["serialNumber"] != json.loads(first)["serialNumber"]


def test_each_package_of_an_image_is_reached_from_it_and_most_tell_their_licence() -> None:
    for image in IMAGES:
        found = json.loads(sbom.bill(image, image.python, 0))
        needs = {each["ref"]: each.get("dependsOn", []) for each in found["dependencies"]}
        reached, ahead = set(), ["image"]
        while ahead:
            ref = ahead.pop()
            if ref not in reached:
                reached.add(ref)
                ahead += needs[ref]
        assert reached == {"image", *(each["bom-ref"] for each in found["components"])}
        silent = [
            each["name"] for each in found["components"] if each["type"] == "library" and not each.get("licenses")
        ]
        assert {*silent} <= {"numpy", "scipy"}  # of which each Python has its own version
    assert "pkg:pypi/botocore" in " ".join(json_needs(OPERATOR)["pkg:pypi/boto3"])
    assert "pkg:pypi/werkzeug" in " ".join(json_needs(INFERENCE)["pkg:pypi/flask"])


def json_needs(image: Image) -> dict[str, list[str]]:
    found = json.loads(sbom.bill(image, image.python, 0))
    return {each["ref"].partition("@")[0]: each.get("dependsOn", []) for each in found["dependencies"]}


def test_a_pin_for_another_python_is_not_in_the_bill() -> None:
    old, new = sbom.pins(OPERATOR, "3.11.7")["numpy"], sbom.pins(OPERATOR, "3.13.15")["numpy"]
    assert old[0] != new[0]
    assert not {*old[1]} & {*new[1]}


def test_the_restrictions_of_the_pod_are_podmans() -> None:
    asked = restricted.options(POD)
    assert asked[:5] == ["--user", "65532:65532", "--read-only", "--read-only-tmpfs=false", "--cap-drop"]
    assert asked[asked.index("--memory") + 1] == "512m"
    assert asked[asked.index("--tmpfs") + 1] == "/tmp:rw,size=64m,mode=1777"


CHANGES: dict[str, Callable[[Any], object]] = {
    "as root": lambda pod: pod["securityContext"].update(runAsUser=0),
    "unconfined": lambda pod: pod["securityContext"].update(seccompProfile={"type": "Unconfined"}),
    "writable": lambda pod: pod["containers"][0]["securityContext"].update(readOnlyRootFilesystem=False),
    "with a capability": lambda pod: pod["containers"][0]["securityContext"]["capabilities"].update(add=["NET_ADMIN"]),
    "with what is not translated": lambda pod: pod["securityContext"].update(supplementalGroups=[5]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_pod_that_may_more_or_asks_for_more_is_not_taken_for_shown(change: Callable[[Any], object]) -> None:
    pod = json.loads(json.dumps(POD))
    change(pod)
    with pytest.raises(ValueError, match=r"seccomp|translate this"):
        restricted.options(pod)
