"""The CRD on a real API server: accepted, with its samples, defaults, columns and immutable fields."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from smsandbox.controlplane import ControlPlane

ROOT = Path(__file__).parents[2]
CRD = "crd/sagemakerendpoints.smendpoints.dev"
SAMPLES = sorted((ROOT / "manifests" / "samples").glob("*.yaml"))
MINIMAL = ROOT / "manifests" / "samples" / "minimal.yaml"
NAMESPACE = "api-server-tests"
NAMES = ("sagemakerendpointpolicies", "sagemakerendpoints", "sagemakerexperiments")


@pytest.fixture
def iris(plane: ControlPlane) -> Iterator[ControlPlane]:
    """The minimal sample, applied."""
    plane.kubectl("apply", "-n", NAMESPACE, "-f", str(MINIMAL))
    yield plane
    plane.kubectl("delete", "-n", NAMESPACE, "smep", "--all")


def get(plane: ControlPlane) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(plane.kubectl("get", "-n", NAMESPACE, "smep", "iris", "-o", "json"))
    return found


def refusal(plane: ControlPlane, *arguments: str, stdin: str | None = None) -> str:
    """What kubectl says when the API server refuses."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        plane.kubectl(*arguments, stdin=stdin)
    return str(caught.value.stderr)


def patch(plane: ControlPlane, spec: dict[str, Any]) -> str:
    body = json.dumps({"spec": spec})
    return plane.kubectl("patch", "-n", NAMESPACE, "smep", "iris", "--type=merge", "-p", body)


def test_the_crd_is_established_without_a_warning_and_applying_it_again_changes_nothing(plane: ControlPlane) -> None:
    kinds = json.loads(plane.kubectl("get", CRD, "-o", "json"))["status"]["conditions"]
    assert {each["type"]: each["status"] for each in kinds} == {"NamesAccepted": "True", "Established": "True"}
    apply = ("apply", "-f", str(ROOT / "crds"), "--validate=strict")
    plane.kubectl(*apply)
    again = plane.kubectl(*apply, "--warnings-as-errors")
    name = "customresourcedefinition.apiextensions.k8s.io/{}.smendpoints.dev unchanged"
    assert again.split("\n")[:-1] == [name.format(each) for each in NAMES]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_taken_as_it_is(plane: ControlPlane, path: Path) -> None:
    answer = plane.kubectl(
        "apply", "-n", NAMESPACE, "-f", str(path), "--dry-run=server", "--validate=strict", "--warnings-as-errors"
    )
    assert "created (server dry run)" in answer


@pytest.mark.parametrize("name", ["smendpoints", "smendpoint", "smep", "sagemakerendpoint", "sagemakerendpoints"])
def test_kubectl_knows_its_names(iris: ControlPlane, name: str) -> None:
    answer = iris.kubectl("get", "-n", NAMESPACE, f"{name}/iris", "-o", "name")
    assert answer.strip() == "sagemakerendpoint.smendpoints.dev/iris"


def test_a_misspelt_field_is_refused_by_its_name(plane: ControlPlane) -> None:
    manifest = yaml.safe_load(MINIMAL.read_text())
    manifest["spec"]["variants"][0]["instance"]["kount"] = 2
    said = refusal(plane, "apply", "-n", NAMESPACE, "-f", "-", stdin=json.dumps(manifest))
    assert 'unknown field "spec.variants[0].instance.kount"' in said


def test_two_variants_of_one_name_are_refused(plane: ControlPlane) -> None:
    manifest = yaml.safe_load(MINIMAL.read_text())
    manifest["spec"]["variants"] *= 2
    said = refusal(plane, "create", "-n", NAMESPACE, "-f", "-", stdin=json.dumps(manifest))
    assert 'spec.variants[1]: Duplicate value: {"name":"primary"}' in said


def test_what_kubectl_shows_of_a_refusal_is_the_sentence(plane: ControlPlane) -> None:
    manifest = yaml.safe_load(MINIMAL.read_text())
    variant = manifest["spec"]["variants"][0]
    variant |= {
        "instance": {"type": "ml.t2.medium"},
        "scaling": {"minCapacity": 3, "maxCapacity": 2, "targetInvocationsPerInstance": 70},
    }
    said = refusal(plane, "apply", "-n", NAMESPACE, "-f", "-", stdin=json.dumps(manifest))
    assert said.splitlines() == [
        'The SageMakerEndpoint "iris" is invalid: ',
        (
            "* spec.variants[0].scaling: Forbidden: burstable instances (ml.t2.*) cannot autoscale:"
            " use another type, such as ml.m5.large, or remove scaling"
        ),
        "* spec.variants[0].scaling.minCapacity: Invalid value: minCapacity must be at most maxCapacity",
    ]


def test_defaults_are_written_outside_of_lists_and_only_there(iris: ControlPlane) -> None:
    found, given = get(iris), yaml.safe_load(MINIMAL.read_text())
    assert found["spec"] == given["spec"] | {
        "networkIsolation": False,
        "desiredState": "Running",
        "suspend": False,
        "driftPolicy": "Correct",
        "adoptExisting": False,
        "revisionHistoryLimit": 3,
    }
    # Lists stand as they were given: a client that replaces them as a whole would see a difference for ever.
    assert found["spec"]["variants"] == given["spec"]["variants"]


def test_an_object_that_nobody_has_looked_at_says_so(iris: ControlPlane) -> None:
    assert get(iris)["status"] == {"observedGeneration": -1, "createdInAWS": False}


def test_the_status_is_a_subresource(iris: ControlPlane) -> None:
    before = get(iris)["metadata"]["generation"]
    status = {"status": {"observedGeneration": before, "instances": "1/1"}}
    body = ("--type=merge", "-p", json.dumps(status))
    iris.kubectl("patch", "-n", NAMESPACE, "smep", "iris", *body)
    assert "instances" not in get(iris)["status"]
    iris.kubectl("patch", "-n", NAMESPACE, "smep", "iris", "--subresource=status", *body)
    assert get(iris)["status"]["instances"] == "1/1"
    assert get(iris)["metadata"]["generation"] == before


def test_the_columns_are_those_of_the_design(iris: ControlPlane) -> None:
    ready = {
        "type": "Ready",
        "status": "False",
        "reason": "RolloutFailed",
        "message": "rolled back",
        "observedGeneration": 1,
        "lastTransitionTime": "2026-11-22T12:00:00Z",
    }
    stalled = ready | {"type": "Stalled", "status": "True", "message": "not this one"}
    available = ready | {"type": "Available", "status": "True", "reason": "Serving"}
    status = {
        "observedGeneration": 1,
        "conditions": [available, stalled, ready],
        "endpoint": {"name": "default-iris", "status": "InService", "configName": "default-iris-0123456789"},
        "instances": "2/3",
        "traffic": "rf=90,gb=10",
        "cost": {"hourlyUSD": "0.23", "asOf": "2026-11-01"},
    }
    iris.kubectl(
        *("patch", "-n", NAMESPACE, "smep", "iris", "--subresource=status", "--type=merge"),
        *("-p", json.dumps({"status": status})),
    )
    narrow, wide = (
        [line.split() for line in iris.kubectl("get", "-n", NAMESPACE, "smendpoints", *more).splitlines()]
        for more in ((), ("-o", "wide"))
    )
    assert narrow[0] == ["NAME", "STATUS", "READY", "AVAILABLE", "INSTANCES", "TRAFFIC", "AGE"]
    assert narrow[1][:-1] == ["iris", "InService", "False", "True", "2/3", "rf=90,gb=10"]
    assert wide[0] == [*narrow[0], "ENDPOINT", "CONFIG", "COST/H", "MESSAGE"]
    assert wide[1][7:] == ["default-iris", "default-iris-0123456789", "0.23", "rolled", "back"]


IMMUTABLE = {
    "endpointName": ("iris", "iris-2", "AWS cannot rename an endpoint"),
    "region": ("us-east-1", "eu-west-1", "AWS cannot move an endpoint"),
    "assumeRoleARN": (
        "arn:aws:iam::123456789012:role/a",
        "arn:aws:iam::123456789012:role/b",
        "with another role, which may belong to another account, the operator could lose the endpoint",
    ),
}


@pytest.mark.parametrize("field", IMMUTABLE)
def test_an_immutable_field_is_neither_set_nor_changed_nor_unset(plane: ControlPlane, field: str) -> None:
    first, second, why = IMMUTABLE[field]
    sentence = f"spec.{field}: Forbidden: {field} cannot be changed, set or removed later: {why}; create"
    manifest = yaml.safe_load(MINIMAL.read_text())
    plane.kubectl("apply", "-n", NAMESPACE, "-f", "-", stdin=json.dumps(manifest))
    try:
        target = ("patch", "-n", NAMESPACE, "smep", "iris", "--type=merge", "-p")
        assert sentence in refusal(plane, *target, json.dumps({"spec": {field: first}}))
        plane.kubectl("delete", "-n", NAMESPACE, "smep", "iris")
        manifest["spec"][field] = first
        plane.kubectl("apply", "-n", NAMESPACE, "-f", "-", stdin=json.dumps(manifest))
        assert sentence in refusal(plane, *target, json.dumps({"spec": {field: second}}))
        assert sentence in refusal(plane, *target, json.dumps({"spec": {field: None}}))
        assert "patched" in patch(plane, {"suspend": True})
    finally:
        plane.kubectl("delete", "-n", NAMESPACE, "smep", "--all")


def test_an_endpoint_on_instances_becomes_serverless_only_while_it_is_stopped(plane: ControlPlane) -> None:
    manifest = yaml.safe_load(MINIMAL.read_text())
    variant = {key: value for key, value in manifest["spec"]["variants"][0].items() if key != "instance"}
    serverless = {"variants": [{**variant, "serverless": {"memorySizeMB": 2048, "maxConcurrency": 5}}]}
    plane.kubectl("apply", "-n", NAMESPACE, "-f", "-", stdin=json.dumps(manifest))
    try:
        target = ("patch", "-n", NAMESPACE, "smep", "iris", "--type=merge", "-p")
        sentence = "spec.variants: Forbidden: AWS cannot change a running endpoint from instances to serverless"
        assert sentence in refusal(plane, *target, json.dumps({"spec": serverless}))
        for allowed in ({"desiredState": "Stopped"}, serverless, {"desiredState": "Running"}, manifest["spec"]):
            assert "patched" in patch(plane, allowed)
    finally:
        plane.kubectl("delete", "-n", NAMESPACE, "smep", "--all")
