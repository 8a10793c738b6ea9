"""What is typed: an endpoint is made, edited, aborted, undone; one cannot be made; an experiment ends."""

import json
import subprocess
from typing import Any

from smsandbox import assets
from smsandbox.recordings.recorder import Recorder
from smsandbox.recordings.scene import BOOSTING, CAPTURED, FOREST, TRUTH, Scene

CANARY = {"strategy": "Canary", "stepPercent": 50, "stepWaitSeconds": 600, "rollback": {"onRequest": True}}
AB = "iris-boosting"
ARMS = {"endpointRef": {"name": "iris-ab"}, "control": "forest", "challengers": ["boosting"]}
ERRORS = {"name": "errors", "errorRate": {}}
_JOINED = ("smendpoint", "outcomes", "iris-clicks", "--dry-run", "-o", "json")


def record(scene: Scene, recorder: Recorder) -> None:
    """All verbs, each at least once. `tests/client/test_recordings.py` tells the same story in virtual time."""
    _experiment_begins(scene)
    _made(scene, recorder)
    _aborted_and_tried_again(scene, recorder)
    _undone(scene, recorder)
    _measured(recorder)
    _stopped(scene, recorder)
    _missing(scene, recorder)
    _shipped(scene, recorder)
    _experiment_ends(scene, recorder)
    _clicked(scene, recorder)
    recorder.type("kubectl smendpoint console -n ml --no-browser", until="Press Ctrl-C to stop the console.")
    recorder.type("kubectl smendpoint completion bash | head -n 3")


def variant(name: str, artifact: str, count: int = 1, image: str = assets.IMAGE, **more: Any) -> dict[str, Any]:
    instance = {"type": "ml.m5.large", "count": count}
    return {"name": name, "image": image, "modelArtifact": artifact, "instance": instance, **more}


def spec(*variants: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"executionRoleARN": assets.ROLE_ARN, "variants": list(variants), **more}


def is_baking(found: dict[str, Any]) -> bool:
    rollout = (found.get("status") or {}).get("rollout") or {}
    return rollout.get("stage") == "Baking"


def _made(scene: Scene, recorder: Recorder) -> None:
    scene.apply("iris", spec(variant("primary", FOREST, 2), rollout=CANARY, monitoring={}))
    recorder.type("kubectl smendpoint wait iris")
    recorder.type("kubectl smendpoint status")
    recorder.type("kubectl smendpoint invoke iris --row 5.1,3.5,1.4,0.2")
    scene.traffic("iris", 3)


def _aborted_and_tried_again(scene: Scene, recorder: Recorder) -> None:
    scene.apply("iris", spec(variant("primary", BOOSTING, 2), rollout=CANARY, monitoring={}))
    scene.until("iris", is_baking)
    recorder.type("kubectl smendpoint status iris")
    recorder.type("kubectl smendpoint abort iris")
    scene.until("iris", lambda found: found["status"]["history"][0]["outcome"] in {"Failed", "RolledBack"})
    recorder.type("kubectl smendpoint retry iris")
    scene.until("iris", lambda found: (found["status"].get("rollout") or {}).get("phase") == "InProgress")
    scene.endpoint("iris").wait("ready", 900)


def _undone(scene: Scene, recorder: Recorder) -> None:
    recorder.type("kubectl smendpoint history iris")
    recorder.type("kubectl smendpoint diff iris --from-revision 1")
    scene.kubectl("patch", "smendpoint", "iris", "--type=merge", "-p", """'{"spec":{"rollout":null}}'""")
    recorder.type("kubectl smendpoint undo iris --to-revision 1")
    scene.endpoint("iris").wait("ready", 600)
    recorder.type("kubectl smendpoint redeploy iris")
    scene.until("iris", lambda found: (found["status"].get("rollout") or {}).get("phase") == "InProgress")
    scene.endpoint("iris").wait("ready", 600)
    recorder.type("kubectl smendpoint events iris")


def _measured(recorder: Recorder) -> None:
    recorder.type("kubectl smendpoint logs iris --tail 6")
    recorder.type("kubectl smendpoint metrics iris --since 15m")
    recorder.type("kubectl smendpoint export iris")
    recorder.type("kubectl smendpoint doctor iris")


def _stopped(scene: Scene, recorder: Recorder) -> None:
    recorder.type("kubectl smendpoint suspend iris")
    recorder.type("kubectl smendpoint resume iris")
    recorder.type("kubectl smendpoint stop iris")
    scene.until("iris", lambda found: found["status"]["endpoint"]["status"] == "Stopped")
    recorder.type("kubectl smendpoint start iris")
    scene.endpoint("iris").wait("ready", 600)
    recorder.type("kubectl smendpoint cost")


def _missing(scene: Scene, recorder: Recorder) -> None:
    scene.apply("fraud", spec(variant("primary", FOREST, image=assets.IMAGE.replace(":1.0", ":9.9"))))
    recorder.type("kubectl smendpoint wait fraud", code=1)
    recorder.type("kubectl smendpoint doctor fraud", code=1)


def _shipped(scene: Scene, recorder: Recorder) -> None:
    scene.made_by_a_script("churn-prod")
    recorder.type("kubectl smendpoint import churn-prod")
    scene.model()
    recorder.type(f"kubectl smendpoint upload model.tar.gz s3://{assets.BUCKET}/churn")
    recorder.type("kubectl smendpoint push churn:dev churn:1.1", code=1)
    recorder.type("kubectl smendpoint bootstrap --dry-run --bucket my-models --repository churn | cut -c 1-100")


def _experiment_begins(scene: Scene) -> None:
    forest, boosting = variant("forest", FOREST), variant("boosting", BOOSTING)
    scene.apply("iris-ab", spec(forest, boosting, dataCapture=CAPTURED))
    scene.endpoint("iris-ab").wait("ready", 600)
    scene.simulator.fault("model_error", resource="forest", probability=0.1, message="planted for the recording")
    scene.traffic("iris-ab", 20)
    more = {"metrics": {"primary": ERRORS}, "targetRequests": 2000, "duration": {"minMinutes": 3}}
    scene.apply(AB, {**ARMS, **more}, "SageMakerExperiment")


def _experiment_ends(scene: Scene, recorder: Recorder) -> None:
    scene.experiment(AB).wait(900)
    recorder.type("kubectl smendpoint experiments")
    recorder.type(f"kubectl smendpoint experiment {AB}")
    recorder.type(f"kubectl smendpoint answers {AB}")
    recorder.type(f"kubectl smendpoint promote {AB}", code=1)
    recorder.type(f"kubectl smendpoint promote {AB} --yes")
    scene.kubectl("delete", "smexperiment", AB)
    scene.simulator.release_all()  # what comes next is about outcomes, not about errors


def _clicked(scene: Scene, recorder: Recorder) -> None:
    """Requests count once their outcomes may be known: these are too young."""
    clicked = {"name": "clicked", "better": "Higher", "outcome": {"truth": TRUTH, "afterMinutes": 10}}
    more = {"metrics": {"primary": clicked}, "duration": {"maxMinutes": 600}}
    scene.apply("iris-clicks", {**ARMS, **more}, "SageMakerExperiment")
    scene.see(lambda: any(each.counts_from for each in scene.experiment("iris-clicks").status().steps))
    scene.known_outcomes("iris-ab", 30)
    scene.see(lambda: _is_captured(scene))
    recorder.type("kubectl smendpoint outcomes iris-clicks")


def _is_captured(scene: Scene) -> bool:
    try:
        return bool(json.loads(scene.kubectl(*_JOINED))[0]["waiting"])
    except subprocess.CalledProcessError:
        return False  # nothing was captured yet
