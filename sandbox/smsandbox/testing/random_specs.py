"""Specs by chance, of every kind of endpoint: what the API server would take, whatever was there before."""

import random
from datetime import datetime, timedelta
from typing import Any

from smsandbox.assets import BUCKET
from smsandbox.testing.specs import ARTIFACTS, ECHO_IMAGE, spec, with_variant

TAGS = ({"team": "ml"}, {"team": "web"})
TYPES = ("ml.m5.large", "ml.c5.large")
STEPS_OF_SCALING = {
    "name": "bursts",
    "steps": [{"lowerBound": 0, "adjustment": 1}],
    "alarm": {
        "metric": {"namespace": "Shop", "metricName": "Waiting", "unit": "Count"},
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 12.5,
        "treatMissingData": "notBreaching",
    },
}
SCHEDULE = {"name": "once", "schedule": "at(2031-01-01T00:00:00)", "minCapacity": 2}
CAPTURE = {"destination": f"s3://{BUCKET}/captured", "csvContentTypes": ["text/csv"]}
ASYNC = {"outputPath": f"s3://{BUCKET}/answers", "maxConcurrentInvocationsPerInstance": 4}
ERRORS = {"name": "errors", "errorRate": {}}
ROLLOUTS = (
    {"strategy": "Canary", "stepPercent": 10, "stepWaitSeconds": 60},
    {"strategy": "Linear", "stepPercent": 50, "stepWaitSeconds": 30, "rollback": {"maxErrorRatePercent": 5}},
    {"strategy": "Rolling", "stepPercent": 50, "stepWaitSeconds": 30},
    {"strategy": "Canary", "stepPercent": 50, "stepWaitSeconds": 300, "rollback": {"onRequest": True}},
    {"strategy": "Canary", "stepPercent": 50, "stepWaitSeconds": 600, "analysis": {"metrics": [ERRORS]}},
    {
        "strategy": "Linear",
        "stepPercent": 50,
        "stepWaitSeconds": 300,
        "analysis": {"metrics": [ERRORS], "onInconclusive": "Rollback"},
    },
)
MANY_MODELS = ARTIFACTS[0].rpartition("/")[0] + "/"


def random_spec(rng: random.Random, now: datetime, *, serverless: str | None = None) -> dict[str, Any]:
    """Any spec; of serverless endpoints alone where `serverless` says which: `warm` or `cold`."""
    common: dict[str, Any] = {"revisionHistoryLimit": rng.choice([0, 1, 3]), "tags": rng.choice(TAGS)}
    if rng.random() < 0.3:
        common["monitoring"] = _monitoring(rng)
    match rng.choices(["runs", "stopped", "hours", "reports"], [72, 10, 10, 8])[0]:
        case "stopped":
            common["desiredState"] = "Stopped"
        case "hours":
            common["officeHours"] = _hours(rng, now)
        case "reports":
            common["driftPolicy"] = "Report"
    return {**(_serverless(rng, warm=serverless == "warm") if serverless else _instances(rng)), **common}


def _monitoring(rng: random.Random) -> dict[str, Any]:
    made: dict[str, Any] = {"maxErrorRatePercent": rng.choice([2, 7.5]), "dashboard": rng.random() < 0.7}
    if rng.random() < 0.4:
        made["alarms"] = rng.sample(["Errors", "Latency", "Capacity", "Idle"], rng.choice([0, 1, 3]))
    return made


def _hours(rng: random.Random, now: datetime) -> dict[str, Any]:
    """Open or closed now, and the other in some minutes."""
    near, far = (now + timedelta(minutes=minutes) for minutes in (rng.choice([5, 15, 30]), 12 * 60))
    moments = [f"{each.minute} {each.hour} * * *" for each in (near, far)]
    rng.shuffle(moments)
    return {"start": moments[0], "stop": moments[1], "timeZone": "UTC"}


def _serverless(rng: random.Random, *, warm: bool) -> dict[str, Any]:
    hosting = {"memorySizeMB": rng.choice([1024, 2048]), "maxConcurrency": rng.choice([10, 20])}
    tracking = {"name": "warmth", "predefinedMetric": "ProvisionedConcurrencyUtilization", "targetValue": 0.7}
    scaling = None
    if warm:
        hosting["provisionedConcurrency"] = rng.choice([2, 4])
        if rng.random() < 0.5:
            scaling = {"minCapacity": 1, "maxCapacity": rng.choice([5, 8]), "targetTracking": [tracking]}
    artifact = rng.choice(ARTIFACTS[:3])
    return with_variant(spec(), modelArtifact=artifact, instance=None, serverless=hosting, scaling=scaling)


def _instances(rng: random.Random) -> dict[str, Any]:
    count = rng.choice([1, 2])
    base = with_variant(
        spec(),
        modelArtifact=rng.choice(ARTIFACTS[:3]),
        instance={"type": rng.choice(TYPES), "count": count},
        weight=rng.choice([1, 3]),
        scaling=_scaling(rng),
    )
    beside = ["alone", "challenger", "shadow", "rollout", "pools", "pipeline", "many models"]
    match rng.choices(beside, [3, 4, 2, 3, 1, 1, 1])[0]:
        case "challenger":
            other = {**base["variants"][0], "name": "challenger", "modelArtifact": ARTIFACTS[1]}
            base = {**base, "variants": [*base["variants"], other]}
        case "shadow":
            shadow = {"name": "shadow", "image": ECHO_IMAGE, "modelArtifact": rng.choice(ARTIFACTS[1:3])}
            base["shadow"] = {**shadow, "weight": 1, "instance": {"type": "ml.m5.large", "count": rng.choice([1, 2])}}
        case "rollout":
            base = with_variant(base, instance={"type": "ml.m5.large", "count": 2})
            base["rollout"] = rng.choice(ROLLOUTS)
        case "pools":
            pools = [{"type": each} for each in rng.sample(TYPES, 2)]
            base = with_variant(base, instance={"pools": pools, "count": count})
        case "pipeline":
            containers = [
                {"image": ECHO_IMAGE, "modelArtifact": each, "hostname": f"step-{number}"}
                for number, each in enumerate(rng.sample(ARTIFACTS[:3], 2))
            ]
            base = with_variant(base, image=None, modelArtifact=None, containers=containers)
        case "many models":
            base = with_variant(base, multiModel=True, modelArtifact=MANY_MODELS)
    if rng.random() < 0.2:
        base["dataCapture"] = {**CAPTURE, "samplingPercentage": rng.choice([10, 100])}
    if rng.random() < 0.15 and "scaling" not in base["variants"][0]:
        base["async"] = ASYNC
    return base


def _scaling(rng: random.Random) -> dict[str, Any] | None:
    if rng.random() < 0.4:
        return None
    scaling: dict[str, Any] = {"minCapacity": 1, "maxCapacity": rng.choice([5, 8])}
    scaling["targetInvocationsPerInstance"] = rng.choice([70, 90.5])
    scaling["scaleInCooldownSeconds"] = rng.choice([300, 120])
    if rng.random() < 0.3:
        scaling["stepScaling"] = [STEPS_OF_SCALING]
    if rng.random() < 0.3:
        scaling["schedules"] = [SCHEDULE]
    return scaling


def with_attempt(made: dict[str, Any], attempt: str) -> dict[str, Any]:
    """The spec with a variable in each container, so that its config is one that was never tried before."""

    def marked(part: dict[str, Any]) -> dict[str, Any]:
        if "containers" in part:
            return {**part, "containers": [marked(each) for each in part["containers"]]}
        return {**part, "environment": {"ATTEMPT": attempt}}

    return {**made, "variants": [marked(each) for each in made["variants"]]}


def kinds_of(made: dict[str, Any]) -> set[str]:
    """The kinds of endpoint that the spec is one of, for a table of what was tried."""
    first = made["variants"][0]
    found = {f"rollout {made['rollout']['strategy']}"} if "rollout" in made else set()
    found |= {
        key for key in ("shadow", "async", "dataCapture", "monitoring", "officeHours", "driftPolicy") if key in made
    }
    found |= {key for key in ("serverless", "multiModel", "containers") if key in first}
    found |= {key for key in ("stepScaling", "schedules") if key in first.get("scaling", {})}
    found |= {"pools"} if "pools" in first.get("instance", {}) else set()
    found |= {"analysis"} if "analysis" in made.get("rollout", {}) else set()
    found |= {"stopped"} if made.get("desiredState") == "Stopped" else set()
    return found | ({"variants"} if len(made["variants"]) > 1 else set())
