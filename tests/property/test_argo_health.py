"""Argo CD's health of an object through its life: for each state that the operator tells.

The objects of `manifests/argocd/…/testdata` are those of this life; `SMENDPOINTS_WRITE_TESTDATA=1` writes them again.
"""

import copy
import os
from typing import Any

import yaml

from smendpoints.api.group import GROUP, KIND, VERSION
from smsandbox.testing import argo
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant

TESTDATA = argo.FOLDER / KIND / "testdata"


def shown(harness: Harness) -> dict[str, Any]:
    """The object as `kubectl get -o yaml` has it."""
    body = copy.deepcopy(dict(harness.objects["iris"].body))
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND, **body}


def life(harness: Harness) -> dict[str, tuple[dict[str, Any], str]]:
    """Each state of a life: the object, and the health that it has."""
    found: dict[str, tuple[dict[str, Any], str]] = {}

    def see(name: str, health: str) -> None:
        found[name] = (shown(harness), health)

    harness.apply("iris", spec())
    see("new", "Progressing")
    harness.settle_told("iris", "Creating")
    see("creating", "Progressing")
    harness.settle("iris")
    see("ready", "Healthy")
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    see("edited", "Progressing")
    harness.settle_told("iris", "Updating")
    see("updating", "Progressing")
    harness.settle("iris")
    harness.apply("iris", with_variant(spec(), modelArtifact="s3://models/there/is/none.tar.gz"))
    harness.settle("iris")
    see("stalled", "Degraded")
    harness.apply("iris", {**with_variant(spec(), modelArtifact=ARTIFACTS[1]), "suspend": True})
    harness.settle("iris")
    see("suspended", "Suspended")
    harness.apply("iris", {**with_variant(spec(), modelArtifact=ARTIFACTS[1]), "desiredState": "Stopped"})
    harness.settle("iris")
    see("stopped", "Healthy")
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    harness.settle("iris")
    harness.world.faults.add({"kind": "access_denied", "operation": "DeleteEndpoint", "times": 1})
    harness.delete("iris")
    see("deleted", "Progressing")
    harness.settle_told("iris", "AccessDenied")
    see("deletion-stalled", "Degraded")
    return found


def test_each_state_has_its_health(harness: Harness) -> None:
    states = life(harness)
    found = {name: argo.health(obj) for name, (obj, _) in states.items()}
    assert {name: each["status"] for name, each in found.items()} == {
        name: wanted for name, (_, wanted) in states.items()
    }
    ready = {each["type"]: each for each in states["stalled"][0]["status"]["conditions"]}
    assert found["stalled"]["message"] == ready["Stalled"]["message"]
    assert found["deletion-stalled"]["deletionMessage"] == found["deletion-stalled"]["message"]
    if os.environ.get("SMENDPOINTS_WRITE_TESTDATA"):
        TESTDATA.mkdir(parents=True, exist_ok=True)
        tests = []
        for name, (obj, _) in states.items():
            (TESTDATA / f"{name}.yaml").write_text(yaml.safe_dump(obj, sort_keys=False, width=120))
            tests.append({"healthStatus": found[name], "inputPath": f"testdata/{name}.yaml"})
        text = yaml.safe_dump({"tests": tests}, sort_keys=False, width=120)
        (TESTDATA.parent / "health_test.yaml").write_text(text)
