"""What `kubectl get -o wide` and `kubectl describe` show of an endpoint in each state, on the sandbox.

`make recordings` writes a file for each state, which docs/states.md shows. The objects are made at once, as each takes
its minute, and looked at one after the other.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from smsandbox import assets
from smsandbox.recordings.scene import BOOSTING, FOREST, Scene
from smsandbox.testing.archives import archive
from smsandbox.world import REGION

BROKEN = f"s3://{assets.BUCKET}/broken/model.tar.gz"
CANARY = {"strategy": "Canary", "stepPercent": 50, "stepWaitSeconds": 600}
_RUNTIME = f"https://runtime.sagemaker.{REGION}.amazonaws.com"
# Where the sandbox has what a container finds below /opt/ml.
_MODEL = re.compile(r"/[\w./-]+/container_\d+/model")

Found = dict[str, Any]


def record(scene: Scene, folder: Path) -> None:
    """All states.

    Raises:
        AssertionError: an object does not come to its state.
    """
    folder.mkdir(parents=True, exist_ok=True)
    body = archive({"model.pkl": b"written by another program"})
    s3 = assets.client(scene.world, "s3")
    s3.put_object(Bucket=assets.BUCKET, Key=BROKEN.removeprefix(f"s3://{assets.BUCKET}/"), Body=body)
    lives: dict[str, Found] = {
        "ready": {},
        "rolling-out": {"rollout": CANARY},
        "update-failed": {},
        "blocked": {},
        "suspended": {},
    }
    for name, more in [*lives.items(), ("deleting", {})]:
        scene.apply(name, _spec(**more))
    scene.apply("creation-failed", _spec(artifact=BROKEN))
    scene.apply("out-of-hours", _spec(officeHours=_closed()))
    for name in lives:
        scene.until(name, _is("InService"))
    scene.apply("rolling-out", _spec(artifact=BOOSTING, count=2, rollout=CANARY))
    scene.apply("update-failed", _spec(artifact=BROKEN))
    scene.apply("blocked", _spec(image=assets.IMAGE.replace(":1.0", ":9.9"), count=2))
    scene.apply("suspended", _spec(artifact=BOOSTING, count=2, suspend=True))
    for name, holds in STATES.items():
        if name == "creating":
            scene.apply(name, _spec())
        elif name == "deleting":
            scene.until(name, _is("InService"))
            scene.kubectl("delete", "smendpoint", name, "--wait=false")
        scene.until(name, holds)
        text = _shown(scene, name)
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
        print(text, flush=True)


def _spec(artifact: str = FOREST, image: str = assets.IMAGE, count: int = 1, **more: Any) -> Found:
    instance = {"type": "ml.m5.large", "count": count}
    variant = {"name": "primary", "image": image, "modelArtifact": artifact, "instance": instance}
    return {"executionRoleARN": assets.ROLE_ARN, "variants": [variant], **more}


def _closed() -> dict[str, str]:
    """Office hours that are over, or have not begun, on every day."""
    opens = datetime.now(UTC) + timedelta(hours=6)
    closes = opens + timedelta(hours=9)
    return {"timeZone": "UTC", "start": f"0 {opens.hour} * * *", "stop": f"0 {closes.hour} * * *"}


def _is(reason: str) -> Callable[[Found], bool]:
    def holds(found: Found) -> bool:
        status = found.get("status") or {}
        ready = [each for each in status.get("conditions", ()) if each["type"] == "Ready"]
        current = status.get("observedGeneration") == found["metadata"]["generation"]
        return current and any(each["reason"] == reason for each in ready)

    return holds


def _bakes(found: Found) -> bool:
    return ((found.get("status") or {}).get("rollout") or {}).get("stage") == "Baking"


STATES: dict[str, Callable[[Found], bool]] = {
    "ready": _is("InService"),
    "creating": _is("Creating"),
    "rolling-out": _bakes,
    "blocked": _is("ImageNotFound"),
    "suspended": _is("Suspended"),
    "out-of-hours": _is("Stopped"),
    "deleting": _is("Deleting"),
    "update-failed": _is("UpdateFailed"),
    "creation-failed": _is("CreateFailed"),
}


def _shown(scene: Scene, name: str) -> str:
    wide = f"kubectl get smendpoint {name} -o wide"
    whole = f"kubectl describe smendpoint {name}"
    described = scene.kubectl("describe", "smendpoint", name)
    status = described[described.index("\nStatus:") + 1 :]
    parts = [f"$ {wide}", scene.kubectl("get", "smendpoint", name, "-o", "wide")]
    text = "\n".join([*parts, f"$ {whole} | sed -n '/^Status:/,$p'", status]).replace(scene.world.aws_url, _RUNTIME)
    text = _MODEL.sub("/opt/ml/model", text)
    assert str(Path.cwd()) not in text, text
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
