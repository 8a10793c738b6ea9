"""The CRD of experiments on a real API server: what it refuses, and what is fixed once one has begun."""

import copy
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from smclient.console.backend import Backend
from smclient.errors import KubernetesError
from smclient.kube.kubeconfig import load
from smendpoints.api.group import EXPERIMENT_PLURAL
from smendpoints.api.rules.experiment import EXPERIMENT
from smsandbox.controlplane import ControlPlane
from smsandbox.process import wait_until

ROOT = Path(__file__).parents[2]
NAMESPACE = "experiment-tests"
SAMPLE = yaml.safe_load((ROOT / "manifests" / "samples" / "experiment.yaml").read_text())
DIMENSIONS = [{"name": "EndpointName", "value": "$(endpoint)"}, {"name": "VariantName", "value": "$(variant)"}]
COUNT = {"namespace": "Shop", "metricName": "Sales", "dimensions": DIMENSIONS}


@pytest.fixture
def begun(plane: ControlPlane) -> Iterator[ControlPlane]:
    """The sample, whose status says that it has begun."""
    plane.kubectl("apply", "-n", NAMESPACE, "-f", "-", stdin=json.dumps(SAMPLE))
    status = {
        "phase": "Running",
        "startedAt": "2026-11-26T08:00:00Z",
        "verdict": "SHIP",
        "primary": "2% → 1%",
        "interval": "-1.5 to -0.5 points",
        "requests": 1234,
    }
    plane.kubectl(
        *("patch", "-n", NAMESPACE, "smexp", "iris-boosting", "--subresource=status", "--type=merge"),
        *("-p", json.dumps({"status": status})),
    )
    yield plane
    plane.kubectl("delete", "-n", NAMESPACE, "smexperiments", "--all")


def refusal(plane: ControlPlane, *arguments: str, stdin: str | None = None) -> str:
    """What kubectl says when the API server refuses."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        plane.kubectl(*arguments, stdin=stdin)
    return str(caught.value.stderr)


def _source(spec: dict[str, Any], source: dict[str, Any]) -> None:
    spec["metrics"]["primary"] = {"name": "slow", **source}


def _container(variants: list[str]) -> dict[str, Any]:
    models = [{"variant": each, "model": each, "version": "1"} for each in variants]
    return {"container": {"models": models}}


REVENUE: dict[str, Any] = {
    "outcome": {"truth": "s3://truth/revenue", "afterMinutes": 60, "type": "Mean", "atMost": 500}
}
BROKEN: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (
        lambda spec: _source(spec, {}),
        "a metric needs exactly one of errorRate, latencyAbove, cloudWatch, container and outcome",
    ),
    (lambda spec: _source(spec, {"errorRate": {}, "latencyAbove": {"milliseconds": 5}}), "needs exactly one of"),
    (
        lambda spec: _source(
            spec, {"cloudWatch": {"numerator": COUNT, "denominator": {**COUNT, "dimensions": DIMENSIONS[1:] * 1}}}
        ),
        "should have at least 2 items",
    ),
    (
        lambda spec: _source(
            spec,
            {
                "cloudWatch": {
                    "numerator": COUNT,
                    "denominator": {**COUNT, "dimensions": [DIMENSIONS[1], {"name": "Team", "value": "other"}]},
                }
            },
        ),
        "one dimension must have the value $(endpoint), and one $(variant)",
    ),
    (lambda spec: spec["metrics"]["guardrails"][0].update(name="slow"), "give each metric a different name"),
    (
        lambda spec: spec["metrics"]["guardrails"][0].pop("marginPercentagePoints"),
        "each guardrail needs marginPercentagePoints above 0",
    ),
    (
        lambda spec: spec.update(goal="NonInferiority"),
        "with goal NonInferiority, the primary metric needs marginPercentagePoints above 0",
    ),
    (lambda spec: spec["challengers"].append("random-forest"), "the control cannot also be a challenger"),
    (lambda spec: spec["challengers"].append("gradient-boosting"), "Duplicate value"),
    (lambda spec: spec.update(challengers=list("abcde")), "must have at most 4 items"),
    (
        lambda spec: _source(spec, _container(["random-forest", "other"])),
        "must name the model of the control and of each challenger",
    ),
    (
        lambda spec: spec["ramp"].append({"trafficPercent": 2, "minutes": 5}),
        "the steps of ramp must be in rising order",
    ),
    (lambda spec: spec.update(trafficPercent=5), "in rising order, and below trafficPercent"),
    (lambda spec: spec["duration"].update(minMinutes=10081), "minMinutes must be at most maxMinutes"),
    (lambda spec: spec["ramp"][0].update(minutes=10080), "the minutes of all steps of ramp together must be less than"),
    (
        lambda spec: _source(spec, {"outcome": {"truth": "s3://truth/clicks", "afterMinutes": 10080}}),
        "afterMinutes of an outcome must be less than duration.maxMinutes",
    ),
    (lambda spec: _source(spec, {"outcome": {"truth": "clicks", "afterMinutes": 60}}), "should match"),
    (
        lambda spec: _source(spec, {**REVENUE, "marginPercentagePoints": 1}),
        "marginPercentagePoints cannot be used with an outcome of type Mean",
    ),
    (
        lambda spec: _source(spec, {"errorRate": {}, "margin": 1}),
        "margin can only be used with an outcome of type Mean",
    ),
    (
        lambda spec: _source(spec, {"outcome": {"truth": "s3://truth/clicks", "afterMinutes": 60, "atMost": 5}}),
        "atMost can only be used with type Mean",
    ),
]


@pytest.mark.parametrize(("broken", "sentence"), BROKEN, ids=lambda value: value if isinstance(value, str) else "")
def test_what_contradicts_itself_is_refused_with_what_to_write_instead(
    plane: ControlPlane, broken: Callable[[dict[str, Any]], Any], sentence: str
) -> None:
    manifest = copy.deepcopy(SAMPLE)
    broken(manifest["spec"])
    said = refusal(plane, "create", "-n", NAMESPACE, "-f", "-", "--dry-run=server", stdin=json.dumps(manifest))
    assert sentence in said


def test_each_rule_is_broken_by_a_case() -> None:
    rules = {rule.message for rule in EXPERIMENT if "oldSelf" not in rule.cel}
    unbroken = {message for message in rules if not any(sentence in message for _, sentence in BROKEN)}
    assert unbroken == set()


SOURCES: list[dict[str, Any]] = [
    {"cloudWatch": {"numerator": {**COUNT, "metricName": "Bought"}, "denominator": COUNT}},
    {"errorRate": {}},
    {"outcome": {"truth": "s3://truth/clicks", "afterMinutes": 1440, "withoutTruth": "LeaveOut"}},
    {**REVENUE, "margin": 0.5},
]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: next(iter(source)))
def test_other_sources_are_taken(plane: ControlPlane, source: dict[str, Any]) -> None:
    manifest = copy.deepcopy(SAMPLE)
    _source(manifest["spec"], source)
    plane.kubectl(
        *("create", "-n", NAMESPACE, "-f", "-", "--dry-run=server", "--validate=strict"), stdin=json.dumps(manifest)
    )


def test_how_long_it_runs_need_not_be_said(plane: ControlPlane) -> None:
    manifest = copy.deepcopy(SAMPLE)
    assert manifest["spec"]["ramp"]
    _source(manifest["spec"], {"outcome": {"truth": "s3://truth/clicks", "afterMinutes": 1440}})
    del manifest["spec"]["duration"]
    plane.kubectl(
        *("create", "-n", NAMESPACE, "-f", "-", "--dry-run=server", "--validate=strict"), stdin=json.dumps(manifest)
    )


EDITS: list[dict[str, Any]] = [
    {"endpointRef": {"name": "other"}},
    {"control": "third"},
    {"challengers": ["third"]},
    {"metrics": {"primary": {"name": "slow", "latencyAbove": {"milliseconds": 21}}}},
    {
        "goal": "NonInferiority",
        "metrics": {"primary": {**SAMPLE["spec"]["metrics"]["primary"], "marginPercentagePoints": 10}},
    },
    {"duration": {"minMinutes": 1, "maxMinutes": 100}},
    {"confidence": 0.9},
    {"targetRequests": 1000},
    {"minRequests": 1},
    {"assignment": "Client"},
    {"trafficPercent": 40},
    {"trafficPercent": None},
    {"ramp": None},
]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: next(iter(edit)))
def test_once_it_has_begun_its_rules_are_fixed(begun: ControlPlane, edit: dict[str, Any]) -> None:
    arguments = ("-n", NAMESPACE, "smexp", "iris-boosting", "--type=merge", "-p", json.dumps({"spec": edit}))
    said = refusal(begun, "patch", *arguments)
    assert f"{next(iter(edit))} cannot be changed once the experiment has begun" in said
    assert "create a new SageMakerExperiment" in said


def test_what_the_verdict_does_may_change_and_so_may_all_before_it_begins(begun: ControlPlane) -> None:
    patch = json.dumps({"spec": {"onVerdict": "Report"}})
    begun.kubectl("patch", "-n", NAMESPACE, "smexp", "iris-boosting", "--type=merge", "-p", patch)
    begun.kubectl("label", "-n", NAMESPACE, "smexp", "iris-boosting", "team=a")
    waiting = json.dumps({"status": {"startedAt": None, "phase": "Waiting"}})
    begun.kubectl(
        *("patch", "-n", NAMESPACE, "smexp", "iris-boosting", "--subresource=status", "--type=merge", "-p", waiting)
    )
    for edit in EDITS:
        patch = json.dumps({"spec": edit})
        begun.kubectl(
            "patch", "-n", NAMESPACE, "smexp", "iris-boosting", "--type=merge", "-p", patch, "--dry-run=server"
        )


def test_kubectl_shows_how_it_stands(begun: ControlPlane) -> None:
    lines = begun.kubectl("get", "-n", NAMESPACE, "smexperiments").splitlines()
    assert lines[0].split() == ["NAME", "STATUS", "VERDICT", "PRIMARY", "REQUESTS", "AGE"]
    assert lines[1].split()[:6] == ["iris-boosting", "Running", "SHIP", "2%", "→", "1%"]
    wide = begun.kubectl("get", "-n", NAMESPACE, "smexp", "-o", "wide").splitlines()
    assert "INTERVAL" in wide[0]
    assert "-1.5 to -0.5 points" in wide[1]
    explained = begun.kubectl("explain", "smexp.spec.onVerdict")
    assert "after a `SHIP` the winner gets all traffic" in " ".join(explained.split())


def test_a_new_one_is_not_taken_for_a_finished_one(plane: ControlPlane) -> None:
    made = plane.kubectl(
        "create", "-n", NAMESPACE, "-f", "-", "--dry-run=server", "-o", "json", stdin=json.dumps(SAMPLE)
    )
    assert json.loads(made)["status"] == {"observedGeneration": -1}


def test_the_console_follows_changes_and_deletes_experiments(begun: ControlPlane) -> None:
    access = load(str(begun.kubeconfig))
    backend = Backend(lambda: access, NAMESPACE)
    key = (NAMESPACE, "iris-boosting")

    def shown() -> dict[str, Any] | None:
        return (backend.experiments().value or {}).get(key)

    wait_until(shown, 30, lambda: f"the experiment is not seen: {backend.experiments()}")
    found = backend.kubernetes(
        lambda cluster: cluster.patch(*key, {"spec": {"onVerdict": "ShiftTraffic"}}, plural=EXPERIMENT_PLURAL)
    )
    wait_until(
        lambda: ((shown() or {}).get("spec") or {}).get("onVerdict") == "ShiftTraffic" or None,
        30,
        lambda: "the edit is not seen",
    )
    with pytest.raises(KubernetesError, match="the UID in the precondition") as refused:
        backend.kubernetes(lambda cluster: cluster.delete(*key, "another", EXPERIMENT_PLURAL))
    assert refused.value.code == 409
    backend.kubernetes(lambda cluster: cluster.delete(*key, found["metadata"]["uid"], EXPERIMENT_PLURAL))
    wait_until(lambda: shown() is None or None, 30, lambda: "the deletion is not seen")
    backend.stop()
